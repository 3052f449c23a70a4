"""The pages of addresses and buckets: what they ask, what they show, and how much they ask of the database."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from curation.models import Dataset, Fetch, Source
from curation.pages.source import sentences
from curation.services.dataset import create_dataset
from curation.services.fetch import start_fetch
from curation.services.source import create_source, start_sync
from tests import factories
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset(actor: Actor) -> Dataset:
    return create_dataset(actor=actor, name="Reviews")


def queries(browser: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(path).status_code == 200
    return len(seen)


def test_addresses_are_taken_line_by_line_and_a_wrong_one_is_named(browser: Client, dataset: Dataset) -> None:
    path = f"/datasets/{dataset.pk}/import/addresses/"
    bad = browser.post(path, {"urls": "https://example.com/a.csv\nhttp://127.0.0.1/b.csv"})
    assert bad.status_code == 400
    assert "Address 2, http://127.0.0.1/b.csv: The host 127.0.0.1 is not on the public" in bad.content.decode()
    assert 'name="append"' not in bad.content.decode()
    good = browser.post(path, {"urls": "https://example.com/a.csv\r\n\r\nhttps://example.com/b.csv", "consent": "x"})
    job = Job.objects.get()
    assert (good.status_code, good.headers["Location"]) == (302, f"/jobs/{job.pk}/files/")
    assert (job.params["append"], job.params["said"]["consent"], Fetch.objects.count()) == (False, "x", 2)


def test_adding_is_offered_once_there_is_a_version(browser: Client, actor: Actor) -> None:
    version = factories.version(actor)
    path = f"/datasets/{version.dataset_id}/import/addresses/"
    assert "Add them to v1" in browser.get(path).content.decode()
    browser.post(path, {"urls": "https://example.com/a.csv", "append": "yes"})
    assert Job.objects.get().params["append"] is True


def test_the_pages_ask_as_much_for_many_files_as_for_few(browser: Client, actor: Actor, dataset: Dataset) -> None:
    few = start_fetch(actor=actor, dataset_id=dataset.pk, urls=["https://example.com/1"])
    many = start_fetch(actor=actor, dataset_id=dataset.pk, urls=[f"https://example.com/{n}" for n in range(50)])
    assert queries(browser, f"/jobs/{few.pk}/files/") == queries(browser, f"/jobs/{many.pk}/files/")
    source = described(actor, dataset, "one")
    alone = queries(browser, f"/sources/{source.pk}/"), queries(browser, f"/datasets/{dataset.pk}/sources/")
    for name in ("two", "three"):
        described(actor, dataset, name)
    rows = [
        Fetch(organization_id=actor.organization_id, dataset=dataset, source=source, number=n, address=f"k{n}", state=s)
        for n in range(20)
        for s in ("refused", "imported")
    ]
    Fetch.objects.bulk_create(rows)
    assert (queries(browser, f"/sources/{source.pk}/"), queries(browser, f"/datasets/{dataset.pk}/sources/")) == alone


def described(actor: Actor, dataset: Dataset, name: str) -> Source:
    where = {"endpoint": "https://s3.example.com", "bucket": "reviews"}
    return create_source(actor=actor, dataset_id=dataset.pk, name=name, **where)


def test_a_bucket_is_added_changed_and_forgotten(browser: Client, dataset: Dataset) -> None:
    form = {"name": "S3", "endpoint": "https://s3.example.com/", "bucket": "reviews", "prefix": "a/", "licence": "CC0"}
    inside = browser.post(f"/datasets/{dataset.pk}/sources/", {**form, "endpoint": "http://10.0.0.1"})
    assert (inside.status_code, "not on the public internet" in inside.content.decode()) == (400, True)
    made = browser.post(f"/datasets/{dataset.pk}/sources/", form)
    source = Source.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, f"/sources/{source.pk}/")
    assert (source.endpoint, source.prefix, source.licence) == ("https://s3.example.com", "a/", "CC0")
    assert 'value="a/"' in browser.get(f"/sources/{source.pk}/edit/").content.decode()
    browser.post(f"/sources/{source.pk}/edit/", {**form, "pattern": "*.csv"})
    source.refresh_from_db()
    assert source.pattern == "*.csv"
    assert browser.post(f"/sources/{source.pk}/").status_code == 302
    assert browser.post(f"/sources/{source.pk}/").status_code == 409
    Job.objects.update(state="cancelled", finished_at="2026-01-01T00:00Z")
    assert browser.post(f"/sources/{source.pk}/edit/", {"forget": "1"}).status_code == 302
    assert not Source.objects.exists()


def test_a_viewer_sees_and_may_not_sync(actor: Actor, dataset: Dataset) -> None:
    source = described(actor, dataset, "S3")
    viewer = Client()
    viewer.force_login(User.objects.get(pk=factories.member(actor, "client").user_id))
    page = viewer.get(f"/sources/{source.pk}/").content.decode()
    assert ("About this source" in page, "Sync now" in page) == (True, False)
    assert "Add a bucket" not in viewer.get(f"/datasets/{dataset.pk}/sources/").content.decode()
    assert viewer.post(f"/sources/{source.pk}/").status_code == 403


def test_a_job_that_fetches_nothing_has_no_such_page(browser: Client, actor: Actor, dataset: Dataset) -> None:
    job = start_sync(actor=actor, source_id=described(actor, dataset, "S3").pk)
    assert browser.get(f"/jobs/{job.pk}/files/").status_code == 404


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"version": 1, "files": 1, "added": 2, "listed": 1}, ["1 file with 2 rows came in."]),
        ({"listed": 0}, ["The bucket holds nothing below this prefix. Prefixes are compared letter by letter."]),
        ({"listed": 3, "passed_over": 3}, ["None of the 3 files below this prefix fits the pattern."]),
        (
            {"listed": 3, "passed_over": 1, "known": 2},
            ["Nothing is new: no version was made. 2 files were taken before."],
        ),
        (
            {"version": 1, "files": 2, "added": 9, "listed": 5, "files_refused": 1, "left": 2},
            [
                "2 files with 9 rows came in.",
                "Files that were refused: 1. The list says why.",
                "2 more files wait: one sync takes a limited number. Sync again.",
            ],
        ),
    ],
)
def test_a_sync_says_what_it_found(result: dict[str, Any], said: list[str]) -> None:
    assert sentences(result) == said
