"""Who may open which page: owner, member without the scope, outsider, nobody."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Membership, User
from accounts.services.token import create_token
from tests import factories

pytestmark = pytest.mark.django_db

PAGES = ["home", "profile", "members", "member-add", "tokens", "token-add", "audit"]
# What an annotator's role does not reach.
CLOSED_TO_ANNOTATORS = {"members", "member-add", "audit"}


def signed_in(actor: Actor, **headers: Any) -> Client:
    client = Client(headers=headers)
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.mark.parametrize("name", PAGES)
def test_an_owner_opens_every_page(name: str) -> None:
    assert signed_in(factories.owner()).get(reverse(f"accounts:{name}")).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_an_annotator_opens_what_the_role_includes(name: str) -> None:
    annotator = factories.member(factories.owner(), "annotator")
    status = signed_in(annotator).get(reverse(f"accounts:{name}")).status_code
    assert status == (403 if name in CLOSED_TO_ANNOTATORS else 200)


@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_sent_to_sign_in_and_comes_back(name: str) -> None:
    address = reverse(f"accounts:{name}")
    answer = Client().get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={address}")


@pytest.mark.parametrize("name", PAGES)
def test_who_belongs_to_no_organization_is_told_so(name: str) -> None:
    client = Client()
    client.force_login(factories.user())
    answer = client.get(reverse(f"accounts:{name}"))
    assert answer.status_code == 403
    assert "You belong to no organization yet." in answer.text


def test_an_outsider_does_not_find_members_or_tokens() -> None:
    boss, stranger = factories.owner("Ann's"), signed_in(factories.owner("Sue's"))
    membership = Membership.objects.get(user_id=factories.member(boss, "annotator").user_id)
    token, _secret = create_token(actor=boss, name="mine", scopes=["data.read"])
    role = stranger.post(reverse("accounts:member-role", args=[membership.pk]), {"role": "manager"})
    removal = stranger.post(reverse("accounts:member-remove", args=[membership.pk]))
    revocation = stranger.post(reverse("accounts:token-revoke", args=[token.pk]))
    assert [role.status_code, removal.status_code, revocation.status_code] == [404, 404, 404]
    membership.refresh_from_db()
    token.refresh_from_db()
    assert (membership.role, token.revoked_at) == ("annotator", None)


@pytest.mark.parametrize("name", ["members", "tokens", "audit", "home"])
def test_lists_ask_as_many_queries_for_three_rows_as_for_one(name: str) -> None:
    boss = factories.owner()
    client = signed_in(boss)
    factories.token(boss)
    counts = [_queries(client, name)]
    for _ in range(2):
        factories.member(boss, "annotator")
        factories.token(boss)
        factories.dataset(boss)
    counts.append(_queries(client, name))
    factories.dataset(boss)
    counts.append(_queries(client, name))
    assert counts[1:] == [counts[1]] * 2
    assert counts[0] == counts[1]


def _queries(client: Client, name: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(reverse(f"accounts:{name}")).status_code == 200
    return len(caught)


@pytest.mark.parametrize(("language", "lang", "heading"), [("en", "en", "Team"), ("zh-CN", "zh-Hans", "团队")])
def test_pages_speak_the_language_of_the_browser(language: str, lang: str, heading: str) -> None:
    client = signed_in(factories.owner(), accept_language=language)
    text = client.get(reverse("accounts:members")).text
    assert f'<html lang="{lang}"' in text
    assert f"<h1>{heading}</h1>" in text


def test_an_unknown_address_is_a_page_with_the_request_id() -> None:
    answer = signed_in(factories.owner()).get("/nothing/")
    assert answer.status_code == 404
    assert answer["X-Request-ID"] in answer.text


def test_a_verb_that_a_page_does_not_offer_is_405() -> None:
    assert signed_in(factories.owner()).delete(reverse("accounts:members")).status_code == 405
