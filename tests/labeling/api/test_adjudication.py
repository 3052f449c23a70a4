"""Disagreements, final answers and targets over REST."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from labeling.models import Adjudication, Project, Task
from labeling.services.dispute import KIND
from tests import factories
from tests.labeling.crowds import number_of, weighed
from tests.labeling.services.test_adjudication import make
from workers.models import Job

pytestmark = pytest.mark.django_db


def client(actor: Actor) -> APIClient:
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {factories.secret(actor)}")
    return made


def address(project: Project, item: int) -> str:
    return f"/api/v1/tasks/{Task.objects.get(project=project, item_id=item).pk}/adjudication/"


def test_disagreements_are_found_listed_decided_and_undone() -> None:
    ann, bob, _cat, project = make()
    api = client(ann)
    listing = f"/api/v1/projects/{project.pk}/disagreements/"
    sent = api.post(listing)
    assert (sent.status_code, sent.json()["kind"]) == (202, KIND)
    assert api.post(listing).json()["id"] == sent.json()["id"]
    Job.objects.all().delete()
    weighed(ann, project)
    body = api.get(listing, {"control": "label", "label": "label=spam", "person": "", "sort": "agreement"}).json()
    assert [row["task"]["item_id"] for row in body["results"]] == [2, 3]
    assert body["next"] is None
    assert all(each["annotator"] is None for row in body["results"] for each in row["answers"])
    named = api.get(listing, {"names": "true"}).json()
    assert {each["annotator"]["id"] for row in named["results"] for each in row["answers"]} >= {bob.user_id}

    made = api.put(address(project, 2), {"annotation": number_of(project, 2, bob), "revision": 0}, format="json")
    assert made.status_code == 200
    assert {name: made.json()[name] for name in ("state", "answer", "edited", "revision")} == {
        "state": "decided", "answer": {"label": ["ham"]}, "edited": False, "revision": 1,
    }  # fmt: skip
    assert api.get(address(project, 2)).json() == made.json()
    late = api.put(address(project, 2), {"answer": {"label": ["spam"]}, "revision": 0}, format="json")
    assert (late.status_code, late.json()["code"], late.json()["revision"]) == (412, "revision_old", 1)
    assert [row["task"]["item_id"] for row in api.get(listing, {"state": "decided"}).json()["results"]] == [2]
    assert api.delete(address(project, 2) + "?revision=1").status_code == 204
    assert api.get(address(project, 2)).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"state": "left"}, "reason_missing"),
        ({}, "answer_missing"),
        ({"answer": {"label": ["eggs"]}}, "answer_invalid"),
        ({"answer": {"label": ["ham"]}, "reason": "x" * 501}, "invalid"),
        ({"state": "open"}, "invalid"),
    ],
)
def test_a_decision_that_makes_no_sense_says_what_is_wrong(body: dict[str, Any], code: str) -> None:
    ann, _bob, _cat, project = make()
    refused = client(ann).put(address(project, 2), body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert not Adjudication.objects.exists()


def test_only_reviewers_decide_and_people_who_label_see_nothing() -> None:
    ann, bob, _cat, project = make()
    listing = f"/api/v1/projects/{project.pk}/disagreements/"
    engineer = factories.member(ann, "engineer")
    assert client(engineer).get(listing).status_code == 200
    assert client(engineer).put(address(project, 2), {"answer": {"label": ["ham"]}}, format="json").status_code == 403
    assert client(bob).get(listing).status_code == 403
    assert client(bob).put(address(project, 2), {"answer": {"label": ["ham"]}}, format="json").status_code == 403
    reviewer = factories.member(ann, "reviewer")
    assert client(reviewer).put(address(project, 2), {"answer": {"label": ["ham"]}}, format="json").status_code == 200


def test_a_target_is_set_and_what_came_of_it_is_told() -> None:
    ann, _bob, _cat, project = make()
    api, place = client(ann), f"/api/v1/projects/{project.pk}/one-more/"
    assert api.get(place).json() == {
        "target_confidence": 0.0, "most_answers": 5, "extra_cap": 0, "weigh_every": 100, "spent": 0, "last": None,
        "measured_at": None,
    }  # fmt: skip
    assert api.post(place).json()["code"] == "no_target"
    assert api.patch(place, {"target_confidence": 0.3}, format="json").json()["code"] == "target_invalid"
    body = api.patch(place, {"target_confidence": 0.9, "extra_cap": 1}, format="json").json()
    assert (body["target_confidence"], body["extra_cap"]) == (0.9, 1)
    sent = api.post(place)
    assert (sent.status_code, sent.json()["kind"]) == (202, KIND)
    Job.objects.all().delete()
    weighed(ann, project, sends=True)
    last = api.get(place).json()
    assert (last["spent"], last["last"]["sent"], last["last"]["below"]) == (1, 1, 2)
    assert last["last"]["reasons"] == {"waiting": 1, "decided": 0, "most": 0, "people": 0, "cap": 1}
    assert client(factories.member(ann, "reviewer")).patch(place, {"extra_cap": 9}, format="json").status_code == 403


def test_addresses_of_others_are_not_there() -> None:
    ann, _bob, _cat, project = make()
    eve = client(factories.owner("Eve's"))
    assert eve.get(f"/api/v1/projects/{project.pk}/disagreements/").status_code == 404
    assert eve.put(address(project, 2), {"state": str(uuid.uuid4())}, format="json").status_code == 404
    assert eve.get(f"/api/v1/projects/{project.pk}/one-more/").status_code == 404
    assert ann.organization_id == project.organization_id
