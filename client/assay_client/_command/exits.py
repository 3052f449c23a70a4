"""Exit codes, and which failure gives which."""

from __future__ import annotations

from assay_client._exceptions import (
    AssayError,
    ConnectionFailed,
    JobFailed,
    JobTimedOut,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RequestRefused,
    ServerFailed,
    TooManyRequests,
    UnexpectedAnswer,
)

EXIT_CODES = {
    0: "done",
    1: "an error of the service or of this program",
    2: "the command line is wrong",
    3: "nobody answers at the address, or not in time",
    4: "the service refused the request and said why",
    5: "not signed in, or not allowed",
    6: "there is no such thing",
    7: "a job failed or was cancelled, or some of several projects were not taken over",
    8: "the accuracy gate refused the bundle",
    130: "interrupted",
}


class UsageProblem(AssayError):
    """The command line or the configuration lacks something."""

    code = "usage"


class GateRefused(AssayError):
    """The bundle lost more than its gate allows."""

    code = "gate_refused"


class MigrationIncomplete(AssayError):
    """Some of several projects could not be taken over."""

    code = "migration_incomplete"


# In the order of looking: the first that fits gives the code.
_codes: list[tuple[tuple[type[AssayError], ...], int]] = [
    ((UsageProblem,), 2),
    ((ConnectionFailed, JobTimedOut, UnexpectedAnswer, TooManyRequests), 3),
    ((NotAuthenticated, NotAllowed), 5),
    ((NotFound,), 6),
    ((JobFailed, MigrationIncomplete), 7),
    ((GateRefused,), 8),
    ((ServerFailed,), 1),
    ((RequestRefused,), 4),
]


def exit_code(error: AssayError) -> int:
    """Return the exit code of a failure."""
    return next((code for kinds, code in _codes if isinstance(error, kinds)), 1)
