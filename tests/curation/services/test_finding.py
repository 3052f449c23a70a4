"""Decisions about findings: saved, compared before set, undone, made by rule, applied and given again."""

import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, DomainError
from curation.models import Decision, Finding, Question, Run, Version
from curation.services import finding as service
from curation.services.decision import decisions_to_apply, start_apply
from curation.services.finding import decide_by_rule, decide_question, undo_decision, undo_rule
from curation.services.item import page_of_drops, page_of_items
from curation.services.question import find_question, list_questions, neighbours, question_json
from curation.services.run import start_run
from curation.tasks import apply_decisions
from curation.tasks import decide_by_rule as rule_task
from tests import factories
from tests.curation.services.test_import import import_, work
from workers.models import Job

pytestmark = pytest.mark.django_db

# Items 1 and 2 are a tie, items 4 to 6 have a majority, item 3 asks nothing.
REVIEWS = "text,label\nGood book,pos\ngood  book,neg\nfine,pos\nslow,neg\nSlow,neg\nslow,pos\n"
CONFLICT = {"steps": [{"name": "conflicting_labels"}]}
DEFAULT = {"steps": [{"name": "conflicting_labels"}, {"name": "exact_duplicates"}]}


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def reviewed(actor: Actor, steps: dict[str, Any] = DEFAULT, version: int | None = None) -> Run:
    """Import the reviews, or take a version, and run a plan on it."""
    version = version or import_(actor, REVIEWS).result["version"]
    run, job = start_run(actor=actor, version_id=version, steps=steps)
    assert work(job).error is None
    run.refresh_from_db()
    return run


def done(job: Job) -> Job:
    {"curation.apply_decisions": apply_decisions, "curation.decide_by_rule": rule_task}[job.kind](job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", None)
    return job


def rows(actor: Actor, version: int | None) -> list[tuple[int, str, str | None]]:
    assert version is not None
    found = page_of_items(actor=actor, version_id=version)["results"]
    return [(row["item_id"], row["text"], row["label"]) for row in found]


def states(run: Run) -> dict[int, str]:
    return dict(Finding.objects.filter(run=run).order_by("item_id").values_list("item_id", "state"))


def test_findings_become_questions_with_what_differs(actor: Actor) -> None:
    run = reviewed(actor)
    listed = list_questions(actor=actor, run_id=run.pk)
    assert [(row["number"], row["code"], row["size"], row["state"]) for row in listed["results"]] == [
        (1, "label_conflict", 2, "open"),
        (2, "label_conflict", 3, "open"),
    ]
    assert listed["counts"] == [{"code": "label_conflict", "open": 2, "decided": 0}]
    question = find_question(actor=actor, run_id=run.pk, number=1)
    assert [(item["item_id"], item["label"]) for item in question["items"]] == [(1, "pos"), (2, "neg")]
    assert question["items"][0]["segments"] == [("-", "Good "), ("=", "book")]
    assert question["items"][1]["segments"] == [("+", "good  "), ("=", "book")]
    assert question["labels"] == ["neg", "pos"]
    assert run.report["decisions"] == {"questions": 2, "replayed": 0}


def test_a_decision_is_saved_with_who_and_marks_its_findings(actor: Actor) -> None:
    run = reviewed(actor)
    question = decide_question(actor=actor, run_id=run.pk, number=1, action="keep_only", items=[2])
    assert question.state == "decided"
    assert question.decision is not None
    assert question.decision.made_by_id == actor.user_id
    assert question.decision.verdict["label"] == "neg"
    assert states(run) == {1: "dropped", 2: "kept", 4: "open", 5: "open", 6: "open"}
    assert AuditEntry.objects.filter(action="question.decide", subject=f"run:{run.pk}").count() == 1


def test_a_second_person_is_shown_the_first_ones_decision(actor: Actor) -> None:
    run = reviewed(actor)
    decide_question(actor=actor, run_id=run.pk, number=1, action="keep")
    other = factories.member(actor, "reviewer")
    with pytest.raises(Conflict) as refused:
        decide_question(actor=other, run_id=run.pk, number=1, action="drop")
    assert refused.value.code == "question_decided"
    seen = refused.value.extra["decision"]
    assert seen["action"] == "keep"
    changed = decide_question(actor=other, run_id=run.pk, number=1, action="drop", expected=seen["id"])
    assert changed.decision is not None
    assert changed.decision.verdict == {"action": "drop"}
    assert Decision.objects.filter(undone_at=None).count() == 1


def test_sending_an_answer_twice_decides_once(actor: Actor) -> None:
    run, key = reviewed(actor), uuid.uuid4()
    for _time in range(2):
        decide_question(actor=actor, run_id=run.pk, number=1, action="keep", client_key=key)
    assert Decision.objects.count() == 1


def test_undoing_opens_the_question_again_and_twice_is_once(actor: Actor) -> None:
    run = reviewed(actor)
    made = decide_question(actor=actor, run_id=run.pk, number=1, action="drop").decision
    assert made is not None
    for _time in range(2):
        question = undo_decision(actor=actor, run_id=run.pk, number=1, decision_id=made.pk)
        assert (question.state, question.decision) == ("open", None)
    assert set(states(run).values()) == {"open"}
    made.refresh_from_db()
    assert made.undone_by_id == actor.user_id


def test_undoing_what_somebody_changed_is_refused(actor: Actor) -> None:
    run = reviewed(actor)
    first = decide_question(actor=actor, run_id=run.pk, number=1, action="drop").decision
    assert first is not None
    decide_question(actor=actor, run_id=run.pk, number=1, action="keep", expected=first.pk)
    with pytest.raises(Conflict):
        undo_decision(actor=actor, run_id=run.pk, number=1, decision_id=first.pk)


@pytest.mark.parametrize(
    "answer",
    [
        {"action": "keep_only", "items": []},
        {"action": "keep_only", "items": [3]},
        {"action": "label", "label": "  "},
    ],
)
def test_an_answer_that_does_not_fit_is_refused(actor: Actor, answer: dict[str, Any]) -> None:
    run = reviewed(actor)
    with pytest.raises(DomainError) as refused:
        decide_question(actor=actor, run_id=run.pk, number=1, **answer)
    assert refused.value.code == "verdict_invalid"
    assert not Decision.objects.exists()


def test_a_rule_decides_what_it_can_and_is_undone_whole(actor: Actor) -> None:
    run, bulk = reviewed(actor), uuid.uuid4()
    for _time in range(2):
        found = decide_by_rule(actor=actor, run_id=run.pk, rule="majority_label", code="label_conflict", bulk=bulk)
        assert found == (1, None)
    assert list(Question.objects.order_by("number").values_list("state", flat=True)) == ["open", "decided"]
    assert Decision.objects.get().verdict == {"action": "label", "label": "neg"}
    assert undo_rule(actor=actor, run_id=run.pk, bulk=bulk) == (1, None)
    assert not Question.objects.filter(state="decided").exists()
    assert set(states(run).values()) == {"open"}


def test_a_rule_leaves_what_people_decided(actor: Actor) -> None:
    run, bulk = reviewed(actor), uuid.uuid4()
    decide_question(actor=actor, run_id=run.pk, number=1, action="drop")
    assert decide_by_rule(actor=actor, run_id=run.pk, rule="keep_first", code="label_conflict", bulk=bulk)[0] == 1
    assert states(run) == {1: "dropped", 2: "dropped", 4: "kept", 5: "dropped", 6: "dropped"}
    undo_rule(actor=actor, run_id=run.pk, bulk=bulk)
    assert states(run) == {1: "dropped", 2: "dropped", 4: "open", 5: "open", 6: "open"}


def test_many_questions_are_decided_by_a_job_that_may_run_twice(actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "INLINE_QUESTIONS", 1)
    monkeypatch.setattr(service, "CHUNK", 1)
    run, bulk = reviewed(actor), uuid.uuid4()
    count, job = decide_by_rule(actor=actor, run_id=run.pk, rule="keep_longest", code="label_conflict", bulk=bulk)
    assert count is None
    assert job is not None
    assert done(job).result == {"run": run.pk, "decided": 2, "bulk": str(bulk)}
    assert states(run) == {1: "dropped", 2: "kept", 4: "kept", 5: "dropped", 6: "dropped"}
    _count, undoing = undo_rule(actor=actor, run_id=run.pk, bulk=bulk)
    assert undoing is not None
    assert done(undoing).result == {"run": run.pk, "undone": 2}


def test_applied_decisions_make_the_next_version_and_say_who(actor: Actor) -> None:
    run = reviewed(actor)
    assert rows(actor, run.output_id) == [(1, "Good book", None), (3, "fine", "pos"), (4, "slow", "neg")]
    assert not decisions_to_apply(run)
    # The plan kept item 1 of the two; the person wants item 2, so it comes back in its place with its own label.
    decide_question(actor=actor, run_id=run.pk, number=1, action="keep_only", items=[2])
    decide_question(actor=actor, run_id=run.pk, number=2, action="drop")
    made, job = start_apply(actor=actor, run_id=run.pk)
    result = done(job).result
    made.refresh_from_db()
    assert rows(actor, result["version"]) == [(2, "good  book", "neg"), (3, "fine", "pos")]
    version = Version.objects.get(pk=result["version"])
    assert (version.kind, version.parent_id, version.number) == ("decisions", run.output_id, 3)
    drops = page_of_drops(actor=actor, run_id=made.pk)["results"]
    assert [(row["item_id"], row["step"], row["reason"]) for row in drops] == [
        (1, "decisions", "decided_drop"),
        (4, "decisions", "decided_drop"),
    ]
    assert drops[0]["detail"].startswith("person")
    assert made.report["steps"][0]["params"] == {"answers": 2, "restored": 1}
    assert not decisions_to_apply(run)
    with pytest.raises(Conflict) as refused:
        start_apply(actor=actor, run_id=run.pk)
    assert refused.value.code == "nothing_decided"


def test_a_merge_is_decided_applied_and_given_again(actor: Actor) -> None:
    run = reviewed(actor)
    with pytest.raises(DomainError):
        decide_question(actor=actor, run_id=run.pk, number=1, action="merge", items=[1, 2])
    question = decide_question(actor=actor, run_id=run.pk, number=1, action="merge", items=[1])
    assert states(run)[2] == "dropped"
    assert question.decision is not None
    assert question_json(question)["decision"]["items"] == [1]
    _made, job = start_apply(actor=actor, run_id=run.pk)
    result = done(job).result
    # The plan had dropped item 2; the labels disagreed, and the one that stays brings its own.
    assert rows(actor, result["version"]) == [(1, "Good book", "pos"), (3, "fine", "pos"), (4, "slow", "neg")]


def test_the_same_decisions_on_the_same_version_give_the_same_hash(actor: Actor) -> None:
    run = reviewed(actor)
    made = decide_question(actor=actor, run_id=run.pk, number=1, action="label", label="pos").decision
    assert made is not None
    first, job = start_apply(actor=actor, run_id=run.pk)
    done(job)
    undo_decision(actor=actor, run_id=run.pk, number=1, decision_id=made.pk)
    assert decisions_to_apply(run)
    decide_question(actor=actor, run_id=run.pk, number=1, action="label", label="pos")
    second, job = start_apply(actor=actor, run_id=run.pk)
    done(job)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.fingerprint == second.fingerprint
    assert first.output.content_hash == second.output.content_hash


def test_a_new_run_gives_the_decisions_again_on_new_data(actor: Actor) -> None:
    run = reviewed(actor)
    decide_question(actor=actor, run_id=run.pk, number=1, action="label", label="pos")
    decide_question(actor=actor, run_id=run.pk, number=2, action="keep_only", items=[6])
    # The same reviews come again with other ids, another spelling and one more row.
    later = import_(actor, REVIEWS.replace("good  book", "GOOD BOOK") + "new,neg\n").result["version"]
    again = reviewed(actor, DEFAULT, later)
    assert again.report["decisions"] == {"questions": 2, "replayed": 2}
    assert rows(actor, again.output_id) == [
        (7, "Good book", "pos"),
        (9, "fine", "pos"),
        (12, "slow", "pos"),
        (13, "new", "neg"),
    ]
    assert again.report["steps"][-1]["name"] == "decisions"
    assert again.report["steps"][-1]["dropped"] == {"decided_drop": 1}
    reasons = {row["item_id"]: row["reason"] for row in page_of_drops(actor=actor, run_id=again.pk)["results"]}
    assert reasons == {8: "duplicate", 11: "duplicate", 10: "decided_drop"}
    questions = list(Question.objects.filter(run=again).order_by("number"))
    assert [(row.state, row.replayed) for row in questions] == [("decided", True), ("decided", True)]
    assert not decisions_to_apply(again)


def test_a_decision_that_was_undone_is_not_given_again(actor: Actor) -> None:
    run = reviewed(actor)
    made = decide_question(actor=actor, run_id=run.pk, number=1, action="drop").decision
    assert made is not None
    undo_decision(actor=actor, run_id=run.pk, number=1, decision_id=made.pk)
    again = reviewed(actor, DEFAULT, run.input_id)
    assert again.report["decisions"] == {"questions": 2, "replayed": 0}
    assert again.output is not None
    assert run.output is not None
    assert again.output.content_hash == run.output.content_hash


def test_an_answer_that_keeps_what_is_gone_asks_again(actor: Actor) -> None:
    run = reviewed(actor)
    decide_question(actor=actor, run_id=run.pk, number=1, action="keep_only", items=[2])
    later = import_(actor, REVIEWS.replace("good  book,neg", "good book,meh")).result["version"]
    again = reviewed(actor, DEFAULT, later)
    assert again.report["decisions"] == {"questions": 2, "replayed": 0}


def test_undoing_a_replayed_decision_opens_it_on_both_runs(actor: Actor) -> None:
    run = reviewed(actor)
    made = decide_question(actor=actor, run_id=run.pk, number=1, action="drop").decision
    assert made is not None
    again = reviewed(actor, DEFAULT, run.input_id)
    undo_decision(actor=actor, run_id=again.pk, number=1, decision_id=made.pk)
    assert list(Question.objects.filter(number=1).values_list("state", flat=True)) == ["open", "open"]


def test_skipped_questions_come_round_again(actor: Actor) -> None:
    run = reviewed(actor)
    assert neighbours(run, 2, state="open") == {"previous": 1, "next": 1}
    assert neighbours(run, 2) == {"previous": 1, "next": None}


def test_decisions_of_another_organization_are_not_given(actor: Actor) -> None:
    run = reviewed(actor)
    decide_question(actor=actor, run_id=run.pk, number=1, action="drop")
    stranger = factories.owner("Sue's")
    assert reviewed(stranger).report["decisions"] == {"questions": 2, "replayed": 0}
