import base64
from typing import Any

import structlog
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.services.actor import actor_of_token
from accounts.services.token import PREFIX


class ActorAuthentication(BaseAuthentication):
    """Accepts `Authorization: Bearer assay_…`, or else the session cookie with its CSRF check."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return self._session(request)
        kind, _space, secret = header.partition(" ")
        if kind.lower() not in {"bearer", "token"} or not secret:
            raise AuthenticationFailed(_("Write the header as: Authorization: Bearer assay_…"))
        return self._with_token(request, secret.strip())

    def _with_token(self, request: Request, secret: str) -> tuple[Any, Any]:
        found = actor_of_token(secret=secret, request_id=getattr(request, "request_id", ""))
        if found is None:
            raise AuthenticationFailed(_("This token is unknown, revoked or expired. Make a new one in your profile."))
        user, actor = found
        request._request.actor = actor  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(user_id=user.pk, token_id=actor.token_id)
        return user, actor

    def _session(self, request: Request) -> tuple[Any, Any] | None:
        actor = getattr(request._request, "actor", None)
        if actor is None:
            return None
        SessionAuthentication().enforce_csrf(request)
        return request._request.user, actor

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="assay"'


class BasicTokenAuthentication(ActorAuthentication):
    """Also accepts basic authentication with a token as password, or as user name: some programs know nothing else."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = request.headers.get("Authorization", "")
        kind, _space, packed = header.partition(" ")
        if kind.lower() != "basic":
            return super().authenticate(request)
        try:
            user, _colon, password = base64.b64decode(packed.strip(), validate=True).decode().partition(":")
        except ValueError:
            raise AuthenticationFailed(_("The header of basic authentication cannot be read.")) from None
        return self._with_token(request, user if user.startswith(PREFIX) else password)


class ActorAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ActorAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "assay_…"}
