"""Plans as people edit them, through the services, the API and the pages."""

from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import AuditEntry, User
from core.errors import Conflict, DomainError
from curation.models import Plan
from curation.services.plan import copy_plan, delete_plan, preview, rename_plan
from curation.services.run import save_plan, start_run
from tests import factories
from tests.curation.services.test_import import SMS, import_

pytestmark = pytest.mark.django_db
OFF = {"steps": [{"name": "drop_empty_text"}, {"name": "split", "params": {}, "enabled": False}]}


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def api(actor: Actor, verb: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    return Client().generic(verb, path, data=_json(body), content_type="application/json", headers=headers)


def _json(body: Any) -> bytes:
    import orjson

    return orjson.dumps(body if body is not None else {})


def test_a_kept_plan_keeps_what_is_switched_off_and_a_run_leaves_it_out(actor: Actor) -> None:
    plan = save_plan(actor=actor, name="mine", steps=OFF)
    assert [step.get("enabled", True) for step in plan.steps["steps"]] == [True, False]
    version = import_(actor, SMS).result["version"]
    run, _job = start_run(actor=actor, version_id=version, plan_id=plan.pk)
    assert [step["name"] for step in run.steps["steps"]] == ["drop_empty_text"]


def test_a_plan_is_renamed_copied_and_deleted(actor: Actor) -> None:
    plan = save_plan(actor=actor, name="mine", steps=OFF)
    assert [copy_plan(actor=actor, plan_id=plan.pk).name for _time in range(2)] == ["mine (2)", "mine (3)"]
    with pytest.raises(Conflict) as refused:
        rename_plan(actor=actor, plan_id=plan.pk, name="mine (2)")
    assert refused.value.code == "plan_exists"
    assert rename_plan(actor=actor, plan_id=plan.pk, name="ours").name == "ours"
    delete_plan(actor=actor, plan_id=plan.pk)
    assert set(Plan.objects.values_list("name", flat=True)) == {"mine (2)", "mine (3)"}
    acts = AuditEntry.objects.filter(action__startswith="plan.").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["plan.save", "plan.copy", "plan.copy", "plan.rename", "plan.delete"]


def test_a_preview_changes_nothing(actor: Actor) -> None:
    version = import_(actor, SMS).result["version"]
    rows, steps = preview(actor=actor, version_id=version, steps={"steps": [{"name": "drop_empty_text"}]})
    assert (rows, [(step.name, step.rows_out) for step in steps]) == (5, [("drop_empty_text", 4)])
    with pytest.raises(DomainError) as refused:
        preview(actor=actor, version_id=version, steps={"steps": [{"name": "nothing"}]})
    assert refused.value.code == "plan_invalid"


def test_the_api_checks_and_tries_plans(actor: Actor) -> None:
    checked = api(actor, "POST", "/api/v1/plans/check/", {"yaml": "steps:\n- name: split\n  params: {test: x}\n"})
    assert checked.json()["errors"] == [{"step": 1, "param": "test", "message": 'is "x"; it must be a number.'}]
    assert checked.json()["steps"] == {"steps": [{"name": "split", "params": {"test": "x"}}]}
    assert api(actor, "POST", "/api/v1/plans/check/", {}).status_code == 400
    version = import_(actor, SMS).result["version"]
    tried = api(
        actor, "POST", f"/api/v1/versions/{version}/preview/", {"steps": {"steps": [{"name": "drop_empty_text"}]}}
    )
    (step,) = tried.json()["steps"]
    assert (step["rows_in"], step["rows_out"]) == (5, 4)
    assert [(row["code"], row["rows"], row["examples"][0]["item_id"]) for row in step["dropped"]] == [
        ("text_empty", 1, 5)
    ]


def test_the_api_decides_and_says_who_was_first(actor: Actor) -> None:
    from tests.curation.services.test_finding import reviewed

    run = reviewed(actor)
    path = f"/api/v1/runs/{run.pk}/questions/1/"
    decided = api(actor, "POST", f"{path}decide/", {"action": "keep_only", "items": [2]}).json()
    assert (decided["state"], decided["decision"]["items"], decided["decision"]["label"]) == ("decided", [2], "neg")
    second = api(actor, "POST", f"{path}decide/", {"action": "keep"})
    assert (second.status_code, second.json()["code"]) == (409, "question_decided")
    assert second.json()["decision"]["id"] == decided["decision"]["id"]
    assert api(actor, "GET", path).json()["items"][1]["segments"] == [["+", "good  "], ["=", "book"]]
    listed = api(actor, "GET", f"/api/v1/runs/{run.pk}/questions/?state=open").json()
    assert ([row["number"] for row in listed["results"]], listed["next_after"]) == ([2], None)
    undone = api(actor, "POST", f"{path}undo/", {"decision": decided["decision"]["id"]})
    assert undone.json()["state"] == "open"
    empty = api(actor, "POST", f"/api/v1/runs/{run.pk}/decisions/apply/")
    assert (empty.status_code, empty.json()["code"]) == (409, "nothing_decided")


def test_the_review_shows_texts_as_text(actor: Actor) -> None:
    from tests.curation.services.test_finding import reviewed

    rows = "text,label\n<script>alert(1)</script> a,x\n<script>alert(1)</script>  a,y\n"
    run = reviewed(actor, version=import_(actor, rows).result["version"])
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    page = client.get(f"/runs/{run.pk}/review/").content.decode()
    assert "&lt;script&gt;alert(" in page
    assert "<script>alert(" not in page
    assert '<ins><span class="visually-hidden"> [only here: </span>  <span' in page


def test_the_number_of_queries_does_not_grow_with_the_questions(
    actor: Actor, django_assert_max_num_queries: Any
) -> None:
    from tests.curation.services.test_finding import reviewed

    rows = "text,label\n" + "".join(f"text {n},{name}\n" for n in range(300) for name in "ab")
    run = reviewed(actor, version=import_(actor, rows).result["version"])
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    with django_assert_max_num_queries(25):
        assert client.get(f"/runs/{run.pk}/review/").status_code == 200


def test_a_published_plan_is_a_place_to_start_from(actor: Actor) -> None:
    version = import_(actor, SMS).result["version"]
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    page = client.get(f"/versions/{version}/curate/", {"preset": "c4"})
    assert "name: filter_lines" in page.context["form"].initial["plan"]
    assert "?preset=fineweb" in page.content.decode()
    assert (
        "name: normalize_text" in client.get(f"/versions/{version}/curate/?preset=none").context["form"].initial["plan"]
    )
