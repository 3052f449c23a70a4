from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from curation.models import Version
from tests import factories
from tests.curation import history
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    return history.version(actor, {"item_id": [1, 2], "text": ["one", "two"], "label": ["a", "b"]}, label="label")


@pytest.fixture
def call(actor: Actor) -> Any:
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}

    def send(verb: str, path: str, data: Any = None) -> Any:
        kind = {} if verb == "GET" else {"content_type": "application/json"}
        return getattr(Client(), verb.lower())(f"/api/v1/{path}", data, headers=headers, **kind)

    return send


def test_tags_notes_and_trash_over_rest(call: Any, version: Version) -> None:
    path = f"versions/{version.pk}/"
    assert call("POST", f"{path}tags/", {"name": "gold"}).json()["tags"] == ["gold"]
    found = call("GET", f"datasets/{version.dataset_id}/versions/", {"tag": "gold"}).json()["results"]
    assert [row["id"] for row in found] == [version.pk]
    assert call("PATCH", path, {"notes": "careful"}).json()["notes"] == "careful"
    held = call("DELETE", path)
    assert (held.status_code, held.json()["code"], held.json()["holders"]) == (409, "version_held", ["gold"])
    assert call("DELETE", f"{path}tags/?name=gold").status_code == 204
    assert call("DELETE", path).status_code == 204
    rows = call("GET", f"datasets/{version.dataset_id}/versions/", {"trash": "true"}).json()["results"]
    assert [row["id"] for row in rows] == [version.pk]
    assert call("POST", f"{path}restore/", {}).json()["trashed_at"] is None


def test_a_diff_over_rest(call: Any, actor: Actor, version: Version) -> None:
    newer = history.version(actor, {"item_id": [2, 3], "text": ["2", "three"]}, parent=version)
    answer = call("POST", f"versions/{newer.pk}/diff/", {"with": version.pk})
    assert answer.status_code == 202
    history.finish(Job.objects.get(pk=answer.json()["job"]["id"]))
    again = call("POST", f"versions/{newer.pk}/diff/", {"with": version.pk})
    assert (again.status_code, again.json()["job"]) == (200, None)
    path = f"diffs/{answer.json()['diff']}/"
    summary = call("GET", path).json()["summary"]
    assert (summary["added"], summary["dropped"], summary["changed"]) == (1, 1, 1)
    assert "groups" not in summary
    rows = call("GET", f"{path}rows/", {"kind": "changed", "column": "text"}).json()
    assert [(row["before"], row["after"]) for row in rows["results"]] == [("two", "2")]
    assert call("GET", f"{path}download/", {"format": "parquet"}).json()["url"]
    assert call("GET", f"{path}download/", {"format": "csv"}).status_code == 202


def test_search_over_rest(call: Any, version: Version) -> None:
    found = call("GET", f"versions/{version.pk}/search/", {"q": "TWO"}).json()
    assert [row["item_id"] for row in found["results"]] == [2]
    assert (found["complete"], found["after"]) == (True, None)
    refused = call("GET", f"versions/{version.pk}/search/", {"column": "none", "value": "x"})
    assert (refused.status_code, refused.json()["code"]) == (400, "filter_invalid")
    assert call("POST", f"versions/{version.pk}/index/", {}).status_code == 202
