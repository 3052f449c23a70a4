"""Tasks whose right answer is known: marked from an answer, by hand or from a column, and marked no more.

Order of locks as in `labeling.services.queue`: people's rows, leases, tasks by id, and the project's row last.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from curation.services.version import open_version
from labeling.engine.schema import Answer, AnswerError, parse_schema, validate_answer
from labeling.models import Annotation, Gold, GoldState, GoldUse, Lease, OnboardingAnswer, Progress, Project, Task
from labeling.querysets.gold import MANAGERS
from labeling.services.acceptance_return import forget_labels
from labeling.services.gold_use import count_gold, explained, use_as, use_named
from labeling.services.onboarding_gate import lock_people
from labeling.services.project import find_project
from labeling.services.queue import refuse_archived
from labeling.services.task import close_places, open_places
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

# A set of this size tells a share of right answers to a hundredth; more would cost answers and tell nothing.
MOST_GOLD = 20_000
BATCH = 200
KIND = "labeling.import_gold"
# The job's result names this many values that are no label.
NAMED = 10

Row = dict[str, Any]


def find_gold(*, actor: Actor, gold_id: int) -> Gold:
    """Return a right answer that this actor may know of, or raise NotFound."""
    found = Gold.objects.visible_to(actor).select_related("task", "project", "made_by").filter(pk=gold_id).first()
    if found is None:
        raise NotFound(_("There is no such right answer."))
    return found  # type: ignore[no-any-return]


def refuse_others(actor: Actor) -> None:
    """Raise NotAllowed for people who may not know of right answers."""
    if not any(actor.can(scope) for scope in MANAGERS):
        raise NotAllowed(MANAGERS)


@transaction.atomic
def mark_gold(
    *,
    actor: Actor,
    project_id: int,
    item: int | None = None,
    annotation: int | None = None,
    answer: Any = None,
    explanation: str | None = None,
    use: str | None = None,
) -> Gold:
    """Make a task gold, or give one that is gold another answer, explanation or use.

    Args:
        actor: Who says what is right; they manage or review.
        project_id: The project.
        item: The item whose task it is; or else:
        annotation: An answer whose task it is, and whose contents are right unless `answer` says otherwise.
        answer: What is right.
        explanation: Why it is right, for those who review and for training; at most 2,000 characters. None leaves
            that of an answer that is known already.
        use: A row of GoldUse, hidden in the work by default. None leaves that of an answer that is known already.

    Raises:
        NotFound: No such project, item or answer.
        NotAllowed: The actor neither manages nor reviews.
        Conflict: ``task_in_hand`` while somebody has the task, or it is given to somebody; ``gold_full``.
        DomainError: ``answer_invalid``, ``answer_missing``.
    """
    refuse_others(actor)
    project = find_project(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    if use is not None:
        # Everybody's rows first, as everywhere: what is hidden again may lie behind their place.
        lock_people(project.pk)
    task_id, given = _task_of(actor, project, item, annotation)
    task = Task.objects.select_for_update(no_key=True).filter(pk=task_id).first()
    if task is None:
        raise NotFound(_("There is no such task."))
    right = _checked(project, task, given if answer is None else answer)
    earlier = Gold.objects.filter(task=task).first()
    fields: Row = {"answer": right, "schema_revision": project.schema_revision}
    if explanation is not None:
        fields["explanation"] = explained(explanation)
    if earlier is None:
        fields["use"] = use or GoldUse.HIDDEN
        made = _close_and_mark(actor, project, [(task, fields)])[0]
    else:
        for name, value in fields.items():
            setattr(earlier, name, value)
        earlier.save(update_fields=list(fields))
        use_as(project.pk, [earlier.pk], use or earlier.use)
        made = earlier
    audit.record(
        actor=actor, action="project.mark_gold", subject=f"project:{project.pk}", task=task.pk, item=task.item_id,
        answer=right, use=use or made.use,
    )  # fmt: skip
    return made


def _task_of(actor: Actor, project: Project, item: int | None, annotation: int | None) -> tuple[int, Any]:
    if annotation is not None:
        rows = Annotation.objects.visible_to(actor).filter(project=project, pk=annotation)
        found = rows.values_list("task", "answer").first()
        if found is None:
            raise NotFound(_("There is no such answer."))
        return found[0], found[1]
    task = Task.objects.filter(project=project, item_id=item or 0).values_list("pk", flat=True).first()
    if task is None:
        raise NotFound(_("This project has no such item."))
    return task, None


def _checked(project: Project, task: Task, answer: Any) -> Answer:
    if answer is None:
        raise DomainError("answer_missing", _("Say what the right answer is."), field="answer")
    try:
        return validate_answer(parse_schema(project.schema), answer, task.data)
    except AnswerError as error:
        raise DomainError("answer_invalid", f"{error.what} {error.mend}", where=error.where) from None


def _close_and_mark(actor: Actor, project: Project, chosen: Sequence[tuple[Task, Row]]) -> list[Gold]:
    """Take locked tasks out of the queue and write their right answers.

    Raises:
        Conflict: ``task_in_hand`` when somebody has one of them; ``gold_full``.
    """
    numbers = [task.pk for task, _fields in chosen]
    if _in_hand(numbers):
        detail = _("Somebody has this item just now, or it is given to somebody. Try again when it is answered.")
        raise Conflict("task_in_hand", detail)
    if Gold.objects.filter(project=project).count() + len(numbers) > MOST_GOLD:
        detail = _("A project has at most %(most)s items with a known answer.") % {"most": f"{MOST_GOLD:,}"}
        raise Conflict("gold_full", detail)
    close_places(project, [task for task, _fields in chosen])
    Task.objects.filter(pk__in=numbers).update(is_gold=True, by_model=False)
    now = timezone.now()
    made = Gold.objects.bulk_create(
        [
            Gold(project=project, task=task, made_by_id=actor.user_id or None, created_at=now, **fields)
            for task, fields in chosen
        ]
    )
    # What a model says of it is worth nothing beside the right answer.
    forget_labels(numbers)
    count_gold(project.pk)
    return made


def _in_hand(tasks: list[int]) -> set[int]:
    """Return the tasks on which somebody has a place without an answer."""
    answered = Annotation.objects.filter(task__in=tasks).values_list("task", "annotator")
    places = Lease.objects.filter(task__in=tasks, gold=False).values_list("task", "annotator")
    return {task for task, _person in set(places) - set(answered)}


@transaction.atomic
def unmark_gold(*, actor: Actor, gold_id: int) -> None:
    """Let a task be one like all others again: its answers count, and places that are wanted open.

    Raises:
        NotFound: No such right answer.
        NotAllowed: The actor neither manages nor reviews.
    """
    refuse_others(actor)
    gold = find_gold(actor=actor, gold_id=gold_id)
    project, task = gold.project, gold.task_id
    # Everybody's rows first, as everywhere: nobody gets or answers it meanwhile.
    lock_people(project.pk)
    answers = list(Annotation.objects.filter(task=task).exclude(gold=GoldState.NONE).order_by("pk"))
    for row in answers:
        compared = int(row.gold in (GoldState.RIGHT, GoldState.WRONG))
        Progress.objects.filter(project=project, annotator=row.annotator_id).update(
            gold_given=F("gold_given") - 1,
            gold_answers=F("gold_answers") - compared,
            gold_right=F("gold_right") - int(row.gold == GoldState.RIGHT),
        )
    Annotation.objects.filter(pk__in=[row.pk for row in answers]).update(gold=GoldState.NONE)
    gold.delete()
    _reopen(project, task)
    count_gold(project.pk)
    audit.record(actor=actor, action="project.unmark_gold", subject=f"project:{project.pk}", task=task)


# Places that nobody's window holds are nobody's; the others are ordinary leases from now on.
_DROP = "DELETE FROM labeling_lease WHERE task_id = %(task)s AND gold AND assigned AND expires_at IS NULL"
_KEEP = "UPDATE labeling_lease SET gold = false, assigned = NULL WHERE task_id = %(task)s AND gold"


def _reopen(project: Project, task: int) -> None:
    with connection.cursor() as cursor:
        for statement in (_DROP, _KEEP):
            cursor.execute(statement, {"task": task})
    Task.objects.filter(pk=task).update(is_gold=False)
    open_places(project, task)


def start_import(
    *,
    actor: Actor,
    project_id: int,
    column: str,
    use: str = GoldUse.HIDDEN,
    use_column: str = "",
    explanation_column: str = "",
) -> Job:
    """Send the job that takes right answers from a column of the project's version: one label in each cell.

    Args:
        actor: Who manages or reviews.
        project_id: The project.
        column: The right labels.
        use: What all of them are for, a row of GoldUse; or else:
        use_column: A column that says it for each: ``hidden``, ``training`` or ``test``, and `use` where it is empty.
        explanation_column: Why each is right.

    Raises:
        NotFound: No such project. NotAllowed: The actor neither manages nor reviews.
        DomainError: ``column_unknown``; Conflict ``gold_no_choice`` where no control classifies.
    """
    refuse_others(actor)
    project = find_project(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    columns = {name for name, _type in project.version.manifest.get("columns", [])}
    named = {"column": column, "use_column": use_column, "explanation_column": explanation_column}
    for field, name in named.items():
        if name not in columns and (name or field == "column"):
            detail = _("The version has no column %(name)s.") % {"name": name[:80]}
            raise DomainError("column_unknown", detail, field=field)
    if parse_schema(project.schema).classifier is None:
        detail = _("A column can hold the right label of a choice or a taxonomy, and this project asks neither.")
        raise Conflict("gold_no_choice", detail, field="column")
    more = {"use": use, "use_column": use_column, "explanation_column": explanation_column}
    more = {name: str(value) for name, value in more.items() if value not in ("", GoldUse.HIDDEN)}
    audit.record(actor=actor, action="project.import_gold", subject=f"project:{project.pk}", column=column, **more)
    return enqueue(
        kind=KIND,
        actor=actor,
        params={"project_id": project.pk, "column": column, **more},
        title=_("Take right answers of %(project)s from %(column)s") % {"project": project.name, "column": column},
        subject=f"project:{project.pk}",
    )


def run_import(
    *,
    job: JobContext,
    project_id: int,
    column: str,
    use: str = GoldUse.HIDDEN,
    use_column: str = "",
    explanation_column: str = "",
) -> Row:
    """Mark every item that has a label in the column, up to MOST_GOLD; each batch is one transaction.

    Items that are gold already stay as they are, so that doing it twice changes nothing.

    Returns:
        The job's result: how many were marked, and how many were passed over because they are gold already, somebody
        has them, the set is full, or the value is no label (with some of these values).
    """
    project = Project.objects.visible_to(job.actor).select_related("version").filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    counts: Counter[str] = Counter(job.state.get("counts", {}))
    wrong: list[str] = list(job.state.get("wrong", []))
    seen = 0
    wanted = list(dict.fromkeys(["item_id", column, *filter(None, (use_column, explanation_column))]))
    with open_version(project.version) as reader:
        for batch in reader.batches(columns=wanted, batch_rows=10_000):
            seen += batch.num_rows
            if seen <= int(job.state.get("rows", 0)):
                continue
            found = _cells(batch, column, use, use_column, explanation_column)
            for start in range(0, len(found), BATCH):
                _import_batch(job.actor, project, dict(found[start : start + BATCH]), counts, wrong)
            job.save_state({"rows": seen, "counts": dict(counts), "wrong": wrong})
            job.progress(seen, reader.row_count, _("taking right answers"), rows_done=counts["marked"])
    return {"project": project.pk, **counts, "values": wrong}


def _cells(batch: Any, column: str, use: str, use_column: str, explanation_column: str) -> list[tuple[int, Row]]:
    """Return what a batch of a version says about each item that has a right label, by its number."""

    def cells(name: str) -> list[Any]:
        return batch.column(name).to_pylist() if name else [None] * batch.num_rows

    rows = zip(cells("item_id"), cells(column), cells(use_column), cells(explanation_column), strict=True)
    return [
        (item, {"value": str(value), "use": use_named(of) or use, "explanation": explained(str(why or ""))})
        for item, value, of, why in rows
        if value not in (None, "")
    ]


@transaction.atomic
def _import_batch(
    actor: Actor, project: Project, values: dict[int, Row], counts: Counter[str], wrong: list[str]
) -> None:
    schema = parse_schema(project.schema)
    name = schema.classifier.name if schema.classifier is not None else ""
    rows = Task.objects.filter(project=project, item_id__in=values).order_by("pk")
    tasks = list(rows.select_for_update(no_key=True))
    counts["unknown"] += len(values) - len(tasks)
    held = _in_hand([task.pk for task in tasks])
    room = MOST_GOLD - Gold.objects.filter(project=project).count()
    chosen: list[tuple[Task, Row]] = []
    for task in tasks:
        value, use, explanation = (values[task.item_id][name] for name in ("value", "use", "explanation"))
        try:
            # Several labels stand in one cell as a publication writes them.
            answer = validate_answer(schema, {name: value.split("|")}, task.data)
        except AnswerError:
            counts["wrong"] += 1
            if len(wrong) < NAMED and value[:80] not in wrong:
                wrong.append(value[:80])
            continue
        if task.is_gold or task.pk in held or len(chosen) >= room:
            counts["already" if task.is_gold else "in_hand" if task.pk in held else "no_room"] += 1
            continue
        fields = {"answer": answer, "schema_revision": project.schema_revision}
        chosen.append((task, {**fields, "use": use, "explanation": explanation}))
    counts["marked"] += len(chosen)
    if chosen:
        _close_and_mark(actor, project, chosen)


def gold_page(
    *, actor: Actor, project: Project, use: str = "", before: int | None = None, size: int = 50
) -> tuple[list[Row], int | None]:
    """Return right answers of a project, newest first, each with how many answered it and how many rightly.

    Args:
        actor: Who looks; nobody who only labels finds any.
        project: The project.
        use: Only those that are for this: a row of GoldUse.
        before: Where the page before ended.
        size: How many at most.
    """
    rows = Gold.objects.visible_to(actor).filter(project=project).select_related("task", "made_by")
    rows = rows if before is None else rows.filter(pk__lt=before)
    rows = rows.filter(use=use) if use else rows
    # At most one answer of each person: what is counted grows with the team and not with the project.
    counted = rows.annotate(
        answers=Count("task__annotations", filter=Q(task__annotations__gold__in=("right", "wrong"))),
        right=Count("task__annotations", filter=Q(task__annotations__gold="right")),
    )
    found = list(counted.order_by("-pk")[: size + 1])
    before_work = _before_work([gold.pk for gold in found[:size]])
    shown = [
        show_gold(
            gold,
            answers=gold.answers + before_work[gold.pk].total(),
            right=gold.right + before_work[gold.pk][GoldState.RIGHT],
        )
        for gold in found[:size]
    ]
    return shown, found[size - 1].pk if len(found) > size else None


def _before_work(golds: list[int]) -> dict[int, Counter[str]]:
    """Return what was said to each in training and tests that could be compared: its first answer of each time."""
    counts: dict[int, Counter[str]] = {gold: Counter() for gold in golds}
    rows = OnboardingAnswer.objects.filter(gold__in=golds, outcome__in=(GoldState.RIGHT, GoldState.WRONG))
    for gold, outcome, count in rows.values_list("gold", "outcome").annotate(count=Count("pk")):
        counts[gold][outcome] += count
    return counts


def show_gold(gold: Gold, *, answers: int = 0, right: int = 0) -> Row:
    """Return a right answer as the API lists it."""
    return {
        "id": gold.pk,
        "task": {"id": gold.task_id, "item_id": gold.task.item_id, "data": gold.task.data},
        "answer": gold.answer,
        "use": gold.use,
        "explanation": gold.explanation,
        "made_by": None if gold.made_by is None else {"id": gold.made_by_id, "name": str(gold.made_by)},
        "at": gold.created_at,
        "answers": answers,
        "right": right,
    }
