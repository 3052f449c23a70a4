"""Ready schemas fit the columns of a version and read well in both languages."""

from typing import Any

import pytest

from labeling.engine.schema import parse_schema
from labeling.offers import NAMES, offers_for

TEXT = [("id", "int64"), ("text", "string"), ("mass", "double")]
PICTURE = [("image", "string"), ("label", "string")]
PAIR = [("prompt", "string"), ("chosen", "string"), ("rejected", "string")]


def offers(columns: list[tuple[str, str]], language: str = "en", **roles: str) -> dict[str, Any]:
    found = offers_for(columns=columns, roles=roles, language=language)
    return {offer["name"]: offer for offer in found}


def test_every_template_is_a_schema_that_works_in_both_languages() -> None:
    for language in ("en", "zh-hans"):
        found = (
            offers(TEXT, language, text="text", id="id")
            | offers(PAIR, language)
            | offers(PICTURE, language, image="image")
        )
        assert sorted(found) == sorted(NAMES)
        for offer in found.values():
            parsed = parse_schema(offer["schema"])
            assert parse_schema(parsed.to_json()) == parsed
            assert len(offer["guidelines"]) > 100


@pytest.mark.parametrize("name", NAMES)
def test_a_template_says_the_same_in_chinese(name: str) -> None:
    english, chinese = (
        offers(TEXT, each, text="text") | offers(PAIR, each) | offers(PICTURE, each, image="image")
        for each in ("en", "zh-hans")
    )
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese[name]["title"])
    values = [
        [[label["value"] for label in control.get("labels", [])] for control in found[name]["schema"]["controls"]]
        for found in (english, chinese)
    ]
    assert values[0] == values[1]


def test_only_what_a_version_can_show_is_offered() -> None:
    assert "sentiment" not in offers(PAIR)
    assert "preference" not in offers(TEXT, text="text")
    pair = offers(PAIR)["preference"]["schema"]["display"]
    assert pair == [
        {"type": "text", "field": "prompt"},
        {"type": "pair", "a": "chosen", "b": "rejected", "markdown": True},
    ]


def test_a_form_asks_every_column_in_its_kind_and_shows_the_id() -> None:
    columns = [("id", "int64"), ("mass", "double"), ("ok", "bool"), ("day", "date32[day]"), ("tags", "list<string>")]
    schema = offers(columns, id="id")["rows"]["schema"]
    assert schema["display"] == [{"type": "value", "field": "id"}]
    rows = [(row["field"], row["kind"], row["locked"]) for row in schema["controls"][0]["columns"]]
    assert rows == [
        ("id", "integer", True),
        ("mass", "number", False),
        ("ok", "boolean", False),
        ("day", "date", False),
    ]


def test_what_describes_a_picture_is_no_value_of_a_row() -> None:
    columns = [("name", "string"), ("mass", "double"), *PICTURE, ("image_width", "int64"), ("image_file", "string")]
    (form,) = offers(columns, image="image")["rows"]["schema"]["controls"]
    assert [row["field"] for row in form["columns"]] == ["name", "mass", "label"]


@pytest.mark.parametrize("pair", [("answer_a", "answer_b"), ("Output1", "Output2"), ("response_a", "response_b")])
def test_a_pair_is_known_by_the_names_of_its_columns(pair: tuple[str, str]) -> None:
    columns = [("question", "string"), *((name, "string") for name in pair)]
    shown = offers(columns)["preference"]["schema"]["display"]
    assert shown[1] == {"type": "pair", "a": pair[0], "b": pair[1], "markdown": True}
