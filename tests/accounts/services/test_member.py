import pytest

from accounts.models import Membership, Token
from accounts.services.actor import actor_of_token
from accounts.services.member import add_member, change_role, remove_member
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_new_address_becomes_a_member() -> None:
    boss = factories.owner()
    added = add_member(actor=boss, email="new@example.com", role="annotator", password=factories.PASSWORD)
    assert (added.role, added.user.email) == ("annotator", "new@example.com")
    assert added.user.check_password(factories.PASSWORD)


def test_a_weak_password_is_refused_with_the_reason() -> None:
    with pytest.raises(DomainError) as caught:
        add_member(actor=factories.owner(), email="new@example.com", role="annotator", password="short")
    assert caught.value.code == "password_weak"


def test_an_address_is_a_member_once_whatever_its_case() -> None:
    boss = factories.owner()
    add_member(actor=boss, email="new@example.com", role="annotator", password=factories.PASSWORD)
    with pytest.raises(Conflict):
        add_member(actor=boss, email="NEW@example.com", role="reviewer")


def test_only_an_owner_makes_owners() -> None:
    manager = factories.member(factories.owner(), "manager")
    with pytest.raises(NotAllowed):
        add_member(actor=manager, email="new@example.com", role="owner", password=factories.PASSWORD)


def test_the_last_owner_stays() -> None:
    boss = factories.owner()
    own = Membership.objects.get(user_id=boss.user_id)
    with pytest.raises(Conflict):
        change_role(actor=boss, membership_id=own.pk, role="annotator")
    with pytest.raises(Conflict):
        remove_member(actor=boss, membership_id=own.pk)


def test_a_member_who_leaves_loses_their_tokens() -> None:
    boss = factories.owner()
    engineer = factories.member(boss, "engineer")
    secret = factories.secret(engineer)
    remove_member(actor=boss, membership_id=Membership.objects.get(user_id=engineer.user_id).pk)
    assert actor_of_token(secret=secret) is None
    assert not Token.objects.filter(user_id=engineer.user_id).exists()


def test_a_stranger_changes_nobody() -> None:
    boss, stranger = factories.owner("Ann's"), factories.owner("Sue's")
    target = Membership.objects.get(user_id=factories.member(boss, "annotator").user_id)
    with pytest.raises(NotFound):
        change_role(actor=stranger, membership_id=target.pk, role="manager")
