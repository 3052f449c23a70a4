from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from accounts.services.actor import actor_of_session

SESSION_KEY = "organization"


class ActorMiddleware:
    """Sets `request.actor` for a signed-in person; API tokens set it in `accounts.api.authentication`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        carries_token = request.headers.get("Authorization", "").startswith("Bearer ")
        if not carries_token and request.user.is_authenticated:
            request.actor = actor_of_session(  # type: ignore[attr-defined]
                user_id=request.user.pk,
                organization_id=request.session.get(SESSION_KEY),
                request_id=getattr(request, "request_id", ""),
            )
            structlog.contextvars.bind_contextvars(user_id=request.user.pk)
        return self.get_response(request)
