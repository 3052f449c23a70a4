"""Spans that words can say, and those that they cannot."""

from modeling.engine.bundle.runtime.scheme import WordSpan
from modeling.engine.data import Span
from modeling.engine.tagging.alignment import align


def test_what_words_cannot_say_is_counted() -> None:
    text = "New York's mayor  met Ann-Lee."
    spans = [
        Span(0, 8, "place"),  # exact
        Span(0, 16, "person"),  # overlaps it and is longer: this one stays
        Span(22, 25, "person"),  # exact
        Span(27, 29, "person"),  # inside of Lee: learned as Lee
        Span(16, 18, "person"),  # blanks: no word
    ]
    found = align([text, ""], [spans, []], ("person", "place"))
    assert [found.words.form[span.first] for span in found.spans[0]] == ["New", "Ann", "Lee"]
    assert found.spans == [[WordSpan(0, 5, 0), WordSpan(6, 7, 0), WordSpan(8, 9, 0)], []]
    assert found.fit.to_dict() == {
        "spans": 5, "exact": 2, "moved": 1, "overlapping": 1, "empty": 1, "ceiling_f1": 2 * 2 / (3 + 5),
    }  # fmt: skip


def test_chinese_is_aligned_by_character() -> None:
    found = align(["我在北京大学读书"], [[Span(2, 6, "ORG")]], ("ORG",))
    assert found.spans == [[WordSpan(2, 6, 0)]]
    assert found.fit.ceiling == 1.0
