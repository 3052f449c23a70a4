"""Predictions of Label Studio's clients: suggestions with the name of a model version."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.formats.label_studio_words import Words
from labeling.engine.label_studio.results import ResultError
from labeling.engine.schema import AnswerError
from labeling.models import Suggestion, Task
from labeling.services.label_studio.annotation import task_for
from labeling.services.label_studio.intake import MOST_SOURCES, NAMED, read_prediction_of, said
from labeling.services.label_studio.project import words_of
from labeling.services.prediction_import import MOST_ROWS, store_predictions
from labeling.services.project import find_project
from labeling.services.suggestion import remove_suggestion

Row = dict[str, Any]


def find_prediction(*, actor: Actor, number: int) -> Suggestion:
    """Return a suggestion with its task and project, or raise NotFound."""
    rows = Suggestion.objects.visible_to(actor).select_related("task", "project__label_studio")
    found: Suggestion | None = rows.filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such prediction."))
    return found


def give_prediction(*, actor: Actor, task_id: int, given: Mapping[str, Any]) -> Suggestion:
    """Store what a model answers to a task, beside what it has; the same one of the same model is kept once.

    Raises:
        NotFound: No such task.
        DomainError: ``prediction_invalid``. Conflict: ``task_full`` when the task needs none any more.
    """
    task = task_for(actor=actor, task_id=task_id)
    source, row = _read(words_of(task.project), task, given)
    store_predictions(actor=actor, project_id=task.project_id, source=source, rows=[row], keep=True)
    same = Suggestion.objects.filter(task=task, source=source, answer=row["answer"]).order_by("-pk")
    made = same.values_list("pk", flat=True).first()
    if made is None:
        detail = _("Task %(task)s has all its annotations, so nobody would be shown a prediction.")
        raise Conflict("task_full", detail % {"task": task.pk})
    return find_prediction(actor=actor, number=made)


def _read(words: Words, task: Task, given: Mapping[str, Any]) -> tuple[str, Row]:
    try:
        source, answer, score = read_prediction_of(words, given, task.data)
    except (ResultError, AnswerError) as error:
        raise DomainError("prediction_invalid", said(error), field="result") from None
    if not answer:
        raise DomainError("prediction_invalid", _("“result” says nothing. Leave the prediction out."), field="result")
    return source, {"item": task.item_id, "answer": answer, "confidence": score}


def give_predictions(*, actor: Actor, project_id: int, rows: Sequence[Any]) -> int:
    """Store predictions to tasks that are named, all or none, and return how many are kept.

    Raises:
        NotFound: No such project.
        DomainError: ``predictions_invalid`` naming those that do not fit, ``too_many_rows``.
    """
    project = find_project(actor=actor, project_id=project_id)
    if len(rows) > MOST_ROWS:
        raise DomainError("too_many_rows", _("Send at most %(most)s predictions at once.") % {"most": MOST_ROWS})
    tasks = Task.objects.filter(project=project).in_bulk([number for number in map(_task_of, rows) if number])
    words = words_of(project)
    by_source: dict[str, list[Row]] = defaultdict(list)
    refused: list[Row] = []
    for place, given in enumerate(rows):
        task = tasks.get(_task_of(given))
        if task is None:
            refused.append({"row": place, "detail": _("It names no task of this project as “task”.")})
            continue
        try:
            source, row = _read(words, task, given)
            by_source[source].append(row)
        except DomainError as error:
            refused.append({"row": place, "detail": str(error.detail)})
    if refused:
        values = {"count": len(refused), "row": refused[0]["row"], "detail": refused[0]["detail"]}
        detail = _("%(count)s predictions do not fit, so none was kept. The first is %(row)s: %(detail)s") % values
        raise DomainError("predictions_invalid", detail, refused=refused[:NAMED])
    if len(by_source) > MOST_SOURCES:
        detail = _("Send predictions of at most %(most)s model versions at once.") % {"most": MOST_SOURCES}
        raise DomainError("predictions_invalid", detail)
    kept = 0
    for source, some in by_source.items():
        kept += store_predictions(actor=actor, project_id=project.pk, source=source, rows=some, keep=True).stored
    return kept


def _task_of(row: Any) -> int:
    """Return the task that a prediction names; 0 for none."""
    number = row.get("task") if isinstance(row, Mapping) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63 else 0


def withdraw_prediction(*, actor: Actor, number: int) -> None:
    """Remove a suggestion that nobody was shown.

    Raises:
        NotFound: No such prediction. Conflict: ``suggestion_seen``.
    """
    remove_suggestion(actor=actor, suggestion_id=find_prediction(actor=actor, number=number).pk)
