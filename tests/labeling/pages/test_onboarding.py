"""The page of onboarding as managers use it, and what other pages say of it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from labeling.models import Gold, Onboarding, Progress, Project
from labeling.services.gold import mark_gold
from labeling.services.onboarding import begin_attempt
from labeling.services.project import change_project
from tests import factories
from tests.labeling.onboarding import SPAM, answer_all, made, state
from tests.labeling.pages.test_project import browser
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db
RULES = {
    "step": "settings", "onboarding": "on", "onboarding_training": 3, "onboarding_test": 4, "onboarding_least": 75,
    "onboarding_attempts": 3,
}  # fmt: skip


def address(project: Project, name: str = "onboarding") -> str:
    return reverse(f"labeling:{name}", args=[project.pk])


def test_the_page_says_what_is_missing_and_is_not_switched_on_without_it() -> None:
    ann = factories.owner()
    project = numbered(ann, 6)
    client = browser(ann)
    assert "so nobody can pass" in client.get(address(project)).content.decode()
    refused = client.post(address(project), RULES)
    assert refused.status_code == 400
    assert "nobody could pass now" in refused.content.decode()
    for item in (1, 2):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM, use="test")
    saved = client.post(address(project), {**RULES, "onboarding_tells": "on"}, follow=True).content.decode()
    project.refresh_from_db()
    assert (project.onboarding, project.onboarding_training, project.onboarding_test) == (True, 3, 4)
    assert (project.onboarding_least, project.onboarding_attempts, project.onboarding_tells) == (75, 3, True)
    assert not project.onboarding_everybody
    assert "Only 2 items are marked for the test: everybody gets these instead of 4." in saved
    assert "people go straight to the test" in saved
    # Three quarters of two are both.
    assert "2 / 2" in saved


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("onboarding_training", 101), ("onboarding_training", -1), ("onboarding_test", "x"), ("onboarding_least", 0),
        ("onboarding_least", 101), ("onboarding_attempts", 0), ("onboarding_attempts", 21),
    ],
)  # fmt: skip
def test_rules_out_of_range_are_refused(field: str, value: object) -> None:
    ann, _bob, project = made()
    assert browser(ann).post(address(project), {**RULES, field: value}).status_code == 400


def test_a_manager_lets_pass_grants_an_attempt_and_lets_begin_anew() -> None:
    ann, bob, project = made(training=0, test=2, onboarding_attempts=1)
    client = browser(ann)
    assert "Has not begun" in client.get(address(project)).content.decode()
    answer_all(bob, project, "test", right=0)
    page = client.get(address(project)).content.decode()
    assert "no attempt left" in page
    assert "0 of 2" in page
    home = client.get(reverse("accounts:home")).content.decode()
    assert "1 person failed the test of" in home
    assert "failed the test" not in browser(bob).get(reverse("accounts:home")).content.decode()
    granted = client.post(address(project), {"step": "grant_attempt", "person": bob.user_id}, follow=True)
    assert "can take the test once more." in granted.content.decode()
    assert "failed the test" not in client.get(reverse("accounts:home")).content.decode()
    begin_attempt(actor=bob, project_id=project.pk)
    again = client.post(address(project), {"step": "grant_attempt", "person": bob.user_id}, follow=True)
    assert "This person has not used all attempts." in again.content.decode()
    client.post(address(project), {"step": "let_pass", "person": bob.user_id})
    assert Progress.objects.get(annotator=bob.user_id).onboarded
    assert "let pass by" in client.get(address(project)).content.decode()
    client.post(address(project), {"step": "reset", "person": bob.user_id})
    assert not Progress.objects.get(annotator=bob.user_id).onboarded
    assert state(bob, project)["stage"] == "test"
    lost = client.post(address(project), {"step": "let_pass", "person": 10**9}, follow=True)
    assert "has this number" in lost.content.decode()


def test_only_managers_open_it() -> None:
    ann, bob, project = made()
    for who in (bob, factories.member(ann, "reviewer")):
        assert browser(who).get(address(project)).status_code == 403
        assert browser(who).post(address(project), {"step": "let_pass", "person": bob.user_id}).status_code == 403
    assert not Onboarding.objects.exists()


def test_uses_are_changed_for_one_and_for_several_and_explained_on_the_page_of_known_answers() -> None:
    ann = factories.owner()
    project = numbered(ann, 6)
    for item in (1, 2, 3):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM)
    first, second, third = Gold.objects.order_by("pk").values_list("pk", flat=True)
    client, gold = browser(ann), address(project, "gold")
    several = client.post(gold, {"step": "use", "gold": [first, second], "use": "training", "back": "use=hidden"})
    assert several.headers["Location"] == f"{gold}?use=hidden"
    client.post(gold, {"step": "use", "gold": third, "use": "test"})
    assert list(Gold.objects.order_by("pk").values_list("use", flat=True)) == ["training", "training", "test"]
    client.post(gold, {"step": "explain", "gold": first, "explanation": "  因为它在推销。 "})
    assert Gold.objects.get(pk=first).explanation == "因为它在推销。"
    shown = client.get(gold, {"use": "training"})
    assert [row["id"] for row in shown.context["rows"]] == [second, first]
    assert [count for _value, _title, count in shown.context["uses"]] == [0, 2, 1]
    assert "Tick the items" in client.post(gold, {"step": "use", "use": "test"}, follow=True).content.decode()
    assert "no such use" in client.post(gold, {"step": "use", "gold": first, "use": "x"}, follow=True).content.decode()
    assert client.get(gold, {"use": "nonsense"}).context["use"] == ""


def test_an_annotator_reads_nothing_of_training_and_test_items_on_other_pages() -> None:
    _ann, bob, project = made()
    client = browser(bob)
    for name in ("project", "results", "grid"):
        said = client.get(address(project, name)).content.decode()
        assert "sells" not in said
        assert "nown answer" not in said


def test_the_page_asks_the_same_of_the_database_for_one_person_and_for_many() -> None:
    ann, bob, project = made()
    answer_all(bob, project, "training")
    client = browser(ann)
    client.get(address(project))
    with CaptureQueriesContext(connection) as few:
        client.get(address(project))
    for _number in range(4):
        answer_all(factories.member(ann, "annotator"), project, "training", right=1)
    with CaptureQueriesContext(connection) as many:
        client.get(address(project))
    assert len(few) == len(many)


def test_a_project_without_it_says_so_without_a_warning() -> None:
    ann = factories.owner()
    project = numbered(ann, 3)
    change_project(actor=ann, project_id=project.pk, onboarding_test=0, onboarding_training=0)
    assert browser(ann).get(address(project)).context["warnings"] == []
