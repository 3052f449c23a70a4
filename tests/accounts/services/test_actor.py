import pytest

from accounts.models import User
from accounts.services.actor import actor_of_token
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_token_gives_its_owner_with_every_field_in_its_place() -> None:
    owner = factories.owner()
    User.objects.filter(pk=owner.user_id).update(email="ann@example.com", name="Ann Ames", language="zh-hans")

    user, actor = actor_of_token(secret=factories.secret(owner))

    assert (user.pk, user.email, user.name, user.language) == (owner.user_id, "ann@example.com", "Ann Ames", "zh-hans")
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)
    assert (actor.user_id, actor.organization_id, actor.role) == (owner.user_id, owner.organization_id, "owner")
