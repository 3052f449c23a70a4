"""Members, tokens and the audit trail, through their pages."""

import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Membership, Token, User
from accounts.services.actor import actor_of_token
from tests import factories
from tests.accounts.pages.test_access import signed_in

pytestmark = pytest.mark.django_db


def test_a_new_person_gets_a_first_password_that_is_shown_once() -> None:
    client = signed_in(factories.owner())
    form = {"email": "new@example.com", "name": "New One", "role": "reviewer"}
    answer = client.post(reverse("accounts:member-add"), form)
    password = re.search(r'<code id="secret">([^<]+)</code>', answer.text)
    assert password
    assert User.objects.get(email="new@example.com").check_password(password[1])
    assert "no-store" in answer["Cache-Control"]
    assert password[1] not in client.get(reverse("accounts:members")).text


def test_a_known_person_joins_and_no_password_is_shown() -> None:
    other = User.objects.get(pk=factories.owner("Sue's").user_id)
    answer = signed_in(factories.owner()).post(reverse("accounts:member-add"), {"email": other.email, "role": "client"})
    assert answer["Location"] == "/members/"


def test_a_member_twice_is_an_error_of_the_form() -> None:
    boss = factories.owner()
    known = User.objects.get(pk=factories.member(boss, "client").user_id)
    answer = signed_in(boss).post(reverse("accounts:member-add"), {"email": known.email, "role": "client"})
    assert answer.status_code == 400
    assert f"{known.email} is a member already." in answer.text


def test_a_manager_changes_roles_but_makes_no_owner() -> None:
    boss = factories.owner()
    client = signed_in(factories.member(boss, "manager"))
    target = factories.membership(boss)
    address = reverse("accounts:member-role", args=[target.pk])
    assert client.post(address, {"role": "reviewer"}).status_code == 302
    assert client.post(address, {"role": "owner"}).status_code == 403
    assert Membership.objects.get(pk=target.pk).role == "reviewer"


def test_the_last_owner_is_kept_with_a_page_that_says_why() -> None:
    boss = factories.owner()
    own = Membership.objects.get(user_id=boss.user_id)
    answer = signed_in(boss).post(reverse("accounts:member-remove", args=[own.pk]))
    assert answer.status_code == 409
    assert "An organization keeps at least one owner." in answer.text


def test_a_token_is_made_shown_once_and_revoked() -> None:
    boss = factories.owner()
    client = signed_in(boss)
    form = {"name": "loader", "lifetime": "30", "scopes": ["data.read"]}
    answer = client.post(reverse("accounts:token-add"), form)
    secret = re.search(r'<code id="secret">(assay_[^<]+)</code>', answer.text)
    assert secret
    assert "no-store" in answer["Cache-Control"]
    found = actor_of_token(secret=secret[1])
    assert found is not None
    assert found[1].scopes == {"data.read"}
    assert secret[1] not in client.get(reverse("accounts:tokens")).text
    client.post(reverse("accounts:token-revoke", args=[found[1].token_id]))
    assert actor_of_token(secret=secret[1]) is None


def test_a_token_cannot_be_asked_for_more_than_the_role_has() -> None:
    client = signed_in(factories.member(factories.owner(), "annotator"))
    form = {"name": "more", "lifetime": "never", "scopes": ["member.write"]}
    assert client.post(reverse("accounts:token-add"), form).status_code == 400
    assert Token.objects.count() == 0


def test_people_see_their_own_tokens_and_managers_everybody_s() -> None:
    boss = factories.owner()
    annotator = factories.member(boss, "annotator")
    factories.token(boss)
    own = factories.token(annotator)
    seen = signed_in(annotator).get(reverse("accounts:tokens")).context["page"].rows
    assert [row.pk for row in seen] == [own.pk]
    assert len(signed_in(boss).get(reverse("accounts:tokens")).context["page"].rows) == 2


def test_the_trail_pages_by_cursor_and_filters_by_action() -> None:
    boss = factories.owner()
    AuditEntry.objects.all().delete()
    AuditEntry.objects.bulk_create(
        AuditEntry(
            organization_id=boss.organization_id, action=f"thing.{'odd' if n % 2 else 'even'}", subject=f"thing:{n}"
        )
        for n in range(120)
    )
    client, address = signed_in(boss), reverse("accounts:audit")
    pages, cursor = [], ""
    while True:
        page = client.get(address, {"cursor": cursor, "action": "thing.odd"}).context["page"]
        pages.append([row.subject for row in page.rows])
        if not page.next:
            break
        cursor = page.next
    assert [len(rows) for rows in pages] == [50, 10]
    assert pages[0][0] == "thing:119"
    assert pages[1][-1] == "thing:1"
    back = client.get(address, {"cursor": page.previous, "action": "thing.odd"}).context["page"]
    assert [row.subject for row in back.rows] == pages[0]
    assert back.previous == ""


@pytest.mark.parametrize("cursor", ["after:", "after:x", "before:-1", "after:" + "9" * 5000, "sideways:3"])
def test_a_broken_cursor_shows_the_first_page(cursor: str) -> None:
    boss = factories.owner()
    answer = signed_in(boss).get(reverse("accounts:audit"), {"cursor": cursor})
    assert answer.status_code == 200
    assert len(answer.context["page"].rows) == 1


def test_texts_of_people_are_escaped() -> None:
    boss = factories.owner("<script>alert(1)</script>")
    factories.dataset(boss)
    text = signed_in(boss).get(reverse("accounts:home")).text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_an_empty_organization_sees_the_first_steps() -> None:
    steps = signed_in(factories.owner()).get(reverse("accounts:home")).context["steps"]
    assert [step["state"] for step in steps] == ["next", "", "", "", "", ""]


def test_home_shows_what_is_there_and_the_next_step() -> None:
    boss = factories.owner()
    version = factories.version(boss)
    factories.dataset(factories.owner("Sue's"))
    context = signed_in(boss).get(reverse("accounts:home")).context
    assert [[row["title"] for row in shelf["rows"]] for shelf in context["shelves"]] == [[version.dataset.name]]
    assert [step["state"] for step in context["steps"]] == ["done", "next", "", "", "", ""]
