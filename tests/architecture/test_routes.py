"""Every API route × verb × role, and every route with another tenant's id. New routes are found by themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.roles import ROLES
from core.api import ScopedAPIView
from core.permissions import Scopes
from tests import factories

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# These show the API itself and hold nothing of a tenant.
OPEN_ROUTES = {"openapi"}
# Where the routes of programs lie; pages have tests of their own.
PREFIXES = ("api/v1/", "label-studio/", "ml-backend/")


@dataclass(frozen=True)
class Route:
    path: str
    view: Any
    actions: tuple[tuple[str, str], ...]

    @property
    def parameters(self) -> list[str]:
        return [
            part for part in ("pk", "slug", "item_id", "dataset_id", "number", "sha256") if f"{{{part}}}" in self.path
        ]

    @property
    def verbs(self) -> list[str]:
        offered = {verb.upper() for verb, _name in self.actions} or {
            verb for verb in VERBS if hasattr(self.view, verb.lower())
        }
        return sorted(offered & set(VERBS))

    def scope(self, verb: str) -> Scopes:
        return self.view.scopes[verb]

    def model(self) -> Any:
        queryset = getattr(self.view, "queryset", None)
        return queryset.model if queryset is not None else getattr(self.view, "model", None)


def routes(resolver: Any = None, prefix: str = "") -> Iterator[Route]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + readable(pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        elif isinstance(pattern, URLPattern) and path.startswith(PREFIXES) and pattern.name not in OPEN_ROUTES:
            if "format" in path or pattern.name == "api-root":
                continue
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            yield Route(path, view, tuple(sorted((getattr(pattern.callback, "actions", None) or {}).items())))


def readable(pattern: URLPattern | URLResolver) -> str:
    """Turn a pattern into a template with {name} for each parameter."""
    import re

    text = str(pattern.pattern)
    text = re.sub(r"\(\?P<(\w+)>(?:\[[^]]*\]|\\.|[^()\\])*\)", r"{\1}", text)
    text = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
    return text.lstrip("^").replace("\\Z", "").rstrip("$").replace("/?", "/").replace("\\.", ".")


ROUTES = sorted(routes(), key=lambda route: route.path)


def address(route: Route, actor: Any) -> str:
    """Fill a route's parameters with a row of this actor's organization."""
    values: dict[str, Any] = dict.fromkeys(("item_id", "number"), 1) | {"rest": "api/nothing/"}
    model = route.model()
    if any(name in route.path for name in ("{pk}", "{slug}", "{dataset_id}", "{sha256}")):
        assert model in factories.FACTORIES, f"{route.path}: add a factory for {model} to tests/factories.py"
        row = factories.FACTORIES[model](actor)
        values |= {"pk": row.pk, "dataset_id": row.pk, "slug": getattr(row, "slug", "")}
        values |= {"sha256": getattr(row, "sha256", "")}
    return "/" + route.path.format(**values)


def call(verb: str, path: str, secret: str | None) -> Any:
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return Client().generic(verb, path, data="{}", content_type="application/json", headers=headers)


def test_there_are_routes() -> None:
    assert len(ROUTES) > 20


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_names_a_scope_for_every_verb(route: Route) -> None:
    assert route.view is not None, f"{route.path} is no class of ours"
    assert hasattr(route.view, "scopes"), f"{route.path} must be a ScopedAPIView or ScopedViewSet"
    assert set(route.verbs) <= set(route.view.scopes)


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_route_is_open_to_those_whom_its_scopes_name(route: Route) -> None:
    """Without a token nobody comes in, a role without the scope is refused, and another tenant finds nothing."""
    boss = factories.owner("Ann's")
    path = address(route, boss)
    for verb in route.verbs:
        response = call(verb, path, None)
        assert (verb, response.status_code, response.json()["code"]) == (verb, 401, "not_authenticated")
    wanted = {
        verb: {scope} if isinstance(scope := route.scope(verb), str) else set(scope or ()) for verb in route.verbs
    }
    for role, scopes in ROLES.items():
        refused = [verb for verb in route.verbs if wanted[verb] and not wanted[verb] & scopes]
        token = factories.secret(factories.member(boss, role)) if refused else None
        for verb in refused:
            response = call(verb, path, token)
            assert (verb, role, response.status_code) == (verb, role, 403)
            assert response.json()["needed"]
    stranger = factories.secret(factories.owner("Sue's"))
    for verb in route.verbs if route.parameters else ():
        response = call(verb, path, stranger)
        assert (verb, response.status_code) == (verb, 404), response.content[:300]
        assert response.headers["Content-Type"].startswith("application/problem+json")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "route", [route for route in ROUTES if "GET" in route.verbs and not route.parameters], ids=lambda route: route.path
)
def test_lists_show_nothing_of_another_tenant(route: Route) -> None:
    if issubclass(route.view, ScopedAPIView) or route.model() is None:
        return
    row = factories.FACTORIES[route.model()](factories.owner("Ann's"))
    response = call("GET", "/" + route.path, factories.secret(factories.owner("Sue's")))
    assert response.status_code == 200
    # What is no list, such as the service's public key, shows no rows.
    assert row.pk not in [shown.get("id") for shown in response.json().get("results", [])]
