import json
from typing import Any

import pytest
from django.test import Client

from core.errors import Conflict, DomainError, NotFound
from curation.models import Dataset, Provenance, Push, Upload, Version
from curation.services.dataset import create_dataset
from curation.services.item import page_of_items
from curation.services.push import push_items
from tests import factories
from tests.curation.services.test_import import work
from workers.models import Job

pytestmark = pytest.mark.django_db

ROWS = [{"text": "你好 😀", "label": "a", "n": 1}, {"text": "bye", "label": None, "n": 0.5}]


def test_pushed_rows_become_a_version() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Live")
    job = work(push_items(actor=actor, dataset_id=dataset.pk, rows=ROWS, key="k1", licence="MIT", consent="contract"))
    assert (job.state, job.error) == ("succeeded", None)
    items = page_of_items(actor=actor, version_id=job.result["version"])["results"]
    assert items == [{"item_id": 1, **ROWS[0]}, {"item_id": 2, **ROWS[1]}]
    assert Version.objects.get().licence == "MIT"
    assert Provenance.objects.get().consent == "contract"


def test_the_same_key_gives_the_same_job_and_no_second_import() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Live")
    jobs = {push_items(actor=actor, dataset_id=dataset.pk, rows=ROWS, key="k1").pk for _again in range(3)}
    assert (len(jobs), Upload.objects.count(), Job.objects.count()) == (1, 1, 1)
    other = push_items(actor=actor, dataset_id=dataset.pk, rows=ROWS, key="k2")
    assert other.pk not in jobs


@pytest.mark.parametrize("change", [{"rows": ROWS[:1]}, {"licence": "MIT"}, {"roles": {"text": "label"}}])
def test_the_same_key_with_something_else_is_a_conflict(change: dict[str, Any]) -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Live")
    job = push_items(actor=actor, dataset_id=dataset.pk, rows=ROWS, key="k1")
    with pytest.raises(Conflict) as caught:
        push_items(**{"actor": actor, "dataset_id": dataset.pk, "rows": ROWS, "key": "k1", **change})
    assert (caught.value.code, caught.value.extra) == ("idempotency_key_reused", {"job": job.pk})


def test_a_push_that_cannot_start_leaves_its_key_free() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Live")
    with pytest.raises(DomainError):
        push_items(actor=actor, dataset_id=dataset.pk, rows=[], key="k1")
    assert not Push.objects.exists()
    push_items(actor=actor, dataset_id=dataset.pk, rows=ROWS, key="k1")


@pytest.mark.parametrize("key", ["with blank", "键", "a" * 201])
def test_a_key_is_plain(key: str) -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Live")
    with pytest.raises(DomainError) as caught:
        push_items(actor=actor, dataset_id=dataset.pk, rows=ROWS, key=key)
    assert caught.value.code == "idempotency_key_invalid"


def test_keys_of_two_datasets_do_not_meet_and_strangers_find_nothing() -> None:
    actor = factories.owner()
    one, two = (create_dataset(actor=actor, name=name) for name in "ab")
    assert push_items(actor=actor, dataset_id=one.pk, rows=ROWS, key="k") != push_items(
        actor=actor, dataset_id=two.pk, rows=ROWS, key="k"
    )
    with pytest.raises(NotFound):
        push_items(actor=factories.owner("Sue's"), dataset_id=one.pk, rows=ROWS, key="k")


def post(dataset: Dataset, secret: str, body: Any, key: str = "k1") -> Any:
    headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
    path = f"/api/v1/datasets/{dataset.pk}/items/"
    return Client().generic("POST", path, data=json.dumps(body), content_type="application/json", headers=headers)


def test_over_rest_it_answers_202_with_the_job() -> None:
    actor = factories.owner()
    dataset, secret = create_dataset(actor=actor, name="Live"), factories.secret(actor)
    first = post(dataset, secret, {"rows": ROWS, "collected_on": "2024-02-29"})
    again = post(dataset, secret, {"collected_on": "2024-02-29", "rows": ROWS})
    assert (first.status_code, again.status_code, first.json()["id"]) == (202, 202, again.json()["id"])
    other = post(dataset, secret, {"rows": ROWS[:1], "collected_on": "2024-02-29"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "key", "code"),
    [
        ({"rows": ROWS}, "", "idempotency_key_missing"),
        ({"rows": []}, "k", "invalid"),
        ({"rows": ["text"]}, "k", "invalid"),
        ({"rows": [{"n": 1}] * 10_001}, "k", "invalid"),
        ({"rows": ROWS, "roles": {"colour": "text"}}, "k", "invalid"),
        ({"rows": ROWS, "collected_on": "yesterday"}, "k", "invalid"),
    ],
)
def test_a_bad_push_is_refused(body: Any, key: str, code: str) -> None:
    actor = factories.owner()
    answer = post(create_dataset(actor=actor, name="Live"), factories.secret(actor), body, key)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Job.objects.exists()
