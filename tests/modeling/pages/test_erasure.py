"""Erasures on pages and over REST: asked for, reviewed, confirmed, certified."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from curation.engine.__main__ import main
from modeling.models import Erasure
from tests import factories
from tests.curation.services.test_import import import_
from tests.modeling.services.test_erasure import NAME, ROWS, asked, well

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, settings: Any) -> None:
    settings.ASSAY_KEYS = tmp_path / "keys"


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def browser(client: Client, actor: Actor) -> Client:
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def test_a_person_is_erased_in_the_browser(browser: Client, actor: Actor, tmp_path: Path) -> None:
    import_(actor, ROWS)
    assert "Nobody was erased yet" in browser.get("/erasures/").content.decode()
    wrong = browser.post("/erasures/new/", {"reference": "case 17", "texts": "1"})
    assert (wrong.status_code, "too short" in wrong.content.decode()) == (400, True)
    answer = browser.post(
        "/erasures/new/", {"reference": "case 17", "texts": NAME, "identifiers": "4711", "column": "customer"}
    )
    erasure = Erasure.objects.get()
    assert answer["Location"] == f"/erasures/{erasure.pk}/"
    well(erasure.job)
    shown = browser.get(answer["Location"]).content.decode()
    assert "Zenobia  Quartermaine</mark>" in shown
    hit = erasure.hits.get(item_id=5)
    browser.post(f"/erasures/{erasure.pk}/keep/", {"hit": [hit.pk], "kept": "1"})
    assert erasure.hits.filter(kept=True).get() == hit
    refused = browser.post(f"/erasures/{erasure.pk}/confirm/", {"typed": "yes"})
    assert (refused.status_code, "not the reference" in refused.content.decode()) == (400, True)
    browser.post(f"/erasures/{erasure.pk}/confirm/", {"typed": "case 17"})
    erasure.refresh_from_db()
    well(erasure.job)
    page = browser.get(f"/erasures/{erasure.pk}/certificate/").content.decode()
    assert "Certificate of erasure" in page
    file = tmp_path / "certificate.json"
    file.write_bytes(browser.get(f"/erasures/{erasure.pk}/certificate.json").content)
    assert main(["check-certificate", str(file)]) == 0
    changed = json.loads(file.read_text())
    changed["versions"][0]["rows_after"] += 1
    file.write_text(json.dumps(changed))
    assert main(["check-certificate", str(file)]) == 1


def test_the_review_asks_the_database_as_often_for_many_hits(browser: Client, actor: Actor) -> None:
    def count(path: str) -> int:
        browser.get(path)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(path).status_code == 200
        return len(queries)

    import_(actor, ROWS)
    few = asked(actor, texts=["ann@corp.example"])
    many = asked(actor, texts=["parcel"])
    assert (few.hits.count(), many.hits.count()) == (1, 4)
    assert count(f"/erasures/{few.pk}/") == count(f"/erasures/{many.pk}/")


def test_the_same_over_rest(actor: Actor) -> None:
    import_(actor, ROWS)
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    call: Callable[..., Any] = lambda verb, path, body=None: Client().generic(  # noqa: E731
        verb, f"/api/v1/erasures/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
    )
    sought = {"reference": "case 17", "identifiers": [{"column": "", "value": "4714"}]}
    made = call("POST", "", sought)
    assert (made.status_code, made.json()["state"]) == (202, "searching")
    number = made.json()["id"]
    assert call("GET", f"{number}/certificate/").status_code == 404
    well(Erasure.objects.get().job)
    (hit,) = call("GET", f"{number}/hits/").json()["results"]
    assert (hit["item_id"], hit["how"], hit["column"]) == (5, "identifier", "customer")
    assert call("POST", f"{number}/keep/", {"hits": [hit["id"]]}).json() == {"changed": 1}
    assert call("POST", f"{number}/keep/", {"hits": [hit["id"]], "kept": False}).json() == {"changed": 1}
    assert call("POST", f"{number}/confirm/", {"typed": "case 17"}).status_code == 202
    well(Erasure.objects.get().job)
    certificate = call("GET", f"{number}/certificate/").json()
    assert [(row["rows_before"], row["rows_after"]) for row in certificate["versions"]] == [(8, 7)]
    assert [row["state"] for row in call("GET", "").json()["results"]] == ["done"]
