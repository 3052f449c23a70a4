"""Personal data in a real browser, by keyboard: uncertain parts decided, the sample checked, a pseudonym opened."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.models import PrivacyCheck, Question, Run
from curation.services.dataset import create_dataset
from curation.services.run import start_run
from curation.services.upload import receive_upload, start_import
from tests.e2e.screenshots import take
from tests.e2e.test_common_pages import AXE, open_page, sign_in, violations
from tests.e2e.test_review_page import at, boss, finished
from tests.live import LiveService

__all__ = ["boss", "open_page"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROWS = """text
"Robert Chen met Karen Smith at the station and gave her the keys; write to him at r.chen@corp.example."
"昨天前台小姐说王明先生的电话是13812345678，😀请尽快联系。"
"The order 2020195181056185 was sent on 2020-04-03 12:30:00, version 10.2.3.4."
"Emily Rose is a film. Call 212-555-0134 for tickets, or see https://tickets.example/rose."
"请把发票寄到江苏省南京市鼓楼区中山北路763号14栋1单元2001室，收件人胡梅芳。"
"""
PLAN = {"steps": [{"name": "pii", "params": {"action": "mask", "actions": {"EMAIL": "pseudonym"}, "high": 0.86}}]}


@pytest.fixture
def run(boss: Actor, live_service: LiveService) -> Run:
    dataset = create_dataset(actor=boss, name="Support mail")
    upload = receive_upload(actor=boss, dataset_id=dataset.pk, file=SimpleUploadedFile("mail.csv", ROWS.encode()))
    imported = finished(start_import(actor=boss, upload_id=upload.pk, options={}))
    run, job = start_run(actor=boss, version_id=imported.result["version"], steps=PLAN)
    finished(job)
    run.refresh_from_db()
    return run


def test_uncertain_parts_are_decided_by_key(run: Run, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/runs/{run.pk}/review/")
    at(page, 1)
    expect(page.locator("mark.pii-span")).to_have_text(["Robert Chen", "Karen Smith"])
    take(page, "privacy-review")
    page.keyboard.press("2")
    expect(page.locator(".review-span input").nth(1)).to_be_checked()
    page.keyboard.press("p")
    at(page, 2)
    assert Question.objects.get(run=run, number=1).decision.verdict == {"action": "personal", "spans": [[2, "PERSON"]]}
    page.keyboard.press("n")
    at(page, 3)
    page.keyboard.press("z")
    at(page, 2)
    assert Question.objects.get(run=run, number=2).decision is None
    if AXE.exists():
        assert violations(page) == []


def test_the_sample_is_checked_by_key_and_a_pseudonym_is_opened(run: Run, open_page: Any) -> None:
    page: Page = open_page()
    sign_in(page)
    page.goto(f"/runs/{run.pk}/recall/")
    expect(page.locator("#recall-count")).to_have_text("0 of 5 checked")
    take(page, "privacy-recall")
    for done, key in enumerate("01000", 1):
        page.keyboard.press(key)
        expect(page.locator("#recall-count")).to_have_text(f"{done} of 5 checked")
    assert sorted(PrivacyCheck.objects.values_list("missed", flat=True)) == [0, 0, 0, 0, 1]
    page.goto(f"/runs/{run.pk}/")
    expect(page.get_by_text("from 5 items reviewed")).to_be_visible()
    take(page, "privacy-run")
    page.get_by_role("link", name="Pseudonyms").click()
    page.get_by_label("Pseudonym").fill("nobody@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_text("no such pseudonym")).to_be_visible()
    take(page, "privacy-mapping")
    if AXE.exists():
        assert violations(page) == []
