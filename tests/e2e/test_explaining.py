"""Augmentation of a training and explanations of its predictions in a real browser, by keyboard, at two widths."""

import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from curation.demo import SETS
from curation.engine.pictures.taking import take as take_picture
from curation.models import Dataset, Version
from curation.services.media import store_pictures
from modeling.models import Explanation, Training
from modeling.services.training import run_training, start_training
from tests.e2e.screenshots import take_now
from tests.e2e.test_grid_page import fits
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe, look_of, press
from tests.modeling.conftest import add_version, messages, running, split_table, taken

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
POLICY = "version: 1\nsteps:\n- use: {}\n  share: 0.3\n"
TEXT = "Claim your free prize now, call me at six"


def learned(ann: Actor, version: Version, family: str, params: dict[str, object] | None = None) -> Training:
    training = taken(
        lambda: start_training(actor=ann, version_id=version.pk, family=family, name="Messages", params=params)
    )
    with running(training.job) as job:
        run_training(job=job, training_id=training.pk)
    return training


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_policy_is_mended_and_tried(
    browse: Opened, ann: Actor, tmp_path: Path, language: str, theme: str, width: int, height: int
) -> None:
    dataset = Dataset.objects.create(organization_id=ann.organization_id, name="Messages")
    add_version(ann, dataset, split_table(messages(60)), tmp_path / "version")
    look = look_of(language, width)
    page = browse("/trainings/new/", language, theme, width, height)
    page.locator("#augmentation > div").wait_for(state="hidden")
    page.locator("#augmentation > summary").focus()
    press(page, "Enter", "Tab", "ArrowUp")
    assert page.locator("[name=augmentation]:checked").input_value() == "own"
    field = page.locator("[name=augment]")
    assert field.input_value().startswith("version: 1")
    field.fill(POLICY.format("keybord"))
    page.locator("button[name=preview]").press("Enter")
    expect(page.locator("#augmentation .errorlist")).to_contain_text("keybord")
    expect(page.locator("#augmentation .errorlist")).to_contain_text("3")
    expect(field).to_have_value(POLICY.format("keybord"))
    assert complaints_of_axe(page) == []
    take_now(page, f"augment-mistake-{look}", "#augmentation")
    field.fill(POLICY.format("keyboard"))
    page.locator("button[name=preview]").press("Enter")
    expect(page.locator("#copies")).to_be_visible()
    expect(page.locator("#copies .notice")).to_have_count(0)
    expect(page.locator("#copies .plan-copies > li")).to_have_count(3)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    take_now(page, f"augment-copies-{look}", "#copies")


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_predictions_are_explained_where_they_stand(
    browse: Opened, ann: Actor, tmp_path: Path, language: str, theme: str, width: int, height: int
) -> None:
    dataset = Dataset.objects.create(organization_id=ann.organization_id, name="Messages")
    version = add_version(ann, dataset, split_table(messages(120)), tmp_path / "version")
    look = look_of(language, width)
    training = learned(ann, version, "tfidf-linear", {"augment": POLICY.format("keyboard")})
    page = browse(f"/trainings/{training.pk}/", language, theme, width, height)
    expect(page.locator(".facts")).to_contain_text("keyboard (share 0.3)")
    page.locator("#try-text textarea").fill(TEXT)
    page.locator("#try-text .button").first.press("Enter")
    words = page.locator("#try-text .why-text").first.locator(".why-word")
    expect(words).to_have_text(["Claim", "your", "free", "prize", "now", "call", "me", "at", "six"])
    expect(page.locator("#try-text meter")).to_have_count(2)
    words.first.focus()
    press(page, "ArrowRight", "ArrowRight")
    expect(words.nth(2)).to_be_focused()
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    take_now(page, f"try-text-{look}", "#try-text")

    page.goto(f"/trainings/{training.pk}/mistakes/?show=all")
    page.wait_for_load_state()
    press(page, "j", "j", "w")
    panel = page.locator(".why-row")
    expect(panel.locator(".why-text").first).to_be_visible()
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    take_now(page, f"mistakes-why-{look}", ".why-row")
    press(page, "Escape")
    expect(panel).to_have_count(0)
    expect(page.locator("form.why-ask button").nth(1)).to_be_focused()
    assert Explanation.objects.filter(item_id=None).count() == 1
    item = Explanation.objects.exclude(item_id=None).get()
    page.goto(f"/explanations/{item.pk}/")
    expect(page.locator(".why-part").first).to_be_visible()
    assert complaints_of_axe(page) == []


def test_a_picture_has_a_map(browse: Opened, ann: Actor, tmp_path: Path) -> None:
    with zipfile.ZipFile(SETS["sign_digits"].path) as archive:
        names = [name for name in archive.namelist() if name.split("/")[0] in {"0", "5"} and not name.endswith("/")]
        pictures = [take_picture(archive.read(name), name) for name in names]
    store_pictures(organization_id=ann.organization_id, pictures=pictures)
    dataset = Dataset.objects.create(organization_id=ann.organization_id, name="Hands")
    splits = ["validation" if place % 5 == 0 else "test" if place % 5 == 1 else "train" for place in range(len(names))]
    table = pa.table(
        {
            "item_id": pa.array(range(1, len(names) + 1), pa.int64()),
            "image": [picture.sha256 for picture in pictures],
            "label": [name.split("/")[0] for name in names],
            "split": splits,
        }
    )
    version = add_version(ann, dataset, table, tmp_path / "hands", roles={"image": "image", "label": "label"})
    training = learned(ann, version, "picture-head", {"epochs": 10})

    page = browse(f"/trainings/{training.pk}/mistakes/?show=all")
    page.locator("form.why-ask button").first.click()
    panel = page.locator(".why-row")
    expect(panel.locator(".why-frame rect").first).to_be_visible(timeout=120_000)
    assert panel.locator(".why-numbers table").first.locator("td").count() == 144
    assert complaints_of_axe(page) == []
    take_now(page, "why-picture-desktop-en", ".why-row")
    panel.locator(".why-picture input").first.press("Space")
    expect(panel.locator(".why-frame svg").first).to_be_hidden()
