"""Bodies and queries that no client of Label Studio's API should send are answered with what is wrong with them."""

import json
from typing import Any

import pytest

from labeling.models import Project
from tests import factories
from tests.labeling.label_studio import Call, caller, chosen, imported, made

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment only for imports: no worker is here that would do them."""
    monkeypatch.setattr("labeling.services.label_studio.waiting.SECONDS", 0.3)


@pytest.fixture
def call() -> Call:
    return caller(factories.owner())


@pytest.fixture
def project(call: Call) -> Project:
    return made(call)


NASTY = [None, [], {}, -1, 2**70, "", "\0", True, [[]], {"a": {"b": []}}, [{"data": 7}]]
# The fields of each body that is sent.
BODIES = {
    "POST projects/": ("title", "label_config", "maximum_annotations"),
    "PATCH projects/{project}/": ("title", "label_config", "maximum_annotations", "description", "other"),
    "POST projects/{project}/validate/": ("label_config",),
    "POST projects/{project}/import": ("data", "annotations", "text"),
    "POST projects/{project}/import/predictions": ("task", "result"),
    "POST projects/{project}/exports/": ("task_filter_options",),
    "POST tasks/": ("project", "data", "annotations", "predictions", "meta"),
    "POST tasks/{task}/annotations/": ("result", "completed_by", "lead_time", "was_cancelled", "ground_truth"),
    "PATCH annotations/{annotation}/": ("result", "was_cancelled"),
    "POST predictions/": ("task", "result", "score", "model_version"),
}


@pytest.mark.parametrize("nasty", NASTY, ids=lambda value: repr(value)[:20])
def test_no_body_is_answered_with_a_failure_of_ours(call: Call, project: Project, nasty: Any) -> None:
    (task,) = imported(call, project, [{"text": "a"}])
    given = call("POST", f"tasks/{task}/annotations/", {"result": chosen("news")}).json()["id"]
    whole = {"task": task, "project": project.pk, "result": chosen("news"), "data": {"text": "a"}}
    result = [{"from_name": "topic", "type": nasty, "value": nasty}]
    for address, names in BODIES.items():
        verb, _space, path = address.format(project=project.pk, task=task, annotation=given).partition(" ")
        bodies = [nasty, *({name: nasty} for name in names), *({**whole, name: nasty} for name in names)]
        bodies += [{**whole, "result": result}, {"data": {"text": nasty, "more": nasty}, "predictions": [nasty]}]
        for body in bodies:
            answer = call(verb, path, raw=json.dumps(body))
            assert answer.status_code < 500, (address, body)


QUERIES = ["page=0", "page=x", "page_size=-1", "page=99999999999999999999", "project=x", "query=x", "query=[]"]
QUERIES += ['query={"filters":7}', "ids=x", "task=0", "exportType=x", "include=%00", "title=%00", "ids=1,2,x"]


@pytest.mark.parametrize("query", QUERIES)
def test_no_query_is_answered_with_a_failure_of_ours(call: Call, project: Project, query: str) -> None:
    imported(call, project, [{"text": "a"}])
    for address in (
        "tasks/",
        "projects/",
        f"projects/{project.pk}/export",
        "predictions/",
        f"projects/{project.pk}/tasks/",
    ):
        given = f"{query}&project={project.pk}" if "project" not in query else query
        assert call("GET", f"{address}?{given}").status_code < 500, address
