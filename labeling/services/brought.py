"""Answers that people gave elsewhere, stored as if they had been given here: with places, counters and their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from django.db import connection, transaction
from django.utils.dateparse import parse_datetime

from accounts.actor import Actor
from labeling.engine.schema import Answer, AnswerError, Schema, labels_of, validate_answer
from labeling.models import Progress
from labeling.services.answer import STORE, TAKE_AGAIN
from labeling.services.queue import Desk, sit_down_for

_WHEN = """
UPDATE labeling_annotation a SET created_at = w.at, updated_at = w.at
FROM jsonb_to_recordset(%s::jsonb) AS w(id bigint, at timestamptz) WHERE a.id = w.id
"""
_INCOMPLETE = "UPDATE labeling_annotation SET incomplete = true WHERE id = ANY(%s)"


@dataclass(slots=True)
class Given:
    """One person's answer on its way to its task.

    Attributes:
        task: The task's number.
        answer: In its normal form; None for a skipped task.
        at: When it was given, ISO 8601 with a time zone; empty when that is not known.
        incomplete: Whether something that must be answered is missing.
        seconds: How long it took.
    """

    task: int
    answer: Answer | None
    at: str = ""
    incomplete: bool = False
    seconds: float = 0.0


def settled(schema: Schema, answer: Any, data: dict[str, Any]) -> tuple[Answer, bool]:
    """Return an answer in its normal form, and whether it lacks what must be answered: it was not asked elsewhere.

    Raises:
        AnswerError: It fits the questions in neither way.
    """
    try:
        return validate_answer(schema, answer, data), False
    except AnswerError:
        return validate_answer(schema, answer, data, draft=True), True


def seat(project_id: int, people: Sequence[int]) -> None:
    """Make the row in which each of these people is counted in a project, where there is none."""
    rows = [Progress(project_id=project_id, annotator_id=person) for person in sorted(set(people))]
    Progress.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def store_given(*, actor: Actor, project_id: int, schema: Schema, person: int, rows: Sequence[Given]) -> dict[int, int]:
    """Store one person's answers and return their numbers by task; tasks without a free place are passed over.

    An answer that is there is not stored twice. The person has been seated.

    Args:
        actor: For whom it is done.
        project_id: The project.
        schema: What it asks.
        person: Whose answers they are.
        rows: One for each task.
    """
    by_task = {row.task: row for row in rows}
    with connection.cursor() as cursor:
        desk = sit_down_for(cursor, actor, project_id, person)
        values: dict[str, Any] = {"annotator": person, "project": project_id, "tasks": sorted(by_task)}
        cursor.execute(TAKE_AGAIN, values)
        placed = sorted(row[0] for row in cursor.fetchall())
        cursor.execute(STORE, _stored(desk, schema, [by_task[task] for task in placed]))
        kept = {task: number for number, task, _is_gold in cursor.fetchall()}
        times = [
            {"id": number, "at": by_task[task].at} for task, number in kept.items() if parse_time(by_task[task].at)
        ]
        if times:
            cursor.execute(_WHEN, [orjson.dumps(times).decode()])
        incomplete = [number for task, number in kept.items() if by_task[task].incomplete]
        if incomplete:
            cursor.execute(_INCOMPLETE, [incomplete])
    return kept


def parse_time(at: str) -> bool:
    """Tell whether a time can be stored as it is: ISO 8601 with a time zone."""
    try:
        found = parse_datetime(at) if at else None
    except ValueError:
        return False
    return found is not None and found.tzinfo is not None


def _stored(desk: Desk, schema: Schema, rows: Sequence[Given]) -> dict[str, Any]:
    """Return the values of `STORE` for rows of one person."""
    sent = [
        {
            "key": str(uuid5(NAMESPACE_URL, f"assay:imported:{desk.annotator_id}:{given.task}")),
            "task_id": given.task,
            "token": None,
            "answer": given.answer,
            "labels": labels_of(schema, given.answer or {}),
            "skipped": given.answer is None,
            "reason": "",
            "seconds": given.seconds,
            "suggestion": None,
        }
        for given in rows
    ]
    return {
        "annotator": desk.annotator_id,
        "project": desk.project_id,
        "organization": None,
        "revision": desk.schema_revision,
        "rows": orjson.dumps(sent).decode(),
    }
