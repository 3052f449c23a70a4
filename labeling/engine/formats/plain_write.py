"""Writes plain tables: JSON Lines and CSV, with what counts in a column for each question, and everybody's answers."""

import csv
from collections.abc import Iterable, Mapping
from typing import Any

from labeling.engine.controls.choice import Choice
from labeling.engine.formats.plain import ANSWERS, DECIDED, ITEM, OURS, PREDICTIONS, SCHEMA
from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.target import Target, as_line
from labeling.engine.schema import Schema

# Rows from which the columns of a CSV are taken.
FIRST_ROWS = 1000


def holds(_schema: Schema) -> str:
    """Return nothing: every answer has a column."""
    return ""


def columns_of(record: Record, schema: Schema, losses: Losses) -> dict[str, Any]:
    """Return the columns of an item, under names that neither we nor the questions take."""
    found = {}
    for name, value in record.fields.items():
        free = name
        while free in OURS or free in schema.by_name:
            free += "_"
        if free != name and f"column {name}" not in losses.said:
            losses.said.add(f"column {name}")
            losses.add(f"column {name}", "column_renamed", f"It is called {free} here.")
        found[free] = value
    return found


def answer_row(said: Said, answer: Any) -> dict[str, Any]:
    """Return what a person said as a row."""
    return {"by": said.by, "at": said.at, "skipped": said.skipped, "answer": answer}


def prediction_row(said: Said, answer: Any) -> dict[str, Any]:
    """Return what a model said as a row."""
    return {"by": said.by, "at": said.at, "confidence": said.confidence, "answer": answer}


def _row(target: Target, schema: Schema, record: Record) -> dict[str, Any]:
    picture = {schema.picture: target.picture(record)} if record.picture and schema.picture else {}
    return {
        ITEM: record.name,
        **columns_of(record, schema, target.losses),
        **picture,
        **{name: said_plainly(schema, name, (record.counting or {}).get(name)) for name in schema.by_name},
        DECIDED: record.final is not None,
        ANSWERS: [answer_row(said, said.answer) for said in record.answers],
        PREDICTIONS: [prediction_row(said, said.answer) for said in record.predictions],
    }


def said_plainly(schema: Schema, name: str, value: Any) -> Any:
    """Return what was said; a single label stands without its list."""
    control = schema.by_name[name]
    single = isinstance(control, Choice) and not control.multiple
    return value[0] if single and value else value


def write_jsonl(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``data.jsonl`` and ``schema.json``; return how many items."""
    target.json(SCHEMA, schema.to_json())
    written = 0
    with target.text("data.jsonl") as stream:
        for record in records:
            stream.write(as_line(_row(target, schema, record)) + "\n")
            written += 1
    return written


def write_csv(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``data.csv`` and ``schema.json``; return how many items.

    A cell that is no text holds JSON. The columns are those of the first FIRST_ROWS items.
    """
    target.json(SCHEMA, schema.to_json())
    written = 0
    names: list[str] = []
    waiting: list[dict[str, Any]] = []
    with target.text("data.csv") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for record in records:
            row = _row(target, schema, record)
            written += 1
            if names:
                _put(writer, row, names, schema, target.losses)
                continue
            waiting.append(row)
            if len(waiting) == FIRST_ROWS:
                names = _begin(writer, waiting, schema, target.losses)
        if not names:
            _begin(writer, waiting, schema, target.losses)
    return written


def _begin(writer: Any, rows: list[dict[str, Any]], schema: Schema, losses: Losses) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row)) or [ITEM, *schema.by_name, DECIDED, ANSWERS]
    writer.writerow(names)
    for row in rows:
        _put(writer, row, names, schema, losses)
    return names


def _put(writer: Any, row: Mapping[str, Any], names: list[str], schema: Schema, losses: Losses) -> None:
    for name in row:
        if name not in names:
            losses.add(f"{row[ITEM]}: {name}", "column_late", "The first items had no such column. It is left out.")
    own = [name for name in row if name not in OURS and name not in schema.by_name and name != schema.picture]
    for name in own:
        if not isinstance(row[name], str) and f"type {name}" not in losses.said:
            losses.said.add(f"type {name}")
            losses.add(f"column {name}", "column_type", "A CSV has texts alone: its numbers come back as texts.")
    writer.writerow([_cell(name, row.get(name), name in OURS or name in schema.by_name) for name in names])


def _cell(name: str, value: Any, ours: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and (not ours or name == ITEM):
        return value
    return as_line(value)
