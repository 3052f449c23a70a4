"""What differs between two versions, item by item: what came, what went and why, which fields and labels changed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.diff_file import Facet, FacetWriter
from curation.engine.drop_notes import DropNotes, Drops
from curation.engine.merge import Block, OrderedRows, side_by_side
from curation.engine.reader import VersionReader
from curation.engine.row_compare import differing, retyped, written

# What is shown of an item that came or went, code points; the whole stands in its version.
PREVIEW = 300
ANNOTATORS, LABELED_AT = "label_annotators", "labeled_at"
# Tell who decided a label and how sure they were; they accompany a change of the label and are none themselves.
ABOUT_LABEL = (ANNOTATORS, LABELED_AT, "label_agreement", "label_reviewers", "label_source", "label_model")
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class VersionDiff:
    """Counts over two versions.

    Attributes:
        added: Items only the newer one has.
        dropped: Items only the older one has.
        changed: Items of both that differ in a column of both, or in their label.
        same: Items of both that do not.
        columns_added: Columns only the newer one has, in its order.
        columns_dropped: Columns only the older one has, in its order.
        columns_retyped: Name, old type and new type of columns of both whose types differ; their values are compared
            as they are written out.
        explained: Dropped items for which a run said why.
    """

    added: int = 0
    dropped: int = 0
    changed: int = 0
    same: int = 0
    columns_added: tuple[str, ...] = ()
    columns_dropped: tuple[str, ...] = ()
    columns_retyped: tuple[tuple[str, str, str], ...] = field(default=())
    explained: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and dicts."""
        return asdict(self)


def diff_versions(older: VersionReader, newer: VersionReader) -> VersionDiff:
    """Count what differs, by item_id; the order of rows does not count. Memory: a batch of each version."""
    return _compare(older, newer, [], None, lambda _done, _total: None)


def write_diff(
    older: VersionReader,
    newer: VersionReader,
    path: Path,
    *,
    drops: Sequence[Drops] = (),
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Any]:
    """Write every difference as a row of a Parquet file; equal inputs give equal rows in equal order.

    Columns: ``item_id``; ``kind`` (``added``, ``dropped``, ``changed``, ``label``); ``column``, ``before`` and
    ``after`` of a change, written out; ``step``, ``reason``, ``detail`` and ``run`` of a drop that a run explains;
    ``by`` (ids of the people who decided the label) and ``at`` of a label change; ``text``, the first 300 code points
    of the item. One row a changed field. A row group holds rows of one facet alone, so that a page of any facet costs
    one or two groups.

    Values are compared themselves, not their hashes, and both versions are read once, in step. Memory is bounded by a
    batch of each and the rows waiting for their group, 64 MB; a version whose ids do not ascend is sorted first.

    Args:
        older: The version before.
        newer: The version after.
        path: The file to write.
        drops: Drops of the runs between the two, the run nearest to `newer` first.
        progress: Called with rows read and rows in all.

    Returns:
        `VersionDiff` as JSON, with ``facets`` and ``groups`` as `DiffFile` describes them.

    Raises:
        ValueError: A version holds an item_id twice.
    """
    with FacetWriter(path) as writer:
        counts = _compare(older, newer, drops, writer, progress)
        return writer.finish(counts.to_json())


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which columns are read of each version and which are compared."""

    shared: tuple[str, ...]
    older: tuple[str, ...]
    newer: tuple[str, ...]
    label_before: str | None
    label_after: str | None
    text_before: str | None
    text_after: str | None

    @classmethod
    def of(cls, older: VersionReader, newer: VersionReader) -> "_Columns":
        before, after = older.schema.names, newer.schema.names
        labels, texts = _role(older, newer, "label"), _role(older, newer, "text")
        if "image" in newer.manifest.roles:
            # What people see of an item is its picture: its hash stands where the text would.
            texts = _role(older, newer, "image")
        apart = {*ABOUT_LABEL} if labels[1] else set()
        # A label column that both have under one name is compared as the label and nothing else.
        apart |= {labels[0]} if labels[0] == labels[1] and labels[0] else set()
        shared = tuple(name for name in before if name in after and name != "item_id" and name not in apart)
        extra = [name for name in (labels[1], ANNOTATORS, LABELED_AT, texts[1]) if name and name in after]
        old = dict.fromkeys([*shared, *(name for name in (labels[0], texts[0]) if name)])
        return cls(shared, tuple(old), tuple(dict.fromkeys([*shared, *extra])), *labels, *texts)


def _role(older: VersionReader, newer: VersionReader, role: str) -> tuple[str | None, str | None]:
    found = [reader.manifest.roles.get(role) for reader in (older, newer)]
    names = [name if name in reader.schema.names else None for name, reader in zip(found, (older, newer), strict=True)]
    return names[0], names[1]


def _compare(
    older: VersionReader,
    newer: VersionReader,
    drops: Sequence[Drops],
    writer: FacetWriter | None,
    progress: Progress,
) -> VersionDiff:
    before, after = older.schema.names, newer.schema.names
    counts = VersionDiff(
        columns_added=tuple(name for name in after if name not in before),
        columns_dropped=tuple(name for name in before if name not in after),
        columns_retyped=tuple(retyped(older.schema, newer.schema)),
    )
    columns = _Columns.of(older, newer)
    total, done = older.row_count + newer.row_count, 0
    with TemporaryDirectory(prefix="diff-") as folder, ExitStack() as stack:
        scratch = Path(folder)
        left = stack.enter_context(OrderedRows(older.paths, columns.older, scratch, "older"))
        right = stack.enter_context(OrderedRows(newer.paths, columns.newer, scratch, "newer"))
        notes = stack.enter_context(DropNotes(drops, scratch)) if drops and writer else None
        for block in side_by_side(left, right):
            _count(block, columns, counts, writer, notes)
            done += 2 * block.before.num_rows + block.dropped.num_rows + block.added.num_rows
            progress(done, total)
    return counts


def _count(
    block: Block, columns: _Columns, counts: VersionDiff, writer: FacetWriter | None, notes: DropNotes | None
) -> None:
    changed = np.zeros(block.before.num_rows, np.bool_)
    if block.before.num_rows:
        for facet, rows in _changes(block, columns, changed):
            if writer is not None:
                writer.write(facet, rows)
    counts.changed += int(changed.sum())
    counts.same += len(changed) - int(changed.sum())
    counts.added += block.added.num_rows
    counts.dropped += block.dropped.num_rows
    if writer is None:
        return
    if block.added.num_rows:
        rows = {"item_id": block.added["item_id"], "text": _preview(block.added, columns.text_after)}
        writer.write(Facet("added"), rows)
    if block.dropped.num_rows:
        _write_dropped(block.dropped, columns, counts, writer, notes)


def _write_dropped(
    table: pa.Table, columns: _Columns, counts: VersionDiff, writer: FacetWriter, notes: DropNotes | None
) -> None:
    rows = {"item_id": table["item_id"], "text": _preview(table, columns.text_before)}
    if notes is None:
        writer.write(Facet("dropped"), rows)
        return
    why = notes.explain(table["item_id"].to_numpy())
    codes = why.codes
    for code in np.unique(codes):
        places = pa.array(np.flatnonzero(codes == code))
        chosen = {name: column.take(places) for name, column in rows.items()}
        if code < 0:
            writer.write(Facet("dropped"), chosen)
            continue
        run, step, reason = why.meanings[code]
        chosen["detail"] = why.details.take(places)
        writer.write(Facet("dropped", reason=reason, step=step, run=run), chosen)
        counts.explained += len(places)


def _changes(
    block: Block, columns: _Columns, changed: NDArray[np.bool_]
) -> Iterator[tuple[Facet, dict[str, pa.Array | pa.ChunkedArray]]]:
    """Give the rows of each changed field, and mark the items in `changed`."""
    for name in columns.shared:
        unequal = differing(block.before[name], block.after[name])
        if not unequal.any():
            continue
        changed |= unequal
        places = pa.array(np.flatnonzero(unequal))
        old, new = written(block.before[name].take(places)), written(block.after[name].take(places))
        rows = {"item_id": block.before["item_id"].take(places), "before": old, "after": new}
        if name not in (columns.text_before, columns.text_after):
            rows["text"] = _preview(block.after, columns.text_after, places)
        yield Facet("changed", column=name), rows
    if columns.label_before or columns.label_after:
        yield from _label_changes(block, columns, changed)


def _label_changes(
    block: Block, columns: _Columns, changed: NDArray[np.bool_]
) -> Iterator[tuple[Facet, dict[str, pa.Array | pa.ChunkedArray]]]:
    old = _labels(block.before, columns.label_before)
    new = _labels(block.after, columns.label_after)
    unequal = differing(pa.chunked_array([old]), pa.chunked_array([new]))
    if not unequal.any():
        return
    changed |= unequal
    where = np.flatnonzero(unequal)
    places = pa.array(where)
    rows: dict[str, Any] = {"item_id": block.after["item_id"], "before": old, "after": new}
    for name, source in (("by", ANNOTATORS), ("at", LABELED_AT)):
        if source in block.after.schema.names:
            rows[name] = block.after[source]
    chosen = {name: values.take(places) for name, values in rows.items()}
    chosen["text"] = _preview(block.after, columns.text_after, places)
    order, starts = _by_pair(chosen["before"], chosen["after"])
    sorted_rows = {name: values.take(pa.array(order)) for name, values in chosen.items()}
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        pair = {name: sorted_rows[name][int(start)].as_py() for name in ("before", "after")}
        facet = Facet("label", column=columns.label_after or columns.label_before or "", **pair)
        yield facet, {name: values.slice(start, end - start) for name, values in sorted_rows.items()}


def _by_pair(before: pa.Array, after: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows ordered by their two labels, equal ones in their old order, and where each pair begins."""
    codes = []
    for column in (before, after):
        encoded = pc.dictionary_encode(column, null_encoding="encode")
        values = [value or "" for value in encoded.dictionary.to_pylist()]
        ranks = np.empty(len(values), np.int64)
        ranks[sorted(range(len(values)), key=values.__getitem__)] = range(len(values))
        codes.append(ranks[encoded.indices.to_numpy()])
    pairs = codes[0] * (len(after) + 1) + codes[1]
    order = np.argsort(pairs, kind="stable")
    starts = np.flatnonzero(np.concatenate(([True], np.diff(pairs[order]) != 0)))
    return order, starts


def _labels(table: pa.Table, name: str | None) -> pa.Array:
    return written(table[name]) if name else pa.nulls(table.num_rows, pa.large_string())


def _preview(table: pa.Table, name: str | None, places: pa.Array | None = None) -> pa.Array:
    rows = table.num_rows if places is None else len(places)
    if name is None or name not in table.schema.names:
        return pa.nulls(rows, pa.large_string())
    column = table[name] if places is None else table[name].take(places)
    return pc.utf8_slice_codeunits(written(column), 0, PREVIEW)
