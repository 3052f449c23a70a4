"""Explanations of predictions: asked for by people, computed by a job, kept, and gone with the item."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.item_lookup import items_by_id
from curation.models import Version
from curation.services.media import open_media
from curation.services.version import open_version
from modeling.engine.explain.explaining import CODE, KINDS, PIXELS, SPANS, WORDS
from modeling.families import TASK_TITLES
from modeling.models import Explanation, Training
from modeling.services.archive import unpack
from modeling.services.engine_errors import engine_errors
from modeling.services.erasure_places import TABLES
from modeling.services.erasure_rows import rows_with
from modeling.services.trainable import Goal, input_and_answer
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

if TYPE_CHECKING:
    from curation.engine.erasure.matching import Matcher

KIND = "modeling.explain"
# As for predictions: what is longer is explained by stretches, and read by nobody.
CHARACTER_LIMIT = 20_000
LABEL_LIMIT = 2_000


def explains(task: str) -> str:
    """Return what reasons of a task are made of, a value of `modeling.engine.explain.explaining.KINDS`; else empty."""
    return KINDS.get(task, "")


def explains_texts(task: str) -> bool:
    """Tell whether a text that somebody types can be explained for a task."""
    return explains(task) in {WORDS, SPANS}


@transaction.atomic
def start_explanation(
    *, actor: Actor, training_id: int, item_id: int | None = None, text: str | None = None, label: str = ""
) -> Explanation:
    """Return the explanation of an item or a text, and send the job that computes it unless it is there or under way.

    Args:
        actor: Who asks.
        training_id: A training that is done.
        item_id: An item of the training's version.
        text: Any text of at most 20,000 characters, in place of an item.
        label: Explained beside the predicted labels.

    Raises:
        NotFound: No such training, or no such item in its version.
        Conflict: ``training_not_done``.
        DomainError: ``not_explained``, ``item_or_text``, ``text_too_long`` or ``label_unknown``.
    """
    training = Training.objects.visible_to(actor).select_related("model").filter(pk=training_id).first()
    if training is None:
        raise NotFound(_("There is no such training."))
    _check(training, item_id, text, label)
    if item_id is not None:
        _check_item(training, item_id)
    made, new = Explanation.objects.get_or_create(
        training=training,
        key=_key(training, item_id, text, label),
        defaults={
            "organization_id": training.organization_id,
            "item_id": item_id,
            "text": text or "",
            "label": label,
            "created_by_id": actor.user_id or None,
        },
    )
    row: Explanation = Explanation.objects.select_for_update().get(pk=made.pk)
    if row.result is not None or (row.job is not None and row.job.finished_at is None):
        return row
    row.job = enqueue(
        kind=KIND,
        actor=actor,
        params={"explanation_id": row.pk},
        title=_("Explain a prediction of %(name)s") % {"name": training.name},
        subject=f"training:{training.pk}",
    )
    row.save(update_fields=["job", "updated_at"])
    if new:
        audit.record(actor=actor, action="explanation.start", subject=f"training:{training.pk}", item=item_id)
    return row


def _check(training: Training, item_id: int | None, text: str | None, label: str) -> None:
    model = getattr(training, "model", None)
    if model is None:
        raise Conflict("training_not_done", _("This training has no model yet. Wait until it is done."))
    if not explains(training.task):
        titles = ", ".join(str(TASK_TITLES[task]) for task in KINDS)
        detail = _("Predictions of this task are not explained (%(task)s). Those of these tasks are: %(tasks)s.")
        raise DomainError(CODE, detail % {"task": TASK_TITLES.get(training.task, training.task), "tasks": titles})
    given = bool(text and text.strip())
    if given == (item_id is not None):
        detail = _("Send either the number of an item of the training's version, or a text.")
        raise DomainError("item_or_text", detail, field="text")
    if given and not explains_texts(training.task):
        detail = _("This model reads no texts. Name an item of the training's version instead.")
        raise DomainError("item_or_text", detail, field="text")
    if text and len(text) > CHARACTER_LIMIT:
        detail = _("The text has %(count)s characters; at most %(limit)s are read. Shorten it.")
        raise DomainError("text_too_long", detail % {"count": len(text), "limit": CHARACTER_LIMIT}, field="text")
    if label and label not in model.labels:
        detail = _("The model has no label %(label)s. It has: %(labels)s.")
        values = {"label": label[:60], "labels": ", ".join(model.labels[:50])}
        raise DomainError("label_unknown", detail % values, field="label")


def _check_item(training: Training, item_id: int) -> None:
    # Held until the row is written, so that an erasure of the item comes either before, and it is not found, or after,
    # and finds the row.
    version = Version.objects.select_for_update(no_key=True).get(pk=training.version_id)
    with open_version(version) as reader:
        if item_id not in items_by_id(reader, [item_id]):
            raise NotFound(_("The training's version has no such item."))


def _key(training: Training, item_id: int | None, text: str | None, label: str) -> str:
    asked = [training.model.sha256, item_id, None if item_id is not None else text, label]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def find_explanation(*, actor: Actor, explanation_id: int) -> Explanation:
    """Return an explanation with its training and job.

    Raises:
        NotFound: There is none, or it went with its item.
    """
    rows = Explanation.objects.visible_to(actor).select_related("training__version__dataset", "training__model", "job")
    row = rows.filter(pk=explanation_id).first()
    if row is None:
        raise NotFound(_("There is no such explanation; one of an item that was erased went with it."))
    return row  # type: ignore[no-any-return]


def run_explanation(*, job: JobContext, explanation_id: int) -> dict[str, Any]:
    """Compute an explanation in a process of its own and keep it; one that is there is left as it is.

    Raises:
        DomainError: ``not_explained`` for a family that cannot, ``bad_training_data`` for a broken picture,
            ``explain_failed`` when the process died.
        NotFound: The item is gone.
    """
    rows = Explanation.objects.select_related("training__version", "training__model")
    row = rows.filter(pk=explanation_id, organization_id=job.organization_id).first()
    if row is None or row.result is not None:
        return {"explanation": explanation_id}
    job.progress(0, None, _("fetching the model"))
    with work_folder(job) as folder, engine_errors(job), open_media(row.organization_id) as media:
        with objects.local_path(row.training.model.object_key) as archive:
            unpack(archive, folder / "model")
        given, also = _asked(row, media.path)
        job.progress(0, None, _("loading the model"))
        found = _explained(job, folder, given, also)
    # An erasure may have taken the row; then nothing is written.
    Explanation.objects.filter(pk=row.pk, result__isnull=True).update(result=found)
    return {"explanation": row.pk}


def _asked(row: Explanation, path_of: Any) -> tuple[Any, list[str]]:
    """Return what the model is asked about, and which labels are explained beside the predicted ones."""
    also = [row.label] if row.label else []
    if row.item_id is None:
        return row.text, also
    goal = Goal(row.training.task, row.training.answer)
    given, answer = input_and_answer(version=row.training.version, goal=goal, item_id=row.item_id, path_of=path_of)
    if given is None:
        raise DomainError(CODE, _("This item has nothing that the model reads: its text or picture is missing."))
    if isinstance(answer, str):
        also.append(answer)
    elif isinstance(answer, tuple) and explains(goal.task) in {WORDS, PIXELS}:
        also += [str(label) for label in answer]
    return given, also


def _explained(job: JobContext, folder: Path, given: Any, also: list[str]) -> dict[str, Any]:
    from modeling.engine.explain.process import explain_apart

    def told(done: int, total: int) -> None:
        job.progress(done, total or None, _("asking the model about parts"))

    return explain_apart(
        folder / "model",
        given,
        also=also,
        cache_dir=Path(settings.ASSAY_MODEL_CACHE),
        # Vectors of part texts are worth nothing afterwards, and hold something of the text.
        vectors_dir=folder / "vectors",
        told=told,
    )


def forget_explanations(*, organization_id: int, items: Mapping[int, Any], matcher: "Matcher") -> int:
    """Remove explanations of erased items, and those of typed texts that hold a value of the person; return how many.

    Args:
        organization_id: Whose.
        items: Numbers of the items that go, by dataset.
        matcher: Of the values.
    """
    rows, gone = Explanation.objects.filter(organization_id=organization_id), 0
    for dataset, numbers in items.items():
        named = rows.filter(training__version__dataset=dataset, item_id__in=numbers.tolist())
        gone += named.delete()[0]
    for row in rows_with("modeling.Explanation", TABLES["modeling.Explanation"], ("text",), organization_id, matcher):
        gone += rows.filter(pk=row.pk).delete()[0]
    return gone
