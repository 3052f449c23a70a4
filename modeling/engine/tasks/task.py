"""What a task is: how answers are checked, how predictions are judged, and how two models are compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modeling.engine.data import Examples

Array = np.ndarray[Any, Any]
RESAMPLES = 1000


@dataclass(frozen=True)
class Comparison:
    """Two models on the same rows; differences are first - second, in the unit of the task's primary figure.

    `mcnemar` is None where an item is not simply right or wrong.
    """

    baseline: dict[str, Any]
    figure: str
    difference: dict[str, float]
    mcnemar: dict[str, float | int] | None
    verdict: str


class Task(ABC):
    """A kind of question. `primary` is the figure by which models are chosen: in [0, 1], higher is better."""

    name: ClassVar[str]
    title: ClassVar[str]
    input: ClassVar[str]
    primary: ClassVar[str]

    @abstractmethod
    def check(self, examples: Examples) -> None:
        """Refuse rows that this task cannot learn from or be judged on.

        Raises:
            BadData: with what is wrong.
        """

    @abstractmethod
    def classes(self, answers: Sequence[Any]) -> tuple[str, ...]:
        """Return the labels that occur, in code point order."""

    @abstractmethod
    def figures(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return every figure of predictions on these rows, JSON-ready, the primary one among them."""

    @abstractmethod
    def losses(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array:
        """Return for each row how far the prediction is from the answer, float64 [n]; higher is worse."""

    @abstractmethod
    def scorer(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Callable[[Array], float]:
        """Return a function that gives the primary figure over row numbers, int [m], repeats counted."""

    def right(self, predictions: Any, examples: Examples, classes: Sequence[str]) -> Array | None:
        """Return whether each row is right, bool [n]; None where that is not a question of yes or no."""
        return None

    def calibrate(self, raw: Any, examples: Examples, classes: Sequence[str]) -> dict[str, Any]:
        """Return facts that `finish` turns raw predictions into calibrated ones with, from held-out rows."""
        return {}

    def finish(self, raw: Any, facts: dict[str, Any]) -> Any:
        """Return predictions from what a family gives."""
        return raw

    @abstractmethod
    def row_answer(self, answer: Any) -> Any:
        """Return an answer JSON-ready, for lists of mistakes."""

    @abstractmethod
    def row_prediction(self, prediction: Any, classes: Sequence[str]) -> dict[str, Any]:
        """Return one row's prediction JSON-ready: `answer` as `row_answer` gives it, `confidence` in [0, 1] or None."""

    def compare(
        self, first: Any, second: Any, examples: Examples, classes: Sequence[str], *, seed: int = 0
    ) -> Comparison:
        """Compare two models' predictions for the same rows by a paired bootstrap, and McNemar where rows are right or
        wrong."""
        from modeling.engine.metrics import mcnemar_of

        scores = [self.scorer(made, examples, classes) for made in (first, second)]
        difference = bootstrap_difference(scores[0], scores[1], len(examples.inputs), seed=seed)
        right = [self.right(made, examples, classes) for made in (first, second)]
        mcnemar = None if right[0] is None or right[1] is None else mcnemar_of(right[0], right[1])
        verdict = "no clear difference"
        if difference["low"] > 0:
            verdict = "better"
        elif difference["high"] < 0:
            verdict = "worse"
        return Comparison(self.figures(second, examples, classes), self.primary, difference, mcnemar, verdict)


def bootstrap_difference(
    first: Callable[[Array], float], second: Callable[[Array], float], rows: int, *, seed: int, rounds: int = RESAMPLES
) -> dict[str, float]:
    """Return the difference first - second over all rows and its 95 % percentile interval over resampled rows."""
    generator = np.random.default_rng(seed)
    differences = np.empty(rounds)
    for number in range(rounds):
        drawn = generator.integers(0, rows, rows)
        differences[number] = first(drawn) - second(drawn)
    low, high = np.quantile(differences, [0.025, 0.975])
    every = np.arange(rows)
    return {"difference": first(every) - second(every), "low": float(low), "high": float(high)}


def bootstrap_interval(
    scorer: Callable[[Array], float], rows: int, *, seed: int = 0, rounds: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % percentile interval of a figure over resampled rows."""
    generator = np.random.default_rng(seed)
    values = [scorer(generator.integers(0, rows, rows)) for _ in range(rounds)]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
