"""Accepted answers of models beyond the queue: in published versions, in splits, and when the questions change."""

import pytest

from core.errors import Conflict
from labeling.models import ModelLabel, Task
from labeling.services.acceptance import change_acceptance
from labeling.services.acceptance_round import measuring_items
from labeling.services.schema_change import change_schema, migrate_answers
from tests import factories
from tests.labeling.services.test_acceptance import (
    HAM,
    SPAM,
    accept,
    accepted,
    accepting,
    answer,
    audits,
    check,
    leased,
)
from tests.labeling.services.test_publish import publish
from tests.labeling.versions import numbered, start, version
from workers.models import Job

pytestmark = pytest.mark.django_db


def test_what_models_are_measured_by_is_known() -> None:
    ann = factories.owner()
    sides = ["train", "test", None, "validation", "test"]
    made = version(ann, {"text": list("abcde"), "split": sides})
    assert measuring_items(factories.project(ann, version=made)).tolist() == [2, 4, 5]
    assert measuring_items(numbered(ann, 3)).tolist() == []


def test_a_published_version_says_which_labels_are_a_models() -> None:
    ann = factories.owner()
    project = accepting(ann, 60)
    made = accept(project, list(range(1, 51)))
    assert made is not None
    assert made.audited == 30
    answer(ann, project, audits(project)[:2], HAM)
    result, rows = publish(ann, project, split=False)
    by_item = {row["item_id"]: row for row in rows}
    closed = set(Task.objects.filter(pk__in=accepted(project)).values_list("item_id", flat=True))
    checked = set(Task.objects.filter(pk__in=audits(project)[:2]).values_list("item_id", flat=True))
    assert (result["by_model"], result["labeled"]) == (20, 2)
    for item, row in by_item.items():
        source = "model" if item in closed else "person" if item in checked else None
        assert row["label_source"] == source
        assert row["label"] == {"model": "spam", "person": "ham", None: None}[source]
        assert row["label_confidence"] == (0.97 if source == "model" else None)
        assert row["label_model"] == (f"quick head 3 {'ab' * 6}" if source == "model" else None)
        assert (row["labeled_at"] is not None) == (source is not None)
        assert row["label_annotators"] == ([ann.user_id] if source == "person" else [])
    for options in ({"with_model": False}, {"only_reviewed": True}):
        _result, rows = publish(ann, project, split=False, **options)
        assert "model" not in {row["label_source"] for row in rows}
        assert "label_model" not in rows[0]
    answer(ann, project, audits(project)[2:12], HAM)
    assert publish(ann, project, split=False)[0]["by_model"] == 0


def test_a_model_never_labels_what_a_split_measures_by() -> None:
    ann = factories.owner()
    texts = [f"text {number}" for number in range(300)]
    # Two of the texts stand twice, once with a person's label.
    texts[298], texts[299] = texts[0], texts[1]
    made = version(ann, {"text": texts})
    project = factories.project(ann, version=made)
    factories.tasks(project, 300)
    change_acceptance(actor=ann, project_id=project.pk, accepts=True)
    project.refresh_from_db()
    held = [task["id"] for task in leased(ann, project, 100)]
    answer(ann, project, held[:50], HAM)
    answer(ann, project, held[50:], SPAM)
    accept(project, list(range(101, 301)))
    result, rows = publish(ann, project, test=0.3)
    sides = {source: {row["split"] for row in rows if row["label_source"] == source} for source in ("model", "person")}
    assert sides["person"] == {"train", "validation", "test"}
    assert sides["model"] <= {"train", None}
    both = {row["text"]: row["split"] for row in rows if row["label_source"] == "person"}
    for row in rows:
        if row["label_source"] == "model":
            assert row["split"] == ("train" if both.get(row["text"], "train") == "train" else None)
    assert result["by_model"] == 170
    _again, grouped = publish(ann, project, test=0.3, group_column="text")
    assert {row["split"] for row in grouped if row["label_source"] == "model"} == {"train", None}


def test_renamed_labels_stay_accepted_and_labels_that_are_gone_go_back_to_people() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    schema = dict(project.schema)
    control = {**schema["controls"][0], "labels": [{"value": name, "title": name} for name in ("ham", "junk")]}
    schema = {**schema, "controls": [control]}
    renamed = {("label", "spam"): "junk"}
    change_schema(actor=ann, project_id=project.pk, schema=schema, schema_revision=1, renamed=renamed)
    job = start(Job.objects.filter(kind="labeling.migrate_answers").latest("pk"))
    migrate_answers(job=job, project_id=project.pk)
    assert {tuple(row.answer["label"]) for row in ModelLabel.objects.all()} == {("junk",)}
    Job.objects.filter(pk=job.job_id).update(state="succeeded")
    check(project)
    assert len(accepted(project)) == 50
    control = {**control, "labels": [{"value": name, "title": name} for name in ("ham", "eggs")]}
    change_schema(actor=ann, project_id=project.pk, schema={**schema, "controls": [control]}, schema_revision=2)
    migrate_answers(job=start(Job.objects.filter(kind="labeling.migrate_answers").latest("pk")), project_id=project.pk)
    assert not ModelLabel.objects.exists()
    check(project)
    assert project.answers_wanted == 100
    assert project.accepts


def test_a_question_that_a_model_cannot_answer_switches_it_off() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    schema = dict(project.schema)
    note = {"name": "why", "type": "text", "required": True, "title": "Why"}
    change_schema(
        actor=ann, project_id=project.pk, schema={**schema, "controls": [*schema["controls"], note]}, schema_revision=1
    )
    migrate_answers(job=start(Job.objects.filter(kind="labeling.migrate_answers").latest("pk")), project_id=project.pk)
    check(project)
    assert not project.accepts
    assert not ModelLabel.objects.exists()
    with pytest.raises(Conflict, match="why"):
        change_acceptance(actor=ann, project_id=project.pk, accepts=True)
