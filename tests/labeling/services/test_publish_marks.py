"""Spans and shapes of several people, published."""

import json
from typing import Any

import numpy as np
import pytest

from accounts.actor import Actor
from curation.models import Version
from curation.services.version import open_version
from labeling.models import Project
from labeling.services.project import create_project, start_publish
from labeling.services.publish import publish_labels
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.crowds import answer
from tests.labeling.versions import start, version

pytestmark = pytest.mark.django_db

CELLS = {
    "name": "cells", "type": "shapes", "field": "image", "labels": [{"value": "cell"}], "tools": ["box", "point"],
}  # fmt: skip
PICTURES = 24


def make(actor: Actor, pictures: int, overlap: int) -> Project:
    columns = {
        "text": [f"picture {number}" for number in range(pictures)],
        "image": [f"{number:064x}" for number in range(pictures)],
        "image_width": [400] * pictures,
        "image_height": [300] * pictures,
    }
    made = version(actor, columns, image="image")
    schema = {"display": [{"type": "image", "field": "image"}], "controls": [CELLS]}
    project, job = create_project(actor=actor, version_id=made.pk, name="Cells", schema=schema, overlap=overlap)
    make_tasks(job=start(job), project_id=project.pk)
    return project


def publish(actor: Actor, project: Project, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    job = start(start_publish(actor=actor, project_id=project.pk, options=options))
    result = publish_labels(job=job, project_id=project.pk, **options)
    with open_version(Version.objects.get(pk=result["version"])) as reader:
        return result, reader.table().to_pylist()


def box(name: int, x: float, y: float) -> dict[str, Any]:
    return {"id": f"b{name}", "type": "box", "label": "cell", "x": x, "y": y, "width": 40.0, "height": 40.0}


def corners(cell: str) -> set[tuple[int, int]]:
    """Return where boxes begin, to the nearest place where one can be."""
    return {(round(row["x"] / 60), round(row["y"] / 60)) for row in json.loads(cell)}


def test_boxes_of_several_people_become_one_set_by_vote() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = make(ann, 2, overlap=2)
    dot = {"id": "p", "type": "point", "label": "cell", "x": 200.0, "y": 200.0}
    answer(ann, project, {1: {"cells": [box(1, 10, 10), dot]}, 2: {"cells": []}})
    answer(bob, project, {1: {"cells": [box(7, 12, 10), box(8, 300, 200), {**dot, "x": 204.0}]}, 2: {"cells": []}})
    _result, rows = publish(ann, project, split=False)

    first, second = (json.loads(row["cells"]) for row in rows)
    assert [(part["type"], part["x"], part["y"]) for part in first] == [("box", 11, 10), ("point", 202, 200)]
    assert second == []
    assert "cells_confidence" not in rows[0]
    assert len(json.loads(rows[0]["annotations"])) == 2


def test_a_model_tells_who_overlooks_and_who_invents() -> None:
    """Two people mark nearly all cells, one half of them, two what is not there; the vote leaves cells out."""
    ann = factories.owner()
    people = [ann, *(factories.member(ann, "annotator") for _number in range(4))]
    project = make(ann, PICTURES, overlap=5)
    random = np.random.default_rng(3)
    places = [(column, row) for column in range(6) for row in range(4)]
    cells = {item: [places[at] for at in random.choice(24, 5, replace=False)] for item in range(1, PICTURES + 1)}
    for who, person in enumerate(people):
        found = (0.97, 0.97, 0.5, 0.25, 0.25)[who]
        said = {}
        for item, true in cells.items():
            marked = [place for place in true if random.random() < found]
            if who > 2:
                marked += [places[at] for at in random.choice(24, 2, replace=False) if places[at] not in true]
            boxes = [
                box(number, 60 * x + float(random.integers(0, 4)), 60 * y + float(random.integers(0, 4)))
                for number, (x, y) in enumerate(marked)
            ]
            said[item] = {"cells": boxes}
        answer(person, project, said)
    result, rows = publish(ann, project, split=False, consensus="auto")
    _voted, votes = publish(ann, project, split=False)

    def f1(found: list[dict[str, Any]]) -> float:
        hits = sum(len(corners(row["cells"]) & set(cells[row["item_id"]])) for row in found)
        return 2 * hits / sum(len(corners(row["cells"])) + 5 for row in found)

    assert result["method"] == "dawid-skene"
    assert f1(rows) > 0.93 > f1(votes) + 0.1
    assert all(0.5 <= row["cells_confidence"] <= 1 for row in rows)
