"""`assay migrate cvat` against a server of the shape that CVAT's own SDK describes, into a real service.

CVAT itself needs Docker; the export that this server gives is one that datumaro keeps for its tests.
"""

import csv
import json
from pathlib import Path

import pytest

from accounts.actor import Actor
from labeling.models import Annotation, Project
from tests.client.old_tools import Answer, cvat, cvat_export, job
from tests.client.signed_in import boss, signed_in
from tests.client.test_command import Run, assay
from tests.live import LiveService

__all__ = ["assay", "boss"]


@pytest.fixture
def run(live_service: LiveService, boss: Actor, assay: Run, tmp_path: Path) -> Run:
    return signed_in(assay, live_service, boss, tmp_path, CVAT_ACCESS_TOKEN="pat")


def test_all_tasks_of_a_project_come_signed_by_who_had_the_jobs(run: Run, tmp_path: Path) -> None:
    jobs = {
        10: [job(1, 0, 0, "ann"), job(2, 1, 9, "bo"), job(3, 0, 9, "eve", type="ground_truth")],
        # Nobody began it.
        11: [job(4, 0, 9, "ann", state="new")],
    }
    lost = tmp_path / "lost.csv"
    with cvat({10: cvat_export(), 11: cvat_export()}, jobs).serving() as old:
        done = run("--json", "migrate", "cvat", f"{old.url}/projects/2", "--losses", str(lost))
        assert done.returncode == 0, done.stderr
        assert old.count("/api/requests/export-10") == 3
        query = next(asked.query for asked in old.asked if asked.path == "/api/tasks/10/dataset/export")
        assert query == {"format": "CVAT for images 1.1", "save_images": "true"}
    result = json.loads(done.stdout)
    assert (result["format"], result["items"]) == ("cvat", 4)
    project = Project.objects.get(pk=result["project"])
    assert project.name == "Street"
    rows = Annotation.objects.filter(project=project).select_related("annotator", "task").order_by("task__item_id")
    said = [(row.annotator.name, len((row.answer or {}).get("objects", []))) for row in rows]
    # Two tasks with pictures of the same names: each has its own. The last picture has no shapes and nobody saw it.
    assert said[:2] == [("ann", 4), ("bo", said[1][1])]
    assert [name for name, _shapes in said[2:]] == ["ann"] * (len(said) - 2)
    assert {row.created_at.isoformat() for row in rows} == {"2025-03-01T10:00:00+00:00"}
    told = {(row["where"], row["code"]) for row in csv.DictReader(lost.read_text("utf-8-sig").splitlines())}
    assert {("task 10, job 3", "ground_truth"), ("task 11", "issues")} <= told


def test_one_task_by_name_and_password(run: Run) -> None:
    with cvat({10: cvat_export()}, {10: [job(1, 0, 9, "ann")]}).serving() as old:
        old.needs = "Token key"
        old.post("/api/auth/login", lambda asked: {"key": "key"} if asked.body["password"] == "right" else Answer(400))
        command = ("migrate", "cvat", old.url, "--task", "10", "--user", "ann", "--organization", "lab")
        wrong = run(*command, "--key", "wrong")
        assert (wrong.returncode, "does not take this name and password" in wrong.stderr) == (5, True)
        done = run("--json", *command, "--key", "right")
        assert done.returncode == 0, done.stderr
        assert old.asked[-1].headers["x-organization"] == "lab"
    assert json.loads(done.stdout)["name"] == "Task 10"


def test_an_export_that_fails_or_breaks_off_is_said_and_gone_on_with(run: Run, tmp_path: Path) -> None:
    with cvat({10: cvat_export()}, {10: [job(1, 0, 9, "ann")]}).serving() as old:
        command = ("migrate", "cvat", f"{old.url}/tasks/10", "--folder", str(tmp_path / "kept"))
        finished = old.routes["GET", "/api/requests/export-10"]
        old.get("/api/requests/export-10", {"status": "failed", "message": "no space left"})
        failed = run(*command)
        assert failed.returncode == 3
        assert "CVAT could not export task 10: no space left Export it there, and give --file." in failed.stderr
        old.routes["GET", "/api/requests/export-10"] = finished
        old.first["/api/tasks/10/download"] = [Answer(200, cvat_export()[:500], cut=True), Answer(500)]
        done = run("--json", *command)
        assert done.returncode == 0, done.stderr
        assert old.count("/api/tasks/10/download") == 3
    assert json.loads(done.stdout)["items"] == 2


def test_what_is_not_there_is_said(run: Run) -> None:
    with cvat({}, {}).serving() as old:
        empty = run("migrate", "cvat", old.url, "--project", "2")
        assert (empty.returncode, "project 2 has no tasks" in empty.stderr) == (6, True)
        gone = run("migrate", "cvat", old.url, "--task", "99")
        assert (gone.returncode, "has nothing at /api/tasks/99" in gone.stderr) == (6, True)
        both = run("migrate", "cvat", old.url, "--task", "9", "--project", "2")
        assert (both.returncode, "not both" in both.stderr) == (2, True)
