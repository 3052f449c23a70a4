"""All answers to one task beside each other, and the tasks on which people differ, in an order that can be paged."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actor import Actor
from labeling.engine.schema import Schema
from labeling.models import (
    Adjudication,
    AgreementReport,
    Annotation,
    Dispute,
    DisputeState,
    Project,
    Task,
)
from labeling.services.queue import Row
from labeling.services.result import Wish, has_label

PAGE = 20
# How many tasks one page looks at before it offers to go on, however few pass the filter.
SCAN = 5_000
# More are not counted, so that a page costs the same in a large project.
MOST_COUNTED = 10_000
SORTS = ("confidence", "agreement")


@dataclass(frozen=True, slots=True)
class DisputeWish:
    """Which tasks somebody looks for; what is empty does not matter.

    Attributes:
        state: A value of DisputeState.
        control: People differ on this control.
        label: ``control=value``: somebody gave this label.
        person: Id of somebody who answered.
        sort: A row of SORTS: the least of which comes first.
        task: This task alone, whatever else is said.
        item: The task of this item alone.
    """

    state: str = DisputeState.OPEN
    control: str = ""
    label: str = ""
    person: int | None = None
    sort: str = "confidence"
    task: int | None = None
    item: int | None = None


@dataclass(frozen=True, slots=True)
class Disputes:
    """One page of tasks.

    Attributes:
        rows: As the API lists them.
        after: Where to go on, None at the end.
        cut_short: Whether the page ends because it looked at enough.
    """

    rows: list[Row]
    after: str | None
    cut_short: bool = False


def find_disputes(
    *, actor: Actor, project: Project, schema: Schema, wish: DisputeWish, after: str = "", names: bool = False
) -> Disputes:
    """Return the tasks on which people differ, the most open first, each with all its answers.

    Args:
        actor: Who looks; has to see others' answers.
        project: The project, which the actor may see.
        schema: Its schema.
        wish: Which tasks.
        after: Where the page before ended; unknown ones start at the top.
        names: Whether people are named; else nothing says who gave which answer.
    """
    if wish.task is not None or wish.item is not None:
        one = Q(pk=wish.task) if wish.task is not None else Q(item_id=wish.item)
        tasks = list(
            Task.objects.visible_to(actor).filter(one, project=project, is_gold=False).select_related("dispute")
        )
        return Disputes(_shown(project, tasks, names), None)
    sort = wish.sort if wish.sort in SORTS else SORTS[0]
    rows: QuerySet[Any] = Dispute.objects.visible_to(actor).filter(project=project, state=wish.state)
    rows = _behind(rows, sort, after).order_by(sort, "pk")
    edge = rows.values_list(sort, "pk")[SCAN - 1 : SCAN].first()
    looked_at = (
        rows if edge is None else rows.filter(Q(**{f"{sort}__lt": edge[0]}) | Q(**{sort: edge[0]}, pk__lte=edge[1]))
    )
    found = list(_passing(looked_at, schema, wish).select_related("task")[: PAGE + 1])
    tasks = []
    for row in found[:PAGE]:
        row.task.dispute = row
        tasks.append(row.task)
    if len(found) > PAGE:
        last = found[PAGE - 1]
        return Disputes(_shown(project, tasks, names), f"{getattr(last, sort)!r}:{last.pk}")
    return Disputes(_shown(project, tasks, names), None if edge is None else f"{edge[0]!r}:{edge[1]}", edge is not None)


def count_disputes(*, actor: Actor, project: Project) -> dict[str, int]:
    """Return how many tasks on which people differ are in each state, counted up to MOST_COUNTED + 1."""
    rows = Dispute.objects.visible_to(actor).filter(project=project)
    return {state: rows.filter(state=state)[: MOST_COUNTED + 1].count() for state in DisputeState.values}


def _behind(rows: QuerySet[Any], sort: str, after: str) -> QuerySet[Any]:
    value, _colon, number = after.partition(":")
    try:
        least, pk = float(value), int(number)
    except ValueError:
        return rows
    return rows.filter(Q(**{f"{sort}__gt": least}) | Q(**{sort: least}, pk__gt=pk))


def _passing(rows: QuerySet[Any], schema: Schema, wish: DisputeWish) -> QuerySet[Any]:
    if wish.control:
        rows = rows.filter(controls__has_key=wish.control)
    control, _sign, value = wish.label.partition("=")
    if control:
        if control not in schema.by_name:
            return rows.none()
        given = Annotation.objects.filter(has_label(schema, Wish(control=control, value=value)), task=OuterRef("task"))
        rows = rows.filter(Exists(given))
    if wish.person is not None:
        rows = rows.filter(Exists(Annotation.objects.filter(task=OuterRef("task"), annotator=wish.person)))
    return rows


def _shown(project: Project, tasks: Sequence[Task], names: bool) -> list[Row]:
    numbers = [task.pk for task in tasks]
    answers: dict[int, list[Annotation]] = defaultdict(list)
    for answer in Annotation.objects.filter(task__in=numbers).select_related("annotator"):
        answers[answer.task_id].append(answer)
    decided = {row.task_id: row for row in Adjudication.objects.filter(task__in=numbers).select_related("decided_by")}
    skills = _skills(project)
    return [_show(task, answers[task.pk], decided.get(task.pk), skills, names) for task in tasks]


def _show(
    task: Task, answers: Sequence[Annotation], decision: Adjudication | None, skills: dict[str, Row], names: bool
) -> Row:
    dispute: Dispute | None = getattr(task, "dispute", None)
    return {
        "task": {"id": task.pk, "item_id": task.item_id, "data": task.data},
        "confidence": None if dispute is None else dispute.confidence,
        "agreement": None if dispute is None else dispute.agreement,
        "controls": {} if dispute is None else dispute.controls,
        "answers": [_answer(each, skills, names) for each in sorted(answers, key=_lot)],
        "decision": None if decision is None else show_decision(decision),
    }


def _lot(answer: Annotation) -> bytes:
    """Draw the place of an answer: always the same, and another for each task, so that places tell nobody's name."""
    return blake2b(f"{answer.task_id}:{answer.annotator_id}".encode(), digest_size=8).digest()


def _answer(answer: Annotation, skills: dict[str, Row], names: bool) -> Row:
    person = {"id": answer.annotator_id, "name": str(answer.annotator)}
    return {
        "annotation": answer.pk,
        "revision": answer.revision,
        "annotator": person if names else None,
        "answer": answer.answer,
        "skipped": answer.skipped,
        "reason": answer.reason,
        "verdict": answer.verdict or "none",
        "skill": skills.get(str(answer.annotator_id)),
    }


def _skills(project: Project) -> dict[str, Row]:
    """Return what the last measure of agreement says of each person: of the control on which they did worst."""
    report = AgreementReport.objects.filter(project=project).values_list("report", flat=True).first()
    found: dict[str, Row] = {}
    for control in (report or {}).get("controls", []):
        for person in control["people"]:
            known = {"accuracy": person["accuracy"], "skill": person["skill"], "answers": person["answers"]}
            worse = found.get(person["name"])
            if worse is None or (known["accuracy"] or 0) < (worse["accuracy"] or 0):
                found[person["name"]] = known
    return found


def show_decision(decision: Adjudication) -> Row:
    """Return a decision as the API gives it."""
    by = decision.decided_by
    return {
        "task": decision.task_id,
        "state": decision.state,
        "answer": decision.answer,
        "annotation": decision.annotation_number,
        "edited": decision.edited,
        "incomplete": decision.incomplete,
        "reason": decision.reason,
        "revision": decision.revision,
        "by": None if by is None else {"id": by.pk, "name": str(by)},
        "at": decision.decided_at,
    }
