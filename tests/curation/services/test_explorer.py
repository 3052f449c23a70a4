import pytest

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.models import Version
from curation.services.explorer import (
    column_figures,
    execute_index,
    find_items,
    has_index,
    question_of,
    request_index,
)
from tests import factories
from tests.curation import history
from tests.labeling.versions import start

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    columns = {"item_id": [1, 2, 3], "text": ["Good day", "坏天气", "good"], "label": ["a", "b", "a"]}
    return history.version(actor, {**columns, "split": ["train", "test", "test"]}, label="label")


def found(actor: Actor, version: Version, **values: str) -> list[int]:
    question = question_of(values, label="label")
    return [row["item_id"] for row in find_items(actor=actor, version_id=version.pk, question=question).rows]


def test_answers_are_the_same_with_and_without_index(actor: Actor, version: Version) -> None:
    cases: list[tuple[dict[str, str], list[int]]] = [
        ({"q": "GOOD"}, [1, 3]),
        ({"q": "天"}, [2]),
        ({"label": "a", "split": "test"}, [3]),
        ({"column": "label", "op": "equals", "value": "b"}, [2]),
        ({"column": "label", "op": "missing"}, []),
        ({"longer": "5"}, [1]),
        ({"column": "label"}, [1, 2, 3]),
    ]
    assert not has_index(version)
    assert [found(actor, version, **values) for values, _ids in cases] == [ids for _values, ids in cases]
    job = request_index(actor=actor, version_id=version.pk)
    assert job is not None
    assert request_index(actor=actor, version_id=version.pk) == job
    history.finish(job)
    assert has_index(version)
    assert [found(actor, version, **values) for values, _ids in cases] == [ids for _values, ids in cases]
    assert request_index(actor=actor, version_id=version.pk) is None


def test_the_index_is_built_once(actor: Actor, version: Version) -> None:
    first = execute_index(job=start(factories.job(actor)), version_id=version.pk)
    assert execute_index(job=start(factories.job(actor)), version_id=version.pk) == first
    figures = column_figures(version)
    assert figures is not None
    assert [entry["name"] for entry in figures] == ["text", "label", "split"]


def test_senseless_filters_and_strangers_are_refused(actor: Actor, version: Version) -> None:
    for values in ({"column": "none", "value": "x"}, {"column": "label", "op": "drop", "value": "x"}, {"longer": "x"}):
        with pytest.raises(DomainError) as caught:
            found(actor, version, **values)
        assert caught.value.code == "filter_invalid"
    with pytest.raises(NotFound):
        found(factories.owner("Others"), version, q="good")
