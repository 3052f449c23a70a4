"""Decisions on doubted spans and shapes: each changes that mark alone, and leaves the other suspicions standing."""

import threading
import uuid
from typing import Any

import pytest
from django.db import connections

from accounts.actor import Actor
from core.errors import DomainError
from labeling.models import Annotation, AnnotationRevision, Progress, Project, SuspectLabel, Task
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.label_error import (
    Judged,
    Suspicion,
    count_kinds,
    decide_suspect,
    find_suspects,
    store_suspects,
)
from labeling.services.queue import lease_tasks
from tests import factories

pytestmark = pytest.mark.django_db

TEXT = "王小明 works in 北京 for Acme 🚀 Ltd."
SPANS = [
    {"id": "a", "start": 0, "end": 3, "label": "place", "text": "王小明"},
    {"id": "b", "start": 13, "end": 15, "label": "place", "text": "北京"},
    {"id": "c", "start": 4, "end": 9, "label": "org", "text": "works"},
]
TIES = [{"from": "a", "to": "b", "label": "in"}, {"from": "a", "to": "c", "label": "of"}]
ACME = {"id": "new-20-24", "start": 20, "end": 24, "label": "org", "text": "Acme"}


def labels(*names: str) -> list[dict[str, str]]:
    return [{"value": name} for name in names]


SCHEMA = {
    "display": [{"type": "text", "field": "text"}, {"type": "image", "field": "image"}],
    "controls": [
        {"name": "label", "type": "choice", "labels": labels("spam", "ham"), "required": False},
        {"name": "names", "type": "spans", "field": "text", "labels": labels("person", "place", "org")},
        {"name": "ties", "type": "relations", "spans": "names", "labels": labels("in", "of")},
        {
            "name": "cells", "type": "shapes", "field": "image", "labels": labels("red", "white"),
            "attributes": [{"name": "hidden", "options": ["yes", "no"], "labels": ["red"]}],
        },
    ],
}  # fmt: skip
CELL = {"id": "s", "type": "box", "label": "red", "x": 1.0, "y": 2.0, "width": 9.0, "height": 8.0}


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def answer(ann: Actor) -> Annotation:
    return said(ann)


def said(ann: Actor) -> Annotation:
    project = factories.project(ann, schema=SCHEMA, suggest_every=0)
    Task.objects.create(project=project, item_id=1, data={"text": TEXT}, overlap=1, open_slots=1)
    Project.objects.filter(pk=project.pk).update(task_count=1)
    (task,) = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])["tasks"]
    body = {"label": ["spam"], "names": SPANS, "ties": TIES, "cells": [{**CELL, "attributes": {"hidden": "yes"}}]}
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": body}
    (saved,) = save_answers(actor=ann, project_id=project.pk, answers=[row])["results"]
    return Annotation.objects.get(pk=saved["annotation"])


def doubted(answer: Annotation) -> dict[str, SuspectLabel]:
    """Store a suspicion of every kind, and return them by a name."""
    judged = Judged(answer.pk, answer.revision, answer.task_id, 1, {}, ("spam",))
    a, b, c = (next(row for row in answer.answer["names"] if row["id"] == name) for name in "abc")
    cell = answer.answer["cells"][0]
    found = {
        "choice": Suspicion(judged, ("ham",), 0.01),
        "label": Suspicion(judged, ("person",), 0.02, "names", "label", a, {**a, "label": "person"}),
        "spurious": Suspicion(judged, (), 0.03, "names", "spurious", c, None),
        "overlooked": Suspicion(judged, ("org",), 0.04, "names", "overlooked", None, ACME),
        "edge": Suspicion(judged, ("place",), 0.05, "names", "edge", b, {**b, "end": 14, "text": "北"}),
        "shape": Suspicion(judged, ("white",), 0.06, "cells", "label", cell, {**cell, "label": "white"}),
    }
    store_suspects(project=answer.project, job_id=factories.job(_owner(answer)).pk, found=found.values())
    rows = list(answer.project.suspects.order_by("score"))
    return dict(zip(found, rows, strict=True))


def _owner(answer: Annotation) -> Actor:
    from accounts.roles import ROLES

    return Actor(answer.annotator_id, answer.project.organization_id, "owner", ROLES["owner"])


def marks(answer: Annotation, control: str = "names") -> dict[str, Any]:
    answer.refresh_from_db()
    return {row["id"]: row["label"] for row in answer.answer.get(control, [])}


def test_each_kind_changes_that_mark_alone_and_undo_brings_it_back(ann: Actor, answer: Annotation) -> None:
    rows = doubted(answer)
    before = dict(answer.answer)
    after = {
        "label": {"a": "person", "b": "place", "c": "org"},
        "spurious": {"a": "place", "b": "place"},
        "overlooked": {"a": "place", "b": "place", "c": "org", "new-20-24": "org"},
        "edge": {"a": "place", "b": "place", "c": "org"},
    }
    for kind, expected in after.items():
        taken = decide_suspect(actor=ann, suspect_id=rows[kind].pk, decision="accept")
        assert taken.state == "accepted"
        assert marks(answer) == expected
        assert answer.answer["label"] == ["spam"]
        assert [tie["to"] for tie in answer.answer["ties"]] == (["b"] if kind == "spurious" else ["c", "b"])
        back = decide_suspect(actor=ann, suspect_id=rows[kind].pk, decision="none")
        answer.refresh_from_db()
        assert answer.answer == before
        assert (back.state, back.revision) == ("open", answer.revision)
    assert len(find_suspects(actor=ann, project=answer.project).rows) == len(rows)


def test_moved_borders_quote_the_text_anew(ann: Actor, answer: Annotation) -> None:
    decide_suspect(actor=ann, suspect_id=doubted(answer)["edge"].pk, decision="accept")
    answer.refresh_from_db()
    assert next(row for row in answer.answer["names"] if row["id"] == "b")["text"] == "北"


def test_suspicions_of_one_answer_survive_each_other_whatever_the_order(ann: Actor, answer: Annotation) -> None:
    rows = doubted(answer)
    before = dict(answer.answer)
    for row in rows.values():
        decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    assert marks(answer) == {"a": "person", "b": "place", "new-20-24": "org"}
    assert (answer.answer["label"], marks(answer, "cells")) == (["ham"], {"s": "white"})
    # What was taken first is undone first, although the answer was changed since.
    for row in rows.values():
        decide_suspect(actor=ann, suspect_id=row.pk, decision="none")
    answer.refresh_from_db()
    assert answer.answer == before
    assert {row.state for row in find_suspects(actor=ann, project=answer.project).rows} == {"open"}


def test_what_was_kept_stays_kept_when_another_mark_changes(ann: Actor, answer: Annotation) -> None:
    rows = doubted(answer)
    decide_suspect(actor=ann, suspect_id=rows["label"].pk, decision="keep")
    decide_suspect(actor=ann, suspect_id=rows["shape"].pk, decision="accept")
    answer.refresh_from_db()
    kept = SuspectLabel.objects.get(pk=rows["label"].pk)
    assert (kept.state, kept.revision) == ("kept", answer.revision)
    a = next(row for row in answer.answer["names"] if row["id"] == "a")
    judged = Judged(answer.pk, answer.revision, answer.task_id, 1, {}, ())
    again = Suspicion(judged, ("org",), 0.001, "names", "label", a, {**a, "label": "org"})
    store_suspects(project=answer.project, job_id=factories.job(ann).pk, found=[again])
    assert SuspectLabel.objects.get(pk=rows["label"].pk).state == "kept"


def test_somebody_elses_answer_loses_its_verdict_only_when_all_is_undone(ann: Actor, answer: Annotation) -> None:
    carl = factories.member(ann, "reviewer")
    rows = doubted(answer)
    for name in ("label", "spurious"):
        decide_suspect(actor=carl, suspect_id=rows[name].pk, decision="accept")
    answer.refresh_from_db()
    assert (answer.verdict, answer.reviewer_id) == ("fixed", carl.user_id)
    decide_suspect(actor=carl, suspect_id=rows["label"].pk, decision="none")
    assert marks(answer) == {"a": "place", "b": "place"}
    assert answer.verdict == "fixed"
    decide_suspect(actor=carl, suspect_id=rows["spurious"].pk, decision="none")
    assert marks(answer) == {"a": "place", "b": "place", "c": "org"}
    assert answer.verdict == ""
    assert [tie["to"] for tie in answer.answer["ties"]] == ["c", "b"]
    assert Progress.objects.get(project=answer.project_id).fixed_answers == 0


def test_a_relation_to_a_span_that_went_too_comes_back_with_the_second(ann: Actor, answer: Annotation) -> None:
    rows = doubted(answer)
    judged = Judged(answer.pk, 1, answer.task_id, 1, {}, ())
    a = next(row for row in answer.answer["names"] if row["id"] == "a")
    gone = Suspicion(judged, (), 0.02, "names", "spurious", a, None)
    store_suspects(project=answer.project, job_id=rows["label"].job_id, found=[gone])
    first = answer.project.suspects.get(mark="a", kind="spurious")
    decide_suspect(actor=ann, suspect_id=first.pk, decision="accept")
    decide_suspect(actor=ann, suspect_id=rows["spurious"].pk, decision="accept")
    assert marks(answer) == {"b": "place"}
    assert "ties" not in answer.answer
    decide_suspect(actor=ann, suspect_id=first.pk, decision="none")
    assert [tie["to"] for tie in Annotation.objects.get(pk=answer.pk).answer["ties"]] == ["b"]


def test_a_label_that_is_not_asked_for_an_attribute_drops_it_and_undo_has_it_again(
    ann: Actor, answer: Annotation
) -> None:
    row = doubted(answer)["shape"]
    decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    answer.refresh_from_db()
    assert answer.answer["cells"] == [{**CELL, "label": "white"}]
    decide_suspect(actor=ann, suspect_id=row.pk, decision="none")
    answer.refresh_from_db()
    assert answer.answer["cells"] == [{**CELL, "attributes": {"hidden": "yes"}}]


def test_a_mark_that_was_deleted_meanwhile_leaves_the_queue(ann: Actor, answer: Annotation) -> None:
    rows = doubted(answer)
    rest = {**answer.answer, "names": [row for row in answer.answer["names"] if row["id"] != "a"], "ties": []}
    change_annotation(actor=ann, annotation_id=answer.pk, revision=1, answer=rest)
    assert find_suspects(actor=ann, project=answer.project).rows == []
    with pytest.raises(DomainError, match="no longer holds") as refused:
        decide_suspect(actor=ann, suspect_id=rows["label"].pk, decision="accept")
    assert refused.value.status == 412


def test_a_taken_suggestion_is_not_undone_when_the_mark_was_changed_elsewhere(ann: Actor, answer: Annotation) -> None:
    row = decide_suspect(actor=ann, suspect_id=doubted(answer)["label"].pk, decision="accept")
    change_annotation(actor=ann, annotation_id=answer.pk, revision=2, skipped=True)
    with pytest.raises(DomainError, match="no longer holds"):
        decide_suspect(actor=ann, suspect_id=row.pk, decision="none")


def test_a_control_that_is_asked_no_more_is_in_no_queue(ann: Actor, answer: Annotation) -> None:
    row = doubted(answer)["shape"]
    project = Project.objects.get(pk=answer.project_id)
    project.schema["controls"] = [each for each in project.schema["controls"] if each["name"] != "cells"]
    project.save()
    assert "cells" not in {each.control for each in find_suspects(actor=ann, project=project).rows}
    with pytest.raises(DomainError, match="no longer holds"):
        decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")


def test_a_suggestion_that_the_project_does_not_take_is_refused_with_a_sentence(ann: Actor, answer: Annotation) -> None:
    row = doubted(answer)["label"]
    project = Project.objects.get(pk=answer.project_id)
    project.schema["controls"][1]["labels"] = labels("place", "org")
    project.save()
    with pytest.raises(DomainError) as refused:
        decide_suspect(actor=ann, suspect_id=row.pk, decision="accept")
    assert refused.value.code == "answer_invalid"
    assert marks(answer) == {"a": "place", "b": "place", "c": "org"}


def test_what_is_marked_by_now_is_no_longer_overlooked(ann: Actor, answer: Annotation) -> None:
    rows = doubted(answer)
    judged = Judged(answer.pk, 1, answer.task_id, 1, {}, ())
    wider = {"id": "new-20-26", "start": 20, "end": 26, "label": "org", "text": TEXT[20:26]}
    more = Suspicion(judged, ("org",), 0.045, "names", "overlooked", None, wider)
    store_suspects(project=answer.project, job_id=rows["label"].job_id, found=[more])
    decide_suspect(actor=ann, suspect_id=rows["overlooked"].pk, decision="accept")
    shown = {row.mark for row in find_suspects(actor=ann, project=answer.project, kind="overlooked").rows}
    assert shown == set()


def test_an_id_that_is_taken_gets_a_number(ann: Actor, answer: Annotation) -> None:
    more = [*answer.answer["names"], {"id": "new-20-24", "start": 28, "end": 31, "label": "org"}]
    change_annotation(actor=ann, annotation_id=answer.pk, revision=1, answer={**answer.answer, "names": more})
    answer.refresh_from_db()
    row = decide_suspect(actor=ann, suspect_id=doubted(answer)["overlooked"].pk, decision="accept")
    assert row.mark == "new-20-24-2"
    assert marks(answer)["new-20-24-2"] == "org"
    decide_suspect(actor=ann, suspect_id=row.pk, decision="none")
    assert "new-20-24-2" not in marks(answer)


def test_kinds_are_counted_and_narrow_the_queue(ann: Actor, answer: Annotation) -> None:
    doubted(answer)
    assert count_kinds(actor=ann, project=answer.project, state="open") == [
        ("", "label", 1), ("cells", "label", 1), ("names", "edge", 1), ("names", "label", 1),
        ("names", "overlooked", 1), ("names", "spurious", 1),
    ]  # fmt: skip
    rows = find_suspects(actor=ann, project=answer.project, control="names", kind="label").rows
    assert [row.mark for row in rows] == ["a"]
    assert [row.control for row in find_suspects(actor=ann, project=answer.project, control="").rows] == [""]


def test_history_keeps_what_was_said_before(ann: Actor, answer: Annotation) -> None:
    before = dict(answer.answer)
    decide_suspect(actor=ann, suspect_id=doubted(answer)["spurious"].pk, decision="accept")
    assert AnnotationRevision.objects.get(annotation_number=answer.pk).answer == before


@pytest.mark.django_db(transaction=True)
def test_two_who_decide_on_marks_of_one_answer_at_once_are_both_heard() -> None:
    ann = factories.owner()
    answer = said(ann)
    rows = doubted(answer)
    people = (factories.member(ann, "reviewer"), factories.member(ann, "reviewer"))
    problems: list[str] = []
    barrier = threading.Barrier(2)

    def work(actor: Actor, name: str) -> None:
        barrier.wait()
        try:
            decide_suspect(actor=actor, suspect_id=rows[name].pk, decision="accept")
        except DomainError as error:
            problems.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in zip(people, ("label", "spurious"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert problems == []
    assert marks(answer) == {"a": "person", "b": "place"}
    assert answer.revision == 3
