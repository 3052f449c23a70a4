"""Labels published as a version."""

import uuid
from typing import Any

import numpy as np
import pytest

from accounts.actor import Actor
from core.errors import DomainError
from curation.models import Version
from curation.services.version import open_version
from labeling.models import Annotation, Bulk, Project
from labeling.services.annotation import change_annotation
from labeling.services.answer import save_answers
from labeling.services.bulk import Order, start_bulk
from labeling.services.bulk_undo import undo_bulk
from labeling.services.project import (
    create_project,
    labeled_items,
    project_figures,
    schema_for_labels,
    start_publish,
    unlabeled_items,
)
from labeling.services.publish import publish_labels
from labeling.services.queue import lease_tasks
from labeling.services.review import judge_answer
from labeling.services.task import make_tasks
from tests import factories
from tests.labeling.versions import start, version

pytestmark = pytest.mark.django_db


def make(actor: Actor, columns: dict[str, Any], overlap: int = 1, **roles: str) -> Project:
    made = version(actor, columns, **roles)
    schema = schema_for_labels(labels=["ham", "spam"], text_field="text")
    name = "P" + "'" * Project.objects.count()
    project, job = create_project(actor=actor, version_id=made.pk, name=name, schema=schema, overlap=overlap)
    make_tasks(job=start(job), project_id=project.pk)
    return project


def label(actor: Actor, project: Project, answers: dict[int, str | None]) -> None:
    tasks = lease_tasks(actor=actor, project_id=project.pk, count=50, holding=[])["tasks"]
    rows = [
        {
            "client_key": str(uuid.uuid4()),
            "task": task["id"],
            "lease": task["lease"]["token"],
            "answer": {"label": [answers[task["item_id"]]]} if answers[task["item_id"]] else None,
            "skipped": answers[task["item_id"]] is None,
        }
        for task in tasks
        if task["item_id"] in answers
    ]
    results = save_answers(actor=actor, project_id=project.pk, answers=rows)["results"]
    assert {row["status"] for row in results} <= {"saved"}


def publish(actor: Actor, project: Project, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    job = start(start_publish(actor=actor, project_id=project.pk, options=options))
    result = publish_labels(job=job, project_id=project.pk, **options)
    assert publish_labels(job=job, project_id=project.pk, **options)["version"] == result["version"]
    made = Version.objects.get(pk=result["version"])
    with open_version(made) as reader:
        return result, reader.table().to_pylist()


def test_a_majority_is_published_and_a_tie_is_reported_and_left_empty() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = make(ann, {"text": ["one", "two", "three", "four"]}, overlap=2)
    label(ann, project, {1: "ham", 2: "spam", 3: None})
    label(bob, project, {1: "ham", 2: "ham", 3: "spam"})
    result, rows = publish(ann, project, split=False)
    assert [row["label"] for row in rows] == ["ham", None, "spam", None]
    assert [row["label_agreement"] for row in rows] == [1.0, 0.5, 1.0, None]
    both = sorted([ann.user_id, bob.user_id])
    assert [row["label_annotators"] for row in rows] == [both, both, [bob.user_id], []]
    assert [row["labeled_at"] is not None for row in rows] == [True, True, True, False]
    assert (result["labeled"], result["ties"], result["tied_items"]) == (2, 1, [2])
    made = Version.objects.get(pk=result["version"])
    assert (made.kind, made.parent_id, made.number) == ("publish", project.version_id, 2)
    assert made.manifest["roles"] == {"text": "text", "label": "label"}
    assert made.note == "2 labels from P"


def test_only_labeled_items_can_be_published() -> None:
    ann = factories.owner()
    project = make(ann, {"text": ["one", "two", "three"]})
    label(ann, project, {2: "spam"})
    result, rows = publish(ann, project, split=False, only_labeled=True)
    assert [(row["item_id"], row["label"]) for row in rows] == [(2, "spam")]
    assert result["left_out"] == 2


def test_items_that_nobody_answered_keep_their_label_unless_told_otherwise() -> None:
    ann = factories.owner()
    columns = {"text": ["one", "two"], "kind": ["ham", "ham"]}
    project = make(ann, columns, label="kind")
    label(ann, project, {1: "spam"})
    result, rows = publish(ann, project, split=False)
    assert [(row["kind"], row["label"]) for row in rows] == [("ham", "spam"), ("ham", "ham")]
    assert (result["labeled"], result["kept_labels"]) == (1, 1)
    _result, rows = publish(ann, project, split=False, keep_labels=False)
    assert [row["label"] for row in rows] == ["spam", None]


def test_the_split_is_seeded_and_keeps_equal_texts_together() -> None:
    ann = factories.owner()
    texts = [f"text {number // 2}" for number in range(40)]
    project = make(ann, {"text": texts})
    label(ann, project, {number: "ham" if number % 4 < 2 else "spam" for number in range(1, 41)})
    _result, rows = publish(ann, project, validation=0.2, test=0.2, seed=7)
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row["text"], set()).add(row["split"])
    assert {len(found) for found in sides.values()} == {1}
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    _result, again = publish(ann, project, validation=0.2, test=0.2, seed=7)
    assert [row["split"] for row in again] == [row["split"] for row in rows]


def test_a_later_version_cannot_touch_the_test_set_of_an_earlier_one() -> None:
    ann = factories.owner()
    texts = [f"text {number}" for number in range(1, 41)]
    first = make(ann, {"text": texts})
    label(ann, first, {number: "ham" if number % 2 else "spam" for number in range(1, 41)})
    _result, rows = publish(ann, first, test=0.25, seed=3)
    locked = {row["text"] for row in rows if row["split"] == "test"}
    assert len(locked) == 10
    # The next version has twenty texts more, among them a locked one in another spelling, and lost a locked one.
    gone = min(locked)
    left = [row for row in rows if row["text"] != gone]
    twin = max(locked).upper()
    more = [f"more {number}" for number in range(19)] + [twin]
    columns = {"text": [row["text"] for row in left] + more, "split": [row["split"] for row in left] + [None] * 20}
    second = make(ann, {**columns, "label": ["ham", "spam"] * 29 + ["ham"]}, label="label")
    _result, later = publish(ann, second, test=0.5, seed=4)
    assert {row["text"] for row in later if row["split"] == "test"} == (locked - {gone}) | {twin}
    assert {row["split"] for row in later if row["text"].startswith("more")} == {"train", "validation"}


def test_publishing_nothing_says_so() -> None:
    ann = factories.owner()
    project = make(ann, {"text": ["one"]})
    with pytest.raises(DomainError) as caught:
        publish(ann, project, only_labeled=True)
    assert caught.value.code == "nothing_to_publish"


def test_modeling_reads_labeled_and_unlabeled_items() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = make(ann, {"text": ["one", "two", "three"]}, overlap=2)
    label(ann, project, {1: "ham", 2: "spam"})
    label(bob, project, {2: "ham"})
    assert list(labeled_items(project)) == [(1, "one", "ham")]
    assert list(unlabeled_items(project)) == [(3, "three")]
    assert list(unlabeled_items(project, limit=0)) == []


def test_figures_add_up() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = make(ann, {"text": ["one", "two"]}, overlap=2)
    label(ann, project, {1: "ham", 2: None})
    label(bob, project, {1: "ham"})
    project.refresh_from_db()
    figures = project_figures(project=project)
    assert (figures["tasks"], figures["answers"], figures["answers_wanted"], figures["skipped"]) == (2, 3, 4, 1)
    assert [(row["user"], row["answers"]) for row in figures["people"]] == [(ann.user_id, 2), (bob.user_id, 1)]
    assert [(row["value"], row["count"]) for row in figures["labels"]] == [("ham", 2), ("spam", 0)]


def test_labels_say_whether_they_were_given_in_bulk() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    texts = ["one", "two", "three", "four", "five", "six"]
    project = make(ann, {"text": texts, "kind": ["ham", *[None] * 4, "spam"]}, overlap=2, label="kind")

    def give(actor: Actor, value: str, *items: int, change_own: bool = False) -> Bulk:
        order = Order({"label": [value]}, list(items), change_own=change_own)
        return start_bulk(actor=actor, project_id=project.pk, order=order)

    label(ann, project, {1: "ham", 4: "ham", 5: "ham"})
    give(ann, "ham", 2, 3)
    give(bob, "ham", 1, 2)
    give(ann, "spam", 4, change_own=True)
    # Corrected one by one, and brought back by an undo: neither is a bulk's word any more.
    third = Annotation.objects.get(task__item_id=3)
    change_annotation(actor=ann, annotation_id=third.pk, revision=third.revision, answer={"label": ["spam"]})
    undone = give(ann, "spam", 5, change_own=True)
    undo_bulk(actor=ann, bulk_id=undone.pk)
    _result, rows = publish(ann, project, split=False)
    assert [(row["label"], row["label_source"]) for row in rows] == [
        ("ham", "both"),
        ("ham", "bulk"),
        ("spam", "person"),
        ("spam", "bulk"),
        ("ham", "person"),
        ("spam", "kept"),
    ]
    _result, rows = publish(ann, project, split=False, keep_labels=False)
    assert (rows[5]["label"], rows[5]["label_source"]) == (None, None)


def test_only_what_a_reviewer_accepted_or_fixed_is_published_with_who_it_was() -> None:
    ann = factories.owner()
    bob, sue = factories.member(ann, "annotator"), factories.member(ann, "reviewer")
    project = make(ann, {"text": ["one", "two", "three", "four"]})
    label(bob, project, {1: "ham", 2: "ham", 3: "ham", 4: "ham"})
    numbers = dict(Annotation.objects.values_list("task__item_id", "pk"))
    judge_answer(actor=sue, annotation_id=numbers[1], verdict="accepted")
    judge_answer(actor=ann, annotation_id=numbers[2], verdict="fixed", answer={"label": ["spam"]})
    judge_answer(actor=sue, annotation_id=numbers[3], verdict="rejected", reason="No.")
    _result, rows = publish(ann, project, split=False, only_reviewed=True)
    assert [row["label"] for row in rows] == ["ham", "spam", None, None]
    assert [row["label_reviewers"] for row in rows] == [[sue.user_id], [ann.user_id], [], []]
    assert [row["label_annotators"] for row in rows] == [[bob.user_id], [bob.user_id], [], []]
    _result, rows = publish(ann, project, split=False)
    assert [row["label"] for row in rows] == ["ham", "spam", None, "ham"]
    assert rows[3]["label_reviewers"] == []


def test_a_model_of_the_people_settles_what_the_vote_leaves_open_and_says_how_sure_it_is() -> None:
    """Two of five people guess; with the vote they tie some items and turn others."""
    ann = factories.owner()
    people = [ann, *(factories.member(ann, "annotator") for _number in range(4))]
    truth = {item: "ham" if item % 2 else "spam" for item in range(1, 41)}
    project = make(ann, {"text": [f"text {item}" for item in truth]}, overlap=5)
    random = np.random.default_rng(5)
    for number, person in enumerate(people):
        right = random.random(40) < (0.95 if number < 3 else 0.5)
        given = {
            item: truth[item] if good else ("spam" if truth[item] == "ham" else "ham")
            for (item, good) in zip(truth, right, strict=True)
        }
        label(person, project, given)
    result, rows = publish(ann, project, split=False, consensus="auto")
    _majority, votes = publish(ann, project, split=False)
    assert result["method"] != "majority"
    assert result["method"]
    right = [row["label"] == truth[row["item_id"]] for row in rows]
    assert sum(right) >= sum(row["label"] == truth[row["item_id"]] for row in votes)
    assert sum(right) >= 38
    assert all(0.5 <= row["label_confidence"] <= 1 for row in rows)
    assert {row["label_agreement"] for row in rows} <= {0.2, 0.4, 0.6, 0.8, 1.0}
    assert "label_confidence" not in votes[0]


def test_a_model_leaves_items_without_answers_and_ties_alone() -> None:
    ann = factories.owner()
    bob = factories.member(ann, "annotator")
    project = make(ann, {"text": ["one", "two", "three"]}, overlap=2)
    label(ann, project, {1: "ham", 2: "spam"})
    label(bob, project, {1: "ham", 2: "ham"})
    result, rows = publish(ann, project, split=False, consensus="auto")
    assert [(row["label"], row["label_confidence"], row["label_agreement"]) for row in rows] == [
        ("ham", 1.0, 1.0),
        (None, 0.5, 0.5),
        (None, None, None),
    ]
    assert (result["method"], result["ties"], result["tied_items"]) == ("majority", 1, [2])
