"""Agreement measured by a job and shown on its page."""

import re
import uuid
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from labeling.models import AgreementReport, Annotation, Progress, Project, Task
from labeling.services.project import schema_for_labels
from labeling.services.quality import measure_agreement, start_measure
from tests import factories
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def measured(actor: Actor, project: Project) -> dict[str, Any]:
    job = start(start_measure(actor=actor, project_id=project.pk))
    result = measure_agreement(job=job, project_id=project.pk)
    assert measure_agreement(job=job, project_id=project.pk) == result
    return AgreementReport.objects.get(project=project).report


def answer(project: Project, person: Actor, values: dict[int, Any]) -> None:
    """Save answers; None is a skipped one."""
    tasks = {task.item_id: task for task in Task.objects.filter(project=project)}
    now = timezone.now()
    Annotation.objects.bulk_create(
        Annotation(
            project=project,
            task=tasks[item],
            annotator_id=person.user_id,
            answer=value,
            skipped=value is None,
            client_key=uuid.uuid4(),
            seconds=1,
            created_at=now,
            updated_at=now,
        )
        for item, value in values.items()
    )
    skipped = sum(value is None for value in values.values())
    Progress.objects.create(project=project, annotator_id=person.user_id, answers=len(values), skipped=skipped)


def crowd(project: Project, people: list[Actor], items: int) -> None:
    """Let all answer all items: right in nine of ten; the last but one at random, the last always spam."""
    random = np.random.default_rng(3)
    truth = random.integers(0, 2, items)
    for number, person in enumerate(people):
        given = np.where(random.random(items) < 0.9, truth, 1 - truth)
        if number == len(people) - 2:
            given = random.integers(0, 2, items)
        if number == len(people) - 1:
            given = np.ones(items, int)
        answer(project, person, {item + 1: {"label": [("ham", "spam")[given[item]]]} for item in range(items)})


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def test_a_report_says_how_far_people_agree_and_who_does_not_look() -> None:
    ann = factories.owner()
    people = [ann, *(factories.member(ann, "annotator") for _number in range(6))]
    project = numbered(ann, 120, overlap=7)
    crowd(project, people, 120)

    (control,) = measured(ann, project)["controls"]

    assert control["kind"] == "labels"
    assert control["agreement"]["items_compared"] == 120
    assert control["agreement"]["krippendorff_alpha"]["nominal"]["value"] < 0.5
    assert len(control["agreement"]["pairs"]) == 21
    warned = {int(row["name"]): row["warning"] for row in control["people"] if row["warning"]}
    assert warned == {people[5].user_id: "random", people[6].user_id: "always_same"}
    assert [row["agreement"] for row in control["disagreeing"]] == sorted(
        row["agreement"] for row in control["disagreeing"]
    )
    assert all(sum(vote["count"] for vote in row["votes"]) == 7 for row in control["disagreeing"])


def test_labels_that_nobody_used_are_named() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 2, overlap=2)
    schema = schema_for_labels(labels=["ham", "spam", "欺诈"], text_field="text")
    Project.objects.filter(pk=project.pk).update(schema=schema)
    for person in (ann, bob):
        answer(project, person, {1: {"label": ["ham"]}, 2: {"label": ["ham"]}})

    (control,) = measured(ann, project)["controls"]
    page = browser(ann).get(reverse("labeling:agreement", args=[project.pk])).content.decode()

    assert control["unused"] == ["spam", "欺诈"]
    assert "Nobody used:" in page
    assert '<span class="chip">欺诈</span>' in page


def test_skipped_answers_do_not_count() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = numbered(ann, 2, overlap=2)
    answer(project, ann, {1: {"label": ["ham"]}, 2: {"label": ["spam"]}})
    answer(project, bob, {1: {"label": ["ham"]}, 2: None})

    (control,) = measured(ann, project)["controls"]

    assert (control["agreement"]["answers"], control["agreement"]["items_compared"]) == (3, 1)


def test_spans_and_shapes_are_compared_by_f1() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    labels = [{"value": "PER"}, {"value": "LOC"}]
    schema = {
        "display": [{"type": "text", "field": "text"}, {"type": "image", "field": "image"}],
        "controls": [
            {"name": "names", "type": "spans", "field": "text", "labels": labels},
            {"name": "boxes", "type": "shapes", "field": "image", "labels": labels, "tools": ["box"]},
        ],
    }
    project = numbered(ann, 1, overlap=2)
    Project.objects.filter(pk=project.pk).update(schema=schema)
    span = {"id": "a", "start": 0, "end": 4, "label": "PER"}
    box = {"id": "b", "type": "box", "label": "LOC", "x": 0, "y": 0, "width": 10, "height": 10}
    answer(project, ann, {1: {"names": [span], "boxes": [box]}})
    answer(project, bob, {1: {"names": [span, {**span, "end": 3, "label": "LOC"}], "boxes": [{**box, "width": 8}]}})

    names, boxes = measured(ann, project)["controls"]

    assert names["agreement"]["f1"]["exact"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert boxes["agreement"]["f1"]["exact"]["value"] == 0
    assert boxes["agreement"]["f1"]["overlap"]["value"] == 1
    assert boxes["agreement"]["mean_overlap"]["overlap"] == pytest.approx(0.8)
    assert names["disagreeing"] == [{"item": 1, "people": 2, "agreement": pytest.approx(0.6667), "votes": []}]


def test_a_measure_on_its_way_is_not_sent_again() -> None:
    ann = factories.owner()
    project = numbered(ann, 1)

    first = start_measure(actor=ann, project_id=project.pk)

    assert start_measure(actor=ann, project_id=project.pk).pk == first.pk
    assert Job.objects.filter(kind="labeling.measure_agreement").count() == 1


def test_the_page_shows_the_report_with_its_evidence() -> None:
    ann = factories.owner()
    people = [ann, *(factories.member(ann, "annotator") for _number in range(6))]
    project = numbered(ann, 120, overlap=7)
    crowd(project, people, 120)
    address = reverse("labeling:agreement", args=[project.pk])
    client = browser(ann)

    before = client.get(address).content.decode()
    sent = client.post(address)
    measured(ann, project)
    page = client.get(address).content.decode()

    assert "Agreement was not measured yet" in before
    assert sent.headers["Location"] == address
    assert "always the same" in page
    assert "as if at random" in page
    assert re.search(
        r"100 % of 120 answers are “spam”; of the others' answers to the same items, \d+ % are\.",
        page.replace("&#x27;", "'"),
    )
    assert "not reliable yet" in page
    item = AgreementReport.objects.get().report["controls"][0]["disagreeing"][0]["item"]
    assert f"{reverse('labeling:results', args=[project.pk])}?item={item}" in page


def test_without_overlap_the_page_says_what_to_do() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    answer(project, ann, {1: {"label": ["ham"]}, 2: {"label": ["spam"]}})
    measured(ann, project)

    page = browser(ann).get(reverse("labeling:agreement", args=[project.pk])).content.decode()

    assert "Nobody answered the same item twice" in page


def test_annotators_do_not_see_how_others_are_judged() -> None:
    ann = factories.owner()
    project = numbered(ann, 1)

    assert (
        browser(factories.member(ann, "annotator")).get(reverse("labeling:agreement", args=[project.pk])).status_code
        == 403
    )


def test_queries_do_not_grow_with_people() -> None:
    ann = factories.owner()
    counts = []
    for size in (3, 6):
        people = [ann, *(factories.member(ann, "annotator") for _number in range(size - 1))]
        project = numbered(ann, 20, overlap=size, name=f"Of {size}")
        crowd(project, people, 20)
        measured(ann, project)
        client = browser(ann)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("labeling:agreement", args=[project.pk])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
