"""Every type of control from its schema through answers and corrections to a published version."""

import json
import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from core.errors import DomainError
from curation.models import Version
from curation.services.version import open_version
from labeling.models import Annotation, Project, Tally
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.draft import save_draft
from labeling.services.project import create_project, start_publish
from labeling.services.publish import publish_labels
from labeling.services.queue import lease_tasks
from labeling.services.suggestion import store_suggestions
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.versions import start, version

pytestmark = pytest.mark.django_db

WORDS = ["👩‍🚀 Ann 住在 Zürich", "Bob met Eve"]
SHOWN = [{"type": "text", "field": "text"}]
NER = {
    "name": "names", "type": "spans", "field": "text", "required": False, "labels": [{"value": "PER"}, {"value": "LOC"}]
}  # fmt: skip
TIES = {"name": "ties", "type": "relations", "spans": "names", "labels": [{"value": "lives in"}]}


def make(
    actor: Actor, controls: list[dict[str, Any]], columns: dict[str, Any] | None = None, **options: Any
) -> Project:
    made = version(actor, columns or {"text": WORDS})
    schema = {"display": options.pop("display", SHOWN), "controls": controls}
    project, job = create_project(actor=actor, version_id=made.pk, name="P", schema=schema, **options)
    make_tasks(job=start(job), project_id=project.pk)
    return project


def answer(actor: Actor, project: Project, answers: dict[int, Any]) -> list[dict[str, Any]]:
    tasks = lease_tasks(actor=actor, project_id=project.pk, count=50, holding=[])["tasks"]
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": answers[task["item_id"]],
        }
        for task in tasks
        if task["item_id"] in answers
    ]
    return save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]


def publish(actor: Actor, project: Project, **options: Any) -> tuple[Version, list[dict[str, Any]]]:
    job = start(start_publish(actor=actor, project_id=project.pk, options=options))
    result = publish_labels(job=job, project_id=project.pk, **options)
    made = Version.objects.get(pk=result["version"])
    with open_version(made) as reader:
        return made, reader.table().to_pylist()


def span(name: str, start: int, end: int, label: str, text: str) -> dict[str, Any]:
    return {"id": name, "start": start, "end": end, "label": label, "text": text}


ANN, CITY = span("a", 4, 7, "PER", "Ann"), span("b", 11, 17, "LOC", "Zürich")


def test_spans_and_relations_come_out_as_they_went_in() -> None:
    ann = factories.owner()
    project = make(ann, [NER, TIES])
    tie = {"from": "a", "to": "b", "label": "lives in"}
    sent = {"names": [CITY, ANN], "ties": [tie]}
    assert [row["status"] for row in answer(ann, project, {1: sent, 2: {"names": []}})] == ["saved", "saved"]
    assert Annotation.objects.get(task__item_id=1).answer == {"names": [ANN, CITY], "ties": [tie]}
    made, rows = publish(ann, project, split=False)
    assert made.manifest["roles"] == {"text": "text"}
    assert [json.loads(row["names"]) for row in rows] == [[ANN, CITY], []]
    assert [json.loads(row["ties"]) for row in rows] == [[tie], []]
    (everybody,) = json.loads(rows[0]["annotations"])
    assert (everybody["annotator"], everybody["answer"]) == (ann.user_id, {"names": [ANN, CITY], "ties": [tie]})


def test_a_span_that_quotes_another_text_is_refused_with_the_place() -> None:
    ann = factories.owner()
    project = make(ann, [NER])
    results = answer(ann, project, {1: {"names": [{**ANN, "start": 5, "end": 8}]}, 2: {"names": []}})
    assert [row["status"] for row in results] == ["invalid", "saved"]
    assert results[0]["problem"]["where"] == "names.0.text"
    assert "code points" in results[0]["problem"]["detail"]


def test_what_more_than_half_marked_is_published_and_everybodys_answer_is_kept() -> None:
    ann = factories.owner()
    bob, eve = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = make(ann, [NER, TIES], overlap=3)
    tie = [{"from": "a", "to": "b", "label": "lives in"}]
    other = {**ANN, "id": "z"}
    answer(ann, project, {1: {"names": [ANN, CITY], "ties": tie}})
    answer(bob, project, {1: {"names": [other, CITY], "ties": [{**tie[0], "from": "z"}]}})
    answer(eve, project, {1: {"names": [CITY]}})
    _made, rows = publish(ann, project, split=False, only_labeled=True)
    assert len(rows) == 1
    assert json.loads(rows[0]["names"]) == [{**ANN, "id": "s1"}, {**CITY, "id": "s2"}]
    assert json.loads(rows[0]["ties"]) == [{"from": "s1", "to": "s2", "label": "lives in"}]
    assert [row["annotator"] for row in json.loads(rows[0]["annotations"])] == sorted(
        [ann.user_id, bob.user_id, eve.user_id]
    )


def test_counters_follow_every_span_of_a_corrected_answer() -> None:
    ann = factories.owner()
    project = make(ann, [NER])
    answer(ann, project, {1: {"names": [ANN, span("c", 8, 10, "PER", "住在"), CITY]}})
    saved = Annotation.objects.get()
    change_annotation(actor=ann, annotation_id=saved.pk, revision=1, answer={"names": [CITY]})
    assert dict(Tally.objects.values_list("name", "count")) == {"PER": 0, "LOC": 1}
    with pytest.raises(DomainError) as caught:
        change_annotation(actor=ann, annotation_id=saved.pk, revision=2, answer={"names": [{**CITY, "end": 99}]})
    assert caught.value.code == "answer_invalid"


def test_a_draft_is_compared_with_its_text() -> None:
    ann = factories.owner()
    project = make(ann, [NER])
    (task, *_rest) = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"]
    save_draft(actor=ann, task_id=task["id"], answer={"names": [ANN]})
    with pytest.raises(DomainError):
        save_draft(actor=ann, task_id=task["id"], answer={"names": [{**ANN, "text": "Bob"}]})


def test_suggested_spans_are_compared_with_their_texts() -> None:
    ann = factories.owner()
    project = make(ann, [NER])
    rows = [(1, {"names": [ANN]}, 0.9), (77, {"names": [ANN]}, 0.9)]
    assert store_suggestions(actor=ann, project_id=project.pk, source="tagger 1", rows=rows) == 1
    with pytest.raises(DomainError) as caught:
        store_suggestions(actor=ann, project_id=project.pk, source="t", rows=[(2, {"names": [ANN]}, 0.9)])
    assert caught.value.code == "suggestion_invalid"


def test_a_pair_is_compared_rated_and_rewritten() -> None:
    ann = factories.owner()
    controls = [
        {"name": "better", "type": "preference"},
        {"name": "helpful", "type": "rating", "sides": True, "required": False},
        {"name": "style", "type": "rating", "steps": 3},
        {"name": "rewrite", "type": "text", "required": False},
    ]
    columns = {"text": ["q1", "q2"], "first": ["a1", "a2"], "second": ["b1", "b2"]}
    project = make(ann, controls, columns, display=[*SHOWN, {"type": "pair", "a": "first", "b": "second"}])
    one = {"better": "a", "helpful": {"a": 5, "b": 2}, "style": 3, "rewrite": "c1"}
    answer(ann, project, {1: one, 2: {"better": "tie", "style": 1}})
    made, rows = publish(ann, project, split=False)
    assert made.manifest["roles"]["label"] == "label"
    assert [row["label"] for row in rows] == ["a", "tie"]
    assert [row["style"] for row in rows] == [3, 1]
    assert [row["helpful"] for row in rows] == ['{"a":5,"b":2}', None]
    assert [row["rewrite"] for row in rows] == ["c1", None]


def test_a_form_corrects_a_row_and_a_column_of_its_name_is_not_lost() -> None:
    ann = factories.owner()
    form = {"name": "mass", "type": "form", "columns": [{"field": "mass", "kind": "number", "most": 7000}]}
    project = make(ann, [form], {"text": ["x", "y"], "mass": [3750.0, 99999.0]})
    answer(ann, project, {1: {"mass": {"mass": 3750}}, 2: {"mass": {"mass": None}}})
    _made, rows = publish(ann, project, split=False)
    assert [row["mass"] for row in rows] == [3750.0, 99999.0]
    assert [json.loads(row["mass_answer"]) for row in rows] == [{"mass": 3750}, {"mass": None}]


def test_a_taxonomy_is_a_label_that_trains() -> None:
    ann = factories.owner()
    tree = [{"value": "goods", "labels": [{"value": "boots"}, {"value": "tea"}]}]
    project = make(ann, [{"name": "kind", "type": "taxonomy", "labels": tree}])
    answer(ann, project, {1: {"kind": ["boots"]}, 2: {"kind": ["goods"]}})
    _made, rows = publish(ann, project, split=False)
    assert [row["label"] for row in rows] == ["boots", "goods"]
    assert "annotations" not in rows[0]
