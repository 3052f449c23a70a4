"""Tasks taken out of projects for good, with all that people and models said of them. Only an erasure does it."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import orjson
from django.db import connection, transaction
from django.db.models import F

from labeling.models import Annotation, Lease, Progress, Project, Rejection, Task
from labeling.services.acceptance_return import forget_labels
from labeling.services.counting import take_off_counters
from labeling.services.export import remove_exports
from labeling.services.queue import Desk


def erase_tasks(*, project_id: int, items: Sequence[int]) -> Counter[str]:
    """Delete the tasks of some items with answers, earlier answers, drafts, suggestions and leases; count what went.

    The counters of the people who answered are set back, so that progress and tallies are those of what is left.
    """
    removed: Counter[str] = Counter()
    with transaction.atomic():
        project = Project.objects.get(pk=project_id)
        # In this order every request of the page locks too: a person's row first, then tasks.
        writers = Annotation.objects.filter(project=project, task__item_id__in=items)
        people = set(writers.values_list("annotator_id", flat=True))
        sent_back = Rejection.objects.filter(project=project, task__item_id__in=items)
        people |= set(sent_back.values_list("annotator_id", flat=True))
        assigned = Lease.objects.filter(project=project, task__item_id__in=items, assigned=True)
        people |= set(assigned.values_list("annotator_id", flat=True))
        desks = Progress.objects.select_for_update().filter(project=project, annotator__in=people).order_by("pk")
        places = {row.annotator_id: row.pk for row in desks}
        tasks = list(
            Task.objects.select_for_update()
            .filter(project=project, item_id__in=items)
            .order_by("pk")
            .values_list("pk", "overlap")
        )
        numbers = [pk for pk, _overlap in tasks]
        with connection.cursor() as cursor:
            answers: dict[int, list[Annotation]] = defaultdict(list)
            for answer in Annotation.objects.filter(task__in=numbers).order_by("pk"):
                answers[answer.annotator_id].append(answer)
            for person, place in places.items():
                take_off_counters(cursor, _desk(project, person, place), answers[person])
        for person, count in Counter(sent_back.values_list("annotator_id", flat=True)).items():
            less = F("rejected_answers") - count
            Progress.objects.filter(project=project, annotator=person).update(rejected_answers=less)
        for person, count in Counter(assigned.values_list("annotator_id", flat=True)).items():
            less = F("assigned_left") - count
            Progress.objects.filter(project=project, annotator=person).update(assigned_left=less)
        # The project's row before the labels of models, as everywhere.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        removed["labeling.ModelLabel"] += forget_labels(numbers)
        for label, count in Task.objects.filter(pk__in=numbers).delete()[1].items():
            removed[label] += count
        fewer = sum(overlap - project.overlap for _pk, overlap in tasks)
        Project.objects.filter(pk=project.pk).update(
            task_count=F("task_count") - len(numbers), extra_answers=F("extra_answers") - fewer
        )
    removed["exports"] += remove_exports(project_id=project_id)
    return removed


def _desk(project: Project, annotator_id: int, progress_id: int) -> Desk:
    return Desk(
        project.pk,
        annotator_id,
        progress_id,
        project.overlap,
        project.lease_seconds,
        project.state,
        orjson.dumps(project.schema).decode(),
        project.task_count,
        project.suggest_every,
        project.suggest_at,
        project.schema_revision,
    )
