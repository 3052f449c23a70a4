"""The pages of disagreements and of one more answer, without a browser."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.actor import Actor
from labeling.models import Project
from tests import factories
from tests.labeling.crowds import answer, weighed
from tests.labeling.pages.test_project import browser
from tests.labeling.services.test_adjudication import make
from tests.labeling.versions import numbered
from workers.models import Job

pytestmark = pytest.mark.django_db


def body(actor: Actor, project: Project, name: str = "adjudicate", **query: str) -> str:
    return browser(actor).get(reverse(f"labeling:{name}", args=[project.pk]), query).content.decode()


def test_the_page_asks_for_a_job_and_then_opens_the_list() -> None:
    ann, _bob, _cat, project = make()
    assert "The answers were not compared yet" in body(ann, project)
    browser(ann).post(reverse("labeling:adjudicate", args=[project.pk]))
    assert Job.objects.filter(kind="labeling.weigh_answers", params__sends=False).count() == 1
    Job.objects.all().delete()
    weighed(ann, project)
    shown = body(ann, project, label="label=spam", sort="agreement", state="left")
    assert 'data-query="label=label%3Dspam&amp;sort=agreement&amp;state=left"' in shown
    assert "data-may-decide" in shown
    assert "data-may-decide" not in body(factories.member(ann, "engineer"), project)


def test_the_pages_cost_the_same_queries_however_much_there_is() -> None:
    for name in ("adjudicate", "one-more"):
        counts = []
        for items in (2, 30):
            ann, _bob, _cat, project = make(items)
            weighed(ann, project, sends=name == "one-more")
            client = browser(ann)
            client.get(reverse(f"labeling:{name}", args=[project.pk]))
            with CaptureQueriesContext(connection) as queries:
                client.get(reverse(f"labeling:{name}", args=[project.pk]))
            counts.append(len(queries))
        assert counts[0] == counts[1], name


def test_target_and_caps_are_set_and_the_page_says_what_came_of_it() -> None:
    ann, _bob, _cat, project = make()
    place = reverse("labeling:one-more", args=[project.pk])
    fields = {"target": "90", "most_answers": "4", "extra_cap": "1", "weigh_every": "50"}
    refused = browser(ann).post(place, {**fields, "target": "20"})
    assert (refused.status_code, "The target must be 0 for none" in refused.content.decode()) == (400, True)
    assert browser(ann).post(place, fields).status_code == 302
    project.refresh_from_db()
    assert (project.target_confidence, project.most_answers, project.extra_cap, project.weigh_every) == (0.9, 4, 1, 50)
    browser(ann).post(place, {"step": "send"})
    assert Job.objects.filter(kind="labeling.weigh_answers", params__sends=True).count() == 1
    Job.objects.all().delete()
    weighed(ann, project, sends=True)
    shown = body(ann, project, "one-more")
    assert "<b>1</b><span>extra answers asked for, of 1" in shown
    assert "<b>1</b> are not sent, since the cap is met" in shown
    assert "<b>1</b> wait for an answer" in shown


def test_where_nobody_answered_the_same_item_the_page_says_that_nobody_can_differ() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 2)
    answer(bob, project, {1: "ham", 2: "spam"})
    weighed(ann, project)
    assert "Nobody answered the same item twice" in body(ann, project)
    assert "How many people are asked" in body(ann, project)
    _ann, _bob, _cat, shared = make()
    weighed(_ann, shared)
    assert "Nobody answered the same item twice" not in body(_ann, shared)
