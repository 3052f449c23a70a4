"""Waiting for a short job inside a request, since clients of Label Studio expect its answer at once."""

import threading
import time
from collections.abc import Callable

from workers.models import Job

# Most imports of pictures and exports of some thousand tasks are through by then; a client that waits longer is told
# to ask again.
SECONDS = 20.0
POLL = 0.2
# Of the threads of a web process at most so many wait; all others answer at once that the job is under way.
PLACES = 2
_places = threading.BoundedSemaphore(PLACES)


def wait_for(job: Job | None, *, seconds: float = SECONDS) -> bool:
    """Return whether a job ended within some seconds; false at once where too many wait already."""
    if job is None:
        return True
    return wait_until(lambda: not Job.objects.filter(pk=job.pk, finished_at=None).exists(), seconds=seconds)


def wait_until(done: Callable[[], bool], *, seconds: float = SECONDS) -> bool:
    """Return whether something came true within some seconds; false at once where too many wait already."""
    if done():
        return True
    if not _places.acquire(blocking=False):
        return False
    try:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(POLL)
            if done():
                return True
        return False
    finally:
        _places.release()
