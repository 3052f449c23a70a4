"""Results of commands as files: CSV, JSON Lines or Parquet by their names, gzip by a further .gz."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

FORMATS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")
ROWS = 100_000


def check_output(path: Path, *others: Path) -> None:
    """Refuse a name that says no known format, or a place as `check_place` does, before any work is done.

    Args:
        path: Where to write.
        others: What the command reads, and what else it writes.

    Raises:
        ValueError: What is wrong, and what would be right.
    """
    if not path.name.lower().endswith(FORMATS):
        raise ValueError(f"{path.name}: the name must end in one of {', '.join(FORMATS)}.")
    check_place(path, *others)


def check_place(path: Path, *others: Path) -> None:
    """Refuse a place where no file can be written, or where another file of the same command is.

    Args:
        path: Where to write.
        others: What the command reads, and what else it writes.

    Raises:
        ValueError: What is wrong, and what would be right.
    """
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent} for {path.name}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    if path.resolve() in {other.resolve() for other in others}:
        raise ValueError(f"{path} is named twice: a result would overwrite it. Give the result another name.")


def write_tables(path: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> None:
    """Write tables one after the other; a file that could not be written whole does not get the name.

    Args:
        path: One of `FORMATS`; an existing file is replaced.
        schema: Columns of texts, numbers and booleans.
        tables: Tables of this schema; memory is bounded by one of them.
    """
    part = path.with_name(path.name + ".part")
    name = path.name.lower()
    if name.endswith(".parquet"):
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for table in tables:
                writer.write_table(table)
    else:
        with _open(part, packed=name.endswith(".gz")) as stream:
            if ".csv" in name:
                stream.write((",".join(schema.names) + "\n").encode())
            for table in tables:
                _write_rows(stream, table, delimited=".csv" in name)
    part.replace(path)


@contextmanager
def _open(path: Path, *, packed: bool) -> Iterator[Any]:
    with path.open("wb") as plain:
        if not packed:
            yield plain
            return
        # Level 1: a list of pairs packs nearly as well, four times as fast.
        with gzip.GzipFile("", "wb", 1, plain, mtime=0) as stream:
            yield stream


def _write_rows(stream: Any, table: pa.Table, *, delimited: bool) -> None:
    for batch in table.to_batches(max_chunksize=ROWS):
        if delimited:
            # "needed" would quote every text, also where nothing asks for it.
            plain = not any(_needs_quotes(column) for column in batch.columns)
            style = "none" if plain else "needed"
            pcsv.write_csv(batch, stream, pcsv.WriteOptions(include_header=False, quoting_style=style))
        else:
            stream.writelines(orjson.dumps(row) + b"\n" for row in batch.to_pylist())


def _needs_quotes(column: pa.Array) -> bool:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    odd = pc.match_substring_regex(column, '[",\r\n]|^$')
    return column.null_count > 0 or bool(pc.any(odd).as_py())
