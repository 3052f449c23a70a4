# ruff: noqa: S608  (the statements are put together from constants of this file; values are parameters)
"""Places on tasks that come back: leases past their time, and the statement by which any place returns to the queue."""

from django.db import connection, transaction

# One batch of expired leases takes about 20 ms.
EXPIRY_BATCH = 500

# A place that was assigned, or whose answer was sent back, stays this person's, in no window's hand; all others go to
# whoever comes.
WAITS = """(l.assigned IS TRUE OR EXISTS (
  SELECT FROM labeling_rejection x
  WHERE x.task_id = l.task_id AND x.annotator_id = l.annotator_id AND x.settled_at IS NULL))"""
# The same task may be named twice: two people lost it in one batch.
RETURN = """
WITH given AS (SELECT id, count(*) AS places FROM unnest(%s::bigint[]) AS id GROUP BY id),
locked AS MATERIALIZED (
  SELECT t.id, given.places FROM labeling_task t JOIN given USING (id) ORDER BY t.id FOR NO KEY UPDATE OF t)
UPDATE labeling_task t SET open_slots = t.open_slots + locked.places, returned_at = clock_timestamp()
FROM locked WHERE t.id = locked.id
"""
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
            cursor.execute(RETURN, [tasks])
    return len(tasks)


def sweep_leases() -> int:
    """Return every expired place to the queue, batch by batch, and say how many there were."""
    total = 0
    while count := expire_leases():
        total += count
        if count < EXPIRY_BATCH:
            break
    return total
