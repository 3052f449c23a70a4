import datetime

import pytest
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts.actor import Actor
from accounts.models import AuditEntry, User
from accounts.services.organization import create_organization
from core.errors import Conflict, DomainError, NotFound
from workers import job_task
from workers.context import JobCancelled, JobContext, LeaseLost
from workers.models import Job, JobState
from workers.services import job as jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Actor:
    user = User.objects.create_user("ann@example.com", "correct horse battery")
    return create_organization(name="Ann's", owner=user)[1]


@pytest.fixture
def stranger() -> Actor:
    user = User.objects.create_user("sue@example.com", "correct horse battery")
    return create_organization(name="Sue's", owner=user)[1]


def queue(actor: Actor, **params: object) -> Job:
    return jobs.enqueue(kind="workers.check", actor=actor, params=params)


def make_stale(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - datetime.timedelta(minutes=5))


def test_a_job_is_taken_once(actor: Actor) -> None:
    job = queue(actor)
    assert jobs.start(job_id=job.pk).attempt == 1
    assert jobs.start(job_id=job.pk) is None


def test_a_finished_handler_gives_the_result(actor: Actor) -> None:
    job = queue(actor)

    def handler(context: JobContext) -> dict:
        context.progress(3, 4, "counting", rows_done=3, rows_refused=1)
        return {"seen": 4}

    job_task.run(handler, job.pk)
    job.refresh_from_db()
    assert (job.state, job.result, job.done, job.total) == ("succeeded", {"seen": 4}, 4, 4)
    assert (job.rows_done, job.rows_refused) == (3, 1)
    assert job.finished_at is not None


def test_a_domain_error_is_kept_as_a_problem(actor: Actor) -> None:
    job = queue(actor)

    def handler(context: JobContext) -> dict:
        raise DomainError("file_torn", "Line 7 is cut off.", line=7)

    job_task.run(handler, job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert (job.error["code"], job.error["detail"], job.error["line"]) == ("file_torn", "Line 7 is cut off.", 7)


def test_an_unexpected_error_says_no_internals(actor: Actor) -> None:
    job = queue(actor)

    def handler(context: JobContext) -> dict:
        raise RuntimeError("password=hunter2")

    job_task.run(handler, job.pk)
    job.refresh_from_db()
    assert job.error["code"] == "unexpected"
    assert "hunter2" not in str(job.error)


def test_a_silent_worker_loses_its_job_and_can_write_nothing_more(actor: Actor) -> None:
    job = queue(actor)
    first = JobContext(jobs.start(job_id=job.pk))
    make_stale(job)
    assert jobs.reap()["handed_on"] == 1
    second = jobs.start(job_id=job.pk)
    assert second.attempt == 2
    with pytest.raises(LeaseLost):
        first.progress(1, 2)
    assert not jobs.succeed(job_id=job.pk, attempt=1, result={})
    assert jobs.succeed(job_id=job.pk, attempt=2, result={"by": 2})


def test_the_next_attempt_starts_from_what_was_saved(actor: Actor) -> None:
    job = queue(actor)
    context = JobContext(jobs.start(job_id=job.pk))
    context.save_state({"row": 40})
    make_stale(job)
    jobs.reap()
    assert JobContext(jobs.start(job_id=job.pk)).state == {"row": 40}


def test_a_job_that_kills_its_workers_is_given_up(actor: Actor) -> None:
    job = queue(actor)
    for _attempt in range(5):
        assert jobs.start(job_id=job.pk)
        make_stale(job)
        jobs.reap()
    job.refresh_from_db()
    assert (job.state, job.attempt, job.error["code"]) == ("failed", 5, "worker_lost")


def test_a_waiting_job_is_cancelled_at_once(actor: Actor) -> None:
    job = queue(actor)
    assert jobs.cancel_job(actor=actor, job_id=job.pk).state == JobState.CANCELLED
    assert jobs.start(job_id=job.pk) is None


def test_a_running_job_stops_at_its_next_report(actor: Actor) -> None:
    job = queue(actor)

    def handler(context: JobContext) -> dict:
        assert jobs.cancel_job(actor=actor, job_id=job.pk).state == JobState.CANCELLING
        context._last_write = 0.0
        context.progress(1, 2)
        raise AssertionError("went on after the cancellation")

    job_task.run(handler, job.pk)
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert [entry.action for entry in AuditEntry.objects.filter(subject=f"job:{job.pk}")] == ["job.cancel"]


def test_cancelled_is_polled_by_engines(actor: Actor) -> None:
    job = queue(actor)
    context = JobContext(jobs.start(job_id=job.pk))
    assert not context.cancelled()
    jobs.cancel_job(actor=actor, job_id=job.pk)
    with pytest.raises(JobCancelled):
        context.save_state({})
    assert context.cancelled()


def test_a_finished_job_cannot_be_cancelled(actor: Actor) -> None:
    job = queue(actor)
    job_task.run(lambda _context: {}, job.pk)
    with pytest.raises(Conflict):
        jobs.cancel_job(actor=actor, job_id=job.pk)


def test_only_failed_and_cancelled_jobs_are_sent_again(actor: Actor) -> None:
    job = queue(actor)
    with pytest.raises(Conflict):
        jobs.retry_job(actor=actor, job_id=job.pk)
    jobs.cancel_job(actor=actor, job_id=job.pk)
    assert jobs.retry_job(actor=actor, job_id=job.pk).state == JobState.QUEUED
    assert jobs.start(job_id=job.pk).attempt == 1


def test_a_stranger_cannot_touch_a_job(actor: Actor, stranger: Actor) -> None:
    job = queue(actor)
    with pytest.raises(NotFound):
        jobs.cancel_job(actor=stranger, job_id=job.pk)


def test_a_message_nobody_took_is_sent_again(actor: Actor) -> None:
    job = queue(actor)
    assert jobs.reap()["published"] == 0
    Job.objects.filter(pk=job.pk).update(published_at=timezone.now() - datetime.timedelta(minutes=5))
    assert jobs.reap()["published"] == 1
    assert jobs.reap()["published"] == 0


def test_figures_written_twice_are_kept_once(actor: Actor) -> None:
    job = queue(actor)
    context = JobContext(jobs.start(job_id=job.pk))
    context.log_metric(0, {"loss": 2.0})
    context.log_metric(1, {"loss": 1.0})
    context.log_metric(1, {"loss": 0.9})
    assert [row.data["loss"] for row in job.metrics.order_by("number")] == [2.0, 0.9]


def test_a_job_speaks_the_language_of_whoever_asked_for_it(actor: Actor) -> None:
    with translation.override("zh-hans"):
        job = queue(actor)

    def handler(context: JobContext) -> dict:
        raise DomainError("no_good_rows", gettext("There is no such job."))

    assert translation.get_language() == "en"
    job_task.run(handler, job.pk)
    job.refresh_from_db()
    with translation.override("zh-hans"):
        assert job.error["detail"] == gettext("There is no such job.") != "There is no such job."
