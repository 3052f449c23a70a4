"""What speaks against two pictures that lie on each other: differences to both sides, and edges of only one of them.

A copy may be brighter, softer or marked, but what sets it apart has one sign: a white mark makes pixels lighter and
none darker. Two forms of one layout, two hands before one wall, two shirts differ both ways, however much of their
contrast agrees.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled

# Grey values, of 255, by which compression and laying on each other make pixels differ.
STILL = 4.0
# Grey values, of 255, from which a pixel belongs to a mark.
MARK = 3.0
# Rounds in which the line through the pixels is fitted to the half of them that lies nearest to it.
ROUNDS = 5
# A copy's contrast is between these times the original's.
PALE, STRONG = 0.3, 3.0
# Standard deviation, pixels of 192, of the blur before edges are compared, and the least step that is an edge.
SOFT, STEP = 2.0, 8.0
# Least cosine between directions of one edge in both pictures.
SAME_WAY = 0.7
# What cannot be compared at all.
UNLIKE = 9.0


@compiled
def _line(one: Any, two: Any) -> Any:
    """Return slope and shift of the line from `one` to `two` by the half of the pixels nearest to it; slope 0: none."""
    keep = np.ones(len(one), np.bool_)
    slope, shift = 1.0, 0.0
    for _round in range(ROUNDS):
        n, s1, s2, s11, s12 = 0, 0.0, 0.0, 0.0, 0.0
        for place in range(len(one)):
            if keep[place]:
                a, b = float(one[place]), float(two[place])
                n += 1
                s1 += a
                s2 += b
                s11 += a * a
                s12 += a * b
        if n == 0 or s11 / n - (s1 / n) ** 2 < 1e-3:
            return 0.0, 0.0
        slope = (s12 / n - s1 / n * s2 / n) / (s11 / n - (s1 / n) ** 2)
        shift = s2 / n - slope * s1 / n
        apart = np.abs(two - slope * one - shift)
        middle = np.median(apart)
        for place in range(len(one)):
            keep[place] = apart[place] <= middle + 1e-6
    if slope < PALE or slope > STRONG:
        return 0.0, 0.0
    return slope, shift


@compiled
def _left_over(one: Any, two: Any) -> float:
    """Return the smaller of the two sides of what a line from `one` to `two` leaves over, a share of the contrast."""
    slope, shift = _line(one, two)
    if slope == 0:
        return UNLIKE
    above, below, s1, s11 = 0.0, 0.0, 0.0, 0.0
    for place in range(len(one)):
        a = float(one[place])
        s1 += a
        s11 += a * a
        rest = float(two[place]) - slope * a - shift
        if rest > STILL:
            above += (rest - STILL) ** 2
        elif rest < -STILL:
            below += (rest + STILL) ** 2
    contrast = slope * slope * (s11 / len(one) - (s1 / len(one)) ** 2)
    return float(min(above, below) / len(one) / max(contrast, 1.0))


def both_ways(one: NDArray[Any], two: NDArray[Any], core: NDArray[np.bool_]) -> float:
    """Return how much two pictures differ to both sides, 0 or above, as a share of their contrast.

    A line from the grey values of one to those of the other is fitted to the half of the pixels that lies nearest to
    it (least trimmed squares, Rousseeuw 1984), so that a mark does not bend it. Of the squares that it leaves over,
    those of lighter and of darker pixels are summed apart, and the smaller sum is divided by the variance; of both
    directions the smaller result counts.

    Args:
        one: float32 [h, w], grey.
        two: float32 [h, w], grey, laid on the first.
        core: bool [h, w], pixels that both fill.
    """
    if int(core.sum()) * 5 < core.size:
        return UNLIKE
    first, second = one[core].astype(np.float64), two[core].astype(np.float64)
    there = _left_over(first, second)
    return float(min(there, _left_over(second, first)))


def unmarked(one: NDArray[Any], two: NDArray[Any], core: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float]:
    """Return the pixels on which neither picture bears a mark, bool [h, w], and how much else differs.

    Of the pixels that the line of `both_ways` leaves over, those to one side are the mark, which lies on one of the
    pictures and is lighter or darker than what it covers. What is left over to the other side speaks against a mark; of
    both directions and both sides the one counts that leaves least. It is a share of the contrast, as in `both_ways`.

    Args:
        one: float32 [h, w], grey.
        two: float32 [h, w], grey, laid on the first.
        core: bool [h, w], pixels that both fill.
    """
    best, other = np.zeros(core.shape, np.bool_), UNLIKE
    thin = core[::2, ::2]
    for first, second in ((one, two), (two, one)):
        # Every second pixel gives the same line.
        grey = first[::2, ::2][thin].astype(np.float64)
        if len(grey) < 2:
            break
        slope, shift = _line(grey, second[::2, ::2][thin].astype(np.float64))
        if slope == 0:
            continue
        contrast = max(slope * slope * float(grey.var()), 1.0)
        rest = second - np.float32(slope) * first - np.float32(shift)
        for side in (rest, -rest):
            against = float((np.maximum(-side[core] - MARK, 0) ** 2).mean()) / contrast
            if against < other:
                best, other = core & (side <= MARK), against
    return best, other


def edges_in_common(one: NDArray[np.float32], two: NDArray[np.float32], core: NDArray[np.bool_]) -> float:
    """Return the share of the edges of either picture that the other has there too, 0 to 1; the smaller of both.

    Args:
        one: float32 [h, w], grey.
        two: float32 [h, w], grey, laid on the first.
        core: bool [h, w], pixels that both fill.
    """
    x1, y1 = _slopes(one, core)
    x2, y2 = _slopes(two, core)
    steep1, steep2 = np.hypot(x1, y1), np.hypot(x2, y2)
    same = x1 * x2 + y1 * y2 > SAME_WAY * steep1 * steep2
    shares = []
    for steep in (steep1, steep2):
        weight = np.maximum(steep - STEP, 0)
        total = float(weight.sum())
        shares.append(float(weight[same].sum()) / total if total > 0 else 1.0)
    return min(shares)


def _slopes(grey: NDArray[np.float32], core: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any]]:
    import cv2

    soft = cv2.GaussianBlur(grey, (0, 0), SOFT)
    return cv2.Sobel(soft, cv2.CV_32F, 1, 0)[core], cv2.Sobel(soft, cv2.CV_32F, 0, 1)[core]
