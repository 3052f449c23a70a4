"""More answers for a random share of the tasks."""

import pytest

from accounts.actor import Actor
from labeling.engine.lots import is_drawn
from labeling.models import Project, Task
from labeling.services.project import change_project, create_project, schema_for_labels
from labeling.services.queue import lease_tasks
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.versions import start, version
from workers.models import Job

pytestmark = pytest.mark.django_db
SCHEMA = schema_for_labels(labels=["ham", "spam"], text_field="text")


def made(count: int, **fields: int) -> tuple[Actor, Project]:
    ann = factories.owner()
    texts = version(ann, {"text": [f"text {n}" for n in range(count)]})
    project, job = create_project(actor=ann, version_id=texts.pk, name="P", schema=SCHEMA, **fields)
    make_tasks(job=start(job), project_id=project.pk)
    project.refresh_from_db()
    return ann, project


def change(actor: Actor, project: Project, **fields: int) -> None:
    change_project(actor=actor, project_id=project.pk, **fields)
    job = Job.objects.latest("pk")
    make_tasks(job=start(job), **job.params)
    project.refresh_from_db()


def overlaps(project: Project) -> dict[int, int]:
    return dict(Task.objects.filter(project=project).values_list("item_id", "overlap"))


def test_the_share_is_drawn_by_seed_and_item() -> None:
    _ann, project = made(400, overlap_share=20, overlap_in_share=3, overlap_seed=7)
    drawn = {item for item in range(1, 401) if is_drawn(item, 7, 20)}
    assert 60 < len(drawn) < 100
    assert overlaps(project) == {item: 3 if item in drawn else 1 for item in range(1, 401)}
    assert project.answers_wanted == 400 + 2 * len(drawn)
    assert not Task.objects.exclude(open_slots__gte=1).exists()


@pytest.mark.parametrize(("share", "wanted"), [(0, 10), (100, 20)])
def test_none_and_all_are_shares_too(share: int, wanted: int) -> None:
    _ann, project = made(10, overlap_share=share)
    assert project.answers_wanted == wanted


def test_a_larger_share_holds_the_smaller_one() -> None:
    small = {item for item in range(1, 2_001) if is_drawn(item, 3, 10)}
    large = {item for item in range(1, 2_001) if is_drawn(item, 3, 30)}
    assert small < large


def test_another_share_concerns_only_tasks_that_nobody_has() -> None:
    ann, project = made(50)
    held = {task["item_id"] for task in lease_tasks(actor=ann, project_id=project.pk, count=20, holding=[])["tasks"]}
    change(ann, project, overlap_share=100, overlap_in_share=2)
    assert overlaps(project) == {item: 1 if item in held else 2 for item in range(1, 51)}
    assert project.answers_wanted == 20 + 2 * 30
    # Somebody new gets the untouched ones twice over and none of those that are held.
    bob = factories.member(ann, "annotator")
    found = lease_tasks(actor=bob, project_id=project.pk, count=50, holding=[])["tasks"]
    assert {task["item_id"] for task in found} == set(range(1, 51)) - held


def test_the_share_can_be_taken_back() -> None:
    ann, project = made(50, overlap_share=50, overlap_in_share=4)
    change(ann, project, overlap_share=0)
    assert set(overlaps(project).values()) == {1}
    assert project.answers_wanted == 50


def test_another_overlap_reaches_all_tasks_and_leaves_the_share_its_own() -> None:
    ann, project = made(60, overlap_share=50, overlap_in_share=4, overlap_seed=1)
    change(ann, project, overlap=2)
    assert overlaps(project) == {item: 4 if is_drawn(item, 1, 50) else 2 for item in range(1, 61)}


def test_progress_counts_the_share() -> None:
    ann, project = made(10, overlap_share=100, overlap_in_share=3)
    answer = lease_tasks(actor=ann, project_id=project.pk, count=1, holding=[])
    assert answer["progress"]["total"] == 30
