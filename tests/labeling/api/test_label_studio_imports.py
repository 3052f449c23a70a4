"""Imports through Label Studio's API that are files, or the work of a job: what is taken, and what is told."""

import io
from typing import Any

import orjson
import pytest

from accounts.actor import Actor
from core.errors import DomainError
from labeling.models import Annotation, Export, Project, Task
from labeling.services.label_studio import intake
from labeling.services.label_studio.arrival import run_import
from tests import factories
from tests.curation.places import web_server
from tests.labeling.label_studio import BOXES, Call, caller, chosen, imported, made, png
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Actor:
    return factories.owner()


@pytest.fixture
def call(owner: Actor) -> Call:
    return caller(owner)


@pytest.fixture
def project(call: Call) -> Project:
    return made(call)


def test_a_large_import_is_a_job_that_goes_on_where_it_stopped(
    call: Call, project: Project, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeling.api.label_studio.arrival.MOST_TASKS", 10)
    monkeypatch.setattr("labeling.services.label_studio.arrival.BATCH", 10)
    monkeypatch.setattr("labeling.services.label_studio.waiting.SECONDS", 0.0)
    monkeypatch.setattr("labeling.api.label_studio.arrival.wait_for", lambda _job: False)
    rows = [{"data": {"text": f"text {n}"}, "annotations": [{"result": chosen("news")}]} for n in range(25)]
    answer = call("POST", f"projects/{project.pk}/import", rows)
    assert answer.status_code == 201
    number = answer.json()["import"]
    assert call("GET", f"projects/{project.pk}/imports/{number}").json()["status"] == "in_progress"
    job = Job.objects.get(kind="labeling.label_studio_import")
    context = start(job)
    real, seen = intake.store_taken, []

    def dies(**arguments: Any) -> Any:
        seen.append(len(arguments["taken"]))
        if len(seen) == 2:
            raise RuntimeError("the worker died")
        return real(**arguments)

    monkeypatch.setattr("labeling.services.label_studio.arrival.store_taken", dies)
    with pytest.raises(RuntimeError):
        run_import(job=context, import_id=number)
    assert run_import(job=context, import_id=number)["tasks"] == 25
    # A worker that died before it saved where it was begins anew, and nothing comes twice.
    context.state.pop("batch")
    context.state["batch"] = 0
    assert run_import(job=context, import_id=number)["tasks"] == 25
    assert (Task.objects.count(), Annotation.objects.count()) == (25, 25)
    shown = call("GET", f"projects/{project.pk}/imports/{number}/").json()
    assert (shown["status"], shown["task_count"], shown["annotation_count"]) == ("completed", 25, 25)
    assert shown["task_ids"] == list(Task.objects.order_by("item_id").values_list("pk", flat=True))


def test_a_large_import_with_a_bad_task_takes_nothing(
    call: Call, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labeling.api.label_studio.arrival.MOST_TASKS", 1)
    monkeypatch.setattr("labeling.api.label_studio.arrival.wait_for", lambda _job: False)
    number = call("POST", f"projects/{project.pk}/import", [{"text": "a"}, {"other": "b"}]).json()["import"]
    with pytest.raises(DomainError) as error:
        run_import(job=start(Job.objects.get(kind="labeling.label_studio_import")), import_id=number)
    assert (error.value.code, error.value.extra["refused"][0]["row"]) == ("tasks_invalid", 1)
    assert not Task.objects.exists()


def test_pictures_on_the_web_go_through_the_guard(call: Call, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr("labeling.api.label_studio.arrival.wait_for", lambda _job: False)
    project = made(call, BOXES)
    with web_server() as web:
        web.files["a.png"], web.files["b.txt"] = png(), b"no picture"
        rows = [{"data": {"photo": f"{web.url}/{name}", "n": n}} for n, name in enumerate(("a.png", "b.txt", "c.png"))]
        inside = call("POST", f"projects/{project.pk}/import", rows)
        job = Job.objects.filter(kind="labeling.label_studio_import").order_by("-pk").first()
        assert inside.status_code == 201
        with pytest.raises(DomainError) as error:
            run_import(job=start(job), import_id=inside.json()["import"])
        assert "public" in str(error.value.detail)
        assert web.asked == []
        settings.ASSAY_FETCH_ALLOWED_HOSTS = ["127.0.0.1"]
        number = call("POST", f"projects/{project.pk}/import", rows).json()["import"]
        job = Job.objects.filter(kind="labeling.label_studio_import").order_by("-pk").first()
        assert run_import(job=start(job), import_id=number)["tasks"] == 1
    shown = call("GET", f"projects/{project.pk}/imports/{number}/").json()
    assert (shown["status"], shown["task_count"], shown["refused_count"]) == ("completed", 1, 2)
    assert [row["row"] for row in shown["refused"]] == [1, 2]
    task = call("GET", f"tasks/{shown['task_ids'][0]}/").json()
    assert task["data"] == rows[0]["data"]
    data = Task.objects.get(pk=task["id"]).data
    assert (len(data["image"]), data["image_width"], data["image_height"]) == (64, 40, 20)


@pytest.mark.parametrize("photo", ["/data/local-files/?d=a.png", "s3://bucket/a.png", "file:///etc/passwd", 7, None])
def test_pictures_that_are_not_on_the_web_are_refused(call: Call, photo: Any) -> None:
    project = made(call, BOXES)
    answer = call("POST", f"projects/{project.pk}/import", [{"data": {"photo": photo}}])
    assert (answer.status_code, answer.json()["code"]) == (400, "tasks_invalid")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.json", b'[{"text": "a"}, {"data": {"text": "b"}}]', ["a", "b"]),
        ("a.csv", 'text,n\nä,1\n"b\nc",2\n'.encode(), ["ä", "b\nc"]),
        ("a.tsv", b"text\tn\na\t1\n", ["a"]),
        ("a.txt", b"one\n\ntwo\n", ["one", "two"]),
    ],
)
def test_files_of_tasks(call: Call, project: Project, name: str, content: bytes, expected: list[str]) -> None:
    file = io.BytesIO(content)
    file.name = name
    answer = call("POST", f"projects/{project.pk}/import", files={"file": file})
    assert (answer.status_code, answer.json().get("task_count")) == (201, len(expected)), answer.content
    shown = call("GET", f"tasks/?project={project.pk}").json()["tasks"]
    assert [task["data"]["text"] for task in shown] == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'[{"text": "a"'),
        ("a.exe", b"MZ"),
        ("a.csv", b"n\n1\n"),
        ("a.json", b"[1, 2]"),
        ("a.txt", b"\xff\xfe\x00"),
    ],
)
def test_files_that_hold_no_tasks_are_told(call: Call, project: Project, name: str, content: bytes) -> None:
    file = io.BytesIO(content)
    file.name = name
    answer = call("POST", f"projects/{project.pk}/import", files={"file": file})
    assert answer.status_code == 400, answer.content
    assert answer.json()["detail"]
    assert not Task.objects.exists()


@pytest.mark.parametrize(("may_turn", "wrong"), [(False, "YOLO_OBB"), (True, "YOLO")])
def test_yolo_of_the_other_kind_of_boxes_is_refused(call: Call, may_turn: bool, wrong: str) -> None:
    project = made(call, BOXES.replace("<RectangleLabels ", f'<RectangleLabels canRotate="{str(may_turn).lower()}" '))
    answer = call("GET", f"projects/{project.pk}/export?exportType={wrong}")
    assert (answer.status_code, answer.json()["code"]) == (400, "format_unfit")
    assert Export.objects.count() == 0


def test_what_is_exported_is_taken_again(call: Call, project: Project, owner: Actor) -> None:
    mate = factories.member(owner, "annotator")
    given = [
        {
            "completed_by": mate.user_id,
            "result": chosen("news"),
            "created_at": "2025-01-02T03:04:05Z",
            "lead_time": 2.0,
        },
        {"completed_by": {"email": "gone@example.com"}, "result": chosen("sport"), "ground_truth": True},
    ]
    predictions = [{"result": chosen("news"), "score": 0.5, "model_version": "m1"}]
    imported(
        call,
        project,
        [{"data": {"text": "a", "n": [1]}, "annotations": given, "predictions": predictions}, {"text": "b"}],
    )
    address = f"projects/{project.pk}/export?download_all_tasks=true&exportType=JSON"
    first = orjson.loads(b"".join(call("GET", address).streaming_content))
    other = made(call)
    imported(call, other, first)
    second = orjson.loads(b"".join(call("GET", address.replace(f"/{project.pk}/", f"/{other.pk}/")).streaming_content))
    assert [what(task) for task in second] == [what(task) for task in first]


def what(task: dict[str, Any]) -> dict[str, Any]:
    """Return what a task says, without numbers and the times of storing."""
    annotations = [
        [each["result"][0]["value"], each["ground_truth"], each["lead_time"], each["was_cancelled"]]
        for each in task["annotations"]
    ]
    predictions = [[each["result"][0]["value"], each["score"], each["model_version"]] for each in task["predictions"]]
    return {"data": task["data"], "annotations": sorted(annotations, key=str), "predictions": predictions}
