"""API tokens: made once, shown once, revoked at any time."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Token
from accounts.services import audit
from core.errors import DomainError, NotAllowed, NotFound

PREFIX = "assay_"


@transaction.atomic
def create_token(
    *, actor: Actor, name: str, scopes: list[str], expires_at: datetime | None = None
) -> tuple[Token, str]:
    """Make a token of the actor's own and return it with its secret, which is not kept.

    Raises:
        DomainError: ``scope_unknown`` when no scope is asked for.
        NotAllowed: A scope is asked for that the actor lacks.
    """
    if not scopes:
        raise DomainError("scope_unknown", _("Choose at least one scope for the token."))
    missing = tuple(sorted(set(scopes) - actor.scopes))
    if missing:
        raise NotAllowed(missing)
    if expires_at is not None and expires_at <= timezone.now():
        raise DomainError("expiry_past", _("The date of expiry lies in the past."))
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        organization_id=actor.organization_id,
        user_id=actor.user_id,
        name=name,
        prefix=secret[:12],
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    audit.record(actor=actor, action="token.create", subject=f"token:{token.pk}", name=name, scopes=token.scopes)
    return token, secret


@transaction.atomic
def revoke_token(*, actor: Actor, token_id: int) -> Token:
    """Make a token useless at once. People revoke their own; who may change members revokes anybody's."""
    tokens = Token.objects.visible_to(actor).select_for_update()
    if not actor.can("member.write"):
        tokens = tokens.filter(user_id=actor.user_id)
    token = tokens.filter(pk=token_id).first()
    if token is None:
        raise NotFound(_("There is no such token, or it is not yours."))
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at", "updated_at"])
        audit.record(actor=actor, action="token.revoke", subject=f"token:{token.pk}")
    return token
