"""The one state machine of jobs. Every move is a compare-and-set; zero rows changed means somebody was first."""

from datetime import timedelta
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, NotFound
from workers.kinds import KINDS
from workers.models import TRANSITIONS, Job

log = structlog.get_logger(__name__)

# A message that nobody took within this time is sent again; a full queue makes that harmless, since a second copy
# of a message finds the job taken.
REPUBLISH_AFTER = timedelta(seconds=60)


def enqueue(*, kind: str, actor: Actor, params: dict[str, Any], title: str = "", subject: str = "") -> Job:
    """Write a job and send its message once the caller's transaction is committed.

    Args:
        kind: A row of ``workers.kinds.KINDS``.
        actor: For whom the job acts.
        params: JSON-able keyword arguments of the handler: ids, never objects.
        title: What the job list calls it; the kind's own title when left out.
        subject: The thing it works on, as ``noun:id``.
    """
    job = _write(kind, actor, params, title, subject)
    transaction.on_commit(lambda: publish(job=job))
    return job


def enqueue_piece(*, parent_id: int, piece: str, kind: str, actor: Actor, params: dict[str, Any]) -> Job | None:
    """Write a job that does one piece of another one's work; None when that piece has a job already.

    Args:
        parent_id: The job whose work is cut into pieces.
        piece: The name of the piece, one in its job.
        kind: As for `enqueue`.
        actor: As for `enqueue`.
        params: As for `enqueue`.
    """
    try:
        with transaction.atomic():
            job = _write(kind, actor, params, "", f"job:{parent_id}", parent_id=parent_id, piece=piece)
    except IntegrityError:
        return None
    transaction.on_commit(lambda: publish(job=job))
    return job


def withdraw_pieces(*, parent_id: int) -> None:
    """Cancel what is left of the pieces of a job: nobody needs them any more."""
    for number in Job.objects.filter(parent_id=parent_id, finished_at=None).order_by("pk").values_list("pk", flat=True):
        if not _move(number, "queued", "cancelled", finished_at=timezone.now()):
            _move(number, "running", "cancelling")


def _write(kind: str, actor: Actor, params: dict[str, Any], title: str, subject: str, **more: Any) -> Job:
    return Job.objects.create(
        organization_id=actor.organization_id,
        created_by_id=actor.user_id or None,
        kind=kind,
        title=(title or str(KINDS[kind].title))[:200],
        subject=subject,
        params=params,
        request_id=actor.request_id,
        language=get_language() or "",
        published_at=timezone.now(),
        **more,
    )


def publish(*, job: Job) -> None:
    """Send the hint. A broker that is away is no error: the reaper sends again."""
    try:
        current_app.send_task(
            job.kind, kwargs={"job_id": job.pk}, queue=KINDS[job.kind].queue, ignore_result=True, retry=False
        )
    except (*current_app.connection_for_write().connection_errors, BrokerError, OSError) as error:
        log.warning("job_not_published", job_id=job.pk, error=type(error).__name__)


def _move(job_id: int, before: str, after: str, **fields: Any) -> bool:
    if after not in TRANSITIONS[before]:
        raise ValueError(f"a job never goes from {before} to {after}")
    attempt = fields.pop("of_attempt", None)
    rows = Job.objects.filter(pk=job_id, state=before)
    if attempt is not None:
        rows = rows.filter(attempt=attempt)
    return rows.update(state=after, **fields) == 1


def start(*, job_id: int) -> Job | None:
    """Take a waiting job for this worker; None when it is gone, cancelled or taken."""
    now = timezone.now()
    taken = _move(job_id, "queued", "running", attempt=F("attempt") + 1, heartbeat_at=now, started_at=now, error=None)
    return Job.objects.get(pk=job_id) if taken else None


def beat(*, job_id: int, attempt: int, **fields: Any) -> str | None:
    """Write a sign of life and progress; return the state, or None when this attempt no longer owns the job."""
    rows = Job.objects.filter(pk=job_id, attempt=attempt, finished_at=None, state__in=("running", "cancelling"))
    if not rows.update(heartbeat_at=timezone.now(), **fields):
        return None
    return rows.values_list("state", flat=True).first()


def succeed(*, job_id: int, attempt: int, result: dict[str, Any]) -> bool:
    """Finish a job. A cancellation that came too late changes nothing."""
    fields = {"of_attempt": attempt, "result": result, "stage": "", "finished_at": timezone.now()}
    done = _move(job_id, "running", "succeeded", **fields) or _move(job_id, "cancelling", "succeeded", **fields)
    if done:
        Job.objects.filter(pk=job_id, total__isnull=False).update(done=F("total"))
    return done


def fail(*, job_id: int, attempt: int, error: dict[str, Any]) -> bool:
    fields = {"of_attempt": attempt, "error": error, "finished_at": timezone.now()}
    return _move(job_id, "running", "failed", **fields) or _move(job_id, "cancelling", "failed", **fields)


def confirm_cancel(*, job_id: int, attempt: int) -> bool:
    return _move(job_id, "cancelling", "cancelled", of_attempt=attempt, finished_at=timezone.now())


def give_back(*, job_id: int, attempt: int) -> bool:
    """Return a job to the queue because its worker shuts down."""
    return _move(job_id, "running", "queued", of_attempt=attempt, published_at=timezone.now() - REPUBLISH_AFTER)


def cancel_job(*, actor: Actor, job_id: int) -> Job:
    """Cancel a waiting job at once, or ask a running one to stop at its next safe point."""
    job = _visible(actor, job_id)
    if not (_move(job.pk, "queued", "cancelled", finished_at=timezone.now()) or _move(job.pk, "running", "cancelling")):
        job.refresh_from_db()
        if job.state not in {"cancelling", "cancelled"}:
            raise Conflict("job_finished", _("This job has finished already; there is nothing to cancel."))
    audit.record(actor=actor, action="job.cancel", subject=f"job:{job.pk}", kind=job.kind)
    job.refresh_from_db()
    return job


def retry_job(*, actor: Actor, job_id: int) -> Job:
    """Send a failed or cancelled job again; it goes on from what it had saved."""
    job = _visible(actor, job_id)
    with transaction.atomic():
        fields = {"finished_at": None, "error": None, "published_at": timezone.now(), "saved_state": job.saved_state}
        if not (_move(job.pk, "failed", "queued", **fields) or _move(job.pk, "cancelled", "queued", **fields)):
            raise Conflict("job_not_failed", _("Only a failed or cancelled job can be sent again."))
        audit.record(actor=actor, action="job.retry", subject=f"job:{job.pk}", kind=job.kind)
        transaction.on_commit(lambda: publish(job=job))
    job.refresh_from_db()
    return job


def _visible(actor: Actor, job_id: int) -> Job:
    job = Job.objects.visible_to(actor).filter(pk=job_id).first()
    if job is None:
        raise NotFound(_("There is no such job."))
    return job  # type: ignore[no-any-return]


def reap() -> dict[str, int]:
    """Hand on the jobs whose worker fell silent, and send the messages that nobody took.

    Runs every few seconds and may run twice at once: each step is a compare-and-set.
    """
    now = timezone.now()
    stale = now - timedelta(seconds=settings.ASSAY_JOB_STALE_SECONDS)
    counts = {"handed_on": 0, "given_up": 0, "published": 0}
    for job in Job.objects.filter(finished_at=None, state="cancelling", heartbeat_at__lt=stale):
        confirm_cancel(job_id=job.pk, attempt=job.attempt)
    for job in Job.objects.filter(finished_at=None, state="running", heartbeat_at__lt=stale):
        if job.attempt >= KINDS[job.kind].attempts:
            counts["given_up"] += fail(job_id=job.pk, attempt=job.attempt, error=_lost_error(job))
        elif _move(job.pk, "running", "queued", of_attempt=job.attempt, published_at=now):
            log.warning("job_handed_on", job_id=job.pk, attempt=job.attempt)
            counts["handed_on"] += 1
            publish(job=job)
    waiting = Job.objects.filter(finished_at=None, state="queued", published_at__lt=now - REPUBLISH_AFTER)
    for job in waiting.order_by("pk")[:200]:
        if Job.objects.filter(pk=job.pk, state="queued", published_at=job.published_at).update(published_at=now):
            counts["published"] += 1
            publish(job=job)
    return counts


def _lost_error(job: Job) -> dict[str, Any]:
    detail = _("The worker died %(count)s times while doing this job. The usual cause is too little memory.")
    return {
        "code": "worker_lost",
        "title": _("Worker lost"),
        "detail": detail % {"count": job.attempt},
        "status": 500,
    }
