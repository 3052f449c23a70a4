"""What a job handler holds in its hand."""

import threading
import time
from types import TracebackType
from typing import Any, Self

from django.db import close_old_connections

from accounts.actor import Actor
from accounts.services.actor import system_actor
from workers.models import Job, JobMetric
from workers.services import job as jobs

HEARTBEAT_SECONDS = 4.0
# Two progress writes a second keep a page lively and cost a worker about a millisecond each.
PROGRESS_SECONDS = 0.5


class JobCancelled(Exception):
    """Somebody cancelled the job; raised at the next progress report."""


class LeaseLost(Exception):
    """The job was handed to another worker; this one must stop without writing anything more."""


class JobContext:
    """One attempt at one job: parameters, progress, saved state and the sign of life.

    A thread writes the heartbeat, so that a long silent computation is not taken for a dead worker; a worker that was
    killed writes none, and the reaper hands its job on.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.job_id: int = job.pk
        self.organization_id: int = job.organization_id
        self.attempt: int = job.attempt
        self.params: dict[str, Any] = dict(job.params)
        self.state: dict[str, Any] = dict(job.saved_state)
        self.actor: Actor = system_actor(
            organization_id=job.organization_id, user_id=job.created_by_id or 0, request_id=job.request_id
        )
        self._pending: dict[str, Any] = {}
        self._last_write = 0.0
        self._verdict: type[Exception] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{job.pk}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=HEARTBEAT_SECONDS)
        if error is None:
            self._write()

    def progress(
        self,
        done: int,
        total: int | None = None,
        stage: str = "",
        *,
        rows_done: int | None = None,
        rows_refused: int | None = None,
    ) -> None:
        """Report progress, and stop here when the job was cancelled or handed on.

        Args:
            done: Units done so far; the unit is the handler's own.
            total: Units in all, None while it is not known.
            stage: What is going on, in the words of the reader.
            rows_done: Good rows so far.
            rows_refused: Bad rows so far.

        Raises:
            JobCancelled: Somebody asked the job to stop.
            LeaseLost: Another worker owns the job now.
        """
        self._pending |= {"done": done, "total": total, "stage": stage}
        if rows_done is not None:
            self._pending["rows_done"] = rows_done
        if rows_refused is not None:
            self._pending["rows_refused"] = rows_refused
        if time.monotonic() - self._last_write >= PROGRESS_SECONDS:
            self._write()
        self.check()

    def check(self) -> None:
        """Raise when the job was cancelled or handed on; costs nothing, so call it often."""
        if self._verdict is not None:
            raise self._verdict

    def cancelled(self) -> bool:
        """Tell whether to stop, for engines that poll."""
        return self._verdict is not None

    def save_state(self, state: dict[str, Any]) -> None:
        """Keep what the next attempt needs to go on from here."""
        self.state = dict(state)
        self._pending["saved_state"] = self.state
        self._write()
        self.check()

    def log_metric(self, number: int, data: dict[str, Any]) -> None:
        """Keep one row of figures for the live curves; writing the same number again keeps the newest."""
        JobMetric.objects.update_or_create(
            job_id=self.job_id, number=number, defaults={"data": data, "attempt": self.attempt}
        )

    def _write(self) -> None:
        pending, self._pending = self._pending, {}
        self._last_write = time.monotonic()
        self._read(jobs.beat(job_id=self.job_id, attempt=self.attempt, **pending))

    def _read(self, state: str | None) -> None:
        if state is None:
            self._verdict = LeaseLost
        elif state == "cancelling":
            self._verdict = JobCancelled

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            try:
                self._read(jobs.beat(job_id=self.job_id, attempt=self.attempt))
            except Exception:  # noqa: BLE001, S110  (a database that is away for a moment must not end the thread)
                pass
            finally:
                close_old_connections()
        close_old_connections()
