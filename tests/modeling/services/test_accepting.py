"""Automatic acceptance by real heads on real messages: what it takes, what it must not, and a model that is wrong."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from curation.models import Dataset, Version
from labeling.models import AcceptRound, ModelLabel, Project, Suggestion, Task
from labeling.services.acceptance import acceptance_of, acceptance_page, change_acceptance
from labeling.services.acceptance_return import run_return
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from modeling.services.suggestion import run_suggest, start_suggest
from tests import factories
from tests.modeling.conftest import add_version, messages, running, split_table, taken
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 600
FLIPPED = {"ham": "spam", "spam": "ham"}


def make(actor: Actor, version: Version | None = None, count: int = COUNT, **fields: Any) -> Project:
    """Make a project on real messages that accepts from 100 labels on."""
    more = {} if version is None else {"version": version}
    project = factories.project(actor, suggest_every=0, order="came", **more, **fields)
    rows = [
        Task(project=project, item_id=place, data={"text": text}, overlap=1, open_slots=1)
        for place, (text, _label) in enumerate(messages(count), start=1)
    ]
    Task.objects.bulk_create(rows)
    Project.objects.filter(pk=project.pk).update(task_count=len(rows))
    change_acceptance(actor=actor, project_id=project.pk, labels_from=100, target=0.9)
    return project


def truth(count: int = COUNT) -> dict[int, str]:
    return {place: label for place, (_text, label) in enumerate(messages(count), start=1)}


def label(actor: Actor, project: Project, count: int, *, turned: bool = False) -> list[int]:
    """Answer the next tasks with what the messages are, or with the opposite; return their items."""
    known, items = truth(project.tasks.count()), []
    while count > 0:
        held = lease_tasks(actor=actor, project_id=project.pk, count=min(50, count), holding=[])["tasks"]
        if not held:
            break
        said = [FLIPPED[known[task["item_id"]]] if turned else known[task["item_id"]] for task in held]
        rows = [
            {
                "client_key": str(uuid.uuid4()),
                "task": task["id"],
                "lease": task["lease"]["token"],
                "answer": {"label": [each]},
            }
            for task, each in zip(held, said, strict=True)
        ]
        save_answers(actor=actor, project_id=project.pk, answers=rows)
        items += [task["item_id"] for task in held]
        count -= len(held)
    return items


def suggest(actor: Actor, project: Project) -> dict[str, Any]:
    with running(taken(lambda: start_suggest(actor=actor, project_id=project.pk))) as job:
        found = run_suggest(job=job, project_id=project.pk)
    Job.objects.filter(kind="modeling.suggest").update(state="succeeded", finished_at="2026-01-01T00:00Z")
    return found


def switch_on(actor: Actor, project: Project) -> None:
    change_acceptance(actor=actor, project_id=project.pk, accepts=True)
    # The job that this sends, the first of the project, is done by hand here.
    Job.objects.filter(kind="modeling.suggest").update(state="cancelled", finished_at="2026-01-01T00:00Z")
    project.refresh_from_db()


def test_a_real_head_accepts_what_it_is_sure_of_and_is_right_as_promised(owner: Actor) -> None:
    project = make(owner)
    switch_on(owner, project)
    label(owner, project, 50)
    assert "accepted" not in suggest(owner, project)
    assert acceptance_of(project).last == {"code": "too_few", "labels": 50, "needed": 100}
    label(owner, project, 150)
    result = suggest(owner, project)
    made = AcceptRound.objects.get()
    assert (result["accepted"], result["audited"], result["threshold"]) == (made.accepted, made.audited, made.threshold)
    assert made.accepted > 150
    assert made.audited == 30
    assert made.bound >= made.target == 0.9
    assert made.held_out_right <= made.held_out <= 200
    assert (made.source, len(made.fingerprint)) == ("quick head 3", 64)
    known = truth()
    rows = list(ModelLabel.objects.select_related("task"))
    assert all(row.confidence >= made.threshold for row in rows)
    assert min(row.task.item_id for row in rows) > 200
    right = sum(row.answer == {"label": [known[row.task.item_id]]} for row in rows)
    assert right / len(rows) >= 0.9
    # The audit is hidden among what comes next, and says nothing of itself.
    sample = {row.task.item_id for row in rows if row.audited}
    assert not Suggestion.objects.filter(task__item_id__in=sample).exists()
    nearest = label(owner, project, 100)
    assert 10 <= len(sample & set(nearest)) <= 30
    measured = acceptance_page(actor=owner, project=project)["measured"]
    assert measured["right"] + measured["wrong"] == len(sample & set(nearest))
    project.refresh_from_db()
    assert project.accepts


def test_a_job_that_is_done_again_after_a_crash_accepts_once(owner: Actor) -> None:
    project = make(owner)
    switch_on(owner, project)
    label(owner, project, 150)
    job = taken(lambda: start_suggest(actor=owner, project_id=project.pk))
    with running(job) as context:
        run_suggest(job=context, project_id=project.pk)
    before = list(ModelLabel.objects.order_by("pk").values_list("task", "audited", "confidence"))
    label(owner, project, 20)
    with running(job) as context:
        again = run_suggest(job=context, project_id=project.pk)
    assert list(ModelLabel.objects.order_by("pk").values_list("task", "audited", "confidence")) == before
    assert AcceptRound.objects.count() == 1
    assert again["accepted"] == AcceptRound.objects.get().accepted


def test_later_rounds_add_to_earlier_ones_and_audit_their_share(owner: Actor) -> None:
    project = make(owner)
    switch_on(owner, project)
    label(owner, project, 120)
    suggest(owner, project)
    label(owner, project, 120)
    suggest(owner, project)
    label(owner, project, 60)
    suggest(owner, project)
    rounds = list(AcceptRound.objects.order_by("number"))
    assert [each.number for each in rounds] == list(range(1, len(rounds) + 1))
    assert len({each.fingerprint for each in rounds}) == len(rounds)
    assert ModelLabel.objects.count() == sum(each.accepted + each.audited for each in rounds)


def test_what_a_locked_split_measures_by_is_left_to_people(owner: Actor, tmp_path: Path) -> None:
    dataset = Dataset.objects.create(organization_id=owner.organization_id, name="Split")
    table = split_table(messages(COUNT))
    project = make(owner, add_version(owner, dataset, table, tmp_path / "v"))
    switch_on(owner, project)
    label(owner, project, 200)
    suggest(owner, project)
    sides = dict(zip(table["item_id"].to_pylist(), table["split"].to_pylist(), strict=True))
    taken_items = list(ModelLabel.objects.values_list("task__item_id", flat=True))
    assert len(taken_items) > 100
    assert {sides[item] for item in taken_items} == {"train"}


def test_a_head_that_learned_from_wrong_labels_switches_itself_off_by_its_audit(owner: Actor) -> None:
    project = make(owner)
    switch_on(owner, project)
    # Somebody took the two labels for each other, throughout: held-out labels show a model that is nearly always right.
    label(owner, project, 200, turned=True)
    suggest(owner, project)
    made = AcceptRound.objects.get()
    assert made.bound >= 0.9
    known = truth()
    right = [row.answer["label"][0] == known[row.task.item_id] for row in ModelLabel.objects.select_related("task")]
    assert sum(right) / len(right) < 0.1
    # The next ones read the guidelines.
    answered = 0
    while project.accepts and answered < 100:
        label(owner, project, 5)
        answered += 5
        project.refresh_from_db()
    assert not project.accepts
    found = acceptance_page(actor=owner, project=project)
    assert found["stopped_by"]["wrong"] <= 10
    assert found["rounds"][0]["refuted"]
    job = taken(lambda: Job.objects.get(kind="labeling.give_back"))
    with running(job) as context:
        assert run_return(job=context, **job.params)["tasks"] == made.accepted
    assert not Task.objects.filter(by_model=True).exists()
    # Nothing more is accepted until somebody switches it on.
    assert "accepted" not in suggest(owner, project)


def test_labels_by_chance_are_never_accepted(owner: Actor) -> None:
    project = make(owner)
    switch_on(owner, project)
    for number in range(30):
        label(owner, project, 5, turned=number % 2 == 0)
    suggest(owner, project)
    assert not AcceptRound.objects.exists()
    assert acceptance_of(project).last["code"] == "no_threshold"
    assert acceptance_of(project).last["right"] < 0.75


def test_one_label_with_a_few_exceptions_is_no_ground_to_accept(owner: Actor) -> None:
    project = make(owner, labels=("ham", "spam", "other"))
    switch_on(owner, project)
    held = lease_tasks(actor=owner, project_id=project.pk, count=50, holding=[])["tasks"]
    held += lease_tasks(actor=owner, project_id=project.pk, count=50, holding=[task["id"] for task in held])["tasks"]
    rows = [
        {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": ["other" if place == 0 else "ham"]}}
        for place, task in enumerate(held)
    ]
    save_answers(actor=owner, project_id=project.pk, answers=rows)
    suggest(owner, project)
    assert acceptance_of(project).last == {"code": "no_threshold", "labels": 100, "right": None, "target": 0.9}
