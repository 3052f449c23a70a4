"""Trainings in a real browser: the form, the report, the mistakes, slices and two models side by side."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from curation.models import Dataset
from modeling.models import Training
from modeling.services.training import run_training, start_training
from tests.e2e.screenshots import take as picture
from tests.e2e.test_grid_page import fits
from tests.e2e.test_task_types import LOOKS, Opened, ann, browse, complaints_of_axe
from tests.modeling.conftest import add_version, messages, running, split_table, taken

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WORDS = {
    "en": ("Let the data decide", "Look at the mistakes", "Two models side by side"),
    "zh-hans": ("由数据决定", "查看错误", "两个模型对比"),
}


def trained(ann: Actor, folder: Path) -> list[Training]:
    """Return a training where the data decided and one of the baseline, of a version of real messages."""
    dataset = Dataset.objects.create(organization_id=ann.organization_id, name="Messages")
    table = split_table(messages(240))
    lengths = ["long" if len(text) > 80 else "short" for text in table["text"].to_pylist()]
    version = add_version(ann, dataset, table.append_column("length", [lengths]), folder / "version")
    made = []
    for family in ("auto", "tfidf-linear"):
        training = taken(
            lambda family=family: start_training(actor=ann, version_id=version.pk, family=family, name=family)
        )
        with running(training.job) as job:
            run_training(job=job, training_id=training.pk)
        made.append(training)
    return made


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_the_form_the_report_and_the_mistakes_are_shown(
    browse: Opened, ann: Actor, tmp_path: Path, language: str, theme: str, width: int, height: int
) -> None:
    first, second = trained(ann, tmp_path)
    decide, mistakes, beside = WORDS[language]
    pictured = (language, theme, width) == ("en", "light", 1280)

    page = browse("/trainings/new/", language, theme, width, height)
    expect(page.get_by_text(decide)).to_be_visible()
    page.locator(".family-card summary").first.click()
    expect(page.locator("input[name='auto.budget']")).to_be_visible()
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if pictured:
        picture(page, "training-new")

    page.goto(page.url.replace("/trainings/new/", f"/trainings/{first.pk}/"))
    expect(page.locator("line-chart[data-source='curves'] polyline")).to_have_count(2)
    expect(page.locator("line-chart[data-source='reliability'] polyline")).to_have_count(2)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if pictured:
        picture(page, "training-curves", ready="confusion-matrix svg", at="line-chart[data-source='curves']")

    page.get_by_role("link", name=mistakes).click()
    page.locator("select[name='show']").select_option("all")
    page.locator("main form button").first.click()
    expect(page.locator("tbody tr")).to_have_count(25)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if pictured:
        picture(page, "mistakes")

    page.goto(page.url.split("/mistakes/")[0] + "/slices/?column=length")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if pictured:
        picture(page, "slices")

    page.goto(page.url.split("/slices/")[0] + f"/beside/?other={second.pk}")
    expect(page.get_by_role("heading", name=beside)).to_be_visible()
    assert complaints_of_axe(page) == []
    assert fits(page, width)
    if pictured:
        picture(page, "compare")
