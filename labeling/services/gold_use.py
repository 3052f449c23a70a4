"""What known answers are for: hidden in the work, for training, or for the test."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import DomainError, NotAllowed, NotFound
from labeling.engine.controls.base import made_storable
from labeling.models import Gold, GoldUse, Progress, Project
from labeling.querysets.gold import MANAGERS, may_know_gold
from labeling.services.onboarding_gate import lock_people

LONGEST_EXPLANATION = 2_000


def explained(text: str) -> str:
    """Return an explanation as it is stored."""
    return made_storable(text).strip()[:LONGEST_EXPLANATION]


def use_named(value: Any) -> str:
    """Return the use that a cell names, whatever its case; empty when it names none."""
    name = str(value or "").strip().casefold()
    return name if name in GoldUse.values else ""


def uses_of(project: Project) -> dict[str, int]:
    """Return how many known answers a project has for each use."""
    rows = Gold.objects.filter(project=project).values_list("use").annotate(count=Count("pk"))
    return dict.fromkeys(GoldUse.values, 0) | dict(rows)


@transaction.atomic
def change_use(*, actor: Actor, project_id: int, golds: Sequence[int], use: str) -> int:
    """Use known answers for something else, and return how many were changed.

    People who have begun training or test go on with what is left of theirs; a test answer is never explained to
    anybody who has it before them.

    Args:
        actor: Who manages or reviews.
        project_id: The project.
        golds: Numbers of the known answers.
        use: A row of GoldUse.

    Raises:
        NotFound: No such project, or one of the answers is none of its own.
        NotAllowed: The actor neither manages nor reviews.
        DomainError: ``use_unknown``.
    """
    if not may_know_gold(actor):
        raise NotAllowed(MANAGERS)
    if use not in GoldUse.values:
        raise DomainError("use_unknown", _("There is no such use of a known answer."), field="use")
    if not Project.objects.visible_to(actor).filter(pk=project_id).exists():
        raise NotFound(_("There is no such project."))
    # Everybody's rows first, as everywhere: what is hidden again may lie behind their place.
    lock_people(project_id)
    numbers = sorted(set(golds))
    rows = Gold.objects.visible_to(actor).filter(project=project_id, pk__in=numbers)
    if rows.count() != len(numbers):
        raise NotFound(_("There is no such right answer."))
    changed = use_as(project_id, numbers, use)
    if changed:
        audit.record(
            actor=actor, action="project.use_gold", subject=f"project:{project_id}", use=use, answers=changed,
            numbers=numbers[:50],
        )  # fmt: skip
    return changed


@transaction.atomic
def explain_gold(*, actor: Actor, gold_id: int, explanation: str) -> None:
    """Write why a known answer is right; nothing else of it changes.

    Raises:
        NotFound: No such right answer, or not this actor's to know of.
    """
    text = explained(explanation)
    gold = Gold.objects.visible_to(actor).filter(pk=gold_id).first()
    if gold is None:
        raise NotFound(_("There is no such right answer."))
    Gold.objects.filter(pk=gold_id).update(explanation=text)
    audit.record(actor=actor, action="project.explain_gold", subject=f"project:{gold.project_id}", gold=gold_id)


def use_as(project_id: int, golds: Sequence[int], use: str) -> int:
    """Write what known answers are for and count those that are hidden; the caller has locked everybody's rows.

    Who has come past one in the queue gets it all the same when it is hidden again, unless they answered it there.
    """
    others = Gold.objects.filter(project=project_id, pk__in=golds).exclude(use=use)
    numbers = list(others.values_list("pk", flat=True))
    if numbers:
        Gold.objects.filter(pk__in=numbers).update(use=use)
        if use == GoldUse.HIDDEN:
            first = min(numbers)
            Progress.objects.filter(project=project_id, gold_cursor__gte=first).update(gold_cursor=first - 1)
    count_gold(project_id)
    return len(numbers)


def count_gold(project_id: int) -> None:
    """Count the known answers that are hidden in the work; the project's row is locked by the update."""
    # At most `labeling.services.gold.MOST_GOLD` rows of an index.
    hidden = Gold.objects.filter(project=project_id, use=GoldUse.HIDDEN).count()
    Project.objects.filter(pk=project_id).update(gold_count=hidden)
