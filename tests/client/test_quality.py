"""Agreement, disagreements, rules and acceptance through the client and the command, against a real service."""

import json
import uuid

import pytest

from accounts.actor import Actor
from assay_client import Client, Conflict, NotFound
from labeling.models import Adjudication, LabelingRule, Project
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from tests import factories
from tests.client.test_command import Run, assay
from tests.labeling.versions import numbered
from tests.live import LiveService

__all__ = ["assay"]


@pytest.fixture
def boss(live_service: LiveService) -> Actor:
    return factories.owner()


def answered(boss: Actor) -> Project:
    """Return a project of three texts that two people answered, differently on the first."""
    project = numbered(boss, 3, overlap=2)
    for person, labels in ((boss, ("spam", "ham", "ham")), (factories.member(boss, "annotator"), ("ham",) * 3)):
        tasks = lease_tasks(actor=person, project_id=project.pk, count=3, holding=[])["tasks"]
        rows = [
            {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": [label]}}
            for task, label in zip(sorted(tasks, key=lambda one: int(one["item_id"])), labels, strict=True)
        ]
        save_answers(actor=person, project_id=project.pk, answers=rows)
    return project


def test_the_client_measures_compares_and_decides(live_service: LiveService, boss: Actor) -> None:
    project = answered(boss)
    with Client(live_service.url, token=factories.secret(boss)) as client:
        with pytest.raises(NotFound):
            client.quality.agreement(project.pk)
        client.jobs.wait(client.quality.measure(project.pk))
        assert client.quality.agreement(project.pk)["report"]["controls"][0]["agreement"]["items_compared"] == 3
        client.jobs.wait(client.quality.compare(project.pk))
        (row,) = client.quality.disagreements(project.pk, names=True)
        assert (row["task"]["item_id"], len(row["answers"])) == (1, 2)
        task = row["task"]["id"]
        decided = client.quality.decide(task, annotation=row["answers"][0]["annotation"], revision=0, reason="Rule 3.")
        assert (decided["state"], decided["reason"]) == ("decided", "Rule 3.")
        with pytest.raises(Conflict):
            client.quality.decide(task, answer={"label": ["ham"]}, revision=0)
        assert list(client.quality.disagreements(project.pk)) == []
        client.quality.undo_decision(task)
        assert client.quality.leave_undecided(task, "Cut off.")["state"] == "left"
        assert Adjudication.objects.get().reason == "Cut off."
        assert client.quality.one_more(project.pk, target_confidence=0.9, extra_cap=5)["extra_cap"] == 5
        assert client.quality.acceptance(project.pk)["accepts"] is False
        assert list(client.quality.label_errors(project.pk)) == []


def test_the_client_writes_tries_and_deletes_rules(live_service: LiveService, boss: Actor) -> None:
    project = numbered(boss, 3)
    with Client(live_service.url, token=factories.secret(boss)) as client:
        tried = client.rules.attempt(project.pk, "spam", "keyword", {"terms": ["text 2"]})
        assert (tried["sample"], tried["hits"]) == (3, 1)
        made = client.rules.add(project.pk, "two", "spam", "keyword", {"terms": ["text 2"]})
        assert client.rules.change(made["id"], enabled=False)["enabled"] is False
        assert [row["name"] for row in client.rules.list(project.pk)] == ["two"]
        client.rules.delete(made["id"])
        assert not LabelingRule.objects.exists()


def test_the_command_lists_where_people_differ_and_applies_rules(
    live_service: LiveService, boss: Actor, assay: Run
) -> None:
    project = answered(boss)
    name = str(project.pk)
    assert assay("login", live_service.url, given=f"{factories.secret(boss)}\n").returncode == 0
    shown = assay("project", "agreement", name, "--measure")
    assert shown.returncode == 0, shown.stderr
    assert "label" in shown.stdout
    (row,) = json.loads(assay("--json", "project", "disagreements", name, "--compare").stdout)
    assert (row["item"], row["people"]) == (1, 2)
    assert assay("project", "rules", "add", name, "x", "--label", "spam").returncode != 0
    assert assay("project", "rules", "add", name, "two", "--label", "spam", "--term", "text 2").returncode == 0
    assert json.loads(assay("--json", "project", "rules", "apply", name).stdout)["items"] == 3
    said = assay("project", "one-more", name, "--target", "0.9", "--cap", "10", "--now").stdout
    assert "Target 0.9" in said
    assert "Off, target 0.95" in assay("project", "auto-accept", name).stdout
