"""The page of agreement in a real browser, by keyboard: measured by a job, read at both widths, without a violation."""

import pytest
from playwright.sync_api import expect

from accounts.actor import Actor
from accounts.models import User
from tests import factories
from tests.e2e.screenshots import take
from tests.e2e.test_labeling_page import LOOKS, Opened, ann, open_path, violations
from tests.labeling.services.test_quality import crowd
from tests.labeling.versions import numbered

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
__all__ = ["ann", "open_path"]
NAMES = ["陈静", "Maria Lopes", "Jürgen Weiß", "王小明", "Amina Diallo", "Tom O’Neil"]


def test_agreement_is_measured_and_read_by_keyboard(ann: Actor, open_path: Opened) -> None:
    people = [ann, *(factories.member(ann, "annotator") for _name in NAMES)]
    for person, name in zip(people[1:], NAMES, strict=True):
        User.objects.filter(pk=person.user_id).update(name=name)
    project = numbered(ann, 120, overlap=7)
    crowd(project, people, 120)
    page = open_path(ann, f"/projects/{project.pk}/")
    page.get_by_role("link", name="Quality").press("Enter")
    expect(page.get_by_text("Agreement was not measured yet")).to_be_visible()

    page.get_by_role("button", name="Measure agreement").press("Enter")

    expect(page.get_by_text("People who seem not to look")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Tom O’Neil")).to_contain_text("always the same")
    expect(page.get_by_role("listitem").filter(has_text="Amina Diallo")).to_contain_text("as if at random")
    take(page, "agreement")
    for look in LOOKS:
        assert violations(open_path(ann, f"/projects/{project.pk}/agreement/", *look.values)) == []
    page.get_by_role("main").locator("summary").first.press("Enter")
    expect(page.get_by_role("columnheader", name="given")).to_be_visible()
    worst = page.get_by_role("link", name="Item ").first
    item = worst.inner_text().removeprefix("Item ")
    worst.press("Enter")
    expect(page.get_by_role("main").get_by_text(f"text {item}").first).to_be_visible()
