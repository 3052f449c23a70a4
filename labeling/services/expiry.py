# ruff: noqa: S608  (the statements are put together from constants of this file; values are parameters)
"""Places on tasks that come back: leases past their time, and how any place returns to the queue."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

# One batch of expired leases takes about 20 ms.
EXPIRY_BATCH = 500

# A place that was assigned, or whose answer was sent back, stays this person's, in no window's hand; all others go to
# whoever comes.
WAITS = """(l.assigned IS TRUE OR EXISTS (
  SELECT FROM labeling_rejection x
  WHERE x.task_id = l.task_id AND x.annotator_id = l.annotator_id AND x.settled_at IS NULL))"""
# The same task may be named twice: two people lost it in one batch.
_LOCK = "SELECT FROM labeling_task WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# A task that asks nobody any more, since its answer was decided, is known or is a model's, stays closed: it has fewer
# places from now on. Seen by a statement of its own: what whoever held the lock has just decided is known to it.
_RETURN = """
WITH given AS (SELECT id, count(*) AS places FROM unnest(%s::bigint[]) AS id GROUP BY id),
back AS MATERIALIZED (
  SELECT t.id, t.project_id, given.places, t.is_gold OR t.by_model OR EXISTS (
    SELECT FROM labeling_adjudication j WHERE j.task_id = t.id AND j.state = 'decided') AS closed
  FROM labeling_task t JOIN given USING (id)),
opened AS (
  UPDATE labeling_task t SET open_slots = t.open_slots + back.places, returned_at = statement_timestamp()
  FROM back WHERE t.id = back.id AND NOT back.closed),
closed AS (
  UPDATE labeling_task t SET overlap = t.overlap - back.places FROM back WHERE t.id = back.id AND back.closed)
UPDATE labeling_project p SET extra_answers = p.extra_answers - n.places
FROM (SELECT project_id, sum(places) AS places FROM back WHERE closed GROUP BY project_id) n WHERE p.id = n.project_id
"""


def return_places(cursor: Any, tasks: Sequence[int]) -> None:
    """Give places on tasks back to the queue, once for each time a task is named; the caller has deleted the leases."""
    if tasks:
        cursor.execute(_LOCK, [list(tasks)])
        cursor.execute(_RETURN, [list(tasks)])


_EXPIRED = f"""
WITH old AS MATERIALIZED (
  SELECT l.id, {WAITS} AS waits FROM labeling_lease l
  WHERE l.expires_at < now() AND (%(project)s::bigint IS NULL OR l.project_id = %(project)s)
  ORDER BY l.expires_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED),
kept AS (UPDATE labeling_lease l SET expires_at = NULL FROM old WHERE l.id = old.id AND old.waits),
gone AS (DELETE FROM labeling_lease l USING old WHERE l.id = old.id AND NOT old.waits RETURNING l.task_id)
SELECT task_id FROM gone
"""


@transaction.atomic
def expire_leases(*, project_id: int | None = None) -> int:
    """Return the places of one batch of leases past their time to the queue, and say how many there were.

    Running twice at once is harmless: each takes rows that the other has not locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRED, {"project": project_id, "batch": EXPIRY_BATCH})
        tasks = [row[0] for row in cursor.fetchall()]
        if tasks:
            # The returned cursor counts on this transaction ending well within a minute.
            cursor.execute("SET LOCAL lock_timeout = '20s'")
            return_places(cursor, tasks)
    return len(tasks)


def sweep_leases() -> int:
    """Return every expired place to the queue, batch by batch, and say how many there were."""
    total = 0
    while count := expire_leases():
        total += count
        if count < EXPIRY_BATCH:
            break
    return total
