"""The page of automatic acceptance: set, switched, looked at, given back; and the same over REST."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from labeling.models import AutoAccept, Project
from labeling.pages.acceptance import plot_of, state_words
from labeling.services.acceptance import Audited, acceptance_page
from labeling.services.acceptance_round import note_last
from tests import factories
from tests.labeling.pages.test_project import browser
from tests.labeling.services.test_acceptance import HAM, SPAM, accept, accepted, accepting, answer, audits, run_job
from tests.labeling.versions import numbered
from workers.models import Job

pytestmark = pytest.mark.django_db


def address(project: Project) -> str:
    return reverse("labeling:acceptance", args=[project.pk])


def post(client: Client, project: Project, **form: Any) -> int:
    return client.post(address(project), form).status_code


def test_it_is_set_and_switched_on_and_off() -> None:
    ann = factories.owner()
    project = numbered(ann, 10)
    client = browser(ann)
    assert "Nothing was accepted yet" in client.get(address(project)).content.decode()
    form = {"step": "settings", "target": "97.5", "audit_share": "10", "labels_from": "150", "gives_back": ""}
    assert post(client, project, **form) == 302
    found = AutoAccept.objects.get()
    assert (found.target, found.audit_share, found.labels_from, found.gives_back) == (0.975, 10, 150, False)
    assert post(client, project, step="switch", accepts="on") == 302
    project.refresh_from_db()
    assert project.accepts
    assert Job.objects.filter(kind="modeling.suggest", subject=f"project:{project.pk}").count() == 1
    assert "Switch it off" in client.get(address(project)).content.decode()
    post(client, project, step="switch", accepts="off")
    project.refresh_from_db()
    assert not project.accepts


@pytest.mark.parametrize(
    ("name", "value"),
    [("target", "49"), ("target", "100"), ("audit_share", "0"), ("audit_share", "51"), ("labels_from", "10")],
)
def test_what_makes_no_sense_is_refused_beside_the_field(name: str, value: str) -> None:
    ann = factories.owner()
    project = numbered(ann, 3)
    form = {"step": "settings", "target": "95", "audit_share": "5", "labels_from": "200", name: value}
    page = browser(ann).post(address(project), form)
    assert page.status_code == 400
    assert page.context["form"].errors.keys() == {name}
    assert not AutoAccept.objects.exists()


def test_where_a_model_cannot_answer_alone_the_page_says_why() -> None:
    ann = factories.owner()
    project = numbered(ann, 3)
    schema = project.schema
    schema["controls"].append({"name": "why", "type": "text", "title": "Why", "required": True})
    Project.objects.filter(pk=project.pk).update(schema=schema)
    client = browser(ann)
    page = client.get(address(project)).content.decode()
    assert "Here these must be answered too: why." in page
    assert "Switch it on" not in page
    post(client, project, step="switch", accepts="on")
    project.refresh_from_db()
    assert not project.accepts


def test_the_page_shows_what_was_accepted_and_measured_and_gives_back() -> None:
    ann = factories.owner()
    project = accepting(ann)
    made = accept(project, list(range(1, 81)))
    assert made is not None
    answer(ann, project, audits(project)[:20], SPAM)
    client = browser(ann)
    page = client.get(address(project)).content.decode()
    assert "20 of 20 audited items: 100 %" in page
    assert "precision-plot" in page
    assert "style=" not in page.split("<main", 1)[1]
    overview = client.get(reverse("labeling:project", args=[project.pk])).content.decode()
    assert "tasks answered by the model" in overview
    assert post(client, project, step="back", below="101") == 400
    assert post(client, project, step="back", round=made.pk) == 302
    assert run_job(project)["tasks"] == 50


def test_a_stop_stands_at_the_top_with_its_figures() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    answer(ann, project, audits(project)[:8], HAM)
    page = browser(ann).get(address(project)).content.decode()
    assert "It switched itself off." in page
    assert "People gave the same answer to 0 of 8 audited items." in page
    assert "50 accepted items are still out of the queue" in page
    run_job(project)
    assert "What was accepted is with people again." in browser(ann).get(address(project)).content.decode()


def test_people_who_only_label_do_not_see_it() -> None:
    ann = factories.owner()
    project = accepting(ann)
    bob = factories.member(ann, "annotator")
    assert browser(bob).get(address(project)).status_code == 403
    tabs = browser(bob).get(reverse("labeling:project", args=[project.pk])).content.decode()
    assert address(project) not in tabs
    eve = factories.member(ann, "reviewer")
    assert browser(eve).get(address(project)).status_code == 200
    assert browser(eve).post(address(project), {"step": "switch", "accepts": "off"}).status_code == 403


def test_the_number_of_queries_does_not_grow_with_rounds_and_items() -> None:
    ann = factories.owner()
    project = accepting(ann, 400)
    client = browser(ann)
    accept(project, list(range(1, 81)))
    answer(ann, project, audits(project)[:5], SPAM)
    client.get(address(project))
    with CaptureQueriesContext(connection) as few:
        client.get(address(project))
    for number in range(1, 4):
        accept(project, list(range(81 * number, 81 * number + 80)), job=number + 1)
    answer(ann, project, audits(project)[5:35], SPAM)
    with CaptureQueriesContext(connection) as many:
        client.get(address(project))
    assert len(many) == len(few)
    assert len(few) <= 20


def test_an_answer_costs_one_query_more_where_answers_are_accepted_and_none_elsewhere() -> None:
    ann = factories.owner()
    counts = []
    for accepts in (False, True):
        project = numbered(ann, 100, suggest_every=0)
        if accepts:
            Project.objects.filter(pk=project.pk).update(accepts=True)
        tasks = list(project.tasks.order_by("pk").values_list("pk", flat=True))
        answer(ann, project, tasks[:1], SPAM)
        with CaptureQueriesContext(connection) as asked:
            answer(ann, project, tasks[1:3], SPAM)
        counts.append(len(asked))
    assert counts[1] == counts[0] + 1


def test_sentences_say_what_became_of_it() -> None:
    ann = factories.owner()
    project = accepting(ann)
    setting = AutoAccept.objects.get()

    def words() -> str:
        return state_words(acceptance_page(actor=ann, project=project), project)

    assert words() == "The next suggestion job looks at what it may accept."
    note_last(setting, {"code": "too_few", "labels": 120, "needed": 1_200})
    assert words() == "There are 120 of the 1,200 labeled items that are needed before it starts."
    note_last(setting, {"code": "no_threshold", "labels": 120, "right": 0.8123, "needed": 258, "target": 0.98})
    assert "is right on 81.2 %, and at no confidence do they vouch for 98 %" in words()
    note_last(setting, {"code": "no_threshold", "labels": 120, "right": None, "target": 0.98})
    assert "Too few items have another label" in words()
    note_last(setting, {"code": "too_small", "sure": 12, "audit": 30})
    assert words() == "12 items reach the confidence, and the audit alone needs 30. People answer them."
    Project.objects.filter(pk=project.pk).update(suggest_every=0)
    project.refresh_from_db()
    assert words().startswith("This project asks for no suggestions by itself")


def test_the_plot_stands_where_the_figures_are() -> None:
    assert plot_of(Audited().to_json(), 0.95) is None
    found = plot_of(Audited(right=98, wrong=2).to_json(), 0.95)
    assert found is not None
    places = [float(found[name].rstrip("%")) for name in ("low", "point", "high")]
    assert 2 <= places[0] < places[1] < places[2] <= 98
    assert not found["is_below"]
    worse = plot_of(Audited(right=10, wrong=20).to_json(), 0.95)
    assert worse is not None
    assert worse["is_below"]


def api(actor: Actor) -> Client:
    return Client(headers={"authorization": f"Bearer {factories.secret(actor)}"})


def test_it_is_set_read_and_given_back_over_rest() -> None:
    ann = factories.owner()
    project = numbered(ann, 100)
    client = api(ann)
    url = reverse("auto-accept", args=[project.pk])
    assert client.get(url).json()["accepts"] is False
    changed = client.patch(url, {"accepts": True, "target": 0.9}, "application/json")
    assert (changed.status_code, changed.json()["accepts"], changed.json()["target"]) == (200, True, 0.9)
    assert client.patch(url, {"target": 1.5}, "application/json").status_code == 400
    project.refresh_from_db()
    made = accept(project, list(range(1, 81)))
    assert made is not None
    answer(ann, project, audits(project)[:3], SPAM)
    shown = client.get(url).json()
    assert (shown["standing"], shown["audited"], shown["measured"]["right"]) == (50, 30, 3)
    (row,) = shown["rounds"]
    assert (row["id"], row["fingerprint"], row["audit"]["waiting"]) == (made.pk, "ab" * 32, 27)
    detail = client.get(reverse("project-detail", args=[project.pk])).json()
    assert (detail["accepts"], detail["progress"]["by_model"]) == (True, 50)
    back = reverse("auto-accept-give-back", args=[project.pk])
    assert client.post(back, {"round": made.pk + 7}, "application/json").status_code == 404
    sent = client.post(back, {"below": 0.98}, "application/json")
    assert (sent.status_code, sent.json()["kind"]) == (202, "labeling.give_back")
    assert run_job(project)["tasks"] == 50
    assert accepted(project) == []


def test_rounds_come_in_pages() -> None:
    ann = factories.owner()
    project = accepting(ann, 1_200)
    for number in range(23):
        assert accept(project, list(range(50 * number + 1, 50 * number + 51)), job=number + 1) is not None
    first = acceptance_page(actor=ann, project=project)
    assert (len(first["rounds"]), first["rounds"][0]["number"]) == (20, 23)
    second = acceptance_page(actor=ann, project=project, before=int(first["next"]))
    assert ([row["number"] for row in second["rounds"]], second["next"]) == ([3, 2, 1], None)
