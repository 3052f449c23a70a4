from typing import Any, Self

from django.db import models

from accounts.actor import Actor


class OrganizationQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(pk=actor.organization_id)

    def of_user(self, user_id: int) -> Self:
        return self.filter(memberships__user_id=user_id)


class MembershipQuerySet(models.QuerySet[Any]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(organization_id=actor.organization_id)
