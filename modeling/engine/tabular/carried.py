"""Rows brought to the form of a version's encoded columns, for models that were trained on such a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curation.engine.encoders import EncoderError, apply_encoders
from modeling.engine.errors import InputRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.tabular.columns import Row


def encode_rows(rows: Sequence[Row], encoders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return raw rows with a version's encoders applied, as its own rows were; other columns stay as they are.

    Args:
        rows: As they come, before any scaling or encoding.
        encoders: Of the version's manifest (`curation.engine.encoders`).

    Raises:
        InputRefused: A column that an encoder names is missing or is no number where one is scaled.
    """
    if not encoders or not rows:
        return [dict(row) for row in rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    try:
        table = pa.table({name: [row.get(name) for row in rows] for name in names})
        return list(apply_encoders(table, encoders).to_pylist())
    except (EncoderError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputRefused(f"The rows cannot be encoded as the training rows were: {error}") from None
