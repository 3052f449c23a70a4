"""A job's work cut into pieces: each a job of its own that any worker may take, while the job itself helps."""

import time
from collections.abc import Callable
from typing import Any

from workers.context import JobContext, LeaseLost
from workers.job_task import attempt
from workers.models import Job, JobState
from workers.services import job as jobs

# Does a piece, given its parameters; what it returns becomes the result of the piece's job.
Do = Callable[[dict[str, Any]], dict[str, Any]]
# Pieces that wait or run at a time: enough to keep a few workers busy, and few enough that the jobs of others, sent to
# the same queue meanwhile, wait for seconds.
AHEAD = 8
POLL_SECONDS = 0.2


def fan_out(
    *,
    job: JobContext,
    kind: str,
    pieces: dict[str, dict[str, Any]],
    done: Callable[[str], bool],
    do: Do,
) -> None:
    """Return when all pieces are done.

    The job takes waiting pieces itself, as a worker would, so a single worker does them all and nothing waits for a
    worker that there is not. A piece whose job ended without doing it (its worker could not see the files, say) is done
    here, and what goes wrong with it then is this job's own error. An attempt after a crash finds the pieces that are
    done, and the jobs of those that are not.

    Args:
        job: The job whose work it is.
        kind: The kind of job that does a piece: a row of ``workers.kinds.KINDS``.
        pieces: The name of each piece, one in its job, and the parameters of its job.
        done: Tells whether a piece is done, from what it left, whoever did it.
        do: What the task of this kind calls, given the parameters of a piece; twice must change nothing.

    Raises:
        JobCancelled: Somebody asked the job to stop; pieces that wait are cancelled.
        LeaseLost: Another worker owns the job now; the pieces are left to it.
    """
    try:
        while waiting := [name for name in pieces if not done(name)]:
            job.check()
            if not _help(job, kind, pieces, waiting, do):
                time.sleep(POLL_SECONDS)
    except LeaseLost:
        raise
    except Exception:
        jobs.withdraw_pieces(parent_id=job.job_id)
        raise


def _help(job: JobContext, kind: str, pieces: dict[str, dict[str, Any]], waiting: list[str], do: Do) -> bool:
    """Send jobs for pieces that have none, and do one piece; False when others are at all that is left."""
    sent = {row.piece: row for row in Job.objects.filter(parent_id=job.job_id, piece__in=waiting)}
    free = AHEAD - sum(row.is_open for row in sent.values())
    for name in [name for name in waiting if name not in sent][: max(0, free)]:
        row = jobs.enqueue_piece(parent_id=job.job_id, piece=name, kind=kind, actor=job.actor, params=pieces[name])
        if row is not None:
            sent[name] = row
    # Other workers begin at the front.
    for row in reversed(list(sent.values())):
        if row.state == JobState.QUEUED:
            started = jobs.start(job_id=row.pk)
            if started is not None:
                attempt(lambda piece: do(piece.params), started)
                return True
        elif not row.is_open:
            do(row.params)
            return True
    return False
