"""How one picture lies on another: a similarity that agrees with as many pairs of key points as possible."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled

# Bits of 256 by which descriptors of one corner may differ (Rublee and others 2011, figure 4: good and bad part at
# about 64).
FAR = 64
# Pairs of points from which a hypothesis is made of each two; the rest only vote.
SEEDS = 28
# Pixels, of 256 of the longer side, by which a pair of points may miss the place the hypothesis says.
MISS = 5.0
# A part is at most this many times enlarged.
ZOOM = 2.5


@compiled
def ones(word: Any) -> int:
    """Return the number of bits set in a uint64."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def _matches(bits: Any, count: int, others: Any, other_count: int, partner: Any, distance: Any) -> None:
    """Find for each point the nearest of the other picture, and keep it where it is nearest both ways."""
    back = np.full(other_count, 257, np.int32)
    back_of = np.full(other_count, -1, np.int32)
    for one in range(count):
        best, place = 257, -1
        for two in range(other_count):
            apart = 0
            for word in range(4):
                apart += ones(bits[one, word] ^ others[two, word])
            if apart < best:
                best, place = apart, two
            if apart < back[two]:
                back[two], back_of[two] = apart, one
        partner[one], distance[one] = place, best
    for one in range(count):
        if distance[one] > FAR or back_of[partner[one]] != one:
            partner[one] = -1


@compiled
def _votes(a: Any, b: Any, at: Any, to: Any, total: int, miss: float) -> int:
    """Count pairs of points that a similarity (a, b) brings together; `at` holds its shift at the end."""
    agreed = 0
    for pair in range(total):
        x = a * at[pair, 0] - b * at[pair, 1] + at[total, 0] - to[pair, 0]
        y = b * at[pair, 0] + a * at[pair, 1] + at[total, 1] - to[pair, 1]
        if x * x + y * y <= miss * miss:
            agreed += 1
    return agreed


@compiled
def _fit(at: Any, to: Any, total: int, a: float, b: float, miss: float, result: Any) -> int:
    """Fit a similarity by least squares to the pairs that agree with (a, b) and the shift in at[total]."""
    chosen = np.zeros(total, np.bool_)
    count = 0
    middle = np.zeros(4)
    for pair in range(total):
        x = a * at[pair, 0] - b * at[pair, 1] + at[total, 0] - to[pair, 0]
        y = b * at[pair, 0] + a * at[pair, 1] + at[total, 1] - to[pair, 1]
        if x * x + y * y <= miss * miss:
            chosen[pair] = True
            count += 1
            middle[0] += at[pair, 0]
            middle[1] += at[pair, 1]
            middle[2] += to[pair, 0]
            middle[3] += to[pair, 1]
    if count < 2:
        return 0
    middle /= count
    along, across, size = 0.0, 0.0, 0.0
    for pair in range(total):
        if chosen[pair]:
            x, y = at[pair, 0] - middle[0], at[pair, 1] - middle[1]
            u, v = to[pair, 0] - middle[2], to[pair, 1] - middle[3]
            along += x * u + y * v
            across += x * v - y * u
            size += x * x + y * y
    if size < 1.0:
        return 0
    result[0], result[1] = along / size, across / size
    result[2] = middle[2] - result[0] * middle[0] + result[1] * middle[1]
    result[3] = middle[3] - result[1] * middle[0] - result[0] * middle[1]
    return count


@compiled
def similarity(bits: Any, at: Any, count: int, others: Any, to: Any, other_count: int, result: Any) -> int:  # noqa: C901 - a kernel
    """Return how many pairs of points agree with the best similarity, which is written to `result`.

    Args:
        bits: uint64 [points, 4], descriptors of the first picture.
        at: float32 [points, 2], their places, pixels of the copy whose longer side has 256.
        count: How many of them there are.
        others: Descriptors of the second picture.
        to: Their places.
        other_count: Their number.
        result: float64 [4]: x' = r0 x - r1 y + r2, y' = r1 x + r0 y + r3 leads from the first to the second.
    """
    partner = np.empty(count, np.int32)
    distance = np.empty(count, np.int32)
    if count < 3 or other_count < 3:
        return 0
    _matches(bits, count, others, other_count, partner, distance)
    order = np.argsort(distance, kind="mergesort")
    source = np.empty((count + 1, 2), np.float64)
    target = np.empty((count + 1, 2), np.float64)
    total = 0
    for place in order:
        if partner[place] >= 0:
            for axis in range(2):
                source[total, axis] = at[place, axis]
                target[total, axis] = to[partner[place], axis]
            total += 1
    if total < 3:
        return 0
    best, best_a, best_b, shift_x, shift_y = 0, 0.0, 0.0, 0.0, 0.0
    for one in range(min(total, SEEDS)):
        for two in range(one):
            x, y = source[one, 0] - source[two, 0], source[one, 1] - source[two, 1]
            u, v = target[one, 0] - target[two, 0], target[one, 1] - target[two, 1]
            size = x * x + y * y
            scale = (u * u + v * v) / max(size, 1e-9)
            if size < 64.0 or scale > ZOOM * ZOOM or scale < 1 / (ZOOM * ZOOM):
                continue
            a, b = (x * u + y * v) / size, (x * v - y * u) / size
            source[total, 0] = target[one, 0] - a * source[one, 0] + b * source[one, 1]
            source[total, 1] = target[one, 1] - b * source[one, 0] - a * source[one, 1]
            agreed = _votes(a, b, source, target, total, MISS)
            if agreed > best:
                best, best_a, best_b = agreed, a, b
                shift_x, shift_y = source[total, 0], source[total, 1]
    if best < 3:
        return best
    source[total, 0], source[total, 1] = shift_x, shift_y
    for _round in range(2):
        if _fit(source, target, total, best_a, best_b, MISS, result) < 3:
            return best
        best_a, best_b = result[0], result[1]
        source[total, 0], source[total, 1] = result[2], result[3]
    return _votes(best_a, best_b, source, target, total, MISS)


def aligned(first: NDArray[Any], second: NDArray[Any]) -> tuple[int, NDArray[np.float64]]:
    """Return `similarity` of two records."""
    result = np.zeros(4)
    votes = similarity(
        first["bits"], first["at"], int(first["points"]), second["bits"], second["at"], int(second["points"]), result
    )
    return votes, result
