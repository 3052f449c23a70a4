"""One project's words and ours: what Label Studio's XML calls things, in both directions."""

from typing import Any

import pytest

from labeling.engine.formats.label_studio_words import Words, column_of, words_of_config, words_of_schema
from labeling.engine.formats.record import FormatError
from labeling.engine.label_studio.results import ResultError
from labeling.engine.schema import validate_answer


def there_and_back(words: Words, result: list[dict[str, Any]], data: dict[str, Any]) -> list[dict[str, Any]]:
    answer = validate_answer(words.schema, words.read(result, data).answer, data)
    return words.write(answer, data)


def plain(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row.get("from_name"), row.get("to_name"), row["type"], row.get("value")) for row in rows]


def test_names_of_the_xml_come_back_although_ours_are_others() -> None:
    words = words_of_config(
        """<View><Text name="the text" value="$Body"/>
        <Choices name="My-Topic 1" toName="the text"><Choice value="a"/><Choice value="b"/></Choices></View>"""
    )
    assert [control.name for control in words.schema.controls] == ["my_topic_1"]
    result = [{"from_name": "My-Topic 1", "to_name": "the text", "type": "choices", "value": {"choices": ["b"]}}]
    assert plain(there_and_back(words, result, {"Body": "x"})) == plain(result)
    assert words.fields == {"Body": "Body"}


def test_spans_and_relations_of_hypertext() -> None:
    words = words_of_config(
        """<View><HyperTextLabels name="ner" toName="t"><Label value="PER"/><Label value="LOC"/></HyperTextLabels>
        <Relations><Relation value="lives in"/></Relations><HyperText name="t" value="$html"/></View>"""
    )
    result = [
        {
            "id": "x1", "from_name": "ner", "to_name": "t", "type": "hypertextlabels",
            "value": {"start": "/p[1]", "end": "/p[1]", "globalOffsets": {"start": 0, "end": 3},
                      "hypertextlabels": ["PER"], "text": "Ann"},
        },
        {
            "id": "x2", "from_name": "ner", "to_name": "t", "type": "hypertextlabels",
            "value": {"start": 7, "end": 11, "hypertextlabels": ["LOC"]},
        },
        {"type": "relation", "from_id": "x1", "to_id": "x2", "direction": "right", "labels": ["lives in"]},
    ]  # fmt: skip
    back = there_and_back(words, result, {"html": "Ann in Rome"})
    assert [row["value"]["text"] for row in back if row["type"] == "hypertextlabels"] == ["Ann", "Rome"]
    assert [row["value"]["hypertextlabels"] for row in back[:2]] == [["PER"], ["LOC"]]
    assert {name: back[2][name] for name in ("from_id", "to_id", "labels")} == {
        "from_id": "x1", "to_id": "x2", "labels": ["lives in"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "quote", "found"),
    [
        (2, 5, "Ann", "Ann"),  # code points
        (3, 6, "Ann", "Ann"),  # UTF-16 units
        (2, 5, None, "Ann"),
    ],
)
def test_offsets_are_read_in_both_units(start: int, end: int, quote: str | None, found: str) -> None:
    words = words_of_config(
        '<View><Labels name="n" toName="t"><Label value="A"/></Labels><Text name="t" value="$t"/></View>'
    )
    value = {"start": start, "end": end, "labels": ["A"], **({"text": quote} if quote else {})}
    result = [{"from_name": "n", "to_name": "t", "type": "labels", "value": value}]
    (back,) = there_and_back(words, result, {"t": "😀 Ann"})
    assert (back["value"]["text"], back["value"]["start"], back["value"]["end"]) == (found, 3, 6)


def test_a_quote_that_stands_nowhere_is_refused() -> None:
    words = words_of_config(
        '<View><Labels name="n" toName="t"><Label value="A"/></Labels><Text name="t" value="$t"/></View>'
    )
    value = {"start": 0, "end": 3, "labels": ["A"], "text": "Bob"}
    with pytest.raises(ResultError, match="does not read"):
        words.read([{"from_name": "n", "to_name": "t", "type": "labels", "value": value}], {"t": "Ann"})


def test_fields_that_a_version_keeps_for_itself_become_other_columns() -> None:
    assert column_of("item_id", "") == "item_id_2"
    assert (column_of("photo", "photo"), column_of("image", "photo")) == ("image", "image_2")
    assert (column_of("image_width", "photo"), column_of("image_width", "")) == ("image_width_2", "image_width")
    words = words_of_config(
        """<View><Text name="t" value="$item_id"/>
        <Choices name="c" toName="t"><Choice value="a"/><Choice value="b"/></Choices></View>"""
    )
    assert (words.schema.texts, words.fields, words.column("item_id")) == (
        ["item_id_2"], {"item_id": "item_id_2"}, "item_id_2",
    )  # fmt: skip


def test_nodes_that_stand_twice_come_back_under_their_paths() -> None:
    words = words_of_config(
        """<View><Text name="t" value="$t"/><Taxonomy name="tree" toName="t">
        <Choice value="fruit"><Choice value="orange"/></Choice><Choice value="colour"><Choice value="orange"/></Choice>
        </Taxonomy></View>"""
    )
    for path in (["fruit", "orange"], ["colour", "orange"]):
        result = [{"from_name": "tree", "to_name": "t", "type": "taxonomy", "value": {"taxonomy": [path]}}]
        assert there_and_back(words, result, {"t": "x"})[0]["value"] == {"taxonomy": [path]}
    with pytest.raises(ResultError, match="does not have"):
        words.read(
            [{"from_name": "tree", "to_name": "t", "type": "taxonomy", "value": {"taxonomy": [["fruit", "pear"]]}}],
            {"t": "x"},
        )


def test_two_answers_are_compared() -> None:
    words = words_of_config(
        """<View><Text name="one" value="$a"/><Text name="two" value="$b"/>
        <Pairwise name="best" toName="one,two"/></View>"""
    )
    result = [{"from_name": "best", "to_name": "one,two", "type": "pairwise", "value": {"selected": "right"}}]
    back = there_and_back(words, result, {"a": "x", "b": "y"})
    assert (back[0]["value"], back[0]["from_name"], back[0]["to_name"]) == ({"selected": "right"}, "best", "one,two")


def test_every_part_that_does_not_fit_is_told() -> None:
    words = words_of_config(
        """<View><Text name="t" value="$t"/><Choices name="c" toName="t">
        <Choice value="a"/><Choice value="b"/></Choices>
        </View>"""
    )
    rows = [{"from_name": f"x{number}", "type": "choices", "value": {"choices": ["a"]}} for number in range(8)]
    with pytest.raises(ResultError) as error:
        words.read(rows, {"t": "x"})
    assert "“x0”" in str(error.value)
    assert str(error.value).endswith("And 3 more.")


def test_everything_that_cannot_be_asked_is_told_at_once() -> None:
    with pytest.raises(FormatError) as error:
        words_of_config(
            """<View><Image name="i" value="$i"/><BrushLabels name="b" toName="i"><Label value="a"/></BrushLabels>
            <EllipseLabels name="e" toName="i"><Label value="a"/></EllipseLabels>
            <Choices name="c" toName="i"><Choice value="a"/><Choice value="b"/></Choices></View>"""
        )
    assert error.value.code == "config_unfit"
    assert "BrushLabels" in error.value.message
    assert "EllipseLabels" in error.value.message


def test_a_schema_without_xml_has_words_of_its_own() -> None:
    asked = words_of_config(
        """<View><Text name="t" value="$t"/><Choices name="c" toName="t">
        <Choice value="a"/><Choice value="b"/></Choices>
        </View>"""
    ).schema
    words = words_of_schema(asked)
    result = [{"from_name": "c", "to_name": "t", "type": "choices", "value": {"choices": ["a"]}}]
    assert plain(there_and_back(words, result, {"t": "x"})) == plain(result)
    # The XML that it shows is one that makes the same questions.
    assert words_of_config(words.xml).schema.to_json() == asked.to_json()
