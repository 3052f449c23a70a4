"""Tasks, annotations and predictions as Label Studio's clients read them. A page costs the same number of queries."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.actor import Actor
from labeling.engine.formats.label_studio_words import Words
from labeling.models import Adjudication, Annotation, DisputeState, LabelStudioTask, Project, Suggestion, Task
from labeling.services.label_studio.project import words_of

# Tasks that are in memory at once while a project is written.
BATCH = 500
Row = dict[str, Any]


def find_task(*, actor: Actor, task_id: int) -> Task | None:
    """Return a task with its project and what was sent of it; None for a stranger, who must get 404."""
    rows = Task.objects.visible_to(actor).select_related("project__label_studio", "sent__arrival")
    found: Task | None = rows.filter(pk=task_id).first()
    return found


def tasks_of(*, actor: Actor, project: Project, labeled: bool | None = None) -> QuerySet[Task]:
    """Return the tasks of a project in the order in which they came; only those that have an answer, or none."""
    rows = Task.objects.visible_to(actor).filter(project=project)
    if labeled is not None:
        given = Exists(Annotation.objects.filter(task=OuterRef("pk"), skipped=False))
        rows = rows.filter(given if labeled else ~given)
    return rows.order_by("item_id")


def show_tasks(*, actor: Actor, project: Project, tasks: Sequence[Task], words: Words | None = None) -> list[Row]:
    """Return tasks with everything that was said of them.

    Args:
        actor: Who looks; answers that they may not see are left out.
        project: Theirs.
        tasks: Of one page or batch.
        words: Of the project, where they are known.
    """
    words = words or words_of(project)
    numbers = [task.pk for task in tasks]
    sent = {row.task_id: row for row in LabelStudioTask.objects.filter(task__in=numbers).select_related("arrival")}
    said: dict[int, list[Annotation]] = defaultdict(list)
    for answer in Annotation.objects.visible_to(actor).filter(task__in=numbers).order_by("pk"):
        said[answer.task_id].append(answer)
    suggested: dict[int, list[Suggestion]] = defaultdict(list)
    for suggestion in Suggestion.objects.filter(task__in=numbers).order_by("pk"):
        suggested[suggestion.task_id].append(suggestion)
    truths = truths_of(numbers)
    return [
        show_task(project, words, task, sent.get(task.pk), said[task.pk], suggested[task.pk], truths) for task in tasks
    ]


def truths_of(tasks: Sequence[int]) -> set[int]:
    """Return the numbers of the answers to some tasks that were taken as final ones."""
    rows = Adjudication.objects.filter(task__in=tasks, state=DisputeState.DECIDED, edited=False)
    return set(rows.exclude(annotation_number=None).values_list("annotation_number", flat=True))


def show_task(
    project: Project,
    words: Words,
    task: Task,
    sent: LabelStudioTask | None,
    said: Sequence[Annotation],
    suggested: Sequence[Suggestion],
    truths: set[int],
) -> Row:
    """Return one task; its data are those that were sent, else those that the page shows."""
    given = [answer for answer in said if not answer.skipped]
    annotations = [show_annotation(words, answer, task.data, truths) for answer in said]
    made = sent.arrival.created_at if sent is not None else project.created_at
    changed = max([made, *(answer.updated_at for answer in said)])
    return {
        "id": task.pk,
        "data": sent.data if sent is not None else task.data,
        "meta": (sent.meta if sent is not None else None) or {},
        "project": project.pk,
        "inner_id": task.item_id,
        "created_at": made,
        "updated_at": changed,
        "is_labeled": len(given) >= task.overlap,
        "overlap": task.overlap,
        "total_annotations": len(given),
        "cancelled_annotations": len(said) - len(given),
        "total_predictions": len(suggested),
        "completed_at": max((answer.created_at for answer in given), default=None),
        "annotators": [answer.annotator_id for answer in said],
        "annotations": annotations,
        "predictions": [show_prediction(words, row, task.data) for row in suggested],
        "drafts": [],
        "file_upload": None,
        "storage_filename": None,
        "comment_count": 0,
        "updated_by": said[-1].annotator_id if said else None,
    }


def show_annotation(words: Words, answer: Annotation, data: Row, truths: set[int]) -> Row:
    """Return somebody's answer to a task with these columns; `truths` are the numbers of those that count."""
    return {
        "id": answer.pk,
        "task": answer.task_id,
        "project": answer.project_id,
        "completed_by": answer.annotator_id,
        "result": [] if answer.answer is None else words.write(answer.answer, data),
        "was_cancelled": answer.skipped,
        "ground_truth": answer.pk in truths,
        "created_at": answer.created_at,
        "updated_at": answer.updated_at,
        "lead_time": answer.seconds or None,
        "unique_id": str(answer.client_key),
        "parent_prediction": answer.suggestion_id,
        "parent_annotation": None,
        "prediction": {},
        "draft_created_at": None,
        "result_count": len(answer.answer or {}),
        "last_action": None,
    }


def show_prediction(words: Words, row: Suggestion, data: Row) -> Row:
    """Return a model's answer to a task with these columns."""
    return {
        "id": row.pk,
        "task": row.task_id,
        "project": row.project_id,
        "model_version": row.source,
        "result": words.write(row.answer, data),
        "score": row.confidence,
        "created_at": row.created_at,
        "updated_at": row.created_at,
        "model": None,
        "model_run": None,
        "cluster": None,
        "neighbors": None,
        "mislabeling": 0.0,
    }


def stream_tasks(*, actor: Actor, project: Project, everything: bool, only: Sequence[int] = ()) -> Iterator[Row]:
    """Give all tasks of a project in order, batch by batch, so that memory does not grow with it.

    Args:
        actor: Who looks.
        project: The project.
        everything: Also tasks that nobody answered.
        only: Numbers of the tasks that are wanted; empty for all.
    """
    words = words_of(project)
    rows = tasks_of(actor=actor, project=project, labeled=None if everything else True)
    if only:
        rows = rows.filter(pk__in=only)
    after = -1
    while True:
        batch = list(rows.filter(item_id__gt=after)[:BATCH])
        if not batch:
            return
        yield from show_tasks(actor=actor, project=project, tasks=batch, words=words)
        after = batch[-1].item_id
