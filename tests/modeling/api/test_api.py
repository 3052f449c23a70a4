import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.services.token import create_token
from curation.models import Version
from modeling.families import FAMILIES, TASK_TITLES
from modeling.models import Bundle, Compression, Model, Training
from modeling.services import prediction
from modeling.services.deployment import deploy
from modeling.services.training import run_training, start_training
from tests.modeling.conftest import running, taken

SPAM = "WINNER!! Claim your free prize now, call 09061701461"


@pytest.fixture
def call(owner: Actor) -> Callable[..., Any]:
    """Send a request with a token of Alice's that has all scopes."""
    return caller(owner)


def caller(actor: Actor) -> Callable[..., Any]:
    secret = create_token(actor=actor, name="test", scopes=sorted(actor.scopes))[1]

    def send(verb: str, path: str, body: Any = None, **options: Any) -> Any:
        data = options.pop("raw", None) or json.dumps(body if body is not None else {})
        headers = {"Authorization": f"Bearer {secret}"}
        return Client().generic(verb, f"/api/v1/{path}", data, content_type="application/json", headers=headers)

    return send


def test_families_say_what_they_cost(call: Callable[..., Any]) -> None:
    rows = call("GET", "trainings/families/").json()["results"]
    assert [row["name"] for row in rows] == list(FAMILIES)
    assert all(set(row["tasks"]) <= set(TASK_TITLES) and row["tasks"] for row in rows)
    assert all(row[word] for row in rows for word in ("title", "what", "when", "cost"))


def test_a_training_is_sent_as_a_job(call: Callable[..., Any], version: Version) -> None:
    answer = call("POST", "trainings/", {"version": version.pk, "family": "tfidf-linear", "seed": 4})
    assert answer.status_code == 202
    body = answer.json()
    assert body["job"]["kind"] == "modeling.train"
    assert body["training"]["state"] == "queued"
    shown = call("GET", f"trainings/{body['training']['id']}/").json()
    assert (shown["seed"], shown["report"], shown["model"]) == (4, None, None)
    assert [row["id"] for row in call("GET", f"trainings/?version={version.pk}").json()["results"]] == [shown["id"]]
    assert call("GET", "trainings/?version=999").json()["results"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"family": "tfidf-linear"}, 400, "invalid"),
        ({"version": 999_999, "family": "tfidf-linear"}, 404, "not_found"),
        ({"version": 1, "family": "forest"}, 400, "invalid"),
        ({"version": 1, "family": "tfidf-linear", "seed": -1}, 400, "invalid"),
    ],
)
def test_wrong_trainings_are_refused(call: Callable[..., Any], body: Any, status: int, code: str) -> None:
    answer = call("POST", "trainings/", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Training.objects.exists()


@pytest.mark.parametrize("where", ["field", "params"])
def test_a_policy_of_augmentation_is_sent_and_kept(call: Callable[..., Any], version: Version, where: str) -> None:
    policy = {"version": 1, "steps": [{"use": "keyboard"}]}
    more = {"augment": "ready"} if where == "field" else {"params": {"augment": policy}}
    answer = call("POST", "trainings/", {"version": version.pk, "family": "tfidf-linear", **more})
    assert answer.status_code == 202
    steps = answer.json()["training"]["params"]["augment"]["steps"]
    assert steps[0]["use"] == "keyboard"
    assert len(steps) == (4 if where == "field" else 1)
    search = {"version": version.pk, "family": "from-scratch", "augment": policy}
    assert call("POST", "searches/", search).json()["search"]["params"]["augment"]["copies"] == 1


@pytest.mark.parametrize(
    ("family", "augment", "words"),
    [
        ("tfidf-linear", "version: 1\nsteps:\n- use: keybord\n", "Line 3"),
        ("tfidf-linear", {"version": 1, "steps": [{"use": "mirror"}]}, "changes pictures"),
        ("tfidf-linear", ["keyboard"], "A policy is YAML"),
    ],
)
def test_a_policy_that_does_not_fit_is_a_400(
    call: Callable[..., Any], version: Version, family: str, augment: Any, words: str
) -> None:
    answer = call("POST", "trainings/", {"version": version.pk, "family": family, "augment": augment})
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "bad_augmentation", "augment")
    assert words in answer.json()["detail"]
    assert not Training.objects.exists()


def test_an_explanation_is_sent_as_a_job_and_found_again(call: Callable[..., Any], model: Model) -> None:
    path = f"trainings/{model.training_id}/explain/"
    answer = call("POST", path, {"text": " free prize ", "label": "ham"})
    assert answer.status_code == 202
    made, job = answer.json()["explanation"], answer.json()["job"]
    assert (made["text"], made["label"], made["item"], made["result"]) == (" free prize ", "ham", None, None)
    assert (job["kind"], job["state"], job["id"]) == ("modeling.explain", "queued", made["job"])
    assert call("POST", path, {"text": " free prize ", "label": "ham"}).json()["explanation"]["id"] == made["id"]
    item = call("POST", path, {"item": 7}).json()["explanation"]
    assert call("GET", f"explanations/{made['id']}/").json() == made
    (row,) = call("GET", f"explanations/?training={model.training_id}&item=7").json()["results"]
    assert row["id"] == item["id"]
    for body, code in (({}, "item_or_text"), ({"item": 7, "text": "a"}, "item_or_text"), ({"item": -1}, "invalid")):
        refused = call("POST", path, body)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert call("POST", path, {"item": 9_999}).status_code == 404


def test_a_bundle_is_listed_downloaded_and_verified(call: Callable[..., Any], bundle: Bundle) -> None:
    (row,) = call("GET", "bundles/?state=accepted").json()["results"]
    assert row["gate"]["passed"] is True
    url = call("GET", f"bundles/{bundle.pk}/download/").json()["url"]
    stream = Client().get(url)
    assert stream.status_code == 200
    assert stream["Content-Disposition"].startswith("attachment")
    assert len(b"".join(stream.streaming_content)) == bundle.byte_count
    assert call("GET", f"bundles/{bundle.pk}/verify/").json()["whole"] is True
    answer = call("POST", f"models/{bundle.model_id}/export/", {"limit_points": 1})
    assert (answer.status_code, answer.json()["bundle"]["state"]) == (202, "pending")
    refused = call("POST", "deployments/", {"bundle": answer.json()["bundle"]["id"], "name": "early"})
    assert (refused.status_code, refused.json()["code"]) == (409, "bundle_not_accepted")


def test_a_deployment_answers_by_number_and_by_name(call: Callable[..., Any], bundle: Bundle) -> None:
    made = call("POST", "deployments/", {"bundle": bundle.pk, "name": "Spam filter"})
    assert made.status_code == 201
    texts = {"texts": [SPAM, "see you at home then"]}
    for name in (made.json()["id"], "spam-filter"):
        answer = call("POST", f"deployments/{name}/predict/", texts)
        assert answer.status_code == 200
        body = answer.json()
        assert [row["label"] for row in body["predictions"]] == ["spam", "ham"]
        assert (body["bundle"], body["model"]) == (bundle.sha256, bundle.model_id)
    shown = call("GET", f"deployments/{made.json()['id']}/").json()
    assert [row["reason"] for row in shown["revisions"]] == ["deploy"]
    assert (shown["usage"][0]["requests"], shown["usage"][0]["texts"]) == (2, 4)
    assert call("DELETE", f"deployments/{made.json()['id']}/").status_code == 204
    assert call("POST", "deployments/spam-filter/predict/", texts).status_code == 404
    assert call("POST", f"deployments/{made.json()['id']}/predict/", texts).json()["code"] == "deployment_stopped"


@pytest.mark.parametrize(
    "texts",
    [[""], [" "], ["\u0000"], ["😀" * 20_000], ["\u202e\ufeff\x1b[31m"], ["a\n" * 10_000], ["字" * 20_000]],
    ids=["empty", "space", "nul", "emoji", "control", "lines", "chinese"],
)
def test_odd_texts_are_answered(call: Callable[..., Any], owner: Actor, bundle: Bundle, texts: list[str]) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="odd")
    answer = call("POST", f"deployments/{deployment.pk}/predict/", {"texts": texts})
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["label"] in {"ham", "spam"}


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        ('{"texts": []}', 400, "texts_missing"),
        ('{"texts": "one"}', 400, "texts_invalid"),
        ('{"texts": [1]}', 400, "texts_invalid"),
        ('{"texts": [null]}', 400, "texts_invalid"),
        ("[]", 400, "texts_invalid"),
        ("{", 400, "parse_error"),
        ("[" * 100_000, 400, "parse_error"),
        (r'{"texts": ["\ud83d"]}', 400, "parse_error"),
        (json.dumps({"texts": ["a"] * 257}), 400, "texts_too_many"),
        (json.dumps({"texts": ["a" * 20_001]}), 400, "text_too_long"),
        ('{"texts": ["' + "a" * (17 * 1024 * 1024) + '"]}', 413, "request_too_large"),
    ],
    ids=["none", "string", "number", "null", "list", "torn", "deep", "half a pair", "many", "long", "huge"],
)
def test_wrong_bodies_are_refused(
    call: Callable[..., Any], owner: Actor, bundle: Bundle, raw: str, status: int, code: str
) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="strict")
    answer = call("POST", f"deployments/{deployment.pk}/predict/", raw=raw)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_full_process_says_when_to_come_back(call: Callable[..., Any], owner: Actor, bundle: Bundle) -> None:
    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="busy")
    for _place in range(prediction.RUNNING_LIMIT):
        prediction._running.acquire()
    try:
        answer = call("POST", f"deployments/{deployment.pk}/predict/", {"texts": ["a"]})
    finally:
        for _place in range(prediction.RUNNING_LIMIT):
            prediction._running.release()
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "too_busy", "1")


def test_lineage_hides_names_and_models_from_whom_they_are_kept(
    owner: Actor, member: Callable[[str], Actor], bundle: Bundle
) -> None:
    dataset = bundle.model.training.version.dataset_id
    path = f"datasets/{dataset}/items/3/lineage/"
    whole = caller(owner)("GET", path).json()
    assert whole["bundles"][0]["sha256"] == bundle.sha256
    assert whole["trainings"][0]["split"] == "test"
    assert caller(member("reviewer"))("GET", path).json()["trainings"] == []
    assert caller(owner)("GET", f"datasets/{dataset}/items/777777/lineage/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_judged_items_are_read_and_compared(call: Callable[..., Any], owner: Actor, version: Version) -> None:
    made = []
    for seed in (0, 1):
        training = taken(
            lambda seed=seed: start_training(actor=owner, version_id=version.pk, family="tfidf-linear", seed=seed)
        )
        with running(training.job) as job:
            run_training(job=job, training_id=training.pk)
        made.append(training.pk)
    every = call("GET", f"trainings/{made[0]}/items/?wrong=false&limit=10").json()
    assert (every["total"], len(every["results"])) == (48, 10)
    assert set(every["results"][0]) == {"item_id", "answer", "prediction", "confidence", "loss", "right"}
    spam = call("GET", f"trainings/{made[0]}/items/?wrong=false&answer=spam&limit=100").json()
    assert {row["answer"] for row in spam["results"]} == {"spam"}
    slices = call("GET", f"trainings/{made[0]}/slices/?column=label").json()["results"]
    assert sum(row["items"] for row in slices) == 48
    assert call("GET", f"trainings/{made[0]}/slices/").status_code == 400
    beside = call("GET", f"trainings/{made[0]}/beside/?other={made[1]}").json()
    assert (beside["items"], beside["changed"]) == (48, [])
    assert call("GET", f"trainings/{made[0]}/beside/?other=999999").status_code == 404
    wished = {"version": version.pk, "family": "tfidf-linear", "task": "ner"}
    assert call("POST", "trainings/", wished).json()["code"] == "goal_unknown"


def test_a_search_for_a_smaller_model_is_sent_read_and_exported(
    call: Callable[..., Any], compression: Compression, stranger: Actor
) -> None:
    model = compression.model_id
    made = call("POST", "compressions/", {"model": model, "limit_drop": 1, "recipes": ["static-64"]})
    assert made.status_code == 202
    assert made.json()["job"]["kind"] == "modeling.compress"
    assert made.json()["compression"]["limit_drop"] == 1
    listed = call("GET", f"compressions/?model={model}").json()["results"]
    assert [row["id"] for row in listed] == [made.json()["compression"]["id"], compression.pk]

    found = call("GET", f"compressions/{compression.pk}/").json()
    assert found["report"]["proposed"] == "static-64"
    assert {row["name"]: row["student"] for row in found["report"]["rows"]} == {"int8": False, "static-64": True}
    assert "students" not in found["report"]
    assert caller(stranger)("GET", f"compressions/{compression.pk}/").status_code == 404

    kept = call("POST", f"compressions/{compression.pk}/export/")
    assert (kept.status_code, kept.json()["bundle"]) == (202, None)
    assert kept.json()["training"]["family"] == "static"
    own = call("POST", f"compressions/{compression.pk}/export/", {"candidate": "int8"}).json()
    assert (own["training"], own["bundle"]["model"]) == (None, model)
    assert caller(stranger)("POST", f"compressions/{compression.pk}/export/").status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"limit_drop": -1}, "invalid"),
        ({"recipes": ["tiny"]}, "invalid"),
        ({"limit_bytes": 0}, "invalid"),
        ({"limit_ms": "soon"}, "invalid"),
        ({"model": "mine"}, "invalid"),
    ],
)
def test_wrong_searches_for_a_smaller_model_are_refused(
    call: Callable[..., Any], model: Model, body: dict[str, Any], code: str
) -> None:
    answer = call("POST", "compressions/", {"model": model.pk, **body})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert [error["field"].split(".")[0] for error in answer.json()["errors"]] == list(body)
