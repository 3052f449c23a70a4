"""Labeled spans of texts: named entities and everything else that people mark with the cursor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from modeling.engine.errors import BadData
from modeling.engine.tasks.span_figures import f1_of_triples, span_counts, span_figures
from modeling.engine.tasks.task import Array, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples


class ScoredSpan(NamedTuple):
    """A span that a model finds, in code points, end exclusive; `score` is its probability, in [0, 1]."""

    start: int
    end: int
    label: str
    score: float


class Spans(Task):
    """Predictions are lists of `ScoredSpan`, one list a text; models are chosen by the F1 of exact spans."""

    name, title, input = "ner", "Labeled spans of a text", "text"
    primary = "f1"

    def check(self, examples: Examples) -> None:
        """Refuse training rows without any span, labels that training rows lack, and spans outside their text."""
        known = Counter(span.label for answer in examples.part("train").answers for span in answer)
        if not known:
            raise BadData("No training row has a span.")
        for split in ("validation", "test"):
            missing = sorted({span.label for answer in examples.part(split).answers for span in answer} - set(known))
            if missing:
                raise BadData(f"Label {missing[0]!r} occurs in the {split} rows but never in the training rows.")
        names = examples.ids or tuple(map(str, range(len(examples.inputs))))
        for name, text, answer in zip(names, examples.inputs, examples.answers, strict=True):
            for span in answer:
                if not 0 <= span.start < span.end <= len(text):
                    raise BadData(
                        f"Row {name}: the span {span.start} to {span.end} ({span.label}) is empty or lies outside its "
                        f"text of {len(text)} characters. Correct its offsets or take it out."
                    )

    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels that occur."""
        return tuple(sorted({span.label for answer in answers for span in answer}))

    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return exact, partial and border-only F1, figures of each label, confusions and errors: `span_figures`."""
        return span_figures(predictions, examples.answers, classes)

    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return for each text 1 a missed span, a wrong one's score, and 1 - score for a right one, summed."""
        losses = np.zeros(len(predictions))
        for row, (made, answer) in enumerate(zip(predictions, examples.answers, strict=True)):
            truth = set(answer)
            scores = {(span.start, span.end, span.label): span.score for span in made}
            losses[row] = sum(1.0 - scores.get(tuple(span), 0.0) for span in truth)
            losses[row] += sum(score for span, score in scores.items() if span not in truth)
        return losses

    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return the F1 of exact spans over row numbers; counts are made once, so that a bootstrap is a sum of rows."""
        counts = span_counts(predictions, examples.answers)
        return lambda rows: f1_of_triples(counts[rows].sum(axis=0))

    def right(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array | None:
        """Return whether a text's spans are exactly the right ones."""
        counts = span_counts(predictions, examples.answers)
        right: Array = (counts[:, 0] == counts[:, 1]) & (counts[:, 0] == counts[:, 2])
        return right

    def row_answer(self, answer: Any) -> Any:
        """Return the spans as mappings."""
        return [{"start": span.start, "end": span.end, "label": span.label} for span in answer]

    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return the spans with their scores; the confidence is of the least certain one, None without any."""
        answers = self.row_answer(prediction)
        return {
            "answer": [{**found, "score": span.score} for found, span in zip(answers, prediction, strict=True)],
            "confidence": min((float(span.score) for span in prediction), default=None),
        }
