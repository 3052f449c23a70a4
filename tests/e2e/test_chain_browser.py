"""The whole chain in a real browser as three people: a manager, an annotator, and a client's engineer."""

import csv
import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from assay_client import Client
from curation.demo import SETS
from tests import factories
from tests.e2e.screenshots import take
from tests.live import LiveService

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

ROWS = 400
BY_HAND = 10
# Milliseconds for one job on a busy machine.
JOB = 180_000
SAMPLES = {"Are we still meeting at six?": "ham", "WINNER!! Claim your free prize now, text WIN to 80086": "spam"}


def person(actor: Actor, email: str, name: str) -> str:
    """Give a member an address, a name and the password of the factories; return the address."""
    user = User.objects.get(pk=actor.user_id)
    user.email, user.name = email, name
    user.set_password(factories.PASSWORD)
    user.save()
    return email


@pytest.fixture
def people(live_service: LiveService) -> dict[str, str]:
    owner = factories.owner("Northwind Data Services")
    manager = factories.member(owner, "manager")
    return {
        "manager": person(manager, "maria@example.com", "Maria Moss"),
        "annotator": person(factories.member(owner, "annotator"), "ann@example.com", "Ann Ames"),
        "engineer": person(factories.member(owner, "client"), "chen@example.com", "Chen Li"),
    }


@pytest.fixture
def window(chromium: Any, live_service: LiveService, people: dict[str, str]) -> Iterator[Callable[[str], Page]]:
    """Return a function that opens a browser window in which this person is signed in."""
    contexts, complaints = [], []

    def opened(who: str) -> Page:
        context = chromium.new_context(base_url=live_service.url, viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in/")
        page.locator("#id_email").fill(people[who])
        page.locator("#id_password").fill(factories.PASSWORD)
        page.keyboard.press("Enter")
        # Not what /sign-in/ ends with as well.
        expect(page).to_have_url(f"{live_service.url}/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    """The first rows of the SMS set, with one line that is broken."""
    file = tmp_path / "messages.csv"
    with gzip.open(SETS["sms_spam"].path, "rt", encoding="utf-8", newline="") as source, file.open("w") as sink:
        rows = [row for row, _number in zip(csv.reader(source), range(ROWS + 1), strict=False)]
        csv.writer(sink).writerows(rows)
        sink.write("only one field\r\n")
    return file


def test_three_people_from_a_file_to_a_prediction(
    window: Callable[[str], Page], live_service: LiveService, messages: Path
) -> None:
    manager = window("manager")
    imported(manager, messages)
    curated(manager)
    project = labeling_project(manager)

    annotator = window("annotator")
    labeled_by_keyboard(annotator)
    with api(manager, live_service) as client:
        client.jobs.wait(client.projects.suggest(project))
    accepted_suggestions(annotator)

    published(manager, project)
    trained(manager)
    exported(manager)
    address = deployed(manager)
    predicted(window("engineer"), live_service, address)


def imported(page: Page, file: Path) -> None:
    """Make a dataset, send a file, look at its first rows, import it and watch the job."""
    page.goto("/datasets/new/")
    page.locator("#id_name").fill("Support messages")
    page.get_by_role("button", name="Make it and choose a file").click()
    page.locator("#id_file").set_input_files(file)
    page.locator("#id_licence").fill("CC BY 4.0")
    page.get_by_role("button", name="Send and look at it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("messages.csv")
    expect(page.get_by_role("cell", name="Go until jurong point", exact=False).first).to_be_visible()
    take(page, "upload")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("job-progress")).to_be_visible()
    expect(page.get_by_role("link", name="Open v1")).to_be_visible(timeout=JOB)
    expect(page.locator(".stat", has_text="rows imported").locator("b")).to_have_text(str(ROWS))
    expect(page.locator(".stat", has_text="rows refused").locator("b")).to_have_text("1")


def curated(page: Page) -> None:
    """Run the default plan, and follow a reason to the items that it dropped."""
    page.get_by_role("link", name="Curate it").click()
    page.get_by_role("button", name="Run the plan").click()
    expect(page.get_by_role("link", name="Open v2")).to_be_visible(timeout=JOB)
    take(page, "run")
    report = page.url
    page.locator("a[href*='/drops/']").first.click()
    expect(page.locator("tbody tr").first).to_be_visible()
    page.goto(report)
    page.get_by_role("link", name="Open v2").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("v2")
    compared(page)


def compared(page: Page) -> None:
    """Search the new version, compare it with the one before it, and follow both to where they come from."""
    version = page.url
    page.goto(f"{version}?q=free")
    expect(page.locator("tbody tr").first).to_contain_text(re.compile("free", re.IGNORECASE))
    take(page, "explorer")
    page.goto(f"{version}compare/")
    page.locator("button[name=with]").click()
    expect(page.locator(".diff tbody tr").first).to_be_visible(timeout=JOB)
    take(page, "diff")
    page.goto(version)
    page.get_by_role("link", name="Lineage").click()
    expect(page.locator("main")).to_contain_text("messages.csv")
    take(page, "lineage")
    page.goto(version)


def labeling_project(page: Page) -> int:
    """Make a project out of the version's own labels."""
    page.get_by_role("link", name="Label it").click()
    page.locator("#id_name").fill("Spam or not")
    labels = page.get_by_role("textbox", name="Labels")
    expect(labels).to_have_value(re.compile("ham"))
    labels.fill("ham\nspam")
    expect(page.locator(".editor-preview .lp-label")).to_have_count(2)
    page.locator("#id_guidelines").fill("**Spam** is sent to many. **Ham** is a message between people.")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_visible()
    expect(page.locator(".stat", has_text="tasks").locator("b")).not_to_have_text("0", timeout=JOB)
    return int(page.url.rstrip("/").rsplit("/", 1)[-1])


def is_spam(text: str) -> bool:
    """Tell spam by its marks, as a hurried annotator would."""
    return bool(re.search(r"free|win|prize|claim|txt|£|\bcall \d|www\.", text, re.IGNORECASE))


def shown_text(page: Page) -> str:
    return page.locator(".lp-sheet").inner_text()


def labeled_by_keyboard(page: Page) -> None:
    """Open the project and answer ten tasks without touching the mouse; then undo one and answer it again."""
    page.goto("/projects/")
    page.get_by_role("link", name="Spam or not", exact=True).click()
    page.get_by_role("link", name="Start labeling").click()
    expect(page.locator(".lp-sheet")).to_be_visible()
    take(page, "labeling")
    for _ in range(BY_HAND):
        text = shown_text(page)
        page.keyboard.press("2" if is_spam(text) else "1")
        expect(page.locator(".lp-sheet")).not_to_have_text(text)
    expect(page.locator(".lp-progress")).to_have_js_property("value", BY_HAND)
    expect(page.locator(".lp-status")).to_have_attribute("data-state", "calm")


def accepted_suggestions(page: Page) -> None:
    """After a reload the page shows suggestions, and Enter takes them."""
    page.reload()
    for _ in range(BY_HAND):
        expect(page.locator(".lp-suggestion")).to_be_visible()
        text = shown_text(page)
        page.keyboard.press("Enter")
        expect(page.locator(".lp-sheet")).not_to_have_text(text)
    expect(page.locator(".lp-progress")).to_have_js_property("value", 2 * BY_HAND)
    # The bar counts what was answered; the server may still be told.
    expect(page.locator(".lp-status")).to_have_attribute("data-state", "calm")
    take(page, "suggestion", ready=".lp-suggestion")


def api(page: Page, service: LiveService) -> Client:
    """Make a token in the manager's own pages and return a client with it."""
    return Client(service.url, made_token(page, ["project.write", "data.read"]))


def made_token(page: Page, scopes: list[str]) -> str:
    page.goto("/tokens/add/")
    page.locator("#id_name").fill("integration")
    for scope in scopes:
        page.locator(f"input[name=scopes][value='{scope}']").check()
    page.get_by_role("button", name="Make the token").click()
    return page.locator("#secret").inner_text()


def published(page: Page, project: int) -> None:
    """Publish and wait for the version that carries the labels."""
    page.goto(f"/projects/{project}/")
    expect(page.locator(".stat", has_text="answers").first.locator("b")).to_have_text(str(2 * BY_HAND))
    take(page, "project")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("labels from Spam or not")).to_be_visible(timeout=JOB)


def trained(page: Page) -> None:
    """Train the default family and read the report beside the baseline."""
    page.goto("/trainings/new/")
    chosen = page.locator("#version option", has_text="v3")
    page.locator("#version").select_option(chosen.get_attribute("value"))
    page.get_by_role("button", name="Choose").click()
    page.locator("input[name='family'][value='encoder-head']").check()
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("job-progress")).to_be_visible()
    expect(page.get_by_role("button", name="Export bundle")).to_be_visible(timeout=JOB)
    expect(page.get_by_text("baseline").first).to_be_visible()
    take(page, "training")


def exported(page: Page) -> None:
    """Export with a generous limit: on eighty test rows one answer is more than a point."""
    page.locator("#id_limit_points").fill("10")
    page.get_by_role("button", name="Export bundle").click()
    expect(page.get_by_role("button", name="Deploy")).to_be_visible(timeout=JOB)
    take(page, "bundle")


def deployed(page: Page) -> str:
    """Deploy, try it in the page, and return the address of the deployment."""
    page.locator("#id_name").fill("spam filter")
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("spam filter")
    take(page, "deployment")
    return page.url


def predicted(page: Page, service: LiveService, address: str) -> None:
    """The engineer makes a token that may only predict, and asks for predictions with it."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("spam filter")
    with Client(service.url, made_token(page, ["predict"])) as client:
        found = client.deployments.predict("spam-filter", list(SAMPLES))
    assert {text: row.label for text, row in zip(SAMPLES, found, strict=True)} == SAMPLES
