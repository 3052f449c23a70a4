"""Items that come to a project under way: tasks at once, versions behind."""

import pytest

from accounts.actor import Actor
from core.errors import Conflict
from curation.models import Provenance
from curation.services.version import open_version
from labeling.models import LabelStudioImport, LabelStudioTask, Project, Task
from labeling.services.export import start_export
from labeling.services.growth import NewItem, add_items, reserve_items, run_growth
from labeling.services.label_studio.intake import import_tasks
from labeling.services.label_studio.project import make_project
from labeling.services.project import change_project, project_figures, start_publish
from labeling.services.publish import publish_labels
from labeling.services.queue import lease_tasks
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.label_studio import CHOICES, chosen, grown
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def project(actor: Actor) -> Project:
    return make_project(actor=actor, title="News", label_config=CHOICES)


def rows_of(project: Project) -> list[dict]:
    with open_version(project.version) as reader:
        return reader.table().to_pylist()


def test_a_project_begins_without_items(project: Project, actor: Actor) -> None:
    assert (project.task_count, project.version.row_count) == (0, 0)
    assert project.version.manifest["columns"] == [["item_id", "int64"], ["text", "string"]]
    assert lease_tasks(actor=actor, project_id=project.pk, count=5, holding=[])["tasks"] == []


def test_tasks_are_there_at_once_and_items_soon_after(project: Project, actor: Actor) -> None:
    # Somebody looked at the empty queue before: they get what comes later.
    lease_tasks(actor=actor, project_id=project.pk, count=5, holding=[])
    made = import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "a", "n": 1}, {"text": "b", "n": 2}])
    leased = lease_tasks(actor=actor, project_id=project.pk, count=5, holding=[])["tasks"]
    assert [task["id"] for task in leased] == made["task_ids"]
    # People see what the XML shows, and nothing else that was sent.
    assert Task.objects.get(pk=made["task_ids"][0]).data == {"text": "a"}
    project = grown(project)
    assert rows_of(project) == [{"item_id": 1, "text": "a", "n": 1}, {"item_id": 2, "text": "b", "n": 2}]
    assert (project.version.number, project.version.parent.row_count, project.task_count) == (2, 0, 2)
    assert not LabelStudioTask.objects.filter(waiting__isnull=False).exists()


def test_many_small_imports_become_one_version(project: Project, actor: Actor) -> None:
    for number in range(5):
        import_tasks(actor=actor, project_id=project.pk, rows=[{"text": f"text {number}"}])
    assert Job.objects.filter(kind="labeling.grow_version").count() == 1
    project = grown(project)
    assert (project.version.number, [row["text"] for row in rows_of(project)]) == (
        2, [f"text {number}" for number in range(5)],
    )  # fmt: skip
    sources = Provenance.objects.filter(version=project.version).order_by("first_item_id")
    assert [(row.first_item_id, row.last_item_id) for row in sources] == [(n, n) for n in range(1, 6)]
    assert len({row.file_name for row in sources}) == 5


def test_earlier_items_keep_their_places_and_columns_grow(project: Project, actor: Actor) -> None:
    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "a", "n": 1}])
    first = grown(project)
    before = Task.objects.get(project=project)
    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "b", "n": "two", "more": [1, {"x": None}]}])
    second = grown(project)
    assert (second.version.parent, second.version.number) == (first.version, 3)
    assert rows_of(second) == [
        {"item_id": 1, "text": "a", "n": "1", "more": None},
        {"item_id": 2, "text": "b", "n": "two", "more": '[1,{"x":null}]'},
    ]
    assert Task.objects.get(pk=before.pk).item_id == 1


def test_a_job_done_twice_adds_nothing_twice(project: Project, actor: Actor) -> None:
    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "a"}])
    job = Job.objects.get(kind="labeling.grow_version")
    context = start(job)
    once = run_growth(job=context, project_id=project.pk)
    assert run_growth(job=context, project_id=project.pk) == once == {"version": once["version"], "added": 1}
    project.refresh_from_db()
    assert (project.version_id, project.version.row_count) == (once["version"], 1)
    # A second job finds nothing to do.
    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "b"}])
    grown(project)
    other = factories.job(actor)
    assert run_growth(job=start(other), project_id=project.pk)["added"] == 0


def test_two_jobs_at_once_lose_no_item(project: Project, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run commits while the first one writes: the first goes behind it."""
    import labeling.services.growth as growth

    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "a"}])
    write, raced = growth._write, []

    def slow(*arguments: object) -> object:
        found = write(*arguments)
        if not raced:
            raced.append(True)
            import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "b"}])
            run_growth(job=start(factories.job(actor)), project_id=project.pk)
            import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "c"}])
        return found

    monkeypatch.setattr(growth, "_write", slow)
    found = grown(project)
    assert [(row["item_id"], row["text"]) for row in rows_of(found)] == [(1, "a"), (2, "b"), (3, "c")]
    assert found.version.row_count == found.task_count == 3


def test_publishing_and_exporting_wait_for_the_version(project: Project, actor: Actor) -> None:
    answered = {"annotations": [{"result": chosen("sport")}]}
    import_tasks(
        actor=actor, project_id=project.pk, rows=[{"data": {"text": "a"}, **answered}, {"data": {"text": "b"}}]
    )
    for do in (
        lambda: start_publish(actor=actor, project_id=project.pk, options={}),
        lambda: start_export(actor=actor, project_id=project.pk, file_format="jsonl", options={}),
    ):
        with pytest.raises(Conflict) as error:
            do()
        assert error.value.code == "items_arriving"
    project = grown(project)
    job = start_publish(actor=actor, project_id=project.pk, options={"split": False})
    context = start(job)
    publish_labels(job=context, **job.params)
    published = project.version.children.get(kind="publish")
    with open_version(published) as reader:
        labels = [(row["text"], row["label"]) for row in reader.table().to_pylist()]
    assert labels == [("a", "sport"), ("b", None)]
    # What comes afterwards stands behind the project's own version, not behind the published one.
    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "c"}])
    assert [row["text"] for row in rows_of(grown(project))] == ["a", "b", "c"]


def test_places_follow_the_project_and_the_answers_that_come(project: Project, actor: Actor) -> None:
    change_project(actor=actor, project_id=project.pk, overlap=2)
    many = [{"completed_by": {"email": f"p{n}@example.com"}, "result": chosen("sport")} for n in range(3)]
    import_tasks(actor=actor, project_id=project.pk, rows=[{"data": {"text": "a"}, "annotations": many}, {"text": "b"}])
    tasks = list(Task.objects.filter(project=project).order_by("item_id").values_list("overlap", "open_slots"))
    assert tasks == [(3, 0), (2, 2)]
    project.refresh_from_db()
    assert (project.task_count, project.extra_answers, project.answers_wanted) == (2, 1, 5)
    figures = project_figures(project=project)
    assert (figures["answers"], figures["answers_wanted"]) == (3, 5)
    project = grown(project)
    # The job that brings tasks in line finds nothing to do.
    make_tasks(job=start(factories.job(actor)), project_id=project.pk)
    project.refresh_from_db()
    assert (project.task_count, project.extra_answers) == (2, 1)


def test_an_erased_item_leaves_what_was_sent_of_it(project: Project, actor: Actor) -> None:
    from labeling.services.erasing import erase_tasks

    import_tasks(actor=actor, project_id=project.pk, rows=[{"text": "Ann"}, {"text": "b"}])
    removed = erase_tasks(project_id=project.pk, items=[1])
    assert removed["labeling.LabelStudioTask"] == 1
    assert [row["text"] for row in rows_of(grown(project))] == ["b"]


def test_tasks_that_were_checked_for_other_questions_are_refused(project: Project, actor: Actor) -> None:
    arrival = LabelStudioImport.objects.create(project=project)
    Project.objects.filter(pk=project.pk).update(schema_revision=2)
    with pytest.raises(Conflict) as error:
        add_items(
            project=project,
            arrival=arrival,
            items=[NewItem({"text": "a"}, {"text": "a"})],
            first_item_id=reserve_items(project, 1),
        )
    assert error.value.code == "questions_changed"
    assert not Task.objects.exists()
