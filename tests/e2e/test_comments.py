"""Comments in a real browser, by keyboard alone: written, with a mention, anchored, resolved, without a line."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Comment, Mention, Project
from labeling.services.queue import lease_tasks
from tests import factories
from tests.e2e.screenshots import looks_of
from tests.e2e.test_labeling_page import LOOKS, Opened, ann, eventually, open_path, project, shown, status, violations
from tests.e2e.test_task_types import look_of, take

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
__all__ = ["ann", "open_path", "project"]


def labeling(open_path: Opened, actor: Actor, project: Project, *look: Any) -> Page:
    page = open_path(actor, f"/projects/{project.pk}/label/", *look)
    expect(shown(page)).to_have_text("text 1")
    return page


def panel(page: Page) -> Any:
    return page.locator(".lp-remarks")


def open_panel(page: Page) -> None:
    page.keyboard.press("Shift+C")
    expect(panel(page).locator("textarea")).to_be_focused()


def test_a_comment_names_a_member_by_keyboard_alone(ann: Actor, project: Project, open_path: Opened) -> None:
    bob = factories.member(ann, "annotator")
    User.objects.filter(pk=bob.user_id).update(name="徐兰 Bob")
    page = labeling(open_path, ann, project)
    open_panel(page)
    page.keyboard.type("Is this <b>spam</b>? @bob", delay=10)
    expect(page.get_by_role("option", name="徐兰 Bob")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.type("👍")
    page.keyboard.press("Control+Enter")
    row = panel(page).locator(".lp-remark-body")
    expect(row).to_have_text("Is this <b>spam</b>? @徐兰 Bob 👍")
    expect(panel(page).locator(".lp-mention")).to_have_text("@徐兰 Bob")
    expect(page.locator(".lp-count")).to_have_attribute("data-count", "1")
    eventually(Comment.objects.exists)
    comment = Comment.objects.get()
    assert comment.body == f"Is this <b>spam</b>? @[{bob.user_id}] 👍"
    assert Mention.objects.get().person_id == bob.user_id
    # The answer is untouched by Ctrl+Enter in the field, and labels have their keys once the panel is closed.
    page.keyboard.press("Escape")
    expect(panel(page)).to_have_count(0)
    page.keyboard.press("1")
    expect(shown(page)).to_have_text("text 2")
    expect(page.locator(".lp-count")).to_have_count(0)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".lp-count")).to_have_attribute("data-count", "1")

    home = open_path(bob, "/")
    expect(home.get_by_text("1 open comment mentions you")).to_be_visible()
    home.get_by_role("link", name="Read them").press("Enter")
    expect(home.locator(".comment-body")).to_have_text("Is this <b>spam</b>? @徐兰 Bob 👍")
    home.get_by_role("button", name="Resolve").press("Enter")
    expect(home.get_by_text("No comment fits this filter")).to_be_visible()


def test_a_comment_is_corrected_resolved_and_deleted_by_keyboard(
    ann: Actor, project: Project, open_path: Opened
) -> None:
    page = labeling(open_path, ann, project)
    open_panel(page)
    page.keyboard.type("frist")
    page.keyboard.press("Control+Enter")
    panel(page).get_by_role("button", name="Correct").press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("first")
    page.keyboard.press("Control+Enter")
    expect(panel(page).locator(".lp-remark-body")).to_have_text("first")
    panel(page).get_by_role("button", name="Resolve").press("Enter")
    expect(panel(page)).to_contain_text("resolved by")
    expect(page.locator(".lp-count")).to_have_count(0)
    panel(page).get_by_role("button", name="Delete").press("Enter")
    panel(page).get_by_role("button", name="Delete").press("Enter")
    expect(panel(page)).to_contain_text("Nobody has said anything")
    eventually(lambda: not Comment.objects.exists())


def test_a_comment_written_without_a_line_is_sent_once_on_return(
    ann: Actor, project: Project, open_path: Opened
) -> None:
    page = labeling(open_path, ann, project)
    open_panel(page)
    page.context.set_offline(True)
    page.keyboard.type("written on a train")
    page.keyboard.press("Control+Enter")
    expect(panel(page)).to_contain_text("kept in this browser")
    expect(status(page)).to_contain_text("on its way")
    page.context.set_offline(False)
    eventually(lambda: Comment.objects.filter(body="written on a train").count() == 1)
    expect(panel(page).locator(".lp-remark[data-waiting]")).to_have_count(0)
    page.reload()
    expect(shown(page)).to_have_text("text 1")
    expect(page.locator(".lp-count")).to_have_attribute("data-count", "1")
    assert Comment.objects.count() == 1


@pytest.mark.parametrize(("language", "theme", "width", "height"), looks_of(LOOKS))
def test_the_panel_and_the_page_of_comments_look_right(
    language: str, theme: str, width: int, height: int, ann: Actor, project: Project, open_path: Opened
) -> None:
    task = project.tasks.order_by("pk")[0]
    User.objects.filter(pk=ann.user_id).update(name="Ann Andersson")
    factories.comment(
        ann, task, body=f"Please look, @[{ann.user_id}]: <img src=x onerror=alert(1)>\nSecond line", control="label"
    )
    factories.comment(ann, task, body="这条短信是垃圾短信吗？看起来像是银行通知。")
    text = "【银行】您的账户今日收入 3,200.00 元。"
    project.tasks.filter(pk=task.pk).update(data={"text": text})
    page = open_path(ann, f"/projects/{project.pk}/label/", language, theme, width, height)
    expect(shown(page)).to_have_text(text)
    open_panel(page)
    expect(panel(page).locator(".lp-remark")).to_have_count(2)
    page.keyboard.type("@ann")
    expect(page.get_by_role("option")).to_be_visible()
    take(page, "comments-panel", look_of(language, width))
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])
    listed = open_path(ann, f"/projects/{project.pk}/comments/", language, theme, width, height)
    expect(listed.locator("[data-row]")).to_have_count(2)
    listed.keyboard.press("j")
    take(listed, "comments-page", look_of(language, width))
    assert violations(listed) == []
    assert listed.evaluate("document.documentElement.scrollWidth <= innerWidth")
