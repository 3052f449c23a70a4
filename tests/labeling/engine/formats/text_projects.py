"""Labeled datasets of our own, small and made at random, for round trips through other tools' formats."""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from labeling.engine.formats.files import Files, opened
from labeling.engine.formats.record import Losses, Reading, Record, Said
from labeling.engine.formats.table import FORMATS, find_format
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema, parse_schema, validate_answer

LETTERS = "ab c🙂é中。\n"
PEOPLE = ("", "ann@example.org", "李雷")
TIMES = ("", "2024-05-01T10:00:00+00:00")


def labels(*values: str) -> list[dict[str, str]]:
    return [{"value": value} for value in values]


CHOICE = {"name": "kind", "type": "choice", "labels": labels("spam", "ham", "中 文"), "required": False}
SEVERAL = {**CHOICE, "name": "topics", "multiple": True}
TREE = {
    "name": "tree",
    "type": "taxonomy",
    "multiple": True,
    "required": False,
    "labels": [{"value": "clothes", "labels": labels("shoes", "hats")}, {"value": "food"}],
}
SPANS = {"name": "names", "type": "spans", "field": "text", "labels": labels("PER", "LOC")}
TIES = {"name": "ties", "type": "relations", "spans": "names", "labels": labels("met", "in"), "required": False}
WORDS = {"name": "summary", "type": "text", "required": False}
RATING = {"name": "stars", "type": "rating", "steps": 5, "required": False}
BOTH = {"name": "both", "type": "rating", "steps": 5, "sides": True, "required": False}
BETTER = {"name": "better", "type": "preference", "required": False}
FORM = {
    "name": "row",
    "type": "form",
    "required": False,
    "columns": [{"field": "price", "kind": "number"}, {"field": "sold", "kind": "boolean"}],
}
TEXT = {"type": "text", "field": "text"}
PAIR = {"type": "pair", "a": "one", "b": "two"}
SHAPES = {
    "name": "cells",
    "type": "shapes",
    "field": "image",
    "labels": labels("red", "white"),
    "tools": ["box", "rotated_box", "polygon", "point"],
}
RICH = parse_schema(
    {
        "display": [TEXT, PAIR],
        "controls": [CHOICE, SEVERAL, TREE, SPANS, TIES, WORDS, RATING, BOTH, BETTER, FORM],
    }
)
PICTURES = parse_schema({"display": [{"type": "image", "field": "image"}], "controls": [CHOICE, SHAPES]})
SIZE = (80, 60)


def asks(*controls: dict[str, Any]) -> Schema:
    return parse_schema({"display": [TEXT], "controls": list(controls)})


texts = st.text(LETTERS, min_size=1, max_size=30).filter(lambda text: text.strip())


@st.composite
def spans(draw: st.DrawFn, text: str) -> list[dict[str, Any]]:
    found, places = [], set()
    for number in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        label = draw(st.sampled_from(["PER", "LOC"]))
        if (start, end, label) not in places:
            places.add((start, end, label))
            found.append({"id": f"s{number}", "start": start, "end": end, "label": label})
    return found


@st.composite
def shapes(draw: st.DrawFn) -> list[dict[str, Any]]:
    corner = st.integers(0, 30).map(float)
    kinds = [
        {"type": "box", "width": 20.5, "height": 10.25},
        {"type": "rotated_box", "width": 20.0, "height": 10.0, "angle": 30.0},
        {"type": "point"},
    ]
    found = []
    for number in range(draw(st.integers(0, 3))):
        place = {"x": draw(corner), "y": draw(corner)}
        made = {**draw(st.sampled_from(kinds)), **place}
        if draw(st.booleans()):
            x, y = made["x"], made["y"]
            made = {"type": "polygon", "points": [[x, y], [x + 20, y + 1], [x + 5, y + 25.5]]}
        found.append({"id": f"s{number}", "label": draw(st.sampled_from(["red", "white"])), **made})
    return found


@st.composite
def answers(draw: st.DrawFn, schema: Schema, data: dict[str, Any]) -> dict[str, Any]:
    ties = draw(st.booleans())
    marked = draw(spans(data["text"])) if "text" in data else []
    ids = [row["id"] for row in marked]
    given: dict[str, Any] = {
        "kind": draw(st.sampled_from([None, ["spam"], ["中 文"]])),
        "topics": draw(st.lists(st.sampled_from(["spam", "ham", "中 文"]), unique=True)) or None,
        "tree": draw(st.lists(st.sampled_from(["clothes", "shoes", "food"]), unique=True)) or None,
        "names": marked or None,
        "ties": [{"from": ids[0], "to": ids[1], "label": "met"}] if ties and len(ids) > 1 else None,
        "summary": draw(st.none() | texts),
        "stars": draw(st.none() | st.integers(1, 5)),
        "both": draw(st.none() | st.fixed_dictionaries({"a": st.integers(1, 5), "b": st.integers(1, 5)})),
        "better": draw(st.sampled_from([None, "a", "b", "tie"])),
        "row": draw(st.none() | st.fixed_dictionaries({"price": st.sampled_from([1.5, 2]), "sold": st.booleans()})),
        "cells": draw(shapes()) or None,
    }
    known = {name: value for name, value in given.items() if name in schema.by_name and value is not None}
    return validate_answer(schema, known, data, draft=True)


@st.composite
def records(draw: st.DrawFn, schema: Schema, *, plain: bool = False, most: int = 4) -> list[Record]:
    """Give items with answers of people and models; `plain` ones have one unsigned answer, which is final."""
    found = []
    for number in range(draw(st.integers(1, most))):
        data: dict[str, Any] = {"image": "", "image_width": SIZE[0], "image_height": SIZE[1]} if schema.picture else {}
        if not schema.picture:
            data = {"text": draw(texts), "one": "first", "two": "second", "price": 3, "sold": True}
        fields = {name: value for name, value in data.items() if not name.startswith("image")}
        if plain:
            fields = {"text": fields["text"]}
        record = Record(f"item {number}", fields)
        if schema.picture:
            record.name, record.picture, record.size = f"p{number}.png", "p.png", SIZE
        if plain:
            record.final = draw(answers(schema, data))
            record.answers.append(Said(record.final))
        else:
            _answered(draw, schema, data, record)
        found.append(record)
    return found


def _answered(draw: st.DrawFn, schema: Schema, data: dict[str, Any], record: Record) -> None:
    for _each in range(draw(st.integers(0, 3))):
        by, at = draw(st.sampled_from(PEOPLE)), draw(st.sampled_from(TIMES))
        skipped = draw(st.booleans()) and draw(st.booleans())
        record.answers.append(Said({} if skipped else draw(answers(schema, data)), by, at, skipped))
    for _each in range(draw(st.integers(0, 2))):
        score = draw(st.sampled_from([None, 0.0, 0.25, 1.0]))
        record.predictions.append(Said(draw(answers(schema, data)), "model 1", confidence=score))
    given = [said.answer for said in record.answers if not said.skipped]
    choices: list[Callable[[], Any]] = [lambda: None, lambda: draw(answers(schema, data))]
    record.final = given[0] if given and draw(st.booleans()) else draw(st.sampled_from(choices))()


def picture(folder: Path) -> Path:
    place = folder / "p.png"
    if not place.exists():
        Image.new("RGB", SIZE).save(place)
    return place


def written(name: str, schema: Schema, rows: list[Record], folder: Path) -> Losses:
    """Write records as a format into an empty folder."""
    losses = Losses()
    write = FORMATS[name].write
    assert write is not None
    assert FORMATS[name].holds is not None
    assert FORMATS[name].holds(schema) == ""  # type: ignore[misc]
    write(Target(folder, lambda _path: picture(folder.parent), losses), schema, rows)
    return losses


def read_back(folder: Path, name: str = "") -> tuple[Reading, list[Record], Losses, str]:
    """Return what a folder, file or archive holds, and the format it was found to be in."""
    losses = Losses()
    with opened(folder) as files:
        found = name or find_format(files)
        reading = FORMATS[found].read(files, losses)
        return reading, list(reading.records()), losses, found


def files_of(folder: Path, **contents: str) -> Files:
    """Return files with these contents; in names ``__`` stands for a dot."""
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")
    return Files({path.name: path for path in sorted(folder.iterdir()) if path.is_file()})


ASCII = string.ascii_lowercase
