"""`assay migrate label-studio` against a server that behaves as Label Studio's API does, into a real service."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import User
from curation.services.version import open_version
from labeling.models import Adjudication, Annotation, Project, Suggestion
from tests import factories
from tests.client.old_tools import ANN, BO, Answer, OldTool, annotation, box, label_studio, png, task
from tests.client.signed_in import boss, signed_in
from tests.client.test_command import Run, assay
from tests.live import LiveService

__all__ = ["assay", "boss"]
UPLOADED = "/data/upload/3/0123abcd-car {}.png"


@pytest.fixture
def run(live_service: LiveService, boss: Actor, assay: Run, tmp_path: Path) -> Run:
    return signed_in(assay, live_service, boss, tmp_path / "cache", LABEL_STUDIO_API_KEY="secret")


def tasks() -> list[dict[str, Any]]:
    """Two people, of whom one skips; a right answer; two models; a draft; one picture that is gone."""
    said = [annotation(1, box(10), ground_truth=True), annotation(2, box(50))]
    predictions = [
        {"id": 1, "result": box(20), "score": 0.25, "model_version": "old", "created_at": "2025-01-01T00:00:00Z"},
        {"id": 2, "result": box(30), "score": 1.5, "model_version": "new", "created_at": "2025-02-01T00:00:00Z"},
    ]
    return [
        task(1, UPLOADED.format(1), annotations=said, predictions=predictions),
        task(2, UPLOADED.format(2), annotations=[annotation(2, [], was_cancelled=True)], draft_exists=True),
        task(
            3, UPLOADED.format(3), meta={"batch": 4}, annotations=[annotation(9, box(0), created_username="A a@b.c, 9")]
        ),
        task(4, "/data/upload/3/0123abcd-gone.png", annotations=[annotation(1, box(0))]),
    ]


@pytest.fixture
def old() -> Iterator[OldTool]:
    tool = label_studio(tasks())
    del tool.routes["GET", "/data/upload/3/0123abcd-gone.png"]
    for number in (1, 2, 3):
        # The path of an address comes with its blanks escaped.
        tool.routes["GET", UPLOADED.format(number).replace(" ", "%20")] = tool.routes["GET", UPLOADED.format(number)]
    with tool.serving():
        yield tool


def test_a_project_comes_with_everything_in_it(boss: Actor, run: Run, old: OldTool, tmp_path: Path) -> None:
    User.objects.filter(pk=boss.user_id).update(email=ANN)
    lost = tmp_path / "lost.csv"
    done = run("--json", "migrate", "label-studio", f"{old.url}/projects/3/data?tab=1", "--losses", str(lost))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["there"] == {
        "tasks": 4, "answers": 4, "skipped": 1, "predictions": 2, "pictures": 3, "people": 3
    }  # fmt: skip
    project = Project.objects.get(pk=result["project"])
    assert (project.name, project.overlap, project.guidelines) == ("Street", 2, "Mark cars.")
    assert [label["value"] for label in project.schema["controls"][0]["labels"]] == ["car", "行人"]
    with open_version(project.version) as reader:
        rows = reader.table().to_pylist()
    assert [(row["image_file"], row["label_studio_id"]) for row in rows] == [
        ("car 1.png", 1), ("car 2.png", 2), ("car 3.png", 3)
    ]  # fmt: skip
    assert rows[2]["meta"] == '{"batch":4}'
    answers = Annotation.objects.filter(project=project).select_related("annotator").order_by("task__item_id", "pk")
    shapes = [[shape["x"] for shape in (row.answer or {}).get("things", [])] for row in answers]
    people = [row.annotator_id == boss.user_id or row.annotator.name for row in answers]
    found = sorted(zip(map(str, people), shapes, [row.skipped for row in answers], strict=True))
    assert found == [("True", [4.0], False), ("a@b.c", [0.0], False), (BO, [], True), (BO, [20.0], False)]
    assert {row.seconds for row in answers} == {4.5}
    assert {row.created_at.isoformat() for row in answers} == {"2025-03-01T10:00:00+00:00"}
    suggested = Suggestion.objects.filter(project=project).order_by("pk")
    assert [(row.source, row.confidence) for row in suggested] == [("old", 0.25), ("new", 1.0)]
    (decided,) = Adjudication.objects.filter(project=project)
    assert decided.answer["things"][0]["x"] == 4.0

    told = list(csv.DictReader(lost.read_text("utf-8-sig").splitlines()))
    assert sorted((row["step"], row["code"]) for row in told) == [
        ("importing", "nested_value"), ("importing", "picture_missing"), ("importing", "score_cut"),
        ("taking", "draft"), ("taking", "media_missing"),
    ]  # fmt: skip
    gone = next(row for row in told if row["code"] == "media_missing")
    assert gone["where"] == "task 4, image"
    assert "0123abcd-gone.png" in gone["reason"]
    # What was had goes when all is done.
    assert list((tmp_path / "cache" / "assay" / "migrations").iterdir()) == []


def test_an_interrupted_one_goes_on_where_it_stopped(run: Run, tmp_path: Path) -> None:
    tool = label_studio([task(number, UPLOADED.format(number)) for number in range(1, 131)])
    pages = tool.routes["GET", "/api/tasks/"]
    tool.get("/api/tasks/", lambda asked: Answer(401) if asked.query["page"] == "2" else pages(asked))
    for number in range(1, 131):
        tool.get(UPLOADED.format(number).replace(" ", "%20"), png(number))
    with tool.serving():
        command = ("migrate", "label-studio", tool.url, "--project", "3", "--folder", str(tmp_path / "kept"))
        stopped = run(*command)
        assert stopped.returncode == 5
        assert "does not take the token" in stopped.stderr
        assert f"What was had is in {tmp_path / 'kept'}; the same command goes on" in stopped.stderr
        first = UPLOADED.format(1).replace(" ", "%20")
        assert (tool.count(first), Project.objects.count()) == (1, 0)
        tool.get("/api/tasks/", pages)
        done = run("--json", *command)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["items"] == 130
        # The first page and its pictures were not asked for again.
        assert tool.count(first) == 1
        assert [asked.query["page"] for asked in tool.asked if asked.path == "/api/tasks/"] == ["1", "2", "2"]
        # All was done: the same command again makes nothing, and asks for no task.
        again = run("--json", *command)
        assert json.loads(again.stdout)["project"] == json.loads(done.stdout)["project"]
        assert Project.objects.count() == 1
        other = run("migrate", "label-studio", tool.url, "--project", "4", "--folder", str(tmp_path / "kept"))
        assert other.returncode == 2
        assert "belongs to" in other.stderr


def test_pictures_of_other_hosts_come_when_the_host_is_named(run: Run, tmp_path: Path) -> None:
    elsewhere = OldTool()
    elsewhere.get("/b.png", png(2))
    with elsewhere.serving():
        tool = label_studio([task(1, UPLOADED.format(1)), task(2, f"{elsewhere.url}/b.png")])
        tool.get(UPLOADED.format(1).replace(" ", "%20"), png(1))
        with tool.serving():
            command = ("--json", "migrate", "label-studio", tool.url, "--project", "3")
            without = json.loads(run(*command, "--name", "Without").stdout)
            assert (without["items"], without["not_taken"]) == (1, {"media_elsewhere": 1})
            assert elsewhere.asked == []
            host = elsewhere.url.removeprefix("http://")
            named = json.loads(run(*command, "--name", "With", "--media-from", host).stdout)
            assert (named["items"], named["not_taken"]) == (2, {})
            assert "authorization" not in elsewhere.asked[0].headers


def test_all_projects_come_and_one_that_fails_keeps_none_of_the_others(run: Run, old: OldTool) -> None:
    rows = [{"id": 3, "title": "Street"}, {"id": 4, "title": "Gone"}]
    old.get("/api/projects", {"count": 2, "next": None, "results": rows})
    done = run("--json", "migrate", "label-studio", old.url, "--all")
    assert done.returncode == 7
    assert "1 of 2 projects could not be taken" in done.stderr
    found = json.loads(done.stdout)
    assert [(row["name"], row.get("items"), "error" in row) for row in found] == [
        ("Street", 3, False), ("Gone", None, True)
    ]  # fmt: skip
    again = json.loads(run("--json", "migrate", "label-studio", old.url, "--all").stdout)
    assert again[0] == {"number": "3", "name": "Street", "passed_over": True}


def test_an_exported_file_does_as_well(run: Run, tmp_path: Path) -> None:
    said = {"id": 1, "from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["spam"]}}
    file = tmp_path / "export.json"
    rows = [
        {"id": 1, "data": {"text": "win cash"}, "annotations": [annotation(None, [said], completed_by={"email": BO})]}
    ]
    file.write_text(json.dumps(rows))
    done = run("--json", "migrate", "label-studio", "--file", str(file), "--name", "From a file")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answers"]["answers"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--project", "3"), "Name the address"),
        (("https://old.example",), "Say which --project, or --all"),
        (("https://old.example/projects/3/", "--all"), "leave out --name and --project"),
        (("https://old.example", "--file", "."), "Give --file, or an address"),
    ],
)
def test_a_command_line_that_lacks_something(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("migrate", "label-studio", *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_people_are_who_they_are_said_to_be_and_rights_are_looked_at_first(
    live_service: LiveService, boss: Actor, run: Run, old: OldTool
) -> None:
    member = factories.member(boss, "annotator")
    email = User.objects.get(pk=member.user_id).email
    command = ("--json", "migrate", "label-studio", old.url, "--project", "3")
    result = json.loads(run(*command, "--person", f"{BO}={email}", "--name", "Known").stdout)
    answers = Annotation.objects.filter(project=result["project"], annotator=member.user_id)
    assert answers.count() == 2
    asked = len(old.asked)
    taken = run(*command, "--name", "Known")
    assert (taken.returncode, "a project called Known already" in taken.stderr) == (2, True)
    weak = run(*command, ASSAY_TOKEN=factories.secret(member))
    assert (weak.returncode, "lacks the scope data.write, project.write" in weak.stderr) == (2, True)
    # Nothing was taken in vain.
    assert len(old.asked) == asked
    wrong = run(*command, "--person", "bo")
    assert (wrong.returncode, "NAME-THERE=E-MAIL-HERE" in wrong.stderr) == (2, True)


def test_an_empty_project_is_no_failure_and_two_of_one_name_are_told_apart(run: Run) -> None:
    tool = label_studio([task(1, UPLOADED.format(1))])
    tool.get(UPLOADED.format(1).replace(" ", "%20"), png(1))
    rows = [{"id": 3, "title": "Street"}, {"id": 4, "title": "Street"}, {"id": 5, "title": "Empty"}]
    tool.get("/api/projects", {"count": 3, "next": None, "results": rows})
    whole = tool.routes["GET", "/api/projects/3/"](tool)  # type: ignore[arg-type]
    pages = tool.routes["GET", "/api/tasks/"]
    tool.get("/api/projects/4/", {**whole, "id": 4})
    tool.get("/api/projects/5/", {**whole, "id": 5, "title": "Empty"})
    nothing = {"total": 0, "tasks": []}
    tool.get("/api/tasks/", lambda asked: nothing if asked.query["project"] == "5" else pages(asked))
    with tool.serving():
        done = run("--json", "migrate", "label-studio", tool.url, "--all")
    assert done.returncode == 0, done.stderr
    assert [(row["name"], row.get("items"), row.get("empty")) for row in json.loads(done.stdout)] == [
        ("Street (3)", 1, None), ("Street (4)", 1, None), ("Empty", None, True)
    ]  # fmt: skip
