import datetime

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Membership, Token
from accounts.services.actor import actor_of_token
from accounts.services.token import create_token, revoke_token
from core.errors import DomainError, NotAllowed, NotFound
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_secret_leads_to_its_owner() -> None:
    boss = factories.owner()
    _token, secret = create_token(actor=boss, name="ci", scopes=["data.read"])
    user, actor = actor_of_token(secret=secret)
    assert (user.pk, actor.organization_id, actor.scopes) == (boss.user_id, boss.organization_id, {"data.read"})


def test_the_secret_is_not_kept() -> None:
    token, secret = create_token(actor=factories.owner(), name="ci", scopes=["data.read"])
    row = Token.objects.filter(pk=token.pk).values().get()
    assert secret not in str(row)
    assert secret.removeprefix("assay_") not in str(AuditEntry.objects.values_list("data", flat=True))


def test_nobody_gives_a_token_more_than_they_have() -> None:
    annotator = factories.member(factories.owner(), "annotator")
    with pytest.raises(NotAllowed):
        create_token(actor=annotator, name="ci", scopes=["label", "member.write"])


@pytest.mark.parametrize("ending", ["revoked", "expired", "inactive", "unknown"])
def test_a_token_that_ended_opens_nothing(ending: str) -> None:
    boss = factories.owner()
    token, secret = create_token(actor=boss, name="ci", scopes=["data.read"])
    if ending == "revoked":
        revoke_token(actor=boss, token_id=token.pk)
    if ending == "expired":
        Token.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    if ending == "inactive":
        token.user.is_active = False
        token.user.save()
    assert actor_of_token(secret=secret if ending != "unknown" else secret + "x") is None


def test_a_demotion_cuts_the_tokens_of_the_person() -> None:
    boss = factories.owner()
    engineer = factories.member(boss, "engineer")
    _token, secret = create_token(actor=engineer, name="ci", scopes=["data.write", "label"])
    Membership.objects.filter(user_id=engineer.user_id).update(role="annotator")
    assert actor_of_token(secret=secret)[1].scopes == {"label"}


def test_people_revoke_their_own_tokens_only() -> None:
    boss = factories.owner()
    token, _secret = create_token(actor=boss, name="ci", scopes=["data.read"])
    with pytest.raises(NotFound):
        revoke_token(actor=factories.member(boss, "annotator"), token_id=token.pk)
    revoke_token(actor=factories.member(boss, "manager"), token_id=token.pk)
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_an_expiry_in_the_past_is_refused() -> None:
    with pytest.raises(DomainError):
        create_token(actor=factories.owner(), name="x", scopes=["label"], expires_at=timezone.now())
