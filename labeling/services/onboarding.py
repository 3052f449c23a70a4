"""The way of one person into a project: training tasks with explained answers, a test, and then the queue.

What is said here is no annotation: it is stored in rows of its own (`labeling.models.onboarding`), takes no place and
is counted nowhere. Every function locks the person's progress row first, as the queue does, so that two windows of one
person do one thing after the other.
"""

import uuid
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.onboarding import Rules, drawn, is_passed
from labeling.engine.schema import Answer, AnswerError, validate_answer
from labeling.models import (
    Draft,
    Gold,
    GoldState,
    GoldUse,
    Onboarding,
    OnboardingAnswer,
    OnboardingStage,
    Progress,
    Project,
)
from labeling.services.answer import LONGEST_SECONDS
from labeling.services.gold_check import outcome, right_answer
from labeling.services.onboarding_state import TRAINING, left_of, rules_of, state_of, usable_of
from labeling.services.queue import Desk, refuse_unless_open, sit_down
from labeling.services.schema_revision import bring_along, changes_of, schema_of

Row = dict[str, Any]


@transaction.atomic
def find_onboarding(*, actor: Actor, project_id: int) -> Row:
    """Return where this person stands, and the task that is next; the first time draws what they get.

    Raises:
        NotFound: No such project.
        Conflict: ``project_archived``.
    """
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, project_id)
    return state_now(actor, desk) or {"stage": "open"}


def state_now(actor: Actor, desk: Desk) -> Row | None:
    """Return where the person of a locked desk stands; None when the queue is open for them."""
    if not desk.is_newcomer:
        return None
    project = Project.objects.get(pk=desk.project_id)
    row = _row_of(desk)
    _go_on(actor, desk, project, row)
    return state_of(desk, project, row)


@transaction.atomic
def answer_onboarding(
    *,
    actor: Actor,
    project_id: int,
    task: int,
    answer: Any,
    client_key: uuid.UUID,
    seconds: float = 0,
    schema_revision: int | None = None,
) -> Row:
    """Take an answer of training or test, and say what comes next; of a training task also whether it was right.

    The same ``client_key`` again changes nothing. In a test the first answer to a task counts, whatever window it came
    from; a training task may be answered again, and its first answer is the one that is counted.

    Args:
        actor: Who answers.
        project_id: The project.
        task: The task.
        answer: Complete: there is no skipping here.
        client_key: Made for each answer.
        seconds: How long the task was looked at.
        schema_revision: Of the questions that were answered; the present ones without it.

    Returns:
        ``status`` (``saved`` or ``duplicate``), ``feedback`` (null in a test) and ``state``.

    Raises:
        NotFound: No such project, or the task is none that this person was given here.
        Conflict: ``project_paused``, ``project_archived``, ``onboarding_over``.
        DomainError: ``answer_invalid``.
    """
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, project_id)
    refuse_unless_open(desk.state)
    project = Project.objects.get(pk=project_id)
    row = Onboarding.objects.filter(project=project, annotator=actor.user_id).first()
    gold = Gold.objects.select_related("task").filter(project=project, task=task).first()
    attempt = None if row is None or gold is None else _attempt_of(row, gold)
    if row is None or gold is None or attempt is None:
        raise NotFound(_("This task is none of your training or test; a manager may have taken it out. Load again."))
    earlier = OnboardingAnswer.objects.filter(onboarding=row, gold=gold, attempt=attempt).first()
    if earlier is None and not (desk.is_newcomer and row.stage in (OnboardingStage.TRAINING, OnboardingStage.TEST)):
        raise Conflict("onboarding_over", _("Your training or test here is over. Load the page again."))
    is_new = earlier is None or (attempt == TRAINING and earlier.client_key != client_key)
    if is_new:
        checked = _checked(desk, gold, answer, schema_revision)
        spent = min(max(seconds, 0.0), LONGEST_SECONDS)
        earlier = _keep(desk, row, gold, attempt, earlier, checked, client_key, spent)
    assert earlier is not None
    if desk.is_newcomer:
        _go_on(actor, desk, project, row)
    return {
        "status": "saved" if is_new else "duplicate",
        "feedback": _feedback(desk, gold, earlier) if attempt == TRAINING else None,
        "state": state_of(desk, project, row),
    }


@transaction.atomic
def begin_attempt(*, actor: Actor, project_id: int) -> Row:
    """Let a person who failed take the test once more, and say what comes next; an open test stays as it is.

    Raises:
        NotFound: No such project.
        Conflict: ``project_paused``, ``project_archived``, ``onboarding_attempts`` when none is left.
    """
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, project_id)
    refuse_unless_open(desk.state)
    if not desk.is_newcomer:
        return {"stage": "open"}
    project = Project.objects.get(pk=project_id)
    row = _row_of(desk)
    _go_on(actor, desk, project, row)
    if row.stage == OnboardingStage.FAILED:
        if row.attempt >= rules_of(project, row).attempts:
            detail = _("You have no attempt left. Whoever manages the project can give you another one.")
            raise Conflict("onboarding_attempts", detail)
        _begin_test(desk, project, row)
        row.save()
    return state_of(desk, project, row)


def _attempt_of(row: Onboarding, gold: Gold) -> int | None:
    """Return under which attempt an answer to this task belongs; None when the task was not drawn for this person."""
    if gold.use == GoldUse.TRAINING and gold.pk in row.training:
        return TRAINING
    return row.attempt if gold.use == GoldUse.TEST and gold.pk in row.test else None


def _row_of(desk: Desk) -> Onboarding:
    row, _made = Onboarding.objects.get_or_create(
        project_id=desk.project_id, annotator_id=desk.annotator_id, defaults={"started_at": timezone.now()}
    )
    return row


def _go_on(actor: Actor, desk: Desk, project: Project, row: Onboarding) -> None:
    """Bring a person's stage in line with what they answered, what is marked, and the rules of this moment."""
    rules = rules_of(project, row)
    if row.stage == OnboardingStage.TRAINING:
        if not row.training and rules.training:
            row.training = _usable(desk, GoldUse.TRAINING)[: rules.training]
            row.save(update_fields=["training"])
        if rules.training and left_of(desk, row, GoldUse.TRAINING):
            return
        if rules.test:
            _begin_test(desk, project, row)
            row.save()
    if row.stage == OnboardingStage.TEST and rules.test:
        _finish_test(actor, desk, project, row, rules)
    # Whoever passed may find the queue closed again, which asks for no second test; and there may be no test at all.
    if row.stage == OnboardingStage.PASSED or not rules.test:
        _open(desk, row)


def _begin_test(desk: Desk, project: Project, row: Onboarding) -> None:
    row.stage, row.attempt = OnboardingStage.TEST, row.attempt + 1
    row.test = _drawn(desk, project, row)


def _drawn(desk: Desk, project: Project, row: Onboarding) -> list[int]:
    had: dict[int, int] = {}
    for number in OnboardingAnswer.objects.filter(onboarding=row, attempt__gt=0).values_list("gold", flat=True):
        had[number] = had.get(number, 0) + 1
    lot = f"{project.gold_secret}:{desk.annotator_id}:{row.attempt}"
    return drawn(_usable(desk, GoldUse.TEST), lot=lot, had=had, count=project.onboarding_test)


def _usable(desk: Desk, use: GoldUse) -> list[int]:
    """Return the right answers of one use that fit the questions of this moment, in the order they were marked."""
    return sorted(usable_of(desk, Gold.objects.filter(project=desk.project_id, use=use)))


def _finish_test(actor: Actor, desk: Desk, project: Project, row: Onboarding, rules: Rules) -> None:
    if left_of(desk, row, GoldUse.TEST):
        return
    given = OnboardingAnswer.objects.filter(onboarding=row, attempt=row.attempt)
    outcomes = list(given.values_list("outcome", flat=True))
    right, answers = outcomes.count(GoldState.RIGHT), len(outcomes) - outcomes.count(GoldState.OPEN)
    if not answers:
        # Nothing could be compared: its tasks were taken out, or the questions were changed. Draw others, if there are.
        given.delete()
        row.test = _drawn(desk, project, row)
        row.save(update_fields=["test"])
        return
    row.right, row.answers, row.finished_at = right, answers, timezone.now()
    passed = is_passed(right=right, answers=answers, least=rules.least)
    row.stage = OnboardingStage.PASSED if passed else OnboardingStage.FAILED
    row.save()
    action = "project.pass_test" if passed else "project.fail_test"
    subject = f"project:{project.pk}"
    audit.record(actor=actor, action=action, subject=subject, right=right, answers=answers, attempt=row.attempt)


def _open(desk: Desk, row: Onboarding) -> None:
    """Open the queue for the person of a locked desk."""
    row.stage, row.passed_at = OnboardingStage.PASSED, row.passed_at or timezone.now()
    row.save()
    Progress.objects.filter(pk=desk.progress_id).update(onboarded=True)
    desk.is_newcomer = False


def _checked(desk: Desk, gold: Gold, answer: Any, schema_revision: int | None) -> Answer:
    data = gold.task.data
    try:
        if schema_revision is not None and 0 < schema_revision < desk.schema_revision:
            changes = changes_of(desk.project_id)
            return bring_along(changes, answer, data, since=schema_revision, until=desk.schema_revision)
        return validate_answer(schema_of(desk.schema), answer, data)
    except (AnswerError, KeyError) as error:
        detail = f"{error.what} {error.mend}" if isinstance(error, AnswerError) else _("Load the page again.")
        where = error.where if isinstance(error, AnswerError) else ""
        raise DomainError("answer_invalid", detail, where=where) from None


def _keep(
    desk: Desk, row: Onboarding, gold: Gold, attempt: int, earlier: OnboardingAnswer | None, answer: Answer,
    client_key: uuid.UUID, seconds: float,
) -> OnboardingAnswer:  # fmt: skip
    Draft.objects.filter(task=gold.task_id, annotator=desk.annotator_id).delete()
    if earlier is None:
        return OnboardingAnswer.objects.create(
            onboarding=row, gold=gold, attempt=attempt, answer=answer, outcome=outcome(desk, gold, answer),
            seconds=seconds, client_key=client_key, created_at=timezone.now(),
        )  # fmt: skip
    changed = {"answer": answer, "client_key": client_key}
    OnboardingAnswer.objects.filter(pk=earlier.pk).update(
        tries=F("tries") + 1, seconds=F("seconds") + seconds, **changed
    )
    for name, value in changed.items():
        setattr(earlier, name, value)
    return earlier


def _feedback(desk: Desk, gold: Gold, given: OnboardingAnswer) -> Row:
    """Say what a training answer came to, and why; nothing of the right answer when it fits the questions no more."""
    return {
        "outcome": outcome(desk, gold, given.answer),
        "answer": right_answer(desk.project_id, desk.schema_revision, gold),
        "explanation": gold.explanation,
    }
