"""Answers as columns of a version: one column for each control, beside every person's own words.

A label that classifies is the column ``label``; the other controls have a column of their own name, with what people
agree on: text and numbers as they are, everything else as JSON. ``annotations`` keeps all answers, so that nothing is
lost when people disagree.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from labeling.engine.consensus import agreed_relations, agreed_spans, agreed_value
from labeling.engine.controls.base import Control
from labeling.engine.controls.rating import Rating
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.schema import Schema

EVERYBODY = "annotations"


def answer_columns(schema: Schema, taken: Sequence[str]) -> dict[str, tuple[str, pa.DataType]]:
    """Return the column name and type of each control that does not classify.

    Args:
        schema: What was asked.
        taken: Columns that are there; a control that is called like one gets the ending ``_answer``.
    """
    found = {}
    used = set(taken)
    for control in schema.controls:
        if control is schema.classifier:
            continue
        name = control.name
        while name in used:
            name += "_answer"
        used.add(name)
        found[control.name] = (name, column_type(control))
    return found


def column_type(control: Control) -> pa.DataType:
    """Return how the answers of a control are stored."""
    return pa.int64() if isinstance(control, Rating) and not control.sides else pa.string()


def agreed_answer(schema: Schema, answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the answers to one item come to, for each control that does not classify; None where they differ.

    Of one answer this is the answer. Of several, spans and relations are those that more than half of the people gave,
    and every other value is the one that most people gave.
    """
    found: dict[str, Any] = {}
    for control in schema.controls:
        if control is schema.classifier:
            continue
        values = [answer.get(control.name) for answer in answers]
        if isinstance(control, Spans):
            found[control.name] = _spans(values)
        elif isinstance(control, Relations):
            marked = [answer.get(control.spans) or [] for answer in answers]
            kept = found.get(control.spans) or []
            found[control.name] = _relations(values, marked, kept)
        else:
            found[control.name] = agreed_value([value for value in values if value is not None])
    return found


def cell(value: Any) -> Any:
    """Return a value as its column stores it."""
    if value is None or isinstance(value, str | int):
        return value
    return orjson.dumps(value).decode()


def _spans(values: Sequence[Any]) -> Any:
    if len(values) == 1:
        return values[0] or []
    return agreed_spans([value or [] for value in values])


def _relations(values: Sequence[Any], marked: Sequence[Any], kept: Sequence[Any]) -> Any:
    if len(values) == 1:
        return values[0] or []
    return agreed_relations([value or [] for value in values], marked, kept)
