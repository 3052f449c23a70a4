"""Looking through answers: what passes, in which order, and at what cost."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import Actor
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, Project
from labeling.services import result
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from labeling.services.result import Found, Wish, find_answers
from tests import factories

pytestmark = pytest.mark.django_db


def answered(actor: Actor, project: Project, *labels: str | None) -> None:
    tasks = lease_tasks(actor=actor, project_id=project.pk, count=len(labels), holding=[])["tasks"]
    rows: list[dict[str, Any]] = []
    for task, label in zip(tasks, labels, strict=True):
        given = {"skipped": True, "answer": None} if label is None else {"answer": {"label": [label]}}
        rows.append({"client_key": str(uuid.uuid4()), "task": task["id"], **given})
    save_answers(actor=actor, project_id=project.pk, answers=rows)


def look(actor: Actor, project: Project, before: int | None = None, **wish: Any) -> Found:
    schema = parse_schema(project.schema)
    return find_answers(actor=actor, project=project, schema=schema, wish=Wish(**wish), before=before)


def items(found: Found) -> list[int]:
    return [row.task.item_id for row in found.rows]


def test_each_filter_keeps_what_it_says_newest_first() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = factories.project(ann)
    factories.tasks(project, 12)
    answered(ann, project, "ham", "spam", None)
    answered(bob, project, "spam")
    Annotation.objects.filter(task__item_id=2).update(incomplete=True)
    Annotation.objects.filter(task__item_id=1).update(created_at=timezone.now() - dt.timedelta(days=9))
    today = timezone.now().date()
    assert items(look(ann, project)) == [4, 3, 2, 1]
    assert items(look(ann, project, person=bob.user_id)) == [4]
    assert items(look(ann, project, control="label", value="spam")) == [4, 2]
    assert items(look(ann, project, control="label", value="spam", person=ann.user_id)) == [2]
    assert items(look(ann, project, control="gone", value="spam")) == []
    assert items(look(ann, project, state="skipped")) == [3]
    assert items(look(ann, project, state="answered")) == [4, 2, 1]
    assert items(look(ann, project, state="incomplete")) == [2]
    assert items(look(ann, project, text="TEXT 3")) == [3]
    assert items(look(ann, project, text="%")) == []
    assert items(look(ann, project, since=today)) == [4, 3, 2]
    assert items(look(ann, project, until=today - dt.timedelta(days=5))) == [1]
    # Somebody who only labels finds their own, whomever they ask for.
    assert items(look(bob, project)) == [4]
    assert items(look(bob, project, person=ann.user_id)) == []


def test_labels_are_found_wherever_a_control_keeps_them() -> None:
    ann = factories.owner()
    spans = {"name": "names", "type": "spans", "field": "text", "labels": [{"value": "PER"}, {"value": "LOC"}]}
    better = {"name": "better", "type": "preference", "required": False}
    shown = [{"type": "text", "field": "text"}, {"type": "pair", "a": "text", "b": "text"}]
    schema = {"display": shown, "controls": [spans, better]}
    project = factories.project(ann, schema=parse_schema(schema).to_json())
    factories.tasks(project, 2)
    tasks = lease_tasks(actor=ann, project_id=project.pk, count=2, holding=[])["tasks"]
    marked = {"names": [{"id": "s", "start": 0, "end": 4, "label": "LOC", "text": "text"}]}
    for task, answer in zip(tasks, (marked, {"better": "tie"}), strict=True):
        row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": answer}
        assert save_answers(actor=ann, project_id=project.pk, answers=[row])["results"][0]["status"] == "saved"
    assert items(look(ann, project, control="names", value="LOC")) == [1]
    assert items(look(ann, project, control="names", value="PER")) == []
    assert items(look(ann, project, control="better", value="tie")) == [2]


def test_a_rare_label_costs_a_bounded_look_and_is_found_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "SCAN", 3)
    ann = factories.owner()
    project = factories.project(ann)
    factories.tasks(project, 8)
    answered(ann, project, "spam", *["ham"] * 7)
    seen: list[int] = []
    before: int | None = None
    pages = 0
    while True:
        found = look(ann, project, before, control="label", value="spam")
        seen += items(found)
        pages += 1
        if found.before is None:
            break
        assert found.cut_short
        before = found.before
    assert (seen, pages) == ([1], 3)


def test_pages_follow_one_another_without_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "PAGE", 2)
    ann = factories.owner()
    project = factories.project(ann)
    factories.tasks(project, 5)
    answered(ann, project, *["ham"] * 5)
    first = look(ann, project)
    second = look(ann, project, first.before)
    third = look(ann, project, second.before)
    assert [items(page) for page in (first, second, third)] == [[5, 4], [3, 2], [1]]
    assert third.before is None
