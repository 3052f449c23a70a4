"""Training and test over REST."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from labeling.models import Gold, OnboardingAnswer, Project
from tests import factories
from tests.labeling.onboarding import HAM, SPAM, golds, made
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db


class Caller:
    """Calls routes of one project for one person."""

    def __init__(self, actor: Actor, project: Project) -> None:
        self._headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
        self._root = f"/api/v1/projects/{project.pk}/"

    def __call__(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        response = Client().generic(verb, self._root + path, headers=self._headers, **data)
        return response.status_code, response.json() if response.content else None


def reply(task: int, answer: Any = SPAM, **more: Any) -> dict[str, Any]:
    return {"client_key": str(uuid.uuid4()), "task": task, "answer": answer, "seconds": 1.5, **more}


def test_a_person_goes_the_whole_way() -> None:
    _ann, bob, project = made(training=1, test=1)
    call = Caller(bob, project)
    status, page = call("GET", "page/")
    assert (status, page["onboarding"]["stage"], page["onboarding"]["training"]["total"]) == (200, "training", 1)
    assert call("POST", "lease/", {"count": 1})[1]["code"] == "onboarding"
    status, said = call("POST", "onboarding/answer/", reply(page["onboarding"]["task"]["id"], HAM))
    assert (status, said["status"], said["feedback"]["outcome"], said["feedback"]["answer"]) == (
        200, "saved", "wrong", SPAM,
    )  # fmt: skip
    status, found = call("GET", "onboarding/")
    assert (status, found["stage"], sorted(found["task"])) == (200, "test", ["data", "draft", "id", "item_id"])
    status, said = call("POST", "onboarding/answer/", reply(found["task"]["id"]))
    assert (said["feedback"], said["state"]["stage"], said["state"]["result"]["passed"]) == (None, "passed", True)
    assert call("GET", "onboarding/") == (200, {"stage": "open"})
    assert call("POST", "onboarding/attempt/")[1] == {"stage": "open"}
    assert len(call("POST", "lease/", {"count": 1})[1]["tasks"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "x", {"client_key": "no"}, {"task": 0}, {"task": "1"}, {"task": 2**63}, {"seconds": -1},
        {"seconds": "long"}, {"seconds": 1e400}, {"schema_revision": 0}, {"answer": None}, {"answer": {"label": ["x"]}},
        {"answer": {"label": ["spam\u0000"]}},
    ],
)  # fmt: skip
def test_bad_bodies_are_refused_by_name(body: Any) -> None:
    _ann, bob, project = made(training=1, test=1)
    call = Caller(bob, project)
    task = call("GET", "onboarding/")[1]["task"]["id"]
    sent = {**reply(task), **body} if isinstance(body, dict) and body else body
    status, problem = call("POST", "onboarding/answer/", sent)
    assert status == 400
    assert problem["code"] in ("invalid", "answer_invalid", "parse_error", "malformed")
    assert not OnboardingAnswer.objects.exists()


def test_a_manager_sees_people_and_acts() -> None:
    ann, bob, project = made(training=0, test=1, onboarding_attempts=1)
    call, his = Caller(ann, project), Caller(bob, project)
    task = his("GET", "onboarding/")[1]["task"]["id"]
    his("POST", "onboarding/answer/", reply(task, HAM))
    assert his("POST", "onboarding/attempt/")[1]["code"] == "onboarding_attempts"
    status, people = call("GET", "onboarding/people/")
    (row,) = people["results"]
    assert (status, row["stage"], row["answers"], row["right"], row["seconds"]) == (200, "failed", 1, 0, 1.5)
    person = {"person": bob.user_id}
    assert call("POST", "onboarding/people/", {**person, "act": "grant_attempt"}) == (204, None)
    assert his("POST", "onboarding/attempt/")[1]["test"]["attempt"] == 2
    assert call("POST", "onboarding/people/", {**person, "act": "grant_attempt"})[0] == 409
    assert call("POST", "onboarding/people/", {**person, "act": "reset"})[0] == 204
    assert call("POST", "onboarding/people/", {**person, "act": "let_pass"})[0] == 204
    assert his("GET", "onboarding/")[1] == {"stage": "open"}
    assert call("POST", "onboarding/people/", {**person, "act": "dance"})[0] == 400
    assert call("POST", "onboarding/people/", {"person": 10**9, "act": "reset"})[0] == 404
    assert his("GET", "onboarding/people/")[0] == 403
    assert his("POST", "onboarding/people/", {**person, "act": "let_pass"})[0] == 403


def test_rules_and_uses_are_set() -> None:
    ann = factories.owner()
    project = numbered(ann, 6)
    call = Caller(ann, project)
    status, problem = call("PATCH", "", {"onboarding": True})
    assert (status, problem["code"]) == (409, "onboarding_no_tasks")
    for item, use in ((1, "training"), (2, "test"), (3, None)):
        body = {"item": item, "answer": SPAM} | ({"use": use} if use else {})
        status, gold = call("POST", "gold/", body)
        assert (status, gold["use"]) == (201, use or "hidden")
    status, shown = call("PATCH", "", {"onboarding": True, "onboarding_least": 90, "onboarding_attempts": 1})
    assert (status, shown["onboarding"], shown["onboarding_least"], shown["onboarding_test"]) == (200, True, 90, 10)
    assert call("PATCH", "", {"onboarding_least": 0})[0] == 400
    numbers = [gold.pk for gold in golds(project, "hidden")]
    assert call("POST", "gold/use/", {"gold": numbers, "use": "test"}) == (200, {"changed": 1})
    assert [row["task"]["item_id"] for row in call("GET", "gold/?use=test")[1]["results"]] == [3, 2]
    assert call("GET", "gold/?use=exam")[0] == 400
    assert call("POST", "gold/use/", {"gold": [], "use": "test"})[0] == 400
    assert call("POST", "gold/use/", {"gold": [10**9], "use": "test"})[0] == 404
    # Another answer to one that is known leaves its use and its explanation.
    call("POST", "gold/", {"item": 2, "answer": SPAM, "explanation": "Why."})
    call("POST", "gold/", {"item": 2, "answer": HAM})
    found = Gold.objects.get(task__item_id=2)
    assert (found.use, found.explanation, found.answer) == ("test", "Why.", HAM)


def test_an_import_takes_uses_and_explanations() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    call = Caller(ann, project)
    status, job = call("POST", "gold/import/", {"column": "text", "use": "training", "explanation_column": "text"})
    assert status == 202
    assert call("POST", "gold/import/", {"column": "text", "use_column": "nothing"})[1]["code"] == "column_unknown"
    assert call("POST", "gold/import/", {"column": "text", "use": "exam"})[0] == 400
    assert job["kind"] == "labeling.import_gold"
