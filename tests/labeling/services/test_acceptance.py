"""Automatic acceptance: what leaves the queue, what the audit says, switching off, giving back."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Sum

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, NotFound
from labeling.models import (
    AcceptRound,
    Annotation,
    AutoAccept,
    Draft,
    ModelLabel,
    Project,
    Suggestion,
    Task,
)
from labeling.services.acceptance import acceptance_of, acceptance_page, change_acceptance
from labeling.services.acceptance_audit import judge_audits
from labeling.services.acceptance_return import give_back, run_return
from labeling.services.acceptance_round import Sure, accept_round, hide_audits, unaided, waiting_audits
from labeling.services.annotation import change_annotation, take_back
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.erasing import erase_tasks
from labeling.services.gold import mark_gold, unmark_gold
from labeling.services.ordering import order_tasks
from labeling.services.project import change_project, labeled_items, project_figures, unlabeled_items
from labeling.services.queue import lease_tasks, release_tasks
from labeling.services.suggestion import store_suggestions
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.versions import numbered, start
from workers.models import Job

pytestmark = pytest.mark.django_db
SPAM, HAM = {"label": ["spam"]}, {"label": ["ham"]}


def accepting(actor: Actor, count: int = 100, **fields: Any) -> Project:
    """Make a project that accepts."""
    project = numbered(actor, count, **fields)
    change_acceptance(actor=actor, project_id=project.pk, accepts=True)
    project.refresh_from_db()
    return project


def sure_of(project: Project, items: list[int], confidence: float = 0.97, **fields: Any) -> Sure:
    """Return a model that says of each of these items that it is spam."""
    known: dict[str, Any] = {
        "items": items,
        "answers": [SPAM] * len(items),
        "confidences": [confidence] * len(items),
        "source": "quick head 3",
        "fingerprint": "ab" * 32,
        "schema_revision": project.schema_revision,
        "epoch": acceptance_of(project).epoch,
        "threshold": 0.9,
        "held_out": 200,
        "held_out_right": 199,
        "bound": 0.96,
    }
    return Sure(**{**known, **fields})


def accept(project: Project, items: list[int], job: int = 1, **fields: Any) -> AcceptRound | None:
    return accept_round(project_id=project.pk, job_number=job, sure=sure_of(project, items, **fields))


def answer(actor: Actor, project: Project, tasks: list[int], said: dict[str, Any] | None) -> list[str]:
    """Answer certain tasks, wherever they stand in the queue."""
    rows = [{"client_key": str(uuid.uuid4()), "task": task, "answer": said, "skipped": said is None} for task in tasks]
    found = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
    return [row["status"] for row in found]


def leased(actor: Actor, project: Project, count: int) -> list[Any]:
    """Take so many tasks from the queue, or all there are."""
    got: list[Any] = []
    for _turn in range(0, count, 50):
        got += lease_tasks(actor=actor, project_id=project.pk, count=50, holding=[])["tasks"]
    return got


def audits(project: Project) -> list[int]:
    return list(ModelLabel.objects.filter(project=project, audited=True).order_by("pk").values_list("task", flat=True))


def accepted(project: Project) -> list[int]:
    rows = ModelLabel.objects.filter(project=project, audited=False).order_by("pk")
    return list(rows.values_list("task", flat=True))


def check(project: Project) -> None:
    """Every figure that is kept must be what counting anew gives."""
    project.refresh_from_db()
    places = Task.objects.filter(project=project).aggregate(total=Sum("overlap"))["total"] or 0
    assert project.answers_wanted == places
    for each in AcceptRound.objects.filter(project=project):
        assert each.standing == each.labels.filter(audited=False).count()
    closed = Task.objects.filter(project=project, by_model=True)
    assert set(closed.values_list("pk", flat=True)) == set(accepted(project))
    assert not closed.exclude(open_slots=0, overlap=0).exists()


def run_job(project: Project, kind: str = "labeling.give_back") -> dict[str, Any]:
    job = start(Job.objects.filter(kind=kind, subject=f"project:{project.pk}").latest("pk"))
    return run_return(job=job, **job.params)


def test_what_is_accepted_leaves_the_queue_and_a_random_share_stays_without_a_suggestion() -> None:
    ann = factories.owner()
    project = accepting(ann)
    rows = [(item, SPAM, 0.9) for item in range(1, 101)]
    store_suggestions(actor=ann, project_id=project.pk, source="quick head 3", rows=rows)
    made = accept(project, list(range(1, 81)))
    assert made is not None
    assert (made.accepted, made.audited, made.standing, made.number) == (50, 30, 50, 1)
    check(project)
    assert project.answers_wanted == 50
    assert not Suggestion.objects.filter(task__in=[*audits(project), *accepted(project)]).exists()
    assert Suggestion.objects.count() == 20
    got = leased(ann, project, 100)
    assert len(got) == 50
    assert {task["id"] for task in got} == set(Task.objects.filter(by_model=False).values_list("pk", flat=True))
    blind = {task["id"] for task in got if task["suggestion"] is None}
    assert blind == set(audits(project))


def test_a_job_that_is_done_twice_accepts_once() -> None:
    ann = factories.owner()
    project = accepting(ann)
    first, again = accept(project, list(range(1, 81))), accept(project, list(range(1, 101)))
    assert first is not None
    assert again == first
    assert ModelLabel.objects.count() == 80
    check(project)


def test_tasks_that_somebody_has_or_had_are_not_taken() -> None:
    ann, project = factories.owner(), None
    project = accepting(ann, overlap=2)
    bob, eve = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    held = lease_tasks(actor=bob, project_id=project.pk, count=3, holding=[])["tasks"]
    answer(bob, project, [held[0]["id"]], HAM)
    begun = lease_tasks(actor=eve, project_id=project.pk, count=5, holding=[])["tasks"][4]
    Draft.objects.create(task_id=begun["id"], annotator_id=eve.user_id, answer=SPAM, saved_at="2026-01-01T00:00Z")
    release_tasks(actor=eve, project_id=project.pk, tasks=[begun["id"]])
    mark_gold(actor=ann, project_id=project.pk, item=90, answer=SPAM)
    made = accept(project, list(range(1, 101)))
    assert made is not None
    assert made.accepted + made.audited == 100 - 4 - 1 - 1
    check(project)


def test_nothing_is_accepted_for_what_is_no_longer_wanted() -> None:
    ann = factories.owner()
    project = accepting(ann)
    sure = sure_of(project, list(range(1, 81)))
    change_acceptance(actor=ann, project_id=project.pk, target=0.9)
    assert accept_round(project_id=project.pk, job_number=1, sure=sure) is None
    assert accept(project, list(range(1, 81)), schema_revision=7) is None
    change_acceptance(actor=ann, project_id=project.pk, accepts=False)
    assert accept(project, list(range(1, 81))) is None
    assert not ModelLabel.objects.exists()


def test_a_round_that_would_be_all_audit_waits() -> None:
    ann = factories.owner()
    project = accepting(ann)
    assert accept(project, list(range(1, 31))) is None
    assert acceptance_of(project).last == {"code": "too_small", "sure": 30, "audit": 30}
    assert accept(project, []) is None
    assert acceptance_of(project).last["code"] == "nothing"


def test_audited_answers_are_compared_and_the_precision_is_measured() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    sample = audits(project)
    assert answer(ann, project, sample[:19], SPAM) == ["saved"] * 19
    answer(ann, project, sample[19:20], HAM)
    answer(ann, project, sample[20:21], None)
    measured = acceptance_page(actor=ann, project=project)["measured"]
    assert {name: measured[name] for name in ("right", "wrong", "skipped", "waiting")} == {
        "right": 19, "wrong": 1, "skipped": 1, "waiting": 9
    }  # fmt: skip
    assert measured["precision"] == 0.95
    low, high = measured["interval"]
    assert 0.6 < low < 0.95 < high <= 1
    check(project)


def test_an_audited_answer_that_is_changed_or_taken_back_is_judged_anew() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    task = audits(project)[0]
    answer(ann, project, [task], HAM)
    assert ModelLabel.objects.get(task=task).outcome == "wrong"
    row = Annotation.objects.get()
    change_annotation(actor=ann, annotation_id=row.pk, revision=1, answer=SPAM)
    assert ModelLabel.objects.get(task=task).outcome == "right"
    take_back(actor=ann, annotation_id=row.pk, revision=2)
    judge_audits(project_id=project.pk)
    assert ModelLabel.objects.get(task=task).outcome == ""


def test_an_audit_of_two_people_waits_for_both_and_nobody_confirms_it_when_they_differ() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = accepting(ann, overlap=2)
    accept(project, list(range(1, 81)))
    same, differ, *_rest = audits(project)
    answer(ann, project, [same, differ], SPAM)
    assert set(ModelLabel.objects.filter(audited=True).values_list("outcome", flat=True)) == {""}
    answer(bob, project, [same], SPAM)
    answer(bob, project, [differ], HAM)
    assert ModelLabel.objects.get(task=same).outcome == "right"
    assert ModelLabel.objects.get(task=differ).outcome == "wrong"


def test_it_switches_itself_off_says_so_and_gives_the_rest_back() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    sample = audits(project)
    answer(bob, project, sample[:2], HAM)
    project.refresh_from_db()
    assert project.accepts
    answer(bob, project, sample[2:8], HAM)
    project.refresh_from_db()
    assert not project.accepts
    page = acceptance_page(actor=ann, project=project)
    assert page["stopped_at"] is not None
    assert page["stopped_by"] == {"round": 0, "right": 0, "wrong": 8, "target": 0.95}
    entry = AuditEntry.objects.get(action="project.auto_accept_stopped")
    assert (entry.user_id, entry.data["wrong"]) == (None, 8)
    assert run_job(project) == {"project": project.pk, "tasks": 50}
    check(project)
    assert accepted(project) == []
    # What people answered stays as evidence; the rest of the sample is ordinary work again.
    assert audits(project) == sample[:8]
    assert project.answers_wanted == 100
    got = lease_tasks(actor=bob, project_id=project.pk, count=50, holding=[])["tasks"]
    assert len(got) == 50


def test_an_audit_goes_on_when_somebody_switched_acceptance_off() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    change_acceptance(actor=ann, project_id=project.pk, accepts=False)
    answer(ann, project, audits(project)[:10], HAM)
    # Nobody looks at each answer any more; the next suggestion job does.
    assert judge_audits(project_id=project.pk)
    assert not judge_audits(project_id=project.pk)
    assert acceptance_of(project).stopped_by["wrong"] == 10
    assert AcceptRound.objects.get().refuted
    assert AuditEntry.objects.filter(action="project.auto_accept_stopped").count() == 1
    assert run_job(project)["tasks"] == 50


def test_bulk_answers_are_part_of_the_audit() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    items = list(Task.objects.filter(pk__in=audits(project)).values_list("item_id", flat=True))
    start_bulk(actor=ann, project_id=project.pk, order=Order(HAM, items[:10]))
    project.refresh_from_db()
    assert not project.accepts


def test_where_nothing_goes_back_by_itself_a_manager_gives_it_back() -> None:
    ann = factories.owner()
    project = accepting(ann)
    change_acceptance(actor=ann, project_id=project.pk, gives_back=False)
    accept(project, list(range(1, 81)))
    answer(ann, project, audits(project)[:10], HAM)
    assert not Job.objects.filter(kind="labeling.give_back").exists()
    # Refuted labels are in nobody's way, and in no publication.
    assert len(accepted(project)) == 50
    job = give_back(actor=ann, project_id=project.pk)
    assert AuditEntry.objects.filter(action="project.give_back", data__job=job.pk).exists()
    assert run_job(project)["tasks"] == 50
    check(project)


def test_only_what_is_less_sure_or_of_one_round_goes_back() -> None:
    ann = factories.owner()
    project = accepting(ann, 200)
    sure = sure_of(project, list(range(1, 101)))
    shares = [0.91] * 50 + [0.99] * 50
    accept_round(project_id=project.pk, job_number=1, sure=replace(sure, confidences=shares))
    second = accept(project, list(range(101, 200)), job=2)
    assert second is not None
    assert (second.number, second.audited) == (2, 5)
    give_back(actor=ann, project_id=project.pk, below=0.95)
    run_job(project)
    check(project)
    assert ModelLabel.objects.aggregate(least=Sum("confidence"))["least"] > 0
    assert not ModelLabel.objects.filter(confidence__lt=0.95).exists()
    give_back(actor=ann, project_id=project.pk, round_id=second.pk)
    assert run_job(project)["tasks"] == 94
    assert not second.labels.exists()
    check(project)
    with pytest.raises(NotFound):
        give_back(actor=ann, project_id=project.pk, round_id=second.pk + 100)
    with pytest.raises(NotFound):
        give_back(actor=factories.owner(), project_id=project.pk)


def test_a_return_that_was_killed_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    from labeling.services import acceptance_return

    monkeypatch.setattr(acceptance_return, "BATCH", 10)
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    acceptance_return.return_tasks(project, accepted(project)[:10])
    check(project)
    give_back(actor=ann, project_id=project.pk)
    job = start(Job.objects.filter(kind="labeling.give_back").latest("pk"))
    assert run_return(job=job, **job.params)["tasks"] == 40
    assert run_return(job=job, **job.params)["tasks"] == 0
    check(project)
    assert project.answers_wanted == 100


def test_switching_on_again_begins_a_new_test() -> None:
    ann = factories.owner()
    project = accepting(ann, 200)
    accept(project, list(range(1, 81)))
    answer(ann, project, audits(project)[:10], HAM)
    run_job(project)
    change_acceptance(actor=ann, project_id=project.pk, accepts=True)
    project.refresh_from_db()
    page = acceptance_page(actor=ann, project=project)
    assert (page["accepts"], page["stopped_at"], page["measured"]["wrong"]) == (True, None, 0)
    made = accept(project, list(range(100, 190)), job=2)
    assert made is not None
    assert (made.number, made.audited) == (1, 30)
    assert [row["refuted"] for row in acceptance_page(actor=ann, project=project)["rounds"]] == [False, True]


def test_another_overlap_opens_nothing_that_was_accepted() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    change_project(actor=ann, project_id=project.pk, overlap=2)
    make_tasks(job=start(Job.objects.filter(kind="labeling.create_tasks").latest("pk")), project_id=project.pk)
    check(project)
    assert project.answers_wanted == 2 * 50
    give_back(actor=ann, project_id=project.pk)
    run_job(project)
    check(project)
    assert project.answers_wanted == 2 * 100


def test_a_known_answer_beats_the_models() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    task = Task.objects.get(pk=accepted(project)[0])
    gold = mark_gold(actor=ann, project_id=project.pk, item=task.item_id, answer=HAM)
    check(project)
    assert not ModelLabel.objects.filter(task=task).exists()
    unmark_gold(actor=ann, gold_id=gold.pk)
    task.refresh_from_db()
    assert (task.open_slots, task.overlap, task.by_model) == (1, 1, False)
    check(project)


def test_an_erased_item_takes_its_label_along() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    gone = Task.objects.filter(pk__in=[*accepted(project)[:3], audits(project)[0]])
    items = list(gone.values_list("item_id", flat=True))
    removed = erase_tasks(project_id=project.pk, items=items)
    assert removed["labeling.ModelLabel"] == 4
    check(project)
    assert project.answers_wanted == 50 - 1


def test_learning_and_figures_take_a_models_labels_for_what_they_are() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    assert [item for item, _text in unlabeled_items(project)] == list(range(81, 101))
    assert list(labeled_items(project)) == []
    answer(ann, project, audits(project)[:3], SPAM)
    assert len(list(labeled_items(project))) == 3
    project.refresh_from_db()
    figures = project_figures(project=project)
    assert (figures["tasks"], figures["by_model"], figures["answers"], figures["answers_wanted"]) == (100, 50, 3, 50)
    assert [(person["user"], person["answers"]) for person in figures["people"]] == [(ann.user_id, 3)]
    assert {row["value"]: row["count"] for row in figures["labels"]} == {"ham": 0, "spam": 3}


def test_suggestions_of_others_do_not_reach_an_audit_either() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    rows = [(item, HAM, 0.8) for item in range(1, 101)]
    assert store_suggestions(actor=ann, project_id=project.pk, source="a rule", rows=rows) == 20


def test_audits_are_hidden_among_the_first_and_as_many_others_lack_a_suggestion() -> None:
    ann = factories.owner()
    project = accepting(ann, 400)
    accept(project, list(range(1, 101)))
    sample = waiting_audits(project)
    assert len(sample) == 30
    ordered = hide_audits(project, list(range(200, 400)), sample, batch=50)
    assert sorted(ordered) == sorted([*range(200, 400), *sample])
    places = [ordered.index(item) for item in sample]
    assert max(places) < 90
    assert len({place // 30 for place in places}) == 3
    assert [item for item in ordered if item >= 200] == list(range(200, 400))
    assert hide_audits(project, list(range(200, 400)), sample, batch=50) == ordered
    lacking = unaided(project, ordered, sample)
    assert len(lacking) == 30
    assert not lacking & set(sample)
    order_tasks(project_id=project.pk, items=ordered)
    got = lease_tasks(actor=ann, project_id=project.pk, count=50, holding=[])["tasks"]
    assert 5 < len({task["item_id"] for task in got} & set(sample)) < 30


def test_a_stranger_changes_nothing_and_an_archived_project_neither() -> None:
    ann = factories.owner()
    project = numbered(ann, 3)
    with pytest.raises(NotFound):
        change_acceptance(actor=factories.owner(), project_id=project.pk, accepts=True)
    change_project(actor=ann, project_id=project.pk, state="archived")
    with pytest.raises(Conflict):
        change_acceptance(actor=ann, project_id=project.pk, accepts=True)


def test_whoever_labels_learns_nothing_of_the_audit() -> None:
    ann = factories.owner()
    project = accepting(ann)
    accept(project, list(range(1, 81)))
    bob = factories.member(ann, "annotator")
    assert not ModelLabel.objects.visible_to(bob).exists()
    assert not AcceptRound.objects.visible_to(bob).exists()
    assert not AutoAccept.objects.visible_to(bob).exists()
    assert ModelLabel.objects.visible_to(ann).count() == 80
