"""Which rows of a file belong to what is sought: by a cell, a text, a near-equal text, or a picture."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.engine.erasure.matching import Check, Matcher, needle, same_cell
from curation.engine.near.shingles import Shingles

BATCH_ROWS = 10_000
# How a row was found, from the surest to the least sure.
IDENTIFIER, TEXT, PICTURE, NEAR, COPY = "identifier", "text", "picture", "near", "copy"
# The column by which the step augment says of what item a row is a changed copy.
COPY_OF = "augmented_from"
# Jaccard similarity of runs of five characters; below it few pairs of short texts are the same text changed a little
# (docs/explanation/near-duplicates.md).
NEAR_THRESHOLD = 0.7


@dataclass(frozen=True, slots=True)
class Sought:
    """What is sought.

    Attributes:
        identifiers: Pairs of column and value: rows with exactly this cell. An empty column means any.
        texts: Values found anywhere in any text.
        near: Texts; rows with a text this much alike are found.
        pictures: SHA-256 of originals.
        threshold: Least Jaccard similarity of `near`, 0 to 1.
    """

    identifiers: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    threshold: float = NEAR_THRESHOLD

    def to_json(self) -> dict[str, Any]:
        """Return plain lists."""
        names = ("texts", "near", "pictures")
        lists = {name: list(getattr(self, name)) for name in names}
        return {"identifiers": [list(pair) for pair in self.identifiers], **lists, "threshold": self.threshold}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Sought":
        """Read what `to_json` wrote."""
        pairs = tuple((str(column), str(value)) for column, value in data.get("identifiers", ()))
        texts, near, pictures = (tuple(data.get(name, ())) for name in ("texts", "near", "pictures"))
        return cls(pairs, texts, near, pictures, data.get("threshold", NEAR_THRESHOLD))

    def matcher(self) -> Matcher:
        """Return what finds and blanks the values in free text: texts, and identifiers long enough to mean one person.

        Raises:
            ValueRefused: A text is too short.
        """
        return Matcher([*map(needle, self.texts), *_long_enough(value for _column, value in self.identifiers)])


def _long_enough(values: Iterator[str]) -> Iterator[Any]:
    from curation.engine.erasure.matching import ValueRefused

    for value in values:
        try:
            yield needle(value)
        except ValueRefused:
            continue


@dataclass(slots=True)
class Finder:
    """Finds rows in files of Parquet; a file is read once, whoever else shares it.

    Attributes:
        sought: What is sought.
    """

    sought: Sought
    _texts: Matcher = field(init=False)
    _near: list[NDArray[np.uint64]] = field(init=False)
    _shingles: Shingles = field(init=False)

    def __post_init__(self) -> None:
        self._texts = Matcher([needle(value) for value in self.sought.texts])
        self._shingles = Shingles("char", 5)
        self._near = [_set_of(text, self._shingles) for text in self.sought.near]

    def in_file(self, path: Path, check: Check = lambda: None, image: str = "") -> dict[int, tuple[str, str]]:
        """Return the items found in a Parquet file, each with how and in which column, the surest way first.

        Args:
            path: A file whose column ``item_id`` names its rows.
            check: Called now and then; may raise to stop.
            image: The column of pictures, if any.
        """
        found: dict[int, tuple[str, str]] = {}
        with pq.ParquetFile(path, pre_buffer=False) as part:
            for batch in part.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
                check()
                self.in_batch(batch, found, image)
        return found

    def any_in(self, table: pa.Table, raw: list[str]) -> bool:
        """Tell whether anything of a table without item ids, or of texts beside it, is sought."""
        ids = pa.array(np.arange(table.num_rows, dtype=np.int64))
        bare = table.drop_columns(["item_id"]) if "item_id" in table.schema.names else table
        found: dict[int, tuple[str, str]] = {}
        for batch in bare.append_column("item_id", ids).to_batches():
            self.in_batch(batch, found)
        whole = self.sought.matcher()
        return bool(found) or any(whole.spans(text) for text in raw)

    def in_batch(self, batch: pa.RecordBatch, found: dict[int, tuple[str, str]], image: str = "") -> None:
        """Add the items of one batch."""
        ids = batch.column(batch.schema.get_field_index("item_id")).to_numpy()
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if name == "item_id":
                continue
            for kind, mask in self._masks(name, column, name == image):
                for item in ids[mask].tolist():
                    if item not in found or _RANK[kind] < _RANK[found[item][0]]:
                        found[item] = (kind, name)

    def _masks(self, name: str, column: pa.Array, is_image: bool) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        for wanted, value in self.sought.identifiers:
            if wanted in ("", name):
                yield IDENTIFIER, cells_equal(column, value)
        if is_image and self.sought.pictures:
            wanted_hashes = pa.array(self.sought.pictures, column.type)
            yield PICTURE, pc.is_in(column, value_set=wanted_hashes).to_numpy(zero_copy_only=False)
        texts, rows = _as_texts(column)
        if texts is None:
            return
        yield TEXT, _by_row(self._texts.mask(texts), rows, len(column))
        if self._near:
            yield NEAR, _by_row(self._alike(texts), rows, len(column))

    def _alike(self, texts: pa.Array) -> NDArray[np.bool_]:
        from curation.engine.near.tokens import shingle_sets  # slow import: numba

        hashes, sizes, _prints = shingle_sets(texts, self._shingles)
        row = np.repeat(np.arange(len(texts)), sizes)
        alike = np.zeros(len(texts), np.bool_)
        for wanted in self._near:
            common = np.bincount(row[np.isin(hashes, wanted)], minlength=len(texts))
            union = sizes + len(wanted) - common
            alike |= (common > 0) & (common >= self.sought.threshold * union)
        return alike


_RANK = {IDENTIFIER: 0, TEXT: 1, PICTURE: 2, NEAR: 3, COPY: 4}


def copies_in(path: Path, items: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the items of a Parquet file that are changed copies of some items.

    What was sought need not stand in a copy any more: a name with a slip of the finger is the same person's name.
    """
    found = [np.empty(0, np.int64)]
    with pq.ParquetFile(path, pre_buffer=False) as part:
        if COPY_OF in part.schema_arrow.names and pa.types.is_int64(part.schema_arrow.field(COPY_OF).type):
            wanted = pa.array(items)
            for batch in part.iter_batches(columns=["item_id", COPY_OF], use_threads=False):
                here = pc.is_in(batch.column(COPY_OF), value_set=wanted)
                found.append(batch.column("item_id").filter(here).to_numpy())
    return np.concatenate(found)


def _set_of(text: str, shingles: Shingles) -> NDArray[np.uint64]:
    from curation.engine.near.tokens import shingle_sets  # slow import: numba

    return shingle_sets(pa.array([text], pa.large_string()), shingles)[0]


def cells_equal(column: pa.Array, value: str) -> NDArray[np.bool_]:
    """Tell which cells are a value and nothing else, bool [n]; 4711 is found as text, whole number and float."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        try:
            number = float(value) if pa.types.is_floating(kind) else int(value)
            equal = pc.equal(column, pa.scalar(number, kind))
        except (ValueError, OverflowError, pa.ArrowInvalid):
            return np.zeros(len(column), np.bool_)
        return pc.fill_null(equal, False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
    texts, rows = _as_texts(column)
    if texts is None:
        return np.zeros(len(column), np.bool_)
    return _by_row(same_cell(texts, value), rows, len(column))


def _as_texts(column: pa.Array) -> tuple[pa.Array | None, NDArray[np.int64] | None]:
    """Return the texts of a column, and of lists the row of each; None where there are none."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_texts(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.large_string()), None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = column.flatten()
        rows = pc.list_parent_indices(column).to_numpy()
        texts, deeper = _as_texts(inner)
        return texts, rows if deeper is None else rows[deeper]
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.large_string()), None
    return None, None


def _by_row(mask: NDArray[np.bool_], rows: NDArray[np.int64] | None, count: int) -> NDArray[np.bool_]:
    if rows is None:
        return mask
    out = np.zeros(count, np.bool_)
    out[rows[mask]] = True
    return out


def texts_of(value: Any) -> list[str]:
    """Return the texts of a cell: itself, or those of a list."""
    if isinstance(value, str):
        return [value]
    return [text for one in value for text in texts_of(one)] if isinstance(value, list) else []
