"""Who must go through training and test, who need not, and that no way leads around it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from accounts.services.token import create_token
from core.errors import Conflict
from labeling.models import (
    Annotation,
    Gold,
    Progress,
    Task,
)
from labeling.services.assignment import Order as Giving
from labeling.services.assignment import give_tasks
from labeling.services.bulk import Order, start_bulk
from labeling.services.gold import mark_gold
from labeling.services.onboarding_people import let_pass, onboarding_people
from labeling.services.project import change_project
from tests import factories
from tests.labeling.onboarding import SPAM, answer_all, lease, made, refused, save, say, state
from tests.labeling.versions import numbered

pytestmark = pytest.mark.django_db


def test_a_manager_lets_somebody_pass_who_has_not_even_begun() -> None:
    ann, bob, project = made()
    let_pass(actor=ann, project_id=project.pk, person=bob.user_id)
    assert len(lease(bob, project)) == 3
    (row,) = onboarding_people(actor=ann, project=project)
    assert (row["stage"], row["let_by"]) == ("passed", str(row["let_by"]))
    assert AuditEntry.objects.filter(action="project.let_pass", data__person=bob.user_id).exists()


def test_managers_and_reviewers_are_never_asked_whatever_their_token_may_do() -> None:
    ann, _bob, project = made()
    for role in ("manager", "engineer", "reviewer"):
        assert lease(factories.member(ann, role), project)
    token, _secret = create_token(actor=ann, name="labels", scopes=["label"])
    narrow = type(ann)(ann.user_id, ann.organization_id, ann.role, frozenset({"label"}), token.pk)
    assert lease(narrow, project)
    assert {row["stage"] for row in onboarding_people(actor=ann, project=project)} == {"new"}


@pytest.mark.parametrize("everybody", [False, True])
def test_who_answered_before_goes_on_or_not_as_the_manager_says(everybody: bool) -> None:
    ann = factories.owner()
    project = numbered(ann, 20)
    bob, cleo = factories.member(ann, "annotator"), factories.member(ann, "annotator")
    save(bob, project, lease(bob, project, 1))
    lease(cleo, project, 1)
    mark_gold(actor=ann, project_id=project.pk, item=10, answer=SPAM, use="test")
    change_project(actor=ann, project_id=project.pk, onboarding=True, onboarding_everybody=everybody)
    assert refused(cleo, project) == "onboarding"
    if everybody:
        assert refused(bob, project) == "onboarding"
        change_project(actor=ann, project_id=project.pk, onboarding_everybody=False)
    assert lease(bob, project)
    assert {row["stage"] for row in onboarding_people(actor=ann, project=project)} == {"before", "new"}
    # Whoever passed stays in when everybody is asked after all.
    answer_all(cleo, project, "test")
    change_project(actor=ann, project_id=project.pk, onboarding_everybody=True)
    assert lease(cleo, project)
    assert refused(bob, project) == "onboarding"


def test_switching_it_off_opens_the_queue_at_once() -> None:
    ann, bob, project = made()
    assert refused(bob, project) == "onboarding"
    change_project(actor=ann, project_id=project.pk, onboarding=False)
    assert lease(bob, project)
    assert state(bob, project) == {"stage": "open"}


def test_it_is_not_switched_on_where_nobody_could_pass() -> None:
    ann = factories.owner()
    project = numbered(ann, 5)
    for more in ({}, {"onboarding_test": 0}, {"onboarding_test": 0, "onboarding_training": 0}):
        with pytest.raises(Conflict) as caught:
            change_project(actor=ann, project_id=project.pk, onboarding=True, **more)
        assert caught.value.code == "onboarding_no_tasks"
    project.refresh_from_db()
    assert not project.onboarding


def test_training_alone_opens_the_queue_and_a_test_alone_does() -> None:
    _ann, bob, project = made(training=2, test=0, onboarding_test=0)
    assert answer_all(bob, project, "training", right=0)["state"]["stage"] == "passed"
    assert lease(bob, project)
    _ann, cleo, other = made(training=0, test=1)
    assert state(cleo, other)["stage"] == "test"


def test_no_way_leads_around_the_test() -> None:
    ann, bob, project = made(training=1, test=1)
    free = [
        {"id": task} for task in Task.objects.filter(project=project, is_gold=False).values_list("pk", flat=True)[:2]
    ]
    assert save(bob, project, free) == ["kept_as_draft", "kept_as_draft"]
    marked = [{"id": gold.task_id} for gold in Gold.objects.all()]
    assert save(bob, project, marked) == ["kept_as_draft", "kept_as_draft"]
    with pytest.raises(Conflict) as caught:
        start_bulk(actor=bob, project_id=project.pk, order=Order(SPAM, [5, 6]))
    assert caught.value.code == "onboarding"
    let_pass(actor=ann, project_id=project.pk, person=bob.user_id)
    # And for those who are in, a test item is no work either.
    assert save(bob, project, marked) == ["kept_as_draft", "kept_as_draft"]
    assert save(bob, project, free) == ["saved", "saved"]
    start_bulk(actor=bob, project_id=project.pk, order=Order(SPAM, [1, 2, 20]))
    assert sorted(Annotation.objects.values_list("task__item_id", flat=True)) == [3, 4, 20]


def test_assigned_tasks_wait_until_the_person_is_in() -> None:
    ann, bob, project = made(training=0, test=1)
    change_project(actor=ann, project_id=project.pk, only_assigned=True)
    give_tasks(actor=ann, project_id=project.pk, order=Giving([bob.user_id], items=[10, 11]))
    assert refused(bob, project) == "onboarding"
    answer_all(bob, project, "test")
    assert [task["item_id"] for task in lease(bob, project)] == [10, 11]


def test_a_paused_project_takes_no_answers_and_an_archived_one_is_gone_for_annotators() -> None:
    ann, bob, project = made()
    task = state(bob, project)["task"]["id"]
    change_project(actor=ann, project_id=project.pk, state="paused")
    with pytest.raises(Conflict) as caught:
        say(bob, project, task)
    assert caught.value.code == "project_paused"
    assert state(bob, project)["stage"] == "training"
    change_project(actor=ann, project_id=project.pk, state="archived")
    with pytest.raises(Conflict) as archived:
        state(bob, project)
    assert archived.value.code == "project_archived"


def test_rules_that_change_in_the_middle_hold_at_once() -> None:
    ann, bob, project = made(training=2, test=2)
    state(bob, project)
    change_project(actor=ann, project_id=project.pk, onboarding_training=0)
    assert state(bob, project)["stage"] == "test"
    change_project(actor=ann, project_id=project.pk, onboarding_test=0)
    assert state(bob, project) == {"stage": "open"} or lease(bob, project)
    assert Progress.objects.get(annotator=bob.user_id).onboarded


def test_a_lease_asks_the_same_of_the_database_whether_or_not_there_is_a_test() -> None:
    ann = factories.owner()
    plain = numbered(ann, 20)
    bob = factories.member(ann, "annotator")
    _boss, cleo, project = made()
    let_pass(actor=_boss, project_id=project.pk, person=cleo.user_id)
    counts = []
    for who, where in ((bob, plain), (cleo, project)):
        lease(who, where, 1)
        with CaptureQueriesContext(connection) as asked:
            tasks = lease(who, where, 2)
        with CaptureQueriesContext(connection) as saved:
            save(who, where, tasks)
        counts.append((len(asked), len(saved)))
    assert counts[0] == counts[1]


def test_people_are_listed_with_as_many_queries_for_one_as_for_many() -> None:
    ann, bob, project = made()
    answer_all(bob, project, "training")
    with CaptureQueriesContext(connection) as few:
        onboarding_people(actor=ann, project=project)
    for _number in range(4):
        answer_all(factories.member(ann, "annotator"), project, "training", right=1)
    with CaptureQueriesContext(connection) as many:
        rows = onboarding_people(actor=ann, project=project)
    assert len(few) == len(many)
    assert [(row["trained"], row["trained_right"]) for row in rows].count((2, 1)) == 4
    assert rows[0]["seconds"] == 4.0


def test_the_state_asks_the_same_of_the_database_for_few_and_many_items() -> None:
    counts = []
    for size in (3, 12):
        _ann, bob, project = made(training=size, test=size, onboarding_training=12, onboarding_test=12)
        state(bob, project)
        with CaptureQueriesContext(connection) as asked:
            state(bob, project)
        counts.append(len(asked))
    assert counts[0] == counts[1]
