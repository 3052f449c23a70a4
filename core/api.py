"""What every REST view shares: scopes and problem JSON."""

from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.errors import DomainError
from core.parsers import OrjsonParser
from core.permissions import Scopes

log = structlog.get_logger(__name__)
type_prefix = "https://assay.invalid/problems/"


class ScopedAPIView(APIView):
    scopes: ClassVar[dict[str, Scopes]] = {}
    parser_classes = (OrjsonParser,)


class ScopedViewSet(GenericViewSet[Any]):
    """A viewset whose verbs name their scopes; `get_queryset` applies `visible_to`, so that a stranger gets 404."""

    scopes: ClassVar[dict[str, Scopes]] = {}
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> Any:
        queryset = super().get_queryset()
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        return queryset.visible_to(self.request.actor)  # type: ignore[attr-defined]


def valid(serializer_class: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the validated input or raise the error that becomes a 400 problem."""
    serializer = serializer_class(data=data, **kwargs)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def problem(status: int, code: str, detail: str, *, title: str = "", **extra: Any) -> Response:
    body = {"type": type_prefix + code, "title": title or HTTPStatus(status).phrase, "status": status}
    body |= {"code": code, "detail": detail, **extra}
    return Response(body, status=status, content_type="application/problem+json")


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn domain, Django and DRF errors into one RFC 9457 body; anything else reaches Django's 500."""
    if isinstance(error, DomainError):
        response = problem(error.status, error.code, str(error.detail), title=str(error.title), **error.extra)
        if "retry_after" in error.extra:
            response["Retry-After"] = str(error.extra["retry_after"])
        return response
    if isinstance(error, OperationalError | InterfaceError):
        # A restart, most likely. Whether the last commit arrived is unknown to us and to the sender.
        log.warning("database_away", error=type(error).__name__)
        response = problem(503, "database_away", "The database does not answer at the moment. Send the request again.")
        response["Retry-After"] = "1"
        return response
    if isinstance(error, Http404):
        return problem(404, "not_found", "There is nothing here, or it is not yours to see.")
    if isinstance(error, PermissionDenied):
        return problem(403, "forbidden", str(error) or "You may not do this.")
    if isinstance(error, RequestDataTooBig):
        return problem(413, "request_too_large", "The request is larger than 16 MB. Send it in parts or upload a file.")
    if isinstance(error, exceptions.ValidationError):
        return problem(
            400, "invalid", "Some fields are wrong; each is named under errors.", errors=_flat(error.get_full_details())
        )
    if isinstance(error, exceptions.APIException):
        response = problem(error.status_code, str(error.get_codes()), str(error.detail))
        if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            response = problem(401, "not_authenticated", str(error.detail))
            response["WWW-Authenticate"] = 'Bearer realm="assay"'
        wait = getattr(error, "wait", None)
        if wait:
            response["Retry-After"] = str(int(wait) + 1)
        return response
    return None


def _flat(details: Any, path: str = "") -> list[dict[str, str]]:
    """Flatten DRF's nested error details to rows of field, code and message."""
    if isinstance(details, dict) and "message" in details and "code" in details:
        return [{"field": path, "code": str(details["code"]), "message": str(details["message"])}]
    rows = details.items() if isinstance(details, dict) else enumerate(details)
    found: list[dict[str, str]] = []
    for name, inner in rows:
        leaf = isinstance(inner, dict) and "message" in inner and "code" in inner
        step = path if leaf and isinstance(details, list) else f"{path}.{name}".strip(".")
        found += _flat(inner, step)
    return found
