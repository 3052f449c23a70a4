"""Answers of ours as results of Label Studio's protocol: what `labeling.engine.label_studio.results` reads."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from labeling.engine.controls.choice import Choice
from labeling.engine.controls.form import Form
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.taxonomy import Taxonomy
from labeling.engine.label_studio.tags import SHAPE_TAGS, Tag, control_tags, targets
from labeling.engine.schema import Schema

Result = dict[str, Any]


def results_of(
    schema: Schema, answer: Mapping[str, Any], data: Mapping[str, Any], size: tuple[int, int] = (0, 0)
) -> list[Result]:
    """Return an answer as results.

    Offsets count UTF-16 units, as Label Studio's page does; coordinates are per cent of the picture, and a rotated
    rectangle turns around its top left corner.

    Args:
        schema: What was asked.
        answer: In its normal form.
        data: The task's fields.
        size: Width and height of the picture in pixels; needed where shapes are drawn.
    """
    shown = targets(schema)
    found: list[Result] = []
    for tag in control_tags(schema):
        control = tag.control
        said = answer.get(control.name)
        if said is None:
            continue
        if isinstance(control, Relations):
            found += [_relation(row) for row in said]
            continue
        to = shown[tag.name] if isinstance(control, Spans | Shapes | Rating) else shown[tag.name].split(",")[0]
        for number, (kind, value, more) in enumerate(_values(tag, said, data, size)):
            id_ = more.pop("id", f"{tag.name}_{number}")
            found.append({"id": id_, "from_name": tag.name, "to_name": to, "type": kind, "value": value, **more})
    return found


def _relation(row: Mapping[str, str]) -> Result:
    ends = {"from_id": row["from"], "to_id": row["to"]}
    return {"type": "relation", **ends, "direction": "right", "labels": [row["label"]]}


def _values(
    tag: Tag, said: Any, data: Mapping[str, Any], size: tuple[int, int]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give type, value and further members of each result of a control."""
    control = tag.control
    if isinstance(control, Choice):
        yield "choices", {"choices": said}, {}
    elif isinstance(control, Taxonomy):
        paths = [[*reversed(control.above(value)), value] for value in said]
        yield "taxonomy", {"taxonomy": paths}, {}
    elif isinstance(control, Spans):
        yield from ((tag.element.lower(), _span(row, data[control.field]), {"id": row["id"]}) for row in said)
    elif isinstance(control, Rating):
        number = said.get(tag.part) if control.sides else said
        if number is not None:
            yield "rating", {"rating": number}, {}
    elif isinstance(control, Preference):
        if control.tie or control.neither:
            yield "choices", {"choices": [said]}, {}
        else:
            yield "pairwise", {"selected": {"a": "left", "b": "right"}[said]}, {}
    elif isinstance(control, Shapes):
        yield from _shapes(tag, said, size)
    elif isinstance(control, Form):
        if said.get(tag.part) is not None:
            yield _cell(tag, said[tag.part])
    else:
        yield "textarea", {"text": [said]}, {}


def _span(row: Mapping[str, Any], text: str) -> dict[str, Any]:
    start = _units(text[: row["start"]])
    end = start + _units(row["text"])
    return {"start": start, "end": end, "text": row["text"], "labels": [row["label"]]}


def _units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)


def _shapes(
    tag: Tag, said: list[dict[str, Any]], size: tuple[int, int]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    width, height = size
    for shape in said:
        if SHAPE_TAGS[shape["type"]][1] != tag.part:
            continue
        value = _shape(shape, width, height) | {tag.part: [shape["label"]]}
        more: dict[str, Any] = {"id": shape["id"], "original_width": width, "original_height": height}
        yield tag.part, value, {**more, "image_rotation": 0}


def _shape(shape: Mapping[str, Any], width: int, height: int) -> dict[str, Any]:
    if shape["type"] == "polygon":
        points = [[100 * x / width, 100 * y / height] for x, y in shape["points"]]
        return {"points": points, "closed": True}
    x, y = shape["x"], shape["y"]
    if shape["type"] == "point":
        return {"x": 100 * x / width, "y": 100 * y / height, "width": 0.5}
    turn = shape.get("angle", 0.0)
    if shape["type"] == "rotated_box":
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        across, down = shape["width"], shape["height"]
        x, y = x - across / 2 * cosine + down / 2 * sine, y - across / 2 * sine - down / 2 * cosine
    corner = {"x": 100 * x / width, "y": 100 * y / height}
    lengths = {"width": 100 * shape["width"] / width, "height": 100 * shape["height"] / height}
    return {**corner, **lengths, "rotation": turn}


def _cell(tag: Tag, value: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    if tag.element == "Number":
        return "number", {"number": value}, {}
    if tag.element == "DateTime":
        return "datetime", {"datetime": value}, {}
    if tag.element == "Choices":
        word = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        return "choices", {"choices": [word]}, {}
    return "textarea", {"text": [value]}, {}
