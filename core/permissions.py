"""Scopes of verbs. Apart from core.api, because DRF loads this while its own views are still loading."""

from typing import Any

from rest_framework import exceptions
from rest_framework.permissions import BasePermission

from core.errors import NotAllowed

Scopes = str | tuple[str, ...] | None


class HasScope(BasePermission):
    """Allows a verb only to an actor with the scope that the view names for it.

    A scope of None means any signed-in member; a verb that the view does not name is refused, so that a new route
    cannot be open by oversight.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        actor = getattr(request, "actor", None)
        if actor is None:
            raise exceptions.NotAuthenticated
        verb = "GET" if request.method in {"HEAD", "OPTIONS"} else request.method
        if verb not in view.scopes:
            if verb.lower() not in view.http_method_names or not hasattr(view, verb.lower()):
                raise exceptions.MethodNotAllowed(verb)
            return False
        needed: Scopes = view.scopes[verb]
        wanted = (needed,) if isinstance(needed, str) else needed
        if wanted and not any(actor.can(scope) for scope in wanted):
            raise NotAllowed(wanted)
        return True
