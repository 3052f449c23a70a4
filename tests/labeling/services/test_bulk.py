"""One answer to many items: what is stored, what is passed over, and what the counters say afterwards."""

import uuid
from typing import Any

import pytest
from django.db.models import Count, F

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotFound
from labeling.engine.schema import parse_schema
from labeling.models import (
    Annotation,
    AnnotationRevision,
    Bulk,
    Draft,
    Lease,
    Progress,
    Project,
    Tally,
    Task,
    Verdict,
)
from labeling.services import bulk as bulk_service
from labeling.services import bulk_undo
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, run_bulk, start_bulk
from labeling.services.bulk_undo import run_undo, undo_bulk
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.review import judge_answer
from labeling.services.schema_change import change_schema
from labeling.services.suggestion import store_suggestions
from tests import factories
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(count: int = 6, **fields: Any) -> tuple[Actor, Actor, Project]:
    ann = factories.owner()
    return ann, factories.member(ann, "annotator"), numbered(ann, count, **fields)


def give(actor: Actor, project: Project, label: str, *items: int, **fields: Any) -> Bulk:
    named = list(items) if items else None
    if named is None:
        fields.setdefault("wanted", {})
    order = Order({"label": [label]}, named, **fields)
    return start_bulk(actor=actor, project_id=project.pk, order=order)


def hold(actor: Actor, project: Project, count: int) -> list[dict[str, Any]]:
    return lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]


def answer(actor: Actor, project: Project, *labels: str | None, **fields: Any) -> None:
    rows = []
    for task, label in zip(hold(actor, project, len(labels)), labels, strict=True):
        given = {"skipped": True, "answer": None} if label is None else {"answer": {"label": [label]}}
        rows.append({"client_key": str(uuid.uuid4()), "task": task["id"], **given, **fields})
    found = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
    assert {row["status"] for row in found} <= {"saved"}


def said(project: Project, actor: Actor) -> dict[int, Any]:
    rows = Annotation.objects.filter(project=project, annotator=actor.user_id).select_related("task")
    return {row.task.item_id: None if row.skipped else row.answer["label"][0] for row in rows}


def tallies(actor: Actor, kind: str = "label") -> dict[str, int]:
    rows = Tally.objects.filter(annotator=actor.user_id, kind=kind)
    return {row.name: row.count for row in rows if row.count}


def check(project: Project) -> None:
    """Every counter is what a count of the rows says, and no task has more people than places."""
    for task in Task.objects.filter(project=project).annotate(people=Count("leases")):
        assert task.open_slots == task.overlap - task.people
    answered = Annotation.objects.filter(project=project)
    assert answered.exclude(task__leases__annotator=F("annotator")).count() == 0
    assert Lease.objects.filter(project=project, expires_at=None).count() == answered.count()
    for seat in Progress.objects.filter(project=project):
        own = answered.filter(annotator=seat.annotator_id)
        assert (seat.answers, seat.skipped) == (own.count(), own.filter(skipped=True).count())
        assert seat.suggestions_shown == own.exclude(suggestion=None).count()
        assert seat.suggestions_accepted == own.filter(accepted_suggestion=True).count()
        assert (seat.accepted_answers, seat.fixed_answers) == tuple(
            own.filter(verdict=verdict).count() for verdict in (Verdict.ACCEPTED, Verdict.FIXED)
        )
        counted: dict[str, int] = {}
        for row in own.filter(skipped=False):
            for value in row.answer.get("label", []):
                counted[value] = counted.get(value, 0) + 1
        rows = Tally.objects.filter(project=project, annotator=seat.annotator_id, kind="label").exclude(count=0)
        assert {row.name: row.count for row in rows} == counted


def finish(bulk: Bulk) -> dict[str, Any]:
    assert bulk.job is not None
    work = run_bulk if bulk.job.kind == bulk_service.KIND else run_undo
    result = work(job=start(bulk.job), bulk_id=bulk.pk)
    Job.objects.filter(pk=bulk.job.pk).update(state="succeeded", finished_at=bulk.created_at)
    return result


def test_items_get_the_answer_as_if_the_person_had_given_it_one_by_one() -> None:
    _ann, bob, project = make(6)
    done = give(bob, project, "spam", 2, 4, 5)
    assert (done.state, done.counts, done.job) == ("done", {"stored": 3}, None)
    assert said(project, bob) == {2: "spam", 4: "spam", 5: "spam"}
    assert tallies(bob) == {"spam": 3}
    check(project)
    # The queue hands out the others and none of these.
    assert sorted(task["item_id"] for task in hold(bob, project, 9)) == [1, 3, 6]
    row = Annotation.objects.filter(project=project).first()
    assert (row.revision, row.schema_revision, row.seconds, row.suggestion_id) == (1, 1, 0, None)
    entry = AuditEntry.objects.get(action="project.bulk_answer")
    assert (entry.subject, entry.data["bulk"], entry.data["answer"]) == (
        f"project:{project.pk}",
        done.pk,
        {"label": ["spam"]},
    )


def test_what_is_passed_over_is_counted_by_its_reason() -> None:
    ann, bob, project = make(6)
    answer(ann, project, "ham")  # item 1: full
    hold(ann, project, 1)  # item 2: leased
    answer(bob, project, "ham", "spam")  # items 3 and 4
    found = give(bob, project, "spam", 1, 2, 3, 4, 5, 77)
    assert found.counts == {"stored": 1, "full": 1, "leased": 1, "answered": 1, "same": 1, "unknown": 1}
    assert said(project, bob) == {3: "ham", 4: "spam", 5: "spam"}
    check(project)


def test_earlier_answers_are_corrected_only_when_that_is_asked_for() -> None:
    _ann, bob, project = make(4)
    answer(bob, project, "ham", None, "spam")
    found = give(bob, project, "spam", 1, 2, 3, 4, change_own=True)
    assert found.counts == {"stored": 1, "changed": 2, "same": 1}
    assert said(project, bob) == {1: "spam", 2: "spam", 3: "spam", 4: "spam"}
    before = AnnotationRevision.objects.order_by("task__item_id")
    assert [(row.answer, row.skipped, row.taken_back) for row in before] == [
        ({"label": ["ham"]}, False, False),
        (None, True, False),
    ]
    check(project)
    undone = undo_bulk(actor=bob, bulk_id=found.pk)
    assert (undone.state, undone.undone) == ("undone", {"taken_back": 1, "restored": 2})
    assert said(project, bob) == {1: "ham", 2: None, 3: "spam"}
    check(project)


def test_a_place_that_the_person_holds_serves_and_its_draft_goes() -> None:
    _ann, bob, project = make(2)
    held = hold(bob, project, 2)
    Draft.objects.create(task_id=held[0]["id"], annotator_id=bob.user_id, answer={}, saved_at=project.created_at)
    assert give(bob, project, "ham", 1, 2).counts == {"stored": 2}
    assert not Draft.objects.exists()
    check(project)
    row = {"client_key": str(uuid.uuid4()), "task": held[0]["id"], "lease": held[0]["lease"]["token"]}
    late = save_answers(actor=bob, project_id=project.pk, answers=[{**row, "answer": {"label": ["spam"]}}])
    assert late["results"][0]["status"] == "invalid"
    assert said(project, bob) == {1: "ham", 2: "ham"}


def test_an_overlap_of_two_takes_two_people_and_no_third() -> None:
    ann, bob, project = make(3, overlap=2)
    eve = factories.member(ann, "annotator")
    assert give(ann, project, "ham", 1, 2, 3).counts == {"stored": 3}
    assert give(bob, project, "spam", 1, 2, 3).counts == {"stored": 3}
    assert give(eve, project, "spam", 1, 2, 3).counts == {"full": 3}
    check(project)


def test_sending_an_order_twice_answers_once() -> None:
    ann, bob, project = make(3)
    key = uuid.uuid4()
    first = give(bob, project, "spam", 1, 2, client_key=key)
    assert give(bob, project, "spam", 1, 2, client_key=key).pk == first.pk
    assert Bulk.objects.count() == 1
    check(project)
    other = factories.project(ann)
    with pytest.raises(Conflict, match="client_key"):
        give(bob, other, "spam", 1, client_key=key)


def test_an_undo_takes_back_what_nobody_changed_and_the_tasks_return() -> None:
    ann, bob, project = make(4)
    done = give(bob, project, "spam", 1, 2, 3)
    own = Annotation.objects.get(task__item_id=2)
    change_annotation(actor=bob, annotation_id=own.pk, revision=1, answer={"label": ["ham"]})
    undone = undo_bulk(actor=bob, bulk_id=done.pk)
    assert (undone.state, undone.undone, undone.undone_by_id) == (
        "undone",
        {"taken_back": 2, "kept": 1},
        bob.user_id,
    )
    assert said(project, bob) == {2: "ham"}
    check(project)
    assert sorted(task["item_id"] for task in hold(ann, project, 9)) == [1, 3, 4]
    assert AnnotationRevision.objects.filter(taken_back=True).count() == 2
    assert AuditEntry.objects.filter(action="project.bulk_undo").count() == 1
    # Once more changes nothing.
    assert undo_bulk(actor=bob, bulk_id=done.pk).undone == undone.undone
    check(project)


def test_bulks_upon_each_other_are_undone_one_after_the_other() -> None:
    _ann, bob, project = make(2)
    first = give(bob, project, "ham", 1, 2)
    second = give(bob, project, "spam", 1, 2, change_own=True)
    third = give(bob, project, "ham", 1, 2, change_own=True)
    for done, left in ((third, "spam"), (second, "ham")):
        assert undo_bulk(actor=bob, bulk_id=done.pk).undone == {"restored": 2}
        assert said(project, bob) == {1: left, 2: left}
        check(project)
    assert undo_bulk(actor=bob, bulk_id=first.pk).undone == {"taken_back": 2}
    assert said(project, bob) == {}
    check(project)


def test_what_the_questions_no_longer_take_is_not_brought_back() -> None:
    ann, bob, project = make(2, labels=("ham", "spam", "junk"))
    answer(bob, project, "junk", "ham")
    done = give(bob, project, "spam", 1, 2, change_own=True)
    schema = parse_schema(project.schema).to_json()
    schema["controls"][0]["labels"] = schema["controls"][0]["labels"][:2]
    _project, job = change_schema(actor=ann, project_id=project.pk, schema=schema, schema_revision=1)
    Job.objects.filter(pk=job.pk).update(state="succeeded")
    assert undo_bulk(actor=bob, bulk_id=done.pk).undone == {"restored": 1, "kept": 1}
    assert said(project, bob) == {1: "spam", 2: "ham"}
    check(project)


def test_counters_of_suggestions_follow_a_correction_and_its_undo() -> None:
    ann, bob, project = make(2)
    store_suggestions(actor=ann, project_id=project.pk, source="quick", rows=[(1, {"label": ["ham"]}, 0.9)])
    task = hold(bob, project, 1)[0]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": ["ham"]}}
    save_answers(actor=bob, project_id=project.pk, answers=[{**row, "suggestion": task["suggestion"]["id"]}])
    assert tallies(bob, "accepted") == {"quick": 1}
    done = give(bob, project, "spam", 1, 2, change_own=True)
    assert (tallies(bob, "accepted"), tallies(bob, "shown")) == ({}, {"quick": 1})
    check(project)
    undo_bulk(actor=bob, bulk_id=done.pk)
    assert (tallies(bob, "accepted"), tallies(bob, "shown")) == ({"quick": 1}, {"quick": 1})
    check(project)


def test_a_verdict_goes_with_the_answer_that_it_was_said_of() -> None:
    ann, bob, project = make(4)
    first = give(bob, project, "ham", 1, 2, 3)
    numbers = list(Annotation.objects.order_by("pk").values_list("pk", flat=True))
    for number in numbers[:2]:
        judge_answer(actor=ann, annotation_id=number, verdict="accepted")
    judge_answer(actor=ann, annotation_id=numbers[2], verdict="fixed", answer={"label": ["spam"]})
    check(project)
    second = give(bob, project, "spam", 1, change_own=True)
    assert Annotation.objects.get(pk=numbers[0]).verdict == ""
    check(project)
    undo_bulk(actor=bob, bulk_id=second.pk)
    check(project)
    # What the reviewer only accepted is taken back; what they fixed was changed since.
    assert undo_bulk(actor=bob, bulk_id=first.pk).undone == {"taken_back": 2, "kept": 1}
    check(project)


def test_many_are_answered_by_a_job_that_goes_on_where_it_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_service, "AT_ONCE", 3)
    monkeypatch.setattr(bulk_service, "BATCH", 4)
    ann, bob, project = make(11)
    answer(ann, project, "ham")
    done = give(bob, project, "spam", *range(1, 12), 50)
    assert (done.state, done.counts, done.selection) == ("running", {}, {"items": "1-11,50"})
    with pytest.raises(Conflict, match="still being given"):
        undo_bulk(actor=bob, bulk_id=done.pk)

    calls = []

    def killed(**fields: Any) -> Any:
        calls.append(fields["after"])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return look(**fields)

    look = bulk_service.look
    monkeypatch.setattr(bulk_service, "look", killed)
    with pytest.raises(KeyboardInterrupt):
        run_bulk(job=start(done.job), bulk_id=done.pk)
    assert len(said(project, bob)) == 3
    check(project)
    Job.objects.filter(pk=done.job.pk).update(state="queued")
    result = run_bulk(job=start(Job.objects.get(pk=done.job.pk)), bulk_id=done.pk)
    assert calls == [0, 4, 4, 8]
    assert result == {"bulk": done.pk, "stored": 10, "full": 1, "unknown": 1}
    done.refresh_from_db()
    assert (done.state, done.tasks.count()) == ("done", 10)
    check(project)
    # A third attempt finds nothing to do.
    Job.objects.filter(pk=done.job.pk).update(state="queued")
    assert run_bulk(job=start(Job.objects.get(pk=done.job.pk)), bulk_id=done.pk) == result
    check(project)


def test_an_undo_of_many_is_a_job_and_survives_being_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    _ann, bob, project = make(9)
    done = give(bob, project, "spam", *range(1, 10))
    monkeypatch.setattr(bulk_undo, "AT_ONCE", 3)
    monkeypatch.setattr(bulk_undo, "BATCH", 4)
    undoing = undo_bulk(actor=bob, bulk_id=done.pk)
    assert (undoing.state, undoing.job.kind) == ("undoing", "labeling.undo_bulk")
    context = start(undoing.job)
    monkeypatch.setattr(context, "progress", lambda *_parts, **_fields: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_undo(job=context, bulk_id=done.pk)
    assert len(said(project, bob)) == 5
    check(project)
    Job.objects.filter(pk=undoing.job.pk).update(state="queued")
    assert run_undo(job=start(Job.objects.get(pk=undoing.job.pk)), bulk_id=done.pk)["taken_back"] == 9
    assert said(project, bob) == {}
    assert undo_bulk(actor=bob, bulk_id=done.pk).state == "undone"
    check(project)


def test_a_cancelled_bulk_is_undone_as_far_as_it_came_and_its_job_gives_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_service, "AT_ONCE", 2)
    monkeypatch.setattr(bulk_service, "BATCH", 2)
    _ann, bob, project = make(6)
    done = give(bob, project, "spam")
    context = start(done.job)
    monkeypatch.setattr(context, "progress", lambda *_parts, **_fields: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run_bulk(job=context, bulk_id=done.pk)
    Job.objects.filter(pk=done.job.pk).update(state="cancelled", finished_at=done.created_at)
    assert undo_bulk(actor=bob, bulk_id=done.pk).undone == {"taken_back": 2}
    Job.objects.filter(pk=done.job.pk).update(state="queued", finished_at=None)
    run_bulk(job=start(Job.objects.get(pk=done.job.pk)), bulk_id=done.pk)
    assert said(project, bob) == {}
    check(project)


def test_a_filter_chooses_and_is_kept_as_it_was_asked() -> None:
    ann, bob, project = make(6)
    answer(ann, project, "ham", "spam")
    found = give(bob, project, "spam", wanted={"state": "open"})
    assert (found.counts, found.selection) == ({"stored": 4}, {"state": "open", "sees_all": False})
    assert sorted(said(project, bob)) == [3, 4, 5, 6]


def test_only_the_person_or_who_manages_may_undo() -> None:
    ann, bob, project = make(3)
    eve, ray = factories.member(ann, "annotator"), factories.member(ann, "reviewer")
    done = give(bob, project, "spam", 1, 2)
    with pytest.raises(NotFound):
        undo_bulk(actor=eve, bulk_id=done.pk)
    with pytest.raises(DomainError) as refused:
        undo_bulk(actor=ray, bulk_id=done.pk)
    assert refused.value.status == 403
    undone = undo_bulk(actor=ann, bulk_id=done.pk)
    assert (undone.undone, undone.undone_by_id) == ({"taken_back": 2}, ann.user_id)
    check(project)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"label": ["nonsense"]}, "answer_invalid"),
        ({}, "answer_invalid"),
        ({"label": []}, "answer_invalid"),
        ([], "answer_invalid"),
        ({"other": 1}, "answer_invalid"),
    ],
)
def test_answers_that_do_not_fit_are_refused_and_nothing_is_stored(given: Any, code: str) -> None:
    _ann, bob, project = make(2)
    with pytest.raises(DomainError) as refused:
        start_bulk(actor=bob, project_id=project.pk, order=Order(given, [1, 2]))
    assert refused.value.code == code
    assert not Bulk.objects.exists()


@pytest.mark.parametrize("items", [[], list(range(1, 10_002))])
def test_no_items_and_too_many_are_refused(items: list[int]) -> None:
    _ann, bob, project = make(1)
    with pytest.raises(DomainError, match="from 1 to 10,000"):
        start_bulk(actor=bob, project_id=project.pk, order=Order({"label": ["ham"]}, items))


def test_questions_that_one_label_does_not_answer_have_no_grid() -> None:
    ann = factories.owner()
    labels = [{"value": "a"}, {"value": "b"}]
    rating = {"name": "mood", "type": "rating"}
    choice = {"name": "label", "type": "choice", "labels": labels}
    schema = {"display": [{"type": "text", "field": "text"}], "controls": [choice, rating]}
    project = factories.project(ann, schema=parse_schema(schema).to_json())
    factories.tasks(project, 1)
    with pytest.raises(DomainError, match="item by item: mood") as refused:
        give(ann, project, "a", 1)
    assert refused.value.code == "grid_not_offered"


def test_a_paused_project_takes_no_bulk_and_a_changing_one_neither() -> None:
    ann, bob, project = make(2, labels=("ham", "spam", "junk"))
    change_project(actor=ann, project_id=project.pk, state="paused")
    with pytest.raises(Conflict, match="paused"):
        give(bob, project, "ham", 1)
    change_project(actor=ann, project_id=project.pk, state="open")
    schema = parse_schema(project.schema).to_json()
    schema["controls"][0]["labels"] = schema["controls"][0]["labels"][:2]
    change_schema(actor=ann, project_id=project.pk, schema=schema, schema_revision=1)
    with pytest.raises(Conflict, match="brought along"):
        give(bob, project, "ham", 1)


def test_a_job_whose_answer_the_questions_no_longer_take_stops_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_service, "AT_ONCE", 1)
    ann, bob, project = make(2, labels=("ham", "spam", "junk"))
    done = give(bob, project, "junk", 1, 2)
    schema = parse_schema(project.schema).to_json()
    schema["controls"][0]["labels"] = schema["controls"][0]["labels"][:2]
    change_schema(actor=ann, project_id=project.pk, schema=schema, schema_revision=1)
    with pytest.raises(Conflict, match="not fit"):
        run_bulk(job=start(done.job), bulk_id=done.pk)
    assert not Annotation.objects.exists()


def test_a_given_back_lease_is_free_for_a_bulk() -> None:
    ann, bob, project = make(1)
    held = hold(ann, project, 1)
    assert give(bob, project, "ham", 1).counts == {"leased": 1}
    release_tasks(actor=ann, project_id=project.pk, tasks=[held[0]["id"]])
    assert give(bob, project, "ham", 1).counts == {"stored": 1}
    Lease.objects.filter(project=project).exclude(expires_at=None).delete()
    check(project)
