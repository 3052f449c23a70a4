"""Training with explained answers and a test that opens the queue."""

import json
import uuid
from typing import Any

import pytest

from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from labeling.models import (
    Annotation,
    Draft,
    Gold,
    Lease,
    Onboarding,
    OnboardingAnswer,
    Progress,
    Tally,
    Task,
)
from labeling.services.draft import save_draft
from labeling.services.erasing import erase_tasks
from labeling.services.gold import mark_gold, unmark_gold
from labeling.services.gold_use import change_use, uses_of
from labeling.services.onboarding import begin_attempt
from labeling.services.onboarding_people import grant_attempt, onboarding_people, reset_onboarding
from labeling.services.page import page_of_project
from labeling.services.project import change_project, create_project, project_figures
from labeling.services.publish import publish_labels
from labeling.services.schema_change import change_schema
from labeling.services.task import count_wanted
from tests import factories
from tests.labeling.onboarding import HAM, SPAM, answer_all, golds, lease, made, refused, save, say, state
from tests.labeling.versions import start, version

pytestmark = pytest.mark.django_db


def test_a_newcomer_learns_is_tested_and_then_gets_real_tasks() -> None:
    _ann, bob, project = made(training=2, test=3)
    assert refused(bob, project) == "onboarding"
    found = state(bob, project)
    assert (found["stage"], found["training"], found["task"]["item_id"]) == (
        "training",
        {"total": 2, "done": 0, "right": 0},
        1,
    )
    wrong = say(bob, project, found["task"]["id"], HAM)
    assert wrong["feedback"] == {"outcome": "wrong", "answer": SPAM, "explanation": "Item 1 sells."}
    right = say(bob, project, wrong["state"]["task"]["id"], SPAM)
    assert right["feedback"]["outcome"] == "right"
    test = right["state"]
    assert (test["stage"], test["training"]["right"]) == ("test", 1)
    assert test["test"] == {"total": 3, "done": 0, "least": 66, "needed": 2, "attempt": 1, "attempts": 2}
    said = answer_all(bob, project, "test", right=2)
    assert said["feedback"] is None
    assert said["state"]["stage"] == "passed"
    assert said["state"]["result"] == {
        "passed": True, "right": 2, "answers": 3, "least": 66, "attempts_left": 1, "wrong": None,
    }  # fmt: skip
    assert [task["item_id"] for task in lease(bob, project)] == [6, 7, 8]
    assert state(bob, project) == {"stage": "open"}
    assert page_of_project(actor=bob, project_id=project.pk)["onboarding"] is None


def test_nothing_of_it_counts_anywhere() -> None:
    ann, bob, project = made(training=2, test=3, overlap=2)
    answer_all(bob, project, "training")
    answer_all(bob, project, "test")
    assert not Annotation.objects.exists()
    assert not Lease.objects.exists()
    assert not Tally.objects.exists()
    seat = Progress.objects.get(annotator=bob.user_id)
    assert (seat.answers, seat.seconds, seat.gold_given, seat.gold_answers, seat.handed) == (0, 0, 0, 0, 0)
    figures = project_figures(project=project, sees_gold=True)
    assert (figures["answers"], figures["answers_wanted"], figures["people"][0]["gold_answers"]) == (0, 50, 0)
    wanted = project.answers_wanted
    count_wanted(project.pk)
    project.refresh_from_db()
    assert project.answers_wanted == wanted
    save(bob, project, lease(bob, project, 1))
    made_version = publish_labels(
        job=start(factories.job(ann)), project_id=project.pk, only_labeled=True, split=False, with_gold=True
    )
    assert made_version["rows"] == 1


def test_hidden_ones_still_come_with_the_work_and_the_others_never_do() -> None:
    ann, bob, project = made(training=2, test=3)
    project.refresh_from_db()
    assert project.gold_count == 0
    for item in (6, 7):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM)
    change_project(actor=ann, project_id=project.pk, gold_share=50)
    project.refresh_from_db()
    assert (project.gold_count, uses_of(project)) == (2, {"hidden": 2, "training": 2, "test": 3})
    answer_all(bob, project, "training")
    answer_all(bob, project, "test")
    got = [task["item_id"] for task in lease(bob, project, 40)]
    assert sorted(got) == list(range(6, 31))


def test_a_training_task_is_answered_again_and_its_first_answer_counts() -> None:
    _ann, bob, project = made(training=1, test=1)
    task = state(bob, project)["task"]["id"]
    key = uuid.uuid4()
    first = say(bob, project, task, HAM, client_key=key, seconds=3)
    assert (first["status"], first["feedback"]["outcome"]) == ("saved", "wrong")
    # The same request twice changes nothing and says the same.
    twice = say(bob, project, task, HAM, client_key=key, seconds=3)
    assert (twice["status"], twice["feedback"], twice["state"]) == ("duplicate", first["feedback"], first["state"])
    again = say(bob, project, task, SPAM, seconds=4)
    assert (again["status"], again["feedback"]["outcome"]) == ("saved", "right")
    row = OnboardingAnswer.objects.get()
    assert (row.outcome, row.tries, row.seconds, row.answer) == ("wrong", 2, 7.0, SPAM)
    assert again["state"]["training"] == {"total": 1, "done": 1, "right": 0}


def test_in_a_test_the_first_answer_counts_whatever_window_it_came_from() -> None:
    _ann, bob, project = made(training=0, test=2, onboarding_least=100, onboarding_attempts=1)
    task = state(bob, project)["task"]["id"]
    assert say(bob, project, task, HAM)["status"] == "saved"
    second = say(bob, project, task, SPAM)
    assert (second["status"], second["feedback"], second["state"]["test"]["done"]) == ("duplicate", None, 1)
    assert OnboardingAnswer.objects.get().outcome == "wrong"


def test_the_last_answer_of_a_test_that_was_sent_twice_gives_the_result_twice() -> None:
    _ann, bob, project = made(training=0, test=1)
    task, key = state(bob, project)["task"]["id"], uuid.uuid4()
    first = say(bob, project, task, SPAM, client_key=key)
    again = say(bob, project, task, SPAM, client_key=key)
    assert first["state"]["stage"] == again["state"]["stage"] == "passed"
    assert again["state"]["result"] == first["state"]["result"]


def test_nothing_tells_the_right_answer_of_a_test() -> None:
    _ann, bob, project = made(training=1, test=2, onboarding_tells=True, onboarding_least=100, onboarding_attempts=2)
    answer_all(bob, project, "training")
    seen = [
        json.dumps(state(bob, project), default=str),
        json.dumps(page_of_project(actor=bob, project_id=project.pk)["onboarding"], default=str),
    ]
    said = answer_all(bob, project, "test", right=0)
    seen.append(json.dumps(said, default=str))
    assert said["state"]["result"]["wrong"][0]["answer"] == HAM
    # Another attempt may ask the same: what is right is told when none is left.
    assert [row["right"] for row in said["state"]["result"]["wrong"]] == [None, None]
    for text in seen:
        assert "sells" not in text
        assert '["spam"]' not in text
    with pytest.raises(NotAllowed):
        change_use(actor=bob, project_id=project.pk, golds=[golds(project, "test")[0].pk], use="training")
    begin_attempt(actor=bob, project_id=project.pk)
    last = answer_all(bob, project, "test", right=0)["state"]["result"]
    assert {row["explanation"] for row in last["wrong"]} == {"Item 2 sells.", "Item 3 sells."}
    assert [row["right"] for row in last["wrong"]] == [SPAM, SPAM]
    assert state(bob, project)["result"] == last


def test_a_task_moved_from_training_to_the_test_is_not_explained_any_more() -> None:
    ann, bob, project = made(training=2, test=2)
    task = state(bob, project)["task"]["id"]
    change_use(actor=ann, project_id=project.pk, golds=[golds(project, "training")[0].pk], use="test")
    with pytest.raises(NotFound):
        say(bob, project, task, HAM)
    assert state(bob, project)["task"]["item_id"] == 2


def test_who_has_used_all_attempts_waits_for_a_manager() -> None:
    ann, bob, project = made(training=0, test=2, onboarding_attempts=2)
    assert answer_all(bob, project, "test", right=1)["state"]["stage"] == "failed"
    assert refused(bob, project) == "onboarding"
    found = begin_attempt(actor=bob, project_id=project.pk)
    assert (found["stage"], found["test"]["attempt"], found["test"]["done"]) == ("test", 2, 0)
    # Asking twice begins one attempt.
    assert begin_attempt(actor=bob, project_id=project.pk)["test"]["attempt"] == 2
    answer_all(bob, project, "test", right=0)
    with pytest.raises(Conflict) as caught:
        begin_attempt(actor=bob, project_id=project.pk)
    assert caught.value.code == "onboarding_attempts"
    (row,) = onboarding_people(actor=ann, project=project)
    assert (row["stage"], row["attempt"], row["attempts_left"], row["right"], row["answers"]) == ("failed", 2, 0, 0, 2)
    grant_attempt(actor=ann, project_id=project.pk, person=bob.user_id)
    with pytest.raises(Conflict):
        grant_attempt(actor=ann, project_id=project.pk, person=bob.user_id)
    assert state(bob, project)["result"]["attempts_left"] == 1
    assert begin_attempt(actor=bob, project_id=project.pk)["test"]["attempt"] == 3
    assert answer_all(bob, project, "test")["state"]["stage"] == "passed"
    actions = list(
        AuditEntry.objects.filter(subject=f"project:{project.pk}").order_by("pk").values_list("action", flat=True)
    )
    assert [name for name in actions if "test" in name or "attempt" in name] == [
        "project.fail_test", "project.fail_test", "project.grant_attempt", "project.pass_test",
    ]  # fmt: skip


def test_another_attempt_asks_other_items_first() -> None:
    _ann, bob, project = made(training=0, test=6, onboarding_test=3, onboarding_least=100)
    answer_all(bob, project, "test", right=0)
    begin_attempt(actor=bob, project_id=project.pk)
    answer_all(bob, project, "test", right=0)
    rows = OnboardingAnswer.objects.values_list("attempt", "gold")
    assert len({gold for _attempt, gold in rows}) == 6


def test_beginning_anew_closes_the_queue_and_asks_other_test_items() -> None:
    ann, bob, project = made(training=1, test=4, onboarding_test=2)
    answer_all(bob, project, "training")
    answer_all(bob, project, "test")
    (task, *_rest) = lease(bob, project)
    before = set(OnboardingAnswer.objects.filter(attempt=1).values_list("gold", flat=True))
    reset_onboarding(actor=ann, project_id=project.pk, person=bob.user_id)
    assert refused(bob, project) == "onboarding"
    # What they hold is still saved.
    assert save(bob, project, [task]) == ["saved"]
    assert state(bob, project)["training"] == {"total": 1, "done": 0, "right": 0}
    answer_all(bob, project, "training")
    assert set(Onboarding.objects.get().test).isdisjoint(before)
    assert answer_all(bob, project, "test")["state"]["stage"] == "passed"


def test_a_test_smaller_than_asked_is_one_of_what_there_is() -> None:
    _ann, bob, project = made(training=0, test=3, onboarding_test=10)
    assert state(bob, project)["test"]["total"] == 3


def test_without_any_test_item_left_the_person_is_told_and_goes_on_when_there_is_one() -> None:
    ann, bob, project = made(training=1, test=1)
    answer_all(bob, project, "training")
    unmark_gold(actor=ann, gold_id=golds(project, "test")[0].pk)
    found = state(bob, project)
    assert (found["stage"], found["task"], found["result"]) == ("unready", None, None)
    assert refused(bob, project) == "onboarding"
    mark_gold(actor=ann, project_id=project.pk, item=9, answer=SPAM, use="test")
    assert state(bob, project)["task"]["item_id"] == 9
    assert answer_all(bob, project, "test")["state"]["stage"] == "passed"


def test_an_item_taken_out_in_the_middle_counts_neither_for_nor_against() -> None:
    ann, bob, project = made(training=0, test=3, onboarding_least=100)
    first = state(bob, project)["task"]["id"]
    say(bob, project, first, HAM)
    unmark_gold(actor=ann, gold_id=Gold.objects.get(task=first).pk)
    second = state(bob, project)
    assert second["test"]["total"] == 2
    # And one that is on the screen just then.
    unmark_gold(actor=ann, gold_id=Gold.objects.get(task=second["task"]["id"]).pk)
    with pytest.raises(NotFound):
        say(bob, project, second["task"]["id"])
    assert answer_all(bob, project, "test")["state"]["result"]["answers"] == 1


def test_an_erased_item_takes_its_answers_along() -> None:
    _ann, bob, project = made(training=2, test=1)
    say(bob, project, state(bob, project)["task"]["id"])
    erase_tasks(project_id=project.pk, items=[1])
    assert not OnboardingAnswer.objects.exists()
    assert state(bob, project)["task"]["item_id"] == 2


def without_spam(ann: Any, project: Any) -> None:
    schema = {**project.schema, "controls": [{**project.schema["controls"][0]}]}
    schema["controls"][0]["labels"] = [{"value": "ham", "title": "ham"}, {"value": "other", "title": "other"}]
    change_schema(actor=ann, project_id=project.pk, schema=schema, schema_revision=1)


def test_a_question_that_was_changed_counts_neither_for_nor_against() -> None:
    ann, bob, project = made(training=1, test=3, onboarding_least=100)
    answer_all(bob, project, "training")
    say(bob, project, state(bob, project)["task"]["id"])
    asked = state(bob, project)["task"]
    without_spam(ann, project)
    # The page still shows the second one; the third fits the questions no more and is not asked.
    said = say(bob, project, asked["id"], {"label": ["other"]})
    assert list(OnboardingAnswer.objects.filter(attempt=1).order_by("pk").values_list("outcome", flat=True)) == [
        "right", "open",
    ]  # fmt: skip
    assert (said["state"]["stage"], said["state"]["result"]["answers"]) == ("passed", 1)


def test_a_test_in_which_nothing_can_be_compared_is_asked_anew_when_there_are_items() -> None:
    ann, bob, project = made(training=1, test=2, onboarding_least=100)
    answer_all(bob, project, "training")
    asked = state(bob, project)["task"]
    without_spam(ann, project)
    assert say(bob, project, asked["id"], {"label": ["other"]})["state"]["stage"] == "unready"
    mark_gold(actor=ann, project_id=project.pk, item=12, answer={"label": ["other"]}, use="test")
    assert state(bob, project)["task"]["item_id"] == 12
    assert say(bob, project, state(bob, project)["task"]["id"], {"label": ["other"]})["state"]["stage"] == "passed"


def test_an_answer_to_earlier_questions_is_brought_along() -> None:
    ann, bob, project = made(training=1, test=1)
    task = state(bob, project)["task"]["id"]
    schema = {**project.schema, "controls": [{**project.schema["controls"][0]}]}
    schema["controls"][0]["labels"] = [{"value": "ham", "title": "ham"}, {"value": "junk", "title": "junk"}]
    change_schema(
        actor=ann, project_id=project.pk, schema=schema, schema_revision=1, renamed={("label", "spam"): "junk"}
    )
    said = say(bob, project, task, SPAM, schema_revision=1)
    assert said["feedback"]["outcome"] == "right"
    assert said["feedback"]["answer"] == {"label": ["junk"]}


@pytest.mark.parametrize("answer", [None, {}, {"label": []}, {"label": ["eggs"]}, [], "spam"])
def test_an_incomplete_answer_is_refused_and_nothing_is_stored(answer: Any) -> None:
    _ann, bob, project = made()
    with pytest.raises(DomainError) as caught:
        say(bob, project, state(bob, project)["task"]["id"], answer)
    assert caught.value.code == "answer_invalid"
    assert not OnboardingAnswer.objects.exists()


def test_other_tasks_and_other_peoples_tasks_are_not_found() -> None:
    _ann, bob, project = made(training=1, test=2, onboarding_test=1)
    first = state(bob, project)["task"]["id"]
    others = Task.objects.filter(project=project).exclude(pk=first).values_list("pk", flat=True)
    for task in others:
        with pytest.raises(NotFound):
            say(bob, project, task)
    answer_all(bob, project, "training")
    not_drawn = Gold.objects.filter(use="test").exclude(pk__in=Onboarding.objects.get().test).get()
    with pytest.raises(NotFound):
        say(bob, project, not_drawn.task_id)


def test_what_was_begun_is_kept_and_gone_with_the_answer() -> None:
    _ann, bob, project = made()
    task = state(bob, project)["task"]["id"]
    save_draft(actor=bob, task_id=task, answer=HAM)
    assert state(bob, project)["task"]["draft"]["answer"] == HAM
    say(bob, project, task)
    assert not Draft.objects.exists()


def test_spans_are_compared_as_known_answers_are() -> None:
    ann = factories.owner()
    labels = [{"value": "PER", "title": "Person"}]
    spans = {"name": "names", "type": "spans", "field": "text", "required": False, "labels": labels}
    schema = {"display": [{"type": "text", "field": "text"}], "controls": [spans]}
    project, _job = create_project(
        actor=ann, version_id=version(ann, {"text": ["安娜 met Bob 👩‍🌾.", "No name."]}).pk, name="Names", schema=schema
    )
    data = [{"text": "安娜 met Bob 👩‍🌾."}, {"text": "No name."}]
    Task.objects.bulk_create(
        [Task(project=project, item_id=n + 1, data=row, overlap=1, open_slots=1) for n, row in enumerate(data)]
    )
    right = {
        "names": [{"id": "a", "start": 0, "end": 2, "label": "PER"}, {"id": "b", "start": 7, "end": 10, "label": "PER"}]
    }
    mark_gold(actor=ann, project_id=project.pk, item=1, answer=right, use="training")
    mark_gold(actor=ann, project_id=project.pk, item=2, answer={"names": []}, use="test")
    change_project(actor=ann, project_id=project.pk, onboarding=True)
    bob = factories.member(ann, "annotator")
    task = state(bob, project)["task"]["id"]
    half = {"names": right["names"][:1]}
    assert say(bob, project, task, half)["feedback"]["outcome"] == "wrong"
    ids = {"names": [{**span, "id": f"x{n}"} for n, span in enumerate(reversed(right["names"]))]}
    assert say(bob, project, task, ids)["feedback"]["outcome"] == "right"
    assert say(bob, project, state(bob, project)["task"]["id"], {"names": []})["state"]["stage"] == "passed"


def test_boxes_are_compared_as_known_answers_are() -> None:
    ann = factories.owner()
    shapes = {
        "name": "cats",
        "type": "shapes",
        "field": "image",
        "required": False,
        "tools": ["box"],
        "labels": [{"value": "cat", "title": "Cat"}],
    }
    schema = {"display": [{"type": "image", "field": "image"}], "controls": [shapes]}
    project = factories.project(ann, schema=schema)
    data = {"image": "0" * 64, "image_width": 100, "image_height": 80}
    Task.objects.create(project=project, item_id=1, data=data, overlap=1, open_slots=1)
    box = {"id": "a", "type": "box", "label": "cat", "x": 10.0, "y": 10.0, "width": 40.0, "height": 30.0}
    mark_gold(actor=ann, project_id=project.pk, item=1, answer={"cats": [box]}, use="training")
    change_project(actor=ann, project_id=project.pk, onboarding=True, onboarding_test=0)
    bob = factories.member(ann, "annotator")
    task = state(bob, project)["task"]["id"]
    assert say(bob, project, task, {"cats": [{**box, "x": 60.0}]})["feedback"]["outcome"] == "wrong"
    assert say(bob, project, task, {"cats": [{**box, "x": 12.0}]})["feedback"]["outcome"] == "right"
