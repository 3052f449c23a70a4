"""What versions teach, and trainings of tasks other than one label a text."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.engine.interval import wilson_interval
from curation.models import Dataset, Version
from modeling.engine.data import Shape, Span
from modeling.models import Training
from modeling.services.answers import (
    kind_of_answers,
    marked_shapes,
    marked_spans,
    shares_of_consensus,
    shares_of_people,
)
from modeling.services.judged import (
    compare_trainings,
    forget_judged,
    judged_page,
    slice_figures,
    slices_of,
    training_with_rows,
)
from modeling.services.trainable import Goal, find_goal, goals_of, open_examples
from modeling.services.training import run_training, start_training
from tests.modeling.conftest import add_version, running, taken

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ["Ada", "Bob", "Cem", "Dora", "Emil"]
PLACES = ["Rome", "Oslo", "Lima", "Kyoto", "Bonn"]


def splits(count: int) -> list[str]:
    return ["validation" if row % 5 == 0 else "test" if row % 5 == 1 else "train" for row in range(count)]


def marked_texts(count: int) -> pa.Table:
    """Return sentences with a person and a place each, marked as people's answers are stored."""
    texts, answers = [], []
    for row in range(count):
        name, place = NAMES[row % 5], PLACES[(row * 3) % 5]
        text = f"Yesterday {name} went to {place} again, day {row}."
        marks = [
            {"start": text.index(word), "end": text.index(word) + len(word), "label": label, "id": "x", "text": word}
            for word, label in ((name, "person"), (place, "place"))
        ]
        texts.append(text)
        answers.append(json.dumps(marks))
    return pa.table(
        {
            "item_id": pa.array(range(1, count + 1), pa.int64()),
            "text": texts,
            "source": ["mail" if row % 2 else "chat" for row in range(count)],
            "entities": answers,
            "split": splits(count),
        }
    )


@pytest.fixture
def dataset(owner: Actor) -> Dataset:
    return Dataset.objects.create(organization_id=owner.organization_id, name="Goals")


@pytest.fixture
def trained(owner: Actor) -> Callable[..., Training]:
    """Train and return the training as it is afterwards."""

    def train(version: Version, family: str, **options: Any) -> Training:
        training = taken(lambda: start_training(actor=owner, version_id=version.pk, family=family, **options))
        with running(training.job) as job:
            run_training(job=job, training_id=training.pk)
        return training_with_rows(actor=owner, training_id=training.pk)

    return train


def test_columns_of_answers_are_told_apart() -> None:
    assert kind_of_answers([None, "[]", '[{"start": 1, "end": 2, "label": "a"}]']) == "spans"
    assert kind_of_answers(['[{"type": "box", "label": "a"}]']) == "boxes"
    assert kind_of_answers(['[{"type": "polygon", "label": "a"}]']) == "polygons"
    assert kind_of_answers(['["a", "b"]']) == "labels"
    assert kind_of_answers(["[not json", "plain", '{"a": 1}', None]) == ""


def test_answers_become_spans_and_shapes() -> None:
    assert marked_spans('[{"start": 3, "end": 5, "label": "x"}]') == (Span(3, 5, "x"),)
    assert marked_spans("[]") == ()
    assert marked_spans(None) is None
    box = '[{"type": "box", "label": "a", "x": 1, "y": 2, "width": 3, "height": 4}, {"type": "point", "label": "p"}]'
    assert marked_shapes(box, "box") == (Shape("a", "box", ((1.0, 2.0), (4.0, 6.0))),)
    assert marked_shapes(box, "polygon") == (Shape("a", "polygon", ((1.0, 2.0), (4.0, 2.0), (4.0, 6.0), (1.0, 6.0))),)


def test_people_who_disagree_are_shares() -> None:
    everybody = ['[{"answer": {"kind": ["a"]}}, {"answer": {"kind": ["b"]}}, {"answer": {"kind": "a"}}]', None]
    shares = shares_of_people(everybody, ["a", "b"])
    assert np.allclose(shares, [[2 / 3, 1 / 3], [0, 1]])
    assert shares_of_consensus([0.8, None], ["a", "b"]).tolist() == [[0.8, pytest.approx(0.2)], [0.0, 1.0]]


def test_a_version_of_spans_teaches_spans(owner: Actor, dataset: Dataset, tmp_path: Path) -> None:
    version = add_version(owner, dataset, marked_texts(20), tmp_path / "v", roles={"text": "text"})
    assert goals_of(version=version) == [Goal("ner", "entities")]
    assert find_goal(actor=owner, version_id=version.pk, task="ner") == Goal("ner", "entities")
    with pytest.raises(DomainError) as refusal:
        find_goal(actor=owner, version_id=version.pk, task="detection")
    assert refusal.value.code == "goal_unknown"
    with open_examples(version=version, goal=Goal("ner", "entities")) as data:
        assert data.inputs[0][data.answers[0][0].start : data.answers[0][0].end] == "Ada"
        assert data.ids[:2] == ("1", "2")


def test_a_family_of_another_task_is_refused(owner: Actor, dataset: Dataset, tmp_path: Path) -> None:
    version = add_version(owner, dataset, marked_texts(20), tmp_path / "v", roles={"text": "text"})
    with pytest.raises(DomainError) as refusal:
        start_training(actor=owner, version_id=version.pk, family="few-shot")
    assert refusal.value.code == "family_unfit"
    assert "tagger" in refusal.value.detail


def test_spans_are_learned_and_judged(
    owner: Actor, dataset: Dataset, tmp_path: Path, trained: Callable[..., Training]
) -> None:
    version = add_version(owner, dataset, marked_texts(60), tmp_path / "v", roles={"text": "text"})
    training = trained(version, "tagger-linear")
    assert (training.task, training.answer) == ("ner", "entities")
    assert training.report["f1"] > 0.95
    assert training.model.metrics["primary"] == "f1"
    rows, total = judged_page(training, wrong=False)
    assert total == 12
    assert [row["loss"] for row in rows] == sorted((row["loss"] for row in rows), reverse=True)
    assert json.loads(rows[-1]["answer"])[0]["label"] == "person"


def test_the_data_decides_and_says_why(
    owner: Actor, dataset: Dataset, tmp_path: Path, trained: Callable[..., Training]
) -> None:
    generator = np.random.default_rng(0)
    size = generator.normal(10, 3, 200)
    table = pa.table(
        {
            "item_id": pa.array(range(1, 201), pa.int64()),
            "size": size,
            "colour": generator.choice(["red", "blue"], 200),
            "kind": ["big" if value > 10 else "small" for value in size],
            "split": splits(200),
        }
    )
    version = add_version(owner, dataset, table, tmp_path / "v", roles={"label": "kind"})
    assert goals_of(version=version) == [Goal("table", "kind")]
    training = trained(version, "auto")
    assert training.report["accuracy"] > 0.9
    assert {row["family"] for row in training.report["auto"]} == {"table-linear", "table-trees"}
    assert training.report["family"] in training.report["reason"]
    assert slices_of(training) == ["colour", "kind"]
    figures = slice_figures(training, "colour")
    assert {row["value"] for row in figures} == {"red", "blue"}
    assert sum(row["items"] for row in figures) == 40
    assert all(row["low"] <= row["right"] <= row["high"] for row in figures)
    with pytest.raises(NotFound):
        slice_figures(training, "split")


def test_two_trainings_are_compared_on_what_both_judged(version: Version, trained: Callable[..., Training]) -> None:
    first, second = trained(version, "tfidf-linear"), trained(version, "encoder-linear")
    found = compare_trainings(first, second)
    assert found["items"] == 48
    assert found["mcnemar"]["only_first"] - found["mcnemar"]["only_second"] == round(
        48 * (found["right"][0] - found["right"][1])
    )
    assert all(row["prediction"] != row["prediction_2"] for row in found["changed"])
    itself = compare_trainings(first, first)
    assert (itself["changed"], itself["mcnemar"]["p_value"]) == ([], 1.0)
    assert found["loss_difference"]["low"] <= found["loss_difference"]["difference"] <= found["loss_difference"]["high"]


def test_a_stranger_sees_no_judged_items(stranger: Actor, version: Version, trained: Callable[..., Training]) -> None:
    training = trained(version, "tfidf-linear")
    with pytest.raises(NotFound):
        training_with_rows(actor=stranger, training_id=training.pk)


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(0, 20)[0] == 0.0


def test_erased_items_leave_the_judged_rows(version: Version, trained: Callable[..., Training]) -> None:
    training = trained(version, "tfidf-linear")
    rows, _total = judged_page(training, wrong=False, limit=3)
    gone = [row["item_id"] for row in rows[:2]]
    wanted = {version.dataset_id: np.array(gone)}
    assert forget_judged(organization_id=training.organization_id, items=wanted) == 2
    left, total = judged_page(training, wrong=False, limit=100)
    assert total == 46
    assert not {row["item_id"] for row in left} & set(gone)
    assert forget_judged(organization_id=training.organization_id, items=wanted) == 0
