"""What the project page says about further labels and about the order of the tasks."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from labeling.models import Project
from labeling.pages.learning import curve_rows, learning_sentence
from tests import factories
from tests.labeling.pages.test_project import browser
from workers.models import Job

pytestmark = pytest.mark.django_db

LEARNING = {
    "labels": 200,
    "points": [
        {"labels": 10, "accuracy": 0.61, "low": 0.5, "high": 0.7},
        {"labels": 150, "accuracy": 0.8, "low": 0.75, "high": 0.85},
    ],
    "fit": {"limit": 0.9, "scale": 1.0, "exponent": 0.5},
    "now": 0.8293,
    "next": 100,
    "gain": 0.013,
    "pays": True,
}


def test_the_chart_goes_on_where_the_measurements_end() -> None:
    assert curve_rows(LEARNING) == [
        {"labels": 10, "expected": 58.4, "accuracy": 61.0},
        {"labels": 150, "expected": 81.8, "accuracy": 80.0},
        {"labels": 200, "expected": 82.9},
        {"labels": 250, "expected": 83.7},
        {"labels": 300, "expected": 84.2},
    ]
    assert curve_rows(None) == []


def test_a_sentence_says_whether_more_labels_pay() -> None:
    assert learning_sentence(LEARNING) == (
        "With 200 labels a quick model is right on about 82.9 % of items. "
        "The next 100 would bring about 1.3 points more."
    )
    assert learning_sentence({**LEARNING, "labels": 12_000, "gain": 0.002, "pays": False}) == (
        "With 12,000 labels a quick model is right on about 82.9 % of items. The next 100 would bring 0.2 points: "
        "more labels stop paying. Look for wrong labels, or train a larger model."
    )
    assert "from 40 labeled items on" in learning_sentence(None)


def test_the_page_shows_the_curve_to_those_who_see_all_and_costs_the_same() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    address = reverse("labeling:project", args=[project.pk])
    with CaptureQueriesContext(
        connection,
    ) as before:
        assert "<line-chart" not in browser(ann).get(address).content.decode()
    Project.objects.update(learning=LEARNING)
    with CaptureQueriesContext(connection) as after:
        page = browser(ann).get(address).content.decode()
    assert "<line-chart" in page
    assert "The next 100 would bring about 1.3 points more." in page
    assert len(after) == len(before)
    seen = browser(factories.member(ann, "annotator")).get(address).content.decode()
    assert "Do more labels pay?" not in seen


def test_a_manager_chooses_the_order() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    address = reverse("labeling:project-order", args=[project.pk])
    assert browser(ann).post(address, {"order": "margin"}).status_code == 302
    project.refresh_from_db()
    assert project.order == "margin"
    assert Job.objects.filter(kind="modeling.suggest").count() == 1
    browser(ann).post(address, {"order": "luck"})
    project.refresh_from_db()
    assert project.order == "margin"
    assert browser(factories.member(ann, "annotator")).post(address, {"order": "came"}).status_code == 403


def test_a_manager_has_the_model_learn_now() -> None:
    ann = factories.owner()
    project = factories.project(ann)
    answer = browser(ann).post(reverse("modeling:suggest", args=[project.pk]))
    assert answer.headers["Location"] == reverse("labeling:project", args=[project.pk])
    assert Job.objects.get(kind="modeling.suggest").subject == f"project:{project.pk}"
