"""Answers of people as they lie in the columns of versions, as the engine takes them."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from labeling.engine.controls.shapes import corners
from modeling.engine.data import Shape, Span


def kind_of_answers(values: Sequence[Any]) -> str:
    """Return what a column of JSON holds: ``spans``, ``boxes``, ``polygons`` or ``labels``; else an empty string."""
    for value in values:
        parts = _list(value)
        if not parts:
            continue
        if all(isinstance(part, str) for part in parts):
            return "labels"
        if not all(isinstance(part, dict) and "label" in part for part in parts):
            return ""
        if all("start" in part and "end" in part for part in parts):
            return "spans"
        kinds = {part.get("type") for part in parts}
        if kinds & {"polygon"}:
            return "polygons"
        return "boxes" if kinds & {"box", "rotated_box"} else ""
    return ""


def _list(value: Any) -> list[Any] | None:
    if not isinstance(value, str) or not value.startswith("["):
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


def marked_spans(value: Any) -> tuple[Span, ...] | None:
    """Return the spans of a cell; None where nobody answered."""
    parts = _list(value)
    if parts is None:
        return None
    return tuple(Span(int(part["start"]), int(part["end"]), str(part["label"])) for part in parts)


def marked_shapes(value: Any, kind: str) -> tuple[Shape, ...] | None:
    """Return the shapes of a cell as boxes or polygons; None where nobody answered.

    A rotated box or polygon becomes the upright box around it, a box the polygon of its corners; points are left out.
    """
    parts = _list(value)
    if parts is None:
        return None
    found = []
    for part in parts:
        if part.get("type") not in {"box", "rotated_box", "polygon"}:
            continue
        points = tuple((float(x), float(y)) for x, y in corners(part))
        if kind == "box":
            across, down = [x for x, _ in points], [y for _, y in points]
            points = ((min(across), min(down)), (max(across), max(down)))
        found.append(Shape(str(part["label"]), kind, points))
    return tuple(found)


def shares_of_people(everybody: Sequence[Any], labels: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return how many of the people who answered gave each label, [n, k] with the labels in code point order.

    Where nobody's own answer is kept, the label counts alone.
    """
    classes = {label: number for number, label in enumerate(sorted(set(labels)))}
    shares = np.zeros((len(labels), len(classes)))
    for row, (answers, label) in enumerate(zip(everybody, labels, strict=True)):
        given = [classes[said] for said in _said(answers) if said in classes] or [classes[label]]
        for place in given:
            shares[row, place] += 1 / len(given)
    return shares


def shares_of_consensus(confidences: Sequence[float | None], labels: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return shares [n, k], the labels in code point order: a label has its confidence, the others share the rest.

    A label without a confidence, such as one that came with the item, counts alone.
    """
    classes = {label: number for number, label in enumerate(sorted(set(labels)))}
    sure = np.array([1.0 if value is None else min(1.0, max(0.0, value)) for value in confidences])
    shares = np.repeat((1 - sure)[:, None] / max(1, len(classes) - 1), len(classes), axis=1)
    shares[np.arange(len(labels)), [classes[label] for label in labels]] = sure
    return shares


def _said(answers: Any) -> list[str]:
    """Return the single labels among everybody's answers of one item, whatever their control is called."""
    found = []
    for row in _list(answers) or []:
        answer = row.get("answer") if isinstance(row, dict) else None
        for value in answer.values() if isinstance(answer, dict) else ():
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
                found.append(value[0])
    return found
