"""The page of people and work as managers use it."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Membership
from labeling.models import Lease, Progress, Project
from labeling.services.quality import measure_agreement, start_measure
from tests import factories
from tests.labeling.crowds import answer
from tests.labeling.pages.test_project import browser
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db


def address(project: Project) -> str:
    return reverse("labeling:people", args=[project.pk])


def assigned(project: Project) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for person, item in Lease.objects.filter(project=project, assigned=True).values_list("annotator", "task__item_id"):
        found.setdefault(person, []).append(item)
    return {person: sorted(items) for person, items in found.items()}


def form(*people: int, **fields: Any) -> dict[str, Any]:
    return {"step": "assign", "people": list(people), "each": 1, **fields}


def test_a_manager_gives_items_out_and_takes_them_back() -> None:
    ann = factories.owner()
    bob, cleo = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 6)
    client = browser(ann)
    answer = client.post(address(project), form(bob.user_id, cleo.user_id, items="1-4"), follow=True)
    assert "4 tasks were given out." in answer.content.decode()
    assert assigned(project) == {bob.user_id: [1, 3], cleo.user_id: [2, 4]}
    answer = client.post(address(project), {"step": "take", "person": bob.user_id}, follow=True)
    assert "2 tasks were taken back." in answer.content.decode()
    assert assigned(project) == {cleo.user_id: [2, 4]}


def test_the_filter_of_the_grid_travels_along() -> None:
    ann = factories.owner()
    project = numbered(ann, 6)
    client = browser(ann)
    page = client.get(address(project), {"label": "label=spam", "items": "2-3"})
    assert page.context["hidden"] == {"label": "label=spam"}
    assert page.context["assign"]["items"].value() == "2-3"
    client.post(address(project), form(ann.user_id, items="2-3", label="label=spam"))
    assert assigned(project) == {}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"items": "five"}, "five"),
        ({"people": []}, "This field is required."),
        ({"skill_column": "text"}, "has a skill noted"),
        ({"each": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_given_out_is_told_beside_the_form(fields: dict[str, Any], sentence: str) -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    page = browser(ann).post(address(project), {**form(ann.user_id), **fields})
    assert page.status_code == 400
    assert sentence in page.content.decode()
    assert assigned(project) == {}


def test_overlap_and_share_are_changed_and_a_job_brings_the_tasks_in_line() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    fields = {"overlap": 1, "overlap_share": 10, "overlap_in_share": 3, "overlap_seed": 5}
    browser(ann).post(address(project), {"step": "overlap", **fields})
    project.refresh_from_db()
    assert {name: getattr(project, name) for name in fields} == fields
    assert Job.objects.get(kind="labeling.create_tasks").params["only_untouched"] is True
    refused = browser(ann).post(address(project), {"step": "overlap", **fields, "overlap_share": 101})
    assert refused.status_code == 400


def test_a_project_can_hand_out_only_what_is_given() -> None:
    ann = factories.owner()
    project = numbered(ann, 2)
    browser(ann).post(address(project), {"step": "pull", "only_assigned": "on"})
    project.refresh_from_db()
    assert project.only_assigned is True
    browser(ann).post(address(project), {"step": "pull"})
    project.refresh_from_db()
    assert project.only_assigned is False


def test_people_who_only_label_do_not_come_here() -> None:
    ann = factories.owner()
    project = numbered(ann, 1)
    assert browser(factories.member(ann, "annotator")).get(address(project)).status_code == 403
    assert browser(factories.owner("Sue's")).get(address(project)).status_code == 404


def test_the_page_asks_the_same_of_the_database_for_one_person_and_for_many() -> None:
    ann = factories.owner()
    project = numbered(ann, 4)
    client = browser(ann)
    client.post(address(project), form(ann.user_id, items="1"))
    client.get(address(project))
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(address(project))
    people = [factories.member(ann, "annotator").user_id for _ in range(5)]
    Progress.objects.bulk_create([Progress(project=project, annotator_id=person) for person in people])
    client.post(address(project), form(*people, items="2-4"))
    client.get(address(project))
    with CaptureQueriesContext(connection) as many:
        client.get(address(project))
    assert len(few) == len(many)


def test_people_of_whom_a_measure_warns_and_people_who_left_are_named_so() -> None:
    ann = factories.owner()
    people = [ann, *(factories.member(ann, "annotator") for _number in range(4))]
    project = numbered(ann, 60, overlap=5)
    for number, person in enumerate(people):
        said = {item + 1: ("ham", "spam")[item % 2] if number < 4 else "ham" for item in range(50)}
        answer(person, project, said)
    client = browser(ann)
    assert "always the same" not in client.get(address(project)).content.decode()
    job = start_measure(actor=ann, project_id=project.pk)
    measure_agreement(job=start(job), project_id=project.pk)
    Membership.objects.filter(user=people[1].user_id).delete()
    shown = client.get(address(project))
    rows = {row["user"]: (str(row["warned"]), row["gone"]) for row in shown.context["figures"]["people"]}
    assert [rows[person.user_id] for person in people] == [
        ("", False), ("", True), ("", False), ("", False), ("always the same", False)
    ]  # fmt: skip
    assert "labels here no more" in shown.content.decode()


def test_people_who_only_label_learn_nothing_of_the_work_of_others() -> None:
    ann = factories.owner()
    bob, cat = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    project = numbered(ann, 2, overlap=2)
    for person in (bob, cat):
        answer(person, project, {1: "ham"})
    place = reverse("project-detail", args=[project.pk])
    seen = {who: browser(who).get(place).json()["progress"] for who in (ann, bob)}
    assert [row["user"] for row in seen[ann]["people"]] == [bob.user_id, cat.user_id]
    assert [row["user"] for row in seen[bob]["people"]] == [bob.user_id]
    assert seen[bob]["answers"] == 2
