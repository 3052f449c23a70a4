import uuid

import pytest
from django.utils import timezone

from accounts.actor import Actor
from core.errors import NotFound
from curation.models import Version
from labeling.models import Project, Suggestion, Task
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.queue import lease_tasks
from modeling.services.suggestion import run_suggest, start_suggest
from tests import factories
from tests.modeling.conftest import messages, running, taken
from tests.modeling.hands import hands
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(owner: Actor, version: Version) -> Project:
    """A project on 120 real messages, none labeled."""
    made = factories.project(owner, version=version, suggest_every=0)
    rows = [
        Task(project=made, item_id=place, data={"text": text}, overlap=1, open_slots=1)
        for place, (text, _label) in enumerate(messages(240)[:120], start=1)
    ]
    Task.objects.bulk_create(rows)
    Project.objects.filter(pk=made.pk).update(task_count=len(rows))
    return made


def label(actor: Actor, project: Project, count: int, only: str = "") -> None:
    """Answer the next tasks with what the messages really are."""
    truth = dict(messages(240))
    held = lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]
    assert len(held) == count
    texts = {task.pk: task.data["text"] for task in Task.objects.filter(project=project)}
    answers = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": {"label": [only or truth[texts[task["id"]]]]},
        }
        for task in held
    ]
    save_answers(actor=actor, project_id=project.pk, answers=answers)


def suggest(actor: Actor, project: Project) -> dict[str, object]:
    with running(taken(lambda: start_suggest(actor=actor, project_id=project.pk))) as job:
        return run_suggest(job=job, project_id=project.pk)


def test_a_head_learns_from_the_labels_and_suggests_the_rest(owner: Actor, project: Project) -> None:
    for _batch in range(4):
        label(owner, project, 10)
    result = suggest(owner, project)
    assert (result["labeled"], result["classes"], result["encoder"]) == (40, 2, "minilm")
    assert result["suggestions"] == 80
    assert result["source"] == "quick head 1"
    assert 0.8 < float(str(result["accuracy_cv"])) <= 1
    truth = dict(messages(240))
    rows = Suggestion.objects.select_related("task")
    right = sum(row.answer == {"label": [truth[row.task.data["text"]]]} for row in rows)
    assert right >= 70
    assert all(0 < row.confidence <= 1 for row in rows)


def test_too_few_labels_end_with_a_sentence(owner: Actor, project: Project) -> None:
    label(owner, project, 4)
    result = suggest(owner, project)
    assert result["suggestions"] == 0
    assert result["message"] == "Suggestions start at 10 labeled items; there are 4. Label 6 more."


def test_one_kind_of_label_ends_with_a_sentence(owner: Actor, project: Project) -> None:
    label(owner, project, 10, only="ham")
    assert suggest(owner, project)["message"] == (
        "All 10 labeled items have the label ham. Suggestions need at least two different ones."
    )


def test_asking_twice_sends_one_job(owner: Actor, stranger: Actor, project: Project) -> None:
    first = start_suggest(actor=owner, project_id=project.pk)
    assert start_suggest(actor=owner, project_id=project.pk).pk == first.pk
    with pytest.raises(NotFound):
        start_suggest(actor=stranger, project_id=project.pk)


def items(actor: Actor, project: Project, count: int) -> list[int]:
    held = lease_tasks(actor=actor, project_id=project.pk, count=count, holding=[])["tasks"]
    return [task["item_id"] for task in held]


def test_a_job_puts_tasks_in_order_and_says_why(owner: Actor, project: Project) -> None:
    for _batch in range(5):
        label(owner, project, 10)
    result = suggest(owner, project)
    assert (result["ordered"], result["moved"]) == (70, 70)
    rows = {row.task.item_id: row for row in Suggestion.objects.select_related("task")}
    ranked = sorted(rows.values(), key=lambda row: row.task.rank)
    assert ranked[0].task.rank == -1
    assert {row.reason for row in ranked} <= {"close_call", "unlike", "typical"}
    assert items(owner, project, 3) == [row.task.item_id for row in ranked[:3]]
    # What it is nearly sure of waits: the ten that come first are more doubtful than the ten that come last.
    assert sum(row.confidence for row in ranked[:10]) < sum(row.confidence for row in ranked[-10:])


def test_the_same_labels_give_the_same_order(owner: Actor, project: Project) -> None:
    for _batch in range(4):
        label(owner, project, 10)
    suggest(owner, project)
    before = dict(Task.objects.values_list("pk", "rank"))
    Job.objects.filter(kind="modeling.suggest").delete()
    assert suggest(owner, project)["moved"] == 0
    assert dict(Task.objects.values_list("pk", "rank")) == before


def test_a_job_measures_the_learning_curve(owner: Actor, project: Project) -> None:
    for _batch in range(6):
        label(owner, project, 10)
    suggest(owner, project)
    project.refresh_from_db()
    learning = project.learning
    assert learning is not None
    assert (learning["labels"], learning["next"]) == (60, 100)
    assert [point["labels"] for point in learning["points"]] == [10, 14, 21, 30, 45]
    assert all(0 <= point["low"] <= point["accuracy"] <= point["high"] <= 1 for point in learning["points"])
    assert learning["points"][-1]["accuracy"] > 0.8
    assert learning["pays"] == (learning["gain"] >= 0.005)


def test_before_any_label_typical_items_come_first(owner: Actor, project: Project) -> None:
    result = suggest(owner, project)
    assert (result["suggestions"], result["ordered"], result["moved"]) == (0, 120, 120)
    assert str(result["message"]).startswith("Suggestions start at 10 labeled items; there are 0.")
    assert items(owner, project, 5) != [1, 2, 3, 4, 5]


def test_an_order_that_needs_a_model_waits_for_one(owner: Actor, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(order="margin")
    result = suggest(owner, project)
    assert "ordered" not in result
    assert items(owner, project, 3) == [1, 2, 3]


def test_as_they_came_takes_every_wish_back(owner: Actor, project: Project) -> None:
    for _batch in range(2):
        label(owner, project, 10)
    suggest(owner, project)
    Project.objects.filter(pk=project.pk).update(order="came")
    Job.objects.filter(kind="modeling.suggest").update(state="succeeded", finished_at=timezone.now())
    result = suggest(owner, project)
    assert (result["ordered"], result["suggestions"]) == (0, 100)
    assert set(Task.objects.filter(leases=None).values_list("rank", flat=True)) == {0}
    assert set(Suggestion.objects.filter(source="quick head 2").values_list("reason", flat=True)) == {""}
    assert items(owner, project, 3) == [21, 22, 23]


def test_pictures_are_learned_from_where_no_text_is_shown(owner: Actor) -> None:
    """Hands that show 0 or 5: fourteen of twenty have a label, the others get a suggestion and an order."""
    project, shown = hands(owner, ("0", "5"))
    for label in ("0", "5"):
        items = [item for item, each in shown.items() if each == label][:7]
        start_bulk(actor=owner, project_id=project.pk, order=Order({"label": [label]}, items))
    result = suggest(owner, project)
    assert (result["labeled"], result["encoder"], result["suggestions"]) == (14, "efficientnet-lite0", 6)
    rows = Suggestion.objects.select_related("task")
    assert sum(row.answer == {"label": [shown[row.task.item_id]]} for row in rows) >= 5
    assert result["ordered"] == 6
