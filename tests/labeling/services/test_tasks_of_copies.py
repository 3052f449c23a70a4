"""Changed copies of items are no tasks, and a published version has none: their labels would be the old ones."""

import uuid
from typing import Any

import pytest

from accounts.actor import Actor
from curation.models import Version
from curation.services.dataset import create_dataset
from curation.services.provenance import provenance_in_version
from curation.services.run import start_run
from curation.services.version import open_version
from labeling import tasks as labeling_tasks
from labeling.models import Project, Task
from labeling.services.answer import save_answers
from labeling.services.project import create_project, schema_for_labels, start_publish
from labeling.services.queue import lease_tasks
from tests import factories
from tests.curation.services.test_import import work
from tests.curation.services.test_provenance import import_
from workers.models import Job

pytestmark = pytest.mark.django_db
POLICY = "version: 1\ncopies: 1\nsteps:\n- use: swap_words\n"
PLAN = {"steps": [{"name": "augment", "params": {"policy": POLICY}}]}
CSV = "text,split\none two three four,train\nfive six seven eight,test\nnine ten eleven twelve,train\n"


def done(job: Job, handler: Any) -> dict[str, Any]:
    handler(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "succeeded", job.error
    return dict(job.result)


def augmented(actor: Actor) -> Version:
    dataset = create_dataset(actor=actor, name="Numbers")
    first = import_(actor, dataset.pk, CSV, licence="CC0")
    _run, job = start_run(actor=actor, version_id=first.result["version"], steps=PLAN)
    return Version.objects.get(pk=work(job).result["version"])


def answer(actor: Actor, project: Project) -> None:
    held = lease_tasks(actor=actor, project_id=project.pk, count=50, holding=[])["tasks"]
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": {"label": ["a"]},
        }
        for task in held
    ]
    save_answers(actor=actor, project_id=project.pk, answers=rows)


def test_copies_are_not_handed_out_and_a_published_version_has_none() -> None:
    actor = factories.owner()
    version = augmented(actor)
    schema = schema_for_labels(labels=["a", "b"], text_field="text")
    project, job = create_project(actor=actor, version_id=version.pk, name="All", schema=schema)
    done(job, labeling_tasks.create_tasks)
    assert sorted(Task.objects.filter(project=project).values_list("item_id", flat=True)) == [1, 2, 3]
    answer(actor, project)
    published = done(start_publish(actor=actor, project_id=project.pk, options={}), labeling_tasks.publish)
    with open_version(Version.objects.get(pk=published["version"])) as reader:
        rows = reader.table().to_pylist()
    assert [(row["item_id"], row["label"], row["augmented_from"]) for row in rows] == [
        (1, "a", None), (2, "a", None), (3, "a", None),
    ]  # fmt: skip
    assert published["left_out"] == 2


def test_a_copy_has_the_licence_of_its_item() -> None:
    actor = factories.owner()
    version = augmented(actor)
    assert version.licence == "CC0"
    with open_version(version) as reader:
        copies = [row["item_id"] for row in reader.table().to_pylist() if row["augmented_from"] is not None]
    assert len(copies) == 2
    found = [provenance_in_version(actor=actor, version=version, item_id=item) for item in copies]
    assert {(one.licence, one.file_name) for one in found} == {("CC0", "a.csv")}
