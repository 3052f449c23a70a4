"""A bucket synced again and again: only what is new is taken, and nothing that goes wrong loses anything."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import AuditEntry, Organization
from core.errors import Conflict, DomainError, NotFound
from curation.models import Dataset, Fetch, Provenance, Source, Upload, Version
from curation.services import sync
from curation.services.bucket_keys import key_names, keys_for
from curation.services.dataset import create_dataset
from curation.services.item import page_of_items
from curation.services.source import change_source, create_source, delete_source, start_sync
from curation.tasks import sync_source
from tests import factories
from tests.curation.places import s3_service
from workers.context import JobContext
from workers.models import Job
from workers.services import job as jobs

pytestmark = pytest.mark.django_db
SECRET = "this-secret-must-never-be-shown"


def write_keys(settings: Any, entries: Any, mode: int = 0o600) -> None:
    path = settings.ASSAY_BUCKET_KEYS
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries))
    path.chmod(mode)


def keys_entry(endpoint: str, **more: Any) -> dict[str, Any]:
    keys = {"access_key": "AKIDTEST", "secret_key": SECRET, "endpoint": endpoint, "organizations": ["*"]}
    return {**keys, **more}


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[str, Any]]:
    with s3_service() as made:
        yield made


@pytest.fixture(autouse=True)
def _allowed(service: tuple[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings.ASSAY_FETCH_ALLOWED_HOSTS = [service[0].removeprefix("http://")]
    settings.ASSAY_BUCKET_KEYS = tmp_path / "bucket-keys.json"
    write_keys(settings, {"all": keys_entry(service[0])})
    monkeypatch.setattr("curation.services.fetch.PAUSES", (0.02, 0.02))


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def dataset(actor: Actor) -> Dataset:
    return create_dataset(actor=actor, name="Reviews")


@pytest.fixture
def bucket(service: tuple[str, Any], request: pytest.FixtureRequest) -> Any:
    name = f"test-{abs(hash(request.node.nodeid)) % 10**12}"
    service[1].create_bucket(Bucket=name)

    class Filled:
        def put(self, key: str, content: str | bytes) -> None:
            service[1].put_object(Bucket=name, Key=key, Body=content.encode() if isinstance(content, str) else content)

        def delete(self, key: str) -> None:
            service[1].delete_object(Bucket=name, Key=key)

    filled = Filled()
    filled.name, filled.endpoint, filled.client = name, service[0], service[1]
    return filled


def source_of(actor: Actor, dataset: Dataset, bucket: Any, **fields: Any) -> Source:
    where = {"name": "s3", "endpoint": bucket.endpoint, "bucket": bucket.name, "keys_name": "all"}
    given = {**where, "licence": "CC0", **fields}
    return create_source(actor=actor, dataset_id=dataset.pk, **given)


def synced(actor: Actor, source: Source, **options: Any) -> Job:
    job = start_sync(actor=actor, source_id=source.pk, **options)
    sync_source(job_id=job.pk)
    job.refresh_from_db()
    return job


def texts(actor: Actor, job: Job) -> list[str]:
    page = page_of_items(actor=actor, version_id=job.result["version"], limit=100)
    return [row["text"] for row in page["results"]]


def test_each_sync_takes_what_is_new_or_changed_and_adds_it(actor: Actor, dataset: Dataset, bucket: Any) -> None:
    bucket.put("a.csv", "text\none\n")
    bucket.put("评论/b.jsonl", '{"text": "二"}\n')
    source = source_of(actor, dataset, bucket)
    first = synced(actor, source)
    assert (first.state, first.error) == ("succeeded", None)
    assert texts(actor, first) == ["one", "二"]
    nothing = synced(actor, source)
    assert (nothing.state, nothing.result["version"], nothing.result["known"]) == ("succeeded", None, 2)
    assert Version.objects.count() == 1
    bucket.put("a.csv", "text\none, changed\n")
    bucket.put("c.csv", "text\nthree\n")
    second = synced(actor, source)
    assert texts(actor, second) == ["one", "二", "one, changed", "three"]
    assert Version.objects.get(number=2).parent == Version.objects.get(number=1)
    found = Provenance.objects.order_by("first_item_id").values_list("address", "licence", "version__number")
    assert list(found) == [
        (f"s3://{bucket.name}/a.csv", "CC0", 1),
        (f"s3://{bucket.name}/评论/b.jsonl", "CC0", 1),
        (f"s3://{bucket.name}/a.csv", "CC0", 2),
        (f"s3://{bucket.name}/c.csv", "CC0", 2),
    ]
    wanted = {"added": 2, "files": 2, "listed": 3, "passed_over": 0, "known": 1, "left": 0}
    assert {name: second.result[name] for name in wanted} == wanted


def test_a_pattern_that_takes_nothing_says_how_much_it_passed_over(actor: Actor, dataset: Dataset, bucket: Any) -> None:
    bucket.put("in/a.csv", "text\none\n")
    bucket.put("out/b.csv", "text\ntwo\n")
    job = synced(actor, source_of(actor, dataset, bucket, prefix="in/", pattern="*.parquet"))
    assert (job.state, job.result["version"], job.result["listed"], job.result["passed_over"]) == (
        "succeeded", None, 1, 1,
    )  # fmt: skip


def test_a_refused_object_waits_until_it_changes_or_is_asked_for(actor: Actor, dataset: Dataset, bucket: Any) -> None:
    bucket.put("a.csv", "text\none\n")
    bucket.put("photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    source = source_of(actor, dataset, bucket)
    first = synced(actor, source)
    assert (first.result["files"], first.result["files_refused"]) == (1, 1)
    assert Fetch.objects.get(state="refused").code == "picture_broken"
    assert synced(actor, source).result["known"] == 2
    again = synced(actor, source, again=True)
    assert (again.state, again.error["code"]) == ("failed", "nothing_taken")
    assert "photo.png: " in again.error["detail"]
    bucket.put("photo.png", "text\nno photo any more\n")
    assert texts(actor, synced(actor, source)) == ["one", "no photo any more"]


def test_an_object_that_vanishes_between_list_and_get_is_no_loss(
    actor: Actor, dataset: Dataset, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        bucket.put(f"{name}.csv", f"text\n{name}\n")
    source = source_of(actor, dataset, bucket)
    real = sync._list

    def list_and_lose(*arguments: Any) -> None:
        real(*arguments)
        bucket.delete("a.csv")
        bucket.put("b.csv", "text\nb, replaced\n")

    monkeypatch.setattr(sync, "_list", list_and_lose)
    job = synced(actor, source)
    assert texts(actor, job) == ["c"]
    assert sorted(Fetch.objects.filter(state="refused").values_list("address", "code")) == [
        ("a.csv", "object_gone"),
        ("b.csv", "object_changed"),
    ]
    monkeypatch.setattr(sync, "_list", real)
    assert texts(actor, synced(actor, source)) == ["c", "b, replaced"]


def test_a_bucket_that_disappears_in_the_middle_keeps_what_came_and_goes_on_when_it_is_back(
    actor: Actor, dataset: Dataset, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        bucket.put(f"{name}.csv", f"text\n{name}\n")
    source = source_of(actor, dataset, bucket)
    from curation.engine.bucket import Bucket

    real = Bucket.fetch

    def fetch(self: Any, listed: Any, *more: Any) -> None:
        if listed.key == "b.csv":
            for name in "abc":
                bucket.delete(f"{name}.csv")
            bucket.client.delete_bucket(Bucket=bucket.name)
        real(self, listed, *more)

    monkeypatch.setattr(Bucket, "fetch", fetch)
    job = synced(actor, source)
    assert (texts(actor, job), job.result["files_refused"]) == (["a"], 2)
    assert set(Fetch.objects.filter(state="refused").values_list("code", "transient")) == {("bucket_missing", True)}
    monkeypatch.setattr(Bucket, "fetch", real)
    gone = synced(actor, source)
    assert (gone.state, gone.error["code"]) == ("failed", "bucket_missing")
    assert gone.error["detail"].startswith(f"There is no bucket {bucket.name} at 127.0.0.1.")
    bucket.client.create_bucket(Bucket=bucket.name)
    for name in "abc":
        bucket.put(f"{name}.csv", f"text\n{name}\n")
    assert texts(actor, synced(actor, source)) == ["a", "b", "c"]


def test_a_sync_done_twice_or_cut_off_changes_nothing(
    actor: Actor, dataset: Dataset, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ab":
        bucket.put(f"{name}.csv", f"text\n{name}\n")
    source = source_of(actor, dataset, bucket)
    job = start_sync(actor=actor, source_id=source.pk)

    class WorkerDied(BaseException):
        pass

    def died(*_arguments: Any, **_options: Any) -> None:
        raise WorkerDied

    monkeypatch.setattr("curation.services.fetch.read_uploads", died)
    with pytest.raises(WorkerDied):
        sync.execute_sync(job=JobContext(jobs.start(job_id=job.pk)), **job.params)
    monkeypatch.undo()
    Job.objects.filter(pk=job.pk).update(state="queued")
    sync_source(job_id=job.pk)
    job.refresh_from_db()
    assert texts(actor, job) == ["a", "b"]
    assert (Upload.objects.count(), Fetch.objects.count()) == (2, 2)
    assert sync.execute_sync(job=JobContext(job), **job.params) == job.result
    assert (Version.objects.count(), Provenance.objects.count()) == (1, 2)


def test_one_sync_takes_a_bounded_number_and_the_next_goes_on(
    actor: Actor, dataset: Dataset, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "OBJECT_LIMIT", 2)
    for name in "abc":
        bucket.put(f"{name}.csv", f"text\n{name}\n")
    source = source_of(actor, dataset, bucket)
    first = synced(actor, source)
    assert (texts(actor, first), first.result["left"]) == (["a", "b"], 1)
    assert texts(actor, synced(actor, source)) == ["a", "b", "c"]


def test_a_source_is_synced_once_at_a_time_and_an_old_sync_is_not_sent_again(
    actor: Actor, dataset: Dataset, bucket: Any
) -> None:
    source = source_of(actor, dataset, bucket)
    first = start_sync(actor=actor, source_id=source.pk)
    for call in (
        lambda: start_sync(actor=actor, source_id=source.pk),
        lambda: change_source(actor=actor, source_id=source.pk, prefix="x"),
        lambda: delete_source(actor=actor, source_id=source.pk),
    ):
        with pytest.raises(Conflict) as caught:
            call()
        assert caught.value.code == "sync_running"
    jobs.cancel_job(actor=actor, job_id=first.pk)
    synced(actor, source)
    jobs.retry_job(actor=actor, job_id=first.pk)
    sync_source(job_id=first.pk)
    first.refresh_from_db()
    assert first.error["code"] == "sync_superseded"


def test_another_bucket_under_the_same_source_is_taken_from_its_beginning(
    actor: Actor, dataset: Dataset, bucket: Any
) -> None:
    bucket.put("a.csv", "text\none\n")
    source = source_of(actor, dataset, bucket)
    synced(actor, source)
    bucket.client.create_bucket(Bucket=f"{bucket.name}-2")
    bucket.client.put_object(Bucket=f"{bucket.name}-2", Key="a.csv", Body=b"text\none\n")
    source = change_source(actor=actor, source_id=source.pk, bucket=f"{bucket.name}-2")
    assert synced(actor, source).result["files"] == 1


def test_keys_are_named_used_and_never_shown(
    actor: Actor, dataset: Dataset, bucket: Any, settings: Any, caplog: Any, capfd: Any
) -> None:
    write_keys(settings, {"reader": keys_entry(bucket.endpoint)})
    bucket.put("a.csv", "text\none\n")
    source = source_of(actor, dataset, bucket, keys_name="reader")
    job = synced(actor, source)
    assert job.state == "succeeded"
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    shown = [
        Client().get(path, headers=headers).content.decode()
        for path in (
            f"/api/v1/sources/{source.pk}/",
            f"/api/v1/datasets/{dataset.pk}/sources/",
            f"/api/v1/jobs/{job.pk}/",
            f"/api/v1/jobs/{job.pk}/fetches/",
        )
    ]
    rows = [str(list(model.objects.values())) for model in (Source, Job, Fetch, Upload, Provenance, AuditEntry)]
    said = "".join([*shown, *rows, caplog.text, *capfd.readouterr()])
    assert '"keys_name":"reader"' in shown[0]
    assert SECRET not in said
    assert "AKIDTEST" not in said


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"organizations": ["somebody-else"]}, "keys_missing"),
        ({"endpoint": "https://s3.example.com"}, "keys_elsewhere"),
        ({"buckets": ["other-*"]}, "keys_elsewhere"),
        ({"secret_key": ""}, "keys_file_broken"),
        ({"secret": SECRET}, "keys_file_broken"),
    ],
)
def test_keys_serve_only_whom_and_what_they_are_for(
    actor: Actor, dataset: Dataset, bucket: Any, settings: Any, change: dict[str, Any], code: str
) -> None:
    write_keys(settings, {"reader": {**keys_entry(bucket.endpoint), **change}})
    with pytest.raises(DomainError) as caught:
        source_of(actor, dataset, bucket, keys_name="reader")
    assert (caught.value.code, SECRET in caught.value.detail) == (code, False)


def test_a_public_bucket_needs_no_keys_and_what_is_private_in_it_is_said_to_be(
    actor: Actor, dataset: Dataset, bucket: Any
) -> None:
    bucket.put("private.csv", "text\none\n")
    bucket.put("public.csv", "text\ntwo\n")
    bucket.client.put_object_acl(Bucket=bucket.name, Key="public.csv", ACL="public-read")
    source = source_of(actor, dataset, bucket, keys_name="")
    job = synced(actor, source)
    assert texts(actor, job) == ["two"]
    refused = Fetch.objects.get(state="refused")
    assert (refused.code, refused.reason) == (
        "access_denied", "Without keys nobody may read private.csv. Name keys that have the permission s3:GetObject.",
    )  # fmt: skip
    bucket.client.put_object_acl(Bucket=bucket.name, Key="private.csv", ACL="public-read")
    assert texts(actor, synced(actor, source)) == ["two", "one"]


def test_keys_that_were_taken_away_stop_the_next_sync(
    actor: Actor, dataset: Dataset, bucket: Any, settings: Any
) -> None:
    write_keys(settings, {"reader": keys_entry(bucket.endpoint)})
    source = source_of(actor, dataset, bucket, keys_name="reader")
    write_keys(settings, {})
    assert synced(actor, source).error["code"] == "keys_missing"


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("{}", 0o644, "chmod 600"),
        ("not json", 0o600, "no JSON"),
        ("[]", 0o600, "JSON object"),
        (json.dumps({"../x": {}}), 0o600, "a name is made of"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_says_why(
    actor: Actor, settings: Any, content: str, mode: int, words: str
) -> None:
    write_keys(settings, content, mode)
    with pytest.raises(DomainError, match=words) as caught:
        key_names(actor=actor)
    assert caught.value.status == 503


def test_names_of_keys_are_shown_to_their_organization_alone(actor: Actor, bucket: Any, settings: Any) -> None:
    slug = Organization.objects.get(pk=actor.organization_id).slug
    write_keys(
        settings,
        {
            "ours": keys_entry(bucket.endpoint, organizations=[slug]),
            "theirs": keys_entry(bucket.endpoint, organizations=["x"]),
        },
    )
    assert key_names(actor=actor) == ["ours"]
    with pytest.raises(DomainError) as caught:
        keys_for(organization_id=actor.organization_id, name="theirs", endpoint=bucket.endpoint, bucket=bucket.name)
    assert caught.value.code == "keys_missing"


def test_strangers_find_nothing_and_names_are_used_once(actor: Actor, dataset: Dataset, bucket: Any) -> None:
    source = source_of(actor, dataset, bucket)
    with pytest.raises(Conflict) as caught:
        source_of(actor, dataset, bucket)
    assert caught.value.code == "source_exists"
    stranger = factories.owner("Sue's")
    for call in (
        lambda: start_sync(actor=stranger, source_id=source.pk),
        lambda: change_source(actor=stranger, source_id=source.pk, name="x"),
        lambda: delete_source(actor=stranger, source_id=source.pk),
        lambda: source_of(stranger, dataset, bucket, name="y"),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_forgotten_source_leaves_its_versions(actor: Actor, dataset: Dataset, bucket: Any) -> None:
    bucket.put("a.csv", "text\none\n")
    source = source_of(actor, dataset, bucket)
    job = synced(actor, source)
    delete_source(actor=actor, source_id=source.pk)
    assert texts(actor, job) == ["one"]
    assert Provenance.objects.get().address == f"s3://{bucket.name}/a.csv"


def test_over_rest(actor: Actor, dataset: Dataset, bucket: Any) -> None:
    bucket.put("in/a.csv", "text\none\n")
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    path = f"/api/v1/datasets/{dataset.pk}/sources/"
    body = {"name": "s3", "endpoint": bucket.endpoint, "bucket": bucket.name, "prefix": "in/", "keys_name": "all"}
    body["consent"] = "contract"
    made = Client().post(path, body, content_type="application/json", headers=headers)
    assert made.status_code == 201
    number = made.json()["id"]
    sent = Client().post(f"/api/v1/sources/{number}/sync/", {}, content_type="application/json", headers=headers)
    assert sent.status_code == 202
    sync_source(job_id=sent.json()["id"])
    seen = Client().get(f"/api/v1/jobs/{sent.json()['id']}/", headers=headers).json()
    assert (seen["state"], seen["result"]["rows"]) == ("succeeded", 1)
    listed = Client().get(path, headers=headers).json()["results"]
    assert [(row["id"], row["prefix"], row["consent"]) for row in listed] == [(number, "in/", "contract")]
    inside = {**body, "name": "x", "endpoint": "http://127.0.0.1:1"}
    refused = Client().post(path, inside, content_type="application/json", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "host_not_public")
    assert Client().delete(f"/api/v1/sources/{number}/", headers=headers).status_code == 204
