from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.middleware import SESSION_KEY
from accounts.models import AuditEntry, Membership, SignInTry, User
from accounts.services.sign_in import TRIES_FROM_ONE_ADDRESS, WINDOW
from tests import factories
from tests.accounts.pages.test_access import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    boss = factories.owner()
    user = User.objects.get(pk=boss.user_id)
    user.email = "ann@example.com"
    user.set_password(factories.PASSWORD)
    user.save()
    return user


def sign_in(password: str, *, email: str = "ann@example.com", address: str = "10.0.0.1", onward: str = "") -> tuple:
    client = Client(REMOTE_ADDR=address)
    answer = client.post(reverse("accounts:sign-in"), {"email": email, "password": password, "next": onward})
    return client, answer


def test_the_right_password_opens_a_session_and_the_trail_knows(ann: User) -> None:
    client, answer = sign_in(factories.PASSWORD, email="ANN@example.com", onward="/members/")
    assert (answer.status_code, answer["Location"]) == (302, "/members/")
    assert client.get("/members/").status_code == 200
    assert AuditEntry.objects.filter(action="session.start", user=ann).count() == 1
    assert SignInTry.objects.count() == 0


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(ann: User, onward: str) -> None:
    assert sign_in(factories.PASSWORD, onward=onward)[1]["Location"] == "/"


def test_wrong_password_and_unknown_address_are_answered_alike(ann: User) -> None:
    answers = [sign_in("wrong password")[1], sign_in("wrong password", email="nobody@example.com")[1]]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert all("E-mail address and password do not match." in answer.text for answer in answers)


def test_guessing_ends_and_the_right_password_does_not_help_until_the_time_is_over(ann: User) -> None:
    for _ in range(TRIES_FROM_ONE_ADDRESS):
        assert sign_in("wrong password")[1].status_code == 400
    locked = sign_in(factories.PASSWORD)[1]
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.text
    # Somebody else's network is not locked out with the guesser's.
    assert sign_in(factories.PASSWORD, address="10.0.0.2")[1].status_code == 302


def test_the_lock_opens_when_the_tries_are_old(ann: User) -> None:
    for _ in range(TRIES_FROM_ONE_ADDRESS):
        sign_in("wrong password")
    SignInTry.objects.update(at=timezone.now() - WINDOW - timedelta(seconds=1))
    assert sign_in(factories.PASSWORD)[1].status_code == 302


def test_a_person_who_is_switched_off_stays_out(ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert sign_in(factories.PASSWORD)[1].status_code == 400


def test_signing_out_takes_a_post(ann: User) -> None:
    client, _answer = sign_in(factories.PASSWORD)
    assert client.get(reverse("accounts:sign-out")).status_code == 405
    assert client.post(reverse("accounts:sign-out"))["Location"] == "/sign-in/"
    assert client.get("/")["Location"] == "/sign-in/?next=/"


def test_the_language_is_kept_in_the_profile_and_in_a_cookie(ann: User) -> None:
    client, _answer = sign_in(factories.PASSWORD)
    answer = client.post(reverse("accounts:language"), {"language": "zh-hans", "next": "/profile/"})
    assert answer["Location"] == "/profile/"
    assert User.objects.get(pk=ann.pk).language == "zh-hans"
    assert "<h1>个人资料</h1>" in client.get("/profile/").text


def test_an_unknown_language_changes_nothing(ann: User) -> None:
    client, _answer = sign_in(factories.PASSWORD)
    assert client.post(reverse("accounts:language"), {"language": "tlh"}).status_code == 400
    assert User.objects.get(pk=ann.pk).language == "en"


def test_the_organization_is_switched_only_to_one_s_own() -> None:
    first, second, foreign = factories.owner("First"), factories.owner("Second"), factories.owner("Foreign")
    Membership.objects.create(organization_id=second.organization_id, user_id=first.user_id, role="annotator")
    client = signed_in(first)
    switch = reverse("accounts:organization-switch")
    assert client.post(switch, {"organization": second.organization_id}).status_code == 302
    assert client.session[SESSION_KEY] == second.organization_id
    assert client.get(reverse("accounts:members")).status_code == 403
    assert client.post(switch, {"organization": foreign.organization_id}).status_code == 404
    assert client.post(switch, {"organization": "9" * 40}).status_code == 404
    assert client.session[SESSION_KEY] == second.organization_id


def test_a_new_password_ends_other_sessions(ann: User) -> None:
    here, there = sign_in(factories.PASSWORD)[0], sign_in(factories.PASSWORD)[0]
    form = {"old": factories.PASSWORD, "new": "another battery horse"}
    assert here.post(reverse("accounts:password"), form)["Location"] == "/profile/"
    assert [client.get("/profile/").status_code for client in (here, there)] == [200, 302]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("not it", "another battery horse", "This is not your present password."),
        (factories.PASSWORD, "short", "This password is too short."),
    ],
)
def test_a_password_change_says_what_is_wrong(ann: User, old: str, new: str, message: str) -> None:
    client, _answer = sign_in(factories.PASSWORD)
    answer = client.post(reverse("accounts:password"), {"old": old, "new": new})
    assert answer.status_code == 400
    assert message in answer.text
    ann.refresh_from_db()
    assert ann.check_password(factories.PASSWORD)
