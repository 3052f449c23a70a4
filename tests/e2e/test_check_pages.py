"""Checks of augmentation in a real browser: asked from a training, drawn as dots with intervals, trained with."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from curation.models import Dataset
from modeling.models import Check, Training
from modeling.services.check import run_check, start_check
from modeling.services.training import run_training, start_training
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe
from tests.modeling.conftest import add_version, messages, running, split_table, taken

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
POLICY = "version: 1\nsteps:\n- {use: keyboard, share: 1.0, letters: 5}\n- {use: swap_words, share: 0.1}\n"
WORDS = {"en": ("Check label safety", "Train with it"), "zh-hans": ("检查标签安全", "用它训练")}


def trained(ann: Actor, folder: Path) -> Training:
    """Return a training of the cheapest family on real messages."""
    dataset = Dataset.objects.create(organization_id=ann.organization_id, name="Messages")
    version = add_version(ann, dataset, split_table(messages(240)), folder / "version")
    training = taken(lambda: start_training(actor=ann, version_id=version.pk, family="tfidf-linear", name="Counted"))
    with running(training.job) as job:
        run_training(job=job, training_id=training.pk)
    return training


def answered(ann: Actor, training: Training, kind: str) -> Check:
    searched = {"uses": ["letters"], "least_safe": 0.5}
    more = searched if kind == "proposal" else {"policy": POLICY}
    check = taken(lambda: start_check(actor=ann, kind=kind, training_id=training.pk, seeds=1, **more))
    with running(check.job) as job:
        run_check(job=job, check_id=check.pk)
    return check


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_model_is_asked_and_the_answers_are_drawn(
    browse: Opened, ann: Actor, tmp_path: Path, language: str, theme: str, width: int, height: int
) -> None:
    training = trained(ann, tmp_path)
    checks = {kind: answered(ann, training, kind) for kind in ("robustness", "safety", "ablation", "proposal")}
    ask, train = WORDS[language]
    pictured = (language, theme, width) == ("en", "light", 1280)

    page = browse(f"/trainings/{training.pk}/", language, theme, width, height)
    page.get_by_role("link", name=ask).click()
    expect(page.locator("input[name='preset']")).to_have_count(4)
    page.locator("input[value='own']").check()
    page.locator("textarea[name='policy']").fill("version: 1\nsteps: [{use: rain}]")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".errorlist, .field-error").first).to_be_visible()
    assert complaints_of_axe(page) == []
    assert fits(page, width)

    for kind, rows in (("robustness", 3), ("safety", 2), ("ablation", 3), ("proposal", 3)):
        page.goto(page.url.split("/trainings/")[0].split("/checks/")[0] + f"/checks/{checks[kind].pk}/")
        expect(page.locator("interval-chart circle")).to_have_count(rows)
        expect(page.locator("main table tbody tr")).to_have_count(rows)
        assert complaints_of_axe(page) == []
        assert fits(page, width)
        if pictured:
            picture(page, f"check-{kind}", ready="interval-chart svg")
        if kind == "safety":
            assert page.locator("details[open] ins").count() > 0
        if kind == "ablation":
            expect(page.get_by_role("button", name=train)).to_be_visible()
    if pictured:
        page.goto(page.url.split("/checks/")[0] + f"/checks/new/?training={training.pk}&kind=robustness")
        picture(page, "check-new")
