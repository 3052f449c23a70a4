"""A run whose search for near-duplicates is cut into jobs: the same version, whoever does the shards."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from curation.demo import SETS
from curation.models import Run, Version
from curation.services.near_shard import KIND, execute_shard
from curation.services.run import start_run
from tests import factories
from tests.curation.services.test_import import import_, work
from tests.live import Process, _environment, worker_process
from workers.context import JobCancelled, JobContext
from workers.fan_out import AHEAD, fan_out
from workers.job_task import attempt
from workers.models import Job, JobState
from workers.services import job as jobs
from workers.work_folder import pieces_folder, remove_forgotten

pytestmark = pytest.mark.django_db(transaction=True)

PLAN = {"steps": [{"name": "near_duplicates", "params": {"threshold": 0.6, "shingles": "char:5"}}]}
# Above it the reviews go to the disk: they have half a million shingles.
MEGABYTE = 1 << 20


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def reviews(actor: Actor) -> int:
    job = import_(actor, SETS["reviews_zh"].path.read_bytes(), "reviews.csv.gz")
    # A real worker may have been faster.
    until = time.monotonic() + 120
    while job.finished_at is None:
        assert time.monotonic() < until, job.state
        time.sleep(0.1)
        job.refresh_from_db()
    version: int = job.result["version"]
    return version


def curated(actor: Actor, version: int) -> tuple[Run, Job]:
    run, job = start_run(actor=actor, version_id=version, steps=PLAN)
    assert work(job).error is None
    run.refresh_from_db()
    return run, job


def outcome(run: Run) -> tuple[str, Any]:
    assert run.output is not None
    assert run.report is not None
    return run.output.content_hash, [(step["rows_out"], step["dropped"]) for step in run.report["steps"]]


def test_a_job_alone_does_all_its_shards(actor: Actor, settings: Any) -> None:
    version = reviews(actor)
    in_memory, job = curated(actor, version)
    assert not job.pieces.exists()
    settings.ASSAY_SEARCH_MEMORY = MEGABYTE
    in_shards, job = curated(actor, version)
    assert outcome(in_shards) == outcome(in_memory)
    assert Version.objects.get(pk=version).row_count > in_shards.output.row_count
    pieces = list(job.pieces.order_by("pk"))
    assert {piece.piece.rpartition("/")[2][:5] for piece in pieces} == {"count", "join-"}
    assert {(piece.state, piece.attempt, piece.kind) for piece in pieces} == {("succeeded", 1, KIND)}
    assert all(piece.result == {"done_here": True} for piece in pieces)
    assert not pieces_folder(job.pk).exists()


@pytest.fixture
def worker() -> Iterator[Process]:
    """A worker of two processes that takes searches to the disk above one megabyte."""
    settings = {"ASSAY_SEARCH_MEMORY_MB": "1", "ASSAY_JOB_STALE_SECONDS": "6"}
    worker = worker_process({**_environment(), **settings}, Path(os.environ["ASSAY_HOME"]) / "shards.log")
    worker.start()
    worker.wait_for(lambda: " ready." in worker.log.read_text(errors="replace"))
    yield worker
    worker.stop()


def wait_for_pieces(job: Job, count: int) -> set[int]:
    """Return the pieces that are done as soon as there are so many."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        done = set(job.pieces.filter(state="succeeded").values_list("pk", flat=True))
        if len(done) >= count:
            return done
        job.refresh_from_db()
        assert job.is_open, (job.state, job.error)
        time.sleep(0.02)
    pytest.fail(f"There were no {count} pieces in time: the job is {job.state}, {job.stage}.")


@pytest.mark.slow
def test_shards_go_over_workers_and_survive_kill_nine(actor: Actor, worker: Process) -> None:
    version = reviews(actor)
    wanted, _job = curated(actor, version)
    run, job = start_run(actor=actor, version_id=version, steps=PLAN)
    wait_for_pieces(job, 4)
    worker.kill()
    done = set(job.pieces.filter(state="succeeded").values_list("pk", flat=True))
    before = dict(job.pieces.filter(pk__in=done).values_list("pk", "finished_at"))
    job.refresh_from_db()
    assert job.state == JobState.RUNNING, "the job ended before its worker was killed"
    worker.log.write_text("")
    worker.start()
    worker.wait_for(lambda: Job.objects.get(pk=job.pk).state == "succeeded", seconds=240)
    job.refresh_from_db()
    run.refresh_from_db()
    assert outcome(run) == outcome(wanted)
    assert job.attempt == 2
    assert dict(job.pieces.filter(pk__in=done).values_list("pk", "finished_at")) == before
    assert set(job.pieces.filter(pk__in=done).values_list("attempt", flat=True)) == {1}


def test_a_worker_that_does_not_see_the_disk_leaves_the_shard_to_the_job(actor: Actor) -> None:
    assert execute_shard(owner=10**9, inside="x", stage="count", shard=0) == {"done_here": False}
    folder = pieces_folder(10**9)
    assert execute_shard(owner=10**9, inside="../..", stage="count", shard=0) == {"done_here": False}
    assert not folder.exists()


def check_pieces(job: JobContext, count: int, do: Any, finished: set[str]) -> None:
    pieces = {f"piece {number}": {"name": f"piece {number}"} for number in range(count)}
    fan_out(job=job, kind=KIND, pieces=pieces, done=finished.__contains__, do=do)


def started(actor: Actor) -> JobContext:
    return JobContext(jobs.start(job_id=jobs.enqueue(kind="workers.check", actor=actor, params={}).pk))


def test_only_a_few_pieces_are_sent_at_a_time(actor: Actor) -> None:
    job, finished, most = started(actor), set(), []

    def do(params: dict[str, Any]) -> dict[str, Any]:
        most.append(Job.objects.filter(parent_id=job.job_id, finished_at=None).count())
        finished.add(params["name"])
        return {}

    check_pieces(job, 3 * AHEAD, do, finished)
    assert (len(most), max(most)) == (3 * AHEAD, AHEAD)
    assert Job.objects.filter(parent_id=job.job_id, state="succeeded").count() == 3 * AHEAD
    # A second attempt finds all done and sends nothing.
    check_pieces(job, 3 * AHEAD, do, finished)
    assert len(most) == 3 * AHEAD


def test_a_piece_that_failed_elsewhere_is_done_here(actor: Actor) -> None:
    job, finished, tries = started(actor), set(), []

    def do(params: dict[str, Any]) -> dict[str, Any]:
        tries.append(params["name"])
        if len(tries) > 1:
            finished.add(params["name"])
        elif len(tries) == 1:
            raise RuntimeError("no room here")
        return {}

    check_pieces(job, 1, do, finished)
    assert tries == ["piece 0", "piece 0"]
    assert Job.objects.get(parent_id=job.job_id).state == "failed"


def test_what_goes_wrong_with_every_try_is_the_jobs_own_error(actor: Actor) -> None:
    job = started(actor)

    def do(params: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        check_pieces(job, 3, do, set())
    assert not Job.objects.filter(parent_id=job.job_id, finished_at=None).exists()


def test_a_cancelled_job_withdraws_its_pieces(actor: Actor) -> None:
    job = jobs.enqueue(kind="workers.check", actor=actor, params={})

    def handler(context: JobContext) -> dict[str, Any]:
        def do(params: dict[str, Any]) -> dict[str, Any]:
            jobs.cancel_job(actor=actor, job_id=job.pk)
            # The heartbeat learns it; the job stops before its next piece.
            with suppress(JobCancelled):
                context.progress(0, 1)
            return {}

        context._last_write = 0.0
        check_pieces(context, 5, do, set())
        raise AssertionError("went on after the cancellation")

    attempt(handler, jobs.start(job_id=job.pk))
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert not job.pieces.filter(finished_at=None).exists()


def test_pieces_are_not_in_the_list_of_jobs(actor: Actor, client: Any) -> None:
    job = started(actor)
    piece = jobs.enqueue_piece(parent_id=job.job_id, piece="one", kind=KIND, actor=actor, params={})
    assert piece is not None
    assert jobs.enqueue_piece(parent_id=job.job_id, piece="one", kind=KIND, actor=actor, params={}) is None
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    listed = client.get("/api/v1/jobs/", headers=headers).json()["results"]
    assert [row["id"] for row in listed] == [job.job_id]
    assert client.get(f"/api/v1/jobs/{piece.pk}/", headers=headers).json()["id"] == piece.pk


def test_forgotten_folders_of_pieces_go(actor: Actor) -> None:
    # What other tests left behind goes first.
    remove_forgotten()
    job = started(actor)
    kept, forgotten = pieces_folder(job.job_id), pieces_folder(10**9)
    for folder in (kept, forgotten):
        folder.mkdir(parents=True)
    assert remove_forgotten() == 1
    assert (kept.exists(), forgotten.exists()) == (True, False)
    kept.rmdir()
