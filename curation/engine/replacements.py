"""What a run replaced: where, by what kind and how, but not what; and the sealed mapping of pseudonyms."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.engine.pii.seal import seal, unseal
from curation.engine.shards import read_notes
from curation.engine.steps.base import Replaced

REPLACEMENTS_FILE, MAPPING_FILE = "replacements.parquet", "mapping.sealed"
REPLACEMENTS = pa.schema(
    [
        ("step", pa.string()),
        ("item_id", pa.int64()),
        ("column", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("type", pa.string()),
        ("action", pa.string()),
        ("score", pa.float64()),
        ("why", pa.string()),
    ]
)


def replaced_rows(step: str, replaced: Sequence[Replaced]) -> pa.Table:
    """Return replacements as rows of `REPLACEMENTS`, which say everything but the values."""
    columns: list[list[Any]] = [[step] * len(replaced)]
    columns += [
        [getattr(row, name) for row in replaced]
        for name in ("item_id", "column", "start", "end", "label", "action", "score", "why")
    ]
    return pa.table(
        [pa.array(values, kind) for values, kind in zip(columns, REPLACEMENTS.types, strict=True)], REPLACEMENTS
    )


def sealed_rows(key: bytes, replaced: Sequence[Replaced]) -> pa.Table:
    """Return the replaced values as one sealed record in the column ``record``; no row without a key or a value."""
    record = _sealed(key, replaced)
    return pa.table({"record": pa.array([record] if record else [], pa.binary())})


def _sealed(key: bytes, replaced: Sequence[Replaced]) -> bytes:
    pairs = sorted({(row.label, row.stand_in, row.value) for row in replaced if row.value})
    if not pairs or not key:
        return b""
    return seal(key, json.dumps(pairs, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def join_sealed(paths: Sequence[Path], target: Path) -> None:
    """Put the records of several files of `sealed_rows` behind each other into one file, if there are any."""
    target.unlink(missing_ok=True)
    if not paths:
        return
    with target.open("wb") as sink:
        for path in paths:
            for table in read_notes(path):
                for record in table["record"].to_pylist():
                    sink.write(record)


class ReplacementWriter:
    """Writes the replacements of one step into ``NAME.replaced.parquet`` and their values into ``NAME.sealed``.

    Args:
        folder: Where to write.
        name: Beginning of the names.
        step: The step that replaces.
        key: Secret bytes of the dataset; without it no value is kept.
    """

    def __init__(self, folder: Path, name: str, step: str, key: bytes) -> None:
        self._rows, self._sealed = folder / f"{name}.replaced.parquet", folder / f"{name}.sealed"
        self._step, self._key = step, key
        self._writer: pq.ParquetWriter | None = None
        for path in (self._rows, self._sealed):
            path.unlink(missing_ok=True)

    def write(self, replaced: Sequence[Replaced]) -> None:
        """Add the replacements of one batch."""
        if not replaced:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._rows, REPLACEMENTS, compression="zstd")
        self._writer.write_table(replaced_rows(self._step, replaced))
        record = _sealed(self._key, replaced)
        if record:
            with self._sealed.open("ab") as sink:
                sink.write(record)

    def close(self) -> None:
        """Finish the file of rows."""
        if self._writer is not None:
            self._writer.close()


def join_mappings(folder: Path, names: Sequence[str]) -> None:
    """Put the sealed files of several steps behind each other into one, if there is any."""
    paths = [path for name in names if (path := folder / f"{name}.sealed").exists()]
    if not paths:
        return
    with (folder / MAPPING_FILE).open("wb") as sink:
        for path in paths:
            sink.write(path.read_bytes())


def read_mapping(key: bytes, path: Path) -> Iterator[tuple[str, str, str]]:
    """Give type, stand-in and value of every replaced value, each once.

    Raises:
        SealError: The key is another one, or the file was changed.
    """
    seen: set[tuple[str, str, str]] = set()
    with path.open("rb") as stream:
        for record in unseal(key, stream):
            for label, stand_in, value in json.loads(record.decode("utf-8", "surrogatepass")):
                if (row := (label, stand_in, value)) not in seen:
                    seen.add(row)
                    yield row
