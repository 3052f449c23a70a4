"""Writes doccano's JSONL, and the labels as doccano's page of labels imports them."""

from collections.abc import Iterable
from typing import Any

from labeling.engine.controls.base import Label
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.words import Words
from labeling.engine.formats.record import Record
from labeling.engine.formats.target import Target, as_line
from labeling.engine.formats.texts import TEXT, Held, held_in, text_field, told
from labeling.engine.schema import Schema

_TITLE = "doccano"
_RESERVED = frozenset({"id", TEXT, "label", "labels", "entities", "relations", "cats", "annotations", "meta"})


def _held(schema: Schema) -> Held:
    held = held_in(schema, (Choice, Spans, Relations, Words))
    # A written answer has a project of its own there.
    return Held(held.choice, held.spans, held.ties) if held.choice or held.spans else held


def holds(schema: Schema) -> str:
    """Return why a project cannot be written for doccano; empty when it can."""
    held = _held(schema)
    if not held.names or not text_field(schema, held):
        return "doccano holds labels, spans, relations and written answers of a text, and the project asks for none."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``data.jsonl`` and the labels of each kind; return how many items."""
    held = _held(schema)
    field = text_field(schema, held)
    for name, control in (("category", held.choice), ("span", held.spans), ("relation", held.ties)):
        if control is not None:
            target.json(f"{name}_labels.json", [_declared(label) for label in control.labels])
    written = 0
    with target.text("data.jsonl") as stream:
        for record in told(records, schema, held, target, _TITLE):
            text = record.fields.get(field)
            if not isinstance(text, str) or not text:
                target.losses.add(record.name, "text_missing", f"It has no text in {field}. It is left out.")
                continue
            written += 1
            row = {"id": record.name, TEXT: text, **_columns(record, field, target), **_said(record, held)}
            stream.write(as_line(row) + "\n")
    return written


def _declared(label: Label) -> dict[str, Any]:
    color = label.color or "#7f8c8d"
    return {"text": label.value, "suffix_key": label.hotkey or None, "background_color": color, "text_color": "#ffffff"}


def _columns(record: Record, field: str, target: Target) -> dict[str, Any]:
    found = {}
    for name, value in record.fields.items():
        if name == field:
            continue
        free = f"{name}_" if name in _RESERVED else name
        if free != name and f"column {name}" not in target.losses.said:
            target.losses.said.add(f"column {name}")
            target.losses.add(f"column {name}", "column_renamed", f"It is called {free} here.")
        found[free] = value
    return found


def _said(record: Record, held: Held) -> dict[str, Any]:
    answer = record.counting or {}
    if held.words is not None:
        return {"label": [answer[held.words.name]] if held.words.name in answer else []}
    chosen = answer.get(held.choice.name, []) if held.choice else []
    if held.spans is None:
        return {"label": chosen}
    spans = answer.get(held.spans.name, [])
    cats = {"cats": chosen} if held.choice else {}
    if held.ties is None:
        rows = [[span["start"], span["end"], span["label"]] for span in spans]
        return {"entities": rows, **cats} if held.choice else {"label": rows}
    # doccano's ids are whole numbers.
    ids = {span["id"]: number for number, span in enumerate(spans)}
    entities = [
        {"id": ids[span["id"]], "start_offset": span["start"], "end_offset": span["end"], "label": span["label"]}
        for span in spans
    ]
    relations = [
        {"from_id": ids[row["from"]], "to_id": ids[row["to"]], "type": row["label"]}
        for row in answer.get(held.ties.name, [])
    ]
    return {"entities": entities, "relations": relations, **cats}
