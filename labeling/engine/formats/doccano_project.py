"""Reads a whole project of doccano as `assay migrate doccano` takes it from its API: who gave which label, and when.

doccano's own export of a project on which people work together does not say who answered; its API does.

``doccano_project.json`` is an object with ``project``, ``category_types``, ``span_types`` and ``relation_types`` as the
API gives them. ``examples.jsonl`` has a row for each example: ``id``, ``text`` or ``picture`` (a path among the files),
``upload_name``, ``meta``, ``labels`` (each with ``kind``, ``user``, ``created_at`` and what the API says of it, its
label by name), ``states`` (``user``, ``confirmed_at``) and ``comments`` (``user``, ``text``).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson

from curation.engine.pictures.decode import PictureError
from curation.engine.readers.arrow_columns import as_json
from labeling.engine.formats.doccano_offsets import Marked, Offsets, offsets_of
from labeling.engine.formats.drawing import CONTROL
from labeling.engine.formats.files import Files
from labeling.engine.formats.marking import Answering, Labels, label_of
from labeling.engine.formats.record import Answer, FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.rows import Row, json_rows, plain
from labeling.engine.formats.texts import LABEL, PICTURE, SPANS, TEXT, TIES, WORDS
from labeling.engine.schema import Schema, parse_schema

PROJECT, EXAMPLES = "doccano_project.json", "examples.jsonl"
# Which questions each type of project asks, and whether of pictures.
_ASKS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "DocumentClassification": (False, (LABEL,)),
    "SequenceLabeling": (False, (SPANS, TIES)),
    "Seq2seq": (False, (WORDS,)),
    "IntentDetectionAndSlotFilling": (False, (LABEL, SPANS)),
    "ImageClassification": (True, (LABEL,)),
    "ImageCaptioning": (True, (WORDS,)),
    "BoundingBox": (True, ("box",)),
    "Segmentation": (True, ("polygon",)),
}
# By kind of label: the question that it answers.
_ANSWERS = {"category": LABEL, "span": SPANS, "relation": TIES, "text": WORDS, "bbox": CONTROL, "segment": CONTROL}


def recognize(files: Files) -> bool:
    """Tell whether there is a project of doccano's API."""
    return _path(files, PROJECT) != ""


def _path(files: Files, name: str) -> str:
    return next((path for path in files.paths if PurePosixPath(path).name == name), "")


def read(files: Files, losses: Losses) -> Reading:
    """Read everybody's labels, with who gave them and when.

    Where people work together on one set of labels, each has those that they gave, and the whole set is what counts.
    Who confirmed an example and what was commented are columns. Offsets become code points; shapes are in pixels.

    Raises:
        FormatError: ``project_broken``, ``kind_unknown``, ``no_labels``, ``too_many_labels``, ``json_broken``.
    """
    found = _project(files)
    path = _path(files, EXAMPLES)
    several = any(_several(row) for _where, row in json_rows(files, path, Losses()))
    schema = _schema(found, several, losses)
    together = bool(found["project"].get("collaborative_annotation"))
    graphemes = bool(found["project"].get("grapheme_mode"))
    offsets = offsets_of(map(_marked, (row for _where, row in json_rows(files, path, Losses()))), graphemes=graphemes)

    def records() -> Iterator[Record]:
        making = _Making(files, schema, together, offsets, Answering(schema, losses), losses)
        for _where, row in json_rows(files, path, losses):
            record = making.record(row)
            if record is not None:
                yield record

    return Reading(schema.to_json(), records)


def _project(files: Files) -> dict[str, Any]:
    path = _path(files, PROJECT)
    try:
        found = orjson.loads(files.bytes(path))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("project"), dict) or not _path(files, EXAMPLES):
        raise FormatError("project_broken", f"{path} or {EXAMPLES} beside it is not whole. Take the project again.")
    kind = found["project"].get("project_type")
    if kind not in _ASKS:
        raise FormatError(
            "kind_unknown",
            f"A project of the type {str(kind)[:60]!r} cannot be read; these can: {', '.join(_ASKS)}.",
        )
    return found


def _several(row: Row) -> bool:
    """Tell whether somebody gave an example more than one label."""
    given = [str(label.get("user")) for label in _objects(row, "labels") if label.get("kind") == "category"]
    return len(given) > len(set(given))


def _marked(row: Row) -> Marked:
    """Return the text of an example with the places of its spans."""
    spans = [label for label in _objects(row, "labels") if label.get("kind") == "span"]
    places = [(label.get("start_offset"), label.get("end_offset")) for label in spans]
    text = row.get("text")
    found = [(start, end) for start, end in places if isinstance(start, int) and isinstance(end, int)]
    return (text if isinstance(text, str) else "", found)


def _objects(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = row.get(name)
    return [each for each in rows if isinstance(each, Mapping)] if isinstance(rows, list) else []


def _schema(found: Mapping[str, Any], several: bool, losses: Losses) -> Schema:
    project = found["project"]
    pictured, asks = _ASKS[project["project_type"]]
    several = several or not project.get("single_class_classification")
    overlap = "allow" if project.get("allow_overlapping", True) else "none"
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        LABEL: ("category", {"name": LABEL, "type": "choice", "multiple": several, "required": False}),
        SPANS: ("span", {"name": SPANS, "type": "spans", "field": TEXT, "snap": False, "overlap": overlap}),
        TIES: ("relation", {"name": TIES, "type": "relations", "spans": SPANS}),
        "box": ("category", {"name": CONTROL, "type": "shapes", "field": PICTURE, "tools": ["box"]}),
        "polygon": ("category", {"name": CONTROL, "type": "shapes", "field": PICTURE, "tools": ["polygon"]}),
    }
    controls: list[dict[str, Any]] = []
    for ask in asks:
        if ask == TIES and not (controls and project.get("use_relation", True)):
            continue
        if ask == WORDS:
            controls.append({"name": WORDS, "type": "text", "required": False, "most": 100_000})
        elif (labels := _labels(found, f"{kinds[ask][0]}_types")).rows:
            rows = labels.to_json(losses, f"{kinds[ask][0]} labels", least=2 if ask == LABEL else 1)
            controls.append({**kinds[ask][1], "labels": rows})
    if not controls:
        raise FormatError("no_labels", "The project of doccano has no labels yet, so there is nothing to ask for.")
    display = {"type": "image", "field": PICTURE} if pictured else {"type": "text", "field": TEXT}
    return parse_schema({"display": [display], "controls": controls})


def _labels(found: Mapping[str, Any], name: str) -> Labels:
    labels = Labels()
    for row in _objects(found, name):
        # A key with Ctrl or Shift is none that the page could have.
        key = "" if row.get("prefix_key") else str(row.get("suffix_key") or "")
        labels.add(row.get("text", ""), color=str(row.get("background_color") or "").lower(), hotkey=key)
    return labels


@dataclass(slots=True)
class _Making:
    """Makes records of examples, one after the other."""

    files: Files
    schema: Schema
    together: bool
    offsets: Offsets
    answering: Answering
    losses: Losses
    asked: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.asked = frozenset(self.schema.by_name)

    def record(self, row: Row) -> Record | None:
        """Return an example as a record; None where its text or picture is missing."""
        where = f"example {row.get('id')}"
        record = Record(str(row.get("id")), _fields(row, where, self.losses))
        if self.schema.picture:
            if not self._picture(record, row, where):
                return None
        elif isinstance(row.get("text"), str) and row["text"]:
            record.fields = {TEXT: row["text"], **record.fields}
        else:
            self.losses.add(where, "text_missing", "It has no text and is left out.")
            return None
        labels, states = _objects(row, "labels"), _objects(row, "states")
        for person in _people(labels, states, self.together):
            own = [label for label in labels if label.get("user") == person]
            times = [str(label.get("created_at") or "") for label in own]
            times = times or [str(state.get("confirmed_at") or "") for state in states if state.get("user") == person]
            record.answers.append(Said(self._answer(own, record, f"{where}, {person}"), person, max(times)))
        if self.together and len(record.answers) > 1:
            record.final = self._answer(labels, record, where)
        return record

    def _picture(self, record: Record, row: Row, where: str) -> bool:
        named = str(row.get("picture") or "")
        record.picture = named if named in self.files.paths else ""
        record.name = str(row.get("upload_name") or record.name)
        if not record.picture:
            self.losses.add(where, "picture_missing", f"No picture {record.name[:100]!r} came. It is left out.")
            return False
        try:
            record.size, _orientation = self.files.size(record.picture)
        except PictureError as error:
            self.losses.add(where, error.code, error.message)
            return False
        return True

    def _answer(self, labels: list[Mapping[str, Any]], record: Record, where: str) -> Answer:
        answer: dict[str, Any] = {}
        spans = {str(label.get("id")) for label in labels if label.get("kind") == "span"}
        for label in labels:
            name = _ANSWERS.get(str(label.get("kind")), "")
            if name not in self.asked:
                self.losses.add(where, "label_broken", f"A {label.get('kind')} is not asked. It is left out.")
            elif name == WORDS:
                if WORDS in answer:
                    self.losses.add(where, "several_texts", "Several written answers are lines of one here.")
                answer[WORDS] = f"{answer[WORDS]}\n{label.get('text')}" if WORDS in answer else str(label.get("text"))
            elif name == TIES and not {str(label.get("from_id")), str(label.get("to_id"))} <= spans:
                self.losses.add(where, "relation_across", "It ties spans of others, and stands in what counts alone.")
            else:
                answer.setdefault(name, []).append(_READ[name](label))
        for span in answer.get(SPANS, ()):
            self._turn(span, record.fields.get(TEXT), where)
        if LABEL in answer:
            answer[LABEL] = list(dict.fromkeys(answer[LABEL]))
        size = f"{PICTURE}_width", f"{PICTURE}_height"
        data = {**record.fields, **dict(zip(size, record.size, strict=True))} if record.picture else record.fields
        return self.answering.fit(answer, data, where, record.size)

    def _turn(self, span: dict[str, Any], text: Any, where: str) -> None:
        """Turn the offsets of a span into code points, and tell once of what they counted."""
        start, end = span["start"], span["end"]
        if not isinstance(text, str) or not isinstance(start, int) or not isinstance(end, int):
            return
        span["start"], span["end"] = self.offsets.place(text, start, end)
        if (start, end) != (span["start"], span["end"]) and "offsets" not in self.losses.said:
            self.losses.said.add("offsets")
            reason = f"The project's offsets count {self.offsets.words}. They are code points now."
            self.losses.add(where, "offsets_turned", reason)


def _people(labels: list[Mapping[str, Any]], states: list[Mapping[str, Any]], together: bool) -> list[str]:
    """Return who answered: who gave a label, and who confirmed that there is none to give."""
    given = dict.fromkeys(str(label.get("user", "")) for label in labels)
    confirmed = dict.fromkeys(str(state.get("user", "")) for state in states)
    return list(given) if given and together else list({**given, **confirmed})


def _fields(row: Row, where: str, losses: Losses) -> dict[str, Any]:
    found: dict[str, Any] = {"doccano_id": row.get("id")}
    if row.get("upload_name") and "picture" not in row:
        found["filename"] = str(row["upload_name"])
    confirmed = [str(state.get("user", "")) for state in _objects(row, "states")]
    comments = [f"{each.get('user', '')}: {each.get('text', '')}" for each in _objects(row, "comments")]
    if confirmed:
        found["confirmed_by"] = ", ".join(confirmed)
    if comments:
        found["comments"] = "\n".join(comments)
    meta = row.get("meta")
    for name, value in meta.items() if isinstance(meta, Mapping) else ():
        free = f"meta_{name}" if name in found or name in {TEXT, PICTURE} else str(name)
        found[free] = value if plain(value) else as_json(value)
        if not plain(value) and f"nested {name}" not in losses.said:
            losses.said.add(f"nested {name}")
            losses.add(f"{where}: {name}", "nested_value", "Its lists and objects are texts of JSON here.")
    return found


def _span(label: Mapping[str, Any]) -> dict[str, Any]:
    places = {"start": label.get("start_offset"), "end": label.get("end_offset")}
    return {"id": label.get("id"), **places, "label": label_of(label.get("label"))}


def _tie(label: Mapping[str, Any]) -> dict[str, Any]:
    return {"from": label.get("from_id"), "to": label.get("to_id"), "label": label_of(label.get("label"))}


def _shape(label: Mapping[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": label.get("uuid"), "label": label_of(label.get("label"))}
    if label.get("kind") == "bbox":
        return {**shape, "type": "box", **{name: _number(label.get(name)) for name in ("x", "y", "width", "height")}}
    flat = label.get("points")
    flat = [_number(each) for each in flat] if isinstance(flat, list) else []
    return {**shape, "type": "polygon", "points": [list(pair) for pair in zip(flat[::2], flat[1::2], strict=False)]}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


_READ = {LABEL: lambda label: label_of(label.get("label")), SPANS: _span, TIES: _tie, CONTROL: _shape}
