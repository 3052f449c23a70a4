"""The order in which tasks are handed out, as a model wishes it.

Tasks are handed out by rising rank, and a task that nobody ranked has rank 0. A model's wishes are ranks from -1 up to
0: they come before all others. Only tasks at which nobody sits or sat are moved; those that were
given back come first of all anyhow, by the time at which they were. A task with one of two answers keeps
its early rank, and so is finished soon.
"""

from collections.abc import Sequence

from django.db import connection, transaction

from labeling.services.queue import rewind_cursors

# 500 tasks are moved in about 20 ms, while whoever labels in the project waits.
BATCH = 500

# Where tasks should stand and do not: those that are wished for, and those that were and are no longer.
_MOVES = """
WITH wish AS (
  SELECT item_id, place / %(count)s::float8 - 1 AS rank
  FROM unnest(%(items)s::bigint[]) WITH ORDINALITY AS w(item_id, position), LATERAL (SELECT position - 1 AS place) p),
wished AS (
  SELECT t.id, t.rank AS old, wish.rank FROM wish
  JOIN labeling_task t ON t.project_id = %(project)s AND t.item_id = wish.item_id WHERE t.open_slots = t.overlap)
SELECT id, rank FROM wished WHERE rank IS DISTINCT FROM old
UNION ALL
SELECT t.id, 0 FROM labeling_task t
WHERE t.project_id = %(project)s AND t.rank >= -1 AND t.rank < 0 AND t.open_slots = t.overlap
  AND t.open_slots > 0 AND t.returned_at IS NULL AND NOT EXISTS (SELECT FROM wished WHERE wished.id = t.id)
ORDER BY 1
"""
# Skipped are tasks that somebody is being given, and those are no longer untouched.
_MOVE = """
WITH wish AS (SELECT * FROM unnest(%(tasks)s::bigint[], %(ranks)s::float8[]) AS w(id, rank)),
locked AS MATERIALIZED (
  SELECT t.id, wish.rank FROM labeling_task t JOIN wish USING (id)
  WHERE t.open_slots = t.overlap ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED)
UPDATE labeling_task t SET rank = locked.rank FROM locked WHERE t.id = locked.id
"""


def order_tasks(*, project_id: int, items: Sequence[int]) -> int:
    """Have these items handed out first, in this order, and all other untouched ones after them, as they came.

    Done in batches, each a transaction that first lets everybody look at the whole queue again: a rank that falls below
    somebody's place in the queue would otherwise never come to them. Doing it twice changes nothing.

    Args:
        project_id: The project.
        items: Numbers of items, each once; none puts every task back to where it came.

    Returns:
        How many tasks were moved.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, {"project": project_id, "items": list(items), "count": max(1, len(items))})
        moves = cursor.fetchall()
    moved = 0
    for start in range(0, len(moves), BATCH):
        moved += _move(project_id, moves[start : start + BATCH])
    if moved:
        # Somebody who sat down for the first time between the locks and the moves of a batch looked at the old order.
        _move(project_id, [])
    return moved


@transaction.atomic
def _move(project_id: int, moves: Sequence[tuple[int, float]]) -> int:
    with connection.cursor() as cursor:
        rewind_cursors(cursor, project_id)
        if not moves:
            return 0
        cursor.execute(_MOVE, {"tasks": [row[0] for row in moves], "ranks": [row[1] for row in moves]})
        return int(cursor.rowcount)
