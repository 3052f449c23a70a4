"""Results of Label Studio's protocol as answers of ours."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labeling.engine.controls.choice import Choice
from labeling.engine.controls.form import Form
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.taxonomy import Taxonomy
from labeling.engine.controls.words import Words
from labeling.engine.label_studio.tags import Tag, control_tags
from labeling.engine.schema import Schema

# A prediction of more regions than this is refused: no task takes so many.
MOST_RESULTS = 10_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
Result = Mapping[str, Any]


class ResultError(ValueError):
    """A result that is no answer to the project's questions; the message says what is wrong with which part."""


@dataclass(slots=True)
class Read:
    """A prediction in our form.

    Attributes:
        answer: By the names of our controls; still to be checked by `labeling.engine.schema.validate_answer`.
        confidence: 0 to 1; None when the server told none.
    """

    answer: dict[str, Any] = field(default_factory=dict)
    confidence: float | None = None


@dataclass(slots=True)
class _Reading:
    schema: Schema
    data: Mapping[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)
    scores: list[float] = field(default_factory=list)
    relations: list[Result] = field(default_factory=list)
    # Ids of their regions, and what they are called here.
    ids: dict[str, str] = field(default_factory=dict)


def read_prediction(schema: Schema, prediction: Any, data: Mapping[str, Any]) -> Read:
    """Return what a prediction says.

    Offsets are taken as code points where they quote the text that stands there, else as the UTF-16 units that
    JavaScript counts. Coordinates are per cent of the picture; a rotated rectangle turns around its top left corner
    there and around its centre here.

    Args:
        schema: What is asked.
        prediction: ``{"result": [...], "score": 0.9}``, or the list of results alone.
        data: The task's fields; with the size of its picture where shapes are asked.

    Raises:
        ResultError: A part that does not fit.
    """
    rows = prediction.get("result") if isinstance(prediction, Mapping) else prediction
    if not isinstance(rows, list) or len(rows) > MOST_RESULTS:
        raise ResultError(f"“result” must be a list of at most {MOST_RESULTS} parts.")
    reading = _Reading(schema, data)
    tags = {tag.name: tag for tag in control_tags(schema)}
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise ResultError(f"Part {number} of the result is no object.")
        if row.get("type") == "relation":
            reading.relations.append(row)
            continue
        tag = tags.get(str(row.get("from_name")))
        if tag is None:
            raise ResultError(f"Part {number} answers “{str(row.get('from_name'))[:60]}”, which is not asked.")
        _take(reading, tag, row, number)
    _relate(reading)
    return Read(reading.answer, _confidence(prediction, reading.scores))


def read_parts(
    schema: Schema, rows: Sequence[Any], data: Mapping[str, Any], tags: Mapping[str, Tag], refuse: Callable[[str], None]
) -> Read:
    """Return what results say under tags of any names, and call `refuse` with a sentence for each that does not fit.

    Args:
        schema: What is asked.
        rows: Results.
        data: The task's fields, with the size of its picture.
        tags: What each ``from_name`` stands for.
        refuse: Is told what is left out and why.
    """
    reading = _Reading(schema, data)
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            refuse(f"Part {number} of the result is no object.")
        elif row.get("type") == "relation":
            reading.relations.append(row)
        elif str(row.get("from_name")) not in tags:
            refuse(f"Part {number} answers “{str(row.get('from_name'))[:60]}”, which is not asked.")
        else:
            try:
                _take(reading, tags[str(row["from_name"])], row, number)
            except ResultError as error:
                refuse(str(error))
    relations, reading.relations = reading.relations, []
    for row in relations:
        reading.relations = [row]
        try:
            _relate(reading)
        except (ResultError, TypeError) as error:
            refuse(str(error) or "A relation cannot be read.")
    return Read(reading.answer, _confidence({}, reading.scores))


def _take(reading: _Reading, tag: Tag, row: Result, number: int) -> None:
    value = row.get("value")
    if not isinstance(value, Mapping):
        raise ResultError(f"Part {number} has no “value”.")
    try:
        _READERS[type(tag.control)](reading, tag, row, value)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, ResultError):
            raise
        raise ResultError(f"Part {number} of “{tag.name}” cannot be read: {type(error).__name__}.") from None
    score = row.get("score")
    if isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score):
        reading.scores.append(float(score))


def _confidence(prediction: Any, scores: Sequence[float]) -> float | None:
    """Return the score of the whole, else the mean of those of its parts; 0 to 1."""
    whole = prediction.get("score") if isinstance(prediction, Mapping) else None
    if isinstance(whole, int | float) and not isinstance(whole, bool) and math.isfinite(whole):
        return min(1.0, max(0.0, float(whole)))
    return min(1.0, max(0.0, sum(scores) / len(scores))) if scores else None


def _choose(reading: _Reading, tag: Tag, _row: Result, value: Result) -> None:
    reading.answer.setdefault(tag.control.name, []).extend(_texts(value["choices"]))


def _texts(value: Any) -> list[str]:
    """Return a list of texts; several servers send a single one bare."""
    rows = [value] if isinstance(value, str) else value
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise TypeError
    return rows


def _grow(reading: _Reading, tag: Tag, _row: Result, value: Result) -> None:
    """Of each path the last node is what is meant."""
    paths = value["taxonomy"]
    paths = [paths] if paths and isinstance(paths[0], str) else paths
    reading.answer.setdefault(tag.control.name, []).extend(_texts(path)[-1] for path in paths if path)


def _mark(reading: _Reading, tag: Tag, row: Result, value: Result) -> None:
    control = tag.control
    assert isinstance(control, Spans)
    text = reading.data.get(control.field)
    start, end = _placed(text if isinstance(text, str) else "", int(value["start"]), int(value["end"]), value)
    found = reading.answer.setdefault(control.name, [])
    for label in _texts(value["labels"]):
        found.append({"id": _id(reading, row, found), "start": start, "end": end, "label": label})


def _placed(text: str, start: int, end: int, value: Result) -> tuple[int, int]:
    quote = value.get("text")
    if not isinstance(quote, str) or text[start:end] == quote:
        return start, end
    units = text.encode("utf-16-le", "surrogatepass")
    try:
        if units[2 * start : 2 * end].decode("utf-16-le") == quote:
            first = len(units[: 2 * start].decode("utf-16-le"))
            return first, first + len(quote)
    except UnicodeDecodeError:
        pass
    raise ResultError(f"At {start} to {end} the text does not read {quote[:60]!r}.")


def _id(reading: _Reading, row: Result, found: Sequence[Mapping[str, Any]]) -> str:
    """Return an id for a region: its own where that can be kept; several labels of one region get ids of their own."""
    wanted = row.get("id")
    known = {each["id"] for each in found}
    made = wanted if isinstance(wanted, str) and _ID.fullmatch(wanted) and wanted not in known else ""
    number = len(found) + 1
    while not made or made in known:
        made = f"p{number}"
        number += 1
    if isinstance(wanted, str):
        reading.ids.setdefault(wanted, made)
    return made


def _relate(reading: _Reading) -> None:
    controls = [control for control in reading.schema.controls if isinstance(control, Relations)]
    for row in reading.relations:
        labels = _texts(row.get("labels") or [])
        known = [(control, label) for control in controls for label in labels if _asks(control, label)]
        if not known:
            raise ResultError(f"A relation has the label {', '.join(labels)[:60]!r}, which is not asked.")
        ends = tuple(reading.ids.get(str(row.get(key)), "") for key in ("from_id", "to_id"))
        if row.get("direction") == "left":
            ends = ends[::-1]
        for control, label in known:
            reading.answer.setdefault(control.name, []).append({"from": ends[0], "to": ends[1], "label": label})


def _asks(control: Relations, label: str) -> bool:
    return any(each.value == label for each in control.labels)


def _write(reading: _Reading, tag: Tag, _row: Result, value: Result) -> None:
    reading.answer[tag.control.name] = "\n".join(_texts(value["text"]))


def _rate(reading: _Reading, tag: Tag, _row: Result, value: Result) -> None:
    rating = value["rating"]
    if isinstance(rating, float) and rating.is_integer():
        rating = int(rating)
    if tag.part:
        reading.answer.setdefault(tag.control.name, {})[tag.part] = rating
    else:
        reading.answer[tag.control.name] = rating


def _prefer(reading: _Reading, tag: Tag, _row: Result, value: Result) -> None:
    if "choices" in value:
        (reading.answer[tag.control.name],) = _texts(value["choices"])
        return
    reading.answer[tag.control.name] = {"left": "a", "right": "b", "a": "a", "b": "b"}[str(value["selected"])]


def _draw(reading: _Reading, tag: Tag, row: Result, value: Result) -> None:
    control = tag.control
    assert isinstance(control, Shapes)
    width, height = _size(reading, control, row)
    found = reading.answer.setdefault(control.name, [])
    for label in _texts(value[tag.part]):
        shape = _SHAPES[tag.part](value, width, height, control.tools)
        found.append({"id": _id(reading, row, found), "label": label, **shape})


def _size(reading: _Reading, control: Shapes, row: Result) -> tuple[float, float]:
    """Return width and height of the picture in pixels; what we know goes before what the server says."""
    _field, *sizes = control.fields
    known = [reading.data.get(size) or row.get(name) for size, name in zip(sizes, _SIZES, strict=True)]
    if not all(isinstance(each, int | float) and each > 0 for each in known):
        raise ResultError("The size of the picture is not known, and the result does not tell it.")
    return float(known[0]), float(known[1])  # type: ignore[arg-type]


_SIZES = ("original_width", "original_height")


def _rectangle(value: Result, width: float, height: float, tools: Sequence[str]) -> dict[str, Any]:
    x, y = float(value["x"]) * width / 100, float(value["y"]) * height / 100
    across, down = float(value["width"]) * width / 100, float(value["height"]) * height / 100
    turn = float(value.get("rotation") or 0) % 360
    if not turn and "box" in tools:
        return {"type": "box", "x": x, "y": y, "width": across, "height": down}
    if "rotated_box" not in tools:
        raise ResultError("A rectangle is turned, and this project takes upright boxes.")
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    middle = (x + across / 2 * cosine - down / 2 * sine, y + across / 2 * sine + down / 2 * cosine)
    return {"type": "rotated_box", "x": middle[0], "y": middle[1], "width": across, "height": down, "angle": turn}


def _polygon(value: Result, width: float, height: float, _tools: Sequence[str]) -> dict[str, Any]:
    points = [[float(x) * width / 100, float(y) * height / 100] for x, y in value["points"]]
    return {"type": "polygon", "points": points}


def _point(value: Result, width: float, height: float, _tools: Sequence[str]) -> dict[str, Any]:
    return {"type": "point", "x": float(value["x"]) * width / 100, "y": float(value["y"]) * height / 100}


_SHAPES: dict[str, Callable[[Result, float, float, Sequence[str]], dict[str, Any]]] = {
    "rectanglelabels": _rectangle,
    "polygonlabels": _polygon,
    "keypointlabels": _point,
}


def _fill(reading: _Reading, tag: Tag, _row: Result, value: Result) -> None:
    control = tag.control
    assert isinstance(control, Form)
    kind = next(column.kind for column in control.columns if column.field == tag.part)
    said: Any = next(value[key] for key in ("number", "datetime", "choices", "text") if key in value)
    if isinstance(said, list):
        (said,) = said
    if kind == "boolean":
        said = {"true": True, "false": False}[said]
    elif kind == "integer" and isinstance(said, float) and said.is_integer():
        said = int(said)
    reading.answer.setdefault(control.name, {})[tag.part] = said


_READERS: dict[type, Callable[[_Reading, Tag, Result, Result], None]] = {
    Choice: _choose,
    Taxonomy: _grow,
    Words: _write,
    Spans: _mark,
    Rating: _rate,
    Preference: _prefer,
    Shapes: _draw,
    Form: _fill,
}
