"""Answers that people gave in another tool, brought to the tasks of a project with names, times and counters."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from accounts.services.absent import find_or_name_person
from core import objects
from core.errors import DomainError, NotFound
from curation.models import Upload
from labeling.engine.formats.files import opened
from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.schema import AnswerError, Schema, parse_schema, validate_answer
from labeling.models import Annotation, Project, Task
from labeling.services.adjudication import decide_task
from labeling.services.answer import LONGEST_SECONDS
from labeling.services.brought import Given, seat, settled, store_given
from labeling.services.labeled_import import read_labeled, records_with_items
from labeling.services.suggestion import LONGEST_SOURCE, Suggested, store_suggestions
from labeling.services.task import make_tasks
from labeling.services.trigger import let_learn
from workers.context import JobContext

BATCH = 2_000
# The job's result names this many answers that were left out; all are counted.
NAMED = 20


@dataclass(slots=True)
class _Brought:
    """What came of the answers so far."""

    answers: int = 0
    skipped: int = 0
    suggestions: int = 0
    decided: int = 0
    refused: int = 0
    named: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, int] = field(default_factory=dict)

    def refuse(self, item: int, reason: str) -> None:
        self.refused += 1
        if len(self.named) < NAMED:
            self.named.append({"item": item, "reason": reason})


def take_answers(
    *, job: JobContext, project_id: int, upload_id: int, file_format: str, first_item_id: int, left_out: list[int]
) -> dict[str, Any]:
    """Make the tasks of an imported project and bring everybody's answers and all predictions.

    An answer that is there is not taken twice, so a second attempt goes on where the first one stopped.

    Returns:
        The job's result: answers, skipped, suggestions, tasks decided, answers left out with the first of them, people.
    """
    project = Project.objects.visible_to(job.actor).select_related("version").filter(pk=project_id).first()
    upload = Upload.objects.filter(pk=upload_id, organization_id=job.organization_id).first()
    if project is None or upload is None:
        raise NotFound(_("This project is gone."))
    if not upload.object_key:
        raise DomainError("upload_erased", _("This file was removed when a person was erased."))
    make_tasks(job=job, project_id=project.pk)
    schema = parse_schema(project.schema)
    brought = _Brought()
    with objects.local_path(upload.object_key) as path, opened(path, upload.file_name) as files:
        _format, reading = read_labeled(files, file_format, Losses())
        rows = records_with_items(reading, first_item_id, left_out)
        done = 0
        while batch := list(islice(rows, BATCH)):
            _bring(job, project, schema, batch, brought)
            done += len(batch)
            job.progress(done, project.version.row_count, _("taking answers"), rows_done=brought.answers)
    let_learn(actor=job.actor, project_id=project.pk)
    return {
        "project": project.pk,
        "answers": brought.answers,
        "skipped": brought.skipped,
        "suggestions": brought.suggestions,
        "decided": brought.decided,
        "refused": brought.refused,
        "named": brought.named,
        "people": len(brought.people),
    }


def _bring(
    job: JobContext, project: Project, schema: Schema, batch: Sequence[tuple[int, Record]], brought: _Brought
) -> None:
    tasks = _tasks(project, [item for item, _record in batch])
    # First, since a task that is answered needs no suggestion and gets none.
    _suggest(job, project, schema, batch, tasks, brought)
    by_person: dict[str, list[Given]] = defaultdict(list)
    for item, record in batch:
        task, data = tasks[item]
        for said in _one_each(record.answers):
            given = _given(schema, task, data, item, said, brought)
            if given is not None:
                by_person[said.by].append(given)
    for name, rows in sorted(by_person.items()):
        _store(job, project, schema, _person(project, name, brought), rows, brought)
    _decide(job, schema, batch, tasks, brought)


def _one_each(answers: Sequence[Said]) -> Iterator[Said]:
    """Give the last answer of each person."""
    return iter({said.by: said for said in answers}.values())


def _tasks(project: Project, items: list[int]) -> dict[int, tuple[int, dict[str, Any]]]:
    rows = Task.objects.filter(project=project, item_id__range=(items[0], items[-1]))
    return {item: (task, data) for item, task, data in rows.values_list("item_id", "pk", "data")}


def _given(schema: Schema, task: int, data: dict[str, Any], item: int, said: Said, brought: _Brought) -> Given | None:
    """Return an answer in its normal form; None, noted, where it does not fit the questions."""
    seconds = min(said.seconds, LONGEST_SECONDS)
    if said.skipped:
        return Given(task, None, said.at, seconds=seconds)
    try:
        answer, incomplete = settled(schema, said.answer, data)
    except AnswerError as error:
        brought.refuse(item, f"{error.where}: {error.what} {error.mend}".strip(": "))
        return None
    return Given(task, answer, said.at, incomplete, seconds)


def _person(project: Project, name: str, brought: _Brought) -> int:
    if name not in brought.people:
        person = find_or_name_person(organization_id=project.organization_id, name=name)
        seat(project.pk, [person])
        brought.people[name] = person
    return brought.people[name]


def _store(
    job: JobContext, project: Project, schema: Schema, person: int, rows: list[Given], brought: _Brought
) -> None:
    by_task = {row.task: row for row in rows}
    kept = store_given(actor=job.actor, project_id=project.pk, schema=schema, person=person, rows=rows)
    brought.answers += sum(by_task[task].answer is not None for task in kept)
    brought.skipped += sum(by_task[task].answer is None for task in kept)


def _suggest(
    job: JobContext,
    project: Project,
    schema: Schema,
    batch: Sequence[tuple[int, Record]],
    tasks: dict[int, tuple[int, dict[str, Any]]],
    brought: _Brought,
) -> None:
    # The newest of a task is shown, so they are stored in the order in which they were made.
    by_source: dict[str, dict[int, Suggested]] = defaultdict(dict)
    made: dict[str, str] = {}
    for item, record in batch:
        for said in record.predictions:
            source = said.by[:LONGEST_SOURCE] or "imported"
            try:
                answer = validate_answer(schema, said.answer, tasks[item][1], draft=True)
            except AnswerError as error:
                brought.refuse(item, f"{error.where}: {error.what} {error.mend}".strip(": "))
                continue
            if answer:
                by_source[source][item] = (item, answer, said.confidence)
                made[source] = max(made.get(source, ""), said.at)
    for source in sorted(by_source, key=made.__getitem__):
        brought.suggestions += store_suggestions(
            actor=job.actor,
            project_id=project.pk,
            source=source,
            rows=by_source[source].values(),
            partial=True,
            keep=True,
        )


def _differs(record: Record) -> bool:
    """Tell whether something else counts of a record than its only answer."""
    given = [said.answer for said in record.answers if not said.skipped]
    return record.final is not None and given != [record.final]


def _decide(
    job: JobContext,
    schema: Schema,
    batch: Sequence[tuple[int, Record]],
    tasks: dict[int, tuple[int, dict[str, Any]]],
    brought: _Brought,
) -> None:
    """Decide the tasks of which something else counts than their only answer."""
    wanted = {tasks[item][0]: (item, record.final) for item, record in batch if _differs(record)}
    data = dict(tasks.values())
    given: dict[int, list[tuple[int, Any]]] = defaultdict(list)
    rows = Annotation.objects.filter(task__in=wanted, skipped=False).order_by("-created_at", "-pk")
    for task, number, answer in rows.values_list("task", "pk", "answer"):
        given[task].append((number, answer))
    for task, (item, final) in wanted.items():
        try:
            counts = validate_answer(schema, final, data[task], draft=True)
            same = [number for number, answer in given[task] if answer == counts]
            if same and len(given[task]) == 1:
                continue
            taken: dict[str, Any] = {"annotation": same[0]} if same else {"answer": counts}
            decide_task(actor=job.actor, task_id=task, **taken)
            brought.decided += 1
        except (AnswerError, DomainError) as error:
            reason = f"{error.what} {error.mend}" if isinstance(error, AnswerError) else str(error.detail)
            brought.refuse(item, _("What counts was not taken: %(reason)s") % {"reason": reason})
