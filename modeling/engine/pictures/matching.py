"""Which found shapes are which drawn ones, as COCO matches them, and the figures that follow from the matches.

One picture is matched once; any selection of pictures, with repeats, then has its figures within milliseconds. The
rules are those of pycocotools 2.0 for all areas and no crowds, and so are the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Array = np.ndarray[Any, Any]
# Overlaps at which a shape counts as found, and recalls at which precision is read: COCO's.
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
# Shapes of one class in one picture that count, best first.
MOST = 100


@dataclass(frozen=True, slots=True)
class PictureMatches:
    """One class in one picture.

    Attributes:
        scores: Of the found shapes, best first, float64 [m].
        hits: Whether each is matched at each threshold, bool [10, m].
        partner: Row of the drawn shape that it is matched with at 0.5, -1 for none, int64 [m].
        order: Places of the found shapes in what was given, int64 [m].
        drawn: Number of drawn shapes.
    """

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    partner: NDArray[np.int64]
    order: NDArray[np.int64]
    drawn: int


def match(scores: Array, shared: Array) -> PictureMatches:
    """Match the shapes of one class in one picture: best score first, each with the free drawn one it overlaps most.

    Args:
        scores: Of the found shapes, [m].
        shared: Intersection over union of found with drawn shapes, [m, n].
    """
    order = np.argsort(-scores, kind="mergesort")[:MOST]
    drawn = shared.shape[1]
    hits = np.zeros((len(THRESHOLDS), len(order)), bool)
    partner = np.full(len(order), -1, np.int64)
    most = shared.max(axis=1) if drawn else np.zeros(len(scores))
    for level, threshold in enumerate(THRESHOLDS.tolist()):
        free = np.ones(drawn, bool)
        # Most found shapes touch nothing: only those that could be matched are tried.
        for place in np.flatnonzero(most[order] >= threshold).tolist():
            chosen = _partner(shared[order[place]], free, threshold)
            if chosen >= 0:
                free[chosen] = False
                hits[level, place] = True
                if level == 0:
                    partner[place] = chosen
    return PictureMatches(scores[order].astype(np.float64), hits, partner, order, drawn)


def _partner(shared: Array, free: Array, threshold: float) -> int:
    """Return the free drawn shape of the greatest overlap, the last of equals as pycocotools has it; -1 for none."""
    usable = np.where(free, shared, -1.0)
    best = float(usable.max())
    if best < threshold:
        return -1
    return int(len(usable) - 1 - np.argmax(usable[::-1]))


@dataclass(frozen=True, slots=True)
class ClassMatches:
    """One class over all pictures, best score first.

    Attributes:
        scores: float64 [m].
        hits: bool [10, m].
        picture: Row of the picture of each, int64 [m].
        drawn: Drawn shapes of each picture, int64 [pictures].
    """

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    picture: NDArray[np.int64]
    drawn: NDArray[np.int64]


def gather(matches: Sequence[PictureMatches]) -> ClassMatches:
    """Return one class over all pictures, from its matches in each."""
    scores = np.concatenate([each.scores for each in matches]) if matches else np.zeros(0)
    hits = np.concatenate([each.hits for each in matches], axis=1) if matches else np.zeros((len(THRESHOLDS), 0), bool)
    picture = np.repeat(np.arange(len(matches)), [len(each.scores) for each in matches])
    order = np.argsort(-scores, kind="mergesort")
    drawn = np.array([each.drawn for each in matches], np.int64)
    return ClassMatches(scores[order], hits[:, order], picture[order], drawn)


@dataclass(frozen=True, slots=True)
class ClassCurve:
    """Figures of one class, all in [0, 1].

    Attributes:
        precisions: At the 101 recalls, each the best at that recall or above, float64 [10, 101].
        recall: The highest reached at each threshold, float64 [10].
        scores: At which the recall is reached at an overlap of 0.5, float64 [101]; 0 where it is not.
    """

    precisions: NDArray[np.float64]
    recall: NDArray[np.float64]
    scores: NDArray[np.float64]


def curve(found: ClassMatches, counts: Array | None = None) -> ClassCurve | None:
    """Return precision over recall of one class; None when the pictures show none of it.

    Args:
        found: The matches.
        counts: How often each picture counts, int [pictures]; once each when None. A picture that counts twice gives
            what two equal pictures would.
    """
    often = np.ones(len(found.drawn), np.int64) if counts is None else counts
    total = int((found.drawn * often).sum())
    if total == 0:
        return None
    weight = often[found.picture]
    kept = weight > 0
    weight, hits, scores = weight[kept], found.hits[:, kept], found.scores[kept]
    right = np.cumsum(hits * weight, axis=1).astype(np.float64)
    wrong = np.cumsum(~hits * weight, axis=1)
    recall = right / total
    precision = right / (right + wrong + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    precisions, at = np.zeros((len(THRESHOLDS), len(RECALLS))), np.zeros(len(RECALLS))
    for level in range(len(THRESHOLDS)):
        places = np.searchsorted(recall[level], RECALLS, side="left")
        reached = places < recall.shape[1]
        precisions[level, reached] = precision[level, places[reached]]
        if level == 0:
            at[reached] = scores[places[reached]]
    highest = recall[:, -1] if recall.shape[1] else np.zeros(len(THRESHOLDS))
    return ClassCurve(precisions, highest, at)


def match_all(
    classes: Sequence[str],
    found: Sequence[Sequence[Any]],
    drawn: Sequence[Sequence[Any]],
    overlap: Callable[[Sequence[Any], Sequence[Any]], Array],
) -> list[list[PictureMatches]]:
    """Return the matches of each class in each picture: [classes][pictures].

    Args:
        classes: Labels; found shapes of other labels count nowhere.
        found: For each picture shapes with `label` and `score`.
        drawn: For each picture shapes with `label`.
        overlap: Gives intersection over union of two lists of shapes of one picture, [m, n].
    """
    whole = []
    for label in classes:
        own = []
        for guesses, truth in zip(found, drawn, strict=True):
            some = [each for each in guesses if each.label == label]
            true = [each for each in truth if each.label == label]
            shared = overlap(some, true) if some and true else np.zeros((len(some), len(true)))
            own.append(match(np.array([each.score for each in some], np.float64), shared))
        whole.append(own)
    return whole
