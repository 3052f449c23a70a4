"""Who is how far on the way into a project, and what managers do about it: let pass, grant another test, begin anew."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership
from accounts.roles import ROLES
from accounts.services import audit
from core.errors import Conflict, NotFound
from labeling.engine.onboarding import MOST_ATTEMPTS
from labeling.models import GoldState, Onboarding, OnboardingStage, Progress, Project
from labeling.querysets.gold import MANAGERS
from labeling.services.onboarding_state import TRAINING, rules_of
from labeling.services.queue import Desk, sit_down_for

Row = dict[str, Any]
# So many members are shown.
SHOWN = 500
# Roles that go through it: they label, and may not know of right answers.
NEWCOMERS = tuple(role for role, scopes in ROLES.items() if "label" in scopes and scopes.isdisjoint(MANAGERS))


def onboarding_people(*, actor: Actor, project: Project) -> list[Row]:
    """Return everybody who goes through training and test in a project, those who need somebody first.

    ``stage`` is a row of OnboardingStage, ``new`` for somebody who has not begun, or ``before`` for somebody who was
    let through because they had answered before. At most 500 people, in as many queries whatever their number.
    """
    members = Membership.objects.visible_to(actor).filter(role__in=NEWCOMERS).select_related("user").order_by("pk")
    people = {row.user_id: str(row.user) for row in members[:SHOWN]}
    opened = dict(Progress.objects.filter(project=project, annotator__in=people).values_list("annotator", "onboarded"))
    rows = Onboarding.objects.filter(project=project, annotator__in=people).select_related("let_by")
    counted = rows.annotate(
        trained=Count("given", filter=Q(given__attempt=0)),
        trained_right=Count("given", filter=Q(given__attempt=0, given__outcome=GoldState.RIGHT)),
        seconds=Sum("given__seconds"),
    )
    on_the_way = {row.annotator_id: row for row in counted}
    found = [
        _person(project, person, name, on_the_way.get(person), opened.get(person, False))
        for person, name in people.items()
    ]
    order = {"failed": 0, "test": 1, "training": 2, "new": 3, "passed": 4, "before": 5}
    return sorted(found, key=lambda row: (order[row["stage"]], row["name"]))


def _person(project: Project, person: int, name: str, row: Onboarding | None, opened: bool) -> Row:
    empty: dict[str, Any] = {"trained": 0, "trained_right": 0, "attempt": 0, "right": 0, "answers": 0, "seconds": 0.0}
    base: Row = {
        "user": person, "name": name, "stage": "before" if opened else "new", **empty, "attempts_left": None,
        "finished_at": None, "passed_at": None, "let_by": None,
    }  # fmt: skip
    if row is None:
        return base
    return base | {
        "stage": row.stage,
        "trained": row.trained,  # type: ignore[attr-defined]
        "trained_right": row.trained_right,  # type: ignore[attr-defined]
        "attempt": row.attempt,
        "attempts_left": max(0, rules_of(project, row).attempts - row.attempt),
        "right": row.right,
        "answers": row.answers,
        "seconds": row.seconds or 0.0,  # type: ignore[attr-defined]
        "finished_at": row.finished_at,
        "passed_at": row.passed_at,
        "let_by": None if row.let_by is None else str(row.let_by),
    }


@transaction.atomic
def let_pass(*, actor: Actor, project_id: int, person: int) -> None:
    """Open the queue for a person, whatever they answered so far.

    Raises:
        NotFound: No such project, or nobody here who labels.
        Conflict: ``project_archived``.
    """
    _project, desk, row = _of_person(actor, project_id, person)
    now = timezone.now()
    row.stage, row.passed_at, row.let_by_id = OnboardingStage.PASSED, row.passed_at or now, actor.user_id or None
    row.save()
    _note(actor, desk, "project.let_pass", opened=True)


@transaction.atomic
def grant_attempt(*, actor: Actor, project_id: int, person: int) -> None:
    """Give a person who failed one more test.

    Raises:
        NotFound: No such project, or nobody here who labels.
        Conflict: ``onboarding_not_failed``, ``project_archived``.
    """
    project, desk, row = _of_person(actor, project_id, person)
    if row.stage != OnboardingStage.FAILED or row.attempt < rules_of(project, row).attempts:
        raise Conflict("onboarding_not_failed", _("This person has not used all attempts."))
    if row.extra_attempts >= MOST_ATTEMPTS:
        detail = _("%(most)s more attempts is the most; let the person begin anew instead.") % {"most": MOST_ATTEMPTS}
        raise Conflict("onboarding_not_failed", detail)
    row.extra_attempts = max(row.extra_attempts, row.attempt - project.onboarding_attempts) + 1
    row.save()
    _note(actor, desk, "project.grant_attempt")


@transaction.atomic
def reset_onboarding(*, actor: Actor, project_id: int, person: int) -> None:
    """Let a person begin anew with the training, with all attempts, and close the queue for them.

    Answers that they gave in the queue stay. Those of earlier tests are kept, so that the next one asks other tasks as
    far as there are any.

    Raises:
        NotFound: No such project, or nobody here who labels.
        Conflict: ``project_archived``.
    """
    _project, desk, row = _of_person(actor, project_id, person)
    row.given.filter(attempt=TRAINING).delete()
    row.stage, row.training, row.test, row.extra_attempts = OnboardingStage.TRAINING, [], [], row.attempt
    row.answers, row.right, row.finished_at, row.passed_at, row.let_by = 0, 0, None, None, None
    row.started_at = timezone.now()
    row.save()
    _note(actor, desk, "project.reset_onboarding", opened=False)


def _of_person(actor: Actor, project_id: int, person: int) -> tuple[Project, Desk, Onboarding]:
    """Lock a person's place in a project and return it with how far they are; makes both when they have not begun."""
    project = Project.objects.visible_to(actor).filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    if not Membership.objects.visible_to(actor).filter(user=person, role__in=NEWCOMERS).exists():
        raise NotFound(_("Nobody in this organization who goes through training and test has this number."))
    Progress.objects.bulk_create([Progress(project=project, annotator_id=person)], ignore_conflicts=True)
    with connection.cursor() as cursor:
        desk = sit_down_for(cursor, actor, project_id, person)
    row, _made = Onboarding.objects.get_or_create(
        project=project, annotator_id=person, defaults={"started_at": timezone.now()}
    )
    return project, desk, row


def _note(actor: Actor, desk: Desk, action: str, *, opened: bool | None = None) -> None:
    if opened is not None:
        Progress.objects.filter(pk=desk.progress_id).update(onboarded=opened)
    audit.record(actor=actor, action=action, subject=f"project:{desk.project_id}", person=desk.annotator_id)
