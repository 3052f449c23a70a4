"""Answers of the runtime as predictions of a task, and how alike two models' predictions are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.runtime.boxes import overlaps
from modeling.engine.pictures.coco_judge import box_of
from modeling.engine.tasks.shapes import SHOWN, ScoredShape
from modeling.engine.tasks.spans import ScoredSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Examples
    from modeling.engine.tasks import Task

# Intersection over union from which two shapes of one label are the same one.
SAME_PLACE = 0.5


def as_predictions(answers: Sequence[dict[str, Any]], labels: Sequence[str]) -> Any:
    """Return what `Task.figures` takes, from what runtime/model.py answers."""
    first = answers[0]
    if "probabilities" in first:
        return np.array([[answer["probabilities"][label] for label in labels] for answer in answers])
    if "spans" in first:
        return [
            [ScoredSpan(span["start"], span["end"], span["label"], span["score"]) for span in answer["spans"]]
            for answer in answers
        ]
    if "shapes" in first:
        return [
            [ScoredShape(one["label"], one["kind"], tuple(map(tuple, one["points"])), one["score"]) for one in found]
            for found in (answer["shapes"] for answer in answers)
        ]
    return np.array(
        [answer["first_is_better"] if "first_is_better" in answer else answer["value"] for answer in answers]
    )


def parity(task: Task, said: Any, made: Any, examples: Examples, labels: Sequence[str]) -> dict[str, float | None]:
    """Return how alike a float model and its bundle answer the same rows.

    Returns:
        `same_answer`: the share of rows whose answer is the same; for spans and shapes, which are many a row, the
        share of all that either finds that both find (a shape is found again where one of its label overlaps by
        half), 1 where neither finds any. `largest_difference`: of any number of any row: a probability, the score of
        what both find, or a value; None where nothing is in common.
    """
    if task.input == "picture" and task.name in {"detection", "segmentation"}:
        return _parity_of_lists([_shape_pairs(a, b) for a, b in zip(said, made, strict=True)])
    if task.name == "ner":
        return _parity_of_lists([_span_pairs(a, b) for a, b in zip(said, made, strict=True)])
    first, second = np.asarray(said, float), np.asarray(made, float)
    rows = [[task.row_prediction(one, labels)["answer"] for one in each] for each in (first, second)]
    same = float(np.mean([_is_same(a, b) for a, b in zip(*rows, strict=True)]))
    return {"same_answer": same, "largest_difference": float(np.abs(first - second).max())}


def _is_same(first: Any, second: Any) -> bool:
    """Tell whether two answers are the same; numbers are to six digits."""
    if isinstance(first, float):
        return math.isclose(first, second, rel_tol=1e-6)
    return bool(first == second)


def _parity_of_lists(rows: Sequence[tuple[int, list[float]]]) -> dict[str, float | None]:
    every, shared = sum(row[0] for row in rows), [value for row in rows for value in row[1]]
    return {
        "same_answer": len(shared) / every if every else 1.0,
        "largest_difference": max(shared, default=None),
    }


def _span_pairs(first: Sequence[ScoredSpan], second: Sequence[ScoredSpan]) -> tuple[int, list[float]]:
    """Return how many spans two lists hold together, and the difference of scores of those in both."""
    known = {tuple(span[:3]): span.score for span in second}
    shared = [abs(span.score - known[tuple(span[:3])]) for span in first if tuple(span[:3]) in known]
    return len(first) + len(second) - len(shared), shared


def _shape_pairs(first: Sequence[ScoredShape], second: Sequence[ScoredShape]) -> tuple[int, list[float]]:
    """Return the same for shapes of a score that is shown, each found again at most once, the likeliest first."""
    mine = sorted((shape for shape in first if shape.score >= SHOWN), key=lambda shape: -shape.score)
    others = [shape for shape in second if shape.score >= SHOWN]
    every, shared = len(mine) + len(others), []
    if not mine or not others:
        return every, []
    shares = overlaps(np.array(list(map(box_of, mine))), np.array(list(map(box_of, others))))
    shares *= np.array([[one.label == other.label for other in others] for one in mine])
    for row, shape in enumerate(mine):
        best = int(shares[row].argmax())
        if shares[row, best] >= SAME_PLACE:
            shares[:, best] = 0
            shared.append(abs(shape.score - others[best].score))
    return every - len(shared), shared
