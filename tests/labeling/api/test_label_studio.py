"""Label Studio's API without its SDK: what is refused and why, who may, and what a page costs."""

import io
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from labeling.models import Adjudication, Annotation, LabelStudioImport, Progress, Project, Suggestion, Task
from labeling.services.schema_change import change_schema
from tests import factories
from tests.labeling.label_studio import BOXES, CHOICES, Call, caller, chosen, grown, imported, made, png
from tests.labeling.versions import numbered
from workers.models import Job

pytestmark = pytest.mark.django_db

SPANS = """<View><Labels name="ner" toName="txt"><Label value="PER"/></Labels><Text name="txt" value="$text"/></View>"""
FORM = """<View><Text name="txt" value="$text"/><Number name="price" toName="txt"/>
<DateTime name="day" toName="txt"/><Rating name="stars" toName="txt" maxRating="5"/>
<TextArea name="why" toName="txt"/><Taxonomy name="tree" toName="txt"><Choice value="a"><Choice value="b"/></Choice>
<Choice value="c"/></Taxonomy></View>"""


@pytest.fixture
def owner() -> Actor:
    return factories.owner()


@pytest.fixture
def call(owner: Actor) -> Call:
    return caller(owner)


@pytest.fixture
def project(call: Call) -> Project:
    return made(call)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("<View><Text", "no whole XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><View/>', "document type"),
        ("<View/>", "asks nothing"),
        ('<View><Text name="t" value="$t"/></View>', "asks nothing"),
        ('<View><Video name="v" value="$v"/><TextArea name="c" toName="v"/></View>', "Video"),
        (CHOICES.replace("Choices ", 'Choices perRegion="true" '), "one region"),
        ('<View><Audio name="v" value="$v"/><TextArea name="c" toName="v"/></View>', "Audio"),
        ("", "label_config"),
        (" " * 10, "label_config"),
    ],
)  # fmt: skip
def test_a_config_that_cannot_be_asked_makes_no_project(call: Call, config: str, said: str) -> None:
    answer = call("POST", "projects/", {"title": "x", "label_config": config})
    assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.json()
    assert not Project.objects.exists()
    if config.strip():
        assert call("POST", "projects/validate/", {"label_config": config}).status_code == 400


@pytest.mark.parametrize("config", [CHOICES, SPANS, BOXES, FORM])
def test_a_config_that_fits_is_valid(call: Call, project: Project, config: str) -> None:
    assert call("POST", "projects/validate/", {"label_config": config}).status_code == 204
    assert call("POST", f"projects/{project.pk}/validate/", {"label_config": config}).json() == {"label_config": config}


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("x", "must be a list"),
        (None, "must be a list"),
        ([1], "no object"),
        ([{"from_name": "other", "value": {"choices": ["sport"]}}], "is not asked"),
        ([{"from_name": "topic", "type": "choices"}], "no “value”"),
        ([{"from_name": "topic", "type": "choices", "value": {"choices": 7}}], "cannot be read"),
        (chosen("weather"), "sport, news"),
        ([{"from_name": "topic", "type": "choices", "value": {"choices": ["sport", "news"]}}], "one"),
        ([], "must be answered"),
    ],
)
def test_a_result_that_does_not_fit_is_told_and_not_kept(call: Call, project: Project, result: Any, said: str) -> None:
    (task,) = imported(call, project, [{"text": "a"}])
    answer = call("POST", f"tasks/{task}/annotations/", {"result": result})
    assert (answer.status_code, said.lower() in answer.json()["detail"].lower()) == (400, True), answer.json()
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"x": 60, "y": 0, "width": 50, "height": 50}, "leaves the picture"),
        ({"x": -5, "y": 0, "width": 50, "height": 50}, "leaves the picture"),
        ({"x": 0, "y": 120, "width": 1, "height": 1}, "leaves the picture"),
        ({"x": 0, "y": 0, "width": 0, "height": 50}, "above 0"),
        ({"x": 0, "y": 0, "width": 50}, "cannot be read"),
        ({"x": "a", "y": 0, "width": 50, "height": 50}, "cannot be read"),
        ({"x": 1e400, "y": 0, "width": 50, "height": 50}, "JSON"),
    ],
)
def test_per_cent_beyond_the_picture_are_refused(call: Call, value: dict[str, Any], said: str) -> None:
    project = made(call, BOXES)
    picture = io.BytesIO(png())
    picture.name = "a.png"
    answer = call("POST", f"projects/{project.pk}/import?return_task_ids=1", files={"file": picture})
    (task,) = answer.json()["task_ids"]
    row = {
        "from_name": "box",
        "to_name": "img",
        "type": "rectanglelabels",
        "value": {"rectanglelabels": ["cat"], **value},
    }
    raw = json.dumps({"result": [row]})
    answer = call("POST", f"tasks/{task}/annotations/", raw=raw)
    assert (answer.status_code, said in answer.json()["detail"]) == (400, True), answer.json()
    row["value"] |= {"x": 10, "y": 20, "width": 50, "height": 40}
    kept = call("POST", f"tasks/{task}/annotations/", {"result": [row]}).json()["result"][0]
    assert {name: kept["value"][name] for name in ("x", "y", "width", "height")} == {
        "x": 10.0, "y": 20.0, "width": 50.0, "height": 40.0,
    }  # fmt: skip
    assert (kept["original_width"], kept["original_height"]) == (40, 20)


@pytest.mark.parametrize("may", [True, False])
def test_a_turned_rectangle_comes_back_turned_where_it_may_be(call: Call, may: bool) -> None:
    project = made(call, BOXES.replace("<RectangleLabels ", '<RectangleLabels canRotate="true" ') if may else BOXES)
    picture = io.BytesIO(png(200, 100))
    picture.name = "a.png"
    (task,) = call("POST", f"projects/{project.pk}/import?return_task_ids=1", files={"f": picture}).json()["task_ids"]
    value = {"x": 40.0, "y": 20.0, "width": 20.0, "height": 30.0, "rotation": 45.0, "rectanglelabels": ["cat"]}
    row = {"from_name": "box", "to_name": "img", "type": "rectanglelabels", "value": value}
    answer = call("POST", f"tasks/{task}/annotations/", {"result": [row]})
    if not may:
        assert (answer.status_code, "canRotate" in answer.json()["detail"]) == (400, True)
        return
    kept = answer.json()["result"][0]["value"]
    assert {name: round(each, 2) if isinstance(each, float) else each for name, each in kept.items()} == value


def test_every_kind_of_question_comes_back_as_it_went(call: Call) -> None:
    project = made(call, FORM)
    (task,) = imported(call, project, [{"text": "a"}])
    sent = [
        {"from_name": "price", "to_name": "txt", "type": "number", "value": {"number": 2.5}},
        {"from_name": "day", "to_name": "txt", "type": "datetime", "value": {"datetime": "2026-11-26"}},
        {"from_name": "stars", "to_name": "txt", "type": "rating", "value": {"rating": 4}},
        {"from_name": "why", "to_name": "txt", "type": "textarea", "value": {"text": ["since"]}},
        {"from_name": "tree", "to_name": "txt", "type": "taxonomy", "value": {"taxonomy": [["c"], ["a", "b"]]}},
    ]
    answer = call("POST", f"tasks/{task}/annotations/", {"result": sent})
    assert answer.status_code == 201, answer.json()
    kept = {row["from_name"]: {name: row[name] for name in sent[0]} for row in answer.json()["result"]}
    assert kept == {row["from_name"]: row for row in sent}


def test_an_import_is_taken_whole_or_not_at_all(call: Call, project: Project) -> None:
    rows = [
        {"text": "good"},
        {"data": {"other": "x"}},
        "no task",
        {"data": {"text": "b"}, "predictions": [{"result": chosen("weather")}]},
        {"data": {"text": "c"}, "annotations": [{"result": chosen("news"), "completed_by": 999_999}]},
        {"data": {"text": "d"}, "predictions": [{"result": chosen("news"), "score": 1.5}]},
        {"data": {"text": "e"}, "annotations": [{"result": chosen("news")}, {"result": chosen("sport")}]},
        {
            "data": {"text": "f"},
            "annotations": [
                {"result": chosen("news"), "ground_truth": True},
                {"result": chosen("news"), "ground_truth": True, "completed_by": {"email": "b@example.com"}},
            ],
        },
        {"data": {}},
    ]
    answer = call("POST", f"projects/{project.pk}/import", rows)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "tasks_invalid")
    assert [row["row"] for row in body["refused"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert "$text" in body["detail"] or "text" in body["detail"]
    assert (Task.objects.count(), LabelStudioImport.objects.count()) == (0, 0)


def test_answers_of_others_are_theirs_with_their_times(call: Call, project: Project, owner: Actor) -> None:
    mate = factories.member(owner, "annotator")
    at = "2025-01-02T03:04:05Z"
    rows = [
        {"data": {"text": "a"}, "annotations": [
            {"completed_by": mate.user_id, "created_at": at, "lead_time": 3.5, "result": chosen("news")},
            {"completed_by": {"email": "gone@example.com"}, "result": chosen("sport")},
        ]},
        {"data": {"text": "b"}, "annotations": [{"was_cancelled": True, "result": []}]},
    ]  # fmt: skip
    first, second = imported(call, project, rows)
    shown = call("GET", f"tasks/{first}/").json()
    assert shown["annotations"][0]["completed_by"] == mate.user_id
    assert shown["annotations"][0]["created_at"] == at
    assert (shown["annotations"][0]["lead_time"], shown["is_labeled"]) == (3.5, True)
    skipped = call("GET", f"tasks/{second}/").json()
    assert (skipped["cancelled_annotations"], skipped["is_labeled"]) == (1, False)
    assert skipped["annotations"][0]["completed_by"] == owner.user_id
    counts = {row.annotator_id: (row.answers, row.skipped) for row in Progress.objects.filter(project=project)}
    assert counts[mate.user_id] == (1, 0)
    assert counts[owner.user_id] == (1, 1)
    detail = call("GET", f"projects/{project.pk}/").json()
    assert (detail["task_number"], detail["total_annotations_number"]) == (2, 2)


def test_a_person_has_one_answer_and_managers_may_give_that_of_others(
    call: Call, project: Project, owner: Actor
) -> None:
    mate = factories.member(owner, "annotator")
    (task,) = imported(call, project, [{"text": "a"}])
    given = call("POST", f"tasks/{task}/annotations/", {"result": chosen("news"), "completed_by": mate.user_id})
    assert (given.status_code, given.json()["completed_by"]) == (201, mate.user_id)
    again = call("POST", f"tasks/{task}/annotations/", {"result": chosen("news"), "completed_by": mate.user_id})
    assert (again.status_code, again.json()["annotation"]) == (409, given.json()["id"])
    full = call("POST", f"tasks/{task}/annotations/", {"result": chosen("news")})
    assert (full.status_code, full.json()["code"]) == (409, "task_full")
    assert "maximum_annotations" in full.json()["detail"]
    other = call("PATCH", f"annotations/{given.json()['id']}/", {"result": chosen("sport")})
    assert (other.status_code, other.json()["code"]) == (409, "annotation_of_other")
    assert call("DELETE", f"annotations/{given.json()['id']}/").status_code == 409
    theirs = caller(mate)
    assert theirs("PATCH", f"annotations/{given.json()['id']}/", {"result": chosen("sport")}).status_code == 200
    answer = theirs("POST", f"tasks/{task}/annotations/", {"result": chosen("news"), "completed_by": owner.user_id})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_ground_truth_is_the_final_answer(call: Call, project: Project, owner: Actor) -> None:
    truth = [
        {"result": chosen("news"), "completed_by": {"email": "b@example.com"}},
        {"result": chosen("sport"), "ground_truth": True},
    ]
    first, second = imported(call, project, [{"data": {"text": "a"}, "annotations": truth}, {"text": "b"}])
    shown = call("GET", f"tasks/{first}/").json()["annotations"]
    said = {each["result"][0]["value"]["choices"][0]: each["ground_truth"] for each in shown}
    assert said == {"sport": True, "news": False}
    assert Adjudication.objects.get(task=first).answer == {"topic": ["sport"]}
    mine = call("POST", f"tasks/{second}/annotations/", {"result": chosen("news"), "ground_truth": True}).json()
    assert mine["ground_truth"]
    assert not call("PATCH", f"annotations/{mine['id']}/", {"ground_truth": False}).json()["ground_truth"]
    assert not Adjudication.objects.filter(task=second).exists()
    other = next(each for each in shown if each["completed_by"] != owner.user_id)
    assert call("PATCH", f"annotations/{other['id']}/", {"ground_truth": True}).json()["ground_truth"]
    assert Adjudication.objects.get(task=first).answer == {"topic": ["news"]}
    mate = caller(factories.member(owner, "annotator"))
    (third,) = imported(call, project, [{"text": "c"}])
    refused = mate("POST", f"tasks/{third}/annotations/", {"result": chosen("news"), "ground_truth": True})
    assert (refused.status_code, refused.json()["needed"]) == (403, ["review"])


def test_a_deleted_annotation_frees_its_task(call: Call, project: Project, owner: Actor) -> None:
    (task,) = imported(call, project, [{"text": "a"}])
    given = call("POST", f"tasks/{task}/annotations/", {"result": chosen("news")}).json()
    assert call("DELETE", f"annotations/{given['id']}/").status_code == 204
    assert call("GET", f"annotations/{given['id']}/").status_code == 404
    assert Task.objects.get(pk=task).open_slots == 1
    mate = factories.member(owner, "annotator")
    assert caller(mate)("POST", f"tasks/{task}/annotations/", {"result": chosen("sport")}).status_code == 201


def test_predictions_are_suggestions(call: Call, project: Project) -> None:
    first, second = imported(call, project, [{"text": "a"}, {"text": "b"}])
    made_ = call("POST", "predictions/", {"task": first, "result": chosen("news"), "score": 0.5, "model_version": "m"})
    assert (made_.status_code, made_.json()["score"], made_.json()["model_version"]) == (201, 0.5, "m")
    later = call("POST", "predictions/", {"task": first, "result": chosen("sport")}).json()
    again = call("POST", "predictions/", {"task": first, "result": chosen("sport")}).json()
    assert again["id"] == later["id"]
    assert [row["id"] for row in call("GET", f"predictions/?task={first}").json()] == [made_.json()["id"], later["id"]]
    assert call("DELETE", f"predictions/{made_.json()['id']}/").status_code == 204
    rows = [{"task": first, "result": chosen("news")}, {"task": second, "result": chosen("weather")}, {"task": 1}]
    refused = call("POST", f"projects/{project.pk}/import/predictions", rows)
    assert (refused.status_code, [row["row"] for row in refused.json()["refused"]]) == (400, [1, 2])
    assert Suggestion.objects.count() == 1
    kept = call("POST", f"projects/{project.pk}/import/predictions", [{"task": second, "result": chosen("news")}])
    assert kept.json() == {"created": 1}
    assert len(call("GET", f"predictions/?project={project.pk}").json()) == 2
    call("POST", f"tasks/{first}/annotations/", {"result": chosen("news")})
    assert call("DELETE", f"predictions/{later['id']}/").json()["code"] == "suggestion_seen"
    full = call("POST", "predictions/", {"task": first, "result": chosen("news")})
    assert (full.status_code, full.json()["code"]) == (409, "task_full")
    nothing = call("POST", "predictions/", {"task": second, "result": []})
    assert (nothing.status_code, "says nothing" in nothing.json()["detail"]) == (400, True)


def test_a_project_made_elsewhere_is_read_and_answered_but_takes_no_tasks(call: Call, owner: Actor) -> None:
    project = numbered(owner, 2)
    shown = call("GET", f"projects/{project.pk}/").json()
    assert "<Choices" in shown["label_config"]
    tasks = call("GET", f"tasks/?project={project.pk}").json()["tasks"]
    assert [task["data"] for task in tasks] == [{"text": "text 1"}, {"text": "text 2"}]
    result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["spam"]}}]
    given = call("POST", f"tasks/{tasks[0]['id']}/annotations/", {"result": result}).json()["result"][0]
    assert (given["from_name"], given["value"]) == ("label", {"choices": ["spam"]})
    refused = call("POST", f"projects/{project.pk}/import", [{"text": "c"}])
    assert (refused.status_code, refused.json()["code"]) == (409, "project_fixed")


def test_the_questions_of_an_empty_project_may_be_about_other_fields(call: Call, project: Project) -> None:
    changed = call("PATCH", f"projects/{project.pk}/", {"label_config": BOXES, "title": "Cats"}).json()
    assert (changed["label_config"], changed["title"]) == (BOXES, "Cats")
    picture = io.BytesIO(png())
    picture.name = "a.png"
    assert call("POST", f"projects/{project.pk}/import", files={"f": picture}).status_code == 201


def test_other_questions_bring_answers_along(call: Call, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labeling.api.label_studio.project.wait_for", lambda _job: False)
    monkeypatch.setattr("labeling.services.label_studio.waiting.SECONDS", 0.0)
    (task,) = imported(call, project, [{"text": "a"}])
    call("POST", f"tasks/{task}/annotations/", {"result": chosen("news")})
    more = CHOICES.replace("</Choices>", '<Choice value="art"/></Choices>')
    early = call("PATCH", f"projects/{project.pk}/", {"label_config": more})
    assert (early.status_code, early.json()["code"]) == (409, "items_arriving")
    grown(project)
    changed = call("PATCH", f"projects/{project.pk}/", {"label_config": more})
    assert (changed.status_code, changed.json()["label_config"]) == (200, more)
    shown = call("GET", f"tasks/{task}/annotations/").json()
    assert shown[0]["result"][0]["value"] == {"choices": ["news"]}
    gone = call("PATCH", f"projects/{project.pk}/", {"label_config": SPANS.replace("$text", "$body")})
    assert gone.status_code in {400, 409}


def test_questions_that_were_changed_on_the_page_are_shown_in_their_own_words(
    call: Call, project: Project, owner: Actor
) -> None:
    (task,) = imported(call, project, [{"text": "a"}])
    grown(project)
    project.refresh_from_db()
    row = {**project.schema["controls"][0], "name": "kind"}
    schema = {"display": project.schema["display"], "controls": [row]}
    change_schema(actor=owner, project_id=project.pk, schema=schema, schema_revision=project.schema_revision)
    Job.objects.filter(kind="labeling.migrate_answers").update(state="succeeded")
    assert 'name="kind"' in call("GET", f"projects/{project.pk}/").json()["label_config"]
    assert call("POST", f"tasks/{task}/annotations/", {"result": chosen("news")}).status_code == 400
    given = call("POST", f"tasks/{task}/annotations/", {"result": chosen("news", "kind")})
    assert (given.status_code, given.json()["result"][0]["from_name"]) == (201, "kind")


@pytest.mark.parametrize("setting", ["annotator_evaluation_enabled", "review_settings", "nonsense"])
def test_a_setting_that_would_change_something_is_refused(call: Call, project: Project, setting: str) -> None:
    answer = call("PATCH", f"projects/{project.pk}/", {setting: True})
    assert (answer.status_code, answer.json()["code"], setting in answer.json()["detail"]) == (
        400,
        "not_supported",
        True,
    )
    assert call("PATCH", f"projects/{project.pk}/", {setting: None, "color": "#fff"}).status_code == 200


def test_a_page_of_tasks_costs_the_same_however_many_there_are(call: Call, project: Project) -> None:
    row = {"annotations": [{"result": chosen("news")}], "predictions": [{"result": chosen("news")}]}
    counts = []
    for size in (1, 30):
        imported(call, project, [{"data": {"text": f"text {n}"}, **row} for n in range(size)])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert call("GET", f"tasks/?project={project.pk}&page_size=100&fields=all").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] < 16
    with CaptureQueriesContext(connection) as queries:
        b"".join(call("GET", f"projects/{project.pk}/export?download_all_tasks=true").streaming_content)
    assert len(queries) < 20


def test_strangers_find_nothing_and_annotators_see_their_own_work(call: Call, project: Project, owner: Actor) -> None:
    first, second = imported(call, project, [{"text": "a"}, {"text": "b"}])
    mine = call("POST", f"tasks/{first}/annotations/", {"result": chosen("news")}).json()["id"]
    stranger, mate = caller(factories.owner("Sue's")), caller(factories.member(owner, "annotator"))
    addresses = [f"projects/{project.pk}/", f"tasks/{first}/", f"annotations/{mine}/", f"tasks/{first}/annotations/"]
    addresses += [f"tasks/?project={project.pk}", f"projects/{project.pk}/export", f"predictions/?task={first}"]
    for address in addresses:
        assert stranger("GET", address).status_code == 404, address
    assert stranger("GET", "projects/").json()["results"] == []
    assert stranger("POST", "tasks/", {"project": project.pk, "data": {"text": "x"}}).status_code == 404
    assert stranger("POST", "predictions/", {"task": first, "result": []}).status_code == 404
    assert mate("GET", f"tasks/?project={project.pk}").status_code == 403
    assert mate("GET", f"tasks/{first}/annotations/").json() == []
    assert mate("GET", f"annotations/{mine}/").status_code == 404
    assert mate("POST", f"tasks/{second}/annotations/", {"result": chosen("news")}).status_code == 201
    assert mate("POST", f"projects/{project.pk}/import", [{"text": "c"}]).status_code == 403


@pytest.mark.parametrize(
    "path", ["projects/1/", "tasks/1/", "webhooks/", "token/refresh/", "users/", "anything/at/all"]
)
def test_nobody_comes_in_without_a_token(path: str) -> None:
    answer = Client().get(f"/label-studio/api/{path}")
    assert (answer.status_code, bool(answer.json()["detail"])) == (401, True)


def test_a_body_that_would_fill_the_memory_is_refused(call: Call, project: Project, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    answer = call("POST", f"projects/{project.pk}/import", [{"text": "x" * 1_000}])
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
