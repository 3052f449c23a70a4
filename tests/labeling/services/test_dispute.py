"""Tasks on which people differ: what a job finds, and how they are listed."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from labeling.engine.schema import parse_schema
from labeling.models import Dispute, Project, Task
from labeling.services.adjudication import decide_task
from labeling.services.annotation import change_annotation
from labeling.services.gold import mark_gold
from labeling.services.side_by_side import Disputes, DisputeWish, count_disputes, find_disputes
from tests import factories
from tests.labeling.crowds import answer, number_of, weighed
from tests.labeling.services.test_schema_change import schema
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db


def make(**fields: Any) -> tuple[Actor, list[Actor], Project]:
    """Return an owner, three annotators and their project: item 1 is agreed on, 2 is two to one, 3 all different."""
    ann = factories.owner()
    people = [factories.member(ann, "annotator") for _number in range(3)]
    project = numbered(ann, 4, overlap=3, labels=("ham", "spam", "eggs"), **fields)
    for person, third in zip(people, ("ham", "spam", "eggs"), strict=True):
        answer(person, project, {1: "ham", 2: "spam" if person is people[0] else "ham", 3: third})
    return ann, people, project


def listed(ann: Actor, project: Project, after: str = "", names: bool = False, **wish: Any) -> Disputes:
    project.refresh_from_db()
    return find_disputes(
        actor=ann, project=project, schema=parse_schema(project.schema), wish=DisputeWish(**wish), after=after,
        names=names,
    )  # fmt: skip


def items(found: Disputes) -> list[int]:
    return [row["task"]["item_id"] for row in found.rows]


def test_a_job_finds_where_people_differ_the_most_open_first() -> None:
    ann, people, project = make()
    result = weighed(ann, project)
    assert (result["answers"], result["differing"], result["methods"]) == (9, 2, {"label": "majority"})
    found = listed(ann, project)
    assert items(found) == [3, 2]
    assert found.after is None
    second = found.rows[1]
    assert (round(second["confidence"], 4), round(second["agreement"], 4)) == (0.6667, 0.6667)
    assert second["controls"]["label"]["votes"] == {"ham": 2, "spam": 1}
    assert second["controls"]["label"]["probable"] == {"ham": 0.6667, "spam": 0.3333}
    assert sorted(row["answer"]["label"][0] for row in second["answers"]) == ["ham", "ham", "spam"]
    assert count_disputes(actor=ann, project=project) == {"open": 2, "decided": 0, "left": 0}
    assert {row["annotation"] for row in second["answers"]} == {number_of(project, 2, person) for person in people}


def test_nothing_says_who_gave_which_answer_unless_names_are_asked_for() -> None:
    ann, people, project = make()
    weighed(ann, project)
    blind = json.dumps(listed(ann, project).rows, default=str)
    assert "@example.com" not in blind
    assert all(row["annotator"] is None for each in listed(ann, project).rows for row in each["answers"])
    named = {row["annotator"]["id"] for each in listed(ann, project, names=True).rows for row in each["answers"]}
    assert named == {person.user_id for person in people}


def test_the_list_is_filtered_by_state_label_person_and_control() -> None:
    ann, people, project = make(schema=schema("ham", "spam", "eggs", controls=[
        {"name": "why", "type": "text", "required": False},
    ]))  # fmt: skip
    dan = factories.member(ann, "annotator")
    weighed(ann, project)
    assert items(listed(ann, project, label="label=eggs")) == [3]
    assert items(listed(ann, project, label="gone=eggs")) == []
    assert items(listed(ann, project, person=people[0].user_id)) == [3, 2]
    assert items(listed(ann, project, person=dan.user_id)) == []
    assert items(listed(ann, project, control="label")) == [3, 2]
    assert items(listed(ann, project, control="why")) == []
    assert items(listed(ann, project, sort="agreement")) == [3, 2]
    assert items(listed(ann, project, item=1)) == [1]
    decide_task(actor=ann, task_id=Task.objects.get(project=project, item_id=3).pk, answer={"label": ["ham"]})
    assert items(listed(ann, project)) == [2]
    (decided,) = listed(ann, project, state="decided").rows
    assert (decided["decision"]["answer"], decided["decision"]["by"]["id"]) == ({"label": ["ham"]}, ann.user_id)


def test_a_second_job_replaces_what_an_earlier_one_found_and_keeps_decisions() -> None:
    ann, people, project = make()
    weighed(ann, project)
    decide_task(actor=ann, task_id=Task.objects.get(project=project, item_id=3).pk, answer={"label": ["ham"]})
    number = number_of(project, 2, people[0])
    change_annotation(actor=people[0], annotation_id=number, revision=1, answer={"label": ["ham"]})
    weighed(ann, project)
    assert list(Dispute.objects.values_list("task__item_id", "state")) == [(3, "decided")]


def test_known_answers_are_none_to_decide() -> None:
    ann, _people, project = make()
    mark_gold(actor=ann, project_id=project.pk, item=3, answer={"label": ["ham"]})
    assert weighed(ann, project)["differing"] == 1
    assert items(listed(ann, project, item=3)) == []


def test_the_pages_of_the_list_hold_every_task_once() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 45, overlap=2)
    answer(bob, project, dict.fromkeys(range(1, 46), "ham"))
    answer(cat, project, dict.fromkeys(range(1, 46), "spam"))
    weighed(ann, project)
    seen: list[int] = []
    after: str | None = ""
    while after is not None:
        found = listed(ann, project, after=after)
        seen += items(found)
        after = found.after
    assert (len(seen), sorted(seen)) == (45, list(range(1, 46)))


def test_the_list_costs_the_same_queries_for_one_task_and_for_many() -> None:
    counts = []
    for count in (1, 30):
        ann = factories.owner()
        bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
        project = numbered(ann, count, overlap=2)
        answer(bob, project, dict.fromkeys(range(1, count + 1), "ham"))
        answer(cat, project, dict.fromkeys(range(1, count + 1), "spam"))
        weighed(ann, project)
        with CaptureQueriesContext(connection) as queries:
            listed(ann, project, label="label=ham", person=bob.user_id)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


SPANS = {
    "display": [{"type": "text", "field": "text"}],
    "controls": [
        {
            "name": "names",
            "type": "spans",
            "field": "text",
            "required": False,
            "labels": [{"value": "who"}, {"value": "where"}],
        },
        {"name": "ties", "type": "relations", "spans": "names", "required": False, "labels": [{"value": "lives"}]},
        {"name": "note", "type": "text", "required": False},
    ],
}


def span(name: str, start: int, end: int, label: str) -> dict[str, Any]:
    return {"id": name, "start": start, "end": end, "label": label, "text": "text 1"[start:end]}


def test_spans_relations_and_words_are_compared_by_what_they_say() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 3, overlap=2, schema=SPANS)
    who, where = (0, 4, "who"), (5, 6, "where")
    first = {"names": [span("a", *who), span("b", *where)], "ties": [{"from": "a", "to": "b", "label": "lives"}]}
    # The same under other names, so nobody differs.
    same = {"names": [span("x", *who), span("y", *where)], "ties": [{"from": "x", "to": "y", "label": "lives"}]}
    answer(bob, project, {1: first, 2: {"names": [], "note": "none"}, 3: {"names": [], "note": "yes"}})
    second = {"names": [{**span("x", *who), "text": "text"}]}
    answer(cat, project, {1: same, 2: second, 3: {"names": [], "note": "no"}})
    result = weighed(ann, project)
    assert (result["differing"], result["unweighed"]) == (2, ["ties", "note"])
    rows = {row["task"]["item_id"]: row["controls"] for row in listed(ann, project).rows}
    assert set(rows) == {2, 3}
    assert (rows[2]["names"]["confidence"], rows[2]["names"]["agreement"], rows[2]["names"]["votes"]) == (
        0.5, 0.0, {"who": 1},
    )  # fmt: skip
    assert rows[3] == {"note": {"confidence": None, "agreement": 0.5, "probable": {}, "votes": {}}}
