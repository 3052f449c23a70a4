"""Addresses and buckets in a real browser and with a real worker, by keyboard."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.models import Dataset, Version
from curation.services.dataset import create_dataset
from tests.curation.places import Web, s3_service, web_server
from tests.e2e.screenshots import take
from tests.e2e.test_common_pages import sign_in
from tests.e2e.test_review_page import boss
from tests.live import LiveService

__all__ = ["boss"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
JOB = 120_000


@pytest.fixture(scope="module", autouse=True)
def _allowed() -> Iterator[None]:
    """Let this module's worker fetch from this machine; the web server needs nothing of it."""
    os.environ["ASSAY_FETCH_ALLOWED_HOSTS"] = "localhost"
    yield
    del os.environ["ASSAY_FETCH_ALLOWED_HOSTS"]


@pytest.fixture
def dataset(boss: Actor) -> Dataset:
    return create_dataset(actor=boss, name="Hotel reviews 酒店评论")


@pytest.fixture
def page(chromium: Any, live_service: LiveService, boss: Actor) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_service.url)
    window = context.new_page()
    sign_in(window)
    yield window
    context.close()


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as made:
        made.url = made.url.replace("127.0.0.1", "localhost")
        yield made


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_addresses_are_fetched_and_the_refused_ones_tried_again(page: Page, dataset: Dataset, web: Web) -> None:
    web.files["reviews.csv"] = "text,label\n房间很干净,good\nToo loud,bad\n".encode()
    web.files["photo.png"] = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
    page.goto(f"/datasets/{dataset.pk}/import/")
    page.get_by_role("link", name="Web addresses").press("Enter")
    page.wait_for_url("**/import/addresses/")
    take(page, "import-addresses")
    page.locator("#id_urls").focus()
    page.keyboard.insert_text(f"{web.url}/reviews.csv\n{web.url}/photo.png\n{web.url}/late.jsonl?sig=secret")
    page.locator("#id_licence").fill("CC BY 4.0")
    page.locator("#id_licence").press("Enter")
    page.wait_for_url("**/files/")
    expect(page.get_by_text("Open v1")).to_be_visible(timeout=JOB)
    expect(page.locator("tbody .chip")).to_have_text(["Refused", "Refused", "Taken in"])
    assert "secret" not in page.content()
    assert fits(page)
    take(page, "fetches")
    web.files["late.jsonl"] = b'{"text": "Better late", "label": "good"}\n'
    page.get_by_role("button", name="Try the refused addresses again").press("Enter")
    expect(page.get_by_text("Open v2")).to_be_visible(timeout=JOB)
    assert list(Version.objects.order_by("number").values_list("row_count", flat=True)) == [2, 3]
    page.goto(f"/datasets/{dataset.pk}/import/addresses/")
    expect(page.get_by_text("Add them to v2")).to_be_visible()
    take(page, "import-addresses-append")
    page.goto(f"/datasets/{dataset.pk}/lineage/")
    expect(page.get_by_role("link", name="reviews.csv File")).to_be_visible()


def test_a_bucket_is_added_synced_and_synced_again(page: Page, dataset: Dataset) -> None:
    with s3_service() as (address, client):
        endpoint = address.replace("127.0.0.1", "localhost")
        client.create_bucket(Bucket="reviews")
        client.put_object(Bucket="reviews", Key="2024/一月.csv", Body="text,label\n很好,good\nBad,bad\n".encode())
        client.put_object(Bucket="reviews", Key="2024/photo.csv", Body=b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
        client.put_object(Bucket="reviews", Key="2024/readme.txt", Body=b"x")
        keys = Path(os.environ["ASSAY_HOME"]) / "bucket-keys.json"
        entry = {"access_key": "AKIDTEST", "secret_key": "secret", "endpoint": endpoint, "organizations": ["*"]}
        keys.touch(0o600)
        keys.write_text(json.dumps({"northwind-reader": entry}))
        page.goto(f"/datasets/{dataset.pk}/sources/")
        take(page, "sources-empty")
        given = {"name": "Reviews of 2024", "endpoint": endpoint, "bucket": "reviews", "prefix": "2024/"}
        for name, value in {**given, "pattern": "*.csv", "licence": "CC BY 4.0"}.items():
            page.locator(f"#id_{name}").fill(value)
        page.locator("#id_keys_name").select_option("northwind-reader")
        page.locator("#id_pattern").press("Enter")
        page.wait_for_url("**/sources/*/")
        page.get_by_role("button", name="Sync now").press("Enter")
        expect(page.get_by_text("1 file with 2 rows came in.")).to_be_visible(timeout=JOB)
        expect(page.get_by_text("Files that were refused: 1. The list says why.")).to_be_visible()
        assert fits(page)
        take(page, "source")
        page.get_by_role("button", name="Sync now", exact=True).press("Enter")
        expect(page.get_by_text("Nothing is new: no version was made. 2 files were taken before.")).to_be_visible(
            timeout=JOB
        )
        keys.unlink()
        page.reload()
        page.goto(f"/datasets/{dataset.pk}/sources/")
        take(page, "sources")
        client.delete_object(Bucket="reviews", Key="2024/readme.txt")
    assert Version.objects.count() == 1
