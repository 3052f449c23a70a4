"""The order by suspected errors, on real messages of which some came with a wrong label."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from accounts.actor import Actor
from core.errors import DomainError
from curation.models import Dataset
from labeling.models import Project, Suggestion, Task
from labeling.services.project import change_project, create_project, schema_for_labels
from labeling.services.task import make_tasks
from modeling.services.suggestion import run_suggest, start_suggest
from tests.modeling.conftest import add_version, messages, running, taken

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = {"ham": "spam", "spam": "ham"}
WRONG = {5, 19, 33, 60, 77, 90, 121, 140}
COUNT = 160


def start_anew(actor: Actor) -> Dataset:
    return Dataset.objects.create(organization_id=actor.organization_id, name="Messages")


def make(actor: Actor, folder: Path, *, unknown: bool = False) -> Project:
    """Make a project over messages whose labels came with them; those of WRONG have the other one."""
    texts, labels = zip(*messages(COUNT), strict=True)
    came: list[str | None] = [OTHER[label] if item in WRONG else label for item, label in enumerate(labels, 1)]
    if unknown:
        came = [f"label {item}" for item in range(COUNT)]
    columns = {"item_id": pa.array(range(1, COUNT + 1), pa.int64()), "text": list(texts), "label": came}
    version = add_version(actor, start_anew(actor), pa.table(columns), folder / "v")
    schema = schema_for_labels(labels=["ham", "spam"], text_field="text")
    wanted: dict[str, Any] = {"order": "errors", "suggest_every": 0}
    job = taken(lambda: create_project(actor=actor, version_id=version.pk, name="Again", schema=schema, **wanted)[1])
    project = Project.objects.get(name="Again")
    with running(job) as context:
        make_tasks(job=context, project_id=project.pk)
    return project


def suggest(actor: Actor, project: Project) -> dict[str, Any]:
    with running(taken(lambda: start_suggest(actor=actor, project_id=project.pk))) as job:
        return run_suggest(job=job, project_id=project.pk)


def test_what_the_other_labels_contradict_comes_first(owner: Actor, tmp_path: Path) -> None:
    project = make(owner, tmp_path)
    result = suggest(owner, project)
    assert (result["labeled"], result["ordered"]) == (0, COUNT)
    ranked = list(Task.objects.filter(project=project).order_by("rank").values_list("item_id", flat=True))
    # By chance a tenth of the first sixteen would be among the eight.
    assert len(WRONG.intersection(ranked[:16])) >= 6
    rows = {row.task.item_id: row for row in Suggestion.objects.select_related("task")}
    assert len(rows) == COUNT
    truth = dict(enumerate((label for _text, label in messages(COUNT)), 1))
    found = [rows[item] for item in ranked[:8] if item in WRONG]
    assert {row.reason for row in found} == {"doubted"}
    assert all(row.answer == {"label": [truth[row.task.item_id]]} for row in found)
    assert rows[ranked[-1]].reason == ""
    assert rows[ranked[-1]].confidence > 0.9


def test_labels_that_cannot_be_told_apart_leave_the_default_order(owner: Actor, tmp_path: Path) -> None:
    project = make(owner, tmp_path, unknown=True)
    result = suggest(owner, project)
    assert result["ordered"] == COUNT
    assert "10 labeled items" in result["message"]
    assert not Suggestion.objects.exists()


def test_items_without_labels_have_none_to_doubt(owner: Actor, tmp_path: Path) -> None:
    columns = {"item_id": pa.array([1, 2], pa.int64()), "text": ["one", "two"]}
    version = add_version(owner, start_anew(owner), pa.table(columns), tmp_path / "v")
    schema = schema_for_labels(labels=["ham", "spam"], text_field="text")
    wanted: dict[str, Any] = {"actor": owner, "version_id": version.pk, "name": "P", "schema": schema}
    with pytest.raises(DomainError, match="came without labels") as caught:
        create_project(**wanted, order="errors")
    assert (caught.value.code, caught.value.extra["field"]) == ("order_needs_labels", "order")
    project, _job = create_project(**wanted)
    with pytest.raises(DomainError, match="came without labels"):
        change_project(actor=owner, project_id=project.pk, order="errors")
