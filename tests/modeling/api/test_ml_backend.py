"""Deployments speak Label Studio's ML backend protocol."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.services.token import create_token, revoke_token
from labeling.models import Suggestion
from labeling.services.backend import save_backend, start_ask
from labeling.services.label_studio.intake import import_tasks
from labeling.services.label_studio.project import make_project
from modeling.models import Bundle, Deployment
from modeling.services import ml_backend
from modeling.services.deployment import deploy, stop_deployment
from tests.live import LiveService
from workers.models import Job

CONFIG = """<View><Text name="message" value="$body"/>
<Choices name="kind" toName="message"><Choice value="spam"/><Choice value="ham"/></Choices></View>"""
SPAM = "WINNER!! Claim your free prize now, call 09061701461"


@pytest.fixture
def deployment(owner: Actor, bundle: Bundle) -> Deployment:
    return deploy(actor=owner, bundle_id=bundle.pk, name="Messages")


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def call(owner: Actor) -> Callable[..., Any]:
    """Send a request as Label Studio sends it: basic authentication, the token as password."""
    secret = create_token(actor=owner, name="Label Studio", scopes=["predict"])[1]

    def send(verb: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body if body is not None else {})
        headers = basic("assay", secret)
        return Client().generic(verb, f"/ml-backend/{path}", data, content_type="application/json", headers=headers)

    return send


def request(*tasks: dict[str, Any], config: str = CONFIG) -> dict[str, Any]:
    """Return the body that label_studio/ml/api_connector.py of Label Studio 1.23.2 sends."""
    rows = [{"id": number, "data": data, "project": 1, "annotations": []} for number, data in enumerate(tasks)]
    params = {"login": "", "password": "", "context": None}
    return {"tasks": rows, "project": "1.1700000000", "label_config": config, "params": params}


@pytest.mark.parametrize("by", ["number", "slug"])
def test_a_label_studio_connects_and_predicts(call: Callable[..., Any], deployment: Deployment, by: str) -> None:
    base = str(deployment.pk) if by == "number" else deployment.slug
    assert call("GET", f"{base}/health").json()["status"] == "UP"
    body = {"project": "1.17", "schema": CONFIG, "hostname": "http://ls", "access_token": "x", "extra_params": {}}
    version = call("POST", f"{base}/setup", body).json()["model_version"]
    assert version == f"Messages {deployment.bundle.sha256[:12]}"
    answer = call("POST", f"{base}/predict", request({"body": SPAM}, {"body": "See you at six?"}, {"other": "x"}))
    assert answer.status_code == 200
    spam, ham, nothing = answer.json()["results"]
    (result,) = spam["result"]
    assert (result["from_name"], result["to_name"], result["type"]) == ("kind", "message", "choices")
    assert [each["result"][0]["value"]["choices"] for each in (spam, ham)] == [["spam"], ["ham"]]
    assert 0.5 < spam["score"] <= 1
    assert {each["model_version"] for each in (spam, ham, nothing)} == {version}
    assert nothing["result"] == []
    assert call("POST", f"{base}/webhook", {"action": "ANNOTATION_CREATED"}).status_code == 200
    assert call("GET", f"{base}/versions").json()["versions"] == [version]


def test_many_tasks_go_in_batches(
    call: Callable[..., Any], deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ml_backend, "TEXT_LIMIT", 2)
    texts = [{"body": SPAM if number % 2 else "See you at six?"} for number in range(5)]
    found = call("POST", f"{deployment.pk}/predict", request(*texts)).json()["results"]
    said = [each["result"][0]["value"]["choices"][0] for each in found]
    assert said == ["ham", "spam", "ham", "spam", "ham"]
    monkeypatch.setattr(ml_backend, "MOST_TASKS", 4)
    refused = call("POST", f"{deployment.pk}/predict", request(*texts))
    assert (refused.status_code, refused.json()["code"]) == (400, "too_many_rows")


def test_a_text_that_is_too_long_holds_up_no_other(call: Callable[..., Any], deployment: Deployment) -> None:
    found = call("POST", f"{deployment.pk}/predict", request({"body": "x" * 20_001}, {"body": SPAM})).json()["results"]
    assert [len(each["result"]) for each in found] == [0, 1]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ('<View><Text name="t" value="$t"/><Choices name="c" toName="t"><Choice value="a"/></Choices></View>', "unfit"),
        (
            '<View><Image name="i" value="$i"/><Choices name="c" toName="i"><Choice value="spam"/></Choices></View>',
            "unfit",
        ),
        ("<View><Text", "invalid"),
        ('<!DOCTYPE x [<!ENTITY e "e">]><View>&e;</View>', "invalid"),
        (None, "invalid"),
    ],
)
def test_a_project_that_asks_something_else_is_told(
    call: Callable[..., Any], deployment: Deployment, config: Any, code: str
) -> None:
    for path, body in (("setup", {"schema": config}), ("predict", request({"t": "x"}, config=config))):
        answer = call("POST", f"{deployment.pk}/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (400, f"label_config_{code}")


def test_a_label_that_is_not_offered_is_no_prediction(call: Callable[..., Any], deployment: Deployment) -> None:
    only_ham = CONFIG.replace('<Choice value="spam"/>', '<Choice value="eggs"/>')
    found = call("POST", f"{deployment.pk}/predict", request({"body": SPAM}, config=only_ham)).json()["results"]
    assert found[0]["result"] == []


def test_only_a_living_token_of_the_organization_comes_in(
    call: Callable[..., Any], deployment: Deployment, owner: Actor, stranger: Actor
) -> None:
    token, secret = create_token(actor=owner, name="x", scopes=["predict"])
    address = f"/ml-backend/{deployment.pk}/health"
    assert Client().get(address, headers=basic(secret, "anything")).status_code == 200
    assert Client().get(address, headers={"Authorization": f"Token {secret}"}).status_code == 200
    revoke_token(actor=owner, token_id=token.pk)
    assert Client().get(address, headers=basic("assay", secret)).status_code == 401
    for header in ({}, basic("assay", "wrong"), {"Authorization": "Basic %%%"}, {"Authorization": "Basic"}):
        assert Client().get(address, headers=header).status_code == 401
    other = create_token(actor=stranger, name="x", scopes=["predict"])[1]
    assert Client().get(address, headers=basic("assay", other)).status_code == 404


def test_a_stopped_deployment_answers_nothing(call: Callable[..., Any], deployment: Deployment, owner: Actor) -> None:
    stop_deployment(actor=owner, deployment_id=deployment.pk)
    assert call("GET", f"{deployment.pk}/health").json()["status"] == "DOWN"
    answer = call("POST", f"{deployment.pk}/predict", request({"body": SPAM}))
    assert (answer.status_code, answer.json()["code"]) == (409, "deployment_stopped")


@pytest.mark.parametrize("body", [[], "x", {"tasks": {}}, {"tasks": "x"}, {}])
def test_a_body_of_another_form_is_told(call: Callable[..., Any], deployment: Deployment, body: Any) -> None:
    assert call("POST", f"{deployment.pk}/predict", body).status_code == 400


@pytest.fixture
def near_hosts(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Let the worker and this process ask servers on this machine."""
    settings.ASSAY_FETCH_ALLOWED_HOSTS = ["127.0.0.1"]
    monkeypatch.setenv("ASSAY_FETCH_ALLOWED_HOSTS", "127.0.0.1")


@pytest.mark.slow
def test_our_own_projects_can_ask_a_deployment_by_the_protocol(
    near_hosts: None, live_service: LiveService, deployment: Deployment, owner: Actor
) -> None:
    """The other side of the protocol is ours too, over a real socket: labeling.services.backend_run."""
    config = CONFIG.replace("$body", "$text")
    project = make_project(actor=owner, title="Messages", label_config=config)
    import_tasks(actor=owner, project_id=project.pk, rows=[{"text": SPAM}, {"text": "See you at six?"}])
    secret = create_token(actor=owner, name="ml", scopes=["predict"])[1]
    url = f"{live_service.url}/ml-backend/{deployment.slug}"
    save_backend(actor=owner, project_id=project.pk, url=url, user="assay", password=secret)
    job = start_ask(actor=owner, project_id=project.pk)
    live_service.worker.wait_for(lambda: Job.objects.get(pk=job.pk).finished_at is not None)
    done = Job.objects.get(pk=job.pk)
    assert (done.state, done.error) == ("succeeded", None)
    said = Suggestion.objects.filter(project=project).order_by("task__item_id").values_list("answer", "confidence")
    assert [answer["kind"] for answer, _share in said] == [["spam"], ["ham"]]
    assert all(0.5 < share <= 1 for _answer, share in said)
