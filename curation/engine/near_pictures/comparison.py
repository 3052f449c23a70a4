"""Whether two pictures show the same: one is laid on the other, and their contrast is compared block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near_pictures.difference import both_ways, edges_in_common, unmarked

# Pixels of the longer side at which pictures are compared and, smaller, laid on each other; and of a block's sides.
SIDE, ALIGN, BLOCK = 192, 128, 24
# Variance of grey values in a block that noise and compression make, which contrast must exceed to count; in pale
# pictures
# a share of their own variance, but no less than the least.
FLOOR, FLOOR_SHARE, FLOOR_LEAST = 50.0, 0.03, 4.0
# Steps of the search for the best affine map, and the gain in correlation at which it ends (Evangelidis and Psarakis
# 2008).
STEPS, GAIN = 30, 1e-4
# A picture and a part of it: how much larger or narrower one may lie on the other, and the least share of the frame
# it fills.
ZOOM, NARROW, COVERED = 2.6, 1.12, 0.3
# Least correlation of all that both fill: under one watermark, letters agree where the pictures do not. And the least
# share
# of blocks with contrast in common, or else the score that is asked for: black corners of slanted skies agree too.
TOGETHER, TELLING, CLEAR = 0.4, 0.2, 0.9
# Pixels of the longer side, steps and gain of the first look, and the difference to both sides above which it is the
# last. Measured on photographs laid on each other (25 November 2026): 98 of 100 copies of each kind but large marks
# have less than 0.01, 95 of 100 of those less than 0.054; of pairs of hands before one wall, 1 of 100.
GLANCE, GLANCE_STEPS, GLANCE_GAIN, HOPELESS = 64, 15, 1e-3, 0.05
# Copies have most edges in common, or differ to one side alone. Measured likewise: 97 of 100 crops and slanted pictures
# have 0.975 of their edges in common and all others more; of forms filled differently, none. All copies under a large
# mark differ to both sides by at most 0.003; of forms, 1 of 100.
EDGES, ONE_SIDED = 0.975, 0.004
# Under a large mark much of the contrast is the mark's. The pixels without it must agree this well, differ to the other
# side of the mark by at most this, and be this share of all. Measured on photographs (26 November 2026): of 261 copies
# under large words all agree by 0.992, differ by at most 0.0033 and are free of words on 0.51 or more; of 589 pairs of
# different pictures with near hashes none agrees by more than 0.978 or differs by less than 0.0142.
UNDER, OTHER_SIDE, FREE = 0.97, 0.005, 0.5
# Standard deviation, pixels, of the blur before differences are looked at.
BLUR = 1.0
# Pictures that are no copies by these keep this share of their score.
DOUBTED = 0.5
# Root mean square of chroma, of 128, from which a picture has colours; and the least cosine between colours that are
# alike.
COLOURFUL, SAME_COLOURS = 10.0, 0.5
CHROMA = 24

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """A picture ready for comparison.

    Attributes:
        grey: float32 [h, w]; the longer side has `SIDE` pixels.
        chroma: float32 [h, w, 2], a and b of CIE Lab about 0, at an eighth of the size.
        tiny: float32 [h, w], grey; the longer side has `GLANCE` pixels.
    """

    grey: NDArray[np.float32]
    chroma: NDArray[np.float32]
    tiny: NDArray[np.float32]

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> "View":
        """Return the view of pixels uint8 [h, w, 3], blue, green, red."""
        import cv2

        height, width = pixels.shape[:2]
        grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.float32)
        tiny = (max(1, width * CHROMA // SIDE), max(1, height * CHROMA // SIDE))
        lab = cv2.cvtColor(cv2.resize(pixels, tiny, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB)
        scale = GLANCE / SIDE
        glance = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
        return cls(grey, lab[:, :, 1:].astype(np.float32) - 128, glance)

    def moved(self, turn: int) -> "View":
        """Return the view mirrored and turned: see `curation.engine.near_pictures.hashing.moved`."""
        if not turn:
            return self
        parts = (self.grey, self.chroma, self.tiny)
        if turn >= 4:
            parts = (self.grey[:, ::-1], self.chroma[:, ::-1], self.tiny[:, ::-1])
        grey, chroma, tiny = (np.ascontiguousarray(np.rot90(part, turn % 4)) for part in parts)
        return View(grey, chroma, tiny)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures are.

    Attributes:
        score: 0 to 1, how much of the contrast that both have agrees; see `compare`.
        covered: Share of the frame of the nearer view that both fill.
        affine: float64 [2, 3], leads from the first to the second, pixels of `SIDE`.
    """

    score: float
    covered: float
    affine: Affine


NOT_ALIKE = Likeness(0.0, 0.0, np.zeros((2, 3)))


def whole(first: View, second: View) -> Affine:
    """Return the map that stretches one picture to the other, float64 [2, 3]."""
    (h1, w1), (h2, w2) = first.grey.shape, second.grey.shape
    return np.array([[w2 / w1, 0.0, 0.0], [0.0, h2 / h1, 0.0]])


def compare(first: View, second: View, start: Affine, *, stretched: bool, marks: bool = True) -> Likeness:
    """Return how alike two pictures are when one is laid on the other.

    The map is improved until both correlate best (ECC, Evangelidis and Psarakis 2008), and the better of the given and
    the improved one counts. Both pictures are then cut into overlapping blocks of 24 pixels, the longer side having
    192. A block counts by the geometric mean of the contrast that it has in each picture, so that what is flat in one
    of them (a watermark on the sky, a black corner) hardly counts; in each the correlation of the two is taken, which
    no brightness or contrast changes, and none below 0. The score is the weighted mean of these correlations. Pictures
    with colours that differ are not alike, however their shapes agree; a grey copy has no colours. A picture under a
    large mark is compared by what the mark leaves free, and scores no more than the share of it.

    Args:
        first: A picture.
        second: Another.
        start: float64 [2, 3], leads from the first to the second, pixels of `SIDE`.
        stretched: Whether the sides may be stretched against each other, as of whole pictures.
        marks: Whether one of them may bear a large mark.
    """
    if _is_map(start) and abs(np.linalg.det(start[:, :2])) > 1.0 + 1e-9:
        turned = compare(second, first, _inverse(start), stretched=stretched, marks=marks)
        return Likeness(turned.score, turned.covered, start)
    if not _plausible(start, stretched=stretched):
        return NOT_ALIKE
    hopeful, nearer = _glance(first, second, start, stretched=stretched)
    if not hopeful:
        return NOT_ALIKE
    best = _laid(first, second, start)
    # Where the first look has failed, the map that was given may still be right.
    better = _improved(first, second, nearer)
    maps = [start]
    if better is not None and _plausible(better, stretched=stretched):
        maps.append(better)
        best = max(best, _laid(first, second, better), key=lambda found: found.score)
    if best.score > 0 and not _same_colours(first, second, best.affine):
        return NOT_ALIKE
    if best.score > 0 and not _is_copy(first, second, best.affine):
        best = Likeness(best.score * DOUBTED, best.covered, best.affine)
    if best.score >= CLEAR or not marks:
        return best
    marked = next((found for one in maps if (found := _under_mark(first, second, one)).score > 0), NOT_ALIKE)
    if marked.score > best.score and _same_colours(first, second, marked.affine):
        return marked
    return best


def _glance(first: View, second: View, start: Affine, *, stretched: bool) -> tuple[bool, Affine]:
    """Tell from small copies whether two pictures may be copies, and return the better map of the given and its own."""
    import cv2

    scale = GLANCE / SIDE
    affine = start.astype(np.float32)
    affine[:, 2] *= scale
    difference = _difference(first.tiny, second.tiny, affine)
    # Key points lay a part where it belongs. Whole pictures that were cropped a little must be moved first.
    if difference <= HOPELESS or not stretched:
        return difference <= HOPELESS, start
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, GLANCE_STEPS, GLANCE_GAIN)
    try:
        found: Any = cv2.findTransformECC(first.tiny, second.tiny, affine, cv2.MOTION_AFFINE, ends, None, 3)  # type: ignore[call-overload]
    except cv2.error:  # it does not converge, or the pictures do not overlap
        return False, start
    result: Affine = found[1].astype(np.float64)
    result[:, 2] /= scale
    return _difference(first.tiny, second.tiny, found[1]) <= HOPELESS, result


def _difference(one: NDArray[np.float32], two: NDArray[np.float32], affine: NDArray[Any], *, rim: int = 2) -> float:
    import cv2

    laid, core = _on_top(one, two, affine, rim)
    # Every second pixel of blurred pictures says as much as all.
    first, second = (cv2.GaussianBlur(grey, (0, 0), BLUR)[::2, ::2] for grey in (one, laid))
    return both_ways(first, second, core[::2, ::2])


def _on_top(
    one: NDArray[Any], two: NDArray[Any], affine: NDArray[Any], rim: int
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the second picture laid on the first, and which pixels both fill, but for a rim."""
    import cv2

    laid = _warped(two, affine, one.shape)
    inside = _warped(np.ones(two.shape, np.uint8), affine, one.shape, nearest=True)
    return laid, cv2.erode(inside, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)).astype(bool)


def _is_copy(first: View, second: View, affine: Affine) -> bool:
    """Tell whether pictures that agree have no more differences than copies have."""
    if _difference(first.grey, second.grey, affine, rim=4) <= ONE_SIDED:
        return True
    laid, core = _on_top(first.grey, second.grey, affine, 4)
    return edges_in_common(first.grey, laid, core) >= EDGES


def _is_map(affine: Affine) -> bool:
    return bool(np.isfinite(affine).all()) and abs(float(np.linalg.det(affine[:, :2]))) > 1e-3


def _inverse(affine: Affine) -> Affine:
    import cv2

    return np.asarray(cv2.invertAffineTransform(affine))


def _plausible(affine: Affine, *, stretched: bool) -> bool:
    """Tell whether a map enlarges and narrows no more than copies do."""
    if not _is_map(affine):
        return False
    large, small = np.linalg.svd(affine[:, :2], compute_uv=False)
    return bool(large <= ZOOM and small >= 1 / ZOOM and (stretched or large / small <= NARROW))


def _improved(first: View, second: View, start: Affine) -> Affine | None:
    import cv2

    scale = ALIGN / SIDE
    one, two = (
        cv2.resize(view.grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for view in (first, second)
    )
    affine = start.astype(np.float32)
    affine[:, 2] *= scale
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, GAIN)
    try:
        # The mask may be None, which OpenCV's own types forget.
        found: Any = cv2.findTransformECC(one, two, affine, cv2.MOTION_AFFINE, ends, None, 3)  # type: ignore[call-overload]
    except cv2.error:  # it does not converge, or the pictures do not overlap
        return None
    result: Affine = found[1].astype(np.float64)
    result[:, 2] /= scale
    return result


def _warped(
    pixels: NDArray[Any], affine: NDArray[Any], shape: tuple[int, ...], *, nearest: bool = False
) -> NDArray[Any]:
    import cv2

    way = (cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(pixels, affine, (shape[1], shape[0]), flags=way))


def _laid(first: View, second: View, affine: Affine) -> Likeness:
    laid = _warped(second.grey, affine, first.grey.shape)
    inside = _warped(np.ones(second.grey.shape, np.uint8), affine, first.grey.shape, nearest=True)
    result = np.zeros(5)
    agreement(first.grey, laid, inside, BLOCK, _floor(first, second), result)
    if result[2] < COVERED or result[0] <= 0 or result[4] < TOGETHER:
        return NOT_ALIKE
    score = float(result[1] / result[0])
    return Likeness(score, float(result[2]), affine) if result[3] >= TELLING or score >= CLEAR else NOT_ALIKE


def _under_mark(first: View, second: View, affine: Affine) -> Likeness:
    """Return how alike two pictures are of which one bears a large mark, by the pixels without it.

    The score is what agrees of them, times their share: what lies under the mark is not known.
    """
    laid, core = _on_top(first.grey, second.grey, affine, 2)
    free, other = unmarked(first.grey, laid, core)
    share = float(free.sum()) / max(int(core.sum()), 1)
    if other > OTHER_SIDE or share < FREE:
        return NOT_ALIKE
    result = np.zeros(5)
    agreement(first.grey, laid, free.astype(np.uint8), BLOCK, _floor(first, second), result)
    if result[2] < COVERED or result[0] <= 0 or result[4] < UNDER or result[1] < UNDER * result[0]:
        return NOT_ALIKE
    return Likeness(float(result[1] / result[0]) * share, float(core.mean()), affine)


def _floor(first: View, second: View) -> float:
    contrast = min(float(first.grey.var()), float(second.grey.var()))
    return max(FLOOR_LEAST, min(FLOOR, FLOOR_SHARE * contrast))


def _same_colours(first: View, second: View, affine: Affine) -> bool:
    """Tell whether the colours of two pictures agree; saturation does not matter, and grey agrees with all."""
    shape = first.chroma.shape
    x1, y1 = first.grey.shape[1] / shape[1], first.grey.shape[0] / shape[0]
    x2, y2 = second.grey.shape[1] / second.chroma.shape[1], second.grey.shape[0] / second.chroma.shape[0]
    scaled = affine * np.array([[x1 / x2, y1 / x2, 1 / x2], [x1 / y2, y1 / y2, 1 / y2]])
    inside = _warped(np.ones(second.chroma.shape[:2], np.uint8), scaled, shape, nearest=True).astype(bool)
    one, two = first.chroma[inside], _warped(second.chroma, scaled, shape)[inside]
    size1, size2 = float(np.sqrt((one**2).sum(axis=1).mean())), float(np.sqrt((two**2).sum(axis=1).mean()))
    if min(size1, size2) < COLOURFUL:
        return True
    return float((one * two).sum(axis=1).mean()) / (size1 * size2) >= SAME_COLOURS


@compiled
def agreement(one: Any, two: Any, inside: Any, block: int, floor: float, result: Any) -> None:  # noqa: C901 - a kernel
    """Compare two pictures that lie on each other.

    Args:
        one: float32 [h, w], grey.
        two: float32 [h, w], grey.
        inside: uint8 [h, w], 0 where the second has no pixel.
        block: Pixels of a block's sides.
        floor: Variance that does not count.
        result: float64 [5], gets the sum over blocks of the contrast in common, what of it agrees, the share of the
        frame that
            both fill, the share of blocks with contrast in common, and the correlation of all that both fill.
    """
    height, width = one.shape
    common, agreed, covered, blocks, telling = 0.0, 0.0, 0, 0, 0
    a1, a2, a11, a22, a12 = 0.0, 0.0, 0.0, 0.0, 0.0
    step = block // 2
    for top in range(0, max(height - block, 0) + 1, step):
        for left in range(0, max(width - block, 0) + 1, step):
            n, s1, s2, s11, s22, s12 = 0, 0.0, 0.0, 0.0, 0.0, 0.0
            for y in range(top, min(top + block, height)):
                for x in range(left, min(left + block, width)):
                    if inside[y, x]:
                        a, b = float(one[y, x]), float(two[y, x])
                        n += 1
                        s1 += a
                        s2 += b
                        s11 += a * a
                        s22 += b * b
                        s12 += a * b
            if n * 2 < block * block:
                continue
            v1, v2 = max(s11 / n - (s1 / n) ** 2, 0.0), max(s22 / n - (s2 / n) ** 2, 0.0)
            d1, d2 = np.sqrt(max(v1 - floor, 0.0)), np.sqrt(max(v2 - floor, 0.0))
            blocks += 1
            if d1 > 0 and d2 > 0:
                telling += 1
                together = (s12 / n - s1 / n * s2 / n) / np.sqrt(v1 * v2)
                weight = np.sqrt(d1 * d2)
                common += weight
                agreed += weight * max(together, 0.0)
    for y in range(height):
        for x in range(width):
            if inside[y, x]:
                a, b = float(one[y, x]), float(two[y, x])
                covered += 1
                a1 += a
                a2 += b
                a11 += a * a
                a22 += b * b
                a12 += a * b
    result[0], result[1] = common, agreed
    result[2] = covered / (height * width)
    result[3] = telling / max(blocks, 1)
    if covered:
        v1, v2 = a11 / covered - (a1 / covered) ** 2, a22 / covered - (a2 / covered) ** 2
        if v1 > 0 and v2 > 0:
            result[4] = (a12 / covered - a1 / covered * a2 / covered) / np.sqrt(v1 * v2)
