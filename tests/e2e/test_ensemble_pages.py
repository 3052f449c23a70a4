"""Ensembles in a real browser: chosen in the list by keyboard, and the report of one that was not kept."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from curation.models import Dataset
from modeling.models import Training
from modeling.services.ensemble import run_ensemble, start_ensemble
from modeling.services.training import run_training, start_training
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe
from tests.modeling.conftest import add_version, messages, running, split_table, taken

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WORDS = {"en": ("No ensemble was kept", "Open One"), "zh-hans": ("没有保留集成模型", "打开 One")}


def two_trainings(ann: Actor, folder: Path) -> list[Training]:
    """Return two trainings of the cheapest family on real messages, which say the same of every message."""
    dataset = Dataset.objects.create(organization_id=ann.organization_id, name="Messages")
    version = add_version(ann, dataset, split_table(messages(240)), folder / "version")
    made = []
    for seed, name in enumerate(("One", "Two")):
        chosen = {"family": "tfidf-linear", "seed": seed, "name": name}
        training = taken(lambda chosen=chosen: start_training(actor=ann, version_id=version.pk, **chosen))
        with running(training.job) as job:
            run_training(job=job, training_id=training.pk)
        made.append(training)
    return made


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_trainings_are_chosen_and_the_report_says_what_came_of_it(
    browse: Opened, ann: Actor, tmp_path: Path, language: str, theme: str, width: int, height: int
) -> None:
    members = two_trainings(ann, tmp_path)
    ensemble = taken(lambda: start_ensemble(actor=ann, training_ids=[member.pk for member in members]))
    with running(ensemble.job) as job:
        run_ensemble(job=job, training_id=ensemble.pk)
    said, better = WORDS[language]

    page = browse(f"/trainings/{ensemble.pk}/", language, theme, width, height)
    expect(page.get_by_text(said).first).to_be_visible()
    expect(page.locator("interval-chart circle")).to_have_count(1)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if (language, theme, width) == ("en", "light", 1280):
        picture(page, "ensemble", ready="interval-chart svg")
    page.get_by_role("link", name=better, exact=True).click()
    expect(page.locator("main input[type='checkbox'][name='training']")).to_have_count(1)
    assert complaints_of_axe(page) == []
    assert fits(page, width)

    page.goto(page.url.split("/trainings/")[0] + "/models/")
    boxes = page.locator("input[type='checkbox'][name='training']")
    expect(boxes).to_have_count(2)
    for place in range(2):
        boxes.nth(place).focus()
        page.keyboard.press("Space")
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    page.locator("#combine button").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/trainings/*/")
    assert Training.objects.filter(family="ensemble").count() == 2
