"""Benchmarks: versions of the organization that a plan's steps compare with, named by number and kept by content."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError
from curation.engine.benchmarks import VERSION_ID, OpenedBenchmarks
from curation.engine.plan import Plan as EnginePlan
from curation.engine.steps.base import Step
from curation.models import Version
from curation.services.version import open_version


def resolve_benchmarks(*, actor: Actor, plan: EnginePlan, version: Version) -> EnginePlan:
    """Return the plan with the content hash of each benchmark in place of the version's number.

    The fingerprint of a run so says what it was compared with, whatever becomes of the number.

    Args:
        actor: Who must see the benchmark.
        plan: Its steps may name benchmarks by number or content hash.
        version: What the plan is run on.

    Raises:
        DomainError: ``benchmark_missing`` when the actor sees no such version, ``benchmark_is_input``.
        Conflict: ``version_trashed``.
    """
    steps = tuple(_resolved(actor, number, step, version) for number, step in enumerate(plan.steps, 1))
    return replace(plan, steps=steps)


def _resolved(actor: Actor, number: int, step: Step, version: Version) -> Step:
    name = named_by(step)
    if not name:
        return step
    rows = Version.objects.visible_to(actor).filter(dataset__deleted_at=None, purged_at=None).defer("manifest")
    rows = rows.filter(pk=name) if VERSION_ID.fullmatch(name) else rows.filter(content_hash=name)
    found = rows.order_by("-trashed_at", "pk").last()
    if found is None:
        detail = _("Step %(number)s: there is no version %(name)s to compare with. Look its number up in its address.")
        raise DomainError("benchmark_missing", detail % {"number": number, "name": name[:12]}, step=number)
    if found.trashed_at is not None:
        detail = _("Step %(number)s: the version to compare with is in the trash. Restore it first.")
        raise Conflict("version_trashed", detail % {"number": number}, step=number)
    if found.content_hash == version.content_hash:
        detail = _("Step %(number)s: the version to compare with is the one to curate, which is like itself.")
        raise DomainError("benchmark_is_input", detail % {"number": number}, step=number)
    change: dict[str, Any] = {"benchmark": found.content_hash}
    return replace(step, **change)


@contextmanager
def open_benchmarks(*, organization_id: int, plan: EnginePlan) -> Iterator[OpenedBenchmarks]:
    """Give the versions that a resolved plan names, of one organization alone; those that are gone are left out."""
    with ExitStack() as stack:
        readers = {}
        for name in sorted({named_by(step) for step in plan.steps} - {""}):
            rows = Version.objects.filter(organization_id=organization_id, content_hash=name, purged_at=None)
            found = rows.order_by("pk").first()
            if found is not None:
                readers[name] = stack.enter_context(open_version(found))
        yield OpenedBenchmarks(readers)


def named_by(step: Step) -> str:
    """Return the benchmark that a step names, empty for none."""
    return str(getattr(step, "benchmark", ""))
