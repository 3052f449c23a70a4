"""The labeling page's routes over HTTP."""

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from labeling.models import Annotation, Project
from tests import factories
from tests.labeling.versions import version
from workers.models import Job

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self, actor: Actor) -> None:
        self.headers = {"Authorization": f"Bearer {factories.secret(actor)}"}

    def call(self, verb: str, path: str, body: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
        import orjson

        data = raw if raw is not None else b"" if body is None else orjson.dumps(body)
        answer = Client().generic(verb, f"/api/v1/{path}", data, content_type="application/json", headers=self.headers)
        return answer.status_code, answer.json() if answer.content else None


def make(count: int = 3) -> tuple[Actor, Project, Api]:
    ann = factories.owner()
    project = factories.project(ann)
    factories.tasks(project, count)
    return ann, project, Api(ann)


def test_a_person_labels_a_task_from_page_to_history() -> None:
    ann, project, api = make()
    status, page = api.call("GET", f"projects/{project.pk}/page/")
    assert (status, page["me"]["id"], page["progress"]["total"]) == (200, ann.user_id, 3)
    assert page["project"]["schema"]["controls"][0]["labels"][1]["value"] == "spam"
    status, leased = api.call("POST", f"projects/{project.pk}/lease/", {"count": 2, "holding": []})
    task = leased["tasks"][0]
    assert (task["data"], task["draft"], task["suggestion"]) == ({"text": "text 1"}, None, None)
    assert task["lease"]["expires_at"].endswith("Z")
    assert api.call("PUT", f"tasks/{task['id']}/draft/", {"answer": {"label": ["ham"]}})[0] == 200
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"]}
    row |= {"answer": {"label": ["spam"]}, "skipped": False, "reason": "", "seconds": 2.4, "suggestion": None}
    status, sent = api.call("POST", f"projects/{project.pk}/answers/", {"answers": [row]})
    number = sent["results"][0]["annotation"]
    assert sent["results"] == [
        {"client_key": row["client_key"], "status": "saved", "annotation": number, "task": task["id"]}
    ]
    status, changed = api.call("PATCH", f"annotations/{number}/", {"revision": 1, "answer": {"label": ["ham"]}})
    assert (status, changed["revision"], changed["answer"]) == (200, 2, {"label": ["ham"]})
    status, problem = api.call("PATCH", f"annotations/{number}/", {"revision": 1, "answer": {"label": ["ham"]}})
    assert (status, problem["code"]) == (412, "revision_old")
    status, history = api.call("GET", f"projects/{project.pk}/history/")
    assert [row["annotation"] for row in history["results"]] == [number]
    assert changed == history["results"][0]
    status, again = api.call("DELETE", f"annotations/{number}/?revision=2")
    assert (status, again["id"], again["draft"]["answer"]) == (200, task["id"], {"label": ["ham"]})
    held = [row["id"] for row in leased["tasks"]]
    assert api.call("POST", f"projects/{project.pk}/release/", {"tasks": held}) == (200, {"released": 2})


BAD_BODIES = [
    b"",
    b"[]",
    b"null",
    b"{",
    b'{"answers": NaN}',
    b'{"answers": 7}',
    b'{"answers": "x"}',
    b'{"answers": [null, 1, "x", [], {}]}',
    b'{"answers": [{"client_key": "\\u0000"}]}',
    b'{"answers": [{"client_key": "\\ud800"}]}',
    b'{"answers": [{"task": 99999999999999999999999999}]}',
    b'{"answers": [{"task": -1, "seconds": 1e999}]}',
    b'{"count": 1e400}',
    b'{"count": -1, "holding": 5}',
    b'{"count": 1, "holding": ["x"]}',
    b'{"count": 1, "holding": [99999999999999999999]}',
    b'{"count": true}',
    b'{"tasks": {"a": 1}}',
    b'{"answer": {"label": ["\\u0000"]}, "revision": 99999999999}',
    b'{"answer": 5, "revision": "1", "skipped": "no"}',
    b"\xff\xfe",
    b"[" * 5000,
]


@pytest.mark.parametrize("body", BAD_BODIES)
def test_a_bad_body_is_never_a_crash(body: bytes) -> None:
    ann, project, api = make(2)
    annotation = factories.annotation(ann)
    routes = [
        ("POST", f"projects/{project.pk}/lease/"),
        ("POST", f"projects/{project.pk}/answers/"),
        ("POST", f"projects/{project.pk}/release/"),
        ("PUT", f"tasks/{annotation.task_id}/draft/"),
        ("PATCH", f"annotations/{annotation.pk}/"),
        ("PATCH", f"projects/{project.pk}/"),
        ("POST", f"projects/{project.pk}/publish/"),
        ("POST", "projects/"),
    ]
    for verb, path in routes:
        status, answer = api.call(verb, path, raw=body)
        assert status in {200, 202, 400, 409}, (path, answer)
        if status >= 400:
            assert answer["code"]
            assert answer["detail"]
    assert Annotation.objects.exclude(pk=annotation.pk).count() == 0


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\0", "１"])
def test_a_bad_cursor_is_refused(cursor: str) -> None:
    _ann, project, api = make()
    from urllib.parse import quote

    assert api.call("GET", f"projects/{project.pk}/history/?cursor={quote(cursor)}")[0] == 400


def test_more_than_a_hundred_answers_are_refused() -> None:
    _ann, project, api = make()
    status, problem = api.call("POST", f"projects/{project.pk}/answers/", {"answers": [{}] * 101})
    assert (status, problem["code"]) == (400, "too_many_answers")


def test_an_annotator_sees_neither_others_answers_nor_archived_projects() -> None:
    ann, project, _api = make()
    annotation = factories.annotation(ann)
    hidden = factories.project(ann, state="archived")
    bob = Api(factories.member(ann, "annotator"))
    assert bob.call("GET", f"projects/{annotation.project_id}/results/")[1]["results"] == []
    assert bob.call("PATCH", f"annotations/{annotation.pk}/", {"revision": 1, "answer": {}})[0] == 404
    assert {row["id"] for row in bob.call("GET", "projects/")[1]["results"]} == {project.pk, annotation.project_id}
    assert bob.call("GET", f"projects/{hidden.pk}/page/")[0] == 404
    assert bob.call("POST", f"projects/{hidden.pk}/lease/", {"count": 1})[0] == 404


def test_a_manager_makes_a_project_and_reads_its_figures() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["one", "two"]})
    labels = [{"value": "a"}, {"value": "b"}]
    schema = {
        "display": [{"type": "text", "field": "text"}],
        "controls": [{"name": "label", "type": "choice", "labels": labels}],
    }
    api = Api(ann)
    status, created = api.call("POST", "projects/", {"version": made.pk, "name": "P", "schema": schema, "overlap": 2})
    assert status == 202
    assert created["job"]["id"] == Job.objects.get(kind="labeling.create_tasks").pk
    status, shown = api.call("GET", f"projects/{created['project']['id']}/")
    assert (shown["progress"]["answers"], shown["overlap"], shown["dataset_name"]) == (0, 2, made.dataset.name)
    status, problem = api.call("POST", "projects/", {"version": made.pk, "name": "Q", "schema": {"display": []}})
    assert (status, problem["code"], problem["where"]) == (400, "schema_invalid", "display")
    status, job = api.call("POST", f"projects/{created['project']['id']}/publish/", {"seed": 3})
    assert (status, job["kind"]) == (202, "labeling.publish")


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_statements_for_any_length(count: int, django_assert_num_queries: Any) -> None:
    ann = factories.owner()
    api = Api(ann)
    for _number in range(count):
        annotation = factories.annotation(ann)
    api.call("GET", "projects/")
    with django_assert_num_queries(2):
        assert len(api.call("GET", "projects/")[1]["results"]) == count
    with django_assert_num_queries(5):
        api.call("GET", f"projects/{annotation.project_id}/")
    with django_assert_num_queries(3):
        api.call("GET", f"projects/{annotation.project_id}/results/")
