"""Tasks made from versions."""

import pytest

from core.errors import Conflict, DomainError
from curation.services.version import restore_version, trash_version
from labeling.models import Progress, Project, Task
from labeling.services.project import change_project, create_project, schema_for_labels
from labeling.services.queue import lease_tasks
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.versions import start, version
from workers.context import JobCancelled
from workers.models import Job
from workers.services.job import cancel_job

pytestmark = pytest.mark.django_db
SCHEMA = schema_for_labels(labels=["ham", "spam"], text_field="text")


def test_every_item_becomes_one_task_with_the_shown_fields_alone() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["one", "zwei\0", None], "secret": ["a", "b", "c"]})
    project, job = create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA, overlap=2)
    assert make_tasks(job=start(job), project_id=project.pk) == {"project": project.pk, "tasks": 3}
    rows = list(Task.objects.order_by("pk").values_list("item_id", "data", "overlap", "open_slots"))
    assert rows == [(1, {"text": "one"}, 2, 2), (2, {"text": "zwei\ufffd"}, 2, 2), (3, {"text": None}, 2, 2)]
    project.refresh_from_db()
    assert (project.task_count, project.answers_wanted) == (3, 6)


def test_making_tasks_twice_changes_nothing() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["one", "two"]})
    project, job = create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)
    context = start(job)
    make_tasks(job=context, project_id=project.pk)
    Task.objects.order_by("pk").last().delete()
    Project.objects.update(task_count=1)
    context.state = {}
    assert make_tasks(job=context, project_id=project.pk)["tasks"] == 2
    assert Task.objects.count() == 2


def test_a_second_attempt_goes_on_where_the_first_stopped() -> None:
    ann = factories.owner()
    made = version(ann, {"text": [f"text {n}" for n in range(25_000)]})
    project, job = create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)
    context = start(job)
    cancel_job(actor=ann, job_id=job.pk)
    with pytest.raises(JobCancelled):
        make_tasks(job=context, project_id=project.pk)
    assert Task.objects.count() == 10_000
    job.refresh_from_db()
    Job.objects.filter(pk=job.pk).update(state="queued")
    again = start(job)
    assert again.state == {"rows": 10_000}
    assert make_tasks(job=again, project_id=project.pk)["tasks"] == 25_000


def test_a_raised_overlap_opens_tasks_that_were_full() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    made = version(ann, {"text": ["one", "two"]})
    project, job = create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)
    make_tasks(job=start(job), project_id=project.pk)
    held = {"project_id": project.pk, "count": 5, "holding": []}
    assert len(lease_tasks(actor=ann, **held)["tasks"]) == 2
    assert lease_tasks(actor=bob, **held)["tasks"] == []
    change_project(actor=ann, project_id=project.pk, overlap=2)
    make_tasks(job=start(Job.objects.latest("pk")), project_id=project.pk)
    assert set(Progress.objects.values_list("cursor_rank", flat=True)) == {float("-inf")}
    assert len(lease_tasks(actor=bob, **held)["tasks"]) == 2
    assert lease_tasks(actor=ann, **held)["tasks"] == []


def test_a_lowered_overlap_keeps_what_people_hold() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    made = version(ann, {"text": ["one", "two"]})
    project, job = create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA, overlap=3)
    make_tasks(job=start(job), project_id=project.pk)
    for actor in (ann, bob):
        lease_tasks(actor=actor, project_id=project.pk, count=1, holding=[])
    change_project(actor=ann, project_id=project.pk, overlap=1)
    make_tasks(job=start(Job.objects.latest("pk")), project_id=project.pk)
    assert list(Task.objects.order_by("pk").values_list("overlap", "open_slots")) == [(2, 0), (1, 1)]


def test_a_project_shows_only_columns_that_are_there() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["one"]})
    schema = schema_for_labels(labels=["a", "b"], text_field="body")
    with pytest.raises(DomainError) as caught:
        create_project(actor=ann, version_id=made.pk, name="P", schema=schema)
    assert caught.value.code == "schema_invalid"
    assert "it has item_id, text" in str(caught.value.detail)


def test_two_projects_of_one_name_are_refused() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["one"]})
    create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)
    with pytest.raises(Conflict) as caught:
        create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)
    assert caught.value.code == "project_exists"


def test_no_project_is_made_on_a_version_in_the_trash() -> None:
    ann = factories.owner()
    made = version(ann, {"text": ["one"]})
    trash_version(actor=ann, version_id=made.pk)
    with pytest.raises(Conflict) as refused:
        create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)
    assert refused.value.code == "version_trashed"
    assert not Project.objects.exists()
    restore_version(actor=ann, version_id=made.pk)
    create_project(actor=ann, version_id=made.pk, name="P", schema=SCHEMA)


def test_a_large_project_starts_with_typical_tasks() -> None:
    ann = factories.owner()
    for count, order, sent in ((999, "mix", 0), (1_000, "margin", 0), (1_000, "mix", 1)):
        made = version(ann, {"text": [f"text {n}" for n in range(count)]})
        project, job = create_project(
            actor=ann, version_id=made.pk, name=f"{count} {order}", schema=SCHEMA, order=order
        )
        context = start(job)
        make_tasks(job=context, project_id=project.pk)
        make_tasks(job=context, project_id=project.pk)
        assert Job.objects.filter(kind="modeling.suggest", subject=f"project:{project.pk}").count() == sent
