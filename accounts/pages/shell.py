"""What the top bar of every page needs to know about the person."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import cached_property

from accounts.models import Membership


class Shell:
    """The person's organizations, asked for only when a template shows them."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def memberships(self) -> list[Membership]:
        if not self._request.user.is_authenticated:
            return []
        rows = Membership.objects.filter(user_id=self._request.user.pk).select_related("organization")
        return list(rows.order_by("organization__name", "pk"))

    @property
    def organization(self) -> str:
        """The name of the organization that the person works in now."""
        actor = getattr(self._request, "actor", None)
        chosen = [row for row in self.memberships if actor and row.organization_id == actor.organization_id]
        return chosen[0].organization.name if chosen else ""


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
