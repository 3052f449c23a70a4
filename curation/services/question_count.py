"""Counts of questions and of rules' decisions: kept as they change, so that no page counts anything.

A transaction locks questions first, then decisions, then the counts of rules, then those of questions, each in order
of the run; two that change the same questions therefore wait for each other instead of locking up.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F

from curation.models import BulkCount, QuestionCount, QuestionState, Run

_REOPEN = """
WITH opened AS (
  UPDATE curation_question SET decision_id = NULL, state = 'open', replayed = false, updated_at = clock_timestamp()
  WHERE decision_id = ANY(%s) RETURNING run_id, code)
SELECT run_id, code, count(*) FROM opened GROUP BY run_id, code ORDER BY run_id, code
"""
# Decisions that stood until now, counted by the rule that made them.
_UNDO = """
WITH locked AS MATERIALIZED (
  SELECT id FROM curation_decision WHERE id = ANY(%(keys)s) AND undone_at IS NULL ORDER BY id FOR UPDATE),
undone AS (
  UPDATE curation_decision SET undone_at = clock_timestamp(), undone_by_id = %(user)s
  WHERE id IN (SELECT id FROM locked) RETURNING run_id, bulk)
SELECT run_id, bulk, count(*) FROM undone GROUP BY run_id, bulk
"""


class Undone(NamedTuple):
    """How many decisions stood until now, and how the counts of the rules that made them change."""

    decisions: int
    bulks: dict[tuple[int, uuid.UUID], int]


def start_counts(*, run: Run, codes: Iterable[str], decided: Iterable[str]) -> None:
    """Write the counts of a run whose questions were just stored.

    Args:
        run: It has no counts yet.
        codes: The code of each question.
        decided: The code of each question that was answered before.
    """
    asked, answered = Counter(codes), Counter(decided)
    QuestionCount.objects.bulk_create(
        QuestionCount(
            organization_id=run.organization_id, run=run, code=code, total=total, decided=answered.get(code, 0)
        )
        for code, total in sorted(asked.items())
    )


def undo_decisions(*, keys: Sequence[int], user_id: int | None) -> Undone:
    """Mark decisions as undone and say how many stood until now; `count_bulks` is still to be told."""
    with connection.cursor() as cursor:
        cursor.execute(_UNDO, {"user": user_id, "keys": list(keys)})
        rows = cursor.fetchall()
    bulks = {(run, bulk): -number for run, bulk, number in rows if bulk is not None and run is not None}
    return Undone(sum(number for _run, _bulk, number in rows), bulks)


def reopen_questions(*, keys: Sequence[int]) -> None:
    """Open the questions of some decisions again, on every run, and count them."""
    with connection.cursor() as cursor:
        cursor.execute(_REOPEN, [list(keys)])
        opened = cursor.fetchall()
    for run_id, code, rows in opened:
        count_decided(run_id=run_id, code=code, change=-rows)


def count_decided(*, run_id: int, code: str, change: int) -> None:
    """Change how many questions of a code are decided."""
    if change:
        _change(QuestionCount, "decided", change, {"run_id": run_id, "code": code})


def start_bulk(*, run: Run, bulk: uuid.UUID, code: str, made_by_id: int | None) -> None:
    """Write the row of a rule, if it is not there yet."""
    row = BulkCount(organization_id=run.organization_id, run=run, bulk=bulk, code=code, made_by_id=made_by_id)
    BulkCount.objects.bulk_create([row], ignore_conflicts=True)


def count_bulks(changes: Mapping[tuple[int, uuid.UUID], int]) -> None:
    """Change how many decisions of some rules stand; a transaction does that once, with all that it changed.

    Args:
        changes: How many more or fewer stand, by the run and the name of the rule's use.
    """
    for (run_id, bulk), change in sorted(changes.items()):
        if change:
            _change(BulkCount, "standing", change, {"run_id": run_id, "bulk": bulk})


def _change(model: Any, field: str, change: int, place: dict[str, Any]) -> None:
    model.objects.filter(**place).update(**{field: F(field) + change})


def question_counts(run: Run) -> list[dict[str, Any]]:
    """Return how many questions of each code are open and decided: one row a code."""
    rows = QuestionCount.objects.filter(run=run).order_by("code").values_list("code", "total", "decided")
    return [
        {"code": code, QuestionState.OPEN.value: total - decided, QuestionState.DECIDED.value: decided}
        for code, total, decided in rows
    ]


def recent_bulks(run: Run, limit: int) -> list[BulkCount]:
    """Return the last rules whose decisions still stand, the newest first."""
    rows = BulkCount.objects.filter(run=run, standing__gt=0).select_related("made_by")
    return list(rows.order_by("-made_at", "-pk")[:limit])
