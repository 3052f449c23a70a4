"""Plans as people edit them: checked, tried on a sample, renamed, copied, deleted."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from curation.engine.plan import Plan as EnginePlan
from curation.engine.plan import PlanError
from curation.engine.plan_check import CheckedPlan, check_plan, check_yaml
from curation.engine.preview import StepPreview, sample_rows
from curation.engine.preview_process import preview_apart
from curation.engine.steps.columns import teaching_rows
from curation.models import Plan, Version
from curation.sentences import in_words
from curation.services.benchmark import open_benchmarks, resolve_benchmarks
from curation.services.media import StoredMedia, open_media
from curation.services.version import open_version

COPIES = 100
# Pictures that a preview may change; a store on another machine sends each.
PICTURES_TRIED = 12


def checked(*, steps: Any = None, yaml: str | None = None) -> CheckedPlan:
    """Check a plan given as JSON or as YAML, in the reader's language; nothing is stored."""
    found = check_yaml(yaml) if yaml is not None else check_plan(steps)
    return replace(found, mistakes=tuple(replace(row, message=in_words(row.message)) for row in found.mistakes))


def preview(*, actor: Actor, version_id: int, steps: dict[str, Any]) -> tuple[int, list[StepPreview]]:
    """Try a plan on a sample of a version, within this request and in a process of its own, ten seconds at most.

    Args:
        actor: Who tries.
        version_id: Where the sample comes from: its first and random rows, a thousand at most.
        steps: The plan as JSON.

    Returns:
        The rows of the sample, and what each step did to them.

    Raises:
        DomainError: ``plan_invalid``, or what `resolve_benchmarks` raises.
    """
    version = visible_version(actor, version_id)
    try:
        plan = EnginePlan.from_json(steps)
    except PlanError as error:
        raise DomainError("plan_invalid", in_words(str(error)), title=_("The plan has a mistake")) from None
    plan = resolve_benchmarks(actor=actor, plan=plan, version=version)
    with open_version(version) as reader:
        sample = sample_rows(reader, seed=int(version.content_hash[:8], 16))
    roles = dict(version.manifest.get("roles", {}))
    with open_benchmarks(organization_id=version.organization_id, plan=plan) as benchmarks, ExitStack() as stack:
        given: dict[str, Any] = {"benchmarks": benchmarks}
        if "image" in roles and any(step.adds() for step in plan.steps):
            media = stack.enter_context(open_media(version.organization_id))
            given["pictures"] = _pictures(sample, roles["image"], media)
        found = preview_apart(plan, sample, roles, **given)
    for step in found:
        step.error = in_words(step.error)
        for _count, examples in [*step.dropped.values(), *step.found.values()]:
            for example in examples:
                example.detail = in_words(example.detail)
    return sample.num_rows, found


def _pictures(sample: pa.Table, column: str, media: StoredMedia) -> dict[str, Path]:
    """Return the files of the first pictures, of those that are trained on where the sample says so."""
    rows = teaching_rows(sample)
    names = list(dict.fromkeys(name for name in rows[column].to_pylist() if name))[:PICTURES_TRIED]
    found = {name: media.path(name) for name in names}
    return {name: path for name, path in found.items() if path is not None}


def visible_version(actor: Actor, version_id: int) -> Version:
    """Return a version of the actor's organization whose dataset is not in the trash."""
    version = Version.objects.visible_to(actor).filter(pk=version_id, dataset__deleted_at=None).first()
    if version is None:
        raise NotFound(_("There is no such version."))
    return version  # type: ignore[no-any-return]


@transaction.atomic
def rename_plan(*, actor: Actor, plan_id: int, name: str) -> Plan:
    """Give a plan another name.

    Raises:
        Conflict: ``plan_exists`` when another plan is called so.
    """
    plan = _plan(actor, plan_id)
    before, plan.name = plan.name, name
    try:
        with transaction.atomic():
            plan.save(update_fields=["name", "updated_at"])
    except IntegrityError:
        raise Conflict(
            "plan_exists", _("There is a plan called %(name)s already.") % {"name": name}, field="name"
        ) from None
    audit.record(actor=actor, action="plan.rename", subject=f"plan:{plan.pk}", before=before, name=name)
    return plan


@transaction.atomic
def copy_plan(*, actor: Actor, plan_id: int) -> Plan:
    """Make a second plan of the same steps, under the first free name."""
    plan = _plan(actor, plan_id)
    taken = set(Plan.objects.visible_to(actor).filter(name__startswith=plan.name[:100]).values_list("name", flat=True))
    names = (f"{plan.name[:100]} ({number})" for number in range(2, COPIES))
    name = next((name for name in names if name not in taken), None)
    if name is None:
        raise Conflict("plan_exists", _("There are too many copies of this plan. Rename or delete some."))
    copy = Plan.objects.create(
        organization_id=actor.organization_id, name=name, steps=plan.steps, created_by_id=actor.user_id or None
    )
    audit.record(actor=actor, action="plan.copy", subject=f"plan:{copy.pk}", source=plan.pk, name=name)
    return copy


@transaction.atomic
def delete_plan(*, actor: Actor, plan_id: int) -> None:
    """Delete a plan; the runs that used it keep its steps as they were."""
    plan = _plan(actor, plan_id)
    audit.record(actor=actor, action="plan.delete", subject=f"plan:{plan.pk}", name=plan.name, steps=plan.steps)
    plan.delete()


def _plan(actor: Actor, plan_id: int) -> Plan:
    plan = Plan.objects.visible_to(actor).select_for_update().filter(pk=plan_id).first()
    if plan is None:
        raise NotFound(_("There is no such plan."))
    return plan  # type: ignore[no-any-return]
