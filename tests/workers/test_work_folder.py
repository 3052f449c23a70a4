from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from core.errors import DomainError
from tests import factories
from workers.context import JobCancelled, JobContext
from workers.models import Job
from workers.work_folder import KEPT_FOR, remove_forgotten, work_folder

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    actor = factories.owner()
    return Job.objects.create(organization_id=actor.organization_id, kind="workers.check", title="t", attempt=1)


def attempt(job: Job, number: int) -> JobContext:
    job.attempt = number
    return JobContext(job)


def cut_off(context: JobContext, error: Exception, *, keep: bool = True) -> None:
    """Do half of an attempt."""
    with work_folder(context, keep=keep) as folder:
        (folder / "part").write_text("one")
        raise error


def folders_of(job: Job) -> list[str]:
    return sorted(path.name for path in Path(settings.ASSAY_HOME, "work").glob(f"job-{job.pk}-*"))


def test_a_finished_attempt_leaves_nothing(job: Job) -> None:
    with work_folder(attempt(job, 1), keep=True) as folder:
        (folder / "part").write_text("one")
    assert folders_of(job) == []


@pytest.mark.parametrize(
    ("error", "keep", "left"),
    [
        (JobCancelled(), True, 1),  # may be sent again, and goes on
        (OSError(28, "No space left on device"), True, 1),
        (JobCancelled(), False, 0),
        (DomainError("no_good_rows", "The input is at fault."), True, 0),
        (DomainError("step_failed", "Send it again.", resumable=True), True, 1),
        (DomainError("step_failed", "Send it again.", resumable=True), False, 0),
    ],
)
def test_an_attempt_that_was_cut_off_leaves_only_what_is_gone_on_from(
    job: Job, error: Exception, keep: bool, left: int
) -> None:
    with pytest.raises(type(error)):
        cut_off(attempt(job, 1), error, keep=keep)
    assert len(folders_of(job)) == left


def test_the_next_attempt_goes_on_in_a_folder_that_the_one_before_cannot_write_to(job: Job) -> None:
    with work_folder(attempt(job, 1), keep=True) as given_up:
        (given_up / "part").write_text("one")
        with work_folder(attempt(job, 2), keep=True) as folder:
            assert (folder / "part").read_text() == "one"
            with pytest.raises(FileNotFoundError):
                (given_up / "part").write_text("late")
            assert folders_of(job) == [f"job-{job.pk}-2"]


def test_an_attempt_that_keeps_nothing_starts_in_an_empty_folder(job: Job) -> None:
    with pytest.raises(JobCancelled):
        cut_off(attempt(job, 9), JobCancelled())
    with work_folder(attempt(job, 10)) as folder:
        assert list(folder.iterdir()) == []
        assert folders_of(job) == [f"job-{job.pk}-10"]


def test_folders_of_jobs_that_ended_long_ago_or_are_gone_are_removed(job: Job) -> None:
    actor = factories.owner()
    now = timezone.now()
    for ended, stays in ((None, True), (now, True), (now - KEPT_FOR - timedelta(hours=1), False)):
        row = Job.objects.create(
            organization_id=actor.organization_id, kind="workers.check", title="t", finished_at=ended
        )
        with pytest.raises(JobCancelled):
            cut_off(attempt(row, 1), JobCancelled())
        remove_forgotten()
        assert bool(folders_of(row)) == stays
    with pytest.raises(JobCancelled):
        cut_off(attempt(job, 1), JobCancelled())
    Job.objects.filter(pk=job.pk).delete()
    assert remove_forgotten() == 1
