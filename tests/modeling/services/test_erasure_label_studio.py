"""A person in tasks that were sent through Label Studio's API, with and without a version that has them."""

import pytest

from accounts.actor import Actor
from curation.models import Version
from curation.services.version import open_version
from labeling.models import LabelStudioTask, Project, Task
from labeling.services.label_studio.intake import import_tasks
from labeling.services.label_studio.project import make_project
from tests.labeling.label_studio import CHOICES, chosen
from tests.modeling.services.test_erasure import MAIL, NAME, actor, asked, erased, own_places, places_of, well
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["actor", "own_places"]


def grown(project: Project) -> Version:
    """Do the job that brings new items into a version to its end, and return the version."""
    well(Job.objects.filter(kind="labeling.grow_version", state="queued").order_by("-pk").first())
    return Project.objects.select_related("version").get(pk=project.pk).version


def test_a_person_is_gone_from_what_was_sent(actor: Actor) -> None:
    project = make_project(actor=actor, title="News", label_config=CHOICES, description=f"of {NAME}")
    answered = {"annotations": [{"result": chosen("news")}], "predictions": [{"result": chosen("news")}]}
    import_tasks(
        actor=actor,
        project_id=project.pk,
        rows=[{"data": {"text": f"{NAME} wrote"}, **answered}, {"text": "stays"}, {"text": "too", "from": MAIL}],
    )
    grown(project)
    # These are in no version yet; of the second one the page shows nothing of the person.
    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": f"call {NAME}"}, {"text": "x", "to": MAIL}])
    import_tasks(actor=actor, project_id=project.pk, rows=[{"data": {"text": "stays too"}, "meta": {"n": 1}}])
    erasure = asked(actor, texts=[NAME, MAIL])
    assert sorted(erasure.hits.values_list("item_id", flat=True)) == [1, 3, 4, 5]
    erased(actor, erasure)
    assert places_of(NAME, MAIL) == set()
    assert list(LabelStudioTask.objects.order_by("item_id").values_list("item_id", flat=True)) == [2, 6]
    with open_version(grown(project)) as reader:
        assert reader.table(["item_id", "text"]).to_pylist() == [
            {"item_id": 2, "text": "stays"}, {"item_id": 6, "text": "stays too"},
        ]  # fmt: skip
    assert Task.objects.count() == 2
