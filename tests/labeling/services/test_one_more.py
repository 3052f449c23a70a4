"""One more answer where the label stays open: sent once, up to the caps, and never to nobody."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import DomainError
from labeling.models import Annotation, Dispute, Lease, Project, Task
from labeling.services.adjudication import decide_task
from labeling.services.answer import save_answers
from labeling.services.assignment import Order, give_tasks
from labeling.services.gold import mark_gold, unmark_gold
from labeling.services.gold_check import pause_person
from labeling.services.one_more import change_target, start_sending
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks
from labeling.services.task import make_tasks
from labeling.services.weighing import run_weighing
from tests import factories
from tests.labeling.crowds import answer, weighed
from tests.labeling.services.test_queue_concurrent import check, spam
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(count: int = 4, people: int = 4, **target: Any) -> tuple[Actor, list[Actor], Project]:
    """Return a manager, annotators, and their project: the first two differ on every item but the first."""
    ann = factories.owner()
    crowd = [factories.member(ann, "annotator") for _number in range(people)]
    project = numbered(ann, count, overlap=2)
    answer(crowd[0], project, dict.fromkeys(range(1, count + 1), "ham"))
    answer(crowd[1], project, {1: "ham"} | dict.fromkeys(range(2, count + 1), "spam"))
    # The owner labels too, so they stand in the way of tests about people who are left.
    target = {"target_confidence": 0.6, "extra_cap": 100, **target}
    return ann, crowd, change_target(actor=ann, project_id=project.pk, **target)


def places(project: Project) -> list[tuple[int, int, int, int]]:
    rows = Task.objects.filter(project=project).order_by("item_id")
    return list(rows.values_list("item_id", "overlap", "open_slots", "extra_places"))


def counters(project: Project) -> None:
    """Hold what a project says of itself to its rows."""
    project.refresh_from_db()
    wanted = sum(Task.objects.filter(project=project).values_list("overlap", flat=True))
    assert project.answers_wanted == wanted
    assert project.extra_sent == sum(Task.objects.filter(project=project).values_list("extra_places", flat=True))
    check(project)


def test_without_a_target_nothing_is_sent() -> None:
    ann, _crowd, project = make(target_confidence=0)
    assert weighed(ann, project, sends=True)["more"]["off"] == "target"
    assert places(project) == [(item, 2, 0, 0) for item in (1, 2, 3, 4)]
    with pytest.raises(DomainError, match="Set a target"):
        start_sending(actor=ann, project_id=project.pk)


def test_open_tasks_get_one_more_place_and_are_handed_out_first() -> None:
    ann, crowd, project = make()
    more = weighed(ann, project, sends=True)["more"]
    assert (more["sent"], more["spent"], more["met"], more["below"]) == (3, 3, 1, 3)
    assert more["reasons"] == {"waiting": 3, "decided": 0, "most": 0, "people": 0, "cap": 0}
    assert places(project) == [(1, 2, 0, 0), (2, 3, 1, 1), (3, 3, 1, 1), (4, 3, 1, 1)]
    counters(project)
    # Whoever answered gets none of them again; the next person gets all three.
    assert lease_tasks(actor=crowd[0], project_id=project.pk, count=9, holding=[])["tasks"] == []
    held = lease_tasks(actor=crowd[2], project_id=project.pk, count=9, holding=[])
    assert sorted(task["item_id"] for task in held["tasks"]) == [2, 3, 4]
    assert held["progress"]["total"] == 11


def test_a_task_is_not_sent_again_before_the_answer_is_there() -> None:
    ann, crowd, project = make()
    weighed(ann, project, sends=True)
    again = weighed(ann, project, sends=True)["more"]
    assert (again["sent"], again["spent"], again["reasons"]["waiting"]) == (0, 3, 3)
    answer(crowd[2], project, {2: "ham", 3: "spam"})
    third = weighed(ann, project, sends=True)["more"]
    # Two to one is 67 %, which meets the target; item 4 still waits.
    assert (third["sent"], third["met"], third["reasons"]["waiting"]) == (0, 3, 1)
    change_target(actor=ann, project_id=project.pk, target_confidence=0.9)
    fourth = weighed(ann, project, sends=True)["more"]
    assert (fourth["sent"], fourth["spent"], fourth["reasons"]["waiting"]) == (2, 5, 3)
    counters(project)


def test_a_second_run_of_one_job_opens_nothing_and_says_the_same() -> None:
    ann, _crowd, project = make()
    job = start(start_sending(actor=ann, project_id=project.pk))
    first = run_weighing(job=job, project_id=project.pk, sends=True)
    assert run_weighing(job=job, project_id=project.pk, sends=True) == first
    counters(project)


def test_the_cap_is_kept_and_what_brings_most_goes_first() -> None:
    ann, crowd, project = make(5, extra_cap=2)
    # Item 5 stands two to one when it is weighed: less open than 2, 3 and 4.
    weighed(ann, change_target(actor=ann, project_id=project.pk, extra_cap=1), sends=True)
    assert sum(extra for *_rest, extra in places(project)) == 1
    first = next(item for item, *_rest, extra in places(project) if extra)
    answer(crowd[2], project, {first: "ham"})
    change_target(actor=ann, project_id=project.pk, extra_cap=3, target_confidence=0.9)
    more = weighed(ann, project, sends=True)["more"]
    # Two to one is less open than one to one, so the two places that are left go to others.
    assert (more["sent"], more["spent"], more["cap"], more["reasons"]["cap"]) == (2, 3, 3, 2)
    assert next(extra for item, *_rest, extra in places(project) if item == first) == 1
    counters(project)
    change_target(actor=ann, project_id=project.pk, extra_cap=0)
    assert weighed(ann, project, sends=True)["more"]["sent"] == 0


def test_nobody_is_asked_beyond_the_most_answers_for_one_task() -> None:
    ann, crowd, project = make(2, most_answers=3)
    weighed(ann, project, sends=True)
    answer(crowd[2], project, {2: None})
    more = weighed(ann, project, sends=True)["more"]
    assert (more["sent"], more["reasons"]["most"]) == (0, 1)


def test_a_task_that_everybody_answered_is_not_sent() -> None:
    ann, crowd, project = make(2, people=3)
    for person in (crowd[2], ann):
        lease_tasks(actor=person, project_id=project.pk, count=1, holding=[])
        pause_person(actor=ann, project_id=project.pk, person=person.user_id)
    more = weighed(ann, project, sends=True)["more"]
    assert (more["sent"], more["reasons"]["people"]) == (0, 1)
    factories.member(ann, "annotator")
    assert weighed(ann, project, sends=True)["more"]["sent"] == 1


def test_decided_tasks_and_known_answers_are_never_sent() -> None:
    ann, _crowd, project = make()
    tasks = {task.item_id: task.pk for task in Task.objects.filter(project=project)}
    decide_task(actor=ann, task_id=tasks[2], answer={"label": ["ham"]})
    decide_task(actor=ann, task_id=tasks[3], state="left", reason="unclear")
    mark_gold(actor=ann, project_id=project.pk, item=4, answer={"label": ["ham"]})
    more = weighed(ann, project, sends=True)["more"]
    # One that was left undecided may well be decided by one more answer.
    assert (more["sent"], more["reasons"]["decided"]) == (1, 1)
    assert places(project) == [(1, 2, 0, 0), (2, 2, 0, 0), (3, 3, 1, 1), (4, 2, 0, 0)]


def test_where_people_get_only_what_is_assigned_nothing_is_sent() -> None:
    ann, _crowd, project = make()
    change_project(actor=ann, project_id=project.pk, only_assigned=True)
    more = weighed(ann, project, sends=True)["more"]
    assert (more["sent"], more["off"], more["below"]) == (0, "assigned", 3)


def test_a_project_without_anything_to_weigh_says_so() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    words = {"display": [{"type": "text", "field": "text"}], "controls": [{"name": "said", "type": "text"}]}
    project = numbered(ann, 2, schema=words)
    answer(bob, project, {1: {"said": "one"}, 2: {"said": "two"}})
    change_target(actor=ann, project_id=project.pk, target_confidence=0.9, extra_cap=5)
    result = weighed(ann, project, sends=True)
    assert (result["more"]["off"], result["unweighed"]) == ("unweighed", ["said"])


def test_a_task_that_still_waits_for_wanted_answers_is_left_alone() -> None:
    ann = factories.owner()
    crowd = [factories.member(ann, "annotator") for _number in range(3)]
    project = numbered(ann, 2, overlap=3)
    answer(crowd[0], project, {1: "ham", 2: "ham"})
    answer(crowd[1], project, {1: "spam", 2: "spam"})
    change_target(actor=ann, project_id=project.pk, target_confidence=0.9, extra_cap=5)
    assert weighed(ann, project, sends=True)["more"]["reasons"]["waiting"] == 2
    give_tasks(actor=ann, project_id=project.pk, order=Order([crowd[2].user_id], items=[1]))
    assert weighed(ann, project, sends=True)["more"]["reasons"]["waiting"] == 2
    assert places(project) == [(1, 3, 0, 0), (2, 3, 1, 0)]


def test_extra_places_outlive_a_change_of_the_overlap_and_a_known_answer() -> None:
    ann, _crowd, project = make()
    weighed(ann, project, sends=True)
    change_project(actor=ann, project_id=project.pk, overlap=3)
    job = Job.objects.filter(kind="labeling.create_tasks").order_by("-pk").first()
    assert job is not None
    make_tasks(job=start(job), project_id=project.pk)
    assert places(project) == [(1, 3, 1, 0), (2, 4, 2, 1), (3, 4, 2, 1), (4, 4, 2, 1)]
    counters(project)
    gold = mark_gold(actor=ann, project_id=project.pk, item=2, answer={"label": ["ham"]})
    unmark_gold(actor=ann, gold_id=gold.pk)
    assert places(project)[1] == (2, 4, 2, 1)
    counters(project)


def test_the_job_is_sent_after_so_many_answers_and_when_the_last_one_is_in() -> None:
    ann, crowd, project = make(12)
    change_target(actor=ann, project_id=project.pk, weigh_every=10)
    project.refresh_from_db()
    assert project.weigh_at == 34
    weighed(ann, project, sends=True)
    project.refresh_from_db()
    # Eleven places were opened; after ten answers it looks again.
    assert project.weigh_at == 34
    sendings = Job.objects.filter(kind="labeling.weigh_answers", params__sends=True, finished_at=None)
    answer(crowd[2], project, dict.fromkeys(range(2, 11), "ham"))
    assert not sendings.exists()
    answer(crowd[3], project, {11: "ham"})
    assert sendings.count() == 1
    job = sendings.get()
    result = run_weighing(job=start(job), project_id=project.pk, sends=True)
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=job.created_at, result=result)
    project.refresh_from_db()
    # One answer is left to come, and with it the job.
    assert project.weigh_at == 35
    answer(crowd[3], project, {12: "spam"})
    assert sendings.count() == 1


def test_the_target_is_checked_and_noted() -> None:
    ann, _crowd, project = make()
    for changes in ({"target_confidence": 0.3}, {"most_answers": 0}, {"extra_cap": -1}, {"weigh_every": 1}):
        with pytest.raises(DomainError) as refused:
            change_target(actor=ann, project_id=project.pk, **changes)
        assert refused.value.extra["field"] in changes
    entry = AuditEntry.objects.filter(action="project.change_target").order_by("pk").first()
    assert entry is not None
    assert entry.data["target_confidence"] == 0.6


@pytest.mark.django_db(transaction=True)
def test_two_jobs_and_people_at_once_stay_within_cap_and_overlap() -> None:
    ann = factories.owner()
    crowd = [factories.member(ann, "annotator") for _number in range(8)]
    project = numbered(ann, 60, overlap=2)
    change_target(actor=ann, project_id=project.pk, target_confidence=0.95, extra_cap=50, most_answers=4)
    jobs = [start(factories.job(ann)) for _number in range(6)]

    def label(place: int) -> None:
        luck = random.Random(place)
        try:
            while tasks := lease_tasks(actor=crowd[place], project_id=project.pk, count=5, holding=[])["tasks"]:
                rows = [{**spam(task), "answer": {"label": [luck.choice(["ham", "spam"])]}} for task in tasks]
                save_answers(actor=crowd[place], project_id=project.pk, answers=rows)
        finally:
            connection.close()

    def weigh(place: int) -> None:
        try:
            run_weighing(job=jobs[place], project_id=project.pk, sends=True)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(label, place) for place in range(4)]
        work += [pool.submit(weigh, place) for place in range(4)]
        for each in work:
            each.result()
        for each in [pool.submit(weigh, place) for place in (4, 5)] + [pool.submit(label, place) for place in (4, 5)]:
            each.result()
    counters(project)
    assert 0 < project.extra_sent <= 50
    held = [overlap for _item, overlap, _open, _extra in places(project)]
    assert max(held) <= 4
    assert not Lease.objects.filter(project=project, gold=True).exists()
    assert Dispute.objects.filter(project=project).exists()
    assert Annotation.objects.filter(project=project).count() >= 120
