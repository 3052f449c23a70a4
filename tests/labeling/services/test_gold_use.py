"""What known answers are for: marked, changed together, taken from columns."""

import pytest

from core.errors import DomainError, NotFound
from labeling.models import (
    Gold,
)
from labeling.services.gold import gold_page, mark_gold, run_import, start_import
from labeling.services.gold_use import change_use, uses_of
from tests import factories
from tests.labeling.onboarding import SPAM, answer_all, golds, lease, made
from tests.labeling.versions import numbered, start, version

pytestmark = pytest.mark.django_db


def test_uses_are_changed_together_and_what_is_hidden_again_comes_to_everybody() -> None:
    ann = factories.owner()
    project = numbered(ann, 30, gold_share=50)
    for item in (1, 2):
        mark_gold(actor=ann, project_id=project.pk, item=item, answer=SPAM, use="training")
    mark_gold(actor=ann, project_id=project.pk, item=3, answer=SPAM)
    bob = factories.member(ann, "annotator")
    assert 3 in [task["item_id"] for task in lease(bob, project, 4)]
    numbers = [gold.pk for gold in golds(project, "training")]
    assert change_use(actor=ann, project_id=project.pk, golds=numbers, use="hidden") == 2
    assert change_use(actor=ann, project_id=project.pk, golds=numbers, use="hidden") == 0
    more = [task["item_id"] for task in lease(bob, project, 8)]
    assert {1, 2} <= set(more)
    assert 3 not in more
    with pytest.raises(NotFound):
        change_use(actor=ann, project_id=project.pk, golds=[*numbers, 10**9], use="test")
    with pytest.raises(DomainError):
        change_use(actor=ann, project_id=project.pk, golds=numbers, use="exam")


def test_a_column_says_what_each_is_for_and_another_one_why() -> None:
    ann = factories.owner()
    columns = {
        "text": ["a", "b", "c", "d"],
        "truth": ["spam", "ham", "spam", ""],
        "part": ["Training", "test", "", "test"],
        "why": ["它在推销。", "", "Prize.", "-"],
    }
    project = factories.project(ann, version=version(ann, columns))
    factories.tasks(project, 4)
    options = {"column": "truth", "use": "hidden", "use_column": "part", "explanation_column": "why"}
    job = start_import(actor=ann, project_id=project.pk, **options)
    result = run_import(job=start(job), **job.params)
    assert result["marked"] == 3
    found = [
        (gold.task.item_id, gold.use, gold.explanation) for gold in Gold.objects.select_related("task").order_by("task")
    ]
    assert found == [(1, "training", "它在推销。"), (2, "test", ""), (3, "hidden", "Prize.")]
    project.refresh_from_db()
    assert project.gold_count == 1
    with pytest.raises(DomainError) as caught:
        start_import(actor=ann, project_id=project.pk, column="truth", use_column="nothing")
    assert caught.value.code == "column_unknown"


def test_a_whole_import_is_for_one_use() -> None:
    ann = factories.owner()
    project = factories.project(ann, version=version(ann, {"text": ["a", "b"], "truth": ["spam", "ham"]}))
    factories.tasks(project, 2)
    job = start_import(actor=ann, project_id=project.pk, column="truth", use="training")
    run_import(job=start(job), **job.params)
    assert uses_of(project) == {"hidden": 0, "training": 2, "test": 0}


def test_the_list_of_known_answers_counts_what_was_said_before_the_work() -> None:
    ann, bob, project = made(training=1, test=1)
    answer_all(bob, project, "training", right=0)
    answer_all(bob, project, "test")
    rows, _older = gold_page(actor=ann, project=project)
    assert [(row["use"], row["answers"], row["right"]) for row in rows] == [("test", 1, 1), ("training", 1, 0)]
    assert [row["use"] for row in gold_page(actor=ann, project=project, use="test")[0]] == ["test"]
