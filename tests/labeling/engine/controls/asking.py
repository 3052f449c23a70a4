"""Schemas with one control, for the tests of controls."""

from typing import Any

import pytest

from labeling.engine.schema import AnswerError, Schema, SchemaError, parse_schema, validate_answer

TEXT = {"type": "text", "field": "text"}
PICTURE = {"type": "image", "field": "image"}
PAIR = {"type": "pair", "a": "first", "b": "second"}


def asking(*controls: dict[str, Any], display: tuple[dict[str, Any], ...] = (TEXT,)) -> Schema:
    """Return a schema that reads what it writes."""
    schema = parse_schema({"display": list(display), "controls": [{"name": "it", **each} for each in controls]})
    assert parse_schema(schema.to_json()) == schema
    return schema


def answered(schema: Schema, value: Any, data: dict[str, Any] | None = None, **more: Any) -> Any:
    """Return the normal form of a value of the control called it."""
    return validate_answer(schema, {"it": value}, data, **more)["it"]


def refused(schema: Schema, value: Any, data: dict[str, Any] | None = None) -> str:
    """Return the place at which a value of the control called it is refused."""
    with pytest.raises(AnswerError) as caught:
        validate_answer(schema, {"it": value}, data)
    assert caught.value.what.endswith(".")
    assert caught.value.mend.endswith(".")
    return caught.value.where


def broken(*controls: dict[str, Any], display: tuple[dict[str, Any], ...] = (TEXT,)) -> str:
    """Return the place at which a schema is refused."""
    with pytest.raises(SchemaError) as caught:
        parse_schema({"display": list(display), "controls": [{"name": "it", **each} for each in controls]})
    return caught.value.where
