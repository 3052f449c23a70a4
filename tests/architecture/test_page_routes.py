"""Every HTML page: who may open it, and with another tenant's id. New pages are found by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Membership, Token, User
from accounts.pages.view import ScopedPage
from accounts.roles import ROLES
from curation.models import Dataset, Diff, Plan, Run, Selection, Source, Upload, Version
from labeling.models import Comment, Export, LabelingRule, Project
from modeling.models import Bundle, Check, Compression, Deployment, Erasure, Explanation, Search, Training
from tests import factories
from tests.architecture.test_routes import readable
from workers.models import Job

# The first part of an address names what its pk is.
NOUNS = {
    "bundles": Bundle,
    "checks": Check,
    "comments": Comment,
    "compressions": Compression,
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


def address(path: str, actor: Any) -> str:
    if "{" not in path:
        return "/" + path
    noun = path.split("/", maxsplit=1)[0]
    assert noun in NOUNS, f"/{path}: say in NOUNS what {noun} are"
    return "/" + path.format(pk=factories.FACTORIES[NOUNS[noun]](actor).pk, item_id=1, tag="gold")


def visitor(actor: Any) -> Callable[[str, str], Any]:
    """Return what opens a page as this person, or as nobody."""
    client = Client(raise_request_exception=False)
    if actor is not None:
        client.force_login(User.objects.get(pk=actor.user_id))
    return client.generic


@pytest.mark.parametrize(("path", "view"), PAGES, ids=[path or "/" for path, _view in PAGES])
def test_every_page_names_its_scopes(path: str, view: Any) -> None:
    assert view is not None, f"/{path} is a function; make it a ScopedPage or add it to OPEN_PAGES with a reason"
    assert issubclass(view, ScopedPage)
    verbs = {verb for verb in ("GET", "POST") if hasattr(view, verb.lower())}
    assert verbs == set(view.scopes)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "view"), PAGES, ids=[path or "/" for path, _view in PAGES])
def test_a_page_opens_for_those_whom_its_scopes_name(path: str, view: Any) -> None:
    """Nobody is sent to sign in, a role without the scope is refused, another tenant finds nothing, an owner does."""
    boss = factories.owner("Ann's")
    target = address(path, boss)
    verbs = sorted(view.scopes)
    wanted = {verb: {scope} if isinstance(scope := view.scopes[verb], str) else set(scope or ()) for verb in verbs}
    for verb in verbs:
        response = visitor(None)(verb, target)
        assert (verb, response.status_code) == (verb, 302)
        assert response.headers["Location"].startswith("/sign-in/?next=")
    for role, scopes in ROLES.items():
        refused = [verb for verb in verbs if wanted[verb] and not wanted[verb] & scopes]
        visit = visitor(factories.member(boss, role)) if refused else None
        assert {verb: visit(verb, target).status_code for verb in refused} == dict.fromkeys(refused, 403), role
    if "{" in path:
        visit = visitor(factories.owner("Sue's"))
        assert {verb: visit(verb, target).status_code for verb in verbs} == dict.fromkeys(verbs, 404)
    visit = visitor(boss)
    for verb in verbs:
        status = visit(verb, target).status_code
        # A bare POST lacks its fields and a factory's row may lack what a page acts on: only 500 is no answer.
        answers = {200, 302, 404, 409} if verb == "GET" else {200, 302, 400, 404, 409}
        assert status in answers, (verb, status)
