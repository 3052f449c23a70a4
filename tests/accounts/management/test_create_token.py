from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.services.actor import actor_of_token
from tests import factories

pytestmark = pytest.mark.django_db


def made(**options: object) -> str:
    out = StringIO()
    call_command("create_token", stdout=out, **options)
    return out.getvalue().strip()


def test_the_token_may_do_what_its_owner_may():
    owner = factories.owner()
    email = User.objects.get(pk=owner.user_id).email

    _user, actor = actor_of_token(secret=made(email=email.upper()), request_id="")

    assert (actor.user_id, actor.scopes) == (owner.user_id, owner.scopes)


def test_scopes_can_be_narrowed_but_not_widened():
    annotator = factories.member(factories.owner(), "annotator")
    email = User.objects.get(pk=annotator.user_id).email

    _user, actor = actor_of_token(secret=made(email=email, scope=["label"]), request_id="")

    assert actor.scopes == {"label"}
    with pytest.raises(CommandError, match=r"needs the scope data\.write"):
        made(email=email, scope=["data.write"])


def test_a_stranger_is_named():
    with pytest.raises(CommandError, match=r"Nobody with the address nobody@example\.com"):
        made(email="nobody@example.com")
