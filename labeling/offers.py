"""Ready schemas by industry: YAML files under ``data/offers``, fitted to the columns of a version."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

# Their order on the page.
NAMES = (
    "intents", "sentiment", "entities", "clinical", "contracts", "goods", "safety", "preference", "summary", "rows",
    "defects", "cells",
)  # fmt: skip
# How a column of a version is asked in a form.
KINDS = {"int": "integer", "uint": "integer", "float": "number", "double": "number", "bool": "boolean", "date": "date"}
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#7f3c8d", "#5f6b6d")
FORM_COLUMNS = 40


def offers_for(*, columns: list[tuple[str, str]], roles: dict[str, str], language: str) -> list[dict[str, Any]]:
    """Return the templates that fit a version, with their schema, title and guidelines in a language.

    Args:
        columns: Name and type of each column of the version, without ``item_id``.
        roles: Which column is the ``text``, the ``label``, the ``id``.
        language: A language code; English where a template has no other.
    """
    found = []
    for name in NAMES:
        offer = _read(name)
        schema = _fitted(offer, columns, roles, language)
        if schema is not None:
            said = {key: _in(offer[key], language) for key in ("title", "guidelines")}
            found.append({"name": name, **said, "schema": schema})
    return found


@lru_cache(maxsize=64)
def _read(name: str) -> dict[str, Any]:
    text = (files("labeling") / "data" / "offers" / f"{name}.yaml").read_text(encoding="utf-8")
    offer: dict[str, Any] = yaml.safe_load(text)
    return offer


def _in(value: Any, language: str) -> Any:
    """Return a text in a language; lists and objects with all their texts in it."""
    if isinstance(value, dict):
        if set(value) <= {"en", "zh-hans"}:
            return value["zh-hans" if language.lower().startswith("zh") and "zh-hans" in value else "en"]
        return {key: _in(each, language) for key, each in value.items()}
    if isinstance(value, list):
        return [_in(each, language) for each in value]
    return value


def _fitted(
    offer: dict[str, Any], columns: list[tuple[str, str]], roles: dict[str, str], language: str
) -> dict[str, Any] | None:
    """Return the schema on these columns; None when the version has nothing to show for it."""
    display = _DISPLAYS[offer["shows"]](columns, roles)
    if not display:
        return None
    controls = [_control(control, display[0], columns, roles) for control in _in(offer["schema"]["controls"], language)]
    return {"display": display, "controls": controls}


def _text(columns: list[tuple[str, str]], roles: dict[str, str]) -> list[dict[str, Any]]:
    return [{"type": "text", "field": roles["text"]}] if roles.get("text") else []


def _pair(columns: list[tuple[str, str]], roles: dict[str, str]) -> list[dict[str, Any]]:
    texts = [name for name, kind in columns if "string" in kind]
    sides = _sides(texts)
    if sides is None:
        return []
    first, second = sides
    shown = roles.get("text", "")
    question = next((name for name in [shown, *_QUESTIONS] if name in texts and name not in sides), None)
    pair = {"type": "pair", "a": first, "b": second, "markdown": True}
    return ([{"type": "text", "field": question}] if question else []) + [pair]


_QUESTIONS = ("prompt", "instruction", "question", "input")
_PAIRS = (
    ("response1", "response2"),
    ("response_a", "response_b"),
    ("answer1", "answer2"),
    ("answer_a", "answer_b"),
    ("output1", "output2"),
    ("output_a", "output_b"),
    ("chosen", "rejected"),
    ("a", "b"),
    ("first", "second"),
)


def _sides(texts: list[str]) -> tuple[str, str] | None:
    """Return the two columns that look like answers of a pair."""
    known = {name.lower(): name for name in texts}
    return next(((known[a], known[b]) for a, b in _PAIRS if a in known and b in known), None)


def _table(columns: list[tuple[str, str]], roles: dict[str, str]) -> list[dict[str, Any]]:
    asked = _asked(columns, roles)
    if len(asked) < 2:
        return []
    # What names the row is shown above the form; without an id this is its first column.
    shown = roles.get("id") or asked[0][0]
    return [{"type": "value", "field": shown}]


def _image(columns: list[tuple[str, str]], roles: dict[str, str]) -> list[dict[str, Any]]:
    return [{"type": "image", "field": roles["image"]}] if roles.get("image") else []


_DISPLAYS = {"text": _text, "pair": _pair, "table": _table, "image": _image}


def _asked(columns: list[tuple[str, str]], roles: dict[str, str]) -> list[tuple[str, str]]:
    """Return the columns that a person can correct: what describes a picture was measured, and is no value of a row."""
    picture = roles.get("image")
    measured = {picture, *(f"{picture}_{part}" for part in ("file", "width", "height", "format", "mode"))}
    plain = [
        (name, kind)
        for name, kind in columns
        if name != "item_id" and name not in measured and "list" not in kind and "struct" not in kind
    ]
    return plain[:FORM_COLUMNS]


def _control(
    control: dict[str, Any], shown: dict[str, Any], columns: list[tuple[str, str]], roles: dict[str, str]
) -> dict[str, Any]:
    if control["type"] in ("spans", "shapes"):
        control = {**control, "field": shown["field"]}
    if control["type"] == "form":
        rows = [
            {"field": name, "kind": _kind(kind), "locked": name == roles.get("id")}
            for name, kind in _asked(columns, roles)
        ]
        control = {**control, "columns": rows}
    if control["type"] in ("choice", "spans", "relations", "shapes"):
        labels = [
            {**label, "color": label.get("color", COLORS[number % len(COLORS)])}
            for number, label in enumerate(control["labels"])
        ]
        control = {**control, "labels": labels}
    return control


def _kind(kind: str) -> str:
    return next((asked for start, asked in KINDS.items() if kind.startswith(start)), "text")
