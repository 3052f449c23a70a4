"""Answers as columns of a version: one column for each control, beside every person's own words.

A label that classifies is the column ``label``; the other controls have a column of their own name, with what people
agree on: text and numbers as they are, everything else as JSON. ``annotations`` keeps all answers, so that nothing is
lost when people disagree.
"""

from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

from labeling.engine.controls.base import Control
from labeling.engine.controls.rating import Rating
from labeling.engine.schema import Schema

EVERYBODY = "annotations"
# After the name of a column: how probable it is that the least sure of what it holds is right.
SURE = "_confidence"


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
        while name in used or name + SURE in used:
            name += "_answer"
        used.add(name)
        found[control.name] = (name, column_type(control))
    return found


def column_type(control: Control) -> pa.DataType:
    """Return how the answers of a control are stored."""
    return pa.int64() if isinstance(control, Rating) and not control.sides else pa.string()


def cell(value: Any) -> Any:
    """Return a value as its column stores it."""
    if value is None or isinstance(value, str | int):
        return value
    return orjson.dumps(value).decode()
