"""Exports through the client and the command, against a real service."""

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from assay_client import Client, InvalidRequest
from labeling.models import Annotation, Project
from tests import factories
from tests.client.test_command import Run, assay
from tests.labeling.crowds import answer
from tests.labeling.services.test_export import box, make
from tests.live import LiveService

__all__ = ["assay"]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    return factories.owner()


def test_a_project_is_exported_by_client_and_command(
    live_service: LiveService, boss: Actor, assay: Run, tmp_path: Path
) -> None:
    project = make(boss, 2)
    answer(boss, project, {1: {"cells": [box("a", 10)]}, 2: {"cells": [box("b", 20)]}})
    with Client(live_service.url, token=factories.secret(boss)) as client:
        assert client.exports.formats(project.pk)["coco"] == ""
        made = client.exports.save(project.pk, "coco", tmp_path / "one.zip")
        assert (made["item_count"], made["losses"]) == (2, {"renamed": 1})
        assert [row["id"] for row in client.exports.list(project.pk)] == [made["id"]]
        with pytest.raises(InvalidRequest):
            client.exports.create(project.pk, "docx")
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert "annotations/instances_train.json" in archive.namelist()

    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    two, lost = tmp_path / "two.zip", tmp_path / "lost.csv"
    said = assay("--json", "project", "export", "Cells", "--format", "coco", "--out", str(two), "--losses", str(lost))
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["item_count"] == 2
    assert [row["code"] for row in csv.DictReader(lost.read_text("utf-8-sig").splitlines())] == ["renamed"]
    wrong = assay("project", "export", "Cells", "--format", "docx", "--out", str(two))
    assert wrong.returncode == 2
    assert "coco" in wrong.stderr


def test_what_is_exported_is_imported_again(live_service: LiveService, boss: Actor, assay: Run, tmp_path: Path) -> None:
    project = make(boss, 3)
    answers = {1: {"cells": [box("a", 10)]}, 2: {"cells": []}, 3: {"cells": [box("b", 20), box("c", 120)]}}
    answer(boss, project, answers)
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    file = tmp_path / "answers.zip"
    for file_format in ("label_studio", "coco", "cvat"):
        assert assay("project", "export", "Cells", "--format", file_format, "--out", str(file)).returncode == 0
        said = assay("--json", "project", "import", str(file), "--name", f"Again {file_format}")
        assert said.returncode == 0, said.stderr
        result = json.loads(said.stdout)
        assert (result["format"], result["items"], result["answers"]["answers"]) == (file_format, 3, 3)
        again = Project.objects.get(pk=result["project"])
        (control,) = again.schema["controls"]
        kept = [row.answer.get(control["name"], []) for row in Annotation.objects.filter(project=again)]
        # Splits are files of their own there, so items may come in another order.
        assert sorted(map(shapes_of, kept)) == sorted(shapes_of(given["cells"]) for given in answers.values())


def shapes_of(value: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return what a reader can see of shapes: everything but their ids."""
    return [tuple(shape[name] for name in ("type", "label", "x", "y", "width", "height")) for shape in value]
