"""Jobs: any long work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from assay_client._exceptions import JobCancelled, JobFailed, JobTimedOut
from assay_client._paging import each
from assay_client._records import Job
from assay_client._transport import Transport

# The first look comes soon, so that a job of a tenth of a second feels like none; a long one is asked every 2 s.
FIRST_LOOK = 0.1
LONGEST_LOOK = 2.0
GROWTH = 1.4


class Jobs:
    """Any long work: its state, progress, result and error."""

    def __init__(self, transport: Transport, sleep: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._sleep = sleep

    def list(self, *, state: str | None = None, kind: str | None = None, subject: str | None = None) -> Iterator[Job]:
        """Give the jobs, newest first.

        Args:
            state: queued, running, cancelling, succeeded, failed or cancelled.
            kind: Such as ``curation.import_file``.
            subject: What it works on, as ``dataset:3``.
        """
        return each(self._transport, "jobs/", Job, {"state": state, "kind": kind, "subject": subject})

    def get(self, job_id: int) -> Job:
        """Return one job."""
        return Job.parse(self._transport.json("GET", f"jobs/{job_id}/"))

    def cancel(self, job_id: int) -> Job:
        """Stop a waiting job at once, or ask a running one to stop at its next safe point."""
        return Job.parse(self._transport.json("POST", f"jobs/{job_id}/cancel/"))

    def retry(self, job_id: int) -> Job:
        """Send a failed or cancelled job again; it goes on from what it had saved."""
        return Job.parse(self._transport.json("POST", f"jobs/{job_id}/retry/"))

    def metrics(self, job_id: int, *, after: int = -1) -> Sequence[dict[str, Any]]:
        """Return the figures of a running training after a number, oldest first."""
        answer = self._transport.json("GET", f"jobs/{job_id}/metrics/", params={"after": after})
        return [dict(row) for row in answer["results"]]

    def wait(
        self,
        job: Job | int,
        on_progress: Callable[[Job], None] | None = None,
        *,
        timeout: float | None = None,
    ) -> Job:
        """Return the job once it has succeeded, looking ever less often, at most every 2 s.

        Args:
            job: The job or its number.
            on_progress: Called with each look at it, the last included.
            timeout: Seconds after which to stop waiting; the job goes on.

        Raises:
            JobFailed: it failed; ``JobCancelled`` when it was cancelled.
            JobTimedOut: the time is over.
        """
        number = job if isinstance(job, int) else job.id
        until = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_LOOK
        while True:
            seen = self.get(number)
            if on_progress:
                on_progress(seen)
            if seen.state == "succeeded":
                return seen
            if not seen.is_open:
                raise (JobCancelled if seen.state == "cancelled" else JobFailed)(seen)
            if until is not None and time.monotonic() >= until:
                raise JobTimedOut(seen, timeout or 0.0)
            self._sleep(pause)
            pause = min(pause * GROWTH, LONGEST_LOOK)
