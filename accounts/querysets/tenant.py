"""The rule of every tenant-owned table."""

from typing import Any, Self

from django.db import models

from accounts.actor import Actor


class TenantQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        """Keep the rows of the actor's organization."""
        return self.filter(organization_id=actor.organization_id)
