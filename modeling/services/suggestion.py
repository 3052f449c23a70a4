"""Suggestions: a quick head on the labels so far, and its answers for the rest of the project."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import NotFound
from labeling.engine.schema import Schema, parse_schema
from labeling.models import Project, TaskOrder
from labeling.services.acceptance_round import (
    accepted_items,
    hide_audits,
    unaided,
    waiting_audits,
    withdraw_suggestions,
)
from labeling.services.ordering import order_tasks
from labeling.services.project import labeled_items, unlabeled_items
from labeling.services.suggestion import store_suggestions
from modeling.services.accepting import Candidate, accept_sure, answer_of, facts_of
from modeling.services.doubting import Doubted, doubted_items
from modeling.services.engine_errors import engine_errors
from modeling.services.item_vectors import encode_items
from modeling.services.learning import COLD_ORDERS, LEAST_ORDERED, batch_of, measure_learning, next_items
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

if TYPE_CHECKING:
    import numpy as np

    from modeling.engine.heads.quick import QuickHead

KIND = "modeling.suggest"
# Ten labels of two classes are the least from which a head learns anything that helps.
LEAST_LABELS = 10
# The items that may come next, and teach without a label; encoding this many new short texts takes about a minute once.
SUGGEST_LIMIT = 10_000
# Before there are labels: enough to know what there is, in about a sixth of that time.
COLD_LIMIT = 2_000


@transaction.atomic
def start_suggest(*, actor: Actor, project_id: int) -> Job:
    """Send the job that suggests labels for a project, or return the one that is under way."""
    project = Project.objects.visible_to(actor).select_for_update().filter(pk=project_id).first()
    if project is None:
        raise NotFound(_("There is no such project."))
    subject = f"project:{project.pk}"
    waiting = Job.objects.visible_to(actor).filter(kind=KIND, subject=subject, finished_at=None).first()
    if waiting is not None:
        return waiting  # type: ignore[no-any-return]
    job = enqueue(kind=KIND, actor=actor, params={"project_id": project.pk}, subject=subject)
    audit.record(actor=actor, action="suggestion.start", subject=subject, job=job.pk)
    return job


def run_suggest(*, job: JobContext, project_id: int) -> dict[str, Any]:
    """Fit a quick head on the labels so far, store its answers for items that nobody has labeled, and put tasks in
    the order in which they teach it most.

    Returns:
        ``labeled`` and ``classes`` it learned from, ``encoder``, ``accuracy_cv`` (share of labeled items that a head
        fitted without them names right; None when a class has one example), ``suggestions`` stored and their
        ``source``, ``ordered`` (how many tasks have a place) and ``moved`` (how many of them another than before).
        Where answers are accepted without people, ``accepted``, ``audited`` and ``threshold`` of the round, if there
        was one. With too few labels ``suggestions`` is 0 and ``message`` says what is missing.
    """
    project = Project.objects.select_related("version").get(pk=project_id, organization_id=job.organization_id)
    schema = parse_schema(project.schema)
    nothing = {"labeled": 0, "classes": 0, "suggestions": 0}
    if not (schema.choice and schema.learns_from):
        # Whatever order there was before the questions changed is nobody's wish any more.
        order_tasks(project_id=project.pk, items=[])
        return {**nothing, "message": _what_it_cannot_learn(schema)}
    job.progress(0, None, _("reading the labels"))
    labeled = list(labeled_items(project))
    labels = [label for _item, _content, label in labeled]
    facts: dict[str, Any] = {"labeled": len(labels), "classes": len(set(labels)), "suggestions": 0}
    missing = what_is_missing(labels)
    if missing and project.order not in COLD_ORDERS:
        order_tasks(project_id=project.pk, items=[])
        return {**facts, "message": missing}
    contents = [content for _item, content, _label in labeled]
    with engine_errors(job):
        learned = _learn(job, project, schema, contents, [] if missing else labels)
        accepted = _accept(job, project, schema, learned, contents, labels)
        learned = _left(project, learned)
        wished = _next(job, project, learned, labels)
    audits = waiting_audits(project)
    ordered = _ordered(project, learned, list(wished.reasons), audits)
    stored: dict[str, Any] = {"message": missing}
    if not missing or wished.suggestions:
        stored = _store(job, project, schema, learned, wished, unaided(project, ordered, audits))
    moved = order_tasks(project_id=project.pk, items=ordered)
    return {**facts, **stored, **accepted, "ordered": len(wished.reasons), "moved": moved}


@dataclass(frozen=True)
class _Learned:
    """What a job knows: vectors of labeled items and then of those that wait, and the head, if there is one."""

    encoder: str
    vectors: "np.ndarray[Any, Any]"
    labeled: int
    waiting: list[int]
    head: "QuickHead | None"


def _what_it_cannot_learn(schema: Schema) -> str:
    if schema.choice is None:
        return _("This project asks for no label to choose, so there is nothing that a quick head could suggest.")
    return _("Suggestions learn from texts or pictures, and this project shows neither.")


def what_is_missing(labels: list[str]) -> str:
    """Return what a quick head still lacks, as a sentence; empty when it has enough."""
    if len(labels) < LEAST_LABELS:
        detail = _("Suggestions start at %(least)s labeled items; there are %(count)s. Label %(more)s more.")
        return detail % {"least": LEAST_LABELS, "count": len(labels), "more": LEAST_LABELS - len(labels)}
    if len(set(labels)) < 2:
        detail = _(
            "All %(count)s labeled items have the label %(label)s. Suggestions need at least two different ones."
        )
        return detail % {"count": len(labels), "label": labels[0]}
    return ""


def _learn(job: JobContext, project: Project, schema: Schema, contents: list[str], labels: list[str]) -> _Learned:
    """Encode the labeled items and those that may come next; fit a head, and measure how it learns, if labels are
    given."""
    from modeling.engine.heads.learn import learn

    limit = SUGGEST_LIMIT if labels or project.order == TaskOrder.ERRORS else COLD_LIMIT
    waiting = list(unlabeled_items(project, limit=limit, spread=project.order != TaskOrder.CAME))
    encoder, vectors = encode_items(job, schema, [*contents, *(each for _item, each in waiting)])
    head = None
    if labels:
        job.progress(0, None, _("fitting the head"))
        head = learn(
            vectors[: len(labels)],
            labels,
            contents,
            vectors[len(labels) :],
            on_fit=lambda done, total: job.progress(done, total, _("fitting the head")),
        )
        curve = measure_learning(
            vectors[: len(labels)],
            labels,
            on_fit=lambda done, total: job.progress(done, total, _("measuring what more labels would bring")),
        )
        Project.objects.filter(pk=project.pk).update(learning=curve)
    return _Learned(encoder, vectors, len(contents), [item for item, _text in waiting], head)


def _accept(
    job: JobContext, project: Project, schema: Schema, learned: _Learned, contents: list[str], labels: list[str]
) -> dict[str, Any]:
    """Accept what the head is sure enough of, where the project wants that; return what the job says of it."""
    candidate = None
    if learned.head is not None:
        candidate = Candidate(
            learned.head, learned.encoder, _source(job, project), contents, labels, learned.waiting, learned.vectors
        )
    made = accept_sure(
        project=project,
        schema=schema,
        job_number=job.job_id,
        candidate=candidate,
        labeled=len(labels),
        on_fit=lambda done, total: job.progress(done, total, _("judging how sure the model may be")),
    )
    return facts_of(made)


def _left(project: Project, learned: _Learned) -> _Learned:
    """Return what was learned without the items that are accepted or audited now."""
    import numpy as np

    gone = accepted_items(project, learned.waiting)
    if not gone:
        return learned
    kept = [place for place, item in enumerate(learned.waiting) if item not in gone]
    rows = np.r_[np.arange(learned.labeled), np.array(kept, np.int64) + learned.labeled]
    return replace(learned, vectors=learned.vectors[rows], waiting=[learned.waiting[place] for place in kept])


def _ordered(project: Project, learned: _Learned, wished: list[int], audits: list[int]) -> list[int]:
    """Return the order of the tasks, with those of the audit hidden in it."""
    if not audits:
        return wished
    # Where tasks come as they came, the next of them hide the audit.
    return hide_audits(project, wished or learned.waiting[:LEAST_ORDERED], audits, batch_of(project))


def _next(job: JobContext, project: Project, learned: _Learned, labels: list[str]) -> Doubted:
    """Return the tasks that come next with their reasons, and in the order by suspected errors what those labels might
    be."""
    job.progress(0, None, _("putting the tasks in order"))
    # Somebody may have chosen another order while the items were encoded.
    project.refresh_from_db(fields=["order"])
    if project.order == TaskOrder.ERRORS:
        doubted = doubted_items(project, learned.vectors, labels, learned.waiting)
        if doubted.reasons:
            return doubted
    seed = _number(job, project)
    return Doubted(next_items(project, learned.vectors, learned.labeled, learned.head, learned.waiting, seed=seed))


def _store(
    job: JobContext,
    project: Project,
    schema: Schema,
    learned: _Learned,
    wished: Doubted,
    without: set[int],
) -> dict[str, Any]:
    """Store what items might be, but of those that are to come without a suggestion."""
    withdraw_suggestions(project, without)
    facts = {"encoder": learned.encoder, "accuracy_cv": None if learned.head is None else learned.head.accuracy}
    if not project.own_suggestions:
        said = _("Tasks are in order; suggestions come from outside, as the project's settings say.")
        return {**facts, "suggestions": 0, "message": said}
    job.progress(0, None, _("storing the suggestions"))
    source = _source(job, project)
    known = set() if schema.choice is None else {label.value for label in schema.choice.labels}
    rows = [
        (item, answer_of(schema, label), min(1.0, share))
        for item, label, share in wished.suggestions or _named(learned)
        # Labels of an earlier version may be none of the project's.
        if item not in without and known.issuperset(label.split("|"))
    ]
    kept = store_suggestions(actor=job.actor, project_id=project.pk, source=source, rows=rows, reasons=wished.reasons)
    return {**facts, "suggestions": kept, "source": source}


def _named(learned: _Learned) -> list[tuple[int, str, float]]:
    """Return what the head says of each item that waits, with its confidence."""
    if learned.head is None:
        return []
    named, confidence = learned.head.predict(learned.vectors[learned.labeled :])
    return list(zip(learned.waiting, named, confidence.tolist(), strict=True))


def _source(job: JobContext, project: Project) -> str:
    return f"quick head {_number(job, project)}"


def _number(job: JobContext, project: Project) -> int:
    """Count the project's suggestion jobs up to this one, so that a second attempt has the same name."""
    earlier = Job.objects.filter(kind=KIND, subject=f"project:{project.pk}", pk__lte=job.job_id)
    return earlier.filter(organization_id=project.organization_id).count()
