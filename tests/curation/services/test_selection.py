"""Selections: kept as ranges, shown page by page, made into versions."""

import pytest

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.models import Version
from curation.services.selection import create_selection, find_selection, items_of_selection, use_selection
from tests import factories
from tests.curation import history

# Jobs may take longer than their heartbeat here, and the thread that writes it sees committed rows only.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    texts = ["red apple", "green apple", "fast car", "slow train", "blue sky", "猫 🐱"]
    return history.version(actor, {"item_id": [1, 2, 3, 5, 6, 9], "text": texts})


def made(actor: Actor, version: Version, items: str, **wanted: object) -> list[dict]:
    selection = create_selection(actor=actor, version_id=version.pk, items=items)
    run, job = use_selection(actor=actor, selection_id=selection.pk, **wanted)  # type: ignore[arg-type]
    history.finish(job)
    run.refresh_from_db()
    from curation.services.item import page_of_items

    return page_of_items(actor=actor, version_id=run.output_id)["results"]


def test_items_are_kept_in_order_and_shown_page_by_page(actor: Actor, version: Version) -> None:
    selection = create_selection(actor=actor, version_id=version.pk, items="9, 2-3,3,1")
    assert (selection.items, selection.count) == ("1-3,9", 4)
    assert [row["item_id"] for row in items_of_selection(selection, offset=0, limit=3)] == [1, 2, 3]
    assert [row["item_id"] for row in items_of_selection(selection, offset=3, limit=3)] == [9]


@pytest.mark.parametrize("items", ["", "x", "5-2", "1;2", "1-99999999999"])
def test_what_is_no_selection_is_refused(actor: Actor, version: Version, items: str) -> None:
    with pytest.raises(DomainError) as refused:
        create_selection(actor=actor, version_id=version.pk, items=items)
    assert refused.value.code == "selection_invalid"


def test_a_version_of_it_without_it_and_with_a_word(actor: Actor, version: Version) -> None:
    assert [row["item_id"] for row in made(actor, version, "2-5", action="keep")] == [2, 3, 5]
    assert [row["item_id"] for row in made(actor, version, "2-5", action="drop")] == [1, 6, 9]
    marked = made(actor, version, "9", action="mark", word="动物")
    assert [row["tag"] for row in marked] == [None] * 5 + ["动物"]


def test_a_sample_of_it_covers_it(actor: Actor, version: Version) -> None:
    rows = made(actor, version, "1-3", action="sample", rows=2)
    assert len(rows) == 2
    assert 3 in [row["item_id"] for row in rows]


@pytest.mark.parametrize("wanted", [{"action": "burn"}, {"action": "mark", "word": " "}, {"action": "sample"}])
def test_wrong_actions_are_refused(actor: Actor, version: Version, wanted: dict) -> None:
    selection = create_selection(actor=actor, version_id=version.pk, items="1-3")
    with pytest.raises(DomainError) as refused:
        use_selection(actor=actor, selection_id=selection.pk, **wanted)
    assert refused.value.code == "selection_action_invalid"


def test_the_oldest_make_room_and_strangers_see_none(actor: Actor, version: Version) -> None:
    first = create_selection(actor=actor, version_id=version.pk, items="1")
    for _number in range(50):
        create_selection(actor=actor, version_id=version.pk, items="2")
    with pytest.raises(NotFound):
        find_selection(actor=actor, selection_id=first.pk)
    newest = create_selection(actor=actor, version_id=version.pk, items="2")
    with pytest.raises(NotFound):
        find_selection(actor=factories.owner("Others"), selection_id=newest.pk)
