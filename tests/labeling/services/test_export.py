"""A project's answers as files of other tools."""

import csv
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import Actor
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.engine.pictures.taking import take as take_in
from curation.services.media import store_pictures
from labeling.engine.schema import parse_schema
from labeling.models import Export, Project
from labeling.services.erasing import erase_tasks
from labeling.services.export import (
    KEPT,
    export_address,
    file_key,
    formats_for,
    losses_key,
    remove_old_exports,
    run_export,
    start_export,
)
from tests import factories
from tests.labeling.crowds import answer
from tests.labeling.versions import start, version

pytestmark = pytest.mark.django_db

BLOOD = Path(__file__).parents[2] / "data" / "pictures" / "blood_cells.jpg"
CELLS = {
    "name": "cells", "type": "shapes", "field": "image", "labels": [{"value": "cell"}], "tools": ["box", "point"],
}  # fmt: skip


def make(actor: Actor, pictures: int = 3, overlap: int = 1) -> Project:
    taken = take_in(BLOOD.read_bytes(), "blood.jpg")
    store_pictures(organization_id=actor.organization_id, pictures=[taken])
    columns = {
        "image": [taken.sha256] * pictures,
        "image_file": ["blood.jpg"] * pictures,
        "image_width": [taken.width] * pictures,
        "image_height": [taken.height] * pictures,
        "patient": [f"p{number}" for number in range(pictures)],
        "split": ["train"] * (pictures - 1) + ["test"],
    }
    made = version(actor, columns, text="", image="image")
    schema = {"display": [{"type": "image", "field": "image"}], "controls": [CELLS]}
    asked = parse_schema(schema).to_json()
    project = factories.project(actor, version=made, name="Cells", schema=asked, overlap=overlap)
    factories.tasks(project, pictures)
    return project


def export(actor: Actor, project: Project, file_format: str = "coco", **options: bool) -> Export:
    asked = start_export(actor=actor, project_id=project.pk, file_format=file_format, options=options)
    assert asked.job is not None
    run_export(job=start(asked.job), export_id=asked.pk)
    return Export.objects.get(pk=asked.pk)


def files(made: Export) -> dict[str, bytes]:
    with objects.open(file_key(made)) as stream, zipfile.ZipFile(io.BytesIO(stream.read())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def report(made: Export) -> list[dict[str, str]]:
    with objects.open(losses_key(made)) as stream:
        return list(csv.DictReader(io.StringIO(stream.read().decode("utf-8-sig"))))


def box(name: str, x: float) -> dict[str, Any]:
    return {"id": name, "type": "box", "label": "cell", "x": x, "y": 10.0, "width": 40.0, "height": 30.0}


def test_answers_become_coco_files_with_their_pictures_and_splits() -> None:
    ann = factories.owner()
    project = make(ann)
    answer(ann, project, {1: {"cells": [box("a", 10)]}, 3: {"cells": []}})
    made = export(ann, project)

    found = files(made)
    assert sorted(found) == [
        "annotations/instances_test.json", "annotations/instances_train.json", "images/blood.jpg", "images/blood_2.jpg",
    ]  # fmt: skip
    assert found["images/blood.jpg"] == BLOOD.read_bytes()
    train = json.loads(found["annotations/instances_train.json"])
    (image,) = train["images"]
    assert (image["file_name"], image["patient"]) == ("blood.jpg", "p0")
    assert [(row["category_id"], row["bbox"]) for row in train["annotations"]] == [(1, [10, 10, 40, 30])]
    assert made.item_count == 2
    # Two pictures of one name: the second is renamed, and that is told.
    assert made.losses == {"renamed": 1}
    assert [(row["where"], row["code"]) for row in report(made)] == [("blood.jpg", "renamed")]


def test_of_several_people_what_they_agree_on_is_written_and_the_rest_told() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = make(ann, 2, overlap=2)
    answer(ann, project, {1: {"cells": [box("a", 10)]}})
    answer(bob, project, {1: {"cells": [box("b", 12), box("c", 300)]}})
    made = export(ann, project)
    rows = json.loads(files(made)["annotations/instances_train.json"])["annotations"]
    assert [row["bbox"] for row in rows] == [[11, 10, 40, 30]]
    assert made.losses == {"several_answers": 1}


def test_all_items_are_written_when_asked() -> None:
    ann = factories.owner()
    project = make(ann, 2)
    answer(ann, project, {1: {"cells": [box("a", 10)]}})
    assert export(ann, project, only_answered=False).item_count == 2


def test_nothing_answered_is_said_and_not_written() -> None:
    ann = factories.owner()
    project = make(ann)
    with pytest.raises(DomainError, match="no answer to export"):
        export(ann, project)


def test_formats_that_do_not_fit_say_why() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    assert "shapes" in formats_for(project)["coco"]
    with pytest.raises(DomainError) as refused:
        start_export(actor=ann, project_id=project.pk, file_format="coco", options={})
    assert refused.value.code == "format_unfit"
    with pytest.raises(DomainError) as refused:
        start_export(actor=ann, project_id=project.pk, file_format="docx", options={})
    assert refused.value.code == "format_unknown"


def test_asking_twice_gives_the_same_job_and_doing_it_twice_the_same_file() -> None:
    ann = factories.owner()
    project = make(ann)
    answer(ann, project, {1: {"cells": [box("a", 10)]}})
    first = start_export(actor=ann, project_id=project.pk, file_format="coco", options={})
    assert start_export(actor=ann, project_id=project.pk, file_format="coco", options={}).pk == first.pk
    assert first.job is not None
    job = start(first.job)
    once = run_export(job=job, export_id=first.pk)
    assert run_export(job=job, export_id=first.pk) == once
    assert export(ann, project).pk != first.pk


def test_files_are_handed_out_to_the_own_organization_alone_and_go_in_time() -> None:
    ann = factories.owner()
    project = make(ann)
    answer(ann, project, {1: {"cells": [box("a", 10)]}})
    made = export(ann, project)
    assert export_address(actor=ann, export_id=made.pk)
    with pytest.raises(NotFound):
        export_address(actor=factories.owner(), export_id=made.pk)
    assert remove_old_exports() == 0
    Export.objects.filter(pk=made.pk).update(finished_at=timezone.now() - KEPT - timedelta(hours=1))
    assert remove_old_exports() == 1
    assert not objects.exists(file_key(made))
    with pytest.raises(Conflict, match="Export again"):
        export_address(actor=ann, export_id=made.pk)


def test_an_erasure_removes_the_files() -> None:
    ann = factories.owner()
    project = make(ann)
    answer(ann, project, {1: {"cells": [box("a", 10)]}})
    made = export(ann, project)
    assert erase_tasks(project_id=project.pk, items=[1])["exports"] == 1
    assert not objects.exists(file_key(made))
    assert not objects.exists(losses_key(made))
