"""Reviewing in a real browser, by keyboard alone: accept, fix, send back, undo; and the annotator who gets it back."""

import uuid
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Annotation, Project, Rejection
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from labeling.services.review import judge_answer
from tests import factories
from tests.e2e.screenshots import looks_of
from tests.e2e.test_labeling_page import LOOKS, Opened, ann, eventually, open_path, project, shown, violations
from tests.e2e.test_task_types import look_of, take

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
__all__ = ["ann", "open_path", "project"]

TEXTS = [
    "I'm home, call me when you can.",
    "【银行】您的账户今日收入 3,200.00 元。",
    "Dinner at eight? The usual place.",
]


@pytest.fixture
def bob(ann: Actor, project: Project) -> Actor:
    """Has answered the first three tasks with "ham"."""
    made = factories.member(ann, "annotator")
    User.objects.filter(pk=made.user_id).update(name="徐兰 Bob")
    tasks = lease_tasks(actor=made, project_id=project.pk, count=3, holding=[])["tasks"]
    rows = [
        {"client_key": str(uuid.uuid4()), "task": t["id"], "lease": t["lease"]["token"], "answer": {"label": ["ham"]}}
        for t in tasks
    ]
    save_answers(actor=made, project_id=project.pk, answers=rows)
    return made


def verdicts() -> list[tuple[int, str, Any]]:
    rows = Annotation.objects.order_by("task__item_id")
    return [(row.task.item_id, row.verdict, row.answer["label"][0]) for row in rows.select_related("task")]


def reviewing(open_path: Opened, actor: Actor, project: Project, query: str = "review=none", *look: Any) -> Page:
    page = open_path(actor, f"/projects/{project.pk}/review/?{query}", *look)
    expect(page.locator(".lp-past")).to_contain_text("徐兰 Bob")
    return page


def test_answers_are_accepted_fixed_and_sent_back_by_keyboard(
    ann: Actor, bob: Actor, project: Project, open_path: Opened
) -> None:
    page = reviewing(open_path, ann, project)
    expect(shown(page)).to_have_text("text 3")
    expect(page.locator(".lp-past")).to_contain_text("Not reviewed")
    page.keyboard.press("Enter")
    expect(shown(page)).to_have_text("text 2")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(shown(page)).to_have_text("text 1")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog")).to_contain_text("徐兰 Bob")
    page.keyboard.type("See rule 3 <b>")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything is reviewed")).to_be_visible()
    eventually(lambda: verdicts() == [(2, "fixed", "spam"), (3, "accepted", "ham")])
    eventually(lambda: Rejection.objects.filter(why="See rule 3 <b>").count() == 1)

    # Undo takes them back one by one, the last one first, and shows the answer.
    page.keyboard.press("z")
    expect(shown(page)).to_have_text("text 1")
    expect(page.locator(".lp-past")).to_contain_text("Not reviewed")
    eventually(lambda: verdicts() == [(1, "", "ham"), (2, "fixed", "spam"), (3, "accepted", "ham")])
    page.keyboard.press("z")
    eventually(lambda: verdicts() == [(1, "", "ham"), (2, "", "ham"), (3, "accepted", "ham")])
    expect(shown(page)).to_have_text("text 2")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".lp-past")).to_contain_text("Accepted by")


def test_a_sent_back_answer_is_corrected_by_its_writer(
    ann: Actor, bob: Actor, project: Project, open_path: Opened
) -> None:
    answer = Annotation.objects.get(task__item_id=2)
    judge_answer(actor=ann, annotation_id=answer.pk, verdict="rejected", reason="See rule 3 <b>")
    page = open_path(bob, f"/projects/{project.pk}/label/")
    expect(shown(page)).to_have_text("text 2")
    expect(page.locator(".lp-sent-back")).to_contain_text("See rule 3 <b>")
    expect(page.locator('.lp-label[aria-pressed="true"], .lp-label[aria-checked="true"]')).to_contain_text("ham")
    page.keyboard.press("2")
    expect(shown(page)).to_have_text("text 4")
    expect(page.locator(".lp-sent-back")).to_have_count(0)
    eventually(lambda: Annotation.objects.filter(task__item_id=2, answer={"label": ["spam"]}, verdict="").exists())
    assert Rejection.objects.get().settled_at is not None


def test_a_verdict_without_a_line_is_not_shown_as_given(
    ann: Actor, bob: Actor, project: Project, open_path: Opened
) -> None:
    page = reviewing(open_path, ann, project)
    page.context.set_offline(True)
    page.keyboard.press("a")
    expect(page.get_by_text("Your verdict is not saved")).to_be_visible()
    expect(shown(page)).to_have_text("text 3")
    expect(page.locator(".lp-past")).to_contain_text("Not reviewed")
    page.context.set_offline(False)
    page.keyboard.press("a")
    eventually(lambda: verdicts()[2] == (3, "accepted", "ham"))


def test_an_answer_that_its_writer_changed_meanwhile_is_shown_as_it_is(
    ann: Actor, bob: Actor, project: Project, open_path: Opened
) -> None:
    page = reviewing(open_path, ann, project)
    answer = Annotation.objects.get(task__item_id=3)
    from labeling.services.annotation import change_annotation

    change_annotation(actor=bob, annotation_id=answer.pk, revision=1, answer={"label": ["spam"]})
    page.keyboard.press("a")
    expect(page.get_by_text("was changed meanwhile")).to_be_visible()
    expect(page.locator('.lp-label[aria-pressed="true"], .lp-label[aria-checked="true"]')).to_contain_text("spam")
    assert verdicts()[2] == (3, "", "spam")
    page.keyboard.press("a")
    eventually(lambda: verdicts()[2] == (3, "accepted", "spam"))


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_reviewing_looks_right(
    language: str, theme: str, width: int, height: int, ann: Actor, bob: Actor, project: Project, open_path: Opened
) -> None:
    User.objects.filter(pk=ann.user_id).update(name="Ann Andersson")
    for item, text in enumerate(TEXTS, 1):
        project.tasks.filter(item_id=item).update(data={"text": text})
    answer = Annotation.objects.get(task__item_id=2)
    judge_answer(
        actor=ann, annotation_id=answer.pk, verdict="rejected", reason="请重新阅读指南第三条：银行通知不是垃圾短信。"
    )
    accepted = Annotation.objects.get(task__item_id=1)
    judge_answer(actor=ann, annotation_id=accepted.pk, verdict="accepted")
    look = (language, theme, width, height)
    page = reviewing(open_path, ann, project, "review=none", *look)
    found = {"review": violations(page)}
    boxes = (
        page.locator(".lp-steps")
        .get_by_role("button")
        .evaluate_all(
            "all => all.map((each) => each.getBoundingClientRect()).map(({left, right, top}) => [left, right, top])"
        )
    )
    # No button lies over another one or beyond the edge.
    assert all(right <= width for _left, right, _top in boxes)
    assert all(b[2] != a[2] or b[0] >= a[1] - 1 for a, b in pairwise(boxes))
    take(page, "reviewing", look_of(language, width))
    page.keyboard.press("s")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = violations(page)
    take(page, "reviewing-back", look_of(language, width))
    back = open_path(bob, f"/projects/{project.pk}/label/", *look)
    expect(back.locator(".lp-sent-back")).to_be_visible()
    found["back"] = violations(back)
    take(back, "sent-back", look_of(language, width))
    for name, path in (("results", "results/?review=rejected"), ("all", "results/"), ("project", "")):
        listed = open_path(ann, f"/projects/{project.pk}/{path}", *look)
        found[name] = violations(listed)
        if name == "all":
            take(listed, "reviewing-answers", look_of(language, width))
        assert listed.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert {name: rows for name, rows in found.items() if rows} == {}
