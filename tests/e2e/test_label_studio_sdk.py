"""Usual scripts of Label Studio's own SDK, unchanged, against the live service."""

import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from accounts.actor import Actor
from curation.services.version import open_version
from labeling.models import LabelStudioTask, Project
from tests import factories
from tests.curation.places import web_server
from tests.e2e.label_studio_sdk import NEEDED, OLD, PYTHON, run_sdk
from tests.live import ROOT, LiveService

pytestmark = [NEEDED, pytest.mark.slow]

CHOICES = """<View><Text name="txt" value="$text"/>
<Choices name="topic" toName="txt" choice="single"><Choice value="sport"/><Choice value="news"/></Choices></View>"""
SPANS = """<View><Labels name="ner" toName="txt"><Label value="PER"/><Label value="LOC"/></Labels>
<Text name="txt" value="$text"/></View>"""
BOXES = """<View><Image name="img" value="$photo"/>
<RectangleLabels name="box" toName="img"><Label value="cat"/><Label value="dog"/></RectangleLabels></View>"""

BRUSHES = """<View><Image name="i" value="$i"/>
<BrushLabels name="b" toName="i"><Label value="a"/></BrushLabels></View>"""

USUAL = f"""
project = ls.projects.create(title="News", label_config={CHOICES!r}, description="of today")
def chosen(label):
    return [{{"from_name": "topic", "to_name": "txt", "type": "choices", "value": {{"choices": [label]}}}}]
made = ls.projects.import_tasks(id=project.id, return_task_ids=True, request=[
    {{"data": {{"text": "Goal!", "source": 7}},
      "predictions": [{{"model_version": "m1", "score": 0.75, "result": chosen("sport")}}]}},
    {{"data": {{"text": "Election 大选", "tags": ["a", "b"]}}}},
])
more = ls.projects.import_tasks(id=project.id, return_task_ids=True, request=[{{"text": "Rain"}}])
tasks = list(ls.tasks.list(project=project.id))
given = ls.annotations.create(id=tasks[0].id, result=chosen("sport"), lead_time=2.5)
ls.annotations.create(id=tasks[1].id, result=chosen("sport"))
second = ls.annotations.list(id=tasks[1].id)[0]
ls.annotations.update(id=second.id, result=chosen("news"))
predicted = ls.predictions.create(task=tasks[2].id, model_version="m2", score=0.5, result=chosen("news"))
seen = ls.predictions.list(task=tasks[2].id)
ls.predictions.delete(id=predicted.id)
exported = ls.projects.exports.as_json(project.id)
frame = ls.projects.exports.as_pandas(project.id)
tell(
    project=project.id, title=ls.projects.get(id=project.id).title,
    labels=list(ls.projects.get(id=project.id).get_label_interface().get_control("topic").labels),
    made=[made.task_count, made.prediction_count, made.task_ids], more=more.task_ids,
    ids=[task.id for task in tasks], data=[task.data for task in tasks],
    first=[given.id, given.completed_by, given.lead_time, given.result],
    score=[tasks[0].predictions[0].score, tasks[0].predictions[0].model_version],
    me=ls.users.whoami().id, seen=len(seen), left=len(ls.predictions.list(task=tasks[2].id)),
    exported=exported, columns=sorted(frame.columns), topics=list(frame["topic"].fillna("")),
    paged=[task.id for task in ls.tasks.list(project=project.id, page_size=1)],
    listed=[each.id for each in ls.projects.list()],
)
"""


@pytest.fixture
def owner() -> Actor:
    return factories.owner()


def wait_until_grown(live: LiveService, project: int) -> Project:
    live.worker.wait_for(lambda: not LabelStudioTask.objects.filter(project=project, waiting__isnull=False).exists())
    return Project.objects.select_related("version").get(pk=project)


def test_from_a_project_to_an_export(live_service: LiveService, owner: Actor) -> None:
    told = run_sdk(
        live_service.url,
        factories.secret(owner),
        USUAL,
    )
    assert (told["title"], told["labels"], told["listed"]) == ("News", ["sport", "news"], [told["project"]])
    assert told["made"] == [2, 1, told["ids"][:2]]
    assert told["more"] == told["ids"][2:] == told["paged"][2:]
    assert told["data"] == [
        {"text": "Goal!", "source": 7}, {"text": "Election 大选", "tags": ["a", "b"]}, {"text": "Rain"},
    ]  # fmt: skip
    number, by, lead, result = told["first"]
    assert (by, lead, told["score"]) == (owner.user_id, 2.5, [0.75, "m1"])
    assert result[0]["value"] == {"choices": ["sport"]}
    assert (result[0]["from_name"], result[0]["to_name"]) == ("topic", "txt")
    assert (told["me"], told["seen"], told["left"]) == (owner.user_id, 1, 0)
    exported = {task["id"]: task for task in told["exported"]}
    assert [len(exported[pk]["annotations"]) for pk in told["ids"]] == [1, 1, 0]
    assert exported[told["ids"][0]]["annotations"][0]["id"] == number
    assert exported[told["ids"][1]]["annotations"][0]["result"][0]["value"] == {"choices": ["news"]}
    assert told["topics"] == ["sport", "news", ""]
    assert {"text", "source", "tags", "topic", "id", "annotation_id"} <= set(told["columns"])
    project = wait_until_grown(live_service, told["project"])
    with open_version(project.version) as reader:
        rows = reader.table().to_pylist()
    assert [(row["text"], row["source"], row["tags"]) for row in rows] == [
        ("Goal!", 7, None), ("Election 大选", None, '["a","b"]'), ("Rain", None, None),
    ]  # fmt: skip


def test_marks_in_texts_come_back_as_they_went(live_service: LiveService, owner: Actor) -> None:
    told = run_sdk(
        live_service.url,
        factories.secret(owner),
        f"""
        project = ls.projects.create(title="Names", label_config={SPANS!r})
        text = "Ann 😀 in Rome"
        ls.projects.import_tasks(id=project.id, request=[{{"data": {{"text": text}}}}])
        (task,) = list(ls.tasks.list(project=project.id))
        # As Label Studio's page counts them: UTF-16 units, of which the face is two.
        marks = [
            {{"id": "r1", "from_name": "ner", "to_name": "txt", "type": "labels",
              "value": {{"start": 0, "end": 3, "text": "Ann", "labels": ["PER"]}}}},
            {{"id": "r2", "from_name": "ner", "to_name": "txt", "type": "labels",
              "value": {{"start": 10, "end": 14, "text": "Rome", "labels": ["LOC"]}}}},
        ]
        ls.annotations.create(id=task.id, result=marks)
        snapshot = ls.projects.exports.create(id=project.id)
        ls.projects.exports._poll_export(project.id, snapshot, None, 60)
        file = b"".join(ls.projects.exports.download(id=project.id, export_pk=snapshot.id, export_type="JSON"))
        short = b"".join(ls.projects.exports.download(id=project.id, export_pk=snapshot.id, export_type="JSON_MIN"))
        conll = ls.projects.exports.as_binary(project.id, export_type="CONLL2003")
        tell(marks=marks, file=json.loads(file), short=json.loads(short), size=len(conll))
        """,
    )
    (task,) = told["file"]
    assert task["annotations"][0]["result"] == told["marks"]
    assert [each["text"] for each in told["short"][0]["ner"]] == ["Ann", "Rome"]
    assert told["size"] > 100


def test_pictures_on_the_web_are_fetched_and_boxes_are_per_cent(
    live_service: LiveService, owner: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_server() as web:
        for name in ("a", "b"):
            sink = io.BytesIO()
            Image.new("RGB", (200, 100), (10, 20, ord(name))).save(sink, "PNG")
            web.files[f"{name}.png"] = sink.getvalue()
        told = run_sdk(
            live_service.url,
            factories.secret(owner),
            f"""
            project = ls.projects.create(title="Cats", label_config={BOXES!r})
            try:
                ls.projects.import_tasks(id=project.id, request=[{{"data": {{"photo": "{web.url}/a.png"}}}}])
            except ApiError as error:
                tell(status=error.status_code, detail=error.body["detail"])
            """,
        )
    assert told["status"] == 400
    assert "public" in told["detail"]
    for name in ("a", "b"):
        Image.new("RGB", (200, 100), (10, 20, ord(name))).save(tmp_path / f"{name}.png")
    told = run_sdk(
        live_service.url,
        factories.secret(owner),
        f"""
        project = ls.create_project(title="Dogs", label_config={BOXES!r})
        ids = project.import_tasks("a.png") + project.import_tasks("b.png")
        def drawn(**value):
            return [{{"from_name": "box", "to_name": "img", "type": "rectanglelabels", "original_width": 200,
                      "original_height": 100, "value": {{"rotation": 0, "rectanglelabels": ["cat"], **value}}}}]
        project.create_annotation(ids[0], result=drawn(x=10, y=20, width=50, height=40))
        response = ls.make_request("POST", f"/api/tasks/{{ids[1]}}/annotations/", raise_exceptions=False,
            json={{"result": drawn(x=80, y=20, width=50, height=40)}})
        project.export_tasks(export_type="COCO", export_location="coco.zip")
        tell(ids=ids, status=response.status_code, detail=response.json()["detail"],
            value=project.list_annotations(ids[0])[0]["result"][0]["value"], data=project.get_task(ids[0])["data"])
        """,
        head=OLD,
        folder=tmp_path,
    )
    assert told["status"] == 400
    assert "leaves the picture" in told["detail"]
    assert told["value"] == {
        "x": 10.0, "y": 20.0, "width": 50.0, "height": 40.0, "rotation": 0.0, "rectanglelabels": ["cat"],
    }  # fmt: skip
    assert told["data"]["photo"].startswith("/data/upload/")
    with zipfile.ZipFile(tmp_path / "coco.zip") as archive:
        coco = json.loads(archive.read(next(name for name in archive.namelist() if name.endswith(".json"))))
    assert [each["bbox"] for each in coco["annotations"]] == [[20.0, 20.0, 100.0, 40.0]]


@pytest.fixture
def near_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker fetch from this machine."""
    monkeypatch.setenv("ASSAY_FETCH_ALLOWED_HOSTS", "127.0.0.1")


def test_pictures_on_the_web_are_there_when_the_import_returns(
    near_hosts: None, live_service: LiveService, owner: Actor, tmp_path: Path
) -> None:
    with web_server() as web:
        for name in ("a", "b"):
            sink = io.BytesIO()
            Image.new("RGB", (200, 100), (10, 20, ord(name))).save(sink, "PNG")
            web.files[f"{name}.png"] = sink.getvalue()
        told = run_sdk(
            live_service.url,
            factories.secret(owner),
            f"""
            project = ls.projects.create(title="Cats", label_config={BOXES!r})
            urls = ["{web.url}/" + name for name in ("a.png", "b.png", "gone.png")]
            made = ls.projects.import_tasks(
                id=project.id, return_task_ids=True, request=[{{"data": {{"photo": url}}}} for url in urls])
            tasks = list(ls.tasks.list(project=project.id))
            value = {{"x": 10, "y": 20, "width": 50, "height": 40, "rotation": 0, "rectanglelabels": ["dog"]}}
            result = [{{"from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": value}}]
            ls.annotations.create(id=tasks[0].id, result=result)
            open("yolo.zip", "wb").write(ls.projects.exports.as_binary(project.id, export_type="YOLO"))
            tell(count=made.task_count, ids=made.task_ids, same=[task.id for task in tasks], urls=urls,
                photos=[task.data["photo"] for task in tasks])
            """,
            folder=tmp_path,
        )
    assert (told["count"], told["ids"], told["photos"]) == (2, told["same"], told["urls"][:2])
    with zipfile.ZipFile(tmp_path / "yolo.zip") as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if "labels/" in name]
    assert [line.split()[1:] for text in texts for line in text.splitlines()] == [["0.35", "0.4", "0.5", "0.4"]]


def test_further_calls_of_the_sdk(live_service: LiveService, owner: Actor) -> None:
    told = run_sdk(
        live_service.url,
        factories.secret(owner),
        f"""
        import asyncio
        from label_studio_sdk.client import AsyncLabelStudio
        def chosen(label):
            return [{{"from_name": "topic", "to_name": "txt", "type": "choices", "value": {{"choices": [label]}}}}]
        project = ls.projects.create(title="More", label_config={CHOICES!r}, maximum_annotations=1)
        ls.projects.validate_label_config(id=project.id, label_config={CHOICES!r})
        first = ls.tasks.create(project=project.id, data={{"text": "one"}})
        second = ls.tasks.create(project=project.id, data={{"text": "two"}})
        ls.projects.import_predictions(id=project.id, request=[
            {{"task": first.id, "result": chosen("news"), "model_version": "m", "score": 0.25}}])
        ls.annotations.create(id=second.id, result=chosen("sport"), was_cancelled=False)
        more = {CHOICES!r}.replace("</Choices>", '<Choice value="art"/></Choices>')
        ls.projects.update(id=project.id, label_config=more, title="Even more")
        third = ls.tasks.create(project=project.id, data={{"text": "three"}})
        made = ls.annotations.create(id=third.id, result=chosen("art"))
        ls.annotations.delete(id=made.id)
        async def count():
            there = AsyncLabelStudio(base_url=URL, api_key=KEY)
            return [task.id async for task in await there.tasks.list(project=project.id)]
        tell(
            tasks=[first.id, second.id, third.id], asynchronous=asyncio.run(count()),
            answered=[task.id for task in ls.tasks.list(project=project.id, only_annotated=True)],
            title=ls.projects.get(id=project.id).title, edition=ls.versions.get().edition,
            me=ls.users.get_current_user().email, all=[user.email for user in ls.users.list()],
            score=ls.predictions.list(task=first.id)[0].score,
            kept=ls.annotations.list(id=second.id)[0].result[0]["value"],
            left=ls.annotations.list(id=third.id),
        )
        """,
    )
    assert told["asynchronous"] == told["tasks"]
    assert told["answered"] == told["tasks"][1:2]
    assert (told["title"], told["edition"], told["score"]) == ("Even more", "Community", 0.25)
    assert (told["kept"], told["left"], told["all"]) == ({"choices": ["sport"]}, [], [told["me"]])


def test_usual_scripts_of_the_older_client(live_service: LiveService, owner: Actor, tmp_path: Path) -> None:
    with (tmp_path / "rows.csv").open("w", newline="") as sink:
        csv.writer(sink).writerows([["text", "number"], ["one", "1"], ["two", "2"]])
    told = run_sdk(
        live_service.url,
        factories.secret(owner),
        f"""
        up = ls.check_connection()
        project = ls.start_project(title="Old", label_config={CHOICES!r})
        ids = project.import_tasks([{{"text": "Goal!"}}, {{"text": "Vote"}}])
        ids += project.import_tasks("rows.csv")
        def chosen(label):
            return [{{"from_name": "topic", "to_name": "txt", "type": "choices", "value": {{"choices": [label]}}}}]
        project.create_prediction(ids[1], result=chosen("news"), score=0.9, model_version="m1")
        project.create_predictions([{{"task": ids[2], "result": chosen("sport"), "model_version": "m1"}}])
        made = project.create_annotation(ids[0], result=chosen("sport"))
        project.update_annotation(made["id"], result=chosen("news"))
        labeled, rest = project.get_labeled_tasks_ids(), project.get_unlabeled_tasks_ids()
        project.set_params(title="Older", maximum_annotations=2)
        exported = project.export_tasks(export_type="JSON_MIN")
        result = project.export(output_dir=".")
        tell(
            up=up, project=project.id, ids=ids, labeled=labeled, rest=rest, exported=exported, filed=result["status"],
            parsed=project.parsed_label_config, title=ls.get_project(project.id).title,
            tasks=[task["data"] for task in project.get_tasks()], users=[user.email for user in ls.get_users()],
            predicted=[len(project.get_task(each)["predictions"]) for each in ids],
            again=ls.start_project(title="Older", label_config={CHOICES!r}).get_params()["title"],
            every=sorted(each.get_params()["title"] for each in ls.get_projects()),
        )
        """,
        head=OLD,
        folder=tmp_path,
    )
    assert told["up"] == {"status": "UP"}
    assert told["labeled"] == told["ids"][:1]
    assert told["rest"] == told["ids"][1:]
    assert told["predicted"] == [0, 1, 1, 0]
    assert told["tasks"][2:] == [{"text": "one", "number": "1"}, {"text": "two", "number": "2"}]
    assert [(row["text"], row["topic"]) for row in told["exported"]] == [("Goal!", "news")]
    assert (told["title"], told["filed"], told["again"]) == ("Older", 200, "Older (2)")
    assert told["every"] == ["Older", "Older (2)"]
    assert told["parsed"]["topic"]["labels"] == ["sport", "news"]


def test_the_script_of_the_documents_runs(live_service: LiveService, owner: Actor) -> None:
    command = [str(PYTHON), str(ROOT / "docs/how-to/label_studio_sdk_example.py"), live_service.url]
    done = subprocess.run([*command, factories.secret(owner)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[:3] == [
        "See you at six? [['ham']]", "WINNER!! Claim your free prize [['spam']]", "Ok []",
    ]  # fmt: skip


def test_what_is_not_offered_says_so_in_the_sdk(live_service: LiveService, owner: Actor) -> None:
    told = run_sdk(
        live_service.url,
        factories.secret(owner),
        f"""
        def refused(do):
            try:
                do()
            except ApiError as error:
                return [error.status_code, error.body.get("code"), error.body.get("detail")]
            return "it was done"
        project = ls.projects.create(title="News", label_config={CHOICES!r})
        ls.projects.import_tasks(id=project.id, request=[{{"text": "Goal!"}}])
        (task,) = list(ls.tasks.list(project=project.id))
        result = [{{"from_name": "topic", "to_name": "txt", "type": "choices", "value": {{"choices": ["sport"]}}}}]
        ls.annotations.create(id=task.id, result=result)
        tell(
            webhooks=refused(lambda: ls.webhooks.list()),
            task=refused(lambda: ls.tasks.delete(id=task.id)),
            project=refused(lambda: ls.projects.delete(id=project.id)),
            again=refused(lambda: ls.annotations.create(id=task.id, result=result)),
            brush=refused(lambda: ls.projects.create(title="x", label_config={BRUSHES!r})),
            xml=refused(lambda: ls.projects.create(title="x", label_config="<View><Text")),
            spacy=refused(lambda: ls.projects.exports.as_binary(project.id, export_type="ASR_MANIFEST")),
            stranger=refused(lambda: LabelStudio(base_url=URL, api_key=sys.argv[2][:-1] + "x").projects.list()),
        )
        """,
    )
    assert [told[name][:2] for name in ("webhooks", "task", "project")] == [[400, "not_supported"]] * 3
    assert told["again"][:2] == [409, "annotation_exists"]
    assert told["brush"][:2] == told["xml"][:2] == [400, "label_config_invalid"]
    assert "BrushLabels" in told["brush"][2]
    assert told["spacy"][:2] == [400, "export_type_unknown"]
    assert told["stranger"][0] == 401
