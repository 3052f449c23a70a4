"""Label errors of a project: out-of-fold models learn from its answers and doubt those that do not fit."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from curation.engine.suspicion import FOLDS
from labeling.engine.consensus import canonical, majority
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Project
from labeling.services.label_error import Judged, Part, Suspicion, judged_answers, part_of_search, store_suspects
from labeling.services.project import content_of
from modeling.engine.label_doubts import DOUBTFUL, Doubts, doubt_answers, usable_labels
from modeling.services.engine_errors import engine_errors
from modeling.services.item_vectors import encode_items
from modeling.services.mark_error import doubted_marks
from workers.context import JobContext

# Their vectors and texts take about 300 MB, and fifty labels some minutes; of more answers each search reads a part.
MOST_ANSWERS = 50_000
# Spans and shapes of one search; bench/mark_errors.py takes a minute or two for some thousands.
MOST_MARKS = 30_000
# People look through hundreds, not through a whole project.
MOST_SUSPECTS = 5_000


@dataclass(frozen=True, slots=True)
class Learned:
    """The items that agree on a label, and all answers to them by place."""

    data: list[dict[str, Any]]
    labels: list[str]
    answers: list[tuple[int, Judged]]


def run_search(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Find the answers and the single marks that out-of-fold models doubt and put them into the project's queue.

    Returns:
        ``suspects`` in the queue and ``parts`` of the project that searches take in turn (one unless it is large).
        Where the project asks for a choice, ``labeled`` items and ``classes`` that were learned from, ``answers``
        judged, ``encoder`` and ``accuracy_cv`` (share of items that a model which did not see them names right), or
        with too few answers ``message``, what is missing. Where it asks for spans or shapes, ``controls`` with the
        same of each, as `modeling.services.mark_error.doubted_marks` says.
    """
    project = Project.objects.get(pk=project_id, organization_id=job.organization_id)
    schema = parse_schema(project.schema)
    job.progress(0, None, _("reading the answers"))
    part = part_of_search(project=project, job_id=job.job_id, most=MOST_ANSWERS, most_marks=MOST_MARKS)
    facts: dict[str, Any] = {"suspects": 0, "parts": part.of}
    found: list[Suspicion] = []
    with engine_errors(job):
        if schema.choice is not None:
            found, learned = _of_choice(job, project, schema, part)
            facts |= learned
        of_marks, controls = doubted_marks(job, project, schema, part, DOUBTFUL)
        facts |= {"controls": controls} if controls else {}
    searched = (schema.choice is not None and "message" not in facts) or any("message" not in row for row in controls)
    if not searched:
        return {**facts, "message": facts.get("message") or controls[0]["message"]}
    if "message" in facts:
        # The queue holds what the marks gave; of the choice it is said beside that what is missing.
        controls.insert(0, {"control": "", "type": "choice", "message": facts.pop("message")})
    job.progress(0, None, _("storing what was found"))
    worst = sorted([*found, *of_marks], key=lambda each: each.score)[:MOST_SUSPECTS]
    return {**facts, "suspects": store_suspects(project=project, job_id=job.job_id, found=worst, part=part)}


def _of_choice(job: JobContext, project: Project, schema: Schema, part: Part) -> tuple[list[Suspicion], dict[str, Any]]:
    """Return the suspicions of the project's choice and what was learned from."""
    learned = _learned(project, part)
    usable = set(usable_labels(learned.labels))
    facts: dict[str, Any] = {
        "labeled": sum(label in usable for label in learned.labels),
        "classes": len(usable),
    }
    missing = what_is_missing(learned.labels)
    if missing:
        return [], {**facts, "message": missing}
    encoder, vectors = encode_items(job, schema, [content_of(schema, row) for row in learned.data])
    job.progress(0, None, _("comparing the labels"))
    doubts = _doubts(vectors, learned)
    worst = np.argsort(doubts.scores, kind="stable")[:MOST_SUSPECTS]
    found = [
        Suspicion(
            answer=learned.answers[int(doubts.answers[place])][1],
            suggested=tuple(doubts.suggested[place].split("|")),
            score=float(doubts.scores[place]),
        )
        for place in worst.tolist()
        if doubts.scores[place] <= DOUBTFUL
    ]
    judged = {"answers": len(doubts.answers), "encoder": encoder, "accuracy_cv": round(doubts.accuracy, 4)}
    return found, {**facts, **judged}


def what_is_missing(labels: list[str]) -> str:
    """Return what a search still lacks, as a sentence; empty when it has enough."""
    counts = Counter(labels)
    enough = [label for label, count in counts.items() if count >= FOLDS]
    if len(enough) >= 2:
        return ""
    if len(counts) < 2:
        detail = _(
            "Errors are found by comparing labels. So far %(count)s items have a label, all the same one or none; at "
            "least two labels with %(least)s items each are needed."
        )
        return detail % {"count": len(labels), "least": FOLDS}
    second = (
        counts.most_common(2)[1]
        if not enough
        else max(((label, count) for label, count in counts.items() if label not in enough), key=lambda row: row[1])
    )
    detail = _(
        "Errors are found by comparing labels, and at least two must have %(least)s labeled items each. %(label)s has "
        "%(count)s: label %(more)s more like it."
    )
    return detail % {"least": FOLDS, "label": second[0], "count": second[1], "more": FOLDS - second[1]}


def _learned(project: Project, part: Part) -> Learned:
    """Return the items of a part whose answers have a majority, with every answer to them."""
    learned = Learned([], [], [])
    group: list[Judged] = []
    for answer in judged_answers(project, part):
        if group and answer.task != group[0].task:
            _add(learned, group)
            group = []
        group.append(answer)
    if group:
        _add(learned, group)
    return learned


def _add(learned: Learned, group: list[Judged]) -> None:
    vote = majority([canonical(list(answer.values)) for answer in group])
    if vote.label:
        learned.answers.extend((len(learned.labels), answer) for answer in group)
        learned.data.append(group[0].data)
        learned.labels.append(vote.label)


def _doubts(vectors: NDArray[np.float32], learned: Learned) -> Doubts:
    said = [(place, canonical(list(answer.values))) for place, answer in learned.answers]
    return doubt_answers(vectors, learned.labels, said)
