"""Label errors of spans and shapes: real tweets and blood cells, some marked wrong on purpose, found by the job."""

import gzip
import json
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import Actor
from curation.engine.pictures.taking import take
from curation.services.media import store_pictures
from labeling.models import Annotation, Project, SuspectLabel
from labeling.services.annotation import change_annotation
from labeling.services.label_error import decide_suspect, find_suspects, start_search
from labeling.services.project import find_project
from modeling.services.label_error import run_search
from tests import factories
from tests.modeling.conftest import running, taken
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
DATA = Path(__file__).parents[2] / "data" / "labelerr"


def labels(*names: str) -> list[dict[str, str]]:
    return [{"value": name} for name in names]


def span_schema(*names: str) -> dict[str, Any]:
    control = {"name": "names", "type": "spans", "field": "text", "labels": labels(*names)}
    return {"display": [{"type": "text", "field": "text"}], "controls": [control]}


def answered(
    actor: Actor, schema: dict[str, Any], rows: list[tuple[dict[str, Any], dict[str, Any]]], people: int = 1
) -> Project:
    """Return a project over these items, each with its answer by so many people."""
    from labeling.models import Task

    project = factories.project(actor, schema=schema, suggest_every=0)
    Task.objects.bulk_create(
        Task(project=project, item_id=n, data=data, overlap=people, open_slots=0)
        for n, (data, _answer) in enumerate(rows, 1)
    )
    tasks = list(project.tasks.order_by("item_id"))
    now = timezone.now()
    writers = [actor, *(factories.member(actor, "annotator") for _person in range(people - 1))]
    Annotation.objects.bulk_create(
        Annotation(project=project, task=task, annotator_id=writer.user_id, answer=answer, client_key=uuid.uuid4(),
                   created_at=now, updated_at=now)
        for writer in writers
        for task, (_data, answer) in zip(tasks, rows, strict=True)
    )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(task_count=len(rows))
    return project


def search(actor: Actor, project: Project) -> dict[str, Any]:
    with running(taken(lambda: start_search(actor=actor, project_id=project.pk))) as job:
        result = run_search(job=job, project_id=project.pk)
    Job.objects.filter(pk=job.job_id).update(state="succeeded", finished_at=timezone.now())
    return result


def queue(actor: Actor, project: Project) -> list[SuspectLabel]:
    return find_suspects(actor=actor, project=find_project(actor=actor, project_id=project.pk)).rows


def part(number: int, text: str, start: int, end: int, label: str) -> dict[str, Any]:
    return {"id": f"m{number}", "start": start, "end": end, "label": label, "text": text[start:end]}


def tweets() -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], dict[str, set[tuple[int, int, int]]]]:
    """Return 300 tweets with their people and places, and by kind what was damaged in them."""
    with gzip.open(DATA / "wnut17_900.jsonl.gz", "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines][:300]
    other = {"person": "location", "location": "person"}
    wrong: dict[str, set[tuple[int, int, int]]] = {"label": set(), "overlooked": set(), "spurious": set()}
    rows, seen = [], 0
    for item, row in enumerate(read, 1):
        text, spans = row["text"], []
        for start, end, label in row["spans"]:
            if label not in other:
                continue
            seen += 1
            if seen % 25 == 5:
                wrong["overlooked"].add((item, start, end))
                continue
            if seen % 25 == 15:
                wrong["label"].add((item, start, end))
            said = other[label] if (item, start, end) in wrong["label"] else label
            spans.append(part(len(spans), text, start, end, said))
        the = text.lower().find(" the ")
        if item % 25 == 3 and the >= 0 and not any(span["start"] < the + 4 and the < span["end"] for span in spans):
            spans.append(part(len(spans), text, the + 1, the + 4, "person"))
            wrong["spurious"].add((item, the + 1, the + 4))
        rows.append(({"text": text}, {"names": sorted(spans, key=lambda span: span["start"])}))
    return rows, wrong


def places(rows: list[SuspectLabel]) -> set[tuple[int, int, int]]:
    parts = [(row.task.item_id, row.before or row.after) for row in rows]
    return {(item, each["start"], each["end"]) for item, each in parts}


def test_damaged_spans_are_found_mended_and_not_found_again(owner: Actor) -> None:
    rows, wrong = tweets()
    project = answered(owner, span_schema("person", "location"), rows)
    result = search(owner, project)
    (learned,) = result["controls"]
    marks = sum(len(answer["names"]) for _data, answer in rows)
    assert (learned["control"], learned["type"], learned["answers"], learned["marks"]) == ("names", "spans", 300, marks)
    assert (learned["labels"], learned["encoder"], learned["left_out"]) == (2, "minilm", 0)
    found = list(SuspectLabel.objects.filter(project=project).select_related("task"))
    assert result["suspects"] == len(found)
    assert {row.control for row in found} == {"names"}
    by_kind = {kind: [row for row in found if row.kind == kind] for kind in wrong}
    assert len(wrong["spurious"]) >= 2
    seen = places(by_kind["spurious"]) & wrong["spurious"]
    assert len(seen) >= len(wrong["spurious"]) / 2
    assert places(by_kind["label"] + by_kind["spurious"]) & wrong["label"]
    for row in found:
        is_wrong = next(iter(places([row]))) in wrong.get(row.kind, set())
        decide_suspect(actor=owner, suspect_id=row.pk, decision="accept" if is_wrong else "keep")
    marked = {
        (row.task.item_id, span["start"], span["end"])
        for row in Annotation.objects.filter(project=project).select_related("task")
        for span in row.answer.get("names", [])
    }
    assert marked & wrong["spurious"] == wrong["spurious"] - seen
    again = search(owner, project)
    decided = {(row.kind, *next(iter(places([row])))) for row in found}
    assert not {(row.kind, *next(iter(places([row])))) for row in queue(owner, project)} & decided
    assert again["suspects"] == len(queue(owner, project))


def test_a_search_that_runs_twice_stores_the_same(owner: Actor) -> None:
    project = answered(owner, span_schema("person", "location"), tweets()[0][:120], people=2)
    with running(taken(lambda: start_search(actor=owner, project_id=project.pk))) as job:
        first = run_search(job=job, project_id=project.pk)
        columns = ("pk", "annotation_number", "mark", "kind", "score", "state")
        before = list(SuspectLabel.objects.order_by("pk").values(*columns))
        assert run_search(job=job, project_id=project.pk) == first
    assert list(SuspectLabel.objects.order_by("pk").values(*columns)) == before
    assert before
    # What one of the two overlooked, both did: the same stretch of both answers.
    missed = [row for row in before if row["kind"] == "overlooked"]
    assert len(missed) % 2 == 0


def test_an_answer_that_changes_during_the_search_is_in_no_queue(owner: Actor) -> None:
    rows, _wrong = tweets()
    project = answered(owner, span_schema("person", "location"), rows)
    search(owner, project)
    row = queue(owner, project)[0]
    change_annotation(actor=owner, annotation_id=row.annotation_number, revision=1, answer={"names": []})
    assert row.pk not in {each.pk for each in queue(owner, project)}


def cells(actor: Actor, spoil: Callable[[int, str], str]) -> tuple[Project, list[str]]:
    """Return a project over 24 pictures of blood with their white cells and platelets, and the true labels."""
    schema = {
        "display": [{"type": "image", "field": "image"}],
        "controls": [
            {"name": "cells", "type": "shapes", "field": "image", "labels": labels("RBC", "WBC", "Platelets")}
        ],
    }
    rows, true = [], []
    with zipfile.ZipFile(DATA / "blood_cells.zip") as archive:
        boxes = json.loads(archive.read("boxes.json"))
        pictures = [take(archive.read(name), name) for name in boxes]
    store_pictures(organization_id=actor.organization_id, pictures=pictures)
    for picture, found in zip(pictures, boxes.values(), strict=True):
        shapes = []
        red = 0
        for label, left, top, right, bottom in found:
            red += label == "RBC"
            if label == "RBC" and red > 3:
                continue
            shapes.append({"id": f"c{len(true)}", "type": "box", "label": spoil(len(true), label), "x": left, "y": top,
                           "width": right - left, "height": bottom - top})  # fmt: skip
            true.append(label)
        size = {"image_width": 320, "image_height": 240}
        rows.append(({"image": picture.sha256, **size}, {"cells": shapes}))
    return answered(actor, schema, rows), true


def test_exchanged_labels_of_blood_cells_come_first(owner: Actor) -> None:
    other = {"RBC": "WBC", "WBC": "Platelets", "Platelets": "RBC"}
    project, true = cells(owner, lambda number, label: other[label] if number % 20 == 9 else label)
    result = search(owner, project)
    (learned,) = result["controls"]
    assert (learned["marks"], learned["labels"], learned["unreadable"]) == (len(true), 3, 0)
    wrong = {f"c{number}" for number in range(9, len(true), 20)}
    first = queue(owner, project)[: len(wrong)]
    right = {row.mark for row in first} & wrong
    assert len(right) >= 0.7 * len(wrong)
    row = next(row for row in first if row.mark in right)
    assert row.suggested == [true[int(row.mark[1:])]]
    assert row.after == {**row.before, "label": row.suggested[0]}
    decide_suspect(actor=owner, suspect_id=row.pk, decision="accept")
    said = Annotation.objects.get(pk=row.annotation_number).answer["cells"]
    assert next(each for each in said if each["id"] == row.mark)["label"] == row.suggested[0]


def test_pictures_that_are_not_there_end_with_a_sentence(owner: Actor) -> None:
    project, _true = cells(owner, lambda _number, label: label)
    for task in project.tasks.all():
        task.data = {**task.data, "image": "0" * 64 if task.item_id % 2 else ""}
        task.save()
    result = search(owner, project)
    assert result["suspects"] == 0
    assert result["controls"][0]["labels"] == 0
    assert "pictures" in result["message"]


def test_marks_too_few_end_with_a_sentence(owner: Actor) -> None:
    nothing = [({"text": f"text {n}"}, {}) for n in range(20)]
    empty = answered(owner, span_schema("person"), nothing)
    assert "no label is marked in 5 items yet" in search(owner, empty)["message"]
    one, _true = cells(owner, lambda _number, _label: "RBC")
    assert "at least two labels must be drawn in 5 pictures each; 1 is so far" in search(owner, one)["message"]
    assert SuspectLabel.objects.count() == 0


def test_a_large_project_is_searched_in_parts(owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from labeling.models import Tally, TallyKind

    project = answered(owner, span_schema("person", "location"), tweets()[0])
    Tally.objects.create(
        project=project, annotator_id=owner.user_id, kind=TallyKind.LABEL, control="names", name="person", count=300
    )
    monkeypatch.setattr("modeling.services.label_error.MOST_MARKS", 150)
    first = search(owner, project)
    assert (first["parts"], first["controls"][0]["answers"]) == (2, 150)
    monkeypatch.setattr("modeling.services.mark_error.MOST_CHARACTERS", 3_000)
    second = search(owner, project)
    assert 0 < second["controls"][0]["answers"] < 150
    assert second["controls"][0]["answers"] + second["controls"][0]["left_out"] == 150
