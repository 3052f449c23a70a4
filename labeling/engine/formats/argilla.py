"""Reads Argilla's datasets as `Dataset.to_disk` and `records.to_json` write them: settings, and everybody's responses.

Source of the form: argilla 2.8, ``datasets/_io/_disk.py``, ``settings/_resource.py`` and ``records/_resource.py``.
"""

import base64
import binascii
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import orjson

from curation.engine.pictures.decode import PictureError
from curation.engine.readers.arrow_columns import as_json
from labeling.engine.formats.files import Files
from labeling.engine.formats.marking import Answering, Labels
from labeling.engine.formats.record import FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.rows import Row, first_rows, json_rows, plain
from labeling.engine.schema import parse_schema

FOLDER, SETTINGS, PEOPLE, RECORDS = ".argilla", "settings.json", "people.json", "records.json"
_DATA_URI = re.compile(r"data:image/[\w.+-]+;base64,")
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")
# Without settings a text with so many different answers, or one so long, was written and not chosen.
_MOST_CHOSEN, _LONGEST_CHOSEN = 50, 60
_MOST_STEPS = 10


def recognize(files: Files) -> bool:
    """Tell whether there are records with fields, suggestions and responses."""
    return any(_has_records(files, path) for path in files.named(".json", ".jsonl"))


def _has_records(files: Files, path: str) -> bool:
    rows = first_rows(files, path)
    return bool(rows) and all({"fields", "responses", "suggestions"} <= row.keys() for row in rows)


@dataclass(slots=True)
class _Questions:
    """What is asked, and how what was said becomes answers.

    Attributes:
        fields: Type of each field by name: text, image, chat, or custom.
        kinds: Argilla's type of each question that has a counterpart, by name.
        names: Our name of each.
        controls: As a schema has them.
        steps: Of ratings whose values are no 1, 2, 3 …: the labels by value.
    """

    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    controls: list[dict[str, Any]] = field(default_factory=list)

    @property
    def picture(self) -> str:
        """The field with the picture that is shown, empty for none."""
        return next((name for name, kind in self.fields.items() if kind == "image"), "")

    def name_for(self, name: str) -> str:
        """Return a name that a control can have."""
        plain_name = _NOT_IN_NAMES.sub("_", name.lower()).strip("_")[:50] or "question"
        plain_name = plain_name if plain_name[0].isalpha() else f"q_{plain_name}"
        number, free = 2, plain_name
        while free in self.names.values():
            free, number = f"{plain_name}_{number}", number + 1
        self.names[name] = free
        return free

    def answer(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return an answer by our names; what has no counterpart was told of when the settings were read."""
        found = {}
        for name, value in said.items():
            kind = self.kinds.get(name)
            if kind is None or value is None:
                continue
            if kind in {"label_selection", "multi_label_selection"}:
                value = [str(each) for each in (value if isinstance(value, list) else [value])]  # noqa: PLW2901
            elif kind == "rating_labels":
                value = [str(value)]  # noqa: PLW2901
            elif kind == "span":
                value = [dict(each) for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []  # noqa: PLW2901
            elif kind == "text":
                value = str(value)  # noqa: PLW2901
            found[self.names[name]] = value
        return found


def read(files: Files, losses: Losses) -> Reading:
    """Read records; each user is a person, each agent a model. Without settings the questions come from the answers.

    Raises:
        FormatError: ``json_broken``, ``no_labels``, ``too_many_labels``, ``no_pictures``.
    """
    paths = [path for path in files.named(".json", ".jsonl") if _has_records(files, path)] or list(files.paths)
    settings = _settings(files, losses)
    questions = _declared(settings, losses) if settings is not None else _guessed(files, paths, losses)
    if not questions.controls:
        raise FormatError("no_labels", f"{paths[0]} has no question that can be asked here.")
    shown = {"text": "text", "image": "image", "chat": "markdown", "custom": "value"}
    display = [{"type": shown[kind], "field": name} for name, kind in questions.fields.items()]
    schema = parse_schema({"display": display, "controls": questions.controls})
    people = _people(files)
    return Reading(schema.to_json(), partial(_records, files, paths, questions, Answering(schema, losses), people))


def _settings(files: Files, losses: Losses) -> dict[str, Any] | None:
    for path in files.paths:
        if PurePosixPath(path).name != SETTINGS:
            continue
        try:
            found = orjson.loads(files.bytes(path))
        except orjson.JSONDecodeError:
            losses.add(path, "settings_broken", "It is no JSON. The questions are taken from the answers.")
            continue
        if isinstance(found, dict) and isinstance(found.get("questions"), list):
            return found
    return None


def _people(files: Files) -> dict[str, str]:
    """Return the names of people by their ids, where we wrote them beside the records."""
    for path in files.paths:
        if PurePosixPath(path).name == PEOPLE:
            try:
                found = orjson.loads(files.bytes(path))
            except orjson.JSONDecodeError:
                continue
            if isinstance(found, dict):
                return {str(key): str(value) for key, value in found.items()}
    return {}


def _declared(settings: Mapping[str, Any], losses: Losses) -> _Questions:
    found = _Questions()
    for row in _rows(settings.get("fields")):
        kind = str(_of(row, "type") or "text")
        if kind == "chat":
            losses.add(f"field {row['name']}", "chat", "Its messages are one text here, with who said each.")
        elif kind not in {"text", "image"}:
            kind = "custom"
            losses.add(
                f"field {row['name']}", "field_custom", "What it shows is a template of Argilla's; it is JSON here."
            )
        found.fields[row["name"]] = kind
    for row in _rows(settings.get("questions")):
        _ask(found, row, losses)
    if settings.get("vectors"):
        losses.add("vectors", "vectors", "Vectors are left out; they are computed anew where they are needed.")
    return found


def _rows(value: Any) -> list[Mapping[str, Any]]:
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, Mapping) and isinstance(row.get("name"), str) and row["name"]]


def _of(row: Mapping[str, Any], key: str) -> Any:
    """Return a member of a row or of its settings."""
    settings = row.get("settings")
    return settings.get(key) if isinstance(settings, Mapping) and key in settings else row.get(key)


def _ask(found: _Questions, row: Mapping[str, Any], losses: Losses) -> None:
    name, kind = row["name"], str(_of(row, "type"))
    where = f"question {name}"
    options = [each for each in _of(row, "options") or () if isinstance(each, Mapping) and "value" in each]
    control: dict[str, Any] = {"title": str(row.get("title") or ""), "required": bool(row.get("required", True))}
    if kind in {"label_selection", "multi_label_selection"}:
        control |= {
            "type": "choice",
            "multiple": kind == "multi_label_selection",
            "labels": _labels(options, losses, where),
        }
    elif kind == "span":
        marked = str(_of(row, "field") or next(iter(found.fields), "text"))
        overlap = "allow" if _of(row, "allow_overlapping") else "none"
        parts = {"field": marked, "overlap": overlap, "snap": False, "labels": _labels(options, losses, where, least=1)}
        control |= {"type": "spans", **parts}
    elif kind == "text":
        control |= {"type": "text", "most": 100_000}
    elif kind == "rating":
        values = [each["value"] for each in options]
        if values == list(range(1, len(values) + 1)) and 2 <= len(values) <= _MOST_STEPS:
            control |= {"type": "rating", "steps": len(values)}
        else:
            kind = "rating_labels"
            losses.add(where, "rating_values", "Its values are no 1, 2, 3 …, so it is a choice among them here.")
            control |= {"type": "choice", "labels": _labels(options, losses, where)}
    else:
        losses.add(where, "question_kind", f"A question of the kind {kind} has no counterpart. It is left out.")
        return
    found.kinds[name] = kind
    found.controls.append({"name": found.name_for(name), **control})


def _labels(options: list[Mapping[str, Any]], losses: Losses, where: str, least: int = 2) -> list[dict[str, str]]:
    labels = Labels()
    for option in options:
        labels.add(option["value"], title=str(option.get("text") or ""))
    return labels.to_json(losses, where, least=least)


def _guessed(files: Files, paths: list[str], losses: Losses) -> _Questions:
    """Return questions for what was said, where no settings came."""
    said: dict[str, list[Any]] = defaultdict(list)
    found = _Questions()
    for path in paths:
        for _where, row in json_rows(files, path, Losses()):
            fields = row.get("fields")
            for name, value in fields.items() if isinstance(fields, Mapping) else ():
                found.fields.setdefault(name, _kind_of_field(value))
            for name, value in _said_in(row):
                said[name].append(value)
    losses.add(
        "settings", "settings_missing", f"No {FOLDER}/{SETTINGS} came. The questions are guessed from the answers."
    )
    text = next((name for name, kind in found.fields.items() if kind == "text"), "")
    for name, values in said.items():
        question = _kind_of_question(name, values, text)
        if question is not None:
            _ask(found, question, losses)
    return found


def _kind_of_field(value: Any) -> str:
    if isinstance(value, str):
        return "image" if _DATA_URI.match(value) else "text"
    return "chat" if isinstance(value, list) else "custom"


def _said_in(row: Row) -> Iterator[tuple[str, Any]]:
    for name, value in _suggestions(row):
        yield name, value["value"]
    for name, value, _user in _responses(row):
        yield name, value


def _suggestions(row: Row) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in (row.get("suggestions") or {}).items():
        if isinstance(value, Mapping) and "value" in value:
            yield name, value


def _responses(row: Row) -> Iterator[tuple[str, Any, str]]:
    for name, values in (row.get("responses") or {}).items():
        for each in values if isinstance(values, list) else ():
            if isinstance(each, Mapping) and each.get("value") is not None:
                yield name, each["value"], str(each.get("user_id") or "")


def _kind_of_question(name: str, values: list[Any], text: str) -> dict[str, Any] | None:
    """Return a row of settings for a question with these answers; None where nothing tells."""
    given = [value for value in values if value not in (None, [], "")]
    if not given:
        return None
    row: dict[str, Any] = {"name": name, "required": False}
    if all(isinstance(value, list) for value in given):
        parts = [part for value in given for part in value]
        if all(isinstance(part, Mapping) for part in parts):
            names = Counter(str(part.get("label")) for part in parts)
            return {**row, "type": "span", "field": text, "allow_overlapping": True, "options": _options(names)}
        return {**row, "type": "multi_label_selection", "options": _options(Counter(map(str, parts)))}
    if all(isinstance(value, int) and not isinstance(value, bool) for value in given):
        steps = max(2, *given)
        return {**row, "type": "rating", "options": [{"value": value} for value in range(1, steps + 1)]}
    names = Counter(map(str, given))
    if len(names) > _MOST_CHOSEN or any(len(each) > _LONGEST_CHOSEN for each in names):
        return {**row, "type": "text"}
    return {**row, "type": "label_selection", "options": _options(names)}


def _options(names: Mapping[str, int]) -> list[dict[str, str]]:
    return [{"value": name} for name in names]


def _records(
    files: Files, paths: list[str], questions: _Questions, answering: Answering, people: Mapping[str, str]
) -> Iterator[Record]:
    for path in paths:
        for where, row in json_rows(files, path, answering.losses):
            record = _record(files, row, where, questions, answering, people)
            if record is not None:
                yield record


def _record(
    files: Files, row: Row, where: str, questions: _Questions, answering: Answering, people: Mapping[str, str]
) -> Record | None:
    losses = answering.losses
    fields = row.get("fields")
    if not isinstance(fields, Mapping):
        losses.add(where, "row_broken", "It has no fields and is left out.")
        return None
    record = Record(str(row.get("id") or row.get("_server_id") or where))
    for name, value in fields.items():
        if name == questions.picture:
            if not _take_picture(files, record, value, where, losses):
                return None
        else:
            record.fields[name] = _text_of(value)
    metadata = row.get("metadata")
    for name, value in metadata.items() if isinstance(metadata, Mapping) else ():
        free = name if name not in fields else f"{name}_metadata"
        record.fields[free] = value if plain(value) else as_json(value)
    data = dict(record.fields)
    if questions.picture:
        data |= {questions.picture: record.name, f"{questions.picture}_width": record.size[0]}
        data[f"{questions.picture}_height"] = record.size[1]
    by_user: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value, user in _responses(row):
        by_user[user][name] = value
    for user, said in by_user.items():
        answer = answering.fit(questions.answer(said), data, where, record.size)
        record.answers.append(Said(answer, people.get(user, user)))
    _predict(record, row, questions, answering, data, where)
    return record


def _text_of(value: Any) -> Any:
    """Return a field as a column: the messages of a chat are one text."""
    if plain(value):
        return value
    if isinstance(value, list) and all(isinstance(each, Mapping) and "content" in each for each in value):
        return "\n\n".join(f"**{each.get('role') or ''}**: {each['content']}" for each in value)
    return as_json(value)


def _take_picture(files: Files, record: Record, value: Any, where: str, losses: Losses) -> bool:
    """Find the picture that a field holds or names, and tell whether there is one."""
    named = value if isinstance(value, str) else ""
    start = _DATA_URI.match(named)
    if start:
        try:
            data = base64.b64decode(named[start.end() :], validate=True)
        except binascii.Error:
            losses.add(where, "picture_broken", "Its picture is no base64. The item is left out.")
            return False
        record.picture = f"{where}/picture"
        if record.picture not in files.paths:
            files.add(record.picture, data)
    else:
        record.picture = files.picture(named) if named else ""
    if not record.picture:
        losses.add(where, "picture_missing", f"No picture {named[:200]!r} came; the item is left out.")
        return False
    try:
        record.size, _turn = files.size(record.picture)
    except PictureError as error:
        losses.add(where, error.code, error.message)
        return False
    return True


def _predict(
    record: Record, row: Row, questions: _Questions, answering: Answering, data: Mapping[str, Any], where: str
) -> None:
    """Add what each agent suggested as one prediction; its confidence is the lowest of its scores."""
    by_agent: dict[str, dict[str, Any]] = defaultdict(dict)
    scores: dict[str, list[float]] = defaultdict(list)
    for name, value in _suggestions(row):
        agent = str(value.get("agent") or "")
        by_agent[agent][name] = value["value"]
        score = value.get("score")
        given = score if isinstance(score, list) else [score]
        scores[agent] += [float(each) for each in given if isinstance(each, int | float) and not isinstance(each, bool)]
    for agent, said in by_agent.items():
        answer = answering.fit(questions.answer(said), data, where, record.size)
        confidence = min(1.0, max(0.0, min(scores[agent]))) if scores[agent] else None
        record.predictions.append(Said(answer, agent, confidence=confidence))
