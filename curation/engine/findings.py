"""Findings as rows: what a step wants a person to look at, with what the item held when it was found."""

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text, fold
from curation.engine.steps.base import Found

FINDINGS = pa.schema(
    [
        ("step", pa.string()),
        ("code", pa.string()),
        ("item_id", pa.int64()),
        ("group", pa.int64()),
        ("detail", pa.string()),
        ("text_key", pa.string()),
        ("content_key", pa.string()),
        ("length", pa.int64()),
        ("label", pa.string()),
    ]
)
# 128 bits: among 10^12 texts two are taken for one with a chance of about 10^-15.
KEY_DIGITS = 32


def found_rows(step: str, found: Sequence[Found], table: pa.Table, roles: dict[str, str]) -> pa.Table:
    """Return findings as rows of `FINDINGS`.

    Keys are computed from the item as the step saw it, so that the same item of a later version has the same keys:
    ``text_key`` from its folded text, ``content_key`` from text and label to the letter, ``length`` in code points.
    A picture stands for its item by its hash. Without it and a text column, all columns but ``item_id`` do. An item
    that is not in the batch has keys of its id alone.

    Args:
        step: Name of the step.
        found: Its findings about rows of this batch.
        table: The batch.
        roles: Which column is ``text``, ``label``.
    """
    if not found:
        return FINDINGS.empty_table()
    ids = pa.array([row.item_id for row in found], pa.int64())
    place = pc.index_in(ids, value_set=table["item_id"].combine_chunks())
    rows = table.take(place)
    known = place.is_valid().to_pylist()
    texts = item_texts(rows, roles)
    label = roles.get("label")
    has_label = label is not None and label in rows.schema.names
    labels = as_text(rows[label]) if has_label else pa.nulls(len(ids), pa.large_string())
    folded = fold(texts).to_pylist()
    keys = [
        (digest(soft or ""), digest(json.dumps([text or "", name], ensure_ascii=False)))
        if there
        else (digest(f"item {item}"),) * 2
        for there, soft, text, name, item in zip(
            known, folded, texts.to_pylist(), labels.to_pylist(), ids.to_pylist(), strict=True
        )
    ]
    columns = [
        pa.array([step] * len(found), pa.string()),
        pa.array([row.code for row in found], pa.string()),
        ids,
        pa.array([row.group for row in found], pa.int64()),
        pa.array([row.detail for row in found], pa.string()),
        pa.array([soft for soft, _hard in keys], pa.string()),
        pa.array([hard for _soft, hard in keys], pa.string()),
        pc.cast(pc.utf8_length(texts), pa.int64()),
        labels.cast(pa.string()),
    ]
    return pa.table(columns, schema=FINDINGS)


def item_texts(rows: pa.Table, roles: dict[str, str]) -> pa.Array:
    """Return what stands for each row: the hash of its picture, its text, or all columns as JSON."""
    name = roles.get("image") or roles.get("text")
    if name is not None and name in rows.schema.names:
        return as_text(rows[name])
    bare = rows.drop_columns(["item_id"]).to_pylist()
    return pa.array([json.dumps(row, ensure_ascii=False, default=str) for row in bare], pa.large_string())


def digest(text: str) -> str:
    """Return the first 128 bits of the SHA-256 of a text as hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_DIGITS]


def ids_in(table: pa.Table, wanted: np.ndarray) -> np.ndarray:
    """Tell for each row, as bool [n], whether its item_id is among `wanted` (int64, sorted)."""
    return np.isin(table["item_id"].to_numpy(), wanted)
