"""Tasks in Label Studio's form, checked whole and stored whole: items, predictions and everybody's answers."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Membership
from accounts.services import audit
from accounts.services.absent import find_or_name_person
from core.errors import DomainError, NotFound
from labeling.engine.formats.label_studio_words import Words
from labeling.engine.label_studio.results import ResultError
from labeling.engine.schema import Answer, AnswerError, validate_answer
from labeling.models import LabelStudioImport, Progress, Project
from labeling.services.adjudication import decide_task
from labeling.services.arriving import send_growth
from labeling.services.brought import Given, seat, settled, store_given
from labeling.services.growth import NewItem, add_items, find_growing, reserve_items
from labeling.services.label_studio.project import words_of
from labeling.services.project import refuse_while_changing
from labeling.services.queue import refuse_archived
from labeling.services.suggestion import LONGEST_SOURCE, Suggested, store_suggestions

# What a request does itself; more is the work of a job.
MOST_TASKS, MOST_BYTES, MOST_TRUTHS = 1_000, 5 << 20, 100
MOST_FIELDS, LONGEST_FIELD = 200, 200
# Annotations or predictions of one task.
MOST_ANSWERS = 20
# Each is stored on its own, so a request takes so many.
MOST_PEOPLE, MOST_SOURCES = 100, 50
# Problems that an error names.
NAMED = 20
BIGGEST = 2**63 - 1
# What stands for a version of a model that nobody named.
UNNAMED = "undefined"
Row = dict[str, Any]


class TaskRefused(Exception):
    """A task that cannot be taken; the message says what is wrong with which part."""


@dataclass(slots=True)
class Taken:
    """One task, checked.

    Attributes:
        item: Its item.
        answers: (person, answer, when, whether incomplete, seconds); the answer is None for a skipped one.
        predictions: (source, answer, confidence).
        truths: Whose answer counts, at most one person.
    """

    item: NewItem
    answers: list[tuple[int, Answer | None, str, bool, float]] = field(default_factory=list)
    predictions: list[tuple[str, Answer, float | None]] = field(default_factory=list)
    truths: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures that were taken in, by what the tasks call them: the columns of a version that each one has."""

    columns: Mapping[str, Row] = field(default_factory=dict)


@dataclass(slots=True)
class Checking:
    """Checks the tasks of one import.

    Attributes:
        actor: Who sends them; whoever is named in no annotation is this person.
        words: Of the project.
        pictures: Of these tasks.
    """

    actor: Actor
    words: Words
    pictures: Pictures = field(default_factory=Pictures)
    _people: dict[bytes, int] = field(default_factory=dict)

    def check(self, row: Any) -> Taken:
        """Return a task as it is stored.

        Raises:
            TaskRefused: It is no task of this project.
        """
        data, row = _data_of(row)
        item = NewItem(self._columns(data), data, _clean(row.get("meta")))
        taken = Taken(item)
        for number, given in enumerate(_listed(row, "annotations")):
            taken.answers.append(self._answer(given, item.columns, f"annotation {number}"))
            if given.get("ground_truth") and not given.get("was_cancelled"):
                taken.truths.append(taken.answers[-1][0])
        if len(taken.truths) > 1:
            raise TaskRefused(_("Two of its annotations are ground truth, and one answer counts. Send one."))
        people = [person for person, *_rest in taken.answers]
        if len(set(people)) < len(people):
            raise TaskRefused(_("Two of its annotations are of one person, who has one answer here. Send one."))
        for number, given in enumerate(_listed(row, "predictions")):
            taken.predictions += self._prediction(given, item.columns, f"prediction {number}")
        taken.item = NewItem(item.columns, item.data, item.meta, len(people))
        return taken

    def _columns(self, data: Row) -> Row:
        found: Row = {}
        for name, value in data.items():
            column = self.words.column(name)
            if column in found:
                raise TaskRefused(_("Its fields %(name)s and another one are one column here.") % {"name": name[:60]})
            if name == self.words.picture:
                found |= self._picture(value)
            else:
                found[column] = _cell(value)
        for name, column in self.words.fields.items():
            if found.get(column) is None:
                detail = _("Its data has no %(name)s, which label_config shows.")
                raise TaskRefused(detail % {"name": name})
        for name in self.words.schema.texts:
            if name in found and not isinstance(found[name], str):
                found[name] = orjson.dumps(found[name]).decode()
        for name in self.words.schema.needed:
            found.setdefault(name, None)
        return found

    def _picture(self, value: Any) -> Row:
        known = self.pictures.columns.get(value) if isinstance(value, str) else None
        if known is None:
            detail = _(
                "Its picture %(value)s is not here. Give an address that begins with https:// or http://, or send the "
                "picture as a file to the project's import."
            )
            raise TaskRefused(detail % {"value": repr(value)[:100]})
        return dict(known)

    def _answer(self, given: Any, data: Row, where: str) -> tuple[int, Answer | None, str, bool, float]:
        if not isinstance(given, Mapping):
            raise TaskRefused(_("%(where)s is no object.") % {"where": where})
        person, at = self.person(given.get("completed_by")), str(given.get("created_at") or "")
        seconds = seconds_of(given.get("lead_time"))
        if given.get("was_cancelled"):
            return person, None, at, False, seconds
        try:
            answer, incomplete = settled(self.words.schema, self.words.read(given.get("result"), data).answer, data)
        except (ResultError, AnswerError) as error:
            raise TaskRefused(f"{where}: {said(error)}") from None
        return person, answer, at, incomplete, seconds

    def _prediction(self, given: Any, data: Row, where: str) -> list[tuple[str, Answer, float | None]]:
        """Return a prediction as a list; an empty one says nothing and is none."""
        if not isinstance(given, Mapping):
            raise TaskRefused(_("%(where)s is no object.") % {"where": where})
        try:
            source, answer, score = read_prediction_of(self.words, given, data)
        except (ResultError, AnswerError) as error:
            raise TaskRefused(f"{where}: {said(error)}") from None
        return [(source, answer, score)] if answer else []

    def person(self, completed_by: Any) -> int:
        """Return whose answer it is: somebody by number or address, by a name, or who sends it.

        Raises:
            TaskRefused: No member has the number.
        """
        key = orjson.dumps(completed_by, option=orjson.OPT_NON_STR_KEYS)
        if key not in self._people:
            self._people[key] = self._find(completed_by)
        return self._people[key]

    def _find(self, completed_by: Any) -> int:
        if completed_by is None:
            return self.actor.user_id
        if isinstance(completed_by, Mapping):
            completed_by = completed_by.get("email") or completed_by.get("username") or completed_by.get("id")
        if isinstance(completed_by, str) and _clean(completed_by).strip():
            return find_or_name_person(organization_id=self.actor.organization_id, name=_clean(completed_by))
        if isinstance(completed_by, int) and not isinstance(completed_by, bool) and 0 < completed_by <= BIGGEST:
            organization = self.actor.organization_id
            members = Membership.objects.filter(organization_id=organization, user_id=completed_by)
            # Also whoever answered here without being a member, as exports name them.
            seats = Progress.objects.filter(project__organization_id=organization, annotator_id=completed_by)
            if completed_by == self.actor.user_id or members.exists() or seats.exists():
                return completed_by
        detail = _('No member has the number %(number)s. Send completed_by as {"email": "…"}, or leave it out.')
        raise TaskRefused(detail % {"number": repr(completed_by)[:40]})


def said(error: ResultError | AnswerError) -> str:
    """Return what is wrong with a result, as a sentence."""
    if isinstance(error, AnswerError):
        return f"{error.where}: {error.what} {error.mend}".strip(": ").strip()
    return str(error)


def read_prediction_of(words: Words, given: Mapping[str, Any], data: Row) -> tuple[str, Answer, float | None]:
    """Return source, answer and confidence of a prediction; the answer may leave questions open.

    Raises:
        ResultError, AnswerError: It does not fit.
    """
    found = words.read(given.get("result"), data)
    answer = validate_answer(words.schema, found.answer, data, draft=True)
    score = given.get("score")
    confidence = found.confidence
    if score is not None:
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise ResultError(_("“score” must be a number from 0 to 1."))
        confidence = float(score)
    return source_of(given.get("model_version")), answer, confidence


def source_of(model_version: Any) -> str:
    """Return the name of a model as people read it."""
    name = " ".join(str("" if model_version is None else model_version).replace("\0", "").split())
    return name[:LONGEST_SOURCE] or UNNAMED


def seconds_of(lead_time: Any) -> float:
    """Return how long an answer took; 0 where that is not said."""
    if isinstance(lead_time, bool) or not isinstance(lead_time, int | float) or not 0 <= lead_time < 1e9:
        return 0.0
    return float(lead_time)


def _data_of(row: Any) -> tuple[Row, Row]:
    """Return the data of a task and the task; one that is all data has no “data” of its own."""
    if not isinstance(row, Mapping):
        raise TaskRefused(_("A task must be an object."))
    whole: Row = dict(row) if isinstance(row.get("data"), Mapping) else {"data": row}
    data: Row = _clean(dict(whole["data"]))
    if not data or len(data) > MOST_FIELDS:
        raise TaskRefused(_("Its data must have 1 to %(most)s fields.") % {"most": MOST_FIELDS})
    for name in data:
        if not name.strip() or len(name) > LONGEST_FIELD:
            detail = _("A field of its data has no name, or one of more than %(longest)s characters.")
            raise TaskRefused(detail % {"longest": LONGEST_FIELD})
    return data, whole


def _listed(row: Row, name: str) -> list[Any]:
    rows = row.get(name) or []
    if not isinstance(rows, list) or len(rows) > MOST_ANSWERS:
        detail = _("Its %(name)s must be a list of at most %(most)s.")
        raise TaskRefused(detail % {"name": name, "most": MOST_ANSWERS})
    return rows


def _clean(value: Any) -> Any:
    """Return a value as the database can keep and give it: without NUL, numbers beyond 64 bits as texts."""
    if isinstance(value, int | float) and not -BIGGEST <= value <= BIGGEST:
        return repr(value)
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


def _cell(value: Any) -> Any:
    """Return a value as a column can have it: lists and objects are text."""
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def check_all(checking: Checking, rows: Sequence[Any], first: int = 0) -> tuple[list[Taken], list[Row]]:
    """Return the tasks that can be taken, and ``{"row", "detail"}`` of those that cannot."""
    taken, refused = [], []
    for number, row in enumerate(rows, first):
        try:
            taken.append(checking.check(row))
        except TaskRefused as error:
            refused.append({"row": number, "detail": str(error)})
    return taken, refused


def refused_as_error(refused: Sequence[Row]) -> DomainError:
    """Return the error for tasks that cannot be taken."""
    first = refused[0]
    values = {"count": len(refused), "row": first["row"], "detail": first["detail"]}
    detail = _("%(count)s tasks cannot be taken, so none was. The first is task %(row)s: %(detail)s") % values
    return DomainError("tasks_invalid", detail, refused=list(refused[:NAMED]))


def import_tasks(*, actor: Actor, project_id: int, rows: Sequence[Any], pictures: Pictures | None = None) -> Row:
    """Take a few tasks at once, all or none of them, and return the import with ``task_ids``.

    Args:
        actor: Who sends them.
        project_id: The project.
        rows: At most `MOST_TASKS` in Label Studio's form.
        pictures: That came with them.

    Raises:
        NotFound: No such project.
        Conflict: ``project_fixed``, ``project_archived``, ``questions_changing``.
        DomainError: ``tasks_missing``, ``tasks_invalid`` naming the tasks and what is wrong with them.
    """
    started = time.monotonic()
    project = open_for_import(actor=actor, project_id=project_id)
    if not rows:
        raise DomainError("tasks_missing", _("Send a list with at least one task."))
    checking = Checking(actor, words_of(project), pictures or Pictures())
    taken, refused = check_all(checking, rows)
    if refused:
        raise refused_as_error(refused)
    _refuse_crowd(taken)
    digest = hashlib.sha256(orjson.dumps([each.item.data for each in taken])).hexdigest()
    with transaction.atomic():
        first = reserve_items(project, len(taken))
        arrival = LabelStudioImport.objects.create(project=project, created_by_id=actor.user_id or None, sha256=digest)
        tasks = store_taken(actor=actor, project=project, arrival=arrival, taken=taken, first_item_id=first)
        arrival.finished_at = timezone.now()
        arrival.save()
        send_growth(actor=actor, project=project)
        facts = {"tasks": arrival.task_count, "import": arrival.pk}
        audit.record(actor=actor, action="project.import_tasks", subject=f"project:{project.pk}", **facts)
    return {"import": arrival, "task_ids": tasks, "duration": time.monotonic() - started}


def _refuse_crowd(taken: Sequence[Taken]) -> None:
    people = {person for each in taken for person, *_rest in each.answers}
    sources = {source for each in taken for source, *_rest in each.predictions}
    if len(people) > MOST_PEOPLE or len(sources) > MOST_SOURCES:
        detail = _("At most %(people)s people and %(sources)s model versions at once. Send the tasks in parts.")
        raise DomainError("tasks_invalid", detail % {"people": MOST_PEOPLE, "sources": MOST_SOURCES})


def open_for_import(*, actor: Actor, project_id: int) -> Project:
    """Return a project that takes tasks.

    Raises:
        NotFound: No such project. Conflict: ``project_fixed``, ``project_archived``, ``questions_changing``.
    """
    project = find_growing(actor=actor, project_id=project_id)
    refuse_archived(project.state)
    refuse_while_changing(project)
    return project


@transaction.atomic
def store_taken(
    *, actor: Actor, project: Project, arrival: LabelStudioImport, taken: Sequence[Taken], first_item_id: int
) -> list[int]:
    """Store checked tasks with their predictions and answers, add to the import's counts, and return their numbers.

    The caller saves the import.
    """
    people = {person for each in taken for person, *_rest in each.answers}
    # Before the rows of all people are locked, so that nobody's comes later.
    seat(project.pk, sorted(people))
    items = [each.item for each in taken]
    tasks = add_items(project=project, arrival=arrival, items=items, first_item_id=first_item_id)
    arrival.task_count += len(tasks)
    # First, since a task that is answered needs no suggestion and gets none.
    by_source: dict[str, list[Suggested]] = defaultdict(list)
    for place, each in enumerate(taken):
        for source, answer, confidence in each.predictions:
            by_source[source].append((first_item_id + place, answer, confidence))
    for source, rows in by_source.items():
        arrival.prediction_count += store_suggestions(
            actor=actor, project_id=project.pk, source=source, rows=rows, partial=True, keep=True
        )
    schema = words_of(project).schema
    by_person: dict[int, list[Given]] = defaultdict(list)
    for task, each in zip(tasks, taken, strict=True):
        for person, said_, at, incomplete, seconds in each.answers:
            by_person[person].append(Given(task, said_, at, incomplete, seconds))
    counting: dict[int, int] = {}
    for person, given in sorted(by_person.items()):
        kept = store_given(actor=actor, project_id=project.pk, schema=schema, person=person, rows=given)
        arrival.annotation_count += len(kept)
        counting |= {task: kept[task] for task, each in zip(tasks, taken, strict=True) if person in each.truths}
    # At last, since nobody gets a place on a task that is decided.
    _decide(actor, counting)
    return tasks


def _decide(actor: Actor, answers: Mapping[int, int]) -> None:
    """Let answers count as final ones of their tasks: what Label Studio calls ground truth."""
    for task, annotation in answers.items():
        decide_task(actor=actor, task_id=task, annotation=annotation)


def truths_in(rows: Sequence[Any]) -> int:
    """Return how many annotations of some tasks are ground truth; each is decided on its own, so a job takes many."""
    return sum(
        bool(given.get("ground_truth"))
        for row in rows
        if isinstance(row, Mapping) and isinstance(row.get("annotations"), list)
        for given in row["annotations"]
        if isinstance(given, Mapping)
    )


def find_import(*, actor: Actor, project: Project, number: int) -> LabelStudioImport:
    """Return an import of a project, or raise NotFound."""
    rows = LabelStudioImport.objects.visible_to(actor).select_related("job")
    found: LabelStudioImport | None = rows.filter(project=project, pk=number).first()
    if found is None:
        raise NotFound(_("There is no such import."))
    return found
