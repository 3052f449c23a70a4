"""Work that waits for people who have left: it goes back to those who are there.

Whoever is no member any more, or has a role that does not label, cannot answer. Tasks that were given to them and
answers of theirs that were sent back would wait for ever, and the project would never be done.
"""

from django.db import connection, transaction

from accounts.services import audit
from accounts.services.actor import system_actor
from labeling.models import Draft
from labeling.services.assigned_place import Taken, take_own_batch
from labeling.services.assignment import BATCH, WORKERS
from labeling.services.expiry import return_places

# People of one sweep; the next one takes the others.
MOST = 50

# Starts from one row a person and project, of which few wait for anything.
_LEFT = """
SELECT m.project_id, m.annotator_id, p.organization_id
FROM labeling_progress m JOIN labeling_project p ON p.id = m.project_id
WHERE p.state <> 'archived' AND (m.assigned_left > 0 OR EXISTS (
    SELECT FROM labeling_rejection x
    WHERE x.project_id = m.project_id AND x.annotator_id = m.annotator_id AND x.settled_at IS NULL))
  AND NOT EXISTS (
    SELECT FROM accounts_membership a
    WHERE a.organization_id = p.organization_id AND a.user_id = m.annotator_id AND a.role = ANY(%(workers)s))
ORDER BY m.id LIMIT %(most)s
"""
# In the order in which everybody locks: the person's row, leases, and then tasks.
_LOCK = "SELECT id FROM labeling_progress WHERE project_id = %(project)s AND annotator_id = %(person)s FOR UPDATE"
_SENT_BACK = """
WITH back AS MATERIALIZED (
  SELECT id, task_id FROM labeling_rejection
  WHERE project_id = %(project)s AND annotator_id = %(person)s AND settled_at IS NULL ORDER BY id LIMIT %(most)s),
settled AS (UPDATE labeling_rejection x SET settled_at = now() FROM back WHERE x.id = back.id)
DELETE FROM labeling_lease l USING back WHERE l.task_id = back.task_id AND l.annotator_id = %(person)s
RETURNING l.task_id, l.gold
"""


def return_work_of_leavers() -> int:
    """Let everybody have what waits for people who do not label here any more, and say how many places there were.

    Running twice at once, or after a crash in the middle, is harmless: each batch is one transaction. Answers stay.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"workers": list(WORKERS), "most": MOST})
        found = cursor.fetchall()
    total = 0
    for project, person, organization in found:
        places = 0
        while batch := _return_batch(project, person):
            places += batch
        total += places
        if places:
            audit.record(
                actor=system_actor(organization_id=organization), action="project.return_work",
                subject=f"project:{project}", person=person, places=places,
            )  # fmt: skip
    return total


@transaction.atomic
def _return_batch(project: int, person: int) -> int:
    values = {"project": project, "person": person, "most": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        taken = take_own_batch(cursor, project, person, BATCH, Taken())
        cursor.execute(_SENT_BACK, values)
        rows = cursor.fetchall()
        Draft.objects.filter(annotator=person, task__in=[task for task, _gold in rows]).delete()
        return_places(cursor, [task for task, is_gold in rows if not is_gold])
    return taken + len(rows)
