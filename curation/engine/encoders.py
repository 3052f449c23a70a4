"""Scaling and encoding with figures fitted before, so that serving brings new rows to the form of the training data.

An encoder is a plain JSON object: ``{"kind": "standard", "column": "mass", "mean": 4201.7, "scale": 801.9}``. A version
keeps its encoders in the manifest, in the order in which they are applied. Reading one never runs code.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text

KINDS = ("standard", "minmax", "onehot", "ordinal")
UNKNOWN, MISSING = -1, -2


class EncoderError(ValueError):
    """An encoder that cannot be applied to a table, in a sentence."""


def apply_encoders(table: pa.Table, encoders: Sequence[dict[str, Any]]) -> pa.Table:
    """Return a table with its columns scaled and encoded, in the order of the encoders; nothing is fitted.

    ``standard`` and ``minmax`` give float64 in the column's place: (x - mean) / scale, or (x - low) / (high - low),
    which leaves 0 to 1 for values beyond those seen in training. A missing value stays missing. ``onehot`` puts an int8
    column ``name=category`` for each category into the column's place; a missing value and a category that training did
    not see have 0 in all of them. ``ordinal`` gives int64, the place of the category in rising order; -1 is a category
    that training did not see, -2 a missing value. Other columns are left as they are.

    Args:
        table: Any number of rows, with the columns that the encoders name.
        encoders: From a version's manifest.

    Raises:
        EncoderError: A column is missing, is no number where one is scaled, or an encoder is broken.
    """
    for encoder in encoders:
        name, kind = encoder.get("column", ""), encoder.get("kind")
        place = table.schema.get_field_index(name)
        if place < 0:
            raise EncoderError(f"There is no column {name} to encode. There are {', '.join(table.schema.names)}.")
        try:
            columns = _encoded(name, table[name], encoder)
        except KeyError as error:
            raise EncoderError(f"The encoder of {name} ({kind}) has no {error.args[0]}.") from None
        table = table.remove_column(place)
        for offset, (label, values) in enumerate(columns):
            table = table.add_column(place + offset, label, values)
    return table


def onehot_names(encoder: dict[str, Any]) -> list[str]:
    """Return the columns that a one-hot encoder makes."""
    return [f"{encoder['column']}={category}" for category in encoder["categories"]]


def _encoded(name: str, column: pa.ChunkedArray, encoder: dict[str, Any]) -> list[tuple[str, pa.Array]]:
    kind = encoder.get("kind")
    if kind not in KINDS:
        raise EncoderError(f"There is no encoder {kind!r}. There are {', '.join(KINDS)}.")
    if kind == "standard":
        return [(name, _scaled(name, column, encoder["mean"], encoder["scale"]))]
    if kind == "minmax":
        return [(name, _scaled(name, column, encoder["low"], encoder["high"] - encoder["low"]))]
    texts = as_text(column)
    places = pc.index_in(texts, value_set=pa.array(encoder["categories"], pa.large_string()))
    codes = pc.fill_null(places, UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int64)
    if kind == "ordinal":
        return [(name, pa.array(np.where(texts.is_null().to_numpy(zero_copy_only=False), MISSING, codes)))]
    labels = onehot_names(encoder)
    return [(label, pa.array((codes == place).astype(np.int8))) for place, label in enumerate(labels)]


def _scaled(name: str, column: pa.ChunkedArray, zero: float, one: float) -> pa.Array:
    """Return (x - zero) / one as float64, null for null and NaN; a width of 0 counts as 1, as scikit-learn has it."""
    try:
        values = pc.cast(column.combine_chunks(), pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise EncoderError(f"The column {name} holds {column.type}; only numbers are scaled.") from None
    width = one if one and math.isfinite(one) else 1.0
    return pa.array((values - zero) / width, pa.float64(), from_pandas=True)
