"""The project pages as the people of an organization see them."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from accounts.models import User
from labeling.models import Annotation, Project
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from tests import factories
from tests.labeling.versions import version
from workers.models import Job

pytestmark = pytest.mark.django_db


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def answered(actor: Actor, project: Project, **fields: Any) -> None:
    (task,) = lease_tasks(actor=actor, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": ["spam"]}, **fields}
    save_answers(actor=actor, project_id=project.pk, answers=[row])


def test_a_manager_without_projects_is_offered_to_make_one() -> None:
    page = browser(factories.owner()).get(reverse("labeling:projects"))
    assert reverse("labeling:project-new") in page.content.decode()


def test_an_annotator_without_projects_is_told_to_wait() -> None:
    ann = factories.owner()
    factories.project(ann, state="archived", name="Old one")
    page = browser(factories.member(ann, "annotator")).get(reverse("labeling:projects")).content.decode()
    assert "Nothing to label now" in page
    assert "Old one" not in page


def test_a_new_project_starts_from_the_labels_of_its_version() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["a", "b", "c"], "kind": ["ham", "spam", "ham"]}, label="kind")
    client = browser(ann)
    form = client.get(reverse("labeling:project-new"), {"version": made.pk}).context["form"]
    schema = json.loads(form.initial["schema"])
    assert [label["value"] for label in schema["controls"][0]["labels"]] == ["ham", "spam"]
    schema["controls"][0]["labels"][1]["hotkey"] = "s"
    fields = {"version": made.pk, "name": "Mails", "schema": json.dumps(schema), "overlap": 2, "guidelines": "# Rules"}
    answer = client.post(reverse("labeling:project-new"), fields)
    project = Project.objects.get()
    assert answer.headers["Location"] == reverse("labeling:project", args=[project.pk])
    assert [(row["value"], row["hotkey"]) for row in project.schema["controls"][0]["labels"]] == [
        ("ham", "1"),
        ("spam", "s"),
    ]
    assert Job.objects.get(kind="labeling.create_tasks").subject == f"project:{project.pk}"


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([{"value": "ham"}], "2 to 1000 labels"),
        ([{"value": "ham", "hotkey": "1"}, {"value": "spam", "hotkey": "1"}], "hotkey"),
        ([{"value": "x" * 300}, {"value": "y"}], "at most 200 characters"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_in_words(labels: list[Any], sentence: str) -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["a"]})
    control = {"name": "label", "type": "choice", "labels": labels}
    schema = {"display": [{"type": "text", "field": "text"}], "controls": [control]}
    fields = {"version": made.pk, "name": "P", "schema": json.dumps(schema), "overlap": 1}
    page = browser(ann).post(reverse("labeling:project-new"), fields)
    assert page.status_code == 400
    assert sentence in page.content.decode()
    # What was asked stands in the editor again.
    assert page.context["setup"]["schema"] == schema


@pytest.mark.parametrize("schema", ["{", "[]", "[" * 100_000, "5"])
def test_a_schema_that_is_no_object_is_refused_and_kept_on_the_page(schema: str) -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["a"]})
    fields = {"version": made.pk, "name": "P", "schema": schema, "overlap": 1}
    page = browser(ann).post(reverse("labeling:project-new"), fields)
    assert page.status_code == 400
    assert page.context["form"].errors["schema"]
    assert page.context["setup"]["fields"] == ["text"]


def test_the_editor_gets_columns_samples_and_the_templates_that_fit() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["a" * 9_000, "</script><b>"], "response1": ["x", "y"], "response2": ["v", "w"]})
    page = browser(ann).get(reverse("labeling:project-new"), {"version": made.pk})
    setup = page.context["setup"]
    assert setup["fields"] == ["text", "response1", "response2"]
    assert [len(row["text"]) for row in setup["samples"]] == [5_000, 12]
    assert "preference" in [offer["name"] for offer in setup["templates"]]
    assert b"</script><b>" not in page.content


def test_the_project_page_shows_progress_people_and_suggestions() -> None:
    ann = factories.owner()
    project = factories.project(ann, name="Mails & more")
    factories.tasks(project, 3)
    answered(ann, project)
    page = browser(ann).get(reverse("labeling:project", args=[project.pk])).content.decode()
    assert "Mails &amp; more" in page
    assert "of 3 answers" in page
    assert "Publish" in page


def test_an_annotator_sees_only_their_own_work() -> None:
    ann = factories.owner()
    User.objects.filter(pk=ann.user_id).update(name="Ann Boss")
    bob = factories.member(ann, "annotator")
    project = factories.project(ann)
    factories.tasks(project, 3)
    answered(ann, project)
    client = browser(bob)
    for name in ("project", "results"):
        page = client.get(reverse(f"labeling:{name}", args=[project.pk])).content.decode()
        assert "Ann Boss" not in page
    assert client.post(reverse("labeling:publish", args=[project.pk])).status_code == 403


def test_answers_are_filtered_by_the_address_and_open_in_the_labeling_page() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = factories.project(ann)
    factories.tasks(project, 4)
    answered(ann, project)
    answered(ann, project, answer={"label": ["ham"]})
    answered(bob, project)
    mine, hams, theirs = Annotation.objects.order_by("pk")
    client = browser(ann)
    address, label = (reverse(f"labeling:{name}", args=[project.pk]) for name in ("results", "label"))
    page = client.get(address, {"label": "label=ham", "person": ann.user_id, "since": "2020-01-01"})
    assert [row.pk for row in page.context["found"].rows] == [hams.pk]
    assert f"{label}?annotation={hams.pk}" in page.content.decode()
    everything = client.get(address).content.decode()
    assert f"annotation={mine.pk}" in everything
    assert f"{label}?annotation={theirs.pk}" not in everything
    review = reverse("labeling:review", args=[project.pk])
    assert f"{review}?annotation={theirs.pk}" in everything
    assert f"{review}?annotation={mine.pk}" not in everything
    # Nonsense in an address finds everything and fails nothing.
    odd = client.get(address, {"label": "x", "person": "y", "since": "z", "cursor": "after:q"})
    assert len(odd.context["found"].rows) == 3
    for query in ({"annotation": hams.pk}, {"item": hams.task.item_id}):
        assert f'data-annotation="{hams.pk}"' in client.get(label, query).content.decode()
    for query in ({"annotation": theirs.pk}, {"item": "99"}, {"annotation": "9" * 30}):
        assert client.get(label, query).status_code == 404


def test_the_results_page_asks_the_database_the_same_for_few_and_many_answers() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    factories.tasks(project, 30)
    client = browser(ann)
    counts = []
    for more in (1, 25):
        for _each in range(more):
            answered(ann, project)
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("labeling:results", args=[project.pk]), {"label": "label=spam", "text": "text"})
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_publishing_from_the_page_sends_a_job() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    fields = {"validation": "0.1", "test": "0.2", "seed": "0", "keep_labels": "on"}
    browser(ann).post(reverse("labeling:publish", args=[project.pk]), fields)
    assert Job.objects.get(kind="labeling.publish").params["seed"] == 0


def test_pausing_and_opening() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    browser(ann).post(reverse("labeling:project-state", args=[project.pk]), {"state": "paused"})
    project.refresh_from_db()
    assert project.state == "paused"


def test_questions_are_changed_after_a_look_at_what_happens() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["text 1", "text 2"]})
    project = factories.project(ann, version=made, labels=("ham", "spam", "junk"))
    factories.tasks(project, 2)
    answered(ann, project)
    client = browser(ann)
    address = reverse("labeling:questions", args=[project.pk])
    assert address in client.get(reverse("labeling:project", args=[project.pk])).content.decode()
    assert client.get(address).context["setup"]["schema"] == project.schema
    new = {**project.schema, "controls": [{**project.schema["controls"][0]}]}
    new["controls"][0]["labels"] = [{"value": "ham"}, {"value": "scam"}]
    fields = {"schema": json.dumps(new), "schema_revision": 1, "step": "preview"}
    page = client.post(address, fields)
    assert [(row["value"], row["count"]) for row in page.context["preview"]["gone"]] == [("spam", 1), ("junk", 0)]
    assert "stay, marked as incomplete" in page.content.decode()
    assert "get the new names" in client.post(address, {**fields, "wish_0": "to:scam"}).content.decode()
    project.refresh_from_db()
    assert project.schema_revision == 1
    client.post(address, {**fields, "wish_0": "to:scam", "wish_1": "again", "step": "save"})
    project.refresh_from_db()
    assert [row["value"] for row in project.schema["controls"][0]["labels"]] == ["ham", "scam"]
    change = project.schema_revisions.get()
    assert (change.renamed, change.reopened) == ([["label", "spam", "scam"]], [["label", "junk"]])
    assert Job.objects.filter(kind="labeling.migrate_answers").count() == 1
    late = client.post(address, {**fields, "step": "save"})
    assert late.status_code == 400
    assert "Somebody changed the questions meanwhile" in late.content.decode()


def test_questions_that_cannot_be_asked_are_refused_on_the_page() -> None:
    ann = factories.owner()
    project = factories.project(ann, version=version(ann, {"text": ["a"]}))
    address = reverse("labeling:questions", args=[project.pk])
    for text, sentence in (("{", "not valid JSON"), ('{"display": [], "controls": []}', "display")):
        page = browser(ann).post(address, {"schema": text, "schema_revision": 1, "step": "preview"})
        assert (page.status_code, sentence in page.content.decode()) == (400, True)


def test_the_questions_page_asks_the_database_the_same_for_few_and_many_answers() -> None:
    ann = factories.owner()
    project = factories.project(ann, version=version(ann, {"text": ["a"]}))
    factories.tasks(project, 30)
    client = browser(ann)
    fields = {"schema": json.dumps(project.schema), "schema_revision": 1, "step": "preview"}
    counts = []
    for more in (1, 25):
        for _each in range(more):
            answered(ann, project)
        with CaptureQueriesContext(connection) as seen:
            assert client.post(reverse("labeling:questions", args=[project.pk]), fields).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_labeling_page_sets_the_csrf_cookie_and_names_its_project() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    page = browser(ann).get(reverse("labeling:label", args=[project.pk]))
    assert "csrftoken" in page.cookies
    assert f'data-project="{project.pk}"' in page.content.decode()


@pytest.mark.parametrize("name", ["project", "label", "results", "publish", "project-state", "questions"])
def test_another_organization_finds_no_page(name: str) -> None:
    project = factories.project(factories.owner())
    client = browser(factories.owner("Eve's"))
    address = reverse(f"labeling:{name}", args=[project.pk])
    fields = {"state": "paused", "validation": 0.1, "test": 0.1, "seed": 0}
    answer = client.post(address, fields) if name in {"publish", "project-state"} else client.get(address)
    project.refresh_from_db()
    assert answer.status_code == 404
    assert project.state == "open"
    assert not Job.objects.exists()


def test_scripts_in_names_texts_and_guidelines_stay_text() -> None:
    ann = factories.owner()
    evil = "<script>alert(1)</script>"
    project = factories.project(ann, name=evil, guidelines=evil)
    (task,) = factories.tasks(project, 1)
    task.data = {"text": evil}
    task.save()
    answered(ann, project)
    client = browser(ann)
    for name in ("project", "results", "label"):
        page = client.get(reverse(f"labeling:{name}", args=[project.pk])).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_guidelines_are_shown_as_markdown_that_runs_nothing() -> None:
    ann = factories.owner()
    text = "**Mind** the <script>alert(1)</script> [here](javascript:alert(1)) ![x](http://elsewhere.example/x.png)"
    project = factories.project(ann, guidelines=text)
    page = browser(ann).get(reverse("labeling:project", args=[project.pk])).content.decode()
    assert "<strong>Mind</strong> the &lt;script&gt;" in page
    assert 'href="javascript' not in page
    assert "<img" not in page
