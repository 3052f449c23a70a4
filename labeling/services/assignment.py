"""Giving tasks to people, by hand or by rule, and taking them back: by a request or, for many, by a job.

An assigned task is a place held for one person without an end. So whoever comes to the queue finds no place there, the
overlap is never exceeded, and the queue of a project without assignments costs what it did before.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership
from accounts.roles import ROLES
from accounts.services import audit
from core.errors import DomainError, NotFound
from curation.engine.steps.select_items import write_ranges
from labeling.engine.schema import parse_schema
from labeling.models import Assignment, AssignmentKind, AssignmentState, Project
from labeling.services.assigned_place import assign_batch, take_batch, take_own_batch
from labeling.services.grid import Looker, Wish, chosen, look, looker_of, wish_of
from labeling.services.grid_source import END
from labeling.services.project import find_project
from labeling.services.queue import refuse_archived
from workers.context import JobContext
from workers.services.job import enqueue

# More than these are given out or taken back by a job.
AT_ONCE = 500
# A batch of this many tasks for ten people takes about 60 ms; its people's requests wait for it.
BATCH = 500
MOST_NAMED = 10_000
MOST_PEOPLE = 200
KIND = "labeling.assign"
WORKERS = tuple(role for role, scopes in ROLES.items() if "label" in scopes)
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be given out or taken back.

    Attributes:
        people: Ids of members who label, in the order in which they take turns.
        items: Numbers of the items; None when `wanted` finds them.
        wanted: A filter as `labeling.services.grid.FIELDS` names it; an empty one is every item.
        each: Of these people, how many get each task.
        per_person: At most so many tasks for one person; None for an even split of everything.
        skill_column: A column whose value must be among a person's skills; empty for none.
        client_key: Made by the sender, so that sending twice gives out once.
    """

    people: Sequence[int]
    items: Sequence[int] | None = None
    wanted: Mapping[str, str] | None = None
    each: int = 1
    per_person: int | None = None
    skill_column: str = ""
    client_key: uuid.UUID | None = None


@dataclass(slots=True)
class Part:
    """Some of an order's tasks and who may get them."""

    wish: Wish
    people: list[int]


@dataclass(slots=True)
class Given:
    """What an order has given out so far."""

    people: Counter[int] = field(default_factory=Counter)
    rest: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Return it as the order keeps it."""
        return {**self.rest, "people": {str(person): count for person, count in sorted(self.people.items())}}

    @classmethod
    def of(cls, counts: Mapping[str, Any]) -> "Given":
        """Read what an order kept."""
        people = Counter({int(person): count for person, count in counts.get("people", {}).items()})
        return cls(people, Counter({name: count for name, count in counts.items() if name != "people"}))


def give_tasks(*, actor: Actor, project_id: int, order: Order) -> Assignment:
    """Give tasks to people; of more than 500 a job does it, which ``assignment.job`` then names.

    Each task goes to whoever has got the fewest by this order. Tasks without a free place, and people who have the task
    already, are passed over and counted.

    Raises:
        NotFound: No such project.
        Conflict: ``project_archived``.
        DomainError: ``people_invalid``, ``items_invalid``, ``filter_invalid``, ``skills_missing``.
    """
    project = find_project(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    people = _members(actor, order.people)
    selection = _selection(actor, project, order)
    if order.skill_column:
        _check_skills(actor, project, order, selection)
    fields = {"each": order.each, "per_person": order.per_person, "skill_column": order.skill_column}
    return _start(actor, project, AssignmentKind.GIVE, people, selection, order, fields)


def take_tasks(*, actor: Actor, project_id: int, order: Order) -> Assignment:
    """Take assigned tasks back from people: all that wait, or those that are named or found. Answers stay.

    A task that a person has open just now stays theirs until they answer it or leave it; then it is anybody's.

    Raises:
        NotFound: No such project.
        DomainError: ``people_invalid``, ``items_invalid``, ``filter_invalid``.
    """
    project = find_project(actor=actor, project_id=project_id)
    # Also from people who are no members any more.
    people = sorted(set(order.people))
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise _people_invalid()
    everything = order.items is None and not order.wanted
    selection = {} if everything else _selection(actor, project, order)
    return _start(actor, project, AssignmentKind.TAKE, people, selection, order, {})


def _start(
    actor: Actor, project: Project, kind: str, people: list[int], selection: dict[str, Any], order: Order,
    fields: dict[str, Any],
) -> Assignment:  # fmt: skip
    key = order.client_key or uuid.uuid4()
    try:
        with transaction.atomic():
            made = Assignment.objects.create(
                project=project,
                kind=kind,
                people=people,
                selection=selection,
                client_key=key,
                created_by_id=actor.user_id or None,
                created_at=timezone.now(),
                **fields,
            )
            audit.record(
                actor=actor, action=f"project.assign_{kind}", subject=f"project:{project.pk}", assignment=made.pk,
                people=people,
            )  # fmt: skip
            if not _is_small(made):
                made.job = enqueue(
                    kind=KIND,
                    actor=actor,
                    params={"assignment_id": made.pk},
                    title=_("Share out tasks of %(project)s") % {"project": project.name},
                    subject=f"project:{project.pk}",
                )
                made.save(update_fields=["job"])
                return made
    except IntegrityError:
        # The same order came before, or twice at once; it is carried out once.
        return find_assignment(actor=actor, assignment_id=Assignment.objects.get(project=project, client_key=key).pk)
    # In a transaction of its own: the order's row is locked first, by whoever carries it out.
    state = {"part": 0, "after": 0}
    while state["part"] != END:
        state = _do_batch(made, state)[1]
    return find_assignment(actor=actor, assignment_id=made.pk)


def _is_small(made: Assignment) -> bool:
    if not made.selection:
        return sum(_left_of(made.project, made.people).values()) <= AT_ONCE
    parts = _parts(made)
    if len(parts) > 1:
        return False
    seen = look(project=made.project, wish=parts[0].wish, looker=_looker(made), limit=AT_ONCE, seconds=LOOK_SECONDS)
    return seen.after == END


def _left_of(project: Project, people: Sequence[int]) -> dict[int, int]:
    rows = project.progress.filter(annotator__in=people)
    return dict(rows.values_list("annotator", "assigned_left"))


def _people_invalid() -> DomainError:
    detail = _("Name from 1 to %(most)s members who label.") % {"most": MOST_PEOPLE}
    return DomainError("people_invalid", detail, field="people")


def _members(actor: Actor, people: Sequence[int]) -> list[int]:
    named = list(dict.fromkeys(people))
    rows = Membership.objects.filter(organization_id=actor.organization_id, user__in=named, role__in=WORKERS)
    known = set(rows.values_list("user_id", flat=True))
    if not 1 <= len(named) <= MOST_PEOPLE or any(person not in known for person in named):
        raise _people_invalid()
    return named


def _selection(actor: Actor, project: Project, order: Order) -> dict[str, Any]:
    """Return what the order keeps of the choice of items."""
    if order.items is not None:
        items = sorted(set(order.items))
        if not 1 <= len(items) <= MOST_NAMED:
            detail = _("Name from 1 to %(most)s items, or choose them by a filter.") % {"most": f"{MOST_NAMED:,}"}
            raise DomainError("items_invalid", detail, field="items")
        return {"items": write_ranges(np.array(items, np.int64))}
    if order.wanted is None:
        raise DomainError("items_invalid", _("Say which items, by their numbers or by a filter."), field="items")
    looker = looker_of(actor)
    wish = wish_of(order.wanted, project=project, schema=parse_schema(project.schema), looker=looker)
    return {**wish.to_json(), "sees_all": looker.sees_all, "looker": actor.user_id}


def _check_skills(actor: Actor, project: Project, order: Order, selection: Mapping[str, Any]) -> None:
    columns = {name for name, _kind in project.version.manifest.get("columns", [])}
    if order.skill_column not in columns:
        detail = _("The version has no column %(name)s.") % {"name": order.skill_column[:80]}
        raise DomainError("skills_missing", detail, field="skill_column")
    if selection.get("column"):
        detail = _("Items are chosen by one column or matched to skills by one, not both at once.")
        raise DomainError("skills_missing", detail, field="skill_column")
    if not _by_skill(actor.organization_id, order.people):
        detail = _("None of these people has a skill noted. Note skills on the page of the team.")
        raise DomainError("skills_missing", detail, field="skill_column")


def _by_skill(organization_id: int, people: Sequence[int]) -> dict[str, list[int]]:
    """Return who has which skill, in the order of the people, by skill."""
    rows = Membership.objects.filter(organization_id=organization_id, user__in=people, role__in=WORKERS)
    skills = dict(rows.values_list("user_id", "skills"))
    found: dict[str, list[int]] = {}
    for person in people:
        for skill in skills.get(person, []):
            found.setdefault(skill, []).append(person)
    return dict(sorted(found.items()))


def _looker(made: Assignment) -> Looker:
    return Looker(int(made.selection.get("looker", 0)), bool(made.selection.get("sees_all", False)))


def _parts(made: Assignment) -> list[Part]:
    """Return which tasks are for whom, in an order that a job keeps over its attempts."""
    if not made.selection:
        return [Part(Wish(), [person]) for person in made.people]
    selection = {name: value for name, value in made.selection.items() if name not in ("sees_all", "looker")}
    if set(selection) == {"items"} and "sees_all" not in made.selection:
        wish = chosen(selection["items"])
    else:
        schema = parse_schema(made.project.schema)
        wish = wish_of(selection, project=made.project, schema=schema, looker=_looker(made))
    if not made.skill_column:
        return [Part(wish, list(made.people))]
    skilled = _by_skill(made.project.organization_id, made.people)
    return [Part(replace(wish, column=made.skill_column, value=skill), who) for skill, who in skilled.items()]


def run_assignment(*, job: JobContext, assignment_id: int) -> dict[str, Any]:
    """Carry an order out, batch by batch.

    Each batch, the place it ends at and the figures are one transaction, so a job that was killed goes on behind the
    last one, and nothing is given out twice.

    Returns:
        The job's result: how many places each person got or gave back, and what was passed over.
    """
    rows = Assignment.objects.filter(project__organization_id=job.organization_id, pk=assignment_id)
    made = rows.select_related("project__version").first()
    if made is None:
        raise NotFound(_("This order is gone."))
    state = {"part": 0, "after": 0, "seen": 0, **job.state}
    while state["part"] != END and made.state == AssignmentState.RUNNING:
        made, state = _do_batch(made, state, job)
        job.progress(state["seen"], None, _("sharing out tasks"), rows_done=made.places)
    return {"assignment": made.pk, **made.counts}


def _do_batch(
    made: Assignment, state: dict[str, Any], job: JobContext | None = None
) -> tuple[Assignment, dict[str, Any]]:
    """Do one batch and return the order and where to go on; `part` is `END` at the end."""
    parts = _parts(made)
    tasks: list[int] = []
    if state["part"] >= len(parts):
        part, after = None, END
    else:
        part = parts[state["part"]]
        tasks, after = _next_tasks(made, part, state["after"])
    with transaction.atomic(), connection.cursor() as cursor:
        locked = Assignment.objects.select_for_update(of=("self",)).select_related("project__version").get(pk=made.pk)
        given, is_over = Given.of(locked.counts), False
        if part is not None and locked.state == AssignmentState.RUNNING:
            is_over = _carry_out(cursor, locked, part, tasks, given)
        if not made.selection and not is_over:
            after = 0
        state = {**state, "seen": state.get("seen", 0) + len(tasks), "after": after}
        if after == END or is_over:
            state |= {"part": state["part"] + 1, "after": 0}
        if state["part"] >= len(parts):
            state["part"], locked.state = END, AssignmentState.DONE
        locked.counts = given.to_json()
        locked.save(update_fields=["counts", "state"])
        if job is not None:
            # In this transaction, so that the place and the leases are one; raises when another worker has the job.
            job.save_state(state)
    return locked, state


def _next_tasks(made: Assignment, part: Part, after: int) -> tuple[list[int], int]:
    if not made.selection:
        return [], after
    seen = look(project=made.project, wish=part.wish, looker=_looker(made), after=after, limit=BATCH, seconds=None)
    return [task for task, _item in seen.tasks], seen.after


def _carry_out(cursor: Any, made: Assignment, part: Part, tasks: list[int], given: Given) -> bool:
    """Do a batch and say whether nothing more of this part can be done."""
    if made.kind == AssignmentKind.GIVE:
        return assign_batch(
            cursor, made.project_id, sorted(tasks), part.people, given, each=made.each, most=made.per_person
        )
    if made.selection:
        take_batch(cursor, made.project_id, sorted(tasks), part.people, given)
        return False
    return take_own_batch(cursor, made.project_id, part.people[0], BATCH, given) < BATCH


def find_assignment(*, actor: Actor, assignment_id: int) -> Assignment:
    """Return an order of the actor's organization or raise NotFound."""
    rows = Assignment.objects.visible_to(actor).select_related("project__version", "job", "created_by")
    found = rows.filter(pk=assignment_id).first()
    if found is None:
        raise NotFound(_("There is no such assignment."))
    return found  # type: ignore[no-any-return]
