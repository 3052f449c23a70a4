"""Skipping with a reason: asked for when the project wants it, and found again."""

import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from core.errors import DomainError
from labeling.engine.schema import parse_schema
from labeling.models import Annotation, Project
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.grid import Looker, look, wish_of
from labeling.services.page import page_of_project
from labeling.services.project import change_project
from labeling.services.queue import lease_tasks
from labeling.services.result import Wish, find_answers
from tests import factories
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db


def skip(actor: Actor, project: Project, reason: str, **more: Any) -> dict[str, Any]:
    (task,) = lease_tasks(actor=actor, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "lease": task["lease"]["token"], "skipped": True}
    answers = [{**row, "answer": None, "reason": reason, **more}]
    return save_answers(actor=actor, project_id=project.pk, answers=answers)["results"][0]


def test_a_skip_may_say_why_or_not() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    assert [skip(ann, project, reason)["status"] for reason in ("", "broken")] == ["saved", "saved"]


def test_a_project_may_want_a_reason_from_the_moment_it_says_so() -> None:
    ann = factories.owner()
    project = numbered(ann, 4)
    # This process knows the project's questions before.
    assert skip(ann, project, "")["status"] == "saved"
    change_project(actor=ann, project_id=project.pk, skip_reasons=["Too long", "广告"], skip_reason_required=True)
    for reason in ("", "  "):
        refused = skip(ann, project, reason)
        assert refused["status"] == "invalid"
        assert refused["problem"]["where"] == "reason"
        assert "Say why" in refused["problem"]["detail"]
    assert skip(ann, project, "广告")["status"] == "saved"
    assert Annotation.objects.count() == 2


def test_an_answer_that_becomes_a_skip_must_say_why_too() -> None:
    ann = factories.owner()
    project = numbered(ann, 1, skip_reason_required=True)
    assert skip(ann, project, "", skipped=False, answer={"label": ["spam"]})["status"] == "saved"
    row = Annotation.objects.get()
    with pytest.raises(DomainError) as caught:
        change_annotation(actor=ann, annotation_id=row.pk, revision=1, skipped=True, reason=" ")
    assert caught.value.code == "answer_invalid"
    change_annotation(actor=ann, annotation_id=row.pk, revision=1, skipped=True, reason="unclear")


def test_the_page_gets_the_reasons_of_the_project() -> None:
    ann = factories.owner()
    project = numbered(ann, 1, skip_reasons=["Too long"], skip_reason_required=True)
    found = page_of_project(actor=ann, project_id=project.pk)["project"]
    assert (found["skip_reasons"], found["skip_reason_required"]) == (["Too long"], True)


@pytest.mark.parametrize("reasons", [["x" * 121], [str(n) for n in range(13)], [""]])
def test_reasons_that_do_not_fit_are_refused(reasons: list[str]) -> None:
    ann = factories.owner()
    project = numbered(ann, 1)
    with pytest.raises(DomainError) as caught:
        change_project(actor=ann, project_id=project.pk, skip_reasons=reasons)
    assert caught.value.code == "reasons_invalid"


def test_skipped_items_are_found_by_reason_and_in_the_grid() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 4, skip_reasons=["Too long", "广告"])
    for actor, reason in ((ann, "Too long"), (bob, "广告"), (bob, "")):
        skip(actor, project, reason)
    schema = parse_schema(project.schema)
    found = find_answers(actor=ann, project=project, schema=schema, wish=Wish(reason="广告"))
    assert [row.task.item_id for row in found.rows] == [2]
    for looker, items in ((Looker(ann.user_id, True), [1, 2, 3]), (Looker(bob.user_id, False), [2, 3])):
        wish = wish_of({"state": "skipped"}, project=project, schema=schema, looker=looker)
        seen = look(project=project, wish=wish, looker=looker, limit=9)
        assert [item for _task, item in seen.tasks] == items
