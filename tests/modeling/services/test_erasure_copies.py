"""Changed copies of a person's items are found with them, though nothing that is sought stands in them any more."""

import pytest

from curation.engine.erasure.finding import Sought
from modeling.services.erasure_search import search_items
from tests import factories
from tests.curation import history

pytestmark = pytest.mark.django_db


def test_copies_go_with_the_item_they_were_made_from() -> None:
    actor = factories.owner()
    first = history.version(actor, {"item_id": [1, 2], "text": ["Zenobia wrote", "nobody wrote"]})
    columns = {
        "item_id": [1, 2, 10, 11],
        "text": ["Zenobia wrote", "nobody wrote", "Zenibia wrote", "nobody wrtoe"],
        "augmented_from": [None, None, 1, 2],
    }
    second = history.version(actor, columns, parent=first)
    found = search_items(actor.organization_id, Sought(texts=("Zenobia",)), lambda _done, _total: None)
    assert found == {
        (first.dataset_id, 1): ("text", "text", second.pk),
        (first.dataset_id, 10): ("copy", "augmented_from", second.pk),
    }
