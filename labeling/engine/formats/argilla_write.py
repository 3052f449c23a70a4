"""Writes a dataset as Argilla's `Dataset.from_disk` reads it: ``.argilla/`` with its settings, and ``records.json``."""

import base64
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from labeling.engine.controls.base import Control, Label
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.rating import Rating
from labeling.engine.controls.spans import Spans
from labeling.engine.controls.words import Words
from labeling.engine.formats.argilla import FOLDER, PEOPLE, RECORDS, SETTINGS
from labeling.engine.formats.leaving import tell_of_controls
from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.target import Target, as_line
from labeling.engine.schema import Schema

_TITLE = "Argilla"
# Argilla shows all labels when there are at least so many and no other number is said.
_LEAST_VISIBLE = 3
_TYPES = {str: "terms", int: "integer", float: "float"}


def holds(schema: Schema) -> str:
    """Return why a project cannot be written for Argilla; empty when it can."""
    if not _held(schema):
        return "Argilla holds labels, spans, ratings and written answers, and the project asks for none."
    return ""


def _held(schema: Schema) -> list[Control]:
    kinds = (Choice, Spans, Words, Rating)
    return [
        each for each in schema.controls if isinstance(each, kinds) and not (isinstance(each, Rating) and each.sides)
    ]


@dataclass(slots=True)
class _Writing:
    """What a dataset has come to.

    Attributes:
        target: Where it is written.
        schema: What is asked.
        held: The questions that are written.
        metadata: Argilla's type of each column that is no field.
        people: Names by id.
    """

    target: Target
    schema: Schema
    held: list[Control]
    metadata: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)

    @property
    def losses(self) -> Losses:
        """The report."""
        return self.target.losses

    @property
    def shown(self) -> list[str]:
        """The fields that people see."""
        return [name for display in self.schema.display for _key, name in display.parts]


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many. Pictures stand in them as data addresses."""
    writing = _Writing(target, schema, _held(schema))
    tell_of_controls(schema, {control.name for control in writing.held}, target.losses, _TITLE)
    written = 0
    with target.text(RECORDS) as stream:
        for record in records:
            row = _row(writing, record)
            stream.write(("[\n" if not written else ",\n") + as_line(row))
            written += 1
        stream.write("\n]\n" if written else "[]\n")
    target.json(f"{FOLDER}/{SETTINGS}", _settings(writing))
    target.json(f"{FOLDER}/dataset.json", {"name": "assay", "status": "draft", "guidelines": None})
    if writing.people:
        target.json(f"{FOLDER}/{PEOPLE}", writing.people)
    return written


def _row(writing: _Writing, record: Record) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for name, value in record.fields.items():
        if name in writing.shown:
            fields[name] = value if isinstance(value, str) else as_line(value)
        elif value is not None:
            metadata[name] = _as_metadata(writing, record, name, value)
    if record.picture and writing.schema.picture:
        fields[writing.schema.picture] = _address(writing.target, record)
    return {
        "id": record.name,
        "fields": fields,
        "metadata": metadata,
        "suggestions": _suggestions(writing, record),
        "responses": _responses(writing, record),
        "vectors": {},
        "status": "completed" if record.counting is not None else "pending",
    }


def _as_metadata(writing: _Writing, record: Record, name: str, value: Any) -> Any:
    """Return a column's value as its property takes it; the first value of a column decides the type."""
    plain = str(value).lower() if isinstance(value, bool) else value
    kind = writing.metadata.setdefault(name, _TYPES.get(type(plain), "terms"))
    if kind == "integer" and isinstance(plain, float):
        writing.metadata[name] = kind = "float"
    fits = isinstance(plain, str) if kind == "terms" else isinstance(plain, int | float)
    if fits and plain is value:
        return plain
    if f"type {name}" not in writing.losses.said:
        writing.losses.said.add(f"type {name}")
        writing.losses.add(f"column {name}", "column_type", f"{_TITLE} has it as words: {record.name} and others.")
    if not fits:
        writing.metadata[name] = "terms"
    return str(plain)


def _address(target: Target, record: Record) -> str:
    kind = mimetypes.guess_type(record.name)[0] or "image/png"
    data = base64.b64encode(target.locate(record.picture).read_bytes()).decode("ascii")
    return f"data:{kind};base64,{data}"


def _suggestions(writing: _Writing, record: Record) -> dict[str, Any]:
    """Return a suggestion for each question, of one model each; what another model or a second time says is told of."""
    found: dict[str, Any] = {}
    agents: set[str] = set()
    for said in record.predictions:
        values = {each.name: _value(each, said.answer[each.name]) for each in writing.held if each.name in said.answer}
        if not values or said.by in agents or values.keys() & found.keys():
            reason = f"{_TITLE} holds one suggestion for a question. That of {said.by or 'another model'} is left out."
            writing.losses.add(record.name, "predictions", reason)
            continue
        agents.add(said.by)
        for name, value in values.items():
            each = [said.confidence] * len(value) if isinstance(value, list) and said.confidence is not None else None
            found[name] = {"value": value, "score": each or said.confidence, "agent": said.by or None}
    return found


def _responses(writing: _Writing, record: Record) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    answers = _one_each(writing, record)
    for said in answers:
        who = _id_of(said.by)
        writing.people[who] = said.by
        for control in writing.held:
            if control.name in said.answer:
                row = {"value": _value(control, said.answer[control.name]), "user_id": who}
                found.setdefault(control.name, []).append(row)
        if not any(control.name in said.answer for control in writing.held):
            reason = f"{_TITLE} cannot say that somebody answered with nothing."
            writing.losses.add(record.name, "answered_empty", reason)
    return found


def _one_each(writing: _Writing, record: Record) -> list[Said]:
    """Return the answers that are written: the last of each person, or the final one where nobody answered."""
    losses = writing.losses
    if any(said.skipped for said in record.answers):
        losses.add(record.name, "skipped", f"{_TITLE}'s files do not say that somebody skipped the item.")
    given = [said for said in record.answers if not said.skipped]
    last = list({said.by: said for said in given}.values())
    if len(last) < len(given):
        losses.add(record.name, "several_answers", "Of several answers of one person the last is kept.")
    if any(said.at for said in last) and "times" not in losses.said:
        losses.said.add("times")
        losses.add("times", "times", f"{_TITLE}'s files do not say when somebody answered.")
    if record.final is None:
        return last
    if not last:
        return [Said(record.final)]
    if len(last) > 1 or last[0].answer != record.final:
        losses.add(record.name, "final", f"{_TITLE} holds what each person said, and not what counts.")
    return last


def _id_of(person: str) -> str:
    """Return an id as Argilla has them; the same person has the same one in every export."""
    return str(uuid5(NAMESPACE_URL, f"assay:person:{person}"))


def _value(control: Control, value: Any) -> Any:
    if isinstance(control, Choice) and not control.multiple:
        return value[0] if value else None
    if isinstance(control, Spans):
        return [{"start": row["start"], "end": row["end"], "label": row["label"]} for row in value]
    return value


def _settings(writing: _Writing) -> dict[str, Any]:
    schema = writing.schema
    kinds = {name: display.type for display in schema.display for _key, name in display.parts}
    fields = [_field(name, kinds[name]) for name in dict.fromkeys(writing.shown)]
    properties = [
        {"name": name, "title": name, "settings": {"type": kind, "visible_for_annotators": True}}
        for name, kind in writing.metadata.items()
    ]
    return {
        "guidelines": None,
        "fields": fields,
        "questions": [_question(control) for control in writing.held],
        "metadata": properties,
        "vectors": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _field(name: str, kind: str) -> dict[str, Any]:
    settings = {"type": "image"} if kind == "image" else {"type": "text", "use_markdown": kind == "markdown"}
    return {"name": name, "title": name, "required": False, "settings": settings, "type": settings["type"]}


def _question(control: Control) -> dict[str, Any]:
    settings = _asked(control)
    title = control.title or control.name
    base = {"name": control.name, "title": title, "description": None, "required": control.required}
    return {**base, "settings": settings, "type": settings["type"]}


def _asked(control: Control) -> dict[str, Any]:
    if isinstance(control, Choice):
        kind = "multi_label_selection" if control.multiple else "label_selection"
        return {"type": kind, **_options(control.labels)}
    if isinstance(control, Spans):
        overlap = {"field": control.field, "allow_overlapping": control.overlap != "none"}
        return {"type": "span", **overlap, **_options(control.labels)}
    if isinstance(control, Rating):
        return {"type": "rating", "options": [{"value": step} for step in range(1, control.steps + 1)]}
    return {"type": "text", "use_markdown": False}


def _options(labels: Iterable[Label]) -> dict[str, Any]:
    options: list[Mapping[str, str]] = [{"value": label.value, "text": label.title or label.value} for label in labels]
    return {"options": options, "visible_options": len(options) if len(options) >= _LEAST_VISIBLE else None}
