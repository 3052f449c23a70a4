"""`assay migrate doccano` against a server that behaves as doccano's API does, into a real service."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from curation.services.version import open_version
from labeling.models import Adjudication, Annotation, Project
from tests.client.old_tools import OldTool, doccano, png
from tests.client.signed_in import boss, signed_in
from tests.client.test_command import Run, assay
from tests.live import LiveService

__all__ = ["assay", "boss"]
AT = "2025-03-01T10:00:00.000000Z"


@pytest.fixture
def run(live_service: LiveService, boss: Actor, assay: Run, tmp_path: Path) -> Run:
    return signed_in(assay, live_service, boss, tmp_path, DOCCANO_PASSWORD="right")


def span(number: int, who: int, start: int, end: int) -> dict[str, Any]:
    return {
        "id": number,
        "user": who,
        "label": 5,
        "start_offset": start,
        "end_offset": end,
        "updated_at": AT,
        "prob": 0,
    }


def example(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "text": f"Li Wei met Ann {number}.",
        "meta": {},
        "upload_name": "a.jsonl",
        "is_confirmed": False,
        **more,
    }


def said_of(project: Project) -> list[tuple[str, Any, str]]:
    """Return who answered what when, without ids."""
    rows = Annotation.objects.filter(project=project).select_related("annotator").order_by("task__item_id", "annotator")
    return [(row.annotator.name, short(row.answer or {}), row.created_at.isoformat()[:10]) for row in rows]


def short(answer: dict[str, Any]) -> list[Any]:
    return [
        *((row["text"], row["label"]) for row in answer.get("spans", [])),
        *(row["label"] for row in answer.get("relations", [])),
    ]


def test_people_on_one_set_of_labels_are_told_apart(run: Run, tmp_path: Path) -> None:
    tie = {"id": 1, "user": 1, "type": 6, "from_id": 1, "to_id": 2, "updated_at": AT}
    across = {"id": 2, "user": 2, "type": 6, "from_id": 3, "to_id": 1, "updated_at": AT}
    spans = [span(1, 1, 0, 6), span(2, 1, 11, 14), span(3, 2, 7, 10)]
    confirmed = {"confirmed_by": 2, "confirmed_at": AT}
    note = {"id": 1, "user": 2, "username": "bo", "example": 1, "text": "look", "created_at": AT}
    examples = [
        example(
            1, meta={"source": "x", "text": "taken"}, said={"spans": spans, "relations": [tie, across]}, notes=[note]
        ),
        example(2, is_confirmed=True, said={"states": [confirmed]}),
        *(example(number) for number in range(3, 108)),
    ]
    lost = tmp_path / "lost.csv"
    with doccano(examples).serving() as old:
        done = run("--json", "migrate", "doccano", f"{old.url}/projects/7", "--user", "ann", "--losses", str(lost))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["there"] == {"tasks": 107, "answers": 3, "pictures": 0, "people": 2}
    project = Project.objects.get(pk=result["project"])
    assert (project.name, project.guidelines) == ("Names", "Who\n\n# Mark\nall")
    marks, ties = project.schema["controls"]
    assert (marks["labels"], marks["overlap"]) == (
        [{"value": "PER", "title": "PER", "hotkey": "p", "color": "#ff0000"}], "none"
    )  # fmt: skip
    assert [label["value"] for label in ties["labels"]] == ["knows"]
    assert said_of(project) == [
        ("ann", [("Li Wei", "PER"), ("Ann", "PER"), "knows"], "2025-03-01"),
        ("bo", [("met", "PER")], "2025-03-01"),
        ("bo", [], "2025-03-01"),
    ]
    # What both did together is what counts, with the relation between their spans.
    (whole,) = Adjudication.objects.filter(project=project)
    assert short(whole.answer) == [("Li Wei", "PER"), ("met", "PER"), ("Ann", "PER"), "knows", "knows"]
    with open_version(project.version) as reader:
        row = reader.table().to_pylist()[0]
    assert {name: row[name] for name in ("doccano_id", "filename", "comments", "source", "meta_text")} == {
        "doccano_id": 1, "filename": "a.jsonl", "comments": "bo: look", "source": "x", "meta_text": "taken"
    }  # fmt: skip
    assert [row["code"] for row in csv.DictReader(lost.read_text("utf-8-sig").splitlines())] == ["relation_across"]


def exported(old: OldTool, *files: dict[str, list[dict[str, Any]]]) -> None:
    """Have a doccano export these rows by member: of all examples, then of those confirmed."""

    def start(asked: Any) -> dict[str, str]:
        return {"task_id": "approved" if asked.body["exportApproved"] else "all"}

    def download(asked: Any) -> bytes:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as archive:
            for member, rows in files[asked.query["taskId"] == "approved"].items():
                archive.writestr(f"{member}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        return sink.getvalue()

    old.post("/v1/projects/7/download", start)
    old.get("/v1/projects/7/download", download)
    looks = iter([False])
    old.get("/v1/tasks/status/all", lambda _asked: {"ready": next(looks, True), "result": "", "error": None})
    old.get("/v1/tasks/status/approved", {"ready": True, "result": "", "error": None})


def test_where_everybody_has_labels_of_their_own_the_export_is_asked(run: Run) -> None:
    entities = [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 6}]
    rows = {"ann": [{"id": 1, "text": "…", "entities": entities, "relations": []}, {"id": 2, "entities": []}]}
    rows["bo.b"] = [{"id": 1, "entities": [{**entities[0], "id": 2, "start_offset": 11, "end_offset": 14}]}, {"id": 2}]
    with doccano([example(1), example(2)], together=False).serving() as old:
        exported(old, rows, {"ann": [{"id": 2}], "bo.b": []})
        done = run("--json", "migrate", "doccano", old.url, "--project", "7", "--user", "ann")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["not_taken"] == {"times": 1}
    found = said_of(Project.objects.get(pk=result["project"]))
    assert [row[:2] for row in found] == [("ann", [("Li Wei", "PER")]), ("bo.b", [("Ann", "PER")]), ("ann", [])]


def test_an_export_that_fails_is_said(run: Run) -> None:
    with doccano([example(1)], together=False).serving() as old:
        exported(old, {}, {})
        old.get("/v1/tasks/status/all", {"ready": True, "result": None, "error": {"text": "disk full"}})
        done = run("migrate", "doccano", old.url, "--project", "7", "--user", "ann")
    assert done.returncode == 3
    assert "doccano could not export the project: {'text': 'disk full'}" in done.stderr


def test_pictures_come_with_their_boxes(run: Run) -> None:
    box = {
        "id": 1,
        "uuid": "0a-b",
        "user": 1,
        "label": 4,
        "x": 5.5,
        "y": 2,
        "width": 10,
        "height": 8.25,
        "updated_at": AT,
    }
    # Behind a proxy doccano may know itself under another address.
    named = {"filename": "http://inside:8000/media/x/%E8%BD%A6.png", "upload_name": "车.png", "text": None}
    gone = {"filename": "http://inside:8000/media/x/gone.png", "upload_name": "gone.png", "text": None}
    examples = [example(1, **named, said={"bboxes": [box]}), example(2, **gone)]
    with doccano(examples, kind="BoundingBox").serving() as old:
        old.get("/media/x/%E8%BD%A6.png", png(7))
        done = run("--json", "migrate", "doccano", old.url, "--project", "7", "--user", "ann")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["items"], result["losses"], result["not_taken"]) == (1, {"picture_missing": 1}, {"media_missing": 1})
    (row,) = Annotation.objects.filter(project=result["project"])
    assert row.answer["objects"] == [
        {"id": "0a-b", "type": "box", "label": "car", "x": 5.5, "y": 2.0, "width": 10.0, "height": 8.25}
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--project", "7", "--user", "ann", "--key", "wrong"), 5, "does not take this name and password"),
        (("--project", "7", "--key", "wrong"), 5, "does not take the token"),
        (("--project", "8", "--user", "ann"), 6, "has nothing at /v1/projects/8"),
    ],
)
def test_what_is_refused_is_said(run: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    with doccano([example(1)]).serving() as old:
        done = run("migrate", "doccano", old.url, *arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr


def test_a_kind_that_cannot_be_taken_is_said_before_anything_is(run: Run) -> None:
    with doccano([example(1)], kind="Speech2text").serving() as old:
        done = run("migrate", "doccano", old.url, "--project", "7", "--user", "ann")
        assert "type Speech2text cannot be taken" in done.stderr
        assert old.count("/v1/projects/7/examples") == 0
