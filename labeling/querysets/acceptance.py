from typing import Self

from accounts.actor import Actor
from accounts.querysets.tenant import TenantQuerySet


class AcceptanceQuerySet(TenantQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Keep the organization's rows for those who see its answers; who labels must not learn what is audited."""
        rows = self.filter(project__organization_id=actor.organization_id)
        sees = actor.can("data.read") or actor.can("project.write") or actor.can("review")
        return rows if sees else rows.none()
