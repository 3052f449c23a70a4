"""The audit trail: who did what to which thing."""

from typing import Any

from accounts.actor import Actor
from accounts.models import AuditEntry


def record(*, actor: Actor, action: str, subject: str, **data: Any) -> AuditEntry:
    """Add one entry in the caller's transaction, so that it stands exactly when the act does.

    Args:
        actor: Who acts.
        action: noun.verb, for example ``dataset.create``.
        subject: The thing, as ``noun:id``.
        data: JSON-able facts that a later reader needs; never a secret and never whole items.
    """
    return AuditEntry.objects.create(
        organization_id=actor.organization_id,
        user_id=actor.user_id or None,
        token_id=actor.token_id,
        action=action,
        subject=subject,
        data=data,
        request_id=actor.request_id,
    )
