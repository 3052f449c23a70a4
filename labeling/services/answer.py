"""Saving answers: each stands alone, each is saved once, and none is lost."""

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError
from labeling.engine.controls.base import made_storable
from labeling.engine.schema import Answer, AnswerError, Schema, labels_of, validate_answer
from labeling.engine.schema_change import SchemaChange
from labeling.models import Task
from labeling.querysets.gold import is_exempt
from labeling.services.acceptance_audit import note_audits
from labeling.services.gold_check import check_answers
from labeling.services.queue import (
    PROGRESS,
    SIT_DOWN,
    Desk,
    Row,
    progress_json,
    progress_of,
    refuse_archived,
    sit_down,
    take_a_seat,
)
from labeling.services.round_trip import in_one_trip
from labeling.services.schema_revision import CurrentSchema, bring_along, changes_of, current_schema, forget_schema
from labeling.services.trigger import suggest_when_due, weigh_when_due

MOST_ANSWERS = 100
LONGEST_REASON = 500
BIGGEST_ID = 2**63 - 1
# An answer that took longer was left open over lunch; the figure would say nothing about the work.
LONGEST_SECONDS = 3600.0
ATTEMPTS = 3


class QuestionsChanged(Exception):
    """The project asks something else than this process knew; nothing was saved."""


@dataclass(slots=True)
class Sent:
    """One answer as it came, in checked form, and what became of it."""

    key: uuid.UUID
    task: int
    lease: str
    answer: Answer | None
    skipped: bool
    reason: str
    seconds: float
    suggestion: int | None
    result: Row = field(default_factory=dict)
    # An earlier answer of the same request with the same key.
    twin: "Sent | None" = None
    # Its right answer is known and it is not compared yet.
    is_gold: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What the database knows about this person and one task."""

    lease_id: int | None
    token: str | None
    annotation: int | None


def save_answers(*, actor: Actor, project_id: int, answers: list[Any]) -> Row:
    """Save any number of answers and return the body of ``answers/``; they are on disk when this returns.

    An answer whose lease was lost takes a free place again, or else is kept as the person's draft. Sending the same
    ``client_key`` again gives the same annotation.

    Args:
        actor: Who answered.
        project_id: The project of every task named.
        answers: JSON objects as the API's reference describes them.

    Raises:
        NotFound: No such project.
        Conflict: ``project_archived``.
        DomainError: ``too_many_answers``.
    """
    if len(answers) > MOST_ANSWERS:
        raise DomainError("too_many_answers", _("Send at most %(count)s answers at once.") % {"count": MOST_ANSWERS})
    for _attempt in range(ATTEMPTS):
        try:
            return _save(actor, project_id, answers)
        except QuestionsChanged:
            forget_schema(actor, project_id)
    raise Conflict("questions_changed", _("The questions of this project are being changed. Send this again."))


def _save(actor: Actor, project_id: int, answers: list[Any]) -> Row:
    asked = current_schema(actor, project_id)
    schema = asked.schema
    changes = changes_of(project_id) if any(_is_earlier(row, asked) for row in answers) else {}
    shown = _data_of(actor, project_id, answers) if schema.pointed or changes else {}
    read = [_read(asked, row, shown, changes) for row in answers]
    sent = [row for row in read if isinstance(row, Sent)]
    desk, progress = _save_at_once(actor, project_id, asked, sent)
    rest = [row for row in sent if not row.result]
    if rest:
        with transaction.atomic(), connection.cursor() as cursor:
            desk = sit_down(cursor, actor, project_id)
            if desk.schema_revision != asked.revision:
                raise QuestionsChanged
            _save_others(cursor, desk, schema, rest)
            progress = progress_of(cursor, desk)
    if schema.choice is not None and any(row.result["status"] == "saved" for row in sent):
        suggest_when_due(actor=actor, desk=desk, answers=progress["done"])
    if desk.weigh_at and progress["done"] >= desk.weigh_at:
        weigh_when_due(actor=actor, desk=desk, answers=progress["done"])
    if any(row.is_gold for row in sent):
        check_answers(actor=actor, project_id=project_id)
    note_audits(desk=desk, tasks=[row.task for row in sent if row.result["status"] == "saved"])
    results = [row.result if isinstance(row, Sent) else row for row in read]
    return {"results": results, "progress": progress}


def _is_earlier(row: Any, asked: CurrentSchema) -> bool:
    """Tell whether an answer says that it was given to earlier questions."""
    number = row.get("schema_revision") if isinstance(row, Mapping) else None
    return isinstance(number, int) and not isinstance(number, bool) and 0 < number < asked.revision


def _save_at_once(actor: Actor, project_id: int, asked: CurrentSchema, sent: list[Sent]) -> tuple[Desk, Row]:
    """Save, in one round trip, the answers whose lease is held and that were not sent before; they get their result."""
    first = {row.task: row for row in reversed(sent)}
    keys = {row.key: row for row in reversed(sent)}
    alone = [row for row in sent if first[row.task] is row and keys[row.key] is row]
    values: Row = {
        "annotator": actor.user_id,
        "project": project_id,
        "organization": actor.organization_id,
        "exempt": is_exempt(actor),
        "revision": asked.revision,
        "rows": orjson.dumps([_row_json(asked.schema, row) for row in alone]).decode(),
    }
    seats, saved, progress = in_one_trip((SIT_DOWN, values), (STORE, values), (PROGRESS, values))
    if not seats:
        take_a_seat(actor, project_id)
        return _save_at_once(actor, project_id, asked, sent)
    desk = Desk(project_id, actor.user_id, *seats[0])
    if desk.schema_revision != asked.revision and not saved:
        raise QuestionsChanged
    refuse_archived(desk.state)
    for number, task, is_gold in saved:
        first[task].result = _result(first[task], "saved", number)
        first[task].is_gold = is_gold
    return desk, progress_json(progress[0], desk.answers_wanted)


def _row_json(schema: Schema, row: Sent) -> Row:
    return {
        "key": str(row.key),
        "task_id": row.task,
        "token": row.lease,
        "answer": row.answer,
        "labels": labels_of(schema, row.answer or {}),
        "skipped": row.skipped,
        "reason": row.reason,
        "seconds": row.seconds,
        "suggestion": row.suggestion,
    }


def _store(cursor: Any, desk: Desk, schema: Schema, fresh: list[Sent]) -> list[Sent]:
    """Save answers that were found to have a place, and return those whose place is gone after all."""
    if not fresh:
        return []
    values: Row = {
        "annotator": desk.annotator_id,
        "project": desk.project_id,
        "organization": None,
        "revision": desk.schema_revision,
        "rows": orjson.dumps([{**_row_json(schema, row), "token": None} for row in fresh]).decode(),
    }
    cursor.execute(STORE, values)
    numbers = {task: (number, is_gold) for number, task, is_gold in cursor.fetchall()}
    for row in fresh:
        if row.task in numbers:
            number, row.is_gold = numbers[row.task]
            row.result = _result(row, "saved", number)
    return [row for row in fresh if not row.result]


def _save_others(cursor: Any, desk: Desk, schema: Schema, rest: list[Sent]) -> None:
    """Decide the answers that were sent before, or whose place is not as the page thinks."""
    pending = rest
    for _attempt in range(ATTEMPTS):
        # A second attempt is for answers whose lease the sweep took away just now.
        pending = _store(cursor, desk, schema, _sort_out(cursor, desk, pending))
        if not pending:
            break
    _keep_drafts(cursor, desk, pending)
    for row in rest:
        if row.twin is not None:
            row.result = row.twin.result | {"status": "duplicate"}


def _data_of(actor: Actor, project_id: int, answers: list[Any]) -> dict[Any, Any]:
    """Return the fields of the tasks that answers name, for schemas whose answers point into them."""
    named = [row.get("task") for row in answers if isinstance(row, Mapping)]
    rows = Task.objects.visible_to(actor).filter(
        project=project_id, pk__in=[key for key in named if isinstance(key, int) and 0 < key <= BIGGEST_ID]
    )
    return dict(rows.values_list("pk", "data"))


def _read(asked: CurrentSchema, row: Any, shown: Mapping[Any, Any], changes: dict[int, SchemaChange]) -> Sent | Row:
    """Check one answer's shape and content; what is wrong comes back as its result."""
    key = row.get("client_key") if isinstance(row, Mapping) else None
    try:
        return _checked(asked, row, shown, changes)
    except AnswerError as error:
        problem = {"code": "answer_invalid", "where": error.where, "detail": f"{error.what} {error.mend}"}
        task = row.get("task") if isinstance(row, Mapping) else None
        return {"client_key": key, "status": "invalid", "annotation": None, "task": task, "problem": problem}


def _checked(asked: CurrentSchema, row: Any, shown: Mapping[Any, Any], changes: dict[int, SchemaChange]) -> Sent:
    if not isinstance(row, Mapping):
        raise AnswerError("", "Each answer must be an object.", "See the reference of answers/.")
    try:
        key = uuid.UUID(str(row.get("client_key")))
    except ValueError:
        raise AnswerError("client_key", "This must be a UUID.", "Make one for each answer.") from None
    skipped = row.get("skipped", False)
    if not isinstance(skipped, bool):
        raise AnswerError("skipped", "This must be true or false.", "")
    task = _id(row.get("task"), "task")
    # Of a task that is not this project's nothing is known; saving it is refused further on.
    answer = None if skipped else _answer_now(asked, row, shown.get(task), changes)
    suggestion = row.get("suggestion")
    return Sent(
        key=key,
        task=task,
        lease=str(row.get("lease") or "")[:60],
        answer=answer,
        skipped=skipped,
        reason=_reason(row.get("reason")),
        seconds=_seconds(row.get("seconds")),
        suggestion=None if suggestion is None else _id(suggestion, "suggestion"),
    )


def _answer_now(asked: CurrentSchema, row: Mapping[str, Any], data: Any, changes: dict[int, SchemaChange]) -> Answer:
    """Return an answer to the present questions, also when the page that sends it still shows earlier ones."""
    if _is_earlier(row, asked):
        return bring_along(changes, row.get("answer"), data, since=row["schema_revision"], until=asked.revision)
    return validate_answer(asked.schema, row.get("answer"), data)


def _id(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= BIGGEST_ID:
        raise AnswerError(where, "This must be a number that lease/ gave.", "")
    return value


def _reason(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise AnswerError("reason", "This must be a text.", "")
    return made_storable(value or "").strip()[:LONGEST_REASON]


def _seconds(value: Any) -> float:
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise AnswerError("seconds", "This must be a number of seconds.", "")
    return float(min(value, LONGEST_SECONDS))


_PLACES = """
SELECT t.id, l.id, l.token::text, a.id
FROM labeling_task t
LEFT JOIN labeling_lease l ON l.task_id = t.id AND l.annotator_id = %(annotator)s
LEFT JOIN labeling_annotation a ON a.task_id = t.id AND a.annotator_id = %(annotator)s
WHERE t.id = ANY(%(tasks)s) AND t.project_id = %(project)s
"""
_KNOWN = """
SELECT client_key, id, task_id FROM labeling_annotation
WHERE annotator_id = %(annotator)s AND client_key = ANY(%(keys)s)
"""


def _sort_out(cursor: Any, desk: Desk, sent: list[Sent]) -> list[Sent]:
    """Give every answer that is not to be saved its result, and return those that are."""
    values: Row = {
        "annotator": desk.annotator_id,
        "project": desk.project_id,
        "tasks": [row.task for row in sent],
        "keys": [row.key for row in sent],
    }
    cursor.execute(_KNOWN, values)
    known = {key: (number, task) for key, number, task in cursor.fetchall()}
    cursor.execute(_PLACES, values)
    places = {task: Place(lease, token, number) for task, lease, token, number in cursor.fetchall()}
    fresh: list[Sent] = []
    homeless: list[Sent] = []
    claimed: set[int] = set()
    keys: dict[uuid.UUID, Sent] = {}
    for row in sent:
        row.twin = keys.get(row.key)
        if row.twin is not None:
            continue
        keys[row.key] = row
        if row.key not in known and desk.needs_reason and row.skipped and not row.reason.strip():
            _refuse(row, "reason", _("Say why you skip this task."))
            continue
        if row.key in known:
            row.result = _result(row, "duplicate", known[row.key][0])
            row.result["task"] = known[row.key][1]
            continue
        place = places.get(row.task)
        if place is None:
            _refuse(row, "task", _("There is no such task in this project."))
        elif place.annotation is not None or row.task in claimed:
            _refuse(row, "task", _("You answered this task before. Change that answer instead."))
        else:
            claimed.add(row.task)
            (homeless if _place_is_lost(cursor, desk, row, place) else fresh).append(row)
    return fresh + (_find_places(cursor, desk, homeless) if homeless else [])


def _place_is_lost(cursor: Any, desk: Desk, row: Sent, place: Place) -> bool:
    if place.lease_id is None:
        return True
    if place.token == row.lease:
        return False
    # The place is this person's under a newer lease. It serves, unless this very answer was taken back meanwhile and
    # a late copy of it arrives now.
    cursor.execute(
        "SELECT 1 FROM labeling_annotationrevision WHERE annotator_id = %s AND client_key = %s AND taken_back LIMIT 1",
        [desk.annotator_id, row.key],
    )
    return cursor.fetchone() is not None


TAKE_AGAIN = """
WITH open AS MATERIALIZED (
  SELECT t.id, t.is_gold FROM labeling_task t WHERE t.id = ANY(%(tasks)s)
    AND (t.open_slots > 0 OR t.is_gold AND (SELECT g.use FROM labeling_gold g WHERE g.task_id = t.id) = 'hidden')
    AND NOT EXISTS (SELECT FROM labeling_lease l WHERE l.task_id = t.id AND l.annotator_id = %(annotator)s)
  ORDER BY t.id FOR NO KEY UPDATE),
taken AS (
  UPDATE labeling_task t SET open_slots = t.open_slots - 1 FROM open WHERE t.id = open.id AND NOT open.is_gold)
INSERT INTO labeling_lease (task_id, project_id, annotator_id, token, expires_at, assigned, gold)
SELECT id, %(project)s, %(annotator)s, gen_random_uuid(), now(), CASE WHEN is_gold THEN true END, is_gold
FROM open RETURNING task_id
"""
_KEEP_DRAFT = """
INSERT INTO labeling_draft (task_id, annotator_id, answer, saved_at, schema_revision)
SELECT task_id, %(annotator)s, answer, now(), %(revision)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(task_id bigint, answer jsonb)
ON CONFLICT (task_id, annotator_id) DO UPDATE SET answer = excluded.answer, saved_at = excluded.saved_at,
  schema_revision = excluded.schema_revision
"""


def _find_places(cursor: Any, desk: Desk, homeless: list[Sent]) -> list[Sent]:
    """Take free places again for answers whose lease was lost; the others become drafts, as all of a newcomer do."""
    named = [] if desk.is_newcomer else [row.task for row in homeless]
    values = {"tasks": named, "annotator": desk.annotator_id, "project": desk.project_id}
    cursor.execute(TAKE_AGAIN, values)
    taken = {row[0] for row in cursor.fetchall()}
    _keep_drafts(cursor, desk, [row for row in homeless if row.task not in taken])
    return [row for row in homeless if row.task in taken]


def _keep_drafts(cursor: Any, desk: Desk, rows: list[Sent]) -> None:
    for row in rows:
        row.result = _result(row, "kept_as_draft", None)
    kept = [{"task_id": row.task, "answer": row.answer or {}} for row in rows]
    if kept:
        values = {"annotator": desk.annotator_id, "revision": desk.schema_revision}
        cursor.execute(_KEEP_DRAFT, {**values, "rows": orjson.dumps(kept).decode()})


# One statement for everything that an answer changes; the tallies are this person's own rows. A row with a token is
# saved only under that very lease and when neither its key nor its task was answered before; a row without was decided
# by `_sort_out`. What follows is driven by `kept`, because the sweep may take a lease away while this waits for it. The
# caller has locked the person's progress row.
STORE = """
WITH me AS (
  SELECT m.id, p.skip_reason_required FROM labeling_progress m JOIN labeling_project p ON p.id = m.project_id
  WHERE m.project_id = %(project)s AND m.annotator_id = %(annotator)s AND p.state <> 'archived'
    AND p.schema_revision = %(revision)s
    AND (p.organization_id = %(organization)s OR %(organization)s::bigint IS NULL)),
held AS MATERIALIZED (
  SELECT n.*, l.id AS lease_id, l.assigned IS TRUE AND NOT l.gold AS assigned, l.gold,
    s.id AS shown, s.source,
    COALESCE(s.answer = n.answer, false) AS accepted
  FROM me, jsonb_to_recordset(%(rows)s::jsonb) AS n(
    key uuid, task_id bigint, token text, answer jsonb, labels jsonb, skipped boolean, reason text, seconds float8,
    suggestion bigint)
  JOIN labeling_lease l ON l.task_id = n.task_id AND l.annotator_id = %(annotator)s AND l.project_id = %(project)s
  LEFT JOIN labeling_suggestion s ON s.id = n.suggestion AND s.task_id = n.task_id
  WHERE (l.expires_at IS NOT NULL OR l.assigned) AND NOT (me.skip_reason_required AND n.skipped AND n.reason = '')
    AND (n.token IS NULL OR (l.token::text = n.token AND NOT EXISTS (
    SELECT FROM labeling_annotation a WHERE a.annotator_id = %(annotator)s AND a.client_key = n.key)))),
kept AS (
  UPDATE labeling_lease l SET expires_at = NULL, assigned = CASE WHEN l.assigned THEN false ELSE l.assigned END
  FROM held WHERE l.id = held.lease_id RETURNING l.id),
r AS MATERIALIZED (SELECT held.* FROM held JOIN kept ON kept.id = held.lease_id),
settled AS (
  UPDATE labeling_rejection x SET settled_at = now() FROM r
  WHERE x.task_id = r.task_id AND x.annotator_id = %(annotator)s AND x.settled_at IS NULL),
drafts AS (DELETE FROM labeling_draft d USING r WHERE d.task_id = r.task_id AND d.annotator_id = %(annotator)s),
counted AS (
  UPDATE labeling_progress m SET
    answers = m.answers + c.answers, skipped = m.skipped + c.skipped, seconds = m.seconds + c.seconds,
    suggestions_shown = m.suggestions_shown + c.shown, suggestions_accepted = m.suggestions_accepted + c.accepted,
    assigned_left = m.assigned_left - c.assigned, gold_given = m.gold_given + c.gold, last_answer_at = now()
  FROM (SELECT count(*) answers, count(*) FILTER (WHERE skipped) skipped, sum(seconds) seconds,
               count(*) FILTER (WHERE assigned) assigned, count(*) FILTER (WHERE gold) gold,
               count(shown) shown,
               count(*) FILTER (WHERE accepted) accepted FROM r) c
  WHERE m.id = (SELECT id FROM me) AND c.answers > 0),
tallied AS (
  INSERT INTO labeling_tally (project_id, annotator_id, kind, control, name, count)
  SELECT %(project)s, %(annotator)s, kind, control, name, count(*) FROM (
    SELECT 'label' AS kind, pair ->> 0 AS control, pair ->> 1 AS name FROM r, jsonb_array_elements(r.labels) AS pair
    UNION ALL SELECT 'shown', '', source FROM r WHERE shown IS NOT NULL
    UNION ALL SELECT 'accepted', '', source FROM r WHERE accepted) AS each
  GROUP BY kind, control, name
  ON CONFLICT (project_id, annotator_id, kind, control, name)
  DO UPDATE SET count = labeling_tally.count + excluded.count)
INSERT INTO labeling_annotation (project_id, task_id, annotator_id, answer, skipped, reason, seconds, suggestion_id,
  accepted_suggestion, client_key, revision, created_at, updated_at, schema_revision, incomplete, gold)
SELECT %(project)s, task_id, %(annotator)s, answer, skipped, reason, seconds, shown, accepted, key, 1, now(), now(),
  %(revision)s, false, CASE WHEN NOT gold THEN '' WHEN skipped THEN 'open' ELSE 'waiting' END
FROM r RETURNING id, task_id, gold = 'waiting'
"""


def tallies_of(schema: Schema, answer: Answer | None, source: str, accepted: bool) -> list[tuple[str, str, str]]:
    """Return what one answer adds to the tallies, as (kind, control, name)."""
    found = [("label", control, value) for control, value in labels_of(schema, answer or {})]
    if source:
        found.append(("shown", "", source))
        if accepted:
            found.append(("accepted", "", source))
    return found


def tallies_json(counts: Mapping[tuple[str, str, str], int]) -> str:
    """Return tallies as the SQL statements take them."""
    rows = [{"kind": kind, "control": control, "name": name, "count": n} for (kind, control, name), n in counts.items()]
    return orjson.dumps(rows).decode()


def _result(row: Sent, status: str, annotation: int | None) -> Row:
    return {"client_key": str(row.key), "status": status, "annotation": annotation, "task": row.task}


def _refuse(row: Sent, where: str, detail: str) -> None:
    row.result = _result(row, "invalid", None)
    row.result["problem"] = {"code": "answer_refused", "where": where, "detail": detail}
