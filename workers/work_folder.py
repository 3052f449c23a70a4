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
_name = re.compile(r"job-(\d+)-(\d+)")


def _root() -> Path:
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
    folder = _root() / f"job-{job.job_id}-{job.attempt}"
    earlier = sorted(_root().glob(f"job-{job.job_id}-*"), key=lambda path: int(path.name.rpartition("-")[2]))
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


def remove_forgotten() -> int:
    """Remove the folders of jobs that ended long ago or are gone; return how many."""
    folders = {path: int(found[1]) for path in _root().glob("job-*") if (found := _name.fullmatch(path.name))}
    since = timezone.now() - KEPT_FOR
    wanted = set(
        Job.objects.filter(pk__in=folders.values()).exclude(finished_at__lt=since).values_list("pk", flat=True)
    )
    forgotten = [path for path, number in folders.items() if number not in wanted]
    for path in forgotten:
        shutil.rmtree(path, ignore_errors=True)
    return len(forgotten)
