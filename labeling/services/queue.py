# ruff: noqa: S608  (the statements are put together from constants of this file; values are parameters)
"""Handing out tasks: raw SQL, because one statement per request is what keeps it fast and right.

Order of locks, the same everywhere, so that no two transactions wait for each other: the person's progress row, then
leases, then tasks by id. Leasing takes task rows with SKIP LOCKED and so never waits for them. Task rows are
locked FOR NO KEY UPDATE: an answer or a lease that is stored meanwhile only needs its task to go on existing, and names
tasks in whatever order.
"""

import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, NotFound
from labeling.engine.controls.base import AnswerError
from labeling.engine.schema_change import SchemaChange
from labeling.models import Progress, Project
from labeling.querysets.gold import is_exempt
from labeling.services.expiry import WAITS, expire_leases, return_places
from labeling.services.round_trip import in_one_trip
from labeling.services.schema_revision import bring_draft_along, changes_of

MOST_AT_ONCE = 50

Row = dict[str, Any]


@dataclass(slots=True)
class Desk:
    """One person at one project, locked until the transaction ends.

    The lock puts this person's requests in the project one behind the other.
    """

    project_id: int
    annotator_id: int
    progress_id: int
    overlap: int
    lease_seconds: int
    state: str
    schema: str
    task_count: int
    suggest_every: int
    suggest_at: int
    schema_revision: int
    extra_answers: int = 0
    is_paused: bool = False
    needs_reason: bool = False
    weigh_at: int = 0
    accepts: bool = False
    is_newcomer: bool = False

    @property
    def answers_wanted(self) -> int:
        """How many answers all tasks of the project are to get."""
        return self.task_count * self.overlap + self.extra_answers


SIT_DOWN = """
SELECT m.id, p.overlap, p.lease_seconds, p.state, p.schema::text, p.task_count, p.suggest_every, p.suggest_at,
  p.schema_revision, p.extra_answers, m.paused_at IS NOT NULL, p.skip_reason_required, p.weigh_at, p.accepts,
  p.onboarding AND NOT m.onboarded AND NOT %(exempt)s
FROM labeling_project p JOIN labeling_progress m ON m.project_id = p.id AND m.annotator_id = %(annotator)s
WHERE p.id = %(project)s AND p.organization_id = %(organization)s
FOR UPDATE OF m
"""


def sit_down(cursor: Any, actor: Actor, project_id: int) -> Desk:
    """Lock and return this person's place at a project; the first time makes it.

    Raises:
        NotFound: No such project, or not this actor's to see.
        Conflict: ``project_archived``.
    """
    desk = _locked(cursor, actor, project_id, actor.user_id)
    if desk is None:
        take_a_seat(actor, project_id)
        return sit_down(cursor, actor, project_id)
    return desk


def sit_down_for(cursor: Any, actor: Actor, project_id: int, annotator_id: int) -> Desk:
    """Lock and return somebody else's place at a project, for whoever changes what they answered.

    Raises:
        NotFound: That person never was at this project, or it is not the actor's to see.
        Conflict: ``project_archived``.
    """
    desk = _locked(cursor, actor, project_id, annotator_id)
    if desk is None:
        raise NotFound(_("There is no such answer."))
    return desk


def _locked(cursor: Any, actor: Actor, project_id: int, annotator_id: int) -> Desk | None:
    values = {"annotator": annotator_id, "project": project_id, "organization": actor.organization_id}
    cursor.execute(SIT_DOWN, {**values, "exempt": is_exempt(actor)})
    row = cursor.fetchone()
    if row is None:
        return None
    desk = Desk(project_id, annotator_id, *row)
    refuse_archived(desk.state)
    return desk


def take_a_seat(actor: Actor, project_id: int) -> None:
    """Make this person's progress row on their first visit.

    Raises:
        NotFound: No such project, or not this actor's to see.
    """
    if not Project.objects.visible_to(actor).filter(pk=project_id).exists():
        raise NotFound(_("There is no such project."))
    Progress.objects.bulk_create([Progress(project_id=project_id, annotator_id=actor.user_id)], ignore_conflicts=True)


# What `page/`, `lease/` and `answers/` say about how far the project is: a sum over one row a person.
PROGRESS = """
SELECT COALESCE(sum(answers), 0)::bigint, COALESCE(sum(answers) FILTER (WHERE annotator_id = %(annotator)s), 0)::bigint,
       COALESCE(sum(suggestions_accepted), 0)::bigint, COALESCE(sum(suggestions_shown), 0)::bigint
FROM labeling_progress WHERE project_id = %(project)s
"""


def progress_of(cursor: Any, desk: Desk) -> dict[str, int]:
    """Return the progress member of the labeling page's API; `done` and `total` count answers."""
    cursor.execute(PROGRESS, {"project": desk.project_id, "annotator": desk.annotator_id})
    return progress_json(cursor.fetchone(), desk.answers_wanted)


def progress_json(row: tuple[int, int, int, int], wanted: int) -> dict[str, int]:
    """Return one row of the statement above as the API gives it."""
    done, mine, accepted, shown = row
    return {
        "total": max(wanted, done),
        "done": done,
        "mine": mine,
        "suggestions_accepted": accepted,
        "suggestions_shown": shown,
    }


# A scalar subquery rather than NOT EXISTS: the planner may turn the latter into a hash of everything that this person
# ever answered, and this one is always a probe of one index row a candidate.
_NOT_MINE = """(SELECT true FROM labeling_lease l WHERE l.task_id = t.id AND l.annotator_id = %(annotator)s) IS NULL"""
# No row for a stranger or a project that is not open, and then nothing below finds anything. Where people get only what
# is assigned to them, their cursors lie behind everything else.
_ME = """me AS (
  SELECT m.id, CASE WHEN p.only_assigned THEN 'infinity' ELSE m.cursor_rank END AS cursor_rank, m.cursor_id,
    CASE WHEN p.only_assigned THEN 'infinity' ELSE m.returned_cursor END AS returned_cursor, p.lease_seconds,
    p.only_assigned, m.handed, m.gold_cursor, p.gold_secret,
    CASE WHEN p.gold_count > 0 THEN p.gold_share ELSE 0 END AS gold_share
  FROM labeling_progress m JOIN labeling_project p ON p.id = m.project_id
  WHERE m.project_id = %(project)s AND m.annotator_id = %(annotator)s AND p.organization_id = %(organization)s
    AND p.state = 'open' AND m.paused_at IS NULL AND (m.onboarded OR NOT p.onboarding OR %(exempt)s) {lock})"""
_FRESH = f"""t.project_id = %(project)s AND t.open_slots > 0 AND t.returned_at IS NULL
  AND (t.rank, t.id) >= ((SELECT cursor_rank FROM me), (SELECT cursor_id FROM me)) AND {_NOT_MINE}"""
_RETURNED = f"""t.project_id = %(project)s AND t.open_slots > 0 AND t.returned_at IS NOT NULL
  AND t.returned_at >= (SELECT COALESCE(returned_cursor, '-infinity') FROM me) AND {_NOT_MINE}"""

# Open comments on a task: one probe of an index for each task that is shown.
REMARKS = """(SELECT count(*) FROM labeling_comment c WHERE c.task_id = {task} AND c.resolved_at IS NULL)"""

# Answers of this person that a reviewer sent back, whose place nobody's window holds.
_BACK = """
  SELECT l.id AS lease_id, l.task_id
  FROM labeling_rejection x JOIN labeling_lease l ON l.task_id = x.task_id AND l.annotator_id = x.annotator_id
  WHERE x.project_id = %(project)s AND x.annotator_id = %(annotator)s AND x.settled_at IS NULL
    AND (l.expires_at IS NULL OR l.expires_at < now()) AND EXISTS (SELECT FROM me)"""
# Tasks that were assigned to this person and wait for the first answer: a partial index holds nothing else.
_ASSIGNED = """
  SELECT l.id AS lease_id, l.task_id FROM labeling_lease l
  WHERE l.project_id = %(project)s AND l.annotator_id = %(annotator)s AND l.assigned
    AND (l.expires_at IS NULL OR l.expires_at < now()) AND EXISTS (SELECT FROM me)"""
# How many of the next tasks are gold: one in each stretch of 100 / share, at a place that a secret draws, so that the
# share is met for everybody and nobody can tell where.
_GOLD_DUE = """
  SELECT count(*) FROM me, generate_series(me.handed, me.handed + (
    SELECT %(count)s::int - count(*) FROM held) - 1) AS p(place),
  LATERAL (SELECT p.place * me.gold_share / 100 AS stretch) k,
  LATERAL (SELECT (k.stretch * 100 + me.gold_share - 1) / me.gold_share AS low,
    (k.stretch * 100 + 99 + me.gold_share) / me.gold_share AS high,
    ('x' || substr(md5(me.gold_secret || ':' || %(annotator)s::text || ':' || k.stretch), 1, 6))::bit(24)::bigint
      AS lot) s
  WHERE p.place = s.low + (s.lot * (s.high - s.low) >> 24)"""
# Gold that this person has neither had nor made. It never comes alone: there is something to hide it among.
_GOLD = f"""
  SELECT g.id, g.task_id FROM labeling_gold g
  WHERE g.project_id = %(project)s AND g.use = 'hidden' AND g.id > (SELECT gold_cursor FROM me)
    AND g.made_by_id IS DISTINCT FROM %(annotator)s
    AND (SELECT true FROM labeling_lease l WHERE l.task_id = g.task_id AND l.annotator_id = %(annotator)s) IS NULL
    AND (EXISTS (SELECT FROM first_fresh) OR EXISTS (SELECT FROM first_returned) OR EXISTS (SELECT FROM assigned))
  ORDER BY g.id LIMIT (SELECT CASE WHEN me.gold_share = 0 THEN 0 ELSE ({_GOLD_DUE}) END FROM me)"""
# Why an answer was sent back, while it is not answered anew.
WHY_BACK = """labeling_rejection x LEFT JOIN accounts_user u ON u.id = x.reviewer_id"""
WHY_BACK_COLUMNS = "x.why, x.rejected_at, COALESCE(NULLIF(u.name, ''), u.email)"

# The cursors move to the first task that this person could still get in the statement's snapshot, locked or not: what
# lies before is closed or theirs. Closed tasks come back with returned_at set, and the second cursor stays a minute
# behind the clock, longer than any transaction that gives a place back. So each task a person has is passed once, and
# the cost of a lease grows neither with the project nor with what the person has done. Of what is handed out, answers
# that were sent back come first, then the task that this person worked on last (a page that is loaded again goes on
# there), and then what is assigned to them.
#
# `unknown` are tasks that an earlier reply gave to the same sender and that it does not have: the reply was lost, or
# the window with it. They come again instead of waiting for their lease to end.
# The person's row is locked before leases and tasks here too: another window may make it after SIT_DOWN has looked.
_LEASE = f"""
WITH {_ME.format(lock="FOR UPDATE OF m")},
back AS MATERIALIZED ({_BACK} ORDER BY x.id LIMIT GREATEST(0, %(count)s) FOR UPDATE OF l SKIP LOCKED),
assigned AS MATERIALIZED ({_ASSIGNED}
  ORDER BY l.id LIMIT (SELECT GREATEST(0, %(count)s - count(*)) FROM back) FOR UPDATE OF l SKIP LOCKED),
first_fresh AS (SELECT t.rank, t.id FROM labeling_task t WHERE {_FRESH} ORDER BY t.rank, t.id LIMIT 1),
first_returned AS (SELECT t.returned_at FROM labeling_task t WHERE {_RETURNED} ORDER BY t.returned_at, t.id LIMIT 1),
end_fresh AS (
  SELECT t.rank, t.id + 1 AS id FROM labeling_task t
  WHERE t.project_id = %(project)s AND t.open_slots > 0 AND t.returned_at IS NULL
    AND NOT EXISTS (SELECT FROM first_fresh)
  ORDER BY t.rank DESC, t.id DESC LIMIT 1),
unknown AS MATERIALIZED (
  SELECT l.id AS lease_id FROM labeling_lease l
  WHERE l.sender = %(sender)s::uuid AND l.expires_at > now() AND l.project_id = %(project)s
    AND l.annotator_id = %(annotator)s AND NOT l.task_id = ANY(%(holding)s::bigint[]) AND EXISTS (SELECT FROM me)
  ORDER BY l.task_id LIMIT {MOST_AT_ONCE} FOR UPDATE SKIP LOCKED),
held AS MATERIALIZED (
  SELECT lease_id, true AS anew FROM back UNION ALL SELECT lease_id, true FROM assigned
  UNION ALL SELECT lease_id, false FROM unknown),
again AS (
  UPDATE labeling_lease l SET token = CASE WHEN held.anew THEN gen_random_uuid() ELSE l.token END,
    sender = %(sender)s::uuid, expires_at = now() + make_interval(secs => (SELECT lease_seconds FROM me))
  FROM held WHERE l.id = held.lease_id RETURNING l.task_id, l.token, l.expires_at, l.assigned IS TRUE AS assigned),
gold AS MATERIALIZED ({_GOLD}),
returned AS MATERIALIZED (
  SELECT t.id FROM labeling_task t WHERE {_RETURNED}
  ORDER BY t.returned_at, t.id
  LIMIT (SELECT GREATEST(0, %(count)s - count(*)) FROM (SELECT FROM held UNION ALL SELECT FROM gold) before)
  FOR NO KEY UPDATE SKIP LOCKED),
fresh AS MATERIALIZED (
  SELECT t.id FROM labeling_task t WHERE {_FRESH}
  ORDER BY t.rank, t.id
  LIMIT (SELECT GREATEST(0, %(count)s - count(*)) FROM (
    SELECT FROM held UNION ALL SELECT FROM gold UNION ALL SELECT FROM returned) before)
  FOR NO KEY UPDATE SKIP LOCKED),
taken AS (
  UPDATE labeling_task t SET open_slots = t.open_slots - 1
  FROM (SELECT id FROM returned UNION ALL SELECT id FROM fresh) pick WHERE t.id = pick.id
  RETURNING t.id, t.item_id, t.data, t.rank, t.returned_at),
leased AS (
  INSERT INTO labeling_lease (task_id, project_id, annotator_id, token, sender, expires_at, assigned, gold)
  SELECT id, %(project)s, %(annotator)s, gen_random_uuid(), %(sender)s::uuid,
    now() + make_interval(secs => (SELECT lease_seconds FROM me)), CASE WHEN gold THEN true END, gold
  FROM (SELECT id, false AS gold FROM taken UNION ALL SELECT task_id, true FROM gold) new
  RETURNING task_id, token, expires_at),
moved AS (
  UPDATE labeling_progress m SET
    cursor_rank = COALESCE((SELECT rank FROM first_fresh), (SELECT rank FROM end_fresh), m.cursor_rank),
    cursor_id = COALESCE((SELECT id FROM first_fresh), (SELECT id FROM end_fresh), m.cursor_id),
    returned_cursor = LEAST((SELECT returned_at FROM first_returned), now() - interval '1 minute'),
    handed = m.handed + (SELECT count(*) FROM leased), gold_cursor = COALESCE((SELECT max(id) FROM gold), m.gold_cursor)
  WHERE m.id = (SELECT id FROM me)),
handed AS (
  SELECT taken.*, leased.token, leased.expires_at, false AS again, false AS assigned, false AS gold
  FROM taken JOIN leased ON leased.task_id = taken.id
  UNION ALL
  SELECT t.id, t.item_id, t.data, t.rank, NULL, leased.token, leased.expires_at, false, false, true
  FROM gold JOIN labeling_task t ON t.id = gold.task_id JOIN leased ON leased.task_id = gold.task_id
  UNION ALL
  SELECT t.id, t.item_id, t.data, t.rank, t.returned_at, again.token, again.expires_at, true, again.assigned, false
  FROM again JOIN labeling_task t ON t.id = again.task_id)
SELECT t.id, t.item_id, t.data::text, t.token::text, t.expires_at,
       d.answer::text, d.saved_at, s.id, s.answer::text, s.confidence, s.source, s.reason,
       {REMARKS.format(task="t.id")}, {WHY_BACK_COLUMNS}, d.schema_revision, t.gold
FROM handed t
LEFT JOIN labeling_draft d ON d.task_id = t.id AND d.annotator_id = %(annotator)s
LEFT JOIN ({WHY_BACK}) ON t.again AND x.task_id = t.id AND x.annotator_id = %(annotator)s AND x.settled_at IS NULL
LEFT JOIN LATERAL (
  SELECT id, answer, confidence, source, reason FROM labeling_suggestion WHERE task_id = t.id ORDER BY id DESC LIMIT 1
) s ON true
ORDER BY x.rejected_at NULLS LAST, d.saved_at DESC NULLS LAST, t.assigned DESC, t.returned_at NULLS LAST, t.rank,
  t.id
"""

# Leases that have most of their time left are not written again.
_RENEW = """
WITH held AS (
  SELECT l.id, l.task_id, l.expires_at, p.lease_seconds
  FROM labeling_lease l JOIN labeling_project p ON p.id = l.project_id AND p.organization_id = %(organization)s
  WHERE l.project_id = %(project)s AND l.annotator_id = %(annotator)s AND l.task_id = ANY(%(holding)s::bigint[])
    AND l.expires_at IS NOT NULL),
renewed AS (
  UPDATE labeling_lease l SET expires_at = now() + make_interval(secs => held.lease_seconds) FROM held
  WHERE l.id = held.id AND held.expires_at < now() + make_interval(secs => held.lease_seconds * 0.7))
SELECT task_id FROM held
"""
# Tasks that are leased may still come back: to others, or to this person's window that was closed without a word.
# Live leases are few, and their partial index holds nothing else.
_ANY_LEFT = f"""
WITH {_ME.format(lock="")}
SELECT EXISTS ({_BACK}) OR EXISTS ({_ASSIGNED}) OR EXISTS (SELECT FROM labeling_task t WHERE {_FRESH})
  OR EXISTS (SELECT FROM labeling_task t WHERE {_RETURNED})
  OR EXISTS (
    SELECT FROM labeling_lease live
    WHERE live.expires_at IS NOT NULL AND live.project_id = %(project)s AND EXISTS (SELECT FROM me)
      AND (live.annotator_id = %(annotator)s OR (SELECT NOT only_assigned FROM me) AND NOT EXISTS (
        SELECT FROM labeling_lease l WHERE l.task_id = live.task_id AND l.annotator_id = %(annotator)s)))
"""


def lease_tasks(
    *, actor: Actor, project_id: int, count: int, holding: list[int], sender: uuid.UUID | None = None
) -> Row:
    """Hand this person up to `count` further tasks and renew the leases on those they hold.

    A person's own expired lease that nobody else took is renewed like any other. Returns the body of ``lease/``.

    Args:
        actor: Who labels.
        project_id: The project.
        count: How many; more when more than that were given to this sender before and are not in `holding`.
        holding: The tasks that the sender has.
        sender: Names the window or program that asks, so that tasks of a reply that was lost come again.

    Raises:
        NotFound: No such project, or not this actor's to see.
        Conflict: ``project_paused``, ``project_archived``, ``person_paused``, ``onboarding``.
    """
    try:
        found = _lease_once(actor, project_id, count, holding, sender)
    except IntegrityError:
        # The unique constraint had the last word against a second place for one person; now its reason is visible.
        found = _lease_once(actor, project_id, count, holding, sender)
    if len(found["tasks"]) < min(count, MOST_AT_ONCE) and expire_leases(project_id=project_id):
        # Leases past their time count at once, without waiting for the sweep.
        known = holding + [task["id"] for task in found["tasks"]]
        more = _lease_once(actor, project_id, count - len(found["tasks"]), known, sender)
        found["tasks"] += more["tasks"]
        found["remaining"] = found["remaining"] or more["remaining"]
    return found


def _lease_once(actor: Actor, project_id: int, count: int, holding: list[int], sender: uuid.UUID | None) -> Row:
    values: Row = {
        "project": project_id,
        "annotator": actor.user_id,
        "organization": actor.organization_id,
        "exempt": is_exempt(actor),
        "count": min(count, MOST_AT_ONCE),
        "holding": holding,
        "sender": sender,
    }
    # On disk before it is handed out, like an answer: a database that was killed gives the task to nobody else.
    seats, renewed, leased, counted = in_one_trip(
        (SIT_DOWN, values), (_RENEW, values), (_LEASE, values), (PROGRESS, values)
    )
    leased = _hidden(leased)
    if not seats:
        # Each statement sees what was committed before it: another window may have taken the seat after the first one
        # looked, and then the third has leased tasks already. They belong into the answer.
        take_a_seat(actor, project_id)
        found = _lease_once(actor, project_id, count - len(leased), holding + [row[0] for row in leased], sender)
        found["tasks"] = [_task_json(*row[:-1]) for row in leased] + found["tasks"]
        found["remaining"] = found["remaining"] or bool(leased)
        return found
    desk = Desk(project_id, actor.user_id, *seats[0])
    refuse_unless_open(desk.state)
    refuse_person(desk)
    tasks = tasks_json(desk, leased)
    held = {row[0] for row in renewed}
    lost = [task for task in holding if task not in held]
    progress = progress_json(counted[0], desk.answers_wanted)
    return {
        "tasks": tasks,
        "lost": lost,
        "progress": progress,
        "remaining": bool(tasks or held) or _any_left(values),
        "schema_revision": desk.schema_revision,
    }


def _hidden(rows: list[Any]) -> list[Any]:
    """Return the rows without saying which are gold; those stand among the others where chance puts them."""
    found = [row[:-1] for row in rows if not row[-1]]
    for row in rows:
        if row[-1]:
            found.insert(secrets.randbelow(len(found) + 1), row[:-1])
    return found


def _any_left(values: Row) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANY_LEFT, values)
        return bool(cursor.fetchone()[0])


def refuse_archived(state: str) -> None:
    """Raise the conflict that says why a project in this state takes no answers."""
    if state == "archived":
        raise Conflict("project_archived", _("This project is archived; it takes no more answers."))


def refuse_unless_open(state: str) -> None:
    """Raise the conflict that says why a project in this state hands out nothing."""
    refuse_archived(state)
    if state != "open":
        raise Conflict("project_paused", _("This project is paused. Come back when it is open again."))


def refuse_person(desk: Desk) -> None:
    """Raise the conflict that says that this person gets nothing for now; why is for those who manage."""
    if desk.is_paused:
        raise Conflict("person_paused", _("Your work here is paused. Whoever manages the project will tell you more."))
    if desk.is_newcomer:
        raise Conflict("onboarding", _("This project begins with training tasks and a test. Load the page again."))


def tasks_json(desk: Desk, rows: list[Any]) -> list[Row]:
    """Return tasks as ``lease/`` gives them, with drafts of earlier questions as the present ones take them."""
    tasks = [_task_json(*row[:-1]) for row in rows]
    changes: dict[int, SchemaChange] = {}
    for row, task in zip(rows, tasks, strict=True):
        revision = row[-1]
        if revision is None or revision >= desk.schema_revision:
            continue
        # The job that brings drafts along has not come to this one.
        changes = changes or changes_of(desk.project_id)
        draft, data = orjson.loads(row[5]), orjson.loads(row[2])
        with suppress(AnswerError):
            moved = bring_draft_along(changes, draft, data, since=revision, until=desk.schema_revision)
            task["draft"]["answer"] = moved
    return tasks


def _task_json(
    task_id: int, item_id: int, data: str, token: str, expires_at: Any,
    draft: str | None, draft_at: Any,
    suggestion_id: int | None, suggestion: str | None, confidence: float | None, source: str | None,
    reason: str | None, comments: int, why: str | None, rejected_at: Any, reviewer: str | None,
) -> Row:  # fmt: skip
    """Return one task as ``lease/`` gives it; JSON that the database holds is passed on unread."""
    return {
        "id": task_id,
        "item_id": item_id,
        "data": orjson.Fragment(data),
        "lease": {"token": token, "expires_at": expires_at},
        "draft": None if draft is None else {"answer": orjson.Fragment(draft), "saved_at": draft_at},
        "suggestion": None
        if suggestion is None
        else {
            "id": suggestion_id,
            "answer": orjson.Fragment(suggestion),
            "confidence": confidence,
            "model": source,
            "reason": reason,
        },
        "comments": comments,
        "rejection": None if why is None else {"reason": why, "at": rejected_at, "reviewer": reviewer},
    }


_RELEASE = f"""
WITH mine AS MATERIALIZED (
  SELECT l.id, {WAITS} AS waits FROM labeling_lease l
  WHERE l.project_id = %(project)s AND l.annotator_id = %(annotator)s AND l.task_id = ANY(%(tasks)s)
    AND l.expires_at IS NOT NULL FOR UPDATE),
kept AS (UPDATE labeling_lease l SET expires_at = NULL FROM mine WHERE l.id = mine.id AND mine.waits),
gone AS (DELETE FROM labeling_lease l USING mine WHERE l.id = mine.id AND NOT mine.waits RETURNING l.task_id)
SELECT task_id FROM gone
"""


@transaction.atomic
def release_tasks(*, actor: Actor, project_id: int, tasks: list[int]) -> int:
    """Give leases back and return how many were held."""
    with connection.cursor() as cursor:
        desk = sit_down(cursor, actor, project_id)
        cursor.execute(_RELEASE, {"project": desk.project_id, "annotator": desk.annotator_id, "tasks": tasks})
        released = [row[0] for row in cursor.fetchall()]
        return_places(cursor, released)
    return len(released)


# For whoever puts open tasks where cursors may have passed: new tasks, raised overlap, another order.
_REWIND = """
WITH locked AS MATERIALIZED (SELECT id FROM labeling_progress WHERE project_id = %s ORDER BY id FOR UPDATE)
UPDATE labeling_progress m SET cursor_rank = '-infinity', cursor_id = 0
FROM locked WHERE m.id = locked.id
"""


def rewind_cursors(cursor: Any, project_id: int) -> None:
    """Let everybody look at the whole queue again. Call it in the transaction that opens tasks, before it does."""
    cursor.execute(_REWIND, [project_id])
