"""Writes brat's standoff: a text and its lines for each item, and ``annotation.conf`` with the labels."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.formats.brat import CONF
from labeling.engine.formats.leaving import tell_of_columns
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.target import Target
from labeling.engine.formats.texts import Held, held_in, told
from labeling.engine.schema import Schema

_TITLE = "brat"
_KINDS = (Spans, Relations)
_FORBIDDEN = re.compile(r"[^\w-]+")
_LINES = re.compile(r"\r\n|[\r\n]")


def holds(schema: Schema) -> str:
    """Return why a project cannot be written for brat; empty when it can."""
    return "" if held_in(schema, _KINDS).names else "brat holds spans of texts, and the project asks for none."


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write two files for each item and return how many items."""
    held = held_in(schema, _KINDS)
    assert held.spans is not None
    marked = _types([label.value for label in held.spans.labels], target.losses)
    tied = _types([label.value for label in held.ties.labels] if held.ties else [], target.losses)
    with target.text(CONF) as stream:
        stream.write("\n".join(["[entities]", *marked.values(), "", "[relations]"]) + "\n")
        stream.write("".join(f"{name}\tArg1:<ENTITY>, Arg2:<ENTITY>\n" for name in tied.values()))
        stream.write("\n[events]\n\n[attributes]\n")
    written = 0
    for record in told(records, schema, held, target, _TITLE):
        tell_of_columns(record, {held.field}, target.losses, _TITLE)
        text = record.fields.get(held.field)
        if not isinstance(text, str) or not text:
            target.losses.add(record.name, "text_missing", f"It has no text in {held.field}. It is left out.")
            continue
        name = target.name_for(Record(f"{record.name}.txt"))
        with target.text(name) as stream:
            stream.write(text)
        with target.text(PurePosixPath(name).stem + ".ann") as stream:
            stream.write("".join(f"{line}\n" for line in _lines(record, held, marked, tied)))
        written += 1
    return written


def _types(labels: list[str], losses: Losses) -> dict[str, str]:
    """Return the name of each label's type: letters, digits, underscores and hyphens; no two are alike."""
    found: dict[str, str] = {}
    for label in labels:
        name, number = _FORBIDDEN.sub("_", label).strip("_") or "label", 2
        while name in found.values():
            name, number = f"{_FORBIDDEN.sub('_', label)}_{number}", number + 1
        found[label] = name
        if name != label:
            losses.add(f"label {label}", "label_renamed", f"It is called {name} here.")
    return found


def _lines(record: Record, held: Held, marked: Mapping[str, str], tied: Mapping[str, str]) -> Iterable[str]:
    answer: Mapping[str, Any] = record.counting or {}
    assert held.spans is not None
    names: dict[str, str] = {}
    for number, span in enumerate(answer.get(held.spans.name, []), 1):
        names[span["id"]] = f"T{number}"
        # brat has a blank for each line end that a span runs over.
        quote = _LINES.sub(lambda found: " " * len(found[0]), span["text"])
        yield f"T{number}\t{marked[span['label']]} {span['start']} {span['end']}\t{quote}"
    for number, tie in enumerate(answer.get(held.ties.name, []) if held.ties else [], 1):
        yield f"R{number}\t{tied[tie['label']]} Arg1:{names[tie['from']]} Arg2:{names[tie['to']]}\t"
