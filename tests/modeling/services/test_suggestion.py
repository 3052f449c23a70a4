import uuid

import pytest

from accounts.actor import Actor
from core.errors import NotFound
from curation.models import Version
from labeling.models import Project, Suggestion, Task
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from modeling.services.suggestion import run_suggest, start_suggest
from tests import factories
from tests.modeling.conftest import messages, running, taken

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
