"""Rules of a project: written, changed, tried, and applied as a job does it."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from labeling.models import LabelingRule, Project, Suggestion, Task
from labeling.services.answer import save_answers
from labeling.services.queue import lease_tasks
from labeling.services.rule import add_rule, change_rule, delete_rule, try_rule
from labeling.services.rule_run import run_rules, start_rules
from tests import factories
from tests.labeling.versions import start
from workers.models import Job

pytestmark = pytest.mark.django_db
TEXTS = ["Win a free prize", "免费赢取大奖", "see you at home", "free call, urgent prize", "at home later", "nothing"]


@pytest.fixture
def ann() -> Actor:
    return factories.owner()


@pytest.fixture
def project(ann: Actor) -> Project:
    """A project of sixty items: six texts, ten times over."""
    made = factories.project(ann)
    rows = [
        Task(project=made, item_id=10 + 3 * n, data={"text": TEXTS[n % 6]}, overlap=1, open_slots=1) for n in range(60)
    ]
    Task.objects.bulk_create(rows)
    Project.objects.filter(pk=made.pk).update(task_count=60)
    return Project.objects.get(pk=made.pk)


def add(actor: Actor, project: Project, name: str, label: str, *terms: str) -> LabelingRule:
    params = {"terms": list(terms)}
    return add_rule(actor=actor, project_id=project.pk, name=name, label=label, kind="keyword", params=params)


def applied(actor: Actor, project: Project) -> dict[str, Any]:
    return run_rules(job=start(start_rules(actor=actor, project_id=project.pk)), project_id=project.pk)


def answer(actor: Actor, project: Project, label: str) -> int:
    (task,) = lease_tasks(actor=actor, project_id=project.pk, count=1, holding=[])["tasks"]
    row = {"client_key": str(uuid.uuid4()), "task": task["id"], "answer": {"label": [label]}}
    save_answers(actor=actor, project_id=project.pk, answers=[row])
    return int(task["item_id"])


def test_rules_become_suggestions_with_their_source_named(ann: Actor, project: Project) -> None:
    add(ann, project, "gift", "spam", "free", "免费")
    add(ann, project, "prize", "spam", "prize", "大奖")
    add(ann, project, "home", "ham", "home")
    answered = answer(ann, project, "spam")
    result = applied(ann, project)
    assert (result["items"], result["rules"], result["stopped"]) == (60, 3, [])
    assert (result["coverage"], result["conflict"]) == (pytest.approx(5 / 6), 0.0)
    assert (result["suggestions"], result["source"]) == (49, "labeling rules 1")
    rows = Suggestion.objects.filter(project=project).select_related("task")
    assert {row.source for row in rows} == {"labeling rules 1"}
    assert all(0.5 < row.confidence <= 1 for row in rows)
    said = {row.task.data["text"]: row.answer["label"] for row in rows}
    assert said == {TEXTS[0]: ["spam"], TEXTS[1]: ["spam"], TEXTS[2]: ["ham"], TEXTS[3]: ["spam"], TEXTS[4]: ["ham"]}
    assert not rows.filter(task__item_id=answered).exists()
    gift = LabelingRule.objects.get(name="gift")
    assert (gift.figures["hits"], gift.figures["judged"], gift.figures["accuracy"]) == (30, 1, 1.0)
    assert 0.5 < gift.figures["believed"] <= 1


def test_applied_twice_by_one_job_it_stores_the_same(ann: Actor, project: Project) -> None:
    add(ann, project, "gift", "spam", "free")
    job = start(start_rules(actor=ann, project_id=project.pk))
    first = run_rules(job=job, project_id=project.pk)
    assert run_rules(job=job, project_id=project.pk) == first
    assert Suggestion.objects.filter(project=project).count() == first["suggestions"] == 20


def test_rules_that_conflict_are_counted(ann: Actor, project: Project) -> None:
    add(ann, project, "gift", "spam", "free")
    add(ann, project, "call", "ham", "call")
    result = applied(ann, project)
    assert result["conflict"] == pytest.approx(1 / 6)
    assert LabelingRule.objects.get(name="call").figures["conflict"] == pytest.approx(1 / 6)


def test_nothing_is_believed_of_a_rule_that_hit_nothing(ann: Actor, project: Project) -> None:
    add(ann, project, "gift", "spam", "free")
    add(ann, project, "none", "ham", "zebra")
    applied(ann, project)
    assert LabelingRule.objects.get(name="none").figures["believed"] is None
    assert LabelingRule.objects.get(name="gift").figures["believed"] > 0.5


def test_a_rule_that_hangs_is_stopped_and_named_and_the_others_go_on(ann: Actor, project: Project) -> None:
    Task.objects.filter(project=project, item_id=13).update(data={"text": "a" * 60 + "!"})
    params = {"pattern": "(a|aa)+$"}
    add_rule(actor=ann, project_id=project.pk, name="evil", label="ham", kind="regex", params=params)
    add(ann, project, "gift", "spam", "free")
    result = applied(ann, project)
    assert result["stopped"] == ["evil"]
    assert result["suggestions"] == 20
    evil = LabelingRule.objects.get(name="evil")
    assert (evil.stopped, evil.figures) == ("text:13", None)
    change_rule(actor=ann, rule_id=evil.pk, kind="regex", params={"pattern": "a+!$"})
    evil.refresh_from_db()
    assert evil.stopped == ""


def test_no_hit_ends_with_a_sentence(ann: Actor, project: Project) -> None:
    add(ann, project, "none", "spam", "zebra")
    result = applied(ann, project)
    assert (result["suggestions"], result["coverage"]) == (0, 0.0)
    assert "No rule hit any item" in result["message"]


def test_rules_not_in_use_or_of_a_label_that_is_gone_do_not_vote(ann: Actor, project: Project) -> None:
    gone = add(ann, project, "gone", "spam", "free")
    rule = add(ann, project, "home", "ham", "home")
    change_rule(actor=ann, rule_id=rule.pk, enabled=False)
    LabelingRule.objects.filter(pk=gone.pk).update(label="scam")
    result = applied(ann, project)
    assert (result["rules"], result["suggestions"]) == (0, 0)
    change_rule(actor=ann, rule_id=gone.pk, label="spam", enabled=False)
    Job.objects.update(state="succeeded", finished_at=timezone.now())
    with pytest.raises(Conflict, match="no rule in use"):
        start_rules(actor=ann, project_id=project.pk)


def test_a_change_drops_the_figures_of_what_it_was(ann: Actor, project: Project) -> None:
    rule = add(ann, project, "gift", "spam", "free")
    applied(ann, project)
    rule = change_rule(actor=ann, rule_id=rule.pk, name="gifts")
    assert rule.figures is not None
    rule = change_rule(actor=ann, rule_id=rule.pk, params={"terms": ["prize"]})
    assert rule.figures is None
    delete_rule(actor=ann, rule_id=rule.pk)
    assert not project.rules.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "  "}, "name"),
        ({"label": "scam"}, "label"),
        ({"params": {"terms": []}}, "terms"),
        ({"kind": "regex", "params": {"pattern": "("}}, "pattern"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_at_its_field(
    ann: Actor, project: Project, fields: dict[str, Any], field: str
) -> None:
    whole = {"name": "a", "label": "spam", "kind": "keyword", "params": {"terms": ["free"]}, **fields}
    with pytest.raises(DomainError) as refused:
        add_rule(actor=ann, project_id=project.pk, **whole)
    assert (refused.value.code, refused.value.extra["field"]) == ("rule_invalid", field)


def test_names_are_taken_once_and_strangers_find_nothing(ann: Actor, project: Project) -> None:
    rule = add(ann, project, "gift", "spam", "free")
    with pytest.raises(Conflict, match="called gift already"):
        add(ann, project, " gift ", "ham", "home")
    other = factories.owner("Others")
    for act in (
        lambda: add(other, project, "x", "spam", "free"),
        lambda: change_rule(actor=other, rule_id=rule.pk, enabled=False),
        lambda: delete_rule(actor=other, rule_id=rule.pk),
        lambda: start_rules(actor=other, project_id=project.pk),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_project_without_choice_or_texts_takes_no_rules(ann: Actor, project: Project) -> None:
    project.schema["controls"] = [{"name": "note", "type": "text"}]
    project.save()
    with pytest.raises(Conflict, match="asks for none"):
        add(ann, project, "gift", "spam", "free")


def test_a_rule_is_tried_on_a_sample_and_nothing_is_saved(ann: Actor, project: Project) -> None:
    answer(ann, project, "spam")
    tried = try_rule(actor=ann, project_id=project.pk, label="spam", kind="keyword", params={"terms": ["free", "免费"]})
    assert (tried.sample, tried.hits, tried.judged, tried.right, tried.stopped) == (60, 30, 1, 1, None)
    assert tried.examples[0] == (10, TEXTS[0], "spam")
    assert len(tried.examples) == 5
    assert not project.rules.exists()
    Task.objects.filter(project=project, item_id=13).update(data={"text": "a" * 60 + "!"})
    hung = try_rule(actor=ann, project_id=project.pk, label="spam", kind="regex", params={"pattern": "(a|aa)+$"})
    assert hung.stopped == 13


def test_a_sample_of_a_long_project_is_spread_over_it(ann: Actor) -> None:
    made = factories.project(ann)
    factories.tasks(made, 2_000)
    params = {"pattern": r"text \d+"}
    tried = try_rule(actor=ann, project_id=made.pk, label="spam", kind="regex", params=params)
    assert tried.sample == 500
    tail = try_rule(actor=ann, project_id=made.pk, label="spam", kind="regex", params={"pattern": r"text 1\d{3}"})
    assert 200 < tail.hits < 300
