"""From newcomer to the real queue in a real browser: by keyboard alone, at both widths and in both languages."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Annotation, Gold, Onboarding, OnboardingAnswer, Project
from labeling.services.gold import mark_gold
from labeling.services.onboarding import begin_attempt
from labeling.services.project import change_project
from tests import factories
from tests.e2e.test_grid_page import fits, project_of
from tests.e2e.test_labeling_page import eventually, windows
from tests.e2e.test_shapes import make as make_cells
from tests.e2e.test_task_types import LOOKS, NER, Opened, ann, browse, complaints_of_axe, look_of, make, press, take
from tests.labeling.onboarding import answer_all, say, state
from tests.live import LiveService

__all__ = ["ann", "browse"]
pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SPAM, HAM = {"label": ["spam"]}, {"label": ["ham"]}
WHY = {
    1: "It promises a prize and wants a reply: **advertising**.",
    2: "Two people who meet.",
    3: "免费大奖加“立即回复”，是典型的广告短信。",
}
WORDS = {
    "en": {
        "begin": "Begin the training", "wrong": "Not right", "right": "Right", "again": "Try again",
        "test": "Begin the test", "failed": "Not passed this time", "retry": "Take the test again",
        "passed": "You passed",
    },
    "zh-hans": {
        "begin": "开始训练", "wrong": "不正确", "right": "正确", "again": "再试一次", "test": "开始测试",
        "failed": "本次未通过", "retry": "重新测试", "passed": "您已通过",
    },
}  # fmt: skip
# What is right by the text of TEXTS in test_grid_page.
SOLUTION = {0: SPAM, 1: HAM, 2: SPAM, 3: HAM, 4: SPAM}


def newcomer(ann: Actor, name: str = "Bea Berg") -> Actor:
    bea = factories.member(ann, "annotator")
    User.objects.filter(pk=bea.user_id).update(name=name)
    return bea


def marked(ann: Actor, project: Project, **rules: Any) -> None:
    for item in range(1, 10):
        use = "training" if item <= 3 else "test"
        answer = SOLUTION[(item - 1) % 5]
        mark_gold(
            actor=ann, project_id=project.pk, item=item, answer=answer, use=use, explanation=WHY.get(item, "As agreed.")
        )
    rules = {"onboarding_test": 3, "onboarding_least": 66, "onboarding_tells": True, **rules}
    change_project(actor=ann, project_id=project.pk, onboarding=True, **rules)


def shows(page: Page, text: str) -> None:
    expect(page.locator(".lp-main .lp-text", has_text=text).first).to_be_visible()


def said(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", name=text, exact=True)).to_be_visible()


def key_of(project: Project, right: bool) -> str:
    """Return the key of the answer to the task on the screen of the only newcomer: 1 is ham, 2 is spam."""
    row = Onboarding.objects.get(project=project)
    done = set(OnboardingAnswer.objects.filter(onboarding=row, attempt=row.attempt).values_list("gold", flat=True))
    number = next(number for number in row.test if number not in done)
    is_spam = Gold.objects.get(pk=number).answer == SPAM
    return "2" if is_spam == right else "1"


def answer_test(page: Page, project: Project, rights: list[bool]) -> None:
    for number, right in enumerate(rights):
        expect(page.locator(".lp-past b")).to_contain_text(str(number + 1))
        page.wait_for_timeout(50)
        press(page, key_of(project, right), "Enter")


def learns(page: Page, words: dict[str, str], look: str, width: int) -> None:
    """Go from the welcome to the first, wrong, training answer."""
    expect(page.get_by_role("button", name=words["begin"])).to_be_focused()
    take(page, "onboarding-welcome", look)
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    shows(page, "Win a free prize!")
    take(page, "onboarding-training", look)
    press(page, "1")
    said(page, words["wrong"])
    expect(page.get_by_text("It promises a prize")).to_be_visible()
    take(page, "onboarding-feedback", look)
    assert fits(page, width)
    assert complaints_of_axe(page) == []


def tries_again(page: Page, words: dict[str, str], look: str) -> None:
    """Mend the wrong answer and go on to the end of the training."""
    # A page that is loaded again tells the same once more.
    page.reload()
    said(page, words["wrong"])
    press(page, "r")
    expect(page.get_by_role("button", name=words["again"])).to_have_count(0)
    press(page, "2")
    said(page, words["right"])
    press(page, "Enter")
    shows(page, "See you at six tomorrow?")
    press(page, "1")
    said(page, words["right"])
    press(page, "Enter")
    shows(page, "免费赢取大奖")
    press(page, "2")
    said(page, words["right"])
    press(page, "Enter")
    expect(page.get_by_role("button", name=words["test"])).to_be_focused()
    take(page, "onboarding-test", look)


def is_tested(page: Page, project: Project, words: dict[str, str], look: str, width: int) -> None:
    """Fail the first test and pass the second one."""
    press(page, "Enter")
    answer_test(page, project, [True, False, False])
    said(page, words["failed"])
    expect(page.get_by_role("button", name=words["retry"])).to_be_focused()
    take(page, "onboarding-failed", look)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    press(page, "Enter")
    expect(page.get_by_role("button", name=words["test"])).to_be_focused()
    press(page, "Enter")
    answer_test(page, project, [True, False, True])
    said(page, words["passed"])
    take(page, "onboarding-passed", look)
    assert complaints_of_axe(page) == []
    press(page, "Enter")


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_newcomer_gets_into_the_queue_by_keyboard_alone(
    chromium: Any, live_service: LiveService, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, 30)
    marked(ann, project)
    bea = newcomer(ann)
    words = WORDS[language]
    look = look_of(language, width)
    with windows(chromium, live_service) as open_window:
        page = open_window(bea, f"/projects/{project.pk}/label/", language, theme, width, height)
        learns(page, words, look, width)
        tries_again(page, words, look)
        is_tested(page, project, words, look, width)
        # The real queue, without loading the page again: items from 10 on.
        shows(page, "(10)")
        press(page, "1")
        shows(page, "(11)")
        eventually(Annotation.objects.exists)
    assert list(Annotation.objects.values_list("task__item_id", flat=True)) == [10]
    row = Onboarding.objects.get()
    assert (row.stage, row.attempt, row.right, row.answers) == ("passed", 2, 2, 3)
    assert OnboardingAnswer.objects.filter(attempt=0).order_by("pk").first().tries == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(("language", "theme", "width", "height"), LOOKS)
def test_a_manager_sets_it_up_by_keyboard_and_sees_who_is_how_far(
    browse: Opened, ann: Actor, language: str, theme: str, width: int, height: int
) -> None:
    project = project_of(ann, 30)
    for item in range(1, 10):
        mark_gold(
            actor=ann, project_id=project.pk, item=item, answer=SOLUTION[(item - 1) % 5], explanation=WHY.get(item)
        )
    look = look_of(language, width)
    page = browse(f"/projects/{project.pk}/gold/", language, theme, width, height)
    for number in range(2, 7):
        page.locator("input[name=gold][type=checkbox]").nth(number).focus()
        press(page, "Space")
    page.locator("#use-of").focus()
    page.locator("#use-of").select_option("test")
    with page.expect_navigation():
        press(page, "Tab", "Enter")
    expect(page.locator("tbody .chip-warn")).to_have_count(5)
    take(page, "known-answers", look)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    bea, cho, dan = newcomer(ann), newcomer(ann, "周晓雨"), newcomer(ann, "Dan Dahl")
    page.goto(page.url.replace("/gold/", "/onboarding/").partition("?")[0])
    page.locator("input[name=onboarding_test]").fill("4")
    page.locator("input[name=onboarding]").focus()
    with page.expect_navigation():
        press(page, "Space", "Enter")
    expect(page.locator(".message, .toast, [role=status]").first).to_be_visible()
    project.refresh_from_db()
    assert (project.onboarding, project.onboarding_test) == (True, 4)
    stages(ann, project, bea, cho)
    page.goto(page.url)
    expect(page.locator("tbody tr")).to_have_count(3)
    take(page, "onboarding-people", look)
    assert fits(page, width)
    assert complaints_of_axe(page) == []
    row = page.locator("tbody tr", has_text="Dan Dahl")
    row.locator("button[value=let_pass]").focus()
    press(page, "Enter")
    page.locator("dialog[open] .button-primary, dialog[open] .button-danger").first.focus()
    press(page, "Enter")
    expect(page.locator("tbody tr", has_text="Dan Dahl").locator(".chip-good")).to_be_visible()
    assert Onboarding.objects.get(annotator=dan.user_id).let_by_id == ann.user_id


def stages(ann: Actor, project: Project, failing: Actor, learning: Actor) -> None:
    """Let one person fail all tests and another one stop in the middle of the training."""
    change_project(actor=ann, project_id=project.pk, onboarding_training=0)
    for _attempt in range(2):
        if state(failing, project)["stage"] == "failed":
            begin_attempt(actor=failing, project_id=project.pk)
        answer_all(failing, project, "test", right=0)
    for item in (1, 2):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SOLUTION[item - 1], use="training")
    change_project(actor=ann, project_id=project.pk, onboarding_training=5)
    say(learning, project, state(learning, project)["task"]["id"], seconds=75)


def test_marked_text_is_drawn_beside_the_right_one(chromium: Any, live_service: LiveService, ann: Actor) -> None:
    text = "Ada Lovelace met Charles Babbage in London. 王小明住在上海。"
    project = make(ann, {"text": [text, text, text]}, [NER])
    people = [(0, 12, "PER"), (17, 32, "PER"), (36, 42, "LOC"), (44, 47, "PER")]
    spans = [
        {"id": f"s{n}", "start": start, "end": end, "label": label} for n, (start, end, label) in enumerate(people)
    ]
    why = "**Four** names: two people, a place, and 王小明. Titles and dates are none."
    mark_gold(actor=ann, project_id=project.pk, item=1, answer={"names": spans}, use="training", explanation=why)
    change_project(actor=ann, project_id=project.pk, onboarding=True, onboarding_test=0)
    with windows(chromium, live_service) as open_window:
        for width, height, language in ((1280, 900, "en"), (390, 844, "zh-hans")):
            page = open_window(newcomer(ann), f"/projects/{project.pk}/label/", language, "light", width, height)
            expect(page.get_by_role("button", name=WORDS[language]["begin"])).to_be_focused()
            press(page, "Enter")
            expect(page.locator(".lp-spans")).to_be_visible()
            press(page, "ArrowRight", "1", "Enter")
            said(page, WORDS[language]["wrong"])
            sides = page.locator(".lp-verdict")
            expect(sides).to_have_count(2)
            expect(sides.nth(1).locator("mark")).to_have_count(4)
            assert sides.nth(0).locator("mark").count() < 4
            take(page, "onboarding-spans", look_of(language, width))
            assert fits(page, width)
            assert complaints_of_axe(page) == []


def test_boxes_are_drawn_beside_the_right_ones(chromium: Any, live_service: LiveService, ann: Actor) -> None:
    project = make_cells(ann)
    box = {"id": "a", "type": "box", "label": "WBC", "x": 30.0, "y": 120.0, "width": 140.0, "height": 140.0}
    other = {"id": "b", "type": "box", "label": "RBC", "x": 300.0, "y": 60.0, "width": 90.0, "height": 90.0}
    why = "One white cell at the left; the red one at the top counts too."
    mark_gold(actor=ann, project_id=project.pk, item=1, answer={"cells": [box, other]}, use="training", explanation=why)
    change_project(actor=ann, project_id=project.pk, onboarding=True, onboarding_test=0)
    with windows(chromium, live_service) as open_window:
        for width, height, language in ((1280, 900, "en"), (390, 844, "zh-hans")):
            page = open_window(newcomer(ann), f"/projects/{project.pk}/label/", language, "light", width, height)
            expect(page.get_by_role("button", name=WORDS[language]["begin"])).to_be_focused()
            press(page, "Enter")
            expect(page.locator(".lp-canvas image")).to_be_visible()
            press(page, "n", "Enter")
            said(page, WORDS[language]["wrong"])
            sides = page.locator(".lp-verdict")
            expect(sides.nth(0).locator(".lp-canvas image")).to_be_visible()
            expect(sides.nth(1).locator(".lp-canvas image")).to_be_visible()
            # A corner more than lies on the stage of one shape.
            expect(sides.nth(1).locator("dd")).to_contain_text("Red blood cell")
            take(page, "onboarding-boxes", look_of(language, width))
            assert fits(page, width)
            press(page, "Enter")
            said(page, "Training done" if language == "en" else "训练已完成")
