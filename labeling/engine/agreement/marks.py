"""How far people agree on what they marked: F1 of spans, boxes and polygons of every two people.

Kappa needs to know how many things nobody marked; of spans and boxes there are endlessly many, and then kappa goes to
the F1 of one person against the other (G. Hripcsak and A. S. Rothschild, Agreement, the F-measure, and reliability in
information retrieval, JAMIA 12, 2005). Marks are matched one to one so that the overlaps add up to most (H. W. Kuhn,
The Hungarian method, 1955), never across labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from labeling.engine.agreement.coefficients import REPLICATES, Estimate, interval_of
from labeling.engine.agreement.shapes import NEAR, bounds, box_overlaps, polygon_overlap
from labeling.engine.ratings import Floats

EXACT = 1 - NEAR
# Any overlap at all.
PARTIAL = NEAR
# The customary bound of detection (M. Everingham and others, The Pascal visual object classes challenge, 2010).
BOXES = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that somebody marked.

    Attributes:
        label: What it is.
        place: Start and end of a span in code points; x, y of two corners of a box, the least first; or the corners of
            a polygon, as pairs.
    """

    label: str
    place: tuple[Any, ...]


# For each item: what each person who answered it marked; an empty list is somebody who marked nothing.
Answered = Sequence[Mapping[str, Sequence[Mark]]]


@dataclass(slots=True)
class _Count:
    """Marks of two people and their matches, item by item."""

    matched: list[int] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    overlap: list[float] = field(default_factory=list)

    def add(self, matched: int, marked: int, overlap: float) -> None:
        self.matched.append(matched)
        self.marked.append(marked)
        self.overlap.append(overlap)


@dataclass(frozen=True, slots=True)
class MarkAgreement:
    """How far people agree on marks.

    Attributes:
        f1: Twice the matches over the marks of both, over all pairs of people and their shared items, with an interval
            by draws of items; None when nobody marked anything.
        mean_overlap: Mean overlap of what was matched, 0 to 1; None when nothing was.
        pairs: F1 of each two people with how many items they share.
        labels: F1 of each label.
        items: How many items two people or more answered.
    """

    f1: Estimate
    mean_overlap: float | None
    pairs: dict[tuple[str, str], tuple[float | None, int]]
    labels: dict[str, float | None]
    items: int


def mark_agreement(
    answered: Answered, least: float = EXACT, *, replicates: int = REPLICATES, seed: int = 0
) -> MarkAgreement:
    """Return how far people agree on marks.

    Args:
        answered: What each person marked on each item.
        least: Overlap from which two marks of one label are the same: `EXACT`, `PARTIAL`, or a bound such as `BOXES`.
        replicates: Draws of items for the interval.
        seed: Of the draws.
    """
    pairs: dict[tuple[str, str], _Count] = {}
    labels: dict[str, _Count] = {}
    items = _Count()
    for people in answered:
        if len(people) < 2:
            continue
        total = _Count()
        for one, other in combinations(sorted(people), 2):
            matches = match(people[one], people[other], least)
            marked = len(people[one]) + len(people[other])
            overlap = sum(share for _first, _second, share in matches)
            total.add(len(matches), marked, overlap)
            pairs.setdefault((one, other), _Count()).add(len(matches), marked, overlap)
            _add_labels(labels, people[one], people[other], matches)
        items.add(sum(total.matched), sum(total.marked), sum(total.overlap))
    matched = sum(items.matched)
    return MarkAgreement(
        _estimate(items, replicates, seed),
        sum(items.overlap) / matched if matched else None,
        {key: (_f1(count), len(count.marked)) for key, count in sorted(pairs.items())},
        {key: _f1(count) for key, count in sorted(labels.items())},
        len(items.marked),
    )


def match(first: Sequence[Mark], second: Sequence[Mark], least: float) -> list[tuple[int, int, float]]:
    """Return the pairs of places of marks that are the same, with their overlap; each mark is in one pair at most."""
    if not first or not second:
        return []
    overlap = overlaps(first, second)
    overlap[overlap < least] = 0
    rows, columns = np.nonzero(overlap)
    if len(set(rows)) < len(rows) or len(set(columns)) < len(columns):
        from scipy.optimize import linear_sum_assignment  # slow import

        rows, columns = linear_sum_assignment(overlap, maximize=True)
    found = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column, float(overlap[row, column])) for row, column in found if overlap[row, column] > 0]


def overlaps(first: Sequence[Mark], second: Sequence[Mark]) -> Floats:
    """Return the overlap of each mark with each other one, 0 between labels; shape (first, second)."""
    same = np.array([[one.label == other.label for other in second] for one in first])
    polygons = isinstance(first[0].place[0], Sequence)
    boxes = [_boxes([mark.place for mark in marks], polygons=polygons) for marks in (first, second)]
    overlap = np.where(same, box_overlaps(*boxes), 0.0)
    if polygons:
        for row, column in zip(*np.nonzero(overlap), strict=True):
            overlap[row, column] = polygon_overlap(first[row].place, second[column].place)
    return overlap


def _boxes(places: Sequence[tuple[Any, ...]], *, polygons: bool) -> Floats:
    return bounds(places) if polygons else np.array(places, np.float64)


def _add_labels(
    labels: dict[str, _Count], first: Sequence[Mark], second: Sequence[Mark], matches: list[tuple[int, int, float]]
) -> None:
    for mark in (*first, *second):
        labels.setdefault(mark.label, _Count()).add(0, 1, 0)
    for place, _other, overlap in matches:
        labels[first[place].label].add(1, 0, overlap)


def _f1(count: _Count) -> float | None:
    marked = sum(count.marked)
    return 2 * sum(count.matched) / marked if marked else None


def _estimate(items: _Count, replicates: int, seed: int) -> Estimate:
    value, size = _f1(items), len(items.marked)
    if value is None or size < 2 or replicates < 1:
        return Estimate(value)
    matched, marked = np.array(items.matched, np.float64), np.array(items.marked, np.float64)
    random = np.random.default_rng(seed)
    found = np.empty(replicates)
    for number in range(replicates):
        drawn = random.integers(0, size, size)
        total = marked[drawn].sum()
        found[number] = 2 * matched[drawn].sum() / total if total else np.nan
    return Estimate(value, *interval_of(found, value, size))
