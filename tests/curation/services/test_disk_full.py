"""A disk that fills up while something is imported: a sentence, nothing left behind, and another attempt succeeds.

The full disk is a real one: a small file system in memory, mounted where the work or the objects go. Mounting needs
root, so elsewhere these tests are skipped.
"""

import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actor import Actor
from curation.models import Dataset, Fetch, Provenance, Upload, Version
from curation.services.dataset import create_dataset
from curation.services.fetch import start_fetch
from curation.services.upload import receive_upload, start_import
from curation.tasks import import_addresses, import_file
from tests import factories
from tests.curation.places import web_server
from workers.models import Job
from workers.services.job import retry_job

pytestmark = [pytest.mark.django_db]
TASKS = {"curation.import_file": import_file, "curation.import_addresses": import_addresses}
SENTENCE = "The disk is full. Free some space and send the job again; it goes on where it stopped."


@contextmanager
def small_disk(folder: Path, size: str = "1m") -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def table(rows: int) -> bytes:
    """Return a CSV that no packing makes small."""
    chance = random.Random(7)
    return b"text\n" + b"".join(f"{chance.randbytes(120).hex()}\n".encode() for _row in range(rows))


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def dataset(actor: Actor) -> Dataset:
    return create_dataset(actor=actor, name="Large")


@pytest.fixture
def work(settings: Any, tmp_path: Path) -> Path:
    settings.ASSAY_HOME = tmp_path
    return tmp_path / "work"


def attempt(job: Job) -> Job:
    TASKS[job.kind](job_id=job.pk)
    job.refresh_from_db()
    return job


def again(actor: Actor, job: Job) -> Job:
    return attempt(retry_job(actor=actor, job_id=job.pk))


def refused_for_space(job: Job) -> bool:
    return (job.state, job.error["code"], job.error["detail"]) == ("failed", "disk_full", SENTENCE)


def sent(actor: Actor, dataset: Dataset, content: bytes) -> Upload:
    return receive_upload(actor=actor, dataset_id=dataset.pk, file=SimpleUploadedFile("large.csv", content))


@pytest.mark.parametrize("append", [False, True])
def test_the_folder_of_the_work_fills_up(actor: Actor, dataset: Dataset, work: Path, append: bool) -> None:
    attempt(start_import(actor=actor, upload_id=sent(actor, dataset, b"text\none\n").pk, options={}))
    upload = sent(actor, dataset, table(20_000))
    with small_disk(work):
        job = attempt(start_import(actor=actor, upload_id=upload.pk, options={}, append=append))
        assert refused_for_space(job)
        assert list(work.iterdir()) == []
    assert (Version.objects.count(), Provenance.objects.count()) == (1, 1)
    job = again(actor, job)
    assert (job.state, job.result["number"], job.result["rows"]) == ("succeeded", 2, 20_000 + append)
    assert list(work.iterdir()) == []


def test_the_store_of_the_objects_fills_up(actor: Actor, dataset: Dataset, work: Path) -> None:
    upload = sent(actor, dataset, table(20_000))
    store = Path(default_storage.path("versions"))
    with small_disk(store):
        job = attempt(start_import(actor=actor, upload_id=upload.pk, options={}))
        assert refused_for_space(job)
        assert [path for path in store.rglob("*") if path.is_file()] == []
    assert not Version.objects.exists()
    assert list(work.iterdir()) == []
    assert again(actor, job).result["rows"] == 20_000


def test_the_disk_fills_up_while_a_file_is_fetched(actor: Actor, dataset: Dataset, work: Path, settings: Any) -> None:
    with web_server() as web:
        settings.ASSAY_FETCH_ALLOWED_HOSTS = [web.host]
        web.files |= {"small.csv": b"text\none\n", "large.csv": table(20_000)}
        urls = [f"{web.url}/{name}" for name in web.files]
        with small_disk(work):
            job = attempt(start_fetch(actor=actor, dataset_id=dataset.pk, urls=urls))
            assert refused_for_space(job)
            assert list(work.iterdir()) == []
        assert not Version.objects.exists()
        assert list(Fetch.objects.order_by("number").values_list("state", flat=True)) == ["fetched", "waiting"]
        job = again(actor, job)
        assert (job.result["rows"], web.asked) == (20_001, ["small.csv", "large.csv", "large.csv"])


def test_a_full_disk_at_the_door_leaves_nothing(actor: Actor, dataset: Dataset) -> None:
    store = Path(default_storage.path("uploads"))
    with small_disk(store):
        with pytest.raises(OSError, match="No space left"):
            sent(actor, dataset, os.urandom(3_000_000))
        assert [path for path in store.rglob("*") if path.is_file()] == []
    assert not Upload.objects.exists()
