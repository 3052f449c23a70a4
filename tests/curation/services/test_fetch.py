"""Files fetched from addresses: what is taken, what is listed as refused, and what a second attempt does."""

import gzip
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from curation.models import Dataset, Fetch, Provenance, Upload, Version
from curation.services.dataset import create_dataset
from curation.services.fetch import execute_fetch, retry_refused, start_fetch
from curation.services.item import page_of_items
from curation.tasks import import_addresses
from tests import factories
from tests.curation.places import Web, web_server
from tests.data.make_bad import zipb
from workers.context import JobContext
from workers.models import Job
from workers.services import job as jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def web(settings: Any) -> Iterator[Web]:
    with web_server() as made:
        settings.ASSAY_FETCH_ALLOWED_HOSTS = [made.host]
        yield made


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.services.fetch.PAUSES", (0.05, 0.05))


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def dataset(actor: Actor) -> Dataset:
    return create_dataset(actor=actor, name="Reviews")


def work(job: Job) -> Job:
    import_addresses(job_id=job.pk)
    job.refresh_from_db()
    return job


def fetched(actor: Actor, dataset: Dataset, web: Web, *names: str, **options: Any) -> Job:
    urls = [f"{web.url}/{name}" for name in names]
    return work(start_fetch(actor=actor, dataset_id=dataset.pk, urls=urls, **options))


def texts(actor: Actor, job: Job) -> list[str]:
    page = page_of_items(actor=actor, version_id=job.result["version"], limit=100)
    return [row["text"] for row in page["results"]]


def states(job: Job) -> list[tuple[str, str]]:
    return list(Fetch.objects.filter(job=job).order_by("number").values_list("state", "code"))


def test_several_files_of_any_format_become_one_version(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["a.csv"] = "text,label\n一,x\n".encode()
    web.files["moved"] = "/deep/b.jsonl.gz"
    web.files["deep/b.jsonl.gz"] = gzip.compress(b'{"text": "two", "n": 2}\n')
    web.files["c.zip"] = zipb([("pos/1.txt", "three"), ("neg/2.txt", "four")])
    job = fetched(actor, dataset, web, "a.csv", "moved?sig=secret", "c.zip", licence="MIT", consent="contract")
    assert (job.state, job.error) == ("succeeded", None)
    assert texts(actor, job) == ["一", "two", "three", "four"]
    wanted = {"number": 1, "rows": 4, "added": 4, "files": 3, "files_refused": 0, "refused": 0}
    assert {name: job.result[name] for name in wanted} == wanted
    rows = Provenance.objects.order_by("first_item_id")
    assert [(row.first_item_id, row.last_item_id, row.address, row.licence, row.consent) for row in rows] == [
        (1, 1, f"{web.url}/a.csv", "MIT", "contract"),
        (2, 2, f"{web.url}/moved", "MIT", "contract"),
        (3, 4, f"{web.url}/c.zip", "MIT", "contract"),
    ]
    assert list(Upload.objects.order_by("pk").values_list("file_name", flat=True)) == ["a.csv", "moved", "c.zip"]
    assert Version.objects.get().note == "3 files: a.csv, moved, c.zip"


def test_an_address_that_fails_is_listed_and_the_others_are_kept(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files |= {"good.csv": b"text,label\none,x\nragged\n", "none": b""}
    web.files["photo.png"] = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
    web.files["inside"] = "http://169.254.169.254/latest/meta-data/"
    job = fetched(actor, dataset, web, "missing.csv", "good.csv", "photo.png", "inside", "none")
    assert texts(actor, job) == ["one"]
    assert (job.result["files"], job.result["files_refused"], job.result["refused"]) == (1, 4, 1)
    assert states(job) == [
        ("refused", "url_status"),
        ("imported", ""),
        ("refused", "picture_broken"),
        ("refused", "host_not_public"),
        ("refused", "file_empty"),
    ]
    missing = Fetch.objects.get(job=job, number=1)
    assert missing.reason == "The host answered with 404 where 200 was awaited."


def test_refused_addresses_are_tried_again_and_added(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["good.csv"] = b"text\none\n"
    first = fetched(actor, dataset, web, "late.csv", "good.csv", licence="CC0")
    web.files["late.csv"] = b"text\ntwo\n"
    again = work(retry_refused(actor=actor, job_id=first.pk))
    assert texts(actor, again) == ["one", "two"]
    assert Provenance.objects.get(first_item_id=2).licence == "CC0"
    with pytest.raises(Conflict) as caught:
        retry_refused(actor=actor, job_id=again.pk)
    assert caught.value.code == "nothing_refused"


def test_when_nothing_comes_the_job_fails_and_can_be_sent_again(actor: Actor, dataset: Dataset, web: Web) -> None:
    job = fetched(actor, dataset, web, "a.csv", "b.csv")
    assert (job.state, job.error["code"]) == ("failed", "nothing_fetched")
    assert job.error["detail"].endswith(
        "from 2 addresses. The first: The host answered with 404 where 200 was awaited."
    )
    web.files["b.csv"] = b"text\none\n"
    job = work(retry_refused(actor=actor, job_id=job.pk))
    assert (job.state, states(job)) == ("succeeded", [("refused", "url_status"), ("imported", "")])


def test_a_host_that_breaks_off_is_asked_again(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["a.csv"] = b"text\none\n"
    web.lost["a.csv"] = 2
    job = fetched(actor, dataset, web, "a.csv")
    assert (job.state, web.asked) == ("succeeded", ["a.csv"] * 3)


def test_files_whose_columns_do_not_fit_each_other_are_refused_one_by_one(
    actor: Actor, dataset: Dataset, web: Web
) -> None:
    web.files |= {
        "a.jsonl": b'{"text": "one", "n": 1}\n',
        "b.csv": b"text,n\ntwo,many\n",
        "c.csv": b"text,n\nthree,3\n",
    }
    fetched(actor, dataset, web, "a.jsonl")
    job = fetched(actor, dataset, web, "b.csv", "c.csv", append=True)
    assert texts(actor, job) == ["one", "three"]
    assert states(job) == [("refused", "column_type"), ("imported", "")]


def test_a_job_done_twice_or_by_two_workers_changes_nothing(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["a.csv"] = b"text\none\n"
    job = fetched(actor, dataset, web, "a.csv")
    again = execute_fetch(job=JobContext(job), **job.params)
    assert (again, web.asked) == (job.result, ["a.csv"])
    assert (Version.objects.count(), Upload.objects.count(), Provenance.objects.count()) == (1, 1, 1)


def test_an_attempt_after_a_lost_worker_fetches_only_what_is_missing(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files |= {"a.csv": b"text\none\n", "b.csv": b"text\ntwo\n"}
    job = start_fetch(actor=actor, dataset_id=dataset.pk, urls=[f"{web.url}/a.csv", f"{web.url}/b.csv"])

    class WorkerDied(BaseException):
        pass

    web.files["b.csv"] = b"text\ntwo\n"
    first = JobContext(jobs.start(job_id=job.pk))
    real = first.progress

    def progress(done: int, total: int | None = None, stage: str = "", **more: Any) -> None:
        real(done, total, stage, **more)
        if "2 of 2" in stage:
            raise WorkerDied

    first.progress = progress
    with pytest.raises(WorkerDied):
        execute_fetch(job=first, **job.params)
    Job.objects.filter(pk=job.pk).update(state="queued")
    job = work(job)
    assert (texts(actor, job), web.asked) == (["one", "two"], ["a.csv", "b.csv"])
    assert Upload.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_job_stops_in_the_middle_of_a_file(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["large.csv"] = b"text\n" + b"hello\n" * 2_000_000
    web.slow = 0.02
    job = start_fetch(actor=actor, dataset_id=dataset.pk, urls=[f"{web.url}/large.csv"])

    def cancel() -> None:
        from django.db import connection

        until = time.monotonic() + 30
        while time.monotonic() < until and not Job.objects.filter(pk=job.pk, done__gt=0).exists():
            time.sleep(0.05)
        jobs.cancel_job(actor=actor, job_id=job.pk)
        connection.close()

    thread = threading.Thread(target=cancel)
    thread.start()
    job = work(job)
    thread.join()
    assert job.state == "cancelled"
    assert 0 < job.done < job.total == 12_000_005
    assert not Version.objects.exists()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("urls", "code"),
    [
        ([], "urls_missing"),
        (["", " "], "urls_missing"),
        (["ftp://example.com/a"], "url_scheme"),
        (["https://me:pw@example.com/a"], "url_credentials"),
        (["https://example.com/a b"], "url_invalid"),
        (["http://127.0.0.1/a"], "host_not_public"),
        (["http://[::ffff:10.0.0.1]/a"], "host_not_public"),
        ([f"https://example.com/{number}" for number in range(1_001)], "urls_too_many"),
        (["https://example.com/" + "a" * 2_000], "url_invalid"),
    ],
)
def test_what_is_refused_at_the_door(actor: Actor, dataset: Dataset, urls: list[str], code: str) -> None:
    with pytest.raises(DomainError) as caught:
        start_fetch(actor=actor, dataset_id=dataset.pk, urls=urls)
    assert caught.value.code == code
    assert not Job.objects.exists()


def test_a_refusal_at_the_door_names_the_address(actor: Actor, dataset: Dataset) -> None:
    with pytest.raises(DomainError, match=r"Address 2, file:///etc/passwd: Only addresses that begin with https://"):
        start_fetch(actor=actor, dataset_id=dataset.pk, urls=["https://example.com/a", "file:///etc/passwd"])


def test_strangers_find_nothing(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["a.csv"] = b"text\none\n"
    job = fetched(actor, dataset, web, "a.csv")
    stranger = factories.owner("Sue's")
    for call in (
        lambda: start_fetch(actor=stranger, dataset_id=dataset.pk, urls=[web.url]),
        lambda: retry_refused(actor=stranger, job_id=job.pk),
    ):
        with pytest.raises(NotFound):
            call()


def test_over_rest(actor: Actor, dataset: Dataset, web: Web) -> None:
    web.files["a.csv"] = "content;klass\nhällo;x\n".encode("latin-1")
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    body = {"urls": [f"{web.url}/a.csv?sig=1", f"{web.url}/b.csv"], "roles": {"text": "content"}, "encoding": "latin-1"}
    path = f"/api/v1/datasets/{dataset.pk}/fetches/"
    answer = Client().post(path, body, content_type="application/json", headers=headers)
    assert answer.status_code == 202
    job = work(Job.objects.get(pk=answer.json()["id"]))
    assert page_of_items(actor=actor, version_id=job.result["version"])["results"][0]["content"] == "hällo"
    listed = Client().get(f"/api/v1/jobs/{job.pk}/fetches/", headers=headers).json()["results"]
    shown = [(row["number"], row["address"], row["state"], row["code"], row["row_count"]) for row in listed]
    assert shown == [
        (1, f"{web.url}/a.csv?…", "imported", "", 1),
        (2, f"{web.url}/b.csv", "refused", "url_status", 0),
    ]
    retried = Client().post(f"/api/v1/jobs/{job.pk}/fetches/retry/", headers=headers)
    assert (retried.status_code, retried.json()["kind"]) == (202, "curation.import_addresses")
    bad = Client().post(path, {"urls": ["http://localhost/"]}, content_type="application/json", headers=headers)
    assert bad.status_code == 202
    assert work(Job.objects.get(pk=bad.json()["id"])).error["code"] == "nothing_fetched"
