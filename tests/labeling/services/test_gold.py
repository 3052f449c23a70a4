"""Known answers hidden in the queue: who gets them, what they measure, and that nobody who labels can tell."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Count, F, Q
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from labeling.models import Annotation, Gold, Lease, Progress, Project, Task
from labeling.services.annotation import change_annotation, take_back
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.expiry import expire_leases
from labeling.services.gold import gold_page, mark_gold, run_import, start_import, unmark_gold
from labeling.services.gold_check import pause_person, resume_person
from labeling.services.project import labeled_items, project_figures
from labeling.services.publish import publish_labels
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.review import judge_answer
from labeling.services.task import count_wanted
from tests import factories
from tests.labeling.versions import numbered, start, version

pytestmark = pytest.mark.django_db
SPAM, HAM = {"label": ["spam"]}, {"label": ["ham"]}


def made(count: int, gold: list[int], **fields: Any) -> tuple[Actor, Actor, Project]:
    ann = factories.owner()
    project = numbered(ann, count, **fields)
    for item in gold:
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM)
    return ann, factories.member(ann, "annotator"), project


def leased(actor: Actor, project: Project, count: int) -> list[dict[str, Any]]:
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]


def items(tasks: list[dict[str, Any]]) -> list[int]:
    return [task["item_id"] for task in tasks]


def answer(actor: Actor, project: Project, tasks: list[dict[str, Any]], said: Any = SPAM) -> dict[str, Any]:
    rows = [
        {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"]}
        | {"answer": said, "skipped": said is None}
        for task in tasks
    ]
    found = save_answers(actor=actor, project_id=project.pk, answers=rows)
    assert {row["status"] for row in found["results"]} <= {"saved"}
    return found


def seat(project: Project, actor: Actor) -> Progress:
    return Progress.objects.get(project=project, annotator=actor.user_id)


def figures(project: Project, actor: Actor) -> tuple[int, int, int]:
    row = seat(project, actor)
    return row.gold_given, row.gold_answers, row.gold_right


def adds_up(project: Project) -> bool:
    """Tell whether places and counters say the same as the rows that they count."""
    held = Task.objects.filter(project=project, is_gold=False).annotate(
        held=Count("leases", filter=Q(leases__gold=False))
    )
    for row in Progress.objects.filter(project=project):
        said = list(
            Annotation.objects.filter(project=project, annotator=row.annotator_id).values_list("gold", flat=True)
        )
        counted = (sum(map(bool, said)), sum(each in ("right", "wrong") for each in said), said.count("right"))
        if counted != (row.gold_given, row.gold_answers, row.gold_right):
            return False
    before = Project.objects.get(pk=project.pk).extra_answers
    count_wanted(project.pk)
    same = before == Project.objects.get(pk=project.pk).extra_answers
    return same and not held.exclude(open_slots=F("overlap") - F("held")).exists()


def test_gold_is_a_share_of_what_each_person_gets() -> None:
    gold = list(range(1, 41))
    ann, bob, project = made(400, gold, gold_share=10)
    cleo = factories.member(ann, "annotator")
    for who in (bob, cleo):
        found: list[int] = []
        for _round in range(10):
            tasks = leased(who, project, 10)
            assert len(tasks) == 10
            found += items(tasks)
            answer(who, project, tasks)
        assert sum(item in gold for item in found) == 10
        # One in each stretch of ten.
        assert [sum(item in gold for item in found[n : n + 10]) for n in range(0, 100, 10)] == [1] * 10
        assert len(set(found)) == 100
        assert figures(project, who) == (10, 10, 10)
    assert adds_up(project)


def test_gold_stands_anywhere_among_the_tasks_of_a_reply() -> None:
    gold = list(range(1, 61))
    _ann, bob, project = made(700, gold, gold_share=10)
    places = set()
    for _round in range(40):
        tasks = leased(bob, project, 10)
        places |= {place for place, item in enumerate(items(tasks)) if item in gold}
        answer(bob, project, tasks)
    assert len(places) > 5


def test_without_gold_the_queue_is_what_it_was() -> None:
    _ann, bob, project = made(30, [], gold_share=50)
    assert items(leased(bob, project, 30)) == list(range(1, 31))


def test_gold_that_runs_out_leaves_the_rest_of_the_queue() -> None:
    _ann, bob, project = made(30, [7], gold_share=50)
    tasks = leased(bob, project, 40)
    assert sorted(items(tasks)) == list(range(1, 31))
    answer(bob, project, tasks)
    assert figures(project, bob) == (1, 1, 1)
    assert lease_tasks(actor=bob, project_id=project.pk, count=5, holding=[])["remaining"] is False


def test_gold_never_comes_alone() -> None:
    _ann, bob, project = made(3, [1, 2, 3], gold_share=50)
    assert leased(bob, project, 5) == []


def test_gold_is_none_of_the_answers_that_are_wanted() -> None:
    _ann, bob, project = made(10, [1, 2], overlap=2, gold_share=50)
    project.refresh_from_db()
    assert (project.gold_count, project.answers_wanted) == (2, 16)
    answer(bob, project, leased(bob, project, 10))
    shown = project_figures(project=project, sees_gold=True)
    assert (shown["answers"], shown["answers_wanted"]) == (8, 16)
    assert shown["people"][0]["gold_accuracy"] == 1.0
    assert adds_up(project)


def test_wrong_and_skipped_answers_are_told_apart() -> None:
    _ann, bob, project = made(40, list(range(1, 11)), gold_share=50)
    tasks = leased(bob, project, 20)
    gold = [task for task in tasks if task["item_id"] <= 10]
    assert len(gold) == 10
    for said, some in ((SPAM, gold[:5]), (HAM, gold[5:8]), (None, gold[8:])):
        answer(bob, project, some, said)
    assert figures(project, bob) == (10, 8, 5)
    assert adds_up(project)


def test_a_person_who_changes_an_answer_is_measured_by_what_stands() -> None:
    _ann, bob, project = made(10, [1], gold_share=50)
    answer(bob, project, leased(bob, project, 10), HAM)
    row = Annotation.objects.get(task__item_id=1)
    assert figures(project, bob) == (1, 1, 0)
    change_annotation(actor=bob, annotation_id=row.pk, revision=1, answer=SPAM)
    assert figures(project, bob) == (1, 1, 1)
    take_back(actor=bob, annotation_id=row.pk, revision=2)
    assert figures(project, bob) == (0, 0, 0)
    # The place is still gold, and takes none of the queue's.
    Lease.objects.filter(task__item_id=1).update(expires_at=timezone.now() - timedelta(hours=1))
    expire_leases()
    answer(bob, project, leased(bob, project, 1), SPAM)
    assert figures(project, bob) == (1, 1, 1)
    assert adds_up(project)


def test_a_reviewer_who_sends_gold_back_has_it_measured_again() -> None:
    ann, bob, project = made(10, [1], gold_share=50)
    answer(bob, project, leased(bob, project, 10), HAM)
    row = Annotation.objects.get(task__item_id=1)
    judge_answer(actor=ann, annotation_id=row.pk, verdict="rejected", revision=1, reason="No.")
    assert figures(project, bob) == (0, 0, 0)
    judge_answer(actor=ann, annotation_id=row.pk, verdict="none")
    assert figures(project, bob) == (1, 1, 0)
    judge_answer(actor=ann, annotation_id=row.pk, verdict="rejected", revision=1, reason="No.")
    answer(bob, project, leased(bob, project, 1), SPAM)
    assert figures(project, bob) == (1, 1, 1)


def test_a_window_that_closes_brings_gold_again_and_to_the_same_person() -> None:
    _ann, bob, project = made(10, [1], gold_share=50)
    tasks = leased(bob, project, 10)
    release_tasks(actor=bob, project_id=project.pk, tasks=[task["id"] for task in tasks])
    assert sorted(items(leased(bob, project, 10))) == list(range(1, 11))
    assert seat(project, bob).assigned_left == 0
    assert adds_up(project)


def test_bulk_answers_meet_gold_too() -> None:
    _ann, bob, project = made(4, [1, 2], gold_share=50)
    bulk = start_bulk(actor=bob, project_id=project.pk, order=Order(HAM, [1, 2, 3]))
    assert bulk.counts == {"stored": 3}
    assert figures(project, bob) == (2, 2, 0)
    start_bulk(actor=bob, project_id=project.pk, order=Order(SPAM, [1], change_own=True))
    assert figures(project, bob) == (2, 2, 1)
    assert adds_up(project)


def test_gold_from_an_answer_keeps_that_answer_as_any_other() -> None:
    ann, bob, project = made(6, [])
    (task,) = leased(bob, project, 1)
    answer(bob, project, [task])
    row = Annotation.objects.get()
    gold = mark_gold(actor=ann, project_id=project.pk, annotation=row.pk)
    project.refresh_from_db()
    assert (gold.answer, project.answers_wanted, figures(project, bob)) == (SPAM, 6, (0, 0, 0))
    assert {item: label for item, _text, label in labeled_items(project)} == {1: "spam"}
    assert adds_up(project)


def test_a_task_that_somebody_has_is_not_made_gold() -> None:
    ann, bob, project = made(3, [])
    tasks = leased(bob, project, 1)
    with pytest.raises(Conflict) as caught:
        mark_gold(actor=ann, project_id=project.pk, item=1, answer=SPAM)
    assert caught.value.code == "task_in_hand"
    release_tasks(actor=bob, project_id=project.pk, tasks=[tasks[0]["id"]])
    mark_gold(actor=ann, project_id=project.pk, item=1, answer=SPAM)
    cleo = factories.member(ann, "annotator")
    Project.objects.update(gold_share=0)
    assert items(leased(cleo, project, 9)) == [2, 3]


@pytest.mark.parametrize("said", [None, {}, {"label": ["eggs"]}, {"other": ["spam"]}])
def test_a_right_answer_must_be_an_answer(said: Any) -> None:
    ann, _bob, project = made(2, [])
    with pytest.raises(DomainError):
        mark_gold(actor=ann, project_id=project.pk, item=1, answer=said)
    assert not Gold.objects.exists()
    assert not Task.objects.filter(is_gold=True).exists()


def test_gold_can_be_given_another_answer_and_taken_away() -> None:
    ann, bob, project = made(10, [1], gold_share=50)
    gold = mark_gold(actor=ann, project_id=project.pk, item=1, answer=HAM, explanation="Says hello.")
    assert (Gold.objects.count(), gold.answer, gold.explanation) == (1, HAM, "Says hello.")
    answer(bob, project, leased(bob, project, 10), HAM)
    assert figures(project, bob) == (1, 1, 1)
    unmark_gold(actor=ann, gold_id=gold.pk)
    project.refresh_from_db()
    assert (figures(project, bob), project.gold_count, project.answers_wanted) == ((0, 0, 0), 0, 10)
    assert project_figures(project=project, sees_gold=True)["answers"] == 10
    assert adds_up(project)


def test_gold_that_nobody_met_goes_back_into_the_queue() -> None:
    ann, bob, project = made(3, [2], gold_share=0)
    assert items(leased(bob, project, 9)) == [1, 3]
    unmark_gold(actor=ann, gold_id=Gold.objects.get().pk)
    assert items(leased(bob, project, 9)) == [2]
    assert adds_up(project)


def test_who_misses_too_many_is_paused_and_may_be_let_go_on() -> None:
    ann, bob, project = made(60, list(range(1, 21)), gold_share=50, gold_least=80, gold_from=4)
    tasks = leased(bob, project, 20)
    gold = [task for task in tasks if task["item_id"] <= 20]
    answer(bob, project, gold[:2], SPAM)
    answer(bob, project, gold[2:3], HAM)
    assert seat(project, bob).paused_at is None
    answer(bob, project, gold[3:4], HAM)
    assert seat(project, bob).paused_why == "gold"
    with pytest.raises(Conflict) as caught:
        leased(bob, project, 1)
    assert caught.value.code == "person_paused"
    assert "known" not in str(caught.value.detail)
    # What is on the way is still saved.
    answer(bob, project, gold[4:5], SPAM)
    resume_person(actor=ann, project_id=project.pk, person=bob.user_id)
    answer(bob, project, gold[5:8], SPAM)
    assert seat(project, bob).paused_at is None
    assert leased(bob, project, 1) != []


def test_a_manager_pauses_by_hand() -> None:
    ann, bob, project = made(6, [])
    with pytest.raises(NotFound):
        pause_person(actor=ann, project_id=project.pk, person=bob.user_id)
    leased(bob, project, 1)
    pause_person(actor=ann, project_id=project.pk, person=bob.user_id)
    with pytest.raises(Conflict):
        leased(bob, project, 1)
    with pytest.raises(NotFound):
        resume_person(actor=factories.owner(), project_id=project.pk, person=bob.user_id)
    resume_person(actor=ann, project_id=project.pk, person=bob.user_id)
    assert leased(bob, project, 1) != []


def test_only_those_who_manage_or_review_know_of_gold() -> None:
    ann, bob, project = made(3, [1])
    with pytest.raises(NotAllowed):
        mark_gold(actor=bob, project_id=project.pk, item=2, answer=SPAM)
    with pytest.raises(NotAllowed):
        unmark_gold(actor=bob, gold_id=Gold.objects.get().pk)
    assert gold_page(actor=bob, project=project) == ([], None)
    reviewer = factories.member(ann, "reviewer")
    (row,) = gold_page(actor=reviewer, project=project)[0]
    assert (row["task"]["item_id"], row["answer"], row["answers"]) == (1, SPAM, 0)
    with pytest.raises(NotFound):
        mark_gold(actor=factories.owner(), project_id=project.pk, item=2, answer=SPAM)


def test_publication_leaves_answers_to_gold_out_unless_they_are_wanted() -> None:
    ann = factories.owner()
    work = numbered(ann, 6, gold_share=50)
    mark_gold(actor=ann, project_id=work.pk, item=1, answer=SPAM)
    bob = factories.member(ann, "annotator")
    answer(bob, work, leased(bob, work, 6), HAM)
    options = {"project_id": work.pk, "split": False}
    assert publish_labels(job=start(factories.job(ann)), **options)["labeled"] == 5
    assert publish_labels(job=start(factories.job(ann)), with_gold=True, **options)["labeled"] == 6
    assert [item for item, _text, _label in labeled_items(work)] == [2, 3, 4, 5, 6]


def test_right_answers_come_from_a_column_once_each() -> None:
    ann = factories.owner()
    truth = ["spam", None, "eggs", "ham", "", "spam"]
    project = factories.project(ann, version=version(ann, {"text": [f"t{n}" for n in range(6)], "truth": truth}))
    factories.tasks(project, 6)
    bob = factories.member(ann, "annotator")
    Project.objects.update(gold_share=0)
    leased(bob, project, 1)
    job = start_import(actor=ann, project_id=project.pk, column="truth")
    context = start(job)
    result = run_import(job=context, **job.params)
    assert (result["marked"], result["in_hand"], result["wrong"], result["values"]) == (2, 1, 1, ["eggs"])
    context.state = {}
    assert run_import(job=context, **job.params)["already"] == 2
    assert {row.task.item_id: row.answer for row in Gold.objects.select_related("task")} == {4: HAM, 6: SPAM}
    project.refresh_from_db()
    assert (project.gold_count, project.answers_wanted) == (2, 4)
    assert adds_up(project)


def test_a_column_that_is_not_there_is_refused() -> None:
    ann, _bob, project = made(2, [])
    with pytest.raises(DomainError) as caught:
        start_import(actor=ann, project_id=project.pk, column="truth")
    assert caught.value.code == "column_unknown"


def test_nothing_that_an_annotator_can_ask_tells_gold_from_other_tasks() -> None:
    """Two projects alike but for gold: every answer of the API to an annotator has the same members and figures."""
    pages = []
    for gold in ([], [5]):
        ann, bob, project = made(40, gold, gold_share=50)
        cleo = factories.member(ann, "annotator")
        # Somebody else has met the gold before.
        others = leased(cleo, project, 6)
        answer(cleo, project, [task for task in others if task["item_id"] in gold])
        answer(cleo, project, [task for task in others if task["item_id"] not in gold][:2])
        release_tasks(actor=cleo, project_id=project.pk, tasks=[task["id"] for task in others])
        client = Client(headers={"Authorization": f"Bearer {factories.secret(bob)}"})

        def ask(verb: str, path: str, client: Any = client, project: Any = project, **body: Any) -> Any:
            address = f"/api/v1/{path.format(project=project.pk)}"
            given = {"data": json.dumps(body), "content_type": "application/json"} if body else {}
            return client.generic(verb, address, **given)

        seen = [ask("GET", "projects/{project}/page/").json()]
        lease = ask("POST", "projects/{project}/lease/", count=8).json()
        if gold:
            assert 5 in items(lease["tasks"])
        task = next((row for row in lease["tasks"] if row["item_id"] in gold), lease["tasks"][0])
        row = {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"], "answer": SPAM}
        sent = ask("POST", "projects/{project}/answers/", answers=[row]).json()
        number = sent["results"][0]["annotation"]
        # The figures move by this answer as by any.
        assert sent["progress"]["done"] == seen[0]["progress"]["done"] + 1
        assert (sent["progress"]["mine"], sent["progress"]["total"]) == (1, seen[0]["progress"]["total"])
        seen += [lease, sent]
        seen.append(ask("GET", "projects/{project}/history/").json())
        seen.append(ask("GET", "projects/{project}/results/").json())
        seen.append(ask("GET", "projects/{project}/").json())
        seen.append(ask("GET", f"annotations/{number}/").json())
        for state in ("open", "answered", "todo"):
            seen.append(ask("GET", f"projects/{{project}}/bulk/count/?state={state}").json())
        for path in ("projects/{project}/gold/", "projects/{project}/review/"):
            assert ask("GET", path).status_code == 403
        pages.append(seen)
    plain, hidden = pages
    assert [_shape(each) for each in plain] == [_shape(each) for each in hidden]
    assert "gold" not in json.dumps(hidden).replace("gold_share", "").lower()


def _shape(value: Any) -> Any:
    """Return what a reply looks like: names and figures, without what differs from row to row."""
    changing = {"id", "item_id", "task", "token", "expires_at", "at", "created_at", "updated_at", "last_answer_at"}
    changing |= {"name", "text", "annotation", "client_key", "annotator", "annotator_name", "user", "version"}
    changing |= {"dataset", "dataset_name", "seconds_each", "seconds", "created_by", "answers_wanted", "total"}
    changing |= {"done", "answers", "labels"}
    if isinstance(value, dict):
        return {
            name: None if name in changing and not isinstance(each, dict) else _shape(each)
            for name, each in value.items()
        }
    return [_shape(each) for each in value] if isinstance(value, list) else value


def test_whoever_said_what_is_right_is_not_measured_by_it() -> None:
    ann, bob, project = made(10, [1, 2], gold_share=50)
    assert items(leased(ann, project, 6)) == [3, 4, 5, 6, 7, 8]
    assert {1, 2} <= set(items(leased(bob, project, 8)))
    # Chosen in the grid all the same, it counts neither for nor against.
    start_bulk(actor=ann, project_id=project.pk, order=Order(SPAM, items=[1]))
    assert figures(project, ann) == (1, 0, 0)
