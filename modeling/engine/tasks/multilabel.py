"""Any number of labels for each text or picture."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.calibration import fit_sigmoid_temperature, sigmoid
from modeling.engine.errors import BadData
from modeling.engine.metrics import f1_of_counts, label_counts, multilabel_figures
from modeling.engine.tasks.task import Array, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples

# Thresholds tried for each label on the held-out rows.
_THRESHOLDS = np.linspace(0.05, 0.95, 19)
# With fewer held-out rows that have a label, a threshold of its own is luck.
_LEAST_POSITIVE = 10


class MultiLabel(Task):
    """Predictions are probabilities [n, k], shifted so that a label is given from 0.5 on; chosen by micro-F1."""

    primary = "micro_f1"

    def check(self, examples: Examples) -> None:
        """Refuse training rows without any label, and labels of validation or test that training rows lack."""
        known = Counter(label for answer in examples.part("train").answers for label in answer)
        if not known:
            raise BadData("No training row has a label.")
        for split in ("validation", "test"):
            missing = sorted({label for answer in examples.part(split).answers for label in answer} - set(known))
            if missing:
                raise BadData(f"Label {missing[0]!r} occurs in the {split} rows but never in the training rows.")

    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels that occur."""
        return tuple(sorted({label for answer in answers for label in answer}))

    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return micro and macro F1, exact matches, per label figures: see `multilabel_figures`."""
        return multilabel_figures(predictions, examples.shares(classes) > 0.5, classes)

    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return the mean over labels of -ln of the probability given to what is so."""
        truth = examples.shares(classes) > 0.5
        chosen = np.where(truth, predictions, 1 - predictions)
        losses: Array = -np.log(np.clip(chosen, 1e-15, 1.0)).mean(axis=1)
        return losses

    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return micro-F1 over row numbers."""
        counts = label_counts(predictions >= 0.5, examples.shares(classes) > 0.5)
        return lambda rows: f1_of_counts(counts[rows].sum(axis=0))

    def right(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array | None:
        """Return whether all labels of a row are right."""
        right: Array = ((predictions >= 0.5) == (examples.shares(classes) > 0.5)).all(axis=1)
        return right

    def calibrate(self, raw: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return the temperature, and for each label the threshold of best F1 where enough rows have it."""
        truth = examples.shares(classes) > 0.5
        temperature = fit_sigmoid_temperature(raw, truth)
        shares = sigmoid(raw / temperature)
        thresholds = [
            best_threshold(shares[:, k], truth[:, k]) if truth[:, k].sum() >= _LEAST_POSITIVE else 0.5
            for k in range(len(classes))
        ]
        return {"temperature": temperature, "thresholds": thresholds}

    def finish(self, raw: Any, facts: dict[str, Any]) -> Array:
        """Return probabilities of logits, each label's moved so that its threshold lies at 0.5."""
        shift = np.array([np.log(t / (1 - t)) for t in facts["thresholds"]])
        return sigmoid(raw / facts["temperature"] - shift)

    def row_answer(self, answer: Any) -> Any:
        """Return the labels."""
        return sorted(answer)

    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return the labels of 0.5 or more; the confidence is of the least certain of all labels."""
        given = [name for name, share in zip(classes, prediction, strict=True) if share >= 0.5]
        return {"answer": given, "confidence": float(np.maximum(prediction, 1 - prediction).min())}


class TextMultiLabel(MultiLabel):
    """Any number of labels a text."""

    name, title, input = "text-multilabel", "Several labels a text", "text"


class ImageMultiLabel(MultiLabel):
    """Any number of labels a picture."""

    name, title, input = "image-multilabel", "Several labels a picture", "picture"


def best_threshold(shares: Array, truth: Array) -> float:
    """Return the threshold in [0.05, 0.95] of the best F1; of equal ones, the nearest to 0.5."""
    scores = []
    for threshold in _THRESHOLDS:
        made = shares >= threshold
        hits = (made & truth).sum()
        scores.append(2 * hits / max(1, made.sum() + truth.sum()))
    best = max(range(len(scores)), key=lambda i: (scores[i], -abs(_THRESHOLDS[i] - 0.5)))
    return float(_THRESHOLDS[best])
