"""Waiting for a short job inside a request, since clients of Label Studio expect its answer at once."""

import threading
import time
from collections.abc import Callable

from accounts.actor import Actor
from core.errors import Conflict
from labeling.models import Project
from labeling.services.arriving import are_arriving, refuse_while_arriving
from workers.models import Job

# Most imports of pictures and exports of some thousand tasks are through by then; a client that waits longer is told
# to ask again.
SECONDS = 20.0
POLL = 0.2
# Of the threads of a web process at most so many wait; all others answer at once that the job is under way.
PLACES = 2
_places = threading.BoundedSemaphore(PLACES)


def wait_for(job: Job | None, *, seconds: float | None = None) -> bool:
    """Return whether a job ended within some seconds; false at once where too many wait already."""
    if job is None:
        return True
    return wait_until(lambda: not Job.objects.filter(pk=job.pk, finished_at=None).exists(), seconds=seconds)


def wait_until(done: Callable[[], bool], *, seconds: float | None = None) -> bool:
    """Return whether something came true within some seconds; false at once where too many wait already."""
    if done():
        return True
    if not _places.acquire(blocking=False):
        return False
    try:
        until = time.monotonic() + (SECONDS if seconds is None else seconds)
        while time.monotonic() < until:
            time.sleep(POLL)
            if done():
                return True
        return False
    finally:
        _places.release()


def settle_arrivals(*, actor: Actor, project: Project) -> None:
    """Return when all items of a project are in its version.

    Raises:
        Conflict: ``items_arriving`` when that takes longer than a request can wait.
    """
    try:
        refuse_while_arriving(actor=actor, project=project)
    except Conflict:
        if not wait_until(lambda: not are_arriving(project)):
            raise
