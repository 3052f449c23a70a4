"""Which questions can be answered for many items at once."""

from typing import Any

import pytest

from labeling.engine.grid import fits, headings, labels_with_depth, offered
from labeling.engine.schema import Schema, parse_schema

CHOICE = {"name": "label", "type": "choice", "labels": [{"value": "ham"}, {"value": "spam"}]}
TREE = {
    "name": "kind",
    "type": "taxonomy",
    "leaves_only": True,
    "labels": [{"value": "animal", "labels": [{"value": "cat"}]}, {"value": "rock"}],
}
RATING = {"name": "mood", "type": "rating"}
NOTE = {"name": "note", "type": "text"}


def schema(*controls: dict[str, Any]) -> Schema:
    return parse_schema({"display": [{"type": "text", "field": "text"}], "controls": list(controls)})


def loose(control: dict[str, Any]) -> dict[str, Any]:
    return {**control, "required": False}


@pytest.mark.parametrize(
    ("controls", "names", "obstacles"),
    [
        ([CHOICE], ["label"], ()),
        ([TREE], ["kind"], ()),
        ([CHOICE, loose(NOTE)], ["label"], ()),
        ([CHOICE, loose(TREE)], ["label"], ()),
        ([loose(CHOICE), loose(TREE), loose(NOTE)], ["label", "kind"], ()),
        ([CHOICE, RATING], [], ("mood",)),
        ([CHOICE, TREE], [], ("label", "kind")),
        ([loose(CHOICE), NOTE], [], ("note",)),
        ([loose(NOTE)], [], ()),
    ],
)
def test_a_grid_is_offered_when_one_label_is_a_whole_answer(
    controls: list[dict[str, Any]], names: list[str], obstacles: tuple[str, ...]
) -> None:
    found = offered(schema(*controls))
    assert ([control.name for control in found.controls], found.obstacles) == (names, obstacles)


def test_labels_stand_in_order_with_their_depth_and_headings_are_known() -> None:
    tree, choice = schema(TREE).controls[0], schema(CHOICE).controls[0]
    assert [(label.value, depth) for label, depth in labels_with_depth(tree)] == [
        ("animal", 0),
        ("cat", 1),
        ("rock", 0),
    ]
    assert headings(tree) == {"animal"}
    assert [(label.value, depth) for label, depth in labels_with_depth(choice)] == [("ham", 0), ("spam", 0)]
    assert headings(choice) == frozenset()


def test_an_answer_fits_when_it_says_only_what_is_offered() -> None:
    offer = offered(schema(CHOICE, loose(NOTE)))
    assert fits(offer, {"label": ["ham"]})
    assert not fits(offer, {"label": ["ham"], "note": "so"})
    assert not fits(offer, {})
