"""Predictions in the web process: a few loaded bundles, a limit on how many run at once, and counters."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import objects
from core.errors import Conflict, DomainError
from modeling.models import Bundle, Deployment, DeploymentState
from modeling.services.usage import count_prediction

if TYPE_CHECKING:
    from modeling.engine.serving import Prediction, Predictor

log = structlog.get_logger(__name__)

TEXT_LIMIT = 256
CHARACTER_LIMIT = 20_000
# A loaded bundle holds 30 to 150 MB; the oldest makes room.
LOADED_LIMIT = 3
# Of the eight threads of a web process at least half stay free for pages while models compute.
RUNNING_LIMIT = 4
RETRY_AFTER_SECONDS = 1
# One request never takes the whole machine.
THREADS = 2

_running = threading.BoundedSemaphore(RUNNING_LIMIT)
_loading = threading.Lock()
_shelf = threading.Lock()
_loaded: "OrderedDict[str, Predictor]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class Answer:
    """Predictions in the order of the texts, and what made them.

    Attributes:
        predictions: For each text its label and the calibrated probability (0 to 1) of every label.
        bundle: SHA-256 of the bundle.
        model: Number of the model the bundle was made from.
        milliseconds: Time inside the model.
    """

    predictions: "list[Prediction]"
    bundle: str
    model: int
    milliseconds: float


def predict(*, actor: Actor, deployment: Deployment, texts: list[str]) -> Answer:
    """Return a prediction for each text.

    Raises:
        Conflict: ``deployment_stopped``.
        DomainError: ``texts_missing``, ``texts_too_many``, ``text_too_long`` (400); ``too_busy`` (429)
             when this process computes as many predictions as it may.
    """
    check_texts(texts)
    if deployment.state != DeploymentState.ACTIVE:
        raise Conflict("deployment_stopped", _("This deployment was stopped and answers no more predictions."))
    bundle = deployment.bundle
    if not _running.acquire(blocking=False):
        detail = _("All places for predictions are taken. Send the request again in %(seconds)s second.")
        raise DomainError(
            "too_busy", detail % {"seconds": RETRY_AFTER_SECONDS}, status=429, retry_after=RETRY_AFTER_SECONDS
        )
    try:
        predictor = loaded(bundle)
        started = time.perf_counter()
        predictions = predictor.predict(texts)
        seconds = time.perf_counter() - started
    finally:
        _running.release()
    count_prediction(actor=actor, deployment=deployment, texts=texts, seconds=seconds)
    return Answer(predictions, bundle.sha256, bundle.model_id, round(seconds * 1000, 2))


def check_texts(texts: list[str]) -> None:
    """Refuse what would hold a place for too long; any string is fine, the empty one included."""
    if not texts:
        raise DomainError("texts_missing", _("Send at least one text under texts."))
    if len(texts) > TEXT_LIMIT:
        detail = _("One request takes at most %(limit)s texts; this one has %(count)s. Send it in parts.")
        raise DomainError("texts_too_many", detail % {"limit": TEXT_LIMIT, "count": len(texts)}, limit=TEXT_LIMIT)
    for index, text in enumerate(texts):
        if len(text) > CHARACTER_LIMIT:
            detail = _("Text %(index)s has %(count)s characters; at most %(limit)s are read. Shorten or split it.")
            values = {"index": index, "count": len(text), "limit": CHARACTER_LIMIT}
            raise DomainError("text_too_long", detail % values, index=index, limit=CHARACTER_LIMIT)


def loaded(bundle: Bundle) -> "Predictor":
    """Return the predictor of a bundle, loading it at first use; safe to call from several threads.

    Nothing is loaded ahead: the first request in each process pays 0.4 s of processor time for a bundle of 20 MB.
    """
    found = _take(bundle.sha256)
    if found is None:
        with _loading:
            found = _take(bundle.sha256) or _load(bundle)
            with _shelf:
                _loaded[bundle.sha256] = found
                while len(_loaded) > LOADED_LIMIT:
                    _loaded.popitem(last=False)
    return found


def _take(sha256: str) -> "Predictor | None":
    with _shelf:
        found = _loaded.get(sha256)
        if found is not None:
            _loaded.move_to_end(sha256)
        return found


def _load(bundle: Bundle) -> "Predictor":
    # Slow import: the web process loads ONNX Runtime with the first bundle it serves, not at its start.
    from modeling.engine.serving import Predictor

    started = time.perf_counter()
    with objects.local_path(bundle.object_key) as path:
        predictor = Predictor(path, threads=THREADS)
    if predictor.sha256 != bundle.sha256:
        detail = _("The stored bundle is not the one that was exported. Export the model again and switch to it.")
        raise DomainError("bundle_altered", detail, status=503)
    log.info("bundle_loaded", bundle=bundle.pk, seconds=round(time.perf_counter() - started, 3))
    return predictor
