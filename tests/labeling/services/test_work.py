"""Work as it is counted: answers, time, suggestions, reviews, by person, day and label."""

import datetime as dt
import uuid
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from labeling.models import Annotation, Project, Task, WorkCount, WorkDay
from labeling.services.adjudication import decide_task
from labeling.services.annotation import change_annotation, take_back
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.queue import lease_tasks
from labeling.services.review import judge_answer
from labeling.services.suggestion import store_suggestions
from labeling.services.work import FRESH, Report, count_again, median_of, work_report
from labeling.services.work_count import run_count
from tests import factories
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def bob(ann: Actor) -> Actor:
    return factories.member(ann, "annotator")


@pytest.fixture
def project(ann: Actor) -> Project:
    made = factories.project(ann, overlap=2)
    factories.tasks(made, 8)
    return made


def send(actor: Actor, project: Project, label: str, seconds: float, **more: Any) -> Annotation:
    (task,) = lease_tasks(actor=actor, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {
        "client_key": str(uuid.uuid4()),
        "task": task["id"],
        "lease": task["lease"]["token"],
        "answer": {"label": [label]},
        "seconds": seconds,
        **more,
    }
    saved = save_answers(actor=actor, project_id=project.pk, answers=[row])["results"][0]
    return Annotation.objects.get(pk=saved["annotation"])


def counted(actor: Actor, project: Project, **wish: Any) -> Report:
    count = count_again(actor=actor, project_id=project.pk)
    finish(count.job)
    return seen(actor, project, **wish)


def finish(job: Job) -> None:
    run_count(job=start(job), **job.params)
    Job.objects.filter(pk=job.pk).update(state="succeeded", finished_at=timezone.now())


def seen(actor: Actor, project: Project, **wish: Any) -> Report:
    today = timezone.now().date()
    days = {"since": today - dt.timedelta(days=3), "until": today, **wish}
    return work_report(actor=actor, project_id=project.pk, **days)


def on_day(answer: Annotation, day: int) -> None:
    """Let an answer have been given so many days ago."""
    at = timezone.now() - dt.timedelta(days=day)
    Annotation.objects.filter(pk=answer.pk).update(created_at=at, updated_at=at)


def test_answers_time_and_labels_are_counted_by_person_and_day(ann: Actor, bob: Actor, project: Project) -> None:
    on_day(send(bob, project, "spam", 4), 2)
    send(bob, project, "ham", 8)
    send(bob, project, "ham", 3000)
    send(ann, project, "spam", 2)
    send(ann, project, "", 1, answer=None, skipped=True, reason="blurred")
    report = counted(ann, project)
    people = [(row.person, row.answers, row.skipped) for row in report.people]
    assert people == [(bob.user_id, 3, 0), (ann.user_id, 2, 1)]
    assert (report.total.seconds, report.total.limited_seconds) == (3015, 315)
    assert report.people[0].per_hour == pytest.approx(3 * 3600 / 312)
    # A day without work stands between two with some.
    assert [row.answers for row in report.days] == [1, 0, 4]
    assert [(row.person, row.answers) for row in report.rows] == [(bob.user_id, 1), (ann.user_id, 2), (bob.user_id, 2)]
    assert [(row.label, row.answers, row.people) for row in report.labels] == [
        ("ham", 2, {bob.user_id: 2}),
        ("spam", 2, {bob.user_id: 1, ann.user_id: 1}),
    ]
    assert counted(ann, project, person=ann.user_id).total.answers == 2


def test_a_report_of_one_day_and_none(ann: Actor, bob: Actor, project: Project) -> None:
    on_day(send(bob, project, "spam", 4), 2)
    counted(ann, project)
    day = timezone.now().date() - dt.timedelta(days=2)
    assert seen(ann, project, since=day, until=day).total.answers == 1
    nothing = seen(ann, project, since=day + dt.timedelta(days=1))
    assert (nothing.people, nothing.days, nothing.total.per_hour, nothing.total.median_seconds) == ([], [], None, None)
    for since, until in ((day, day - dt.timedelta(days=1)), (day - dt.timedelta(days=366), day)):
        with pytest.raises(DomainError) as refused:
            seen(ann, project, since=since, until=until)
        assert refused.value.code == "days_invalid"


def test_what_is_changed_and_taken_back_is_counted_as_it_stands(ann: Actor, bob: Actor, project: Project) -> None:
    first, second = send(bob, project, "spam", 4), send(bob, project, "spam", 4)
    assert counted(ann, project).labels[0].answers == 2
    change_annotation(actor=bob, annotation_id=first.pk, revision=first.revision, answer={"label": ["ham"]})
    take_back(actor=bob, annotation_id=second.pk, revision=second.revision)
    report = counted(ann, project)
    assert report.total.answers == 1
    assert [(row.label, row.answers) for row in report.labels] == [("ham", 1)]


def test_reviews_are_counted_for_both_sides(ann: Actor, bob: Actor, project: Project) -> None:
    answers = [send(bob, project, "spam", 5) for _number in range(4)]
    judge_answer(actor=ann, annotation_id=answers[0].pk, verdict="accepted")
    judge_answer(actor=ann, annotation_id=answers[1].pk, verdict="fixed", answer={"label": ["ham"]})
    judge_answer(actor=ann, annotation_id=answers[2].pk, verdict="rejected", reason="Read it again.")
    report = counted(ann, project)
    done = {row.person: row for row in report.people}
    assert (done[bob.user_id].answers, done[bob.user_id].reviewed, done[bob.user_id].sent_back) == (3, 3, 1)
    # The time of what was sent back was worked all the same.
    assert done[bob.user_id].seconds == 20
    assert (done[ann.user_id].answers, done[ann.user_id].reviews) == (0, 3)
    assert [(row.label, row.reviewed, row.fixed_answers) for row in report.labels] == [("ham", 1, 1), ("spam", 1, 0)]


def test_suggestions_and_bulk_answers_are_told_apart(ann: Actor, bob: Actor, project: Project) -> None:
    rows = [(number, {"label": ["spam"]}, 0.9) for number in range(1, 9)]
    store_suggestions(actor=ann, project_id=project.pk, source="quick", rows=rows)
    for label in ("spam", "ham"):
        (task,) = lease_tasks(actor=bob, project_id=project.pk, count=1, holding=[])["tasks"]
        row = {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "answer": {"label": [label]},
            "seconds": 3,
            "suggestion": task["suggestion"]["id"],
        }
        save_answers(actor=bob, project_id=project.pk, answers=[row])
    start_bulk(actor=bob, project_id=project.pk, order=Order({"label": ["ham"]}, [5, 6, 7]))
    total = counted(ann, project).total
    assert (total.suggestions_shown, total.suggestions_accepted) == (2, 1)
    assert (total.answers, total.in_bulk, total.by_hand, sum(total.times.values())) == (5, 3, 2, 2)
    assert total.per_hour == pytest.approx(2 * 3600 / 6)


def test_labels_of_spans_are_counted_once_an_answer_and_texts_are_no_labels(ann: Actor) -> None:
    schema = {
        "display": [{"type": "text", "field": "text"}],
        "controls": [
            {"name": "names", "type": "spans", "field": "text", "labels": [{"value": "PER"}, {"value": "LOC"}]},
            {"name": "note", "type": "text", "required": False},
        ],
    }
    made = factories.project(ann, schema=schema)
    factories.tasks(made, 2)
    spans = [{"id": f"s{n}", "start": n, "end": n + 1, "label": "PER", "text": "text"[n]} for n in range(2)]
    spans.append({"id": "s9", "start": 0, "end": 4, "label": "LOC", "text": "text"})
    send(ann, made, "", 2, answer={"names": spans, "note": "PER"})
    send(ann, made, "", 2, answer={"names": []})
    report = counted(ann, made)
    labels = [(row.control, row.label, row.answers) for row in report.labels]
    assert labels == [("names", "PER", 1), ("names", "LOC", 1)]


@pytest.mark.parametrize("seconds", [[1], [3, 3, 3], [0.1, 100_000], [1, 2, 4, 8, 16], [5.5] * 50 + [60] * 49])
def test_a_median_from_bins_is_near_the_true_one(ann: Actor, project: Project, seconds: list[float]) -> None:
    now = timezone.now()
    given = {"project": project, "annotator_id": ann.user_id, "answer": {}, "created_at": now, "updated_at": now}
    tasks = Task.objects.bulk_create(
        Task(project=project, item_id=100 + number, data={"text": "t"}, overlap=1, open_slots=0)
        for number in range(len(seconds))
    )
    Annotation.objects.bulk_create(
        Annotation(task=task, seconds=each, client_key=uuid.uuid4(), **given)
        for task, each in zip(tasks, seconds, strict=True)
    )
    found = counted(ann, project).total.median_seconds
    # The lower of the two in the middle, within its bin.
    middle = sorted(min(max(each, 0.25), 16_384) for each in seconds)[(len(seconds) - 1) // 2]
    assert middle / 1.19 <= found <= middle * 1.19


def test_a_median_of_nothing_is_none() -> None:
    assert median_of(Counter()) is None


def test_people_who_label_see_their_own_work(ann: Actor, bob: Actor, project: Project) -> None:
    send(bob, project, "spam", 4)
    send(ann, project, "ham", 4)
    counted(ann, project)
    report = seen(bob, project)
    assert [row.person for row in report.people] == [bob.user_id]
    assert [(row.label, row.answers) for row in report.labels] == [("spam", 1)]
    # Nor by naming somebody.
    assert seen(bob, project, person=ann.user_id).people == []
    with pytest.raises(NotFound):
        seen(factories.owner("Eve's"), project)


def test_it_is_counted_again_when_somebody_looks_later(ann: Actor, bob: Actor, project: Project) -> None:
    first = seen(ann, project)
    assert (first.counted_at, first.job.kind) == (None, "labeling.count_work")
    # Two who look at once find one job.
    assert seen(bob, project).job == first.job
    finish(first.job)
    assert seen(ann, project).job is None
    WorkCount.objects.update(counted_at=timezone.now() - FRESH)
    assert seen(ann, project).job.pk > first.job.pk
    assert WorkCount.objects.count() == 1


def test_a_page_asks_as_much_for_any_number_of_answers(ann: Actor, bob: Actor, project: Project) -> None:
    asked = []
    for number in (1, 6):
        for _each in range(number):
            send(bob, project, "spam", 4)
        counted(ann, project)
        with CaptureQueriesContext(connection) as found:
            seen(ann, project)
        asked.append(len(found))
        assert [row["sql"] for row in found if "labeling_annotation" in row["sql"]] == []
    assert asked[0] == asked[1]


def test_days_of_other_projects_stay(ann: Actor, project: Project) -> None:
    other = factories.project(ann)
    factories.tasks(other, 1)
    send(ann, other, "spam", 1)
    counted(ann, other)
    counted(ann, project)
    assert WorkDay.objects.filter(project=other).count() == 1


def test_items_decided_side_by_side_are_reviews_of_who_decided(ann: Actor, bob: Actor, project: Project) -> None:
    answer = send(bob, project, "spam", 4)
    decide_task(actor=ann, task_id=answer.task_id, annotation=answer.pk)
    report = counted(ann, project)
    assert {row.person: row.reviews for row in report.people} == {bob.user_id: 0, ann.user_id: 1}
    assert [row.reviews for row in seen(ann, project, person=ann.user_id).rows] == [1]
