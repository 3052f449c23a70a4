"""The map of meaning and the review of pairs in a real browser: by mouse, by keyboard, at phone width, in Chinese."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.demo import SETS
from curation.models import PairReview, Run, Version
from curation.services.dataset import create_dataset
from curation.services.upload import receive_upload, start_import
from tests.e2e.screenshots import take
from tests.e2e.test_common_pages import open_page, sign_in, violations
from tests.e2e.test_review_page import boss, finished
from workers.models import Job

__all__ = ["boss", "open_page"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WAIT = 240_000
ROWS = 700


@pytest.fixture
def version(boss: Actor) -> Version:
    import gzip

    source = SETS["sms_spam"]
    lines = gzip.decompress(Path(source.path).read_bytes()).decode().splitlines(keepends=True)
    return imported(boss, "Messages", "messages.csv", "".join(lines[: ROWS + 1]).encode())


def ready(page: Page) -> None:
    expect(page.locator("#map[data-ready]")).to_be_attached(timeout=WAIT)


def lasso(page: Page) -> None:
    """Draw around the left half of the map."""
    box = page.locator("#map-canvas").bounding_box()
    assert box is not None
    corners = [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)]
    page.mouse.move(box["x"] + box["width"] * 0.02, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    for across, down in corners:
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down, steps=5)
    page.mouse.up()


def test_items_are_chosen_on_the_map_and_become_a_version(boss: Actor, version: Version, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/versions/{version.pk}/")
    page.get_by_role("link", name="Map of meaning").click()
    ready(page)
    take(page, "meaning-map")
    assert violations(page) == []
    lasso(page)
    count = page.locator("#map-count")
    expect(count).to_have_text(re.compile(r"^\d+ items chosen$"))
    chosen = int((count.text_content() or "").split()[0])
    assert 0 < chosen < ROWS
    page.get_by_role("button", name="Show them and act").click()
    expect(page.locator(".selection h3")).to_have_text(f"{chosen} items chosen on the map")
    page.get_by_role("button", name="Make a version of these").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/"))
    run = Run.objects.get(input=version)
    assert run.job is not None
    finished(run.job)
    run.refresh_from_db()
    assert run.output is not None
    assert run.output.row_count == chosen


def test_the_keyboard_walks_a_cluster_and_opens_an_item(boss: Actor, version: Version, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/versions/{version.pk}/map/")
    ready(page)
    first = page.locator("[data-cluster='0']")
    first.focus()
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-pressed", "true")
    size = (first.locator(".count").text_content() or "").strip()
    expect(page.locator("#map-count")).to_have_text(f"{size} items chosen")
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-said")).to_contain_text("Item ")
    one = page.locator("#map-said").text_content()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-said")).not_to_have_text(one or "")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/items/\d+/$"))
    expect(page.get_by_role("heading", name="Similar items")).to_be_visible()
    assert page.locator(".similar li").count() == 8
    take(page, "similar-items")


def test_pairs_are_judged_by_key_until_a_threshold_is_proposed(boss: Actor, version: Version, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/versions/{version.pk}/pairs/")
    page.get_by_role("button", name="Draw pairs").click()
    expect(page.locator("#pair")).to_be_visible(timeout=WAIT)
    review = PairReview.objects.get(version=version)
    assert review.pairs is not None
    for number in range(24):
        expect(page.locator("#pair[data-keys] [name=number]")).to_have_value(str(number))
        page.keyboard.press("y" if review.pairs[number][2] > 0.85 else "n")
    expect(page.get_by_text(f"24 of {len(review.pairs)} judged")).to_be_visible()
    expect(page.get_by_role("cell", name="–").first).to_be_visible()
    take(page, "pairs")
    assert Job.objects.filter(kind="curation.draw_pairs").count() == 1


@pytest.fixture
def bridges(boss: Actor) -> Version:
    """Twenty copies of a bridge and seven other pictures."""
    folder = Path(__file__).parents[1] / "data" / "near_pictures"
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for path in sorted(folder.glob("*.jpg")):
            archive.write(path, f"{path.name.partition('_')[0]}/{path.name}")
    return imported(boss, "Bridges", "bridges.zip", sink.getvalue())


def imported(boss: Actor, name: str, file_name: str, data: bytes) -> Version:
    """Import a file into a dataset of its own, by a real worker."""
    dataset = create_dataset(actor=boss, name=name)
    upload = receive_upload(actor=boss, dataset_id=dataset.pk, file=SimpleUploadedFile(file_name, data))
    done = finished(start_import(actor=boss, upload_id=upload.pk, options={}))
    return Version.objects.get(pk=done.result["version"])


def test_pairs_of_pictures_are_judged_by_key_side_by_side(boss: Actor, bridges: Version, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/versions/{bridges.pk}/")
    page.get_by_role("link", name="Pairs").click()
    page.get_by_role("button", name="Draw pairs").click()
    expect(page.locator("#pair[data-keys]")).to_be_visible(timeout=WAIT)
    shown = page.locator(".pair-picture img")
    expect(shown).to_have_count(2)
    take(page, "pairs-pictures")
    for number in range(21):
        expect(page.locator("#pair[data-keys] [name=number]")).to_have_value(str(number))
        for place in range(2):
            expect(shown.nth(place)).to_have_js_property("complete", value=True)
            assert shown.nth(place).evaluate("image => image.naturalWidth") > 0
        page.keyboard.press("y")
    expect(page.get_by_text(re.compile(r"^21 of \d+ judged$"))).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="0.8", exact=True).click()
    # Nothing but the bridge is alike: every threshold is right as often as so few answers can show.
    expect(page.get_by_text(re.compile(r"^Take 0\.\d\d$"))).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#pair[data-keys] [name=number]")).to_have_value("20")
    page.keyboard.press("z")
    expect(page.get_by_text(re.compile(r"^20 of \d+ judged$"))).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    boxes = [shown.nth(place).bounding_box() for place in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_fits_a_phone_and_chinese(boss: Actor, version: Version, open_page: Any) -> None:
    for theme, width, height in (("dark", 390, 844), ("light", 1280, 800)):
        page = open_page("zh-hans", theme, width, height)
        sign_in(page)
        page.goto(f"/versions/{version.pk}/map/")
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, theme
        assert violations(page) == [], theme
        page.goto(f"/versions/{version.pk}/pairs/")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, theme
