"""Counts that are kept as decisions change agree with the questions, however many people decide and undo at once."""

import random
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from core.errors import Conflict
from curation.models import Decision, Question, Run
from curation.services import finding as service
from curation.services.finding import decide_by_rule, decide_question, undo_decision, undo_rule
from curation.services.question_count import question_counts, recent_bulks
from tests import factories
from tests.curation.services.test_finding import CONFLICT, import_, reviewed

PAIRS = 12


def asked(actor: Actor, pairs: int = PAIRS, version: int | None = None) -> Run:
    """Return a run that asks one question for each pair of equal texts with different labels."""
    rows = "text,label\n" + "".join(f"text {n},{name}\n" for n in range(pairs) for name in "ab")
    return reviewed(actor, CONFLICT, version or import_(actor, rows).result["version"])


def truth(run: Run) -> list[dict[str, Any]]:
    """Count the questions themselves."""
    rows = Question.objects.filter(run=run).values("code").order_by("code")
    return list(rows.annotate(open=Count("pk", Q(state="open")), decided=Count("pk", Q(state="decided"))))


def standing(run: Run) -> dict[uuid.UUID | None, int]:
    rows = Decision.objects.filter(run=run, undone_at=None).exclude(bulk=None).values("bulk")
    return {row["bulk"]: row["rows"] for row in rows.annotate(rows=Count("pk"))}


def check(*runs: Run) -> None:
    for run in runs:
        assert question_counts(run) == truth(run)
        assert {row.bulk: row.standing for row in recent_bulks(run, 100)} == standing(run)


def change(actor: Actor, run: Run, luck: random.Random) -> None:
    """Do one thing that people do in a review."""
    question = Question.objects.get(run=run, number=luck.randint(1, PAIRS))
    kind = luck.random()
    try:
        if kind < 0.5:
            action = luck.choice(["keep", "drop"])
            decide_question(
                actor=actor, run_id=run.pk, number=question.number, action=action, expected=question.decision_id
            )
        elif kind < 0.8 and question.decision_id:
            undo_decision(actor=actor, run_id=run.pk, number=question.number, decision_id=question.decision_id)
        elif kind < 0.9:
            decide_by_rule(actor=actor, run_id=run.pk, rule="keep_first", code="label_conflict", bulk=uuid.uuid4())
        elif made := list(standing(run)):
            undo_rule(actor=actor, run_id=run.pk, bulk=luck.choice(made) or uuid.uuid4())
    except Conflict:
        pass  # somebody was faster


@pytest.mark.django_db
def test_counts_follow_sixty_random_changes_on_two_runs() -> None:
    actor = factories.owner()
    first = asked(actor)
    second = asked(actor, version=first.input_id)
    assert question_counts(first) == [{"code": "label_conflict", "open": PAIRS, "decided": 0}]
    luck, seen = random.Random(5), set()
    for _step in range(60):
        change(actor, luck.choice([first, second]), luck)
        check(first, second)
        seen.add(question_counts(first)[0]["decided"])
    assert len(seen) > 5


@pytest.mark.django_db
def test_decisions_that_a_run_gives_again_are_counted() -> None:
    actor = factories.owner()
    first = asked(actor)
    decide_question(actor=actor, run_id=first.pk, number=1, action="keep")
    second = asked(actor, version=first.input_id)
    assert question_counts(second) == [{"code": "label_conflict", "open": PAIRS - 1, "decided": 1}]
    undo_decision(
        actor=actor, run_id=first.pk, number=1, decision_id=Question.objects.get(run=first, number=1).decision_id
    )
    assert [row["decided"] for run in (first, second) for row in question_counts(run)] == [0, 0]
    check(first, second)


@pytest.mark.django_db
def test_a_rule_is_undone_in_several_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CHUNK", 7)
    actor = factories.owner()
    run, bulk = asked(actor), uuid.uuid4()
    assert decide_by_rule(actor=actor, run_id=run.pk, rule="keep_all", code="label_conflict", bulk=bulk)[0] == PAIRS
    check(run)
    assert [(row.bulk, row.standing, row.made_by_id) for row in recent_bulks(run, 5)] == [(bulk, PAIRS, actor.user_id)]
    assert undo_rule(actor=actor, run_id=run.pk, bulk=bulk)[0] == PAIRS
    check(run)
    assert recent_bulks(run, 5) == []


@pytest.mark.django_db(transaction=True)
def test_counts_are_right_after_many_people_at_once() -> None:
    ann = factories.owner()
    people = [factories.member(ann, "reviewer") for _number in range(6)]
    first = asked(ann)
    second = asked(ann, version=first.input_id)

    def work(number: int) -> None:
        luck = random.Random(number)
        try:
            for _step in range(15):
                change(people[number], luck.choice([first, second]), luck)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(work, range(len(people))))
    check(first, second)


@pytest.mark.django_db
def test_the_review_page_counts_nothing_and_asks_as_much_for_any_number_of_questions() -> None:
    actor = factories.owner()
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    counts = []
    for pairs in (3, 60):
        run = asked(actor, pairs)
        decide_by_rule(actor=actor, run_id=run.pk, rule="keep_first", code="label_conflict", bulk=uuid.uuid4())
        decided = Question.objects.get(run=run, number=1).decision_id
        undo_decision(actor=actor, run_id=run.pk, number=1, decision_id=decided)
        for path in (
            f"/runs/{run.pk}/review/",
            f"/runs/{run.pk}/",
            f"/runs/{run.pk}/findings/",
            f"/api/v1/runs/{run.pk}/questions/",
        ):
            with CaptureQueriesContext(connection) as found:
                page = client.get(path)
            assert page.status_code == 200
            counts.append((path.split("/")[-2] if "api" not in path else "api", len(found)))
            tables = ("curation_question", "curation_decision", "curation_finding")
            counted = [row["sql"] for row in found if "COUNT(" in row["sql"].upper()]
            assert [sql for sql in counted if any(f'"{table}"' in sql for table in tables)] == []
    assert [number for _path, number in counts[:4]] == [number for _path, number in counts[4:]]
