import pytest

from curation.engine.augment.edits import Borders, Edit, carried, fitting

TEXT = "Ann Lee lives in New York now"
SPANS = [(0, 7), (17, 25)]


def done(edits: list[Edit], text: str = TEXT, spans: list[tuple[int, int]] = SPANS) -> tuple[str, list[str]]:
    """Return the changed text and what the spans quote in it."""
    changed, moved, _made = carried(text, spans, fitting(text, edits, Borders(spans)))
    return changed, [changed[start:end] for start, end in moved]


@pytest.mark.parametrize(
    ("edit", "text", "quoted"),
    [
        (Edit(8, 13, "dwells"), "Ann Lee dwells in New York now", ["Ann Lee", "New York"]),
        (Edit(17, 20, "Nwe"), "Ann Lee lives in Nwe York now", ["Ann Lee", "Nwe York"]),
        (Edit(17, 21, ""), "Ann Lee lives in York now", ["Ann Lee", "York"]),
        (Edit(26, 29, "today"), "Ann Lee lives in New York today", ["Ann Lee", "New York"]),
        (Edit(9, 9, "x"), "Ann Lee lxives in New York now", ["Ann Lee", "New York"]),
        # A whole span under other words keeps its label.
        (Edit(17, 25, "Paris"), "Ann Lee lives in Paris now", ["Ann Lee", "Paris"]),
    ],
)
def test_spans_move_with_the_edits(edit: Edit, text: str, quoted: list[str]) -> None:
    assert done([edit]) == (text, quoted)


@pytest.mark.parametrize(
    "edit",
    [
        Edit(4, 13, "lives Lee"),  # a swap over the border of a span
        Edit(14, 20, "New in"),
        Edit(16, 26, ""),  # a deletion of a span with the blanks around it
        Edit(7, 7, "s"),  # something put in where a span ends: inside or outside?
        Edit(17, 25, ""),  # nothing would be left of the span
        Edit(17, 20, ""),  # it would begin with a blank
    ],
)
def test_edits_that_would_make_a_label_untrue_are_not_made(edit: Edit) -> None:
    assert done([edit]) == (TEXT, ["Ann Lee", "New York"])


def test_deletions_that_empty_a_span_together_are_taken_back_together() -> None:
    assert done([Edit(0, 3, ""), Edit(3, 7, ""), Edit(8, 13, "is")])[0] == "Ann Lee is in New York now"


def test_a_border_within_a_word_lets_letters_change_beside_it() -> None:
    text, spans = "Paris-based", [(0, 5)]
    assert done([Edit(0, 11, "Paris-bsaed")], text, spans) == ("Paris-bsaed", ["Paris"])
    assert done([Edit(0, 11, "Parsi-based")], text, spans) == ("Parsi-based", ["Parsi"])
    assert done([Edit(0, 11, "Pari-sbased")], text, spans) == (text, ["Paris"])


def test_nested_and_equal_spans_move_together() -> None:
    text, spans = "the University of New York City", [(4, 31), (18, 31), (18, 26), (18, 26)]
    changed, quoted = done([Edit(0, 3, "a"), Edit(27, 31, "Ctiy")], text, spans)
    assert changed == "a University of New York Ctiy"
    assert quoted == ["University of New York Ctiy", "New York Ctiy", "New York", "New York"]


def test_offsets_count_code_points() -> None:
    text = "😀 in 北京 today"
    assert done([Edit(2, 4, "near")], text, [(5, 7)]) == ("😀 near 北京 today", ["北京"])


def test_of_edits_over_one_another_the_first_is_made() -> None:
    assert done([Edit(8, 13, "x"), Edit(10, 16, "y")])[0] == "Ann Lee x in New York now"
