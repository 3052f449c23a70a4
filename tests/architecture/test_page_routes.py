"""Every HTML page: who may open it, and with another tenant's id. New pages are found by themselves."""

from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Membership, Token
from accounts.pages.view import ScopedPage
from accounts.roles import ROLES
from curation.models import Dataset, Diff, Plan, Run, Selection, Source, Upload, Version
from labeling.models import Comment, Export, LabelingRule, Project
from modeling.models import Bundle, Check, Deployment, Erasure, Explanation, Search, Training
from tests import factories
from tests.architecture.test_routes import readable
from workers.models import Job

# The first part of an address names what its pk is.
NOUNS = {
    "bundles": Bundle,
    "checks": Check,
    "comments": Comment,
    "datasets": Dataset,
    "deployments": Deployment,
    "diffs": Diff,
    "erasures": Erasure,
    "jobs": Job,
    "explanations": Explanation,
    "labeled-imports": Job,
    "members": Membership,
    "plans": Plan,
    "projects": Project,
    "rules": LabelingRule,
    "exports": Export,
    "runs": Run,
    "searches": Search,
    "sources": Source,
    "selections": Selection,
    "tokens": Token,
    "trainings": Training,
    "uploads": Upload,
    "versions": Version,
}
# Open to everybody: signing in and out, the language, health, and addresses that are signed themselves.
OPEN_PAGES = {"healthz", "readyz", "objects/{token}", "sign-in/", "sign-out/", "language/"}
ELSEWHERE = ("api/", "admin/", "static/", "label-studio/", "ml-backend/")


def pages(resolver: Any = None, prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + readable(pattern)
        if path.startswith(ELSEWHERE):
            continue
        if isinstance(pattern, URLResolver):
            found += pages(pattern, path)
        elif isinstance(pattern, URLPattern) and path not in OPEN_PAGES:
            found.append((path, getattr(pattern.callback, "view_class", None)))
    return found


PAGES = pages()
CASES = [
    pytest.param(path, view, verb, id=f"{verb} /{path}")
    for path, view in PAGES
    if view is not None
    for verb in sorted(getattr(view, "scopes", {}))
]


def address(path: str, actor: Any) -> str:
    if "{" not in path:
        return "/" + path
    noun = path.split("/", maxsplit=1)[0]
    assert noun in NOUNS, f"/{path}: say in NOUNS what {noun} are"
    return "/" + path.format(pk=factories.FACTORIES[NOUNS[noun]](actor).pk, item_id=1, tag="gold")


def visit(verb: str, path: str, actor: Any) -> Any:
    from accounts.models import User

    client = Client(raise_request_exception=False)
    if actor is not None:
        client.force_login(User.objects.get(pk=actor.user_id))
    return client.generic(verb, path)


@pytest.mark.parametrize(("path", "view"), PAGES, ids=[path or "/" for path, _view in PAGES])
def test_every_page_names_its_scopes(path: str, view: Any) -> None:
    assert view is not None, f"/{path} is a function; make it a ScopedPage or add it to OPEN_PAGES with a reason"
    assert issubclass(view, ScopedPage)
    verbs = {verb for verb in ("GET", "POST") if hasattr(view, verb.lower())}
    assert verbs == set(view.scopes)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "view", "verb"), CASES)
def test_nobody_is_sent_to_sign_in(path: str, view: Any, verb: str) -> None:
    response = visit(verb, address(path, factories.owner()), None)
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "view", "verb"), [case for case in CASES if case.values[1].scopes[case.values[2]]])
def test_a_role_without_the_scope_is_refused(path: str, view: Any, verb: str) -> None:
    scope = view.scopes[verb]
    wanted = {scope} if isinstance(scope, str) else set(scope)
    boss = factories.owner()
    target = address(path, boss)
    for role in [role for role, scopes in ROLES.items() if not wanted & scopes]:
        assert (role, visit(verb, target, factories.member(boss, role)).status_code) == (role, 403)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "view", "verb"), [case for case in CASES if "{" in case.values[0]])
def test_another_tenant_finds_nothing(path: str, view: Any, verb: str) -> None:
    target = address(path, factories.owner("Ann's"))
    assert visit(verb, target, factories.owner("Sue's")).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "view", "verb"), CASES)
def test_an_owner_is_answered(path: str, view: Any, verb: str) -> None:
    boss = factories.owner()
    status = visit(verb, address(path, boss), boss).status_code
    # A bare POST lacks its fields and a factory's row may lack what a page acts on: refused is an answer, 500 is none.
    assert status in ({200, 302, 404, 409} if verb == "GET" else {200, 302, 400, 404, 409})
