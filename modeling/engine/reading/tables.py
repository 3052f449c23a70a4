"""Rows of CSV and JSON Lines files, packed or not, as mappings."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def read_rows(path: Path, notes: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a UTF-8 CSV or JSON Lines file; `.gz` is unpacked.

    A line of JSON Lines that cannot be read is left out and named in `notes`.

    Raises:
        BadData: another kind of file, not UTF-8, or no rows at all.
    """
    return [row for _line, row in read_numbered(path, notes)]


def read_numbered(path: Path, notes: list[str]) -> list[tuple[int, dict[str, Any]]]:
    """Return the rows as `read_rows` does, each with the number of its (last) line in the file, counted from 1.

    A row of CSV with more values than the heading has names is left out and named in `notes`; missing ones are None.

    Raises:
        BadData: as `read_rows`.
    """
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    kind = path.name.removesuffix(".gz").rsplit(".", 1)[-1].lower()
    if kind not in {"csv", "tsv", "jsonl", "ndjson"}:
        raise BadData(f"{path.name} is neither CSV, TSV nor JSON Lines: name it .csv, .tsv or .jsonl (.gz may follow).")
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            if kind in {"jsonl", "ndjson"}:
                rows = _json_rows(stream, path.name, notes)
            else:
                csv.field_size_limit(2**31 - 1)
                rows = _csv_rows(csv.DictReader(stream, delimiter="\t" if kind == "tsv" else ","), path.name, notes)
    except (csv.Error, gzip.BadGzipFile, EOFError) as error:
        raise BadData(f"{path.name} cannot be read: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadData(f"{path.name} is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8.") from None
    if not rows:
        raise BadData(f"{path.name} holds no rows.")
    return rows


def _csv_rows(reader: csv.DictReader[str], name: str, notes: list[str]) -> list[tuple[int, dict[str, Any]]]:
    rows = []
    for row in reader:
        if None in row:
            notes.append(f"{name}, line {reader.line_num}: more values than the heading has names.")
        else:
            rows.append((reader.line_num, dict(row)))
    return rows


def _json_rows(stream: Any, name: str, notes: list[str]) -> list[tuple[int, dict[str, Any]]]:
    rows = []
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            notes.append(f"{name}, line {number}: not JSON ({error}).")
            continue
        if isinstance(row, dict):
            rows.append((number, row))
        else:
            notes.append(f"{name}, line {number}: an object is expected, {{...}}.")
    return rows


def need_columns(path: Path, rows: Sequence[dict[str, Any]], names: Sequence[str | None]) -> None:
    """Refuse a file that lacks a column.

    Raises:
        BadData: with the columns that there are.
    """
    there = list(dict.fromkeys(name for row in rows[:1000] for name in row if name is not None))
    missing = [name for name in names if name and name not in there]
    if missing:
        raise BadData(f"{path.name} has no column {missing[0]!r}; it has {', '.join(there)}.")
