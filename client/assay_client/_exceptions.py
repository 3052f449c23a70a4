"""What can go wrong, as one tree.

AssayError
├── ConnectionFailed            nobody answered at the address
│   └── TimedOut                somebody did, but not in time
├── UnexpectedAnswer            the answer is not Assay's
├── RequestRefused              the server answered with a problem: status, code, detail, errors
│   ├── InvalidRequest          400, 413, 415, 422
│   ├── NotAuthenticated        401
│   ├── NotAllowed              403
│   ├── NotFound                404
│   ├── Conflict                409, 412
│   ├── TooManyRequests         429, with retry_after
│   └── ServerFailed            500 and above
├── JobFailed                   a job ended without success, with the job
│   └── JobCancelled            because somebody cancelled it
└── JobTimedOut                 a job had not ended when the waiting did
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay_client._records import Job


class AssayError(Exception):
    """The base of everything this client raises on purpose."""

    code: str = "error"


class ConnectionFailed(AssayError):
    """Nobody answered, after the retries."""

    code = "connection_failed"


class TimedOut(ConnectionFailed):
    """The server took longer than the client's time limit."""

    code = "timed_out"


class UnexpectedAnswer(AssayError):
    """The answer is not what an Assay service says; the address is likely wrong."""

    code = "unexpected_answer"


class RequestRefused(AssayError):
    """The server refused the request and said why.

    Attributes:
        status: HTTP status.
        code: Stable name of the problem, for programs.
        detail: One or two sentences for people.
        errors: For wrong fields, one row each with ``field``, ``code`` and ``message``.
        body: The whole problem body.
    """

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.body = body
        self.code = str(body.get("code", "error"))
        self.detail = str(body.get("detail") or body.get("title") or f"The server answered {status}.")
        self.errors: list[dict[str, str]] = list(body.get("errors") or [])
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        fields = "; ".join(f"{row.get('field') or 'request'}: {row.get('message', '')}" for row in self.errors)
        return f"{self.detail} {fields}".strip() if fields else self.detail


class InvalidRequest(RequestRefused):
    """The request itself is wrong; sending it again will not help."""


class NotAuthenticated(RequestRefused):
    """The token is missing, unknown, revoked or expired."""


class NotAllowed(RequestRefused):
    """The token or its owner lacks the scope."""


class NotFound(RequestRefused):
    """There is no such thing, or it belongs to another organization."""


class Conflict(RequestRefused):
    """The request contradicts the present state."""


class TooManyRequests(RequestRefused):
    """The limit is reached.

    Attributes:
        retry_after: Seconds to wait, as the server said; None when it did not say.
    """

    def __init__(self, status: int, body: dict[str, Any], retry_after: float | None = None) -> None:
        super().__init__(status, body)
        self.retry_after = retry_after


class ServerFailed(RequestRefused):
    """The server made a mistake or is not ready."""


class JobFailed(AssayError):
    """A job ended without success.

    Attributes:
        job: The job as it ended; ``job.error`` is its problem body.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        error = job.error or {}
        self.code = str(error.get("code", "job_failed"))
        super().__init__(str(error.get("detail") or f"Job {job.id} ({job.title}) ended as {job.state}."))


class JobCancelled(JobFailed):
    """A job was cancelled."""


class JobTimedOut(AssayError):
    """A job had not ended when the time given to `wait` was over; it goes on.

    Attributes:
        job: The job as last seen.
    """

    code = "job_timed_out"

    def __init__(self, job: Job, seconds: float) -> None:
        self.job = job
        super().__init__(f"Job {job.id} ({job.title}) is still {job.state} after {seconds:.0f} s; it goes on.")


_by_status: dict[int, type[RequestRefused]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: TooManyRequests,
}


def refusal(status: int, body: dict[str, Any], retry_after: float | None = None) -> RequestRefused:
    """Return the exception for a status and its problem body."""
    if status == 429:
        return TooManyRequests(status, body, retry_after)
    return _by_status.get(status, ServerFailed if status >= 500 else InvalidRequest)(status, body)
