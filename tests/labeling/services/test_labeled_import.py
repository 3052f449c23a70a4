"""Labeled datasets of other tools become versions and projects with everybody's answers."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actor import Actor
from accounts.models import User
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from curation.models import Upload
from curation.services.upload import receive_upload
from curation.services.version import open_version
from labeling.models import Adjudication, Annotation, Progress, Project, Suggestion
from labeling.services.labeled_answers import take_answers
from labeling.services.labeled_import import run_labeled_import, start_labeled_import
from tests import factories
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db

FORMATS = Path(__file__).parents[2] / "data" / "formats"
CONFIG = """<View><Text name="text" value="$text"/>
<Choices name="topic" toName="text" choice="single"><Choice value="sport"/><Choice value="news"/></Choices></View>"""


def sent(actor: Actor, name: str, data: bytes) -> Upload:
    return receive_upload(actor=actor, dataset_id=factories.dataset(actor).pk, file=SimpleUploadedFile(name, data))


def packed(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()


def folder(name: str) -> bytes:
    place = FORMATS / name
    return packed({path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*.*"))})


def imported(actor: Actor, upload: Upload, name: str = "Imported") -> tuple[dict[str, Any], dict[str, Any]]:
    """Import an upload, and return what both jobs came to."""
    job = start(start_labeled_import(actor=actor, upload_id=upload.pk, name=name))
    made = run_labeled_import(job=job, upload_id=upload.pk, name=name)
    brings = start(Job.objects.get(pk=made["answers_job"]))
    return made, take_answers(job=brings, **brings.params)


def chosen(task: int, person: Any, label: str, at: str) -> dict[str, Any]:
    result = [{"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]
    return {"id": task, "completed_by": person, "created_at": at, "updated_at": at, "result": result}


def test_pictures_with_shapes_become_a_project() -> None:
    ann = factories.owner()
    made, brought = imported(ann, sent(ann, "cells.zip", folder("coco")))
    project = Project.objects.get(pk=made["project"])
    assert (made["format"], made["items"]) == ("coco", 2)
    assert [control["type"] for control in project.schema["controls"]] == ["shapes"]
    assert brought["answers"] == 2
    with open_version(project.version) as reader:
        rows = reader.table().to_pylist()
    assert [(row["image_file"], row["split"]) for row in rows] == [("a.jpg", "train"), ("b.jpg", "validation")]
    answers = {row.task.item_id: row.answer for row in Annotation.objects.filter(project=project)}
    assert [len(answers[row["item_id"]]["objects"]) for row in rows] == [1, 2]


def test_everybody_s_answers_come_with_names_and_times_and_are_counted() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    email = User.objects.get(pk=bob.user_id).email
    first, second = "2025-03-01T10:00:00Z", "2025-03-02T11:30:00+02:00"
    predicted = {"model_version": "old model", "score": 0.75, "result": chosen(3, 0, "news", first)["result"]}
    tasks = [
        {
            "id": 1,
            "data": {"text": "The match ended 2:1."},
            "annotations": [
                chosen(1, {"email": email}, "sport", first),
                chosen(2, {"email": "eve@elsewhere.example"}, "news", second),
            ],
            "predictions": [predicted],
        },
        {"id": 2, "data": {"text": "The king spoke."}, "annotations": []},
    ]
    files = {"tasks.json": json.dumps(tasks).encode(), "labeling_config.xml": CONFIG.encode()}
    made, brought = imported(ann, sent(ann, "export.zip", packed(files)))
    project = Project.objects.get(pk=made["project"])

    assert (brought["answers"], brought["suggestions"], brought["refused"], brought["people"]) == (2, 1, 0, 2)
    assert (project.overlap, project.task_count) == (2, 2)
    rows = Annotation.objects.filter(project=project).order_by("created_at").select_related("annotator")
    assert [(row.answer, row.created_at.isoformat()) for row in rows] == [
        ({"topic": ["sport"]}, "2025-03-01T10:00:00+00:00"),
        ({"topic": ["news"]}, "2025-03-02T09:30:00+00:00"),
    ]
    assert rows[0].annotator_id == bob.user_id
    eve = rows[1].annotator
    assert (eve.name, eve.is_active, eve.has_usable_password()) == ("eve@elsewhere.example", False, False)
    assert sorted(Progress.objects.filter(project=project).values_list("answers", flat=True)) == [1, 1]
    # Two have answered the first item, nobody the second.
    assert sorted(project.tasks.values_list("open_slots", flat=True)) == [0, 2]
    assert Suggestion.objects.get(project=project).confidence == 0.75


def test_a_second_attempt_changes_nothing() -> None:
    ann = factories.owner()
    upload = sent(ann, "cells.zip", folder("coco"))
    job = start(start_labeled_import(actor=ann, upload_id=upload.pk, name="Twice"))
    once = run_labeled_import(job=job, upload_id=upload.pk, name="Twice")
    assert run_labeled_import(job=job, upload_id=upload.pk, name="Twice") == once
    brings = start(Job.objects.get(pk=once["answers_job"]))
    assert take_answers(job=brings, **brings.params)["answers"] == 2
    assert take_answers(job=brings, **brings.params)["answers"] == 0
    assert Annotation.objects.filter(project=once["project"]).count() == 2
    assert Progress.objects.get(project=once["project"]).answers == 2


def test_what_cannot_be_read_is_said_and_makes_nothing() -> None:
    ann = factories.owner()
    upload = sent(ann, "notes.txt", b"just some words")
    job = start(start_labeled_import(actor=ann, upload_id=upload.pk, name="Nothing"))
    with pytest.raises(DomainError) as refused:
        run_labeled_import(job=job, upload_id=upload.pk, name="Nothing")
    assert refused.value.code == "format_unknown"
    assert not Project.objects.filter(name="Nothing").exists()


def test_pictures_that_are_missing_are_listed_with_the_file() -> None:
    ann = factories.owner()
    whole = FORMATS / "coco"
    files = {path.relative_to(whole).as_posix(): path.read_bytes() for path in sorted(whole.rglob("*.*"))}
    files = {name: data for name, data in files.items() if not name.endswith("b.jpg")}
    upload = sent(ann, "cells.zip", packed(files))
    made, brought = imported(ann, upload)
    assert (made["items"], made["losses"], brought["answers"]) == (1, {"picture_missing": 1}, 1)
    upload.refresh_from_db()
    assert upload.refused_count == 1


def test_who_may_not_and_what_is_taken_is_refused() -> None:
    ann = factories.owner()
    upload = sent(ann, "cells.zip", folder("coco"))
    with pytest.raises(NotFound):
        start_labeled_import(actor=factories.owner(), upload_id=upload.pk, name="Mine")
    with pytest.raises(NotAllowed):
        start_labeled_import(actor=factories.member(ann, "annotator"), upload_id=upload.pk, name="Mine")
    with pytest.raises(DomainError, match="name"):
        start_labeled_import(actor=ann, upload_id=upload.pk, name="  ")
    taken = factories.project(ann)
    with pytest.raises(Conflict):
        start_labeled_import(actor=ann, upload_id=upload.pk, name=taken.name)
    start_labeled_import(actor=ann, upload_id=upload.pk, name="Mine")
    with pytest.raises(Conflict, match="already"):
        start_labeled_import(actor=ann, upload_id=upload.pk, name="Again")


def test_ground_truth_is_decided_and_time_taken_and_both_models_are_kept() -> None:
    ann = factories.owner()
    at = "2025-03-01T10:00:00Z"
    first = {**chosen(1, {"email": "bo@x.example"}, "sport", at), "lead_time": 12.5}
    right = {**chosen(2, {"email": "eve@x.example"}, "news", at), "lead_time": 99_999, "ground_truth": True}
    alone = {**chosen(3, {"email": "eve@x.example"}, "news", at), "ground_truth": True}
    predictions = [
        {"model_version": "new", "score": 0.5, "created_at": "2025-02-01T00:00:00Z", "result": first["result"]},
        {"model_version": "old", "score": 0.25, "created_at": "2025-01-01T00:00:00Z", "result": right["result"]},
        {"model_version": "old", "score": 0.125, "created_at": "2025-01-02T00:00:00Z", "result": first["result"]},
    ]
    tasks = [
        {"id": 1, "data": {"text": "a"}, "annotations": [first, right], "predictions": predictions},
        {"id": 2, "data": {"text": "b"}, "annotations": [alone]},
        {"id": 3, "data": {"text": "c"}, "annotations": [first, {**first, "result": right["result"]}]},
    ]
    files = {"tasks.json": json.dumps(tasks).encode(), "labeling_config.xml": CONFIG.encode()}
    upload = sent(ann, "export.zip", packed(files))
    job = start(start_labeled_import(actor=ann, upload_id=upload.pk, name="Truth"))
    made = run_labeled_import(job=job, upload_id=upload.pk, name="Truth")
    brings = start(Job.objects.get(pk=made["answers_job"]))
    brought = take_answers(job=brings, **brings.params)

    # What counts of one answer alone is that answer, and needs no decision.
    (decided,) = Adjudication.objects.filter(project=made["project"])
    assert (brought["decided"], decided.answer) == (1, {"topic": ["news"]})
    rows = Annotation.objects.filter(project=made["project"]).order_by("task", "annotator__name")
    assert decided.annotation_number == rows[1].pk
    # Nobody can be at one item for a day; an hour is the most that counts.
    assert [row.seconds for row in rows] == [12.5, 3600.0, 0.0, 12.5]
    shown = Suggestion.objects.filter(project=made["project"]).order_by("pk")
    assert [(row.source, row.confidence) for row in shown] == [("old", 0.125), ("new", 0.5)]
    # The second answer of one person to the third item took the place of the first.
    assert rows[3].answer == {"topic": ["news"]}
    assert made["losses"] == {"answer_earlier": 1, "prediction_earlier": 1}
    take_answers(job=brings, **brings.params)
    assert Suggestion.objects.filter(project=made["project"]).count() == 2
    assert Adjudication.objects.get(project=made["project"]).revision == 1


@pytest.mark.parametrize("open_tasks", [0, 1])
def test_a_model_learns_from_what_came_only_where_tasks_are_open(open_tasks: int) -> None:
    ann = factories.owner()
    at = "2026-01-01T00:00:00Z"
    rows: list[dict[str, Any]] = [
        {"id": n, "data": {"text": f"t{n}"}, "annotations": [chosen(n, "bob@example.com", "sport", at)]}
        for n in range(60)
    ]
    rows += [{"id": 99, "data": {"text": "nobody said"}, "annotations": []}] * open_tasks
    data = packed({"tasks.json": json.dumps(rows).encode(), "labeling_config.xml": CONFIG.encode()})
    made, brought = imported(ann, sent(ann, "tasks.zip", data))
    project = Project.objects.get(pk=made["project"])
    assert (brought["answers"], project.suggest_every, project.suggest_at) == (60, 50, 110)
    assert Job.objects.filter(kind="modeling.suggest").count() == open_tasks
    # The job that brings the answers makes the tasks.
    assert project.tasks.count() == 60 + open_tasks
    assert not Job.objects.filter(kind="labeling.create_tasks").exists()
