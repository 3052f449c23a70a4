"""Bulk answers over REST: by items, by a filter, listed, undone, refused."""

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from labeling.models import Annotation, Bulk, Project
from labeling.pages.bulk_words import chosen_by
from labeling.services.bulk import run_bulk
from tests import factories
from tests.labeling.api.test_schema_change import client
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def make(count: int = 4) -> tuple[Actor, Project, str]:
    ann = factories.owner()
    project = numbered(ann, count)
    return ann, project, f"/api/v1/projects/{project.pk}/bulk/"


def body(label: str = "spam", **more: Any) -> dict[str, Any]:
    return {"answer": {"label": [label]}, **more}


def test_items_are_answered_listed_and_undone() -> None:
    ann, _project, address = make()
    api = client(ann)
    done = api.post(address, body(items=[1, 2, 2, 9]), format="json")
    assert done.status_code == 201
    made = done.json()
    assert (made["state"], made["counts"], made["filter"]) == (
        "done",
        {"stored": 2, "unknown": 1},
        {"items": "1-2,9"},
    )
    assert (made["annotator"], made["answer"], made["job"]) == (ann.user_id, {"label": ["spam"]}, None)
    assert [row["id"] for row in api.get(address).json()["results"]] == [made["id"]]
    assert api.get(f"/api/v1/bulk/{made['id']}/").json() == made
    undone = api.post(f"/api/v1/bulk/{made['id']}/undo/")
    assert (undone.status_code, undone.json()["undone"]) == (200, {"taken_back": 2})
    assert not Annotation.objects.exists()


def test_a_filter_is_counted_and_answered() -> None:
    ann, _project, address = make()
    api = client(ann)
    assert api.get(f"{address}count/").json() == {"count": 4, "is_all": True}
    assert api.get(f"{address}count/", {"q": "TEXT 3"}).json() == {"count": 1, "is_all": True}
    done = api.post(address, body(filter={"q": "text 3"}), format="json").json()
    assert (done["counts"], done["filter"]["q"]) == ({"stored": 1}, "text 3")
    assert api.get(f"{address}count/", {"label": "label=spam"}).json()["count"] == 1
    assert api.post(address, body("ham", filter={}), format="json").json()["counts"] == {"stored": 3, "answered": 1}


def test_a_filter_by_items_finds_these_and_no_others() -> None:
    ann, _project, address = make()
    api = client(ann)
    assert api.get(f"{address}count/", {"items": "2-4,9"}).json() == {"count": 3, "is_all": True}
    assert api.get(f"{address}count/", {"items": "2-4", "q": "text 3"}).json() == {"count": 1, "is_all": True}
    done = api.post(address, body(filter={"items": "2-4", "q": "text"}), format="json").json()
    assert (done["counts"], done["filter"]) == ({"stored": 3}, {"q": "text", "items": "2-4", "sees_all": True})
    # The condition stands beside others, so it is a filter with an address and no choice by hand.
    made = Bulk.objects.get()
    assert (made.names_items, chosen_by(made)) == (False, ["3 items: 2-4", "“text”"])
    assert api.get(f"{address}count/", {"items": "x" * 3_001}).status_code == 400


def test_a_job_keeps_to_both_the_items_and_the_words_of_a_filter() -> None:
    ann, _project, address = make(700)
    api = client(ann)
    sent = api.post(address, body(filter={"items": "1-650", "q": "text 6"}), format="json")
    assert sent.status_code == 201
    # text 6, 60 to 69 and 600 to 650.
    assert sent.json()["counts"] == {"stored": 62}
    sent = api.post(address, body("ham", filter={"items": "1-650", "q": "text"}), format="json")
    assert sent.status_code == 202
    job = start(Job.objects.get(kind="labeling.answer_bulk"))
    run_bulk(job=job, bulk_id=sent.json()["id"])
    assert Bulk.objects.order_by("-pk")[0].counts == {"answered": 62, "stored": 588}
    assert Annotation.objects.filter(task__item_id__gt=650).count() == 0


def test_more_than_five_hundred_are_a_job_both_ways() -> None:
    ann, _project, address = make(501)
    api = client(ann)
    done = api.post(address, body(filter={}), format="json")
    assert (done.status_code, done.json()["state"], done.json()["job"]["kind"]) == (
        202,
        "running",
        "labeling.answer_bulk",
    )
    early = api.post(f"/api/v1/bulk/{done.json()['id']}/undo/")
    assert (early.status_code, early.json()["code"]) == (409, "bulk_running")
    assert Job.objects.get(kind="labeling.answer_bulk").params == {"bulk_id": done.json()["id"]}


def test_the_same_key_answers_once() -> None:
    ann, _project, address = make()
    key = str(uuid.uuid4())
    first, second = (client(ann).post(address, body(items=[1], client_key=key), format="json") for _n in range(2))
    assert first.json() == second.json()
    assert Bulk.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 400, "invalid"),
        (body(), 400, "invalid"),
        (body(items=[1], filter={}), 400, "invalid"),
        (body(items=[]), 400, "items_invalid"),
        (body(items=["x"]), 400, "invalid"),
        (body(items=[2**70]), 400, "invalid"),
        (body(items=[1], client_key="7"), 400, "invalid"),
        (body("nonsense", items=[1]), 400, "answer_invalid"),
        ({"answer": "spam", "items": [1]}, 400, "invalid"),
        (body(filter={"state": "half"}), 400, "invalid"),
        (body(filter={"label": "x=y"}), 400, "filter_invalid"),
        (body(filter={"like": 1}), 409, "meaning_missing"),
    ],
)
def test_what_cannot_be_meant_is_refused(sent: dict[str, Any], status: int, code: str) -> None:
    ann, _project, address = make()
    answer = client(ann).post(address, sent, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Bulk.objects.exists()


def test_people_who_only_label_see_and_undo_their_own() -> None:
    ann, _project, address = make()
    bob, eve = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    made = client(bob).post(address, body(items=[1]), format="json").json()
    assert client(eve).get(address).json()["results"] == []
    assert client(eve).get(f"/api/v1/bulk/{made['id']}/").status_code == 404
    assert client(eve).post(f"/api/v1/bulk/{made['id']}/undo/").status_code == 404
    assert [row["id"] for row in client(ann).get(address).json()["results"]] == [made["id"]]
    assert client(bob).post(f"/api/v1/bulk/{made['id']}/undo/").json()["state"] == "undone"


def test_a_list_costs_the_same_for_one_and_for_many() -> None:
    ann, _project, address = make(6)
    api = client(ann)
    counts = []
    for items in ([1], [2, 3]):
        for item in items:
            api.post(address, body(items=[item]), format="json")
        with CaptureQueriesContext(connection) as seen:
            assert api.get(address).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
