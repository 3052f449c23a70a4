"""How far the people of a project agree: measured by a job, kept as a report, and shown from there."""

from dataclasses import asdict
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import NotFound
from labeling.engine.agreement.marks import BOXES, mark_agreement
from labeling.engine.agreement.report import agreement_report, mark_report, set_report
from labeling.engine.controls.base import Control
from labeling.engine.crowd.consensus import find_consensus
from labeling.engine.crowd.people import describe_people
from labeling.engine.ratings import Ratings
from labeling.engine.schema import parse_schema
from labeling.models import AgreementReport, Progress, Project
from labeling.services.project import find_project
from labeling.services.ratings import kind_of, marks_of, ratings_of
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "labeling.measure_agreement"
# What a report keeps, so that a page can show it and a row can hold it: the items on which people differ most, the
# pairs of people with most items in common, and the people with most answers.
DISAGREEING, PAIRS, PEOPLE = 100, 200, 500
REPLICATES = 500


@transaction.atomic
def start_measure(*, actor: Actor, project_id: int) -> Job:
    """Send the job that measures how far people agree; the one that is on its way already serves too."""
    project = find_project(actor=actor, project_id=project_id, lock=True)
    subject = f"project:{project.pk}"
    running = Job.objects.visible_to(actor).filter(kind=KIND, subject=subject, finished_at=None).order_by("pk").first()
    if running is not None:
        return running  # type: ignore[no-any-return]
    title = _("Agreement in %(project)s") % {"project": project.name}
    return enqueue(kind=KIND, actor=actor, params={"project_id": project.pk}, title=title, subject=subject)


def measure_agreement(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Measure how far people agree and keep it as the project's report; a second run of the job changes nothing.

    The report holds, for each control that can be compared: its name, title and type; ``kind`` (``labels``, ``sets`` or
    ``marks``); ``agreement``, as `labeling.engine.agreement.report` makes it; for labels ``people``, as
    `labeling.engine.crowd.people` describes them, with the model they were measured by; and ``disagreeing``, the items
    on which people differ most.

    Returns:
        The job's result: how many controls were compared and how many items two people or more answered.
    """
    project = Project.objects.visible_to(job.actor).filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("This project is gone."))
    controls = [control for control in parse_schema(project.schema).controls if kind_of(control)]
    found = []
    for number, control in enumerate(controls):
        job.progress(number, len(controls), _("comparing answers"))
        found.append(_measured(job, project, control))
    answers = _answer_count(project)
    with transaction.atomic():
        AgreementReport.objects.update_or_create(
            project=project,
            defaults={
                "report": {"controls": found},
                "answers": answers,
                "job_id": job.job_id,
                "measured_at": timezone.now(),
            },
        )
    compared = max((row["agreement"]["items_compared"] for row in found), default=0)
    return {"controls": len(found), "items_compared": compared, "answers": answers}


def find_agreement(*, actor: Actor, project: Project) -> AgreementReport | None:
    """Return the report of a project, None before the first measure."""
    found: AgreementReport | None = AgreementReport.objects.visible_to(actor).filter(project=project).first()
    return found


def answers_since(*, project: Project, report: AgreementReport) -> int:
    """Return how many answers came since a report, at least 0."""
    return max(0, _answer_count(project) - report.answers)


def _answer_count(project: Project) -> int:
    rows = Progress.objects.filter(project=project).values_list("answers", "skipped")
    return sum(answers - skipped for answers, skipped in rows)


def _measured(job: JobContext, project: Project, control: Control) -> dict[str, Any]:
    kind = kind_of(control)
    head = {"name": control.name, "title": control.title, "type": control.type, "kind": kind}
    if kind == "marks":
        marked = _marks(job, project, control)
        return {**head, **marked, "unused": _unused(control, marked["agreement"]), "people": [], "method": ""}
    ratings = ratings_of(project, control, check=job.check)
    ordered = True if control.type == "rating" else None
    report = (
        set_report(ratings, replicates=REPLICATES)
        if kind == "sets"
        else agreement_report(ratings, ordered=ordered, replicates=REPLICATES)
    )
    job.check()
    consensus = find_consensus(ratings)
    people = sorted(describe_people(consensus), key=lambda one: (not one.warning, -one.answers))[:PEOPLE]
    return {
        **head,
        "agreement": {**report, "pairs": report["pairs"][:PAIRS]},
        "unused": _unused(control, report),
        "method": consensus.method,
        "people": [asdict(one) for one in people],
        "disagreeing": _differing(ratings),
    }


def _unused(control: Control, report: dict[str, Any]) -> list[str]:
    """Return the labels that people could have chosen and nobody did; of an answered question alone."""
    used = {row["label"] for row in report["labels"]}
    offered = [label.value for label in getattr(control, "labels", ())] if used else []
    return [value for value in offered if value not in used]


def _marks(job: JobContext, project: Project, control: Control) -> dict[str, Any]:
    items, answered = marks_of(project, control, check=job.check)
    report = mark_report(answered, replicates=REPLICATES)
    shared = [(item, marks) for item, marks in zip(items, answered, strict=True) if len(marks) > 1]
    agreed = [(mark_agreement([marks], BOXES, replicates=0).f1.value, item, len(marks)) for item, marks in shared]
    worst = sorted((value, item, count) for value, item, count in agreed if value is not None and value < 1)
    differing = [
        {"item": item, "people": count, "agreement": round(value, 4), "votes": []}
        for value, item, count in worst[:DISAGREEING]
    ]
    return {"agreement": {**report, "pairs": report["pairs"][:PAIRS]}, "disagreeing": differing}


def _differing(ratings: Ratings) -> list[dict[str, Any]]:
    """Return the items whose most frequent label has the least share, those with more answers first."""
    items, _people, labels = ratings.shape
    if not items:
        return []
    key, count = np.unique(ratings.item * labels + ratings.label, return_counts=True)
    item = key // labels
    most = np.zeros(items, np.int64)
    np.maximum.at(most, item, count)
    total = ratings.answers_of_items()
    share = most / np.maximum(total, 1)
    order = np.lexsort((np.arange(items), -total, share))
    worst = [int(place) for place in order if total[place] > 1 and most[place] < total[place]][:DISAGREEING]
    starts = np.searchsorted(item, np.arange(items + 1))
    return [
        {
            "item": int(ratings.items[place]),
            "people": int(total[place]),
            "agreement": round(float(share[place]), 4),
            "votes": [
                {"label": ratings.labels[int(key[at] % labels)], "count": int(count[at])}
                for at in range(starts[place], starts[place + 1])
            ],
        }
        for place in worst
    ]
