"""The folder on the worker's disk in which one attempt at a job does its work."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from core.errors import DomainError
from workers.context import JobContext
from workers.models import Job

# How long an interrupted job that can go on from its folder keeps it after it ended.
KEPT_FOR = timedelta(days=2)
_name = re.compile(r"(?:job-(\d+)-\d+|pieces-(\d+))")


def work_root() -> Path:
    """Return the folder in which all jobs of this machine have theirs."""
    return Path(settings.ASSAY_HOME) / "work"


@contextmanager
def work_folder(job: JobContext, *, keep: bool = False) -> Iterator[Path]:
    """Give a folder of this attempt's own, and remove it at the end.

    An attempt that was given up and still runs cannot write into the folder of the one after it: what is to be gone on
    from moves to the new name, and what the old name held is gone.

    Args:
        job: The attempt.
        keep: Go on in the folder that the attempt before left, and leave it when this one is cut off. A job that
            failed because of its input leaves nothing, unless the error's extra ``resumable`` says that a person may
            send it again to go on from there.
    """
    folder = work_root() / f"job-{job.job_id}-{job.attempt}"
    earlier = sorted(work_root().glob(f"job-{job.job_id}-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    if keep and earlier and not folder.exists():
        earlier.pop().rename(folder)
    for path in earlier:
        if path != folder or not keep:
            shutil.rmtree(path, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    done = False
    try:
        yield folder
        done = True
    except DomainError as error:
        done = not error.extra.get("resumable", False)
        raise
    finally:
        if done or not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def shared_folder(job: JobContext) -> Iterator[Path]:
    """Give a folder that all attempts at a job and all jobs that do its pieces share; it need not be there yet.

    Whoever writes there gives each result its name when it is whole, and writes the same whenever it is done again:
    an attempt that was given up can do no harm. The folder stays when this attempt is cut off.
    """
    folder = pieces_folder(job.job_id)
    done = False
    try:
        yield folder
        done = True
    except DomainError:
        done = True
        raise
    finally:
        if done:
            shutil.rmtree(folder, ignore_errors=True)


def pieces_folder(job_id: int) -> Path:
    """Return the folder that a job shares with those who do its pieces."""
    return work_root() / f"pieces-{job_id}"


def remove_forgotten() -> int:
    """Remove the folders of jobs that ended long ago or are gone; return how many."""
    names = ((path, _name.fullmatch(path.name)) for path in work_root().glob("*-*"))
    folders = {path: int(found[1] or found[2]) for path, found in names if found}
    since = timezone.now() - KEPT_FOR
    wanted = set(
        Job.objects.filter(pk__in=folders.values()).exclude(finished_at__lt=since).values_list("pk", flat=True)
    )
    forgotten = [path for path, number in folders.items() if number not in wanted]
    for path in forgotten:
        shutil.rmtree(path, ignore_errors=True)
    return len(forgotten)
