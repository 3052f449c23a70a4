"""Label errors of a project: real messages, some labeled wrong on purpose, found by the job and mended by people."""

import uuid

import pytest
from django.utils import timezone

from accounts.actor import Actor
from core.errors import Conflict, NotFound
from curation.models import Version
from labeling.models import Annotation, Project, SuspectLabel, Task
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.label_error import decide_suspect, find_suspects, start_search
from labeling.services.queue import lease_tasks
from modeling.services.label_error import run_search, what_is_missing
from tests import factories
from tests.modeling.conftest import messages, running, taken
from tests.modeling.hands import hands
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = {"ham": "spam", "spam": "ham"}
WRONG = {7, 21, 40, 55, 88, 101}


@pytest.fixture
def project(owner: Actor, version: Version) -> Project:
    """A project on 160 real messages."""
    made = factories.project(owner, version=version, suggest_every=0)
    rows = [
        Task(project=made, item_id=place, data={"text": text}, overlap=1, open_slots=1)
        for place, (text, _label) in enumerate(messages(240)[:160], start=1)
    ]
    Task.objects.bulk_create(rows)
    Project.objects.filter(pk=made.pk).update(task_count=len(rows))
    return made


def answer(actor: Actor, project: Project, count: int, only: str = "") -> None:
    """Answer the next tasks with what the messages are; those of `WRONG` get the other label."""
    truth = dict(messages(240))
    texts = {task.pk: task.data["text"] for task in Task.objects.filter(project=project)}
    for _batch in range(0, count, 10):
        held = lease_tasks(actor=actor, project_id=project.pk, count=min(10, count), holding=[])["tasks"]
        answers = []
        for task in held:
            right = truth[texts[task["id"]]]
            said = only or (OTHER[right] if task["item_id"] in WRONG else right)
            place = {"task": task["id"], "lease": task["lease"]["token"], "client_key": str(uuid.uuid4())}
            answers.append({**place, "answer": {"label": [said]}})
        save_answers(actor=actor, project_id=project.pk, answers=answers)


def search(actor: Actor, project: Project) -> dict[str, object]:
    with running(taken(lambda: start_search(actor=actor, project_id=project.pk))) as job:
        result = run_search(job=job, project_id=project.pk)
    Job.objects.filter(pk=job.job_id).update(state="succeeded", finished_at=timezone.now())
    return result


def queue(actor: Actor, project: Project) -> list[SuspectLabel]:
    return find_suspects(actor=actor, project=project).rows


def test_wrong_labels_are_found_first_mended_and_not_found_again(owner: Actor, project: Project) -> None:
    answer(owner, project, 160)
    result = search(owner, project)
    assert (result["labeled"], result["classes"], result["answers"], result["encoder"]) == (160, 2, 160, "minilm")
    assert float(str(result["accuracy_cv"])) > 0.9
    found = queue(owner, project)
    assert len(found) == result["suspects"]
    assert [row.score for row in found] == sorted(row.score for row in found)
    items = [row.task.item_id for row in found]
    # One of the six reads like the label that it was given.
    mended = WRONG & set(items)
    assert len(mended) >= 5
    assert len(set(items[:5]) & WRONG) >= 3
    for row in found:
        assert row.suggested == [OTHER[row.given[0]]]
        decide_suspect(actor=owner, suspect_id=row.pk, decision="accept" if row.task.item_id in WRONG else "keep")
    truth = dict(messages(240))
    said = Annotation.objects.filter(project=project).select_related("task")
    still = {row.task.item_id for row in said if row.answer != {"label": [truth[row.task.data["text"]]]}}
    assert still == WRONG - mended
    search(owner, project)
    assert not {row.task.item_id for row in queue(owner, project)} & set(items)


def test_a_search_that_runs_twice_stores_the_same(owner: Actor, project: Project) -> None:
    answer(owner, project, 60)
    with running(taken(lambda: start_search(actor=owner, project_id=project.pk))) as job:
        first = run_search(job=job, project_id=project.pk)
        before = list(SuspectLabel.objects.order_by("pk").values("pk", "annotation_number", "score", "state"))
        assert run_search(job=job, project_id=project.pk) == first
    assert list(SuspectLabel.objects.order_by("pk").values("pk", "annotation_number", "score", "state")) == before
    assert before


def test_a_large_project_is_searched_in_parts(owner: Actor, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeling.services.label_error.MOST_ANSWERS", 80)
    answer(owner, project, 160)
    first = search(owner, project)
    assert (first["parts"], first["answers"]) == (2, 80)
    seen = {row.pk: row.task_id % 2 for row in queue(owner, project)}
    assert set(seen.values()) == {0}
    second = search(owner, project)
    assert (second["parts"], second["answers"]) == (2, 80)
    assert set(seen) <= {row.pk for row in queue(owner, project)}
    assert {row.task_id % 2 for row in queue(owner, project)} == {0, 1}
    third = search(owner, project)
    assert third["suspects"] == second["suspects"]


def test_pictures_are_judged_where_no_text_is_shown(owner: Actor) -> None:
    """Hands that show 0, 1 or 5: thirty pictures, one of which has another label."""
    project = pictures(owner, ("0", "1", "5"), wrong=4)
    result = search(owner, project)
    assert (result["labeled"], result["classes"], result["encoder"]) == (30, 3, "efficientnet-lite0")
    found = queue(owner, project)
    assert (found[0].task.item_id, found[0].given, found[0].suggested) == (4, ["1"], ["0"])


def pictures(actor: Actor, labels: tuple[str, ...], wrong: int) -> Project:
    """Return a project over the demo's pictures of these labels, each labeled right but the one with this item."""
    project, said = hands(actor, labels)
    said[wrong] = labels[(labels.index(said[wrong]) + 1) % len(labels)]
    for label in labels:
        items = [item for item, each in said.items() if each == label]
        start_bulk(actor=actor, project_id=project.pk, order=Order({"label": [label]}, items))
    return project


def test_too_few_answers_end_with_a_sentence(owner: Actor, project: Project) -> None:
    assert "at least two labels with 5 items each" in str(search(owner, project)["message"])
    answer(owner, project, 20, only="ham")
    result = search(owner, project)
    assert (result["suspects"], result["classes"]) == (0, 1)
    assert "all the same one or none" in str(result["message"])
    assert queue(owner, project) == []


def test_what_is_missing_names_the_label_that_lacks_items() -> None:
    assert what_is_missing(["ham"] * 5 + ["spam"] * 5) == ""
    assert "spam has 3: label 2 more like it" in what_is_missing(["ham"] * 9 + ["spam"] * 3 + ["odd"])
    assert "has 4: label 1 more like it" in what_is_missing(["ham"] * 4 + ["spam"] * 4)


def test_a_search_under_way_is_not_sent_again_and_strangers_find_nothing(
    owner: Actor, stranger: Actor, project: Project
) -> None:
    first = start_search(actor=owner, project_id=project.pk)
    assert start_search(actor=owner, project_id=project.pk).pk == first.pk
    with pytest.raises(NotFound):
        start_search(actor=stranger, project_id=project.pk)


def test_a_project_without_a_choice_is_refused(owner: Actor, project: Project) -> None:
    project.schema["controls"] = [{"name": "note", "type": "text"}]
    project.save()
    with pytest.raises(Conflict, match="asks for none"):
        start_search(actor=owner, project_id=project.pk)
