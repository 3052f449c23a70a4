"""Pictures in a real browser with a real worker: several files in one upload, grid, item, review, labeling."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageFilter
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from curation.models import Version
from curation.services.diff import request_diff
from curation.services.run import start_run
from labeling.models import Annotation
from labeling.services.project import create_project, schema_for_labels
from tests import factories
from tests.curation.engine.pictures import packed, saved, scene
from tests.e2e.screenshots import take
from tests.e2e.test_labeling_page import eventually
from tests.live import LiveService
from workers.models import Job

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def actor(live_service: LiveService) -> Actor:
    """An owner who can sign in."""
    owner = factories.owner("Northwind Data Services")
    person = User.objects.get(pk=owner.user_id)
    person.email = "ann@example.com"
    person.set_password(factories.PASSWORD)
    person.save()
    return owner


@pytest.fixture
def page(chromium: Any, live_service: LiveService, actor: Actor) -> Any:
    context = chromium.new_context(base_url=live_service.url)
    window = context.new_page()
    window.goto("/datasets/new/")
    window.locator("#id_email").fill("ann@example.com")
    window.locator("#id_password").fill(factories.PASSWORD)
    window.locator("#id_password").press("Enter")
    window.wait_for_url("**/datasets/new/")
    yield window
    context.close()


def done(job: Job) -> Job:
    """Wait for a job as the worker does it."""
    until = time.monotonic() + 120
    while job.is_open:
        assert time.monotonic() < until, job.state
        time.sleep(0.1)
        job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return job


def loaded(page: Page, selector: str) -> int:
    """Return how many pictures the browser has decoded."""
    page.wait_for_load_state("networkidle")
    return int(page.eval_on_selector_all(selector, "all => all.filter(one => one.naturalWidth > 0).length"))


def animals(folder: Path) -> Path:
    """Pack two classes of four pictures, one blurred picture, one that equals another, and one that is cut off."""
    files = {}
    for number, label in enumerate(("cat", "horse")):
        files |= {f"{label}/{n}.png": saved(scene(320, 240, seed=n + 10 * number)) for n in range(4)}
    files["cat/blurred.png"] = saved(scene(320, 240, seed=99).filter(ImageFilter.GaussianBlur(22)))
    files["cat/cut.png"] = files["cat/1.png"][:300]
    files["horse/again.png"] = files["horse/1.png"]
    return packed(folder / "animals.zip", files)


def import_through_the_page(page: Page, path: Path) -> Version:
    page.locator("#id_name").fill("Animals")
    page.locator("form button.button-primary").first.click()
    page.wait_for_url("**/datasets/*/import/")
    page.set_input_files("#id_file", str(path))
    page.locator("#import-form button").click()
    page.wait_for_url("**/uploads/*/")
    expect(page.locator(".preview tbody tr").first).to_contain_text("cat/0.png")
    take(page, "pictures-upload")
    page.locator("button.button-primary", has_text="Import").click()
    page.locator("a.button-primary", has_text="Open v1").click()
    page.wait_for_url("**/versions/*/")
    return Version.objects.get()


def test_pictures_from_the_drop_zone_to_the_explorer(page: Page, tmp_path: Path) -> None:
    version = import_through_the_page(page, animals(tmp_path))
    assert (version.row_count, loaded(page, ".items-grid img")) == (10, 10)
    take(page, "pictures")

    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".items-grid > li[data-here]")).to_contain_text("cat/1.png")
    page.keyboard.press("Enter")
    page.wait_for_url("**/items/2/")
    assert loaded(page, ".picture img") == 1
    take(page, "picture")
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(rf"/versions/{version.pk}/(#.*)?$"))
    page.locator(".picture-filters a", has_text="Blurred").click()
    expect(page.locator(".items-grid > li")).to_have_count(1)
    page.locator("a", has_text="As a table").click()
    expect(page.locator(".items tbody tr")).to_have_count(1)
    assert loaded(page, ".row-thumb") == 1


def test_pictures_are_reviewed_compared_and_labeled(page: Page, actor: Actor, tmp_path: Path) -> None:
    version = import_through_the_page(page, animals(tmp_path))
    steps = [{"name": "exact_duplicates"}, {"name": "image_blur"}, {"name": "image_oddities"}]
    run, job = start_run(actor=actor, version_id=version.pk, steps={"steps": steps})
    done(job)
    run.refresh_from_db()
    assert run.output is not None
    page.goto(f"/runs/{run.pk}/review/")
    assert loaded(page, ".review-picture img") == 1
    expect(page.locator("#review-question")).to_contain_text("Blurred")
    take(page, "pictures-review")
    page.keyboard.press("x")
    expect(page.locator("#review-count")).to_have_text("1 of 1 decided")

    diff, job = request_diff(actor=actor, older_id=version.pk, newer_id=run.output.pk)
    assert job is not None
    done(job)
    page.goto(f"/diffs/{diff.pk}/")
    assert loaded(page, ".diff .row-thumb") == 1
    take(page, "pictures-diff")

    schema = schema_for_labels(labels=["cat", "horse"], image_field="image")
    project, job = create_project(actor=actor, version_id=run.output.pk, name="Which animal?", schema=schema)
    done(job)
    page.goto(f"/projects/{project.pk}/label/")
    expect(page.locator(".lp-picture img")).to_be_visible()
    assert loaded(page, ".lp-picture img") == 1
    take(page, "pictures-labeling")
    page.keyboard.press("+")
    expect(page.locator(".lp-picture[data-enlarged]")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    eventually(Annotation.objects.exists)
    expect(page.locator(".lp-status")).to_contain_text("All saved")
    assert [row.answer for row in Annotation.objects.all()] == [{"label": ["cat"]}]
    page.goto(f"/projects/{project.pk}/results/")
    assert loaded(page, ".row-thumb") == 1
