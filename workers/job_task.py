"""The decorator that turns a handler into the Celery task of its kind."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from core.errors import DomainError
from workers.context import JobCancelled, JobContext, LeaseLost
from workers.kinds import KINDS
from workers.models import Job
from workers.services import job as jobs

log = structlog.get_logger(__name__)
Handler = Callable[[JobContext], dict[str, Any]]


def job_task(kind: str) -> Callable[[Handler], Any]:
    """Register a handler under the name of its kind; the dict it returns becomes the job's result."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is not a row of workers.kinds.KINDS")

    def decorate(handler: Handler) -> Any:
        # Acknowledged late: a message lost with its worker comes back by itself, and the reaper is the second net.
        @shared_task(name=kind, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
        def task(*, job_id: int, **_later: Any) -> None:
            run(handler, job_id)

        return task

    return decorate


def run(handler: Handler, job_id: int) -> None:
    """Take the job, call its handler and write how it ended."""
    job = jobs.start(job_id=job_id)
    if job is None:
        log.info("job_not_taken", job_id=job_id)
        return
    structlog.contextvars.bind_contextvars(job_id=job.pk, kind=job.kind, attempt=job.attempt, request_id=job.request_id)
    log.info("job_started")
    with translation.override(job.language or settings.LANGUAGE_CODE):
        ending = attempt(handler, job)
    log.info("job_ended", **ending)
    structlog.contextvars.clear_contextvars()


def attempt(handler: Handler, job: Job) -> dict[str, Any]:
    """Call the handler for a job that was started, and write how it ended; return what the log says of it."""
    try:
        with JobContext(job) as context:
            result = handler(context)
        jobs.succeed(job_id=job.pk, attempt=job.attempt, result=result)
        return {"state": "succeeded"}
    except JobCancelled:
        jobs.confirm_cancel(job_id=job.pk, attempt=job.attempt)
        return {"state": "cancelled"}
    except LeaseLost:
        return {"state": "handed on"}
    except DomainError as error:
        jobs.fail(job_id=job.pk, attempt=job.attempt, error=error.as_problem())
        return {"state": "failed", "code": error.code}
    except (OperationalError, InterfaceError) as error:
        # The database went away: nothing can be written now, and the job is not at fault. Its heartbeat grows stale and
        # the reaper hands it on, at most as often as its kind allows.
        log.warning("job_interrupted", error=type(error).__name__)
        return {"state": "interrupted"}
    except Exception as error:
        log.exception("job_crashed")
        jobs.fail(job_id=job.pk, attempt=job.attempt, error=_unexpected(error))
        return {"state": "failed", "code": "unexpected"}


def _unexpected(error: Exception) -> dict[str, Any]:
    if isinstance(error, OSError) and error.errno == 28:
        detail = _("The disk is full. Free some space and send the job again; it goes on where it stopped.")
        return {"code": "disk_full", "title": _("Disk full"), "detail": detail, "status": 507}
    if isinstance(error, MemoryError):
        detail = _("The worker ran out of memory. Give it more, or split the data, and send the job again.")
        return {"code": "out_of_memory", "title": _("Out of memory"), "detail": detail, "status": 507}
    detail = _("The job stopped on an error of ours (%(kind)s). The log has the details under this job's number.")
    values = {"kind": type(error).__name__}
    return {"code": "unexpected", "title": _("Unexpected error"), "detail": detail % values, "status": 500}
