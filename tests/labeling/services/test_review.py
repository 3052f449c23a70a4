"""Reviewing: what counts after each verdict, who gets what back, and two people at one answer."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, AnnotationRevision, Draft, Lease, Progress, Project, Rejection, Tally, Task
from labeling.services.annotation import change_annotation, take_back
from labeling.services.answer import save_answers
from labeling.services.erasing import erase_tasks
from labeling.services.expiry import expire_leases
from labeling.services.project import project_figures
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.result import Wish, find_answers
from labeling.services.review import answers_to_review, judge_answer
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def bob(ann: Actor) -> Actor:
    return factories.member(ann, "annotator")


@pytest.fixture
def project(ann: Actor) -> Project:
    made = factories.project(ann)
    factories.tasks(made, 6)
    return made


def lease(actor: Actor, project: Project, count: int, holding: list[int] | None = None) -> list[dict[str, Any]]:
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=holding or [])["tasks"]


def send(actor: Actor, project: Project, task: dict[str, Any], label: str) -> dict[str, Any]:
    row = {
        "client_key": str(uuid.uuid4()),
        "task": task["id"],
        "lease": task["lease"]["token"],
        "answer": {"label": [label]},
    }
    return save_answers(actor=actor, project_id=project.pk, answers=[row])["results"][0]


def answered(actor: Actor, project: Project, *labels: str) -> list[Annotation]:
    tasks = lease(actor, project, len(labels))
    numbers = [send(actor, project, task, label)["annotation"] for task, label in zip(tasks, labels, strict=True)]
    return [Annotation.objects.get(pk=number) for number in numbers]


def judge(actor: Actor, of: Annotation, verdict: str, **more: Any) -> dict[str, Any]:
    return judge_answer(actor=actor, annotation_id=of.pk, verdict=verdict, **more)


def tallies(project: Project) -> dict[str, int]:
    return {row.name: row.count for row in Tally.objects.filter(project=project, kind="label") if row.count}


def counters(project: Project, person: Actor) -> tuple[int, int, int, int]:
    row = Progress.objects.get(project=project, annotator=person.user_id)
    return row.answers, row.accepted_answers, row.fixed_answers, row.rejected_answers


def test_an_accepted_answer_says_by_whom_until_its_writer_changes_it(ann: Actor, bob: Actor, project: Project) -> None:
    (answer,) = answered(bob, project, "ham")
    shown = judge(ann, answer, "accepted", revision=1)
    assert (shown["verdict"], shown["reviewer"]["id"], shown["revision"]) == ("accepted", ann.user_id, 1)
    judge(ann, answer, "accepted", revision=1)
    assert counters(project, bob) == (1, 1, 0, 0)
    judge(ann, answer, "none")
    assert counters(project, bob) == (1, 0, 0, 0)
    judge(ann, answer, "accepted")
    change_annotation(actor=bob, annotation_id=answer.pk, revision=1, answer={"label": ["spam"]})
    answer.refresh_from_db()
    assert (answer.verdict, answer.reviewer_id, counters(project, bob)) == ("", None, (1, 0, 0, 0))
    judge(ann, answer, "accepted")
    take_back(actor=bob, annotation_id=answer.pk, revision=2)
    assert counters(project, bob) == (0, 0, 0, 0)


def test_a_fix_keeps_who_answered_and_who_fixed_and_can_be_undone(ann: Actor, bob: Actor, project: Project) -> None:
    (answer,) = answered(bob, project, "ham")
    shown = judge(ann, answer, "fixed", revision=1, answer={"label": ["spam"]})
    assert (shown["verdict"], shown["annotator"]["id"], shown["reviewer"]["id"]) == ("fixed", bob.user_id, ann.user_id)
    assert (shown["answer"], shown["revision"]) == ({"label": ["spam"]}, 2)
    assert (tallies(project), counters(project, bob)) == ({"spam": 1}, (1, 0, 1, 0))
    judge(ann, answer, "none")
    answer.refresh_from_db()
    assert (answer.answer, answer.verdict, answer.revision) == ({"label": ["ham"]}, "", 3)
    assert (tallies(project), counters(project, bob)) == ({"ham": 1}, (1, 0, 0, 0))
    history = AnnotationRevision.objects.order_by("revision").values_list("revision", "author", "answer")
    assert list(history) == [(1, None, {"label": ["ham"]}), (2, ann.user_id, {"label": ["spam"]})]
    with pytest.raises(DomainError) as error:
        judge(ann, answer, "fixed", revision=3, answer={"label": ["eggs"]})
    assert error.value.code == "answer_invalid"


def test_a_rejected_answer_counts_nowhere_and_comes_back_first_with_its_reason(
    ann: Actor, bob: Actor, project: Project
) -> None:
    first, second = answered(bob, project, "ham", "spam")
    held = lease(bob, project, 1)[0]
    shown = judge(ann, second, "rejected", revision=1, reason="Read \0the guidelines, \ud800第三条.")
    assert (shown["verdict"], shown["reason"]) == ("rejected", "Read the guidelines, 第三条.")
    assert (tallies(project), counters(project, bob)) == ({"ham": 1}, (1, 0, 0, 1))
    assert [row.pk for row in Annotation.objects.all()] == [first.pk]
    # Nobody else gets the place; the writer gets it before anything new, with the answer as draft.
    assert second.task_id not in [task["id"] for task in lease(ann, project, 9)]
    task = lease(bob, project, 1, [held["id"]])[0]
    assert (task["id"], task["rejection"]["reason"]) == (second.task_id, "Read the guidelines, 第三条.")
    assert task["rejection"]["reviewer"] is not None
    assert Draft.objects.get(task=second.task_id).answer == {"label": ["spam"]}
    # Closing the page, or letting the time run out, leaves it to the same person.
    release_tasks(actor=bob, project_id=project.pk, tasks=[second.task_id])
    task = lease(bob, project, 1, [held["id"]])[0]
    Lease.objects.filter(task=second.task_id).update(expires_at="2020-01-01T00:00:00Z")
    assert expire_leases(project_id=project.pk) == 0
    assert second.task_id not in [each["id"] for each in lease(ann, project, 9)]
    task = lease(bob, project, 1, [held["id"]])[0]
    assert send(bob, project, task, "ham")["status"] == "saved"
    assert (tallies(project), counters(project, bob)) == ({"ham": 2}, (2, 0, 0, 1))
    assert Rejection.objects.get().settled_at is not None
    assert lease(bob, project, 1, [held["id"]]) == []
    assert Task.objects.get(pk=second.task_id).open_slots == 0


def test_a_rejection_is_taken_back_with_everything_the_answer_was(ann: Actor, bob: Actor, project: Project) -> None:
    (answer,) = answered(bob, project, "ham")
    before = Annotation.objects.filter(pk=answer.pk).values().get()
    judge(ann, answer, "rejected", reason="No.")
    task = lease(bob, project, 1)[0]
    judge(ann, answer, "none")
    assert Annotation.objects.filter(pk=answer.pk).values().get() == before
    assert (tallies(project), counters(project, bob)) == ({"ham": 1}, (1, 0, 0, 0))
    assert (Rejection.objects.count(), Draft.objects.count()) == (0, 0)
    late = send(bob, project, task, "spam")
    assert (late["status"], late["problem"]["code"]) == ("invalid", "answer_refused")
    judge(ann, answer, "rejected", reason="No.")
    send(bob, project, lease(bob, project, 1)[0], "spam")
    with pytest.raises(Conflict, match="answered anew"):
        judge(ann, answer, "none")


def test_a_late_copy_of_a_rejected_answer_is_not_the_answer_anew(ann: Actor, bob: Actor, project: Project) -> None:
    task = lease(bob, project, 1)[0]
    row = {
        "client_key": str(uuid.uuid4()),
        "task": task["id"],
        "lease": task["lease"]["token"],
        "answer": {"label": ["ham"]},
    }
    number = save_answers(actor=bob, project_id=project.pk, answers=[row])["results"][0]["annotation"]
    judge_answer(actor=ann, annotation_id=number, verdict="rejected", reason="No.")
    again = save_answers(actor=bob, project_id=project.pk, answers=[row])["results"][0]
    assert again["status"] == "kept_as_draft"
    assert Annotation.objects.count() == 0
    assert lease(bob, project, 1)[0]["rejection"]["reason"] == "No."


def test_who_may_not_review_and_what_is_refused(ann: Actor, bob: Actor, project: Project) -> None:
    (own,) = answered(ann, project, "ham")
    (other,) = answered(bob, project, "ham")
    with pytest.raises(Conflict) as error:
        judge(ann, own, "accepted")
    assert error.value.code == "own_answer"
    with pytest.raises(NotFound):
        judge(factories.owner("Sue's"), other, "accepted")
    with pytest.raises(DomainError, match="Say why"):
        judge(ann, other, "rejected", reason=" \0")
    change_annotation(actor=bob, annotation_id=other.pk, revision=1, answer={"label": ["spam"]})
    with pytest.raises(DomainError) as old:
        judge(ann, other, "accepted", revision=1)
    assert (old.value.code, old.value.extra["revision"]) == ("revision_old", 2)
    assert AuditEntry.objects.filter(action="annotation.review").count() == 0


def test_the_list_holds_others_answers_by_verdict_at_a_constant_cost(
    ann: Actor, bob: Actor, project: Project, django_assert_num_queries: Any
) -> None:
    answered(ann, project, "ham")
    answers = answered(bob, project, "ham", "spam", "ham", "spam")
    for answer, verdict in zip(answers, ["accepted", "rejected", "fixed", "none"], strict=True):
        judge(ann, answer, verdict, reason="No.", answer={"label": ["spam"]})
    schema = parse_schema(project.schema)

    def listed(**wish: Any) -> list[tuple[int, str]]:
        rows = answers_to_review(actor=ann, project=project, schema=schema, wish=Wish(except_of=ann.user_id, **wish))[
            "results"
        ]
        return [(row["annotation"], row["verdict"]) for row in rows]

    numbers = [answer.pk for answer in answers]
    assert listed() == [(numbers[3], "none"), (numbers[2], "fixed"), (numbers[0], "accepted")]
    assert listed(review="none") == [(numbers[3], "none")]
    assert listed(review="rejected") == [(numbers[1], "rejected")]
    assert listed(review="fixed", control="label", value="spam") == [(numbers[2], "fixed")]
    assert listed(item=answers[0].task.item_id) == [(numbers[0], "accepted")]
    for wish in ({}, {"review": "none"}):
        with django_assert_num_queries(3):
            listed(**wish)
    people = {row["user"]: row for row in project_figures(project=project)["people"]}
    assert [people[bob.user_id][name] for name in ("answers", "accepted", "fixed", "sent_back")] == [3, 1, 1, 1]


def test_a_random_share_is_the_same_for_a_seed_and_about_that_share_of_everybody(ann: Actor) -> None:
    project = factories.project(ann)
    tasks = factories.tasks(project, 400)
    people = [factories.member(ann, "annotator") for _ in range(2)]
    from django.utils import timezone

    now = timezone.now()
    Annotation.objects.bulk_create(
        Annotation(
            project=project, task=task, annotator_id=people[number % 2].user_id, answer={"label": ["ham"]},
            client_key=uuid.uuid4(), created_at=now, updated_at=now,
        )
        for number, task in enumerate(tasks)
    )  # fmt: skip
    schema = parse_schema(project.schema)

    def drawn(share: int, seed: int) -> set[int]:
        found: set[int] = set()
        before: int | None = None
        while True:
            page = find_answers(
                actor=ann, project=project, schema=schema, wish=Wish(share=share, seed=seed), before=before
            )
            found |= {row.pk for row in page.rows}
            before = page.before
            if before is None:
                return found

    ten = drawn(10, 1)
    assert ten == drawn(10, 1) != drawn(10, 2)
    assert ten < drawn(30, 1)
    assert len(drawn(100, 1)) == 400
    # Three standard deviations of a binomial with 400 draws of 0.1 are 18.
    assert 22 <= len(ten) <= 58


def test_erasing_an_item_takes_rejections_and_their_figures_along(ann: Actor, bob: Actor, project: Project) -> None:
    first, second = answered(bob, project, "ham", "spam")
    judge(ann, first, "rejected", reason="No.")
    judge(ann, second, "accepted")
    erase_tasks(project_id=project.pk, items=[first.task.item_id, second.task.item_id])
    assert (Rejection.objects.count(), counters(project, bob)) == (0, (0, 0, 0, 0))


@pytest.mark.django_db(transaction=True)
def test_a_rejection_and_a_correction_at_once_come_one_behind_the_other(
    ann: Actor, bob: Actor, project: Project
) -> None:
    """Whoever comes second is told; the counters are those of what is left, and nothing locks up."""
    for _round in range(6):
        (answer,) = answered(bob, project, "ham")
        assert sorted(at_once(ann, bob, answer)) in (
            ["change", "reject: revision_old"],
            ["change: not_found", "reject"],
            ["change: revision_old", "reject"],
        )
        assert counters(project, bob)[0] == Annotation.objects.filter(annotator=bob.user_id).count()
        assert sum(tallies(project).values()) == Annotation.objects.count()
        for task in lease(bob, project, 5):
            if task["rejection"]:
                send(bob, project, task, "ham")
            else:
                release_tasks(actor=bob, project_id=project.pk, tasks=[task["id"]])
    assert Annotation.objects.count() == 6
    assert not Rejection.objects.filter(settled_at=None).exists()


def at_once(ann: Actor, bob: Actor, answer: Annotation) -> list[str]:
    """Reject an answer and change it in two threads, and return what became of each."""
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def work(call: Callable[[], Any], name: str) -> None:
        barrier.wait()
        try:
            call()
            outcomes.append(name)
        except (DomainError, NotFound) as error:
            outcomes.append(f"{name}: {error.code}")
        finally:
            connections.close_all()

    calls: dict[str, Callable[[], Any]] = {
        "reject": lambda: judge(ann, answer, "rejected", revision=1, reason="No."),
        "change": lambda: change_annotation(actor=bob, annotation_id=answer.pk, revision=1, answer={"label": ["spam"]}),
    }
    threads = [threading.Thread(target=work, args=(call, name)) for name, call in calls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return outcomes
