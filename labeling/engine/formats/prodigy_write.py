"""Writes Prodigy's JSONL: a row for each answer of each person, with the tokens that its spans begin and end at."""

import datetime as dt
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from labeling.engine.controls.choice import Choice
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.words import Words
from labeling.engine.formats.conll_write import tokens_of
from labeling.engine.formats.leaving import tell_of_controls
from labeling.engine.formats.prodigy import ITEM
from labeling.engine.formats.record import Answer, Record, Said
from labeling.engine.formats.target import Target, as_line
from labeling.engine.formats.texts import TEXT, Held, held_in, text_field
from labeling.engine.schema import Schema

_TITLE = "Prodigy"
_KINDS = (Choice, Spans, Relations, Words)


def holds(schema: Schema) -> str:
    """Return why a project cannot be written for Prodigy; empty when it can."""
    held = held_in(schema, _KINDS)
    if not held.names or not text_field(schema, held):
        return "Prodigy's rows hold labels, spans, relations and written answers of a text; the project asks for none."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write ``data.jsonl`` and return how many items."""
    held = held_in(schema, _KINDS)
    field = text_field(schema, held)
    tell_of_controls(schema, held.names, target.losses, _TITLE)
    written = 0
    with target.text("data.jsonl") as stream:
        for record in records:
            text = record.fields.get(field)
            if not isinstance(text, str) or not text:
                target.losses.add(record.name, "text_missing", f"It has no text in {field}. It is left out.")
                continue
            written += 1
            meta = {name: value for name, value in record.fields.items() if name != field}
            common = {TEXT: text, ITEM: record.name, "meta": meta, "_input_hash": _hash(record.name + "\0" + text)}
            for row in _rows(record, held, text, target):
                task = json.dumps({**common, **row}, ensure_ascii=False, sort_keys=True)
                stream.write(as_line({**common, **row, "_task_hash": _hash(task)}) + "\n")
    return written


def _hash(text: str) -> int:
    """Return a number as Prodigy has them: 32 bits with a sign, the same for the same text."""
    value = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return value - (1 << 32) if value >> 31 else value


def _rows(record: Record, held: Held, text: str, target: Target) -> Iterator[dict[str, Any]]:
    losses = target.losses
    if record.predictions:
        losses.add(record.name, "predictions", f"{_TITLE}'s answers have no place for predictions.")
    own = record.answers[0] if len(record.answers) == 1 else None
    unsigned = own is not None and not own.by and not own.skipped and own.answer == record.final
    if record.final is not None and record.answers and not unsigned:
        losses.add(record.name, "final", f"{_TITLE} holds what each person said, and not what counts.")
    answers = record.answers
    if record.final is not None and not answers:
        answers = [Said(record.final)]
    if not answers:
        yield _task({}, held, text)
    for said in answers:
        signed = {"_annotator_id": said.by, "_session_id": said.by} if said.by else {}
        row = {**_task(said.answer, held, text), "answer": "ignore" if said.skipped else "accept", **signed}
        if said.at:
            row["_timestamp"] = _seconds(said.at)
        yield row


def _seconds(at: str) -> int | float:
    seconds = dt.datetime.fromisoformat(at).timestamp()
    return int(seconds) if seconds == int(seconds) else seconds


def _task(answer: Answer, held: Held, text: str) -> dict[str, Any]:
    row: dict[str, Any] = {}
    views = []
    if held.spans is not None:
        spans = answer.get(held.spans.name, [])
        row |= _marked(spans, text)
        views.append("ner_manual" if held.ties is None else "relations")
        if held.ties is not None:
            row["relations"] = _tied(answer.get(held.ties.name, []), spans, row["spans"])
    if held.choice is not None:
        row["options"] = [{"id": label.value, "text": label.title} for label in held.choice.labels]
        row["accept"] = answer.get(held.choice.name, [])
        row["config"] = {"choice_style": "multiple" if held.choice.multiple else "single"}
        views.append("choice")
    if held.words is not None:
        row["user_input"] = answer.get(held.words.name, "")
        views.append("text_input")
    return {**row, "_view_id": views[0] if len(views) == 1 else "blocks"}


def _marked(spans: list[dict[str, Any]], text: str) -> dict[str, Any]:
    edges = sorted({edge for span in spans for edge in (span["start"], span["end"])})
    places = list(tokens_of(text, edges))
    tokens = [
        {"text": text[start:end], "start": start, "end": end, "id": number, "ws": text[end : end + 1] == " "}
        for number, (start, end) in enumerate(places)
    ]
    rows = []
    for span in spans:
        within = [n for n, (start, end) in enumerate(places) if start >= span["start"] and end <= span["end"]]
        ends = {"token_start": within[0], "token_end": within[-1]} if within else {}
        rows.append({"start": span["start"], "end": span["end"], "label": span["label"], **ends})
    return {"tokens": tokens, "spans": rows}


def _tied(ties: list[dict[str, Any]], spans: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_id = {span["id"]: row for span, row in zip(spans, rows, strict=True)}
    return [
        {
            "head": by_id[tie["from"]].get("token_end"),
            "child": by_id[tie["to"]].get("token_end"),
            "head_span": by_id[tie["from"]],
            "child_span": by_id[tie["to"]],
            "label": tie["label"],
        }
        for tie in ties
    ]
