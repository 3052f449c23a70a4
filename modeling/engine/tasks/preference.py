"""Which of two answers to a prompt people prefer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.calibration import fit_sigmoid_temperature, sigmoid
from modeling.engine.errors import BadData
from modeling.engine.tasks.task import Array, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples

BINS = 10


class Preference(Task):
    """Predictions are the probability that the first answer is better, float [n]; chosen by accuracy.

    Raw predictions of families are logits, the difference of two scores. `soft` of the examples holds the shares of
    people who preferred the first and the second answer, [n, 2].
    """

    name, title, input = "preference", "The better of two answers", "pair"
    primary = "accuracy"

    def check(self, examples: Examples) -> None:
        """Refuse answers other than 0 and 1, and training rows that only ever prefer one place."""
        for name, answer in zip(examples.ids, examples.answers, strict=True):
            if answer not in (0, 1):
                raise BadData(f"Row {name}: {answer!r} is neither 0 (the first is better) nor 1 (the second is).")
        if not examples.part("train").answers:
            raise BadData("There are no training pairs.")

    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return the two places."""
        return ("first", "second")

    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return accuracy, log-loss, calibration error, and accuracy of "the longer is better", on the same rows: many
        preferences are for the longer answer, and a model that learned no more than this should be seen to.

        A prediction of exactly 0.5 counts as half right. `calibration_error` is the mean distance, over ten bins of the
        confidence in the preferred answer, between confidence and the share that is right. `by_margin` says how often
        the model is right where it is less and more sure.
        """
        hits = hits_of(predictions, examples)
        sure = np.maximum(predictions, 1 - predictions)
        chosen = np.where(_truth(examples) == 0, predictions, 1 - predictions)
        longer = np.array([_longer(pair) for pair in examples.inputs])
        return {
            "rows": len(hits),
            "accuracy": float(hits.mean()),
            "log_loss": float(-np.log(np.clip(chosen, 1e-15, 1)).mean()),
            "calibration_error": _calibration_error(sure, hits),
            "longer_wins_accuracy": float(hits_of(longer, examples).mean()),
            "by_margin": _by_margin(sure, hits),
            "labels": list(classes),
            "per_class": [
                {"label": name, "recall": float(hits[_truth(examples) == place].mean()), "support": int(many)}
                for place, name in enumerate(classes)
                if (many := (_truth(examples) == place).sum())
            ],
        }

    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return -ln of the probability given to the preferred answer."""
        chosen = np.where(_truth(examples) == 0, predictions, 1 - predictions)
        losses: Array = -np.log(np.clip(chosen, 1e-15, 1.0))
        return losses

    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return accuracy over row numbers."""
        hits = hits_of(predictions, examples)
        return lambda rows: float(hits[rows].mean())

    def right(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array | None:
        """Return whether the preferred answer has more than half of the probability."""
        right: Array = hits_of(predictions, examples) == 1
        return right

    def calibrate(self, raw: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return the temperature of the difference of scores."""
        return {"temperature": fit_sigmoid_temperature(np.asarray(raw), _truth(examples) == 0)}

    def finish(self, raw: Any, facts: dict[str, Any]) -> Array:
        """Return probabilities of differences of scores."""
        return sigmoid(np.asarray(raw) / facts["temperature"])

    def row_answer(self, answer: Any) -> Any:
        """Return the place of the better answer in words."""
        return ("first", "second")[int(answer)]

    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return the place that is more likely better, with its probability."""
        place = int(prediction < 0.5)
        return {"answer": classes[place], "confidence": float(max(prediction, 1 - prediction))}


def hits_of(predictions: Array, examples: Examples) -> Array:
    """Return 1 where the preferred answer is the likelier, 0.5 where both are alike, else 0, float64 [n]."""
    lean = np.sign(np.asarray(predictions) - 0.5) * np.where(_truth(examples) == 0, 1, -1)
    hits: Array = (lean + 1) / 2
    return hits


def _truth(examples: Examples) -> Array:
    return np.array(examples.answers, np.int64)


def _longer(pair: Any) -> float:
    return 0.5 + 0.5 * float(np.sign(len(pair.first) - len(pair.second)))


def _calibration_error(sure: Array, hits: Array) -> float:
    place = np.minimum(((sure - 0.5) * 2 * BINS).astype(int), BINS - 1)
    parts = [place == number for number in range(BINS)]
    return float(sum(abs(sure[part].sum() - hits[part].sum()) for part in parts) / max(1, len(hits)))


def _by_margin(sure: Array, hits: Array) -> list[dict[str, float | int]]:
    rows: list[dict[str, float | int]] = []
    for low, high in ((0.5, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.01)):
        part = (sure >= low) & (sure < high)
        if part.any():
            rows.append({"from": low, "rows": int(part.sum()), "accuracy": float(hits[part].mean())})
    return rows
