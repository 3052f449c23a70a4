"""The queue of suspected label errors as people and programs see it."""

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from labeling.models import Annotation, Project, SuspectLabel
from tests import factories
from tests.labeling.pages.test_project import answered, browser
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


def suspects(actor: Actor, count: int) -> Project:
    project = factories.project(actor)
    factories.tasks(project, count)
    for _task in range(count):
        answered(actor, project)
    for number, answer in enumerate(Annotation.objects.filter(project=project).order_by("pk")):
        factories.suspect(actor, answer, score=0.01 * (number + 1))
    return project


def page(actor: Actor, project: Project, **query: str) -> str:
    return browser(actor).get(reverse("labeling:label-errors", args=[project.pk]), query).content.decode()


def test_the_page_costs_the_same_for_many_rows(ann: Actor) -> None:
    counts = []
    for rows in (1, 4):
        project = suspects(ann, rows)
        client = browser(ann)
        address = reverse("labeling:label-errors", args=[project.pk])
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            body = client.get(address).content.decode()
        assert body.count("data-suspect=") == rows
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_rows_show_what_was_given_and_what_is_suggested_worst_first(ann: Actor) -> None:
    project = suspects(ann, 2)
    body = page(ann, project)
    assert body.index("text 1") < body.index("text 2")
    assert "1.0 %" in body
    assert f"?annotation={Annotation.objects.filter(project=project).first().pk}" in body


def test_empty_states_say_what_to_do(ann: Actor) -> None:
    project = factories.project(ann)
    assert "Nobody has searched yet" in page(ann, project)
    assert "None yet" in page(ann, project, state="kept")
    job = Job.objects.create(
        organization_id=ann.organization_id, kind="modeling.find_label_errors", title="t", state="queued",
        subject=f"project:{project.pk}",
    )  # fmt: skip
    assert "The search is running" in page(ann, project)
    result = {"labeled": 4, "classes": 1, "suspects": 0, "message": "Label 6 more."}
    Job.objects.filter(pk=job.pk).update(state="succeeded", result=result, finished_at="2026-01-01T00:00Z")
    assert "Label 6 more." in page(ann, project)
    result = {"labeled": 40, "classes": 2, "answers": 40, "accuracy_cv": 0.925, "suspects": 0}
    Job.objects.filter(pk=job.pk).update(result=result)
    body = page(ann, project)
    assert "Nothing is suspicious" in body
    assert "names 92% of the items" in body


def test_a_project_without_a_choice_has_nothing_to_search(ann: Actor) -> None:
    project = factories.project(ann)
    project.schema["controls"] = [{"name": "note", "type": "text"}]
    project.save()
    assert "Nothing to search in" in page(ann, project)
    client = browser(ann)
    sent = client.post(reverse("labeling:label-errors", args=[project.pk]), follow=True)
    assert "asks for none" in sent.content.decode()


def test_buttons_work_without_the_script(ann: Actor) -> None:
    project = suspects(ann, 1)
    client = browser(ann)
    row = SuspectLabel.objects.get(project=project)
    decide = reverse("labeling:label-errors-decide", args=[project.pk])
    client.post(decide, {"suspect": row.pk, "decision": "accept"})
    assert Annotation.objects.get(pk=row.annotation_number).answer == {"label": ["ham"]}
    assert "Changed" in page(ann, project, state="accepted")
    client.post(decide, {"suspect": row.pk, "decision": "none"})
    assert Annotation.objects.get(pk=row.annotation_number).answer == {"label": ["spam"]}
    client.post(reverse("labeling:label-errors", args=[project.pk]))
    assert Job.objects.get(kind="modeling.find_label_errors").subject == f"project:{project.pk}"


def test_who_only_reads_sees_no_buttons(ann: Actor) -> None:
    project = suspects(ann, 1)
    assert "decision" not in page(factories.member(ann, "client"), project)
    refused = browser(factories.member(ann, "annotator")).get(reverse("labeling:label-errors", args=[project.pk]))
    assert refused.status_code == 403


def test_programs_search_list_and_decide(ann: Actor) -> None:
    project = suspects(ann, 2)
    client = Client(headers={"Authorization": f"Bearer {factories.secret(ann)}"})
    address = f"/api/v1/projects/{project.pk}/label-errors/"
    listed = client.get(address).json()
    assert (listed["counts"], listed["next"], listed["search"]) == ({"open": 2, "accepted": 0, "kept": 0}, None, None)
    first = listed["results"][0]
    assert (first["given"], first["suggested"], first["score"]) == (["spam"], ["ham"], 0.01)
    assert first["annotator"]["id"] == ann.user_id

    def decide(**body: str) -> dict[str, object]:
        where = f"/api/v1/label-errors/{first['id']}/decision/"
        return client.post(where, json.dumps(body), content_type="application/json").json()

    assert decide(decision="accept")["state"] == "accepted"
    assert client.get(f"/api/v1/label-errors/{first['id']}/").json()["state"] == "accepted"
    assert decide(decision="perhaps")["code"] == "invalid"
    assert [row["id"] for row in client.get(address, {"state": "accepted"}).json()["results"]] == [first["id"]]
    sent = client.post(address)
    assert sent.status_code == 202
    assert client.post(address).json()["id"] == sent.json()["id"]
    assert client.get(address).json()["search"]["id"] == sent.json()["id"]


def marked(actor: Actor, rows: int) -> Project:
    """Return a project of spans with so many answers, a span and an overlooked stretch doubted in each."""
    schema = {
        "display": [{"type": "text", "field": "text"}],
        "controls": [
            {
                "name": "names", "title": "Names", "type": "spans", "field": "text",
                "labels": [{"value": "who", "title": "Person"}, {"value": "where", "title": "Place"}],
            }
        ],
    }  # fmt: skip
    project = factories.project(actor, schema=schema, suggest_every=0)
    factories.tasks(project, rows)
    project.tasks.update(data={"text": "x" * 100 + " 王小明 <b> " + "y" * 100})
    for _task in range(rows):
        answered(actor, project, answer={"names": [{"id": "a", "start": 101, "end": 104, "label": "where"}]})
    for answer in Annotation.objects.filter(project=project):
        (span,) = answer.answer["names"]
        fields = {"control": "names", "mark": "a", "given": ["where"], "before": span}
        after = {**span, "label": "who"}
        factories.suspect(actor, answer, kind="label", suggested=["who"], after=after, **fields)
        missing = {"id": "new-105-108", "start": 105, "end": 108, "label": "who", "text": "<b>"}
        factories.suspect(
            actor, answer, kind="overlooked", control="names", mark="new-105-108", given=[], suggested=["who"],
            after=missing, score=0.02,
        )  # fmt: skip
    return project


def test_marks_are_shown_in_their_text_and_cost_no_query_each(ann: Actor) -> None:
    counts = []
    for rows in (1, 4):
        project = marked(ann, rows)
        client = browser(ann)
        address = reverse("labeling:label-errors", args=[project.pk])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            body = client.get(address).content.decode()
        assert body.count("data-suspect=") == 2 * rows
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "<mark>王小明</mark> &lt;b&gt; yyy" in body
    assert "…" + "x" * 59 + " <mark>" in body
    assert "<mark>&lt;b&gt;</mark>" in body
    assert "Marked as Person" in body


def test_kinds_narrow_the_page_and_buttons_stay_there(ann: Actor) -> None:
    project = marked(ann, 2)
    body = page(ann, project, control="names", kind="overlooked")
    assert body.count("data-suspect=") == 2
    assert 'aria-current="true">Overlooked' in body
    row = SuspectLabel.objects.filter(project=project, kind="overlooked").first()
    decide = reverse("labeling:label-errors-decide", args=[project.pk]) + "?control=names&kind=overlooked"
    sent = browser(ann).post(decide, {"suspect": row.pk, "decision": "accept"})
    assert sent["Location"].endswith("?control=names&kind=overlooked")
    said = Annotation.objects.get(pk=row.annotation_number).answer["names"]
    assert [span["id"] for span in said] == ["a", "new-105-108"]
    assert page(ann, project, kind="nonsense").count("data-suspect=") == 3


def test_programs_see_control_mark_kind_and_what_changes(ann: Actor) -> None:
    project = marked(ann, 1)
    client = Client(headers={"Authorization": f"Bearer {factories.secret(ann)}"})
    address = f"/api/v1/projects/{project.pk}/label-errors/"
    first, second = client.get(address).json()["results"]
    assert (first["control"], first["mark"], first["kind"]) == ("names", "a", "label")
    assert (first["before"]["label"], first["after"]["label"]) == ("where", "who")
    assert (second["kind"], second["before"], second["after"]["text"]) == ("overlooked", None, "<b>")
    assert [row["id"] for row in client.get(address, {"kind": "overlooked"}).json()["results"]] == [second["id"]]
    assert client.get(address, {"control": ""}).json()["results"] == []
    assert client.get(address, {"kind": "odd"}).status_code == 400


def test_a_suspicion_opens_at_its_mark_and_a_missing_one_at_its_place(ann: Actor) -> None:
    project = marked(ann, 1)
    body = page(ann, project)
    opens = f"?annotation={Annotation.objects.get(project=project).pk}#control=names&amp;mark="
    assert f'{opens}a&amp;label=who"' in body
    assert f'{opens}new-105-108&amp;label=who&amp;from=105&amp;to=108"' in body
    # A choice is no mark: its answer opens as a whole.
    assert "#control" not in page(ann, suspects(ann, 1))
