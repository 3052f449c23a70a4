"""Suggestions: a quick head on the labels so far, and its answers for the rest of the project."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import NotFound
from curation.services.meaning import vectors_folder
from labeling.engine.schema import parse_schema
from labeling.models import Project
from labeling.services.project import labeled_items, unlabeled_items
from labeling.services.suggestion import store_suggestions
from modeling.services.engine_errors import engine_errors
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

KIND = "modeling.suggest"
# Ten labels of two classes are the least from which a head learns anything that helps.
LEAST_LABELS = 10
# The items that come next; encoding this many new short texts takes about half a minute on two cores.
SUGGEST_LIMIT = 5_000


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
    """Fit a quick head on the labels so far and store its answers for the next items that nobody has labeled.

    Returns:
        ``labeled`` and ``classes`` it learned from, ``encoder``, ``accuracy_cv`` (share of labeled items that a head
        fitted without them names right; None when a class has one example), ``suggestions`` stored and their
        ``source``. With too few labels ``suggestions`` is 0 and ``message`` says what is missing.
    """
    project = Project.objects.select_related("version").get(pk=project_id, organization_id=job.organization_id)
    schema = parse_schema(project.schema)
    choice = schema.choice
    nothing = {"labeled": 0, "classes": 0, "suggestions": 0}
    if choice is None:
        message = _("This project asks for no label to choose, so there is nothing that a quick head could suggest.")
        return {**nothing, "message": message}
    if not schema.texts:
        return {**nothing, "message": _("Suggestions learn from texts, and this project shows none.")}
    job.progress(0, None, _("reading the labels"))
    labeled = list(labeled_items(project))
    labels = [label for _item, _text, label in labeled]
    facts: dict[str, Any] = {"labeled": len(labels), "classes": len(set(labels)), "suggestions": 0}
    missing = what_is_missing(labels)
    if missing:
        return {**facts, "message": missing}
    waiting = list(unlabeled_items(project, limit=SUGGEST_LIMIT))
    with engine_errors(job):
        answers, learned = _answers(job, [text for _item, text, _label in labeled], labels, waiting)
    source = f"quick head {_number(job, project)}"
    job.progress(0, None, _("storing the suggestions"))
    rows = [
        (item_id, {choice.name: label.split("|") if choice.multiple else [label]}, confidence)
        for (item_id, _text), (label, confidence) in zip(waiting, answers, strict=True)
    ]
    kept = store_suggestions(actor=job.actor, project_id=project.pk, source=source, rows=rows)
    return {**facts, **learned, "suggestions": kept, "source": source}


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


def _answers(
    job: JobContext, texts: list[str], labels: list[str], waiting: list[tuple[int, str]]
) -> tuple[list[tuple[str, float]], dict[str, Any]]:
    from curation.engine.embedding import choose_encoder, encode
    from modeling.engine.heads.quick import fit

    encoder = choose_encoder(texts).name
    vectors = encode(
        texts + [text for _item, text in waiting],
        encoder=encoder,
        cache_dir=settings.ASSAY_MODEL_CACHE,
        vectors_dir=vectors_folder(job.organization_id),
        progress=lambda done, total: job.progress(done, total, _("encoding the texts"), rows_done=done),
        cancelled=job.cancelled,
    )
    job.progress(0, None, _("fitting the head"))
    head = fit(vectors[: len(texts)], labels, seed=0)
    named, confidence = head.predict(vectors[len(texts) :])
    answers = [(label, min(1.0, float(share))) for label, share in zip(named, confidence, strict=True)]
    return answers, {"encoder": encoder, "accuracy_cv": head.accuracy}


def _number(job: JobContext, project: Project) -> int:
    """Count the project's suggestion jobs up to this one, so that a second attempt has the same name."""
    earlier = Job.objects.filter(kind=KIND, subject=f"project:{project.pk}", pk__lte=job.job_id)
    return earlier.filter(organization_id=project.organization_id).count()
