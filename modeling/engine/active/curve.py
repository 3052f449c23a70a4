"""The learning curve of a project: how accurate a quick head is with fewer labels, and what more would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.heads.quick import fit_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = np.ndarray[Any, Any]
# Fits grow with labels; five sizes and four repeats of 1,000 labels in 77 classes take about 20 s of one core.
SIZES = 5
REPEATS = 4
HELD_OUT = 0.25
# With fewer labels a quarter of them says nothing.
LEAST_LABELS = 40
MOST_LABELS = 2_000
NEXT = 100
# Below half a point of accuracy for the next hundred labels, better labels or another model pay more.
WORTHWHILE = 0.005
_EXPONENTS = np.linspace(0.05, 2.0, 79)


@dataclass(frozen=True)
class Point:
    """Accuracy on held-out labels after `labels` of them: mean over the repeats, and the lowest and highest, 0 to 1."""

    labels: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """What was measured, and accuracy(n) = limit - scale * n ** -exponent as fitted to it.

    Attributes:
        points: By rising number of labels.
        limit: What the fit says that endless labels would reach, 0 to 1; far beyond the points it is a guess.
        scale: Of the error that labels can mend.
        exponent: How fast they mend it.
        now: The fit at all labels of the project.
        gain: What the next 100 labels would bring, 0 to 1.
    """

    points: tuple[Point, ...]
    limit: float
    scale: float
    exponent: float
    now: float
    gain: float

    @property
    def pays(self) -> bool:
        """Whether the next 100 labels would bring half a point of accuracy or more."""
        return self.gain >= WORTHWHILE

    def at(self, labels: int) -> float:
        """Return the fitted accuracy after so many labels."""
        return float(self.limit - self.scale * labels**-self.exponent)


def learning_curve(
    vectors: Array,
    labels: Sequence[str],
    seed: int = 0,
    *,
    sizes: int = SIZES,
    repeats: int = REPEATS,
    on_fit: Callable[[int, int], None] | None = None,
) -> Curve | None:
    """Return the curve of labels so far, or None when there are fewer than 40 or only one kind.

    In each repeat a quarter of the labels is held out, and quick heads learn from growing parts of the rest, each part
    inside the next. Of more than 2,000 labels a random 2,000 are used for the points; the fit speaks of all.

    Args:
        vectors: float32 [n, d], each of length 1.
        labels: [n].
        seed: Of what is held out.
        sizes: How many numbers of labels are tried, in equal ratios.
        repeats: How often each is tried.
        on_fit: Called with (fits done, fits in all).
    """
    names, truth = np.unique(np.asarray(labels), return_inverse=True)
    if len(truth) < LEAST_LABELS or len(names) < 2:
        return None
    random = np.random.default_rng(seed)
    measured: list[Array] = []
    counts = np.zeros(0, np.int64)
    for repeat in range(repeats):
        mixed = random.permutation(len(truth))[:MOST_LABELS]
        held = max(1, round(len(mixed) * HELD_OUT))
        test, rest = mixed[:held], mixed[held:]
        counts = np.unique(np.geomspace(max(10, len(rest) / 16), len(rest), sizes).astype(int))
        row = np.zeros(len(counts))
        for place, count in enumerate(counts):
            row[place] = _accuracy(vectors, truth, rest[:count], test)
            if on_fit:
                on_fit(repeat * len(counts) + place + 1, repeats * len(counts))
        measured.append(row)
    return _fitted(counts, np.array(measured), len(truth))


def _accuracy(vectors: Array, truth: Array, known: Array, test: Array) -> float:
    """Return the share of `test` rows that a head of the default strength names right after the `known` ones."""
    if len(np.unique(truth[known])) < 2:
        return float((truth[test] == truth[known[0]]).mean())
    head = fit_plain(vectors[known], [str(number) for number in truth[known]])
    best = head.probabilities(vectors[test]).argmax(axis=1)
    return float((np.array(head.labels, int)[best] == truth[test]).mean())


def _fitted(counts: Array, accuracies: Array, labels: int) -> Curve:
    mean = accuracies.mean(axis=0)
    low, high = accuracies.min(axis=0), accuracies.max(axis=0)
    points = tuple(
        Point(int(n), *map(float, row)) for n, row in zip(counts, np.stack([mean, low, high], axis=1), strict=True)
    )
    limit, scale, exponent = fit_power_law(counts, mean)
    now, later = (limit - scale * n**-exponent for n in (labels, labels + NEXT))
    return Curve(points, limit, scale, exponent, float(now), float(later - now))


def fit_power_law(counts: Array, accuracies: Array) -> tuple[float, float, float]:
    """Return limit, scale and exponent of limit - scale * n ** -exponent with the least squared error.

    An inverse power law describes such curves (Figueroa et al. 2012, "Predicting sample size required for
    classification performance"). Later points count more, by the square root of n: they lie nearer to what is
    foretold. For each exponent of a fixed list the other two are a line's; limit stays within 1, scale above 0.
    """
    heavy = np.sqrt(counts / counts.sum())
    best = (np.inf, float(accuracies[-1]), 0.0, 1.0)
    for exponent in _EXPONENTS:
        falls = counts.astype(np.float64) ** -exponent
        slope, limit = _line(falls, accuracies, heavy)
        if limit > 1:
            limit = 1.0
            slope = float((heavy * falls * (accuracies - limit)).sum() / (heavy * falls * falls).sum())
        if slope > 0:
            slope, limit = 0.0, float((heavy * accuracies).sum() / heavy.sum())
        error = float((heavy * (limit + slope * falls - accuracies) ** 2).sum())
        if error < best[0] - 1e-15:
            best = (error, limit, -slope, float(exponent))
    return best[1:]


def _line(x: Array, y: Array, weights: Array) -> tuple[float, float]:
    share = weights / weights.sum()
    middle_x, middle_y = (share * x).sum(), (share * y).sum()
    spread = (share * (x - middle_x) ** 2).sum()
    slope = 0.0 if spread == 0 else float((share * (x - middle_x) * (y - middle_y)).sum() / spread)
    return slope, float(middle_y - slope * middle_x)
