"""Places that are held for people: given out, taken back, and waiting again when their answer was taken away."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from labeling.models import Progress
from labeling.services.expiry import return_places


class Seat(Protocol):
    """Whose places they are: a locked desk or progress row."""

    @property
    def project_id(self) -> int:
        """The project."""

    @property
    def annotator_id(self) -> int:
        """The person."""


_WAIT_AGAIN = """
WITH again AS (
  UPDATE labeling_lease SET assigned = true, expires_at = NULL
  WHERE annotator_id = %(annotator)s AND task_id = ANY(%(tasks)s::bigint[]) AND assigned IS FALSE
  RETURNING NOT gold AS counts)
UPDATE labeling_progress m SET assigned_left = m.assigned_left + a.count
FROM (SELECT count(*) FILTER (WHERE counts) AS count FROM again) a
WHERE m.project_id = %(project)s AND m.annotator_id = %(annotator)s AND a.count > 0
"""


def wait_again(cursor: Any, seat: Seat, tasks: Sequence[int]) -> None:
    """Let assigned places whose answer was taken away wait for this person's answer again.

    The caller has locked the person's progress row and removed the answers.
    """
    cursor.execute(_WAIT_AGAIN, {"project": seat.project_id, "annotator": seat.annotator_id, "tasks": list(tasks)})


class Figures(Protocol):
    """Where what was given out or taken back is counted."""

    people: Counter[int]
    rest: Counter[str]


@dataclass(slots=True)
class Taken:
    """Figures for whoever only wants the places."""

    people: Counter[int] = field(default_factory=Counter)
    rest: Counter[str] = field(default_factory=Counter)


# In the order in which everybody locks: people's rows, leases, tasks by id.
_LOCK_PEOPLE = """
SELECT annotator_id FROM labeling_progress WHERE project_id = %(project)s AND annotator_id = ANY(%(people)s)
ORDER BY id FOR UPDATE
"""
_LOCK_TASKS = """
SELECT t.id, t.open_slots FROM labeling_task t
WHERE NOT t.is_gold AND t.project_id = %(project)s AND t.id = ANY(%(tasks)s::bigint[]) ORDER BY t.id FOR NO KEY UPDATE
"""
_WHO_HAS = """
SELECT task_id, annotator_id FROM labeling_lease
WHERE task_id = ANY(%(tasks)s::bigint[]) AND annotator_id = ANY(%(people)s)
"""
_GIVE = """
WITH given AS MATERIALIZED (
  SELECT * FROM unnest(%(given_tasks)s::bigint[], %(given_people)s::bigint[])
    WITH ORDINALITY AS g(task_id, annotator_id, place)),
taken AS (
  UPDATE labeling_task t SET open_slots = t.open_slots - n.places
  FROM (SELECT task_id, count(*) AS places FROM given GROUP BY task_id) n WHERE t.id = n.task_id),
counted AS (
  UPDATE labeling_progress m SET assigned_left = m.assigned_left + n.places
  FROM (SELECT annotator_id, count(*) AS places FROM given GROUP BY annotator_id) n
  WHERE m.project_id = %(project)s AND m.annotator_id = n.annotator_id)
INSERT INTO labeling_lease (task_id, project_id, annotator_id, token, expires_at, assigned)
SELECT task_id, %(project)s, annotator_id, gen_random_uuid(), NULL, true FROM given ORDER BY place
"""


def assign_batch(
    cursor: Any, project_id: int, tasks: list[int], people: list[int], given: Figures, *, each: int, most: int | None
) -> bool:
    """Hold places on tasks for people, each task for those who have got the fewest so far.

    Args:
        cursor: Of the caller's transaction.
        project_id: The project.
        tasks: By rising id.
        people: Who may get them; of equals, the first.
        given: What was given out before; what is given out now is added, and what was passed over.
        each: How many of the people get each task.
        most: How many tasks one person gets at most.

    Returns:
        Whether everybody has as many as they may get.
    """
    Progress.objects.bulk_create(
        [Progress(project_id=project_id, annotator_id=person) for person in people], ignore_conflicts=True
    )
    values: dict[str, Any] = {"project": project_id, "people": people, "tasks": tasks}
    cursor.execute(_LOCK_PEOPLE, values)
    cursor.execute(_LOCK_TASKS, values)
    places = cursor.fetchall()
    cursor.execute(_WHO_HAS, values)
    has: set[tuple[int, int]] = set(cursor.fetchall())
    pairs = _turns(places, has, people, given, each, most)
    cursor.execute(
        _GIVE,
        {
            "project": project_id,
            "given_tasks": [task for task, _person in pairs],
            "given_people": [person for _task, person in pairs],
        },
    )
    return most is not None and all(given.people[person] >= most for person in people)


def _turns(
    places: list[tuple[int, int]], has: set[tuple[int, int]], people: list[int], given: Figures, each: int,
    most: int | None,
) -> list[tuple[int, int]]:  # fmt: skip
    """Return who gets which task, and count it."""
    order = {person: number for number, person in enumerate(people)}
    pairs: list[tuple[int, int]] = []
    for task, free in places:
        able = [person for person in people if most is None or given.people[person] < most]
        fit = [person for person in able if (task, person) not in has]
        who = sorted(fit, key=lambda person: (given.people[person], order[person]))[: min(each, free)]
        given.people.update(who)
        pairs += [(task, person) for person in who]
        given.rest["tasks" if who else "enough" if not able else "full" if fit else "theirs"] += 1
    return pairs


# A task that somebody has open stays theirs; it is an ordinary lease from now on.
_TAKE = """
WITH mine AS MATERIALIZED (
  SELECT l.id, l.expires_at >= now() AS is_open FROM labeling_lease l
  WHERE l.project_id = %(project)s AND l.assigned AND NOT l.gold AND {which} FOR UPDATE),
kept AS (UPDATE labeling_lease l SET assigned = NULL FROM mine WHERE l.id = mine.id AND mine.is_open
  RETURNING l.annotator_id),
gone AS (DELETE FROM labeling_lease l USING mine WHERE l.id = mine.id AND mine.is_open IS NOT TRUE
  RETURNING l.annotator_id, l.task_id),
counted AS (
  UPDATE labeling_progress m SET assigned_left = m.assigned_left - n.places
  FROM (SELECT annotator_id, count(*) AS places
        FROM (SELECT annotator_id FROM kept UNION ALL SELECT annotator_id FROM gone) each GROUP BY annotator_id) n
  WHERE m.project_id = %(project)s AND m.annotator_id = n.annotator_id)
SELECT annotator_id, task_id FROM gone UNION ALL SELECT annotator_id, NULL FROM kept
"""
_OF_TASKS = "l.task_id = ANY(%(tasks)s::bigint[]) AND l.annotator_id = ANY(%(people)s)"
_OF_PERSON = """l.id IN (
  SELECT id FROM labeling_lease
  WHERE project_id = %(project)s AND annotator_id = ANY(%(people)s) AND assigned AND NOT gold
  ORDER BY id LIMIT %(most)s)"""


def take_batch(cursor: Any, project_id: int, tasks: list[int], people: list[int], given: Figures) -> None:
    """Take back what is assigned of these tasks to these people."""
    _take(cursor, _OF_TASKS, {"project": project_id, "tasks": tasks, "people": people}, given)


def take_own_batch(cursor: Any, project_id: int, person: int, most: int, given: Figures) -> int:
    """Take back up to `most` tasks that are assigned to a person, and say how many there were."""
    return _take(cursor, _OF_PERSON, {"project": project_id, "people": [person], "most": most}, given)


def _take(cursor: Any, which: str, values: dict[str, Any], given: Figures) -> int:
    cursor.execute(_LOCK_PEOPLE, values)
    cursor.execute(_TAKE.format(which=which), values)
    rows = cursor.fetchall()
    given.people.update(person for person, _task in rows)
    given.rest["kept"] += sum(task is None for _person, task in rows)
    back = [task for _person, task in rows if task is not None]
    given.rest["tasks"] += len(set(back))
    return_places(cursor, back)
    return len(rows)
