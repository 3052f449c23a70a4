"""The review of findings and the plan editor in a real browser, by keyboard: decide, undo, apply, run again."""

import re
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from curation.demo import SETS
from curation.models import Decision, Plan, Question, Run, Version
from curation.services.dataset import create_dataset
from curation.services.finding import decide_question
from curation.services.run import start_run, suggest_plan
from curation.services.upload import receive_upload, start_import
from tests import factories
from tests.e2e.screenshots import take
from tests.e2e.test_chain_browser import person
from tests.e2e.test_common_pages import AXE, LOOKS, open_page, sign_in, violations
from tests.live import LiveService
from workers.models import Job

__all__ = ["open_page"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

JOB = 120_000
# Texts of the Chinese set that carry both labels.
CONFLICTS = 12


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    actor = factories.owner("Northwind Data Services")
    person(actor, "ann@example.com", "Ann Ames")
    return actor


def finished(job: Job) -> Job:
    until = time.monotonic() + JOB / 1000
    while not job.finished_at:
        assert time.monotonic() < until, f"{job.kind} is still {job.state}"
        time.sleep(0.1)
        job.refresh_from_db()
    assert job.error is None
    return job


@pytest.fixture
def run(boss: Actor) -> Run:
    """The default plan without near-duplicates, run over the Chinese reviews by a real worker."""
    source = SETS["reviews_zh"]
    dataset = create_dataset(actor=boss, name="中文评论")
    file = SimpleUploadedFile(source.file_name, source.path.read_bytes())
    upload = receive_upload(actor=boss, dataset_id=dataset.pk, file=file, licence=source.licence, source=source.source)
    imported = finished(start_import(actor=boss, upload_id=upload.pk, options={}))
    plan = suggest_plan(actor=boss, version_id=imported.result["version"])
    steps = [step for step in plan["steps"] if step["name"] != "near_duplicates"]
    run, job = start_run(actor=boss, version_id=imported.result["version"], steps={"steps": steps})
    finished(job)
    run.refresh_from_db()
    return run


def at(page: Page, number: int) -> None:
    # A key that is pressed before the page's script has come is the browser's.
    expect(page.locator("html.scripted")).to_be_attached()
    expect(page.locator("#review-question")).to_have_attribute("data-number", str(number))


def decided(page: Page, count: int) -> None:
    expect(page.locator("#review-count")).to_have_text(f"{count} of {CONFLICTS} decided")


def test_conflicts_are_decided_by_key_applied_and_given_again(boss: Actor, run: Run, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/runs/{run.pk}/")
    page.get_by_role("link", name="Review the findings").click()
    at(page, 1)
    decided(page, 0)
    take(page, "review")

    first = Question.objects.get(run=run, number=1)
    page.keyboard.press("k")
    at(page, 2)
    decided(page, 1)
    page.keyboard.press("z")
    at(page, 1)
    decided(page, 0)
    assert Decision.objects.get(key=first.key).undone_at is not None

    label = page.locator("[name=set]").first.get_attribute("value")
    page.keyboard.press("Shift+Digit1")
    at(page, 2)
    page.keyboard.press("s")
    at(page, 3)
    page.keyboard.press("ArrowLeft")
    at(page, 2)
    merged_and_dropped(page)

    verdicts = {row.number: row.decision.verdict for row in Question.objects.filter(run=run).exclude(decision=None)}
    assert {number: verdict["action"] for number, verdict in verdicts.items()} == {
        1: "label",
        2: "keep_only",
        3: "drop",
        4: "keep_only",
        5: "merge",
    }
    assert verdicts[1]["label"] == label

    applied_and_given_again(page, run)


def merged_and_dropped(page: Page) -> None:
    """Keep one of question 2, drop question 3 whole and one item of question 4, merge question 5 into its second."""
    # With nothing chosen this says what is missing, and decides nothing.
    page.keyboard.press("m")
    expect(page.get_by_role("status").last).to_contain_text("Choose what to keep first")
    page.keyboard.press("2")
    expect(page.locator(".review-item input").nth(1)).to_be_checked()
    page.keyboard.press("m")
    at(page, 3)
    decided(page, 2)
    page.keyboard.press("x")
    at(page, 4)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".review-item").nth(1)).to_be_focused()
    page.keyboard.press("d")
    at(page, 5)
    decided(page, 4)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("g")
    at(page, 6)
    decided(page, 5)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Undo the last answer")
    page.keyboard.press("Escape")


def applied_and_given_again(page: Page, run: Run) -> None:
    """Make the next version, then run the plan again and find the decisions in it."""
    page.get_by_role("button", name="Apply decisions").click()
    expect(page.get_by_role("link", name="Open v3")).to_be_visible(timeout=JOB)
    applied = Version.objects.get(number=3)
    assert (applied.kind, applied.parent) == ("decisions", run.output)
    page.get_by_role("link", name=re.compile("Dropped by a person")).click()
    expect(page.get_by_role("cell", name="Ann Ames", exact=False).first).to_be_visible()

    kept = Plan.objects.create(organization_id=run.organization_id, name="the same", steps=run.steps)
    page.goto(f"/versions/{run.input_id}/curate/?plan={kept.pk}")
    page.get_by_role("button", name="Run the plan").click()
    replayed = page.locator(".stat", has_text="decided before, and given again").locator("b")
    expect(replayed).to_have_text("5", timeout=JOB)
    again = Run.objects.order_by("pk").last()
    assert again is not None
    assert again.output is not None
    assert again.output.content_hash == applied.content_hash
    page.goto(f"/runs/{again.pk}/review/?n=3&state=all")
    expect(page.locator("#review-notes")).to_contain_text("given again")
    page.goto(f"/runs/{again.pk}/review/?n=5&state=all")
    expect(page.locator("#review-notes")).to_contain_text("Merged into one")
    expect(page.locator(".review-item input").nth(1)).to_be_checked()


def test_many_are_decided_by_rule_after_a_question_and_undone_whole(boss: Actor, run: Run, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/runs/{run.pk}/review/")
    page.locator("summary", has_text="Many at once").click()
    page.get_by_label("In all 12 open questions").select_option("keep_first")
    page.get_by_role("button", name="Decide by this rule").click()
    page.get_by_role("dialog").get_by_role("button", name="Decide them").click()
    expect(page.get_by_role("heading", name="Everything is decided")).to_be_visible()
    page.locator("summary", has_text="Many at once").click()
    page.locator(".review-bulk").get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo them").click()
    at(page, 1)
    decided(page, 0)


def test_what_somebody_else_decided_is_shown_and_not_written_over(boss: Actor, run: Run, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/runs/{run.pk}/review/")
    at(page, 1)
    other = factories.member(boss, "reviewer")
    person(other, "ray@example.com", "Ray Roe")
    decide_question(actor=other, run_id=run.pk, number=1, action="drop")
    page.keyboard.press("k")
    expect(page.locator(".toast-error")).to_contain_text("Ray Roe has decided this question.")
    expect(page.locator("#review-notes")).to_contain_text("All dropped")
    assert Decision.objects.get().verdict == {"action": "drop"}


def test_an_answer_survives_a_server_that_is_away(boss: Actor, run: Run, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/runs/{run.pk}/review/")
    at(page, 1)
    refusals = []

    def refuse(route: Any) -> None:
        refusals.append(route.request.url)
        route.fulfill(status=503, json={"code": "database_away"}) if len(refusals) < 3 else route.continue_()

    page.route("**/decide/", refuse)
    page.keyboard.press("k")
    expect(page.locator("#review-saved")).to_have_text("Not saved yet. Trying again…")
    at(page, 2)
    assert Decision.objects.count() == 1
    # The window goes before the answer has arrived: the next one brings it home.
    page.unroute("**/decide/")
    page.route("**/decide/", lambda route: route.fulfill(status=503, json={"code": "database_away"}))
    with page.expect_request("**/decide/"):
        page.keyboard.press("x")
    expect(page.locator("#review-saved")).to_have_text("Not saved yet. Trying again…")
    # Gone before the server is back: otherwise this window might bring it home itself.
    page.goto("about:blank")
    page.unroute("**/decide/")
    page.goto(f"/runs/{run.pk}/review/")
    expect(page.get_by_text("It has been sent again.")).to_be_visible()
    decided(page, 2)
    assert Decision.objects.filter(verdict={"action": "drop"}).count() == 1


def test_the_pages_fit_and_axe_finds_nothing(boss: Actor, run: Run, open_page: Any) -> None:
    """One run of the plan is shown in every look: nothing is changed by looking."""
    decide_question(actor=boss, run_id=run.pk, number=2, action="drop")
    review, curate = f"/runs/{run.pk}/review/", f"/versions/{run.input_id}/curate/"
    found = {}
    for look in LOOKS:
        page = open_page(*look.values)
        sign_in(page)
        for address in (review, f"{review}?n=2&state=all", f"/runs/{run.pk}/", curate, "/plans/"):
            page.goto(address)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= look.values[2], (look.id, address)
            if address == curate:
                page.keyboard.press("Control+Enter")
                expect(page.locator("#plan-preview-title")).to_be_visible()
            found[look.id, address] = violations(page) if AXE.exists() else []
        page.context.close()
    assert {place: rows for place, rows in found.items() if rows} == {}


def test_a_plan_is_edited_as_cards_and_stays_the_same_as_yaml(boss: Actor, run: Run, open_page: Any) -> None:
    page = open_page()
    sign_in(page)
    page.goto(f"/versions/{run.input_id}/curate/")
    cards, text = page.locator(".plan-step"), page.locator("#id_plan")
    expect(cards).to_have_count(7)
    cards.nth(0).get_by_label("Unicode form").select_option("NFKC")
    expect(text).to_have_value(re.compile(r"form: NFKC"))
    page.get_by_label("Another step").select_option("split")
    page.locator("#plan-add").click()
    expect(cards).to_have_count(8)
    expect(cards.nth(7)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(cards.nth(6)).to_contain_text("Split")
    expect(cards.nth(6)).to_be_focused()
    cards.nth(6).get_by_label("Test", exact=True).fill("a lot")
    expect(cards.nth(6).locator(".field-error")).to_have_text('is "a lot"; it must be a number.')
    cards.nth(6).get_by_label("Test", exact=True).fill("0.3")
    expect(cards.nth(6).locator(".field-error")).to_have_count(0)
    cards.nth(3).get_by_label("New names").fill("负面: neg\n正面: pos")
    cards.nth(4).get_by_role("checkbox", name="In use").uncheck()
    expect(text).to_have_value(re.compile(r"负面: neg\n\s+正面: pos"))
    expect(text).to_have_value(re.compile(r"enabled: false"))
    take(page, "plan-editor")

    page.get_by_role("tab", name="YAML").click()
    text.fill("on_error: find\nsteps:\n- name: drop_empty_text\n- name: exact_duplicates\n")
    page.get_by_role("tab", name="Steps").click()
    expect(cards).to_have_count(2)
    going_on = page.get_by_label("Go on when a step fails on single items")
    expect(going_on).to_be_checked()
    going_on.press("Space")
    expect(text).not_to_have_value(re.compile("on_error"))
    going_on.press("Space")
    expect(text).to_have_value(re.compile(r"^on_error: find$", re.MULTILINE))
    expect(cards.nth(1).get_by_label("Whatever case and blanks")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#plan-preview-title")).to_have_text("Tried on 1000 items")
    expect(page.locator(".plan-tried > li")).to_have_count(2)
    page.locator("#id_name").fill("two steps")
    page.get_by_role("button", name="Keep it only").click()
    page.get_by_role("link", name="All plans").click()
    page.get_by_role("button", name="Make a copy two steps").click()
    expect(page.get_by_role("link", name="two steps (2)", exact=True)).to_be_visible()
    page.get_by_role("button", name="Delete two steps (2)").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="two steps (2)", exact=True)).to_have_count(0)


def test_the_plan_form_and_the_review_work_without_a_script(
    boss: Actor, run: Run, chromium: Any, live_service: LiveService
) -> None:
    context = chromium.new_context(base_url=live_service.url, java_script_enabled=False)
    try:
        page = context.new_page()
        sign_in(page)
        page.goto(f"/runs/{run.pk}/review/")
        page.get_by_role("button", name="Drop all").click()
        assert "n=2" in page.url
        assert Decision.objects.get().verdict == {"action": "drop"}
        page.goto(f"/versions/{run.input_id}/curate/")
        page.locator("#id_plan").fill("steps:\n- name: exact_duplicates\n")
        page.get_by_role("button", name="Try it on a sample").click()
        expect(page.locator(".plan-tried > li")).to_have_count(1)
        page.locator("#id_plan").fill("steps:\n- name: nothing\n")
        page.get_by_role("button", name="Run the plan").click()
        expect(page.locator(".plan-form")).to_contain_text("there is no step nothing")
    finally:
        context.close()
