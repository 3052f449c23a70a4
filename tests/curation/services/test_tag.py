import pytest

from accounts.models import AuditEntry
from core.errors import DomainError, NotFound
from curation.models import Tag
from curation.services.tag import find_tagged, remove_tag, set_tag
from tests import factories
from tests.curation import history

pytestmark = pytest.mark.django_db
COLUMNS = {"item_id": [1], "text": ["a"]}


def test_a_tag_moves_and_leaves_a_trail() -> None:
    actor = factories.owner()
    first = history.version(actor, COLUMNS)
    second = history.version(actor, COLUMNS, parent=first)
    set_tag(actor=actor, version_id=first.pk, name="交付-2026.11")
    set_tag(actor=actor, version_id=first.pk, name="交付-2026.11")
    assert find_tagged(actor=actor, dataset_id=first.dataset_id, name="交付-2026.11") == first
    set_tag(actor=actor, version_id=second.pk, name="交付-2026.11")
    assert find_tagged(actor=actor, dataset_id=first.dataset_id, name="交付-2026.11") == second
    assert Tag.objects.count() == 1
    with pytest.raises(NotFound):
        remove_tag(actor=actor, version_id=first.pk, name="交付-2026.11")
    remove_tag(actor=actor, version_id=second.pk, name="交付-2026.11")
    trail = AuditEntry.objects.filter(action__startswith="tag.").order_by("pk").values_list("action", "data__version")
    assert list(trail) == [("tag.add", 1), ("tag.move", 2), ("tag.remove", 2)]


@pytest.mark.parametrize("name", ["", "a/b", "a b", ".hidden", "-x", "x" * 61, "a?b", "a#b"])
def test_names_that_cannot_stand_in_an_address_are_refused(name: str) -> None:
    actor = factories.owner()
    with pytest.raises(DomainError) as caught:
        set_tag(actor=actor, version_id=factories.version(actor).pk, name=name)
    assert caught.value.code == "tag_name"


def test_strangers_find_nothing() -> None:
    actor, stranger = factories.owner(), factories.owner("Others")
    version = factories.version(actor)
    set_tag(actor=actor, version_id=version.pk, name="gold")
    with pytest.raises(NotFound):
        set_tag(actor=stranger, version_id=version.pk, name="gold")
    with pytest.raises(NotFound):
        find_tagged(actor=stranger, dataset_id=version.dataset_id, name="gold")
