"""Figures of spans; the exact ones are those that seqeval 1.2.2 gives in its strict mode for the same sentences."""

import numpy as np
import pytest

from modeling.engine.data import Examples, Span
from modeling.engine.errors import BadData
from modeling.engine.tasks.spans import ScoredSpan, Spans
from modeling.engine.tasks.task import bootstrap_interval

LABELS = ("LOC", "ORG", "PER")
# One character a token: PER PER O LOC O | O ORG ORG O | PER O
TRUTH = [(Span(0, 2, "PER"), Span(3, 4, "LOC")), (Span(1, 3, "ORG"),), (Span(0, 1, "PER"),)]
FOUND = [
    [ScoredSpan(0, 2, "PER", 0.9), ScoredSpan(3, 4, "ORG", 0.6)],
    [ScoredSpan(1, 2, "ORG", 0.8), ScoredSpan(3, 4, "LOC", 0.3)],
    [ScoredSpan(0, 1, "PER", 1.0)],
]


def examples() -> Examples:
    """Return the three texts as a part."""
    return Examples("ner", ("aabcd", "abbc", "ab"), tuple(TRUTH), ("test",) * 3, ("x", "y", "z"))


def test_exact_figures_are_those_of_seqeval() -> None:
    figures = Spans().figures(FOUND, examples(), LABELS)
    assert (figures["precision"], figures["recall"]) == (0.4, 0.5)
    assert figures["f1"] == pytest.approx(0.4444444444444445)
    assert figures["macro_f1"] == pytest.approx(1 / 3)
    assert [(row["label"], row["f1"], row["support"]) for row in figures["per_class"]] == [
        ("LOC", 0.0, 1), ("ORG", 0.0, 1), ("PER", 1.0, 2),
    ]  # fmt: skip


def test_what_is_nearly_right_has_figures_of_its_own() -> None:
    figures = Spans().figures(FOUND, examples(), LABELS)
    assert figures["partial"] == {"precision": 0.6, "recall": 0.75, "f1": pytest.approx(2 / 3)}
    assert figures["borders"]["precision"] == 0.6
    assert figures["errors"] == {"label": 1, "borders": 1, "label_and_borders": 0, "spurious": 1, "missed": 0}
    assert figures["confusion"] == [[0, 1, 0], [0, 0, 0], [0, 0, 2]]
    # Scores .9 and 1.0 (right) share a bin: |1.9 - 2|; .6, .8 and .3 (wrong) stand alone; over five spans.
    assert figures["calibration_error"] == pytest.approx((0.1 + 0.6 + 0.8 + 0.3) / 5)


def test_losses_and_right_rows() -> None:
    task, data = Spans(), examples()
    np.testing.assert_allclose(task.losses(FOUND, data, LABELS), [0.1 + 1 + 0.6, 1 + 0.8 + 0.3, 0.0])
    assert task.right(FOUND, data, LABELS).tolist() == [False, False, True]
    score = task.scorer(FOUND, data, LABELS)
    assert score(np.array([2, 2])) == 1.0
    assert score(np.array([0, 1, 2])) == pytest.approx(4 / 9)
    low, high = bootstrap_interval(score, 3)
    assert 0 <= low < 4 / 9 < high <= 1


def test_nothing_found_and_nothing_there() -> None:
    data = Examples("ner", ("a", "b"), ((), ()), ("test",) * 2, ("x", "y"))
    figures = Spans().figures([[], []], data, LABELS)
    assert (figures["f1"], figures["spans"], figures["found"], figures["macro_f1"]) == (0.0, 0, 0, 0.0)
    assert Spans().row_prediction([], LABELS) == {"answer": [], "confidence": None}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([(), (), ()], "No training row has a span."),
        ([(Span(0, 1, "A"),), (Span(0, 1, "B"),), ()], "Label 'B' occurs in the validation rows but never"),
        ([(Span(0, 9, "A"),), (), ()], "Row 0: the span 0 to 9 (A) is empty or lies outside its text of 2 characters."),
        ([(Span(1, 1, "A"),), (), ()], "Row 0: the span 1 to 1 (A) is empty"),
    ],
)
def test_bad_spans_are_refused(answers: list[tuple[Span, ...]], sentence: str) -> None:
    with pytest.raises(BadData) as refused:
        Examples.of("ner", ["ab", "cd", "ef"], answers, ["train", "validation", "test"])
    assert sentence in str(refused.value)
