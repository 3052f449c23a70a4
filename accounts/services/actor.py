"""From a session or a token to the actor of a request."""

import hashlib
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Membership, Token, User
from accounts.roles import ROLES

# Raw, because every request begins here: composing the same two queries with the ORM took three times as long as all
# the rest of saving an answer.
_MEMBERSHIP = """
SELECT organization_id, role FROM accounts_membership WHERE user_id = %(user)s
ORDER BY organization_id IS NOT DISTINCT FROM %(organization)s::bigint DESC, id LIMIT 1
"""
# In the order of the model: `from_db` gives the values to its fields in that order, whatever order the names have.
_USER_FIELDS = ("id", "is_superuser", "email", "name", "language", "is_active", "is_staff")
_BEARER = """
SELECT t.id, t.organization_id, t.scopes, t.last_used_at, m.role,
       u.id, u.is_superuser, u.email, u.name, u.language, u.is_active, u.is_staff
FROM accounts_token t
JOIN accounts_user u ON u.id = t.user_id AND u.is_active
JOIN accounts_membership m ON m.user_id = t.user_id AND m.organization_id = t.organization_id
WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
"""


def actor_of_session(*, user_id: int, organization_id: int | None, request_id: str = "") -> Actor | None:
    """Return the actor of a signed-in person, in the named organization or else in their first one."""
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERSHIP, {"user": user_id, "organization": organization_id})
        row = cursor.fetchone()
    if row is None:
        return None
    organization, role = row
    return Actor(user_id, organization, role, ROLES[role], None, request_id)


def actor_of_token(*, secret: str, request_id: str = "") -> tuple[User, Actor] | None:
    """Return person and actor of a valid token; None when it is unknown, revoked, expired or its owner has left.

    The lookup compares SHA-256 digests through an index, so its timing says nothing about the secret.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_BEARER, {"digest": hashlib.sha256(secret.encode()).hexdigest(), "now": now})
        row = cursor.fetchone()
    if row is None:
        return None
    token_id, organization, held, last_used_at, role, *person = row
    user = User.from_db(connection.alias, _USER_FIELDS, person)
    if last_used_at is None or now - last_used_at > timedelta(minutes=1):
        Token.objects.filter(pk=token_id).update(last_used_at=now)
    # A token never outlives a demotion: its scopes are cut to what the role allows today.
    return user, Actor(user.pk, organization, role, frozenset(held) & ROLES[role], token_id, request_id)


def system_actor(*, organization_id: int, user_id: int = 0, request_id: str = "") -> Actor:
    """Return the actor under which a job acts for the person who asked for it."""
    role = (
        Membership.objects.filter(user_id=user_id, organization_id=organization_id)
        .values_list("role", flat=True)
        .first()
    )
    scopes = ROLES[role] if role else frozenset()
    return Actor(user_id, organization_id, role or "system", scopes, None, request_id)
