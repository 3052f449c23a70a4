"""Other questions over REST: the preview, then the change with the number that the preview gave."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from labeling.models import Project
from tests import factories
from tests.labeling.versions import version

pytestmark = pytest.mark.django_db


def client(actor: Actor) -> APIClient:
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {factories.secret(actor)}")
    return made


def made_project(ann: Actor) -> Project:
    project = factories.project(ann, version=version(ann, {"text": ["a", "b"]}))
    factories.tasks(project, 2)
    return project


def body(project: Project, **more: Any) -> dict[str, Any]:
    control = {**project.schema["controls"][0], "labels": [{"value": "ham"}, {"value": "scam"}]}
    return {"schema": {**project.schema, "controls": [control]}, **more}


def test_a_change_is_previewed_and_made() -> None:
    ann = factories.owner()
    project = made_project(ann)
    api = client(ann)
    address = f"/api/v1/projects/{project.pk}/schema/"
    seen = api.post(f"{address}preview/", body(project), format="json").json()
    assert seen["gone"] == [{"control": "label", "value": "spam", "count": 0, "may_become": ["ham", "scam"]}]
    wishes = {"renamed": [["label", "spam", "scam"]], "schema_revision": seen["schema_revision"]}
    answer = api.post(address, body(project, **wishes), format="json")
    assert (answer.status_code, answer.json()["job"]["kind"]) == (202, "labeling.migrate_answers")
    assert answer.json()["project"]["schema_revision"] == 2
    late = api.post(address, body(project, **wishes), format="json")
    assert (late.status_code, late.json()["code"]) == (412, "revision_old")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"schema_revision": 1, "renamed": [["label", "ham", "scam"]]}, "change_invalid"),
        ({"schema_revision": 1, "renamed": [["label", "spam"]]}, "invalid"),
        ({}, "invalid"),
    ],
)
def test_what_cannot_be_meant_is_refused(more: dict[str, Any], code: str) -> None:
    ann = factories.owner()
    project = made_project(ann)
    answer = client(ann).post(f"/api/v1/projects/{project.pk}/schema/", body(project, **more), format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
