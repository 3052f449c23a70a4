"""One label of several for each text, picture or row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.calibration import fit_temperature, softmax
from modeling.engine.errors import BadData
from modeling.engine.metrics import classification_figures, macro_f1
from modeling.engine.tasks.task import Array, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples


class Classification(Task):
    """Predictions are probabilities [n, k]; models are chosen by macro-F1."""

    primary = "macro_f1"

    def check(self, examples: Examples) -> None:
        """Refuse fewer than two classes to learn, and classes of validation or test that training rows lack."""
        known = Counter(a for a, split in zip(examples.answers, examples.splits, strict=True) if split == "train")
        if len(known) < 2:
            raise BadData("Training needs at least two different labels among the training rows.")
        for split in ("validation", "test"):
            missing = sorted(set(examples.part(split).answers) - set(known))
            if missing:
                raise BadData(f"Label {missing[0]!r} occurs in the {split} rows but never in the training rows.")

    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels that occur."""
        return tuple(sorted(set(answers)))

    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return accuracy, F1, per class figures, confusion, calibration and curves: see `classification_figures`."""
        return classification_figures(predictions, examples.targets(classes), classes)

    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return -ln of the probability given to the right label."""
        chosen = predictions[np.arange(len(predictions)), examples.targets(classes)]
        losses: Array = -np.log(np.clip(chosen, 1e-15, 1.0))
        return losses

    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return macro-F1 over row numbers."""
        truth, made, count = examples.targets(classes), predictions.argmax(axis=1), len(classes)
        return lambda rows: macro_f1(truth[rows], made[rows], count)

    def right(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array | None:
        """Return whether the likeliest label is the answer."""
        right: Array = predictions.argmax(axis=1) == examples.targets(classes)
        return right

    def calibrate(self, raw: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return the temperature."""
        return {"temperature": fit_temperature(raw, examples.targets(classes))}

    def finish(self, raw: Any, facts: dict[str, Any]) -> Array:
        """Return probabilities of logits."""
        return softmax(raw / facts["temperature"])

    def row_answer(self, answer: Any) -> Any:
        """Return the label."""
        return answer

    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return the likeliest label with its probability."""
        best = int(prediction.argmax())
        return {"answer": classes[best], "confidence": float(prediction[best])}


class TextClassification(Classification):
    """One label a text."""

    name, title, input = "text-classification", "One label a text", "text"


class ImageClassification(Classification):
    """One label a picture."""

    name, title, input = "image-classification", "One label a picture", "picture"


class TableClassification(Classification):
    """One label a row."""

    name, title, input = "table", "One label a row", "row"
