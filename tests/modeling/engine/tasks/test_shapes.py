"""Figures, losses and resampling of found shapes on four pictures that can be checked by hand."""

import json
import time

import numpy as np
import pytest

from modeling.engine.data import Examples, Shape
from modeling.engine.errors import BadData
from modeling.engine.tasks import get_task
from modeling.engine.tasks.shapes import ScoredShape
from modeling.engine.tasks.task import bootstrap_interval

CELL = ((0.0, 0.0), (10.0, 10.0))
FAR = ((50.0, 50.0), (60.0, 60.0))
# Half of CELL and as much beside it: an overlap of a third.
OFF = ((5.0, 0.0), (15.0, 10.0))


def box(label: str, points=CELL) -> Shape:
    return Shape(label, "box", points)


def found(label: str, score: float, points=CELL) -> ScoredShape:
    return ScoredShape(label, "box", points, score)


def examples(*answers, task: str = "detection") -> Examples:
    return Examples(task, tuple(range(len(answers))), answers, ("test",) * len(answers))


def test_each_picture_loses_what_it_misses_and_what_it_invents():
    data = examples((box("cat"),), (), (box("cat"), box("dog", FAR)), (), (box("cat"),))
    made = [
        [found("cat", 0.8)],
        [],
        [found("cat", 1.0), found("cat", 0.5, FAR)],
        [found("dog", 0.04)],
        [found("cat", 0.9, OFF)],
    ]
    losses = get_task("detection").losses(made, data, ("cat", "dog"))
    assert losses.tolist() == pytest.approx([1 - 1.6 / 1.8, 0.0, 1 - 2 / 3.5, 0.0, 1.0])


def test_figures_name_each_class_and_are_ready_for_json():
    data = examples((box("cat"),), (box("cat"), box("dog", FAR)))
    made = [[found("cat", 0.9)], [found("cat", 0.8, FAR), found("dog", 0.7, FAR)]]
    figures = get_task("detection").figures(made, data, ("cat", "dog"))
    # One of two cats at a precision of 1: 51 of 101 recalls.
    assert figures["map"] == pytest.approx((51 / 101 + 1) / 2)
    assert figures["ar100"] == pytest.approx(0.75)
    cat, dog = figures["per_class"]
    assert (cat["label"], cat["support"], cat["ap50"]) == ("cat", 2, pytest.approx(51 / 101))
    assert cat["curve"][0] == pytest.approx({"recall": 0.0, "precision": 1.0, "score": 0.9})
    assert cat["curve"][-1]["recall"] == 0.5
    assert dog["ap"] == pytest.approx(1.0)
    json.dumps(figures)


def test_a_class_without_any_shape_in_these_pictures_has_no_figure():
    figures = get_task("detection").figures([[]], examples((box("cat"),)), ("cat", "dog"))
    assert figures["per_class"][1] == {"label": "dog", "ap": None, "ap50": None, "support": 0, "curve": []}
    assert figures["map"] == 0


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_the_score_over_all_rows_is_the_figure_and_two_hundred_rounds_take_a_second(task):
    generator = np.random.default_rng(5)
    answers, made = [], []
    for _ in range(60):
        places = generator.uniform(0, 400, (8, 2))
        shapes = [box(str(generator.choice(["a", "b"])), (tuple(p), tuple(p + 30))) for p in places]
        answers.append(tuple(shapes))
        made.append(
            [
                found(shape.label, float(generator.random()), tuple(map(tuple, np.array(shape.points) + move)))
                for shape in shapes
                for move in generator.normal(0, 3, (3, 1, 2))
            ]
        )
    data, kind = examples(*answers, task=task), get_task(task)
    scorer = kind.scorer(made, data, ("a", "b"))
    whole = kind.figures(made, data, ("a", "b"))["map"]
    assert scorer(np.arange(60)) == pytest.approx(whole, abs=1e-12)
    began = time.process_time()
    low, high = bootstrap_interval(scorer, 60, rounds=200)
    assert time.process_time() - began < 3
    assert low < whole < high


def test_rows_as_lists_of_mistakes_have_them():
    kind = get_task("detection")
    shown = {"label": "cat", "kind": "box", "points": [[0.0, 0.0], [10.0, 10.0]]}
    assert kind.row_answer((box("cat"),)) == [shown]
    made = kind.row_prediction([found("cat", 0.9), found("cat", 0.6, FAR), found("cat", 0.04)], ("cat",))
    assert made["answer"][0] == {**shown, "score": 0.9}
    assert len(made["answer"]) == 2
    assert made["confidence"] == 0.6
    assert kind.row_prediction([found("cat", 0.2)], ("cat",))["confidence"] == pytest.approx(0.8)
    assert kind.row_prediction([], ("cat",)) == {"answer": [], "confidence": 1.0}


def test_a_label_that_training_pictures_lack_is_refused():
    splits = ("train", "validation", "test")
    with pytest.raises(BadData, match="Label 'dog' occurs in the test rows"):
        Examples.of("detection", (1, 2, 3), ((box("cat"),), (box("cat"),), (box("dog"),)), splits)
    fine = Examples.of("detection", (1, 2, 3), ((box("cat"),), (), ()), splits)
    assert fine.classes == ("cat",)
