"""Merging the items of a question into one: what it lacks comes from the others, and they go."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.findings import ids_in
from curation.engine.reader import VersionReader
from curation.engine.steps.base import replace

READ_ROWS = 100_000

Row = dict[str, Any]


def is_missing(value: Any) -> bool:
    """Tell whether a cell says nothing: null, not a number, or text of blanks alone."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def fill(kept: Row, others: Sequence[Row], columns: Sequence[str], label: str | None = None) -> Row:
    """Return what `kept` lacks in these columns and one of `others` has, the first of them first.

    The label is filled only where all others that have one agree.
    """
    found: Row = {}
    for name in columns:
        if not is_missing(kept.get(name)):
            continue
        values = [row[name] for row in others if not is_missing(row.get(name))]
        if values and (name != label or all(value == values[0] for value in values)):
            found[name] = values[0]
    return found


def filled_columns(reader: VersionReader) -> list[str]:
    """Return the columns that merging fills: not the id, not the split, and of pictures nothing."""
    picture = reader.manifest.roles.get("image")
    return [
        name
        for name in reader.schema.names
        if name not in {"item_id", "split"} and name != picture and not (picture and name.startswith(f"{picture}_"))
    ]


def fills_of(
    reader: VersionReader, merges: Mapping[int, Sequence[int]], spare: Callable[[list[int]], list[Row]]
) -> dict[int, Row]:
    """Return what each kept item gets from those that are merged into it.

    Args:
        reader: The version.
        merges: The kept item and the others, in the order in which they are asked.
        spare: Returns, of items that the version does not have, the rows that the plan had dropped.
    """
    if not merges:
        return {}
    wanted = np.unique([item for kept, others in merges.items() for item in (kept, *others)])
    columns = filled_columns(reader)
    rows: dict[int, Row] = {}
    for batch in reader.batches(["item_id", *columns], batch_rows=READ_ROWS):
        table = pa.Table.from_batches([batch])
        found = table.filter(pa.array(ids_in(table, wanted)))
        rows.update({row["item_id"]: row for row in found.to_pylist()})
    rows.update({row["item_id"]: row for row in spare([int(item) for item in wanted if item not in rows])})
    label = reader.manifest.roles.get("label")
    fills = {
        kept: fill(rows[kept], [rows[item] for item in others if item in rows], columns, label)
        for kept, others in merges.items()
        if kept in rows
    }
    return {item: values for item, values in fills.items() if values}


def fill_rows(table: pa.Table, fills: Mapping[int, Row]) -> tuple[pa.Table, int]:
    """Return a table with the missing cells of these items filled, and how many items that changed."""
    here = np.flatnonzero(ids_in(table, np.array(sorted(fills), np.int64))) if fills else np.array([], np.int64)
    if not len(here):
        return table, 0
    ids = table["item_id"].to_numpy()
    chosen = [(int(place), fills[int(ids[place])]) for place in here]
    for name in sorted({name for _place, values in chosen for name in values} & set(table.schema.names)):
        places = np.array([place for place, values in chosen if name in values])
        values = pa.array([values[name] for _place, values in chosen if name in values], table.schema.field(name).type)
        mask = np.zeros(table.num_rows, bool)
        mask[places] = True
        column = table[name].combine_chunks()
        table = replace(table, name, pc.replace_with_mask(column, pa.array(mask), values))
    return table, len(chosen)
