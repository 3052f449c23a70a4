"""Runs that add items: their ids are set aside in the dataset, and the same plan gives the same items."""

import pytest

from accounts.actor import Actor
from curation.models import Dataset, Run, Version
from curation.services.run import start_run
from curation.services.version import open_version
from tests import factories
from tests.curation.history import finish, version

pytestmark = pytest.mark.django_db
POLICY = "version: 1\ncopies: 3\nsteps:\n- use: swap_words\n"
PLAN = {"steps": [{"name": "augment", "params": {"policy": POLICY}}]}


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def first(actor: Actor) -> Version:
    columns = {
        "item_id": [1, 2, 3],
        "text": ["one two three four", "five six seven eight", "nine ten eleven twelve"],
        "split": ["train", "test", "train"],
    }
    made = version(actor, columns)
    Dataset.objects.filter(pk=made.dataset_id).update(next_item_id=100)
    return made


def ran(actor: Actor, source: Version, plan: dict[str, object] = PLAN) -> Run:
    run, job = start_run(actor=actor, version_id=source.pk, steps=plan)
    finish(job)
    run.refresh_from_db()
    return run


def ids(made: Version | None) -> list[int]:
    assert made is not None
    with open_version(made) as reader:
        return reader.table(["item_id"])["item_id"].to_pylist()  # type: ignore[no-any-return]


def test_ids_are_set_aside_and_the_same_plan_has_the_same(actor: Actor) -> None:
    source = first(actor)
    one = ran(actor, source)
    assert one.first_new_item_id == 100
    assert Dataset.objects.get(pk=source.dataset_id).next_item_id == 109
    again = ran(actor, source)
    assert again.first_new_item_id == 100
    assert Dataset.objects.get(pk=source.dataset_id).next_item_id == 109
    assert one.output is not None
    assert again.output is not None
    assert one.output.content_hash == again.output.content_hash
    assert set(ids(one.output)) - {1, 2, 3} <= {*range(100, 103), *range(106, 109)}


def test_another_plan_gets_ids_of_its_own(actor: Actor) -> None:
    source = first(actor)
    ran(actor, source)
    other = {"steps": [{"name": "augment", "params": {"policy": POLICY + "  share: 0.5\n"}}]}
    assert ran(actor, source, other).first_new_item_id == 109
    assert ran(actor, source, {"steps": [{"name": "normalize_text"}]}).first_new_item_id is None


def test_the_result_says_what_was_added(actor: Actor) -> None:
    run = ran(actor, first(actor))
    assert run.job is not None
    result = run.job.result
    assert result["rows_in"] == 3
    assert result["rows"] == 3 + result["added"]
    assert result["dropped"] == 0
    assert result["added"] > 2
