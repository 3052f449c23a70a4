"""Labeling rules as people and programs see them."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from labeling.engine.rules import kinds
from labeling.models import LabelingRule, Project
from labeling.rule_words import KIND_HINTS, SENTENCES
from tests import factories
from tests.labeling.pages.test_project import browser
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def project(ann: Actor) -> Project:
    made = factories.project(ann)
    factories.tasks(made, 4)
    return made


def page(actor: Actor, project: Project) -> str:
    return browser(actor).get(reverse("labeling:rules", args=[project.pk])).content.decode()


FORM = {"name": "gift", "label": "spam", "kind": "keyword", "terms": "free\nprize", "least": "1", "pattern": ""}


def test_every_kind_and_every_refusal_has_its_words() -> None:
    assert set(KIND_HINTS) == set(kinds.KINDS)
    source = Path(kinds.__file__).read_text("utf-8")
    for sentence in SENTENCES:
        assert sentence in source, sentence
    raised = source.count("raise RuleError(")
    assert raised == len(SENTENCES)


def test_a_rule_is_written_tried_changed_and_deleted_by_forms(ann: Actor, project: Project) -> None:
    client = browser(ann)
    assert "No rules yet" in page(ann, project)
    new = reverse("labeling:rule-new", args=[project.pk])
    tried = client.post(new, {**FORM, "name": "", "try": "1", "terms": "text"})
    assert tried.status_code == 200
    assert "of 4 items hit" in tried.content.decode()
    assert not LabelingRule.objects.exists()
    assert client.post(new, {**FORM, "save": "1"}).headers["Location"] == reverse("labeling:rules", args=[project.pk])
    rule = LabelingRule.objects.get()
    assert (rule.name, rule.label, rule.params) == ("gift", "spam", {"terms": ["free", "prize"], "every": False})
    assert "free, prize" in page(ann, project)
    edit = reverse("labeling:rule", args=[rule.pk])
    assert "free\nprize" in client.get(edit).content.decode()
    client.post(edit, {**FORM, "kind": "regex", "pattern": r"£\d", "ignore_case": "on", "save": "1"})
    rule.refresh_from_db()
    assert (rule.kind, rule.params) == ("regex", {"pattern": r"£\d", "ignore_case": True})
    client.post(reverse("labeling:rule-use", args=[rule.pk]), {"enabled": "0"})
    assert "not in use" in page(ann, project)
    client.post(reverse("labeling:rule-delete", args=[rule.pk]))
    assert not LabelingRule.objects.exists()


@pytest.mark.parametrize("button", ["save", "try"])
def test_what_is_wrong_stands_at_its_field(ann: Actor, project: Project, button: str) -> None:
    sent = {**FORM, "kind": "regex", "pattern": "(free", button: "1"}
    answer = browser(ann).post(reverse("labeling:rule-new", args=[project.pk]), sent)
    assert answer.status_code == 400
    assert "This is no regular expression" in answer.context["form"].errors["pattern"][0]


def test_a_pattern_that_hangs_is_named_while_it_is_tried(ann: Actor, project: Project) -> None:
    task = project.tasks.first()
    task.data = {"text": "a" * 60 + "!"}
    task.save()
    sent = {**FORM, "kind": "regex", "pattern": "(a|aa)+$", "try": "1"}
    body = browser(ann).post(reverse("labeling:rule-new", args=[project.pk]), sent).content.decode()
    assert f"The pattern hangs on item {task.item_id}" in body


def test_the_list_costs_the_same_for_many_rules_and_shows_figures(ann: Actor, project: Project) -> None:
    client = browser(ann)
    address = reverse("labeling:rules", args=[project.pk])
    figures = {
        "hits": 3, "coverage": 0.75, "overlap": 0.5, "conflict": 0.25, "judged": 2, "accuracy": 0.5, "believed": 0.81,
    }  # fmt: skip
    factories.rule(ann, project, figures=figures)
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        body = client.get(address).content.decode()
    assert all(each in body for each in ("75.0 %", "50.0 %", "25.0 %", "81.0 %", "of 2"))
    for _rule in range(3):
        factories.rule(ann, project, stopped="text:7")
    with CaptureQueriesContext(connection) as many:
        assert "it hung on item 7" in client.get(address).content.decode()
    assert len(many) == len(few)


def test_applying_sends_one_job_and_its_end_is_shown(ann: Actor, project: Project) -> None:
    client = browser(ann)
    address = reverse("labeling:rules", args=[project.pk])
    assert "no rule in use" in client.post(address, follow=True).content.decode()
    factories.rule(ann, project)
    client.post(address)
    client.post(address)
    job = Job.objects.get(kind="labeling.apply_rules")
    assert "The rules are being applied" in page(ann, project)
    result = {"items": 4, "rules": 1, "coverage": 0.5, "conflict": 0.0, "suggestions": 2, "source": "labeling rules 1"}
    Job.objects.filter(pk=job.pk).update(
        state="succeeded", finished_at="2026-01-01T00:00Z", result={**result, "stopped": ["evil"]}
    )
    body = page(ann, project)
    assert "labeling rules 1" in body
    assert "evil" in body


def test_who_only_reads_changes_nothing(ann: Actor, project: Project) -> None:
    factories.rule(ann, project, name="gift")
    body = page(factories.member(ann, "client"), project)
    assert "gift" in body
    assert "Apply the rules" not in body
    assert "New rule" not in body


def test_programs_write_try_change_and_delete_rules(ann: Actor, project: Project) -> None:
    client = Client(headers={"Authorization": f"Bearer {factories.secret(ann)}"})
    address = f"/api/v1/projects/{project.pk}/rules/"

    def send(verb: str, where: str, **body: object) -> tuple[int, dict[str, object]]:
        answer = client.generic(verb, where, json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json() if answer.content else {}

    rule = {"label": "spam", "kind": "regex", "params": {"pattern": "text [12]"}}
    status, tried = send("POST", f"{address}try/", **rule)
    assert (status, tried["sample"], tried["hits"], tried["stopped"]) == (200, 4, 2, None)
    status, made = send("POST", address, name="numbers", **rule)
    assert (status, made["params"], made["figures"]) == (201, {"pattern": "text [12]", "ignore_case": True}, None)
    assert send("POST", address, name="numbers", **rule)[1]["code"] == "rule_exists"
    assert send("POST", address, name="x", **{**rule, "params": {}})[1]["code"] == "rule_invalid"
    one = f"/api/v1/rules/{made['id']}/"
    assert send("PATCH", one, enabled=False)[1]["enabled"] is False
    assert [row["id"] for row in client.get(address).json()["results"]] == [made["id"]]
    assert send("POST", f"{address}apply/")[1]["code"] == "no_rules"
    send("PATCH", one, enabled=True)
    assert send("POST", f"{address}apply/")[0] == 202
    assert client.get(address).json()["run"]["kind"] == "labeling.apply_rules"
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404
