"""Comments: who may write where, sent once, corrected for a while, listed at a constant cost."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEntry, Membership, User
from core.errors import Conflict, DomainError, NotFound
from labeling.models import Comment, Mention, Task
from labeling.services.comment import (
    EDIT_FOR,
    LONGEST,
    PAGE,
    Wish,
    change_comment,
    delete_comment,
    find_comments,
    people_to_mention,
    pieces,
    save_comments,
    show_comment,
    with_people,
)
from labeling.services.queue import lease_tasks
from tests import factories

pytestmark = pytest.mark.django_db


def send(actor: Actor, on: Task, **row: Any) -> dict[str, Any]:
    given = {"client_key": str(uuid.uuid4()), "task": on.pk, "body": "Look again.", **row}
    return save_comments(actor=actor, project_id=on.project_id, comments=[given])["results"][0]


def found(actor: Actor, **wish: Any) -> list[str]:
    return [row.body for row in find_comments(actor=actor, wish=Wish(**wish))[0]]


def test_a_comment_sent_twice_is_saved_once() -> None:
    ann = factories.owner()
    task = factories.task(ann)
    key = str(uuid.uuid4())
    first, second = (send(ann, task, client_key=key) for _ in range(2))
    assert [first["status"], second["status"]] == ["saved", "duplicate"]
    assert first["comment"] == second["comment"]
    assert Comment.objects.count() == 1
    assert AuditEntry.objects.filter(action="comment.write").count() == 1


def test_people_who_only_label_write_on_tasks_they_hold_and_nowhere_else() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = factories.project(ann)
    mine, other = factories.tasks(project, 2)
    lease_tasks(actor=bob, project_id=project.pk, count=1, holding=[])
    assert send(bob, mine)["status"] == "saved"
    refused = send(bob, other)
    assert (refused["status"], refused["problem"]["where"]) == ("invalid", "task")
    assert send(ann, other)["status"] == "saved"
    assert found(bob) == ["Look again."]
    assert len(found(ann)) == 2


def test_whoever_is_named_sees_the_comment_and_is_told() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    stranger = factories.owner("Sue's")
    task = factories.task(ann)
    body = f"@[{bob.user_id}] please, with @[{stranger.user_id}] and @[12345678901]"
    comment = Comment.objects.get(pk=send(ann, task, body=body)["comment"])
    assert [row.person_id for row in comment.mentions.all()] == [bob.user_id]
    assert Mention.objects.visible_to(bob).count() == 1
    assert found(bob, mine=True) == [body]
    assert found(ann, mine=True) == []
    User.objects.filter(pk=bob.user_id).update(name="Bob <b>")
    shown = with_people(Comment.objects.all()).get(pk=comment.pk)
    assert pieces(shown)[0] == ("@Bob <b>", True)
    assert pieces(shown)[1] == (f" please, with @[{stranger.user_id}] and @[12345678901]", False)
    change_comment(actor=bob, comment_id=comment.pk, resolved=True)
    assert Mention.objects.visible_to(bob).count() == 0
    assert found(bob, state="resolved", mine=True) == [body]


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ({"body": ""}, "body"),
        ({"body": "\0 \ud800"}, "body"),
        ({"body": 5}, "body"),
        ({"body": "好" * (LONGEST + 1)}, "body"),
        ({"client_key": "one"}, "client_key"),
        ({"control": "gone"}, "control"),
        ({"part": "s1"}, "part"),
        ({"control": "label", "part": "<b>"}, "part"),
        ({"control": "label", "part": "s1", "answer_of": 10**17}, "answer_of"),
        ({"task": 10**30}, "task"),
        ({"task": True}, "task"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_saved(row: dict[str, Any], where: str) -> None:
    ann = factories.owner()
    result = send(ann, factories.task(ann), **row)
    assert (result["status"], result["problem"]["where"]) == ("invalid", where)
    assert Comment.objects.count() == 0


def test_signs_that_no_database_holds_are_left_out_and_all_others_stay() -> None:
    ann = factories.owner()
    task = factories.task(ann)
    send(ann, task, body="a\0b\ud83d 好👍🏽‍ " + "👍" * (LONGEST - 8))
    assert Comment.objects.get().body == "ab 好👍🏽‍ " + "👍" * (LONGEST - 8)


def test_a_comment_points_at_a_part_of_somebodys_answer() -> None:
    ann = factories.owner()
    answer = factories.annotation(ann)
    made = factories.comment(ann, answer.task, control="label", part="s1", answer_of=answer.annotator_id)
    shown = show_comment(actor=ann, comment=made)
    assert (shown["control"], shown["part"], shown["answer_of"]) == ("label", "s1", answer.annotator_id)


def test_only_the_writer_corrects_for_an_hour_and_the_trail_keeps_what_was_said() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "reviewer")
    made = factories.comment(ann, body="frist")
    changed = change_comment(actor=ann, comment_id=made.pk, body="first")
    assert (changed.body, changed.edited_at is not None) == ("first", True)
    assert AuditEntry.objects.get(action="comment.change").data["before"] == "frist"
    with pytest.raises(Conflict, match="Only its writer"):
        change_comment(actor=bob, comment_id=made.pk, body="other")
    with pytest.raises(DomainError, match="Write something"):
        change_comment(actor=ann, comment_id=made.pk, body=" \0")
    Comment.objects.update(created_at=timezone.now() - EDIT_FOR - timedelta(seconds=1))
    with pytest.raises(Conflict):
        change_comment(actor=ann, comment_id=made.pk, body="late")
    with pytest.raises(Conflict):
        delete_comment(actor=ann, comment_id=made.pk)
    Comment.objects.update(created_at=timezone.now())
    delete_comment(actor=ann, comment_id=made.pk)
    assert Comment.objects.count() == 0
    assert AuditEntry.objects.get(action="comment.delete").data["before"] == "first"


def test_strangers_find_nothing_and_archived_projects_take_nothing() -> None:
    ann, sue = factories.owner(), factories.owner("Sue's")
    made = factories.comment(ann)
    with pytest.raises(NotFound):
        change_comment(actor=sue, comment_id=made.pk, resolved=True)
    with pytest.raises(NotFound):
        people_to_mention(actor=sue, project_id=made.project_id)
    assert found(sue, state="all") == []
    made.project.state = "archived"
    made.project.save()
    with pytest.raises(Conflict, match="archived"):
        send(ann, made.task)


def test_people_are_offered_by_letters_of_their_name_but_not_viewers() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    for role, name in (("annotator", "Xu Lan 徐兰"), ("client", "Xu Client"), ("reviewer", "Bo")):
        User.objects.filter(pk=factories.member(ann, role).user_id).update(name=name)
    rows = people_to_mention(actor=ann, project_id=project.pk, query="xu")
    assert [row["name"] for row in rows] == ["Xu Lan 徐兰"]
    assert [row["name"] for row in people_to_mention(actor=ann, project_id=project.pk, query="徐")] == ["Xu Lan 徐兰"]


def test_pages_follow_one_another_at_a_constant_cost(django_assert_num_queries: Any) -> None:
    ann = factories.owner()
    task = factories.task(ann)
    for number in range(PAGE + 2):
        factories.comment(ann, task, body=f"{number} @[{ann.user_id}]")
    with django_assert_num_queries(3):
        rows, older = find_comments(actor=ann, wish=Wish())
        assert len([show_comment(actor=ann, comment=row) for row in rows]) == PAGE
    with django_assert_num_queries(3):
        rest, end = find_comments(actor=ann, wish=Wish(), before=older)
        assert [show_comment(actor=ann, comment=row)["body"][0] for row in rest] == ["1", "0"]
    assert end is None


def test_whoever_left_stays_named_when_the_comment_is_corrected() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = factories.project(ann)
    factories.tasks(project, 1)
    number = send(ann, Task.objects.get(), body=f"Look, @[{bob.user_id}] and @[{cat.user_id}]")["comment"]
    Membership.objects.filter(user=bob.user_id).delete()
    change_comment(actor=ann, comment_id=number, body=f"Look here, @[{bob.user_id}]")
    assert list(Mention.objects.values_list("person", flat=True)) == [bob.user_id]
