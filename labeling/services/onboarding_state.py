"""What a person is told of their way into a project, as ``onboarding/`` gives it; nothing here writes."""

from collections.abc import Sequence
from typing import Any

from labeling.engine.onboarding import Rules, right_needed
from labeling.models import (
    Draft,
    Gold,
    GoldState,
    GoldUse,
    Onboarding,
    OnboardingAnswer,
    OnboardingStage,
    Project,
)
from labeling.services.gold_check import right_answer
from labeling.services.queue import Desk
from labeling.services.schema_revision import changes_of

Row = dict[str, Any]
# The number of the attempt under which answers of the training are stored.
TRAINING = 0


def rules_of(project: Project, row: Onboarding) -> Rules:
    """Return the rules that hold for this person now."""
    return Rules(
        training=project.onboarding_training,
        test=project.onboarding_test,
        least=project.onboarding_least,
        attempts=project.onboarding_attempts + row.extra_attempts,
    )


def left_of(desk: Desk, row: Onboarding, use: GoldUse) -> list[int]:
    """Return which right answers drawn for training or test are still to be asked, in their order.

    Left out are those that were answered, are there no more or for something else, or fit the questions no more.
    """
    numbers, attempt = _drawn_of(row, use)
    there = Gold.objects.filter(pk__in=numbers, use=use)
    done = set(OnboardingAnswer.objects.filter(onboarding=row, attempt=attempt).values_list("gold", flat=True))
    usable = usable_of(desk, there) - done
    return [number for number in numbers if number in usable]


def usable_of(desk: Desk, golds: Any) -> set[int]:
    """Return which right answers of a queryset fit the questions of this moment."""
    revisions = dict(golds.values_list("pk", "schema_revision"))
    older = [number for number, revision in revisions.items() if revision != desk.schema_revision]
    if not older:
        return set(revisions)
    changes = changes_of(desk.project_id)
    gone = {
        gold.pk
        for gold in golds.filter(pk__in=older).select_related("task")
        if right_answer(desk.project_id, desk.schema_revision, gold, changes) is None
    }
    return set(revisions) - gone


def _drawn_of(row: Onboarding, use: GoldUse) -> tuple[Sequence[int], int]:
    return (row.training, TRAINING) if use == GoldUse.TRAINING else (row.test, row.attempt)


def state_of(desk: Desk, project: Project, row: Onboarding) -> Row:
    """Return where a person stands: the stage, how far it is, the next task, and what a finished test came to.

    ``stage`` is a row of OnboardingStage, or ``unready`` while no test task is there for this person.
    """
    rules = rules_of(project, row)
    stage = str(row.stage)
    use = GoldUse.TRAINING if stage == OnboardingStage.TRAINING else GoldUse.TEST
    left = left_of(desk, row, use) if stage in (OnboardingStage.TRAINING, OnboardingStage.TEST) else []
    if stage == OnboardingStage.TEST and not left:
        stage = "unready"
    trained = list(OnboardingAnswer.objects.filter(onboarding=row, attempt=TRAINING).values_list("outcome", flat=True))
    tested, asked = _test_figures(project, row, rules, len(left))
    return {
        "stage": stage,
        "training": {
            "total": len(trained) + (len(left) if stage == OnboardingStage.TRAINING else 0),
            "done": len(trained),
            "right": trained.count(GoldState.RIGHT),
        },
        "test": {
            "total": asked,
            "done": tested,
            "least": rules.least,
            "needed": right_needed(answers=asked, least=rules.least),
            "attempt": max(1, row.attempt),
            "attempts": max(rules.attempts, row.attempt),
        },
        "task": _task(desk, left[0]) if left else None,
        "result": _result(desk, project, row, rules) if stage in ("passed", "failed") and row.answers else None,
        "schema_revision": desk.schema_revision,
    }


def _test_figures(project: Project, row: Onboarding, rules: Rules, left: int) -> tuple[int, int]:
    """Return how many test tasks the person answered in the attempt at hand, and how many it has."""
    if row.stage == OnboardingStage.TRAINING:
        marked = Gold.objects.filter(project=project, use=GoldUse.TEST).count() if rules.test else 0
        return 0, min(rules.test, marked)
    tested = OnboardingAnswer.objects.filter(onboarding=row, attempt=row.attempt).count() if row.attempt else 0
    return tested, tested + left


def _task(desk: Desk, number: int) -> Row:
    """Return a task of training or test: what it shows, and what this person began; nothing of the right answer."""
    task = Gold.objects.select_related("task").get(pk=number).task
    draft = Draft.objects.filter(task=task, annotator=desk.annotator_id, schema_revision=desk.schema_revision).first()
    begun = None if draft is None else {"answer": draft.answer, "saved_at": draft.saved_at}
    return {"id": task.pk, "item_id": task.item_id, "data": task.data, "draft": begun}


def _result(desk: Desk, project: Project, row: Onboarding, rules: Rules) -> Row:
    passed = row.stage == OnboardingStage.PASSED
    return {
        "passed": passed,
        "right": row.right,
        "answers": row.answers,
        "least": rules.least,
        "attempts_left": max(0, rules.attempts - row.attempt),
        "wrong": _wrong(desk, row, tells_right=passed or row.attempt >= rules.attempts)
        if project.onboarding_tells
        else None,
    }


def _wrong(desk: Desk, row: Onboarding, *, tells_right: bool) -> list[Row]:
    """Return what was wrong in the last test; the right answers only when these tasks are not asked again."""
    rows = OnboardingAnswer.objects.filter(onboarding=row, attempt=row.attempt, outcome=GoldState.WRONG)
    rows = rows.select_related("gold__task").order_by("pk")
    changes = changes_of(desk.project_id) if tells_right else {}
    return [
        {
            "task": {"id": given.gold.task_id, "item_id": given.gold.task.item_id, "data": given.gold.task.data},
            "answer": given.answer,
            "right": right_answer(desk.project_id, desk.schema_revision, given.gold, changes) if tells_right else None,
            "explanation": given.gold.explanation if tells_right else "",
        }
        for given in rows
    ]
