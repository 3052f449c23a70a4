"""Checks and ensembles over REST: what is sent, what is read, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from modeling.models import Check, Model, Training
from tests import factories
from tests.modeling.api.test_api import caller

POLICY = "version: 1\nsteps: [{use: keyboard}]\n"
STEP = {"use": "keyboard", "settings": {"share": 0.1}, "changed": 2, "agree": 1, "low": 0.1, "high": 0.9, "share": 0.5}
COPY = {"item_id": 1, "expected": "ham", "found": "spam", "after": "garbled"}


@pytest.fixture
def call(owner: Actor) -> Callable[..., Any]:
    return caller(owner)


def test_a_check_is_sent_as_a_job_and_listed(call: Callable[..., Any], model: Model) -> None:
    answer = call("POST", "checks/", {"kind": "safety", "training": model.training_id, "policy": POLICY})
    assert answer.status_code == 202
    body = answer.json()
    assert (body["job"]["kind"], body["check"]["family"], body["check"]["state"]) == (
        "modeling.check",
        model.training.report.get("family", "encoder-head"),
        "queued",
    )
    assert body["check"]["policy"]["steps"][0]["use"] == "keyboard"
    rows = call("GET", f"checks/?training={model.training_id}&kind=safety").json()["results"]
    assert [row["id"] for row in rows] == [body["check"]["id"]]
    assert call("GET", "checks/?kind=proposal").json()["results"] == []
    wished = {"version": model.training.version_id, "family": "tfidf-linear", "task": "text-classification"}
    sent = call("POST", "checks/", {"kind": "proposal", **wished, "least_safe": 0.9, "seeds": 2, "uses": ["letters"]})
    assert (sent.status_code, sent.json()["check"]["least_safe"]) == (202, 0.9)


def test_answers_that_were_not_kept_are_read_step_by_step(call: Callable[..., Any], owner: Actor, model: Model) -> None:
    chosen = {"kind": "safety", "training": model.training_id, "policy": POLICY}
    number = call("POST", "checks/", chosen).json()["check"]["id"]
    gone = {**COPY, "item_id": 999_999}
    report = {"split": "validation", "rows": 2, "right": 1.0, "steps": [{**STEP, "disagreements": [COPY, gone]}]}
    Check.objects.filter(pk=number).update(report=report)
    shown = call("GET", f"checks/{number}/").json()["report"]
    assert shown["steps"] == [STEP]
    rows = call("GET", f"checks/{number}/disagreements/").json()["results"]
    assert [(row["item_id"], row["found"], row["after"]) for row in rows] == [
        (1, "spam", "garbled"),
        (999_999, "spam", "garbled"),
    ]
    assert len(rows[0]["before"]) > 5
    assert rows[1]["before"] is None
    assert call("GET", f"checks/{number}/disagreements/?step=2").status_code == 404
    assert call("GET", f"checks/{number}/disagreements/?step=x").status_code == 400
    refused = call("POST", f"checks/{number}/train/")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_proposed")


def test_a_proposed_policy_is_trained_with(call: Callable[..., Any], model: Model) -> None:
    wished = {"version": model.training.version_id, "family": "tfidf-linear"}
    number = call("POST", "checks/", {"kind": "proposal", **wished}).json()["check"]["id"]
    policy = {"version": 1, "copies": 2, "seed": 0, "steps": [{"use": "letters", "chance": 1.0, "share": 0.2}]}
    Check.objects.filter(pk=number).update(report={"policy": policy})
    made = call("POST", f"checks/{number}/train/", {"name": "With letters"})
    assert (made.status_code, made.json()["training"]["name"]) == (202, "With letters")
    assert made.json()["training"]["params"]["augment"]["steps"][0]["share"] == 0.2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "luck"}, 400, "invalid"),
        ({"kind": "safety", "policy": POLICY}, 400, "check_needs_training"),
        ({"kind": "safety", "training": 999_999, "policy": POLICY}, 404, "not_found"),
        ({"kind": "ablation", "version": 999_999, "family": "tfidf-linear", "policy": POLICY}, 404, "not_found"),
        ({"kind": "ablation", "seeds": 0}, 400, "invalid"),
        ({"kind": "proposal", "least_safe": 2}, 400, "invalid"),
    ],
)
def test_wrong_checks_are_refused(call: Callable[..., Any], body: Any, status: int, code: str) -> None:
    answer = call("POST", "checks/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_where_a_policy_is_wrong_is_said(call: Callable[..., Any], model: Model) -> None:
    asked = {"kind": "robustness", "training": model.training_id}
    answer = call("POST", "checks/", {**asked, "policy": "version: 1\nsteps:\n- use: keybord\n"}).json()
    assert (answer["code"], answer["field"], answer["line"], answer["step"]) == ("bad_augmentation", "policy", 3, 1)
    assert "keybord" in answer["detail"]
    assert call("POST", "checks/", asked).json()["field"] == "policy"


def test_trainings_are_combined_over_rest(call: Callable[..., Any], owner: Actor, model: Model) -> None:
    other = factories.model(owner)
    Training.objects.filter(pk=other.training_id).update(version=model.training.version_id)
    numbers = [model.training_id, other.training_id]
    answer = call("POST", "trainings/combine/", {"trainings": numbers, "name": "Both"})
    assert answer.status_code == 202
    made = answer.json()["training"]
    assert (made["family"], made["members"], made["name"]) == ("ensemble", sorted(numbers), "Both")
    assert call("POST", "trainings/combine/", {"trainings": numbers[:1]}).json()["code"] == "ensemble_too_small"
    assert call("POST", "trainings/combine/", {"trainings": []}).json()["code"] == "invalid"
    assert call("POST", "trainings/", {"version": 1, "family": "ensemble"}).status_code == 400
    rows = call("GET", "trainings/?family=ensemble").json()["results"]
    assert [row["members"] for row in rows] == [sorted(numbers)]

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert call("GET", "trainings/").status_code == 200
        return len(queries)

    before = cost()
    call("POST", "trainings/combine/", {"trainings": numbers})
    assert cost() == before
