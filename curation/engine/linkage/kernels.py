"""The comparison loops of record linkage, compiled; strings are arrays of code points.

The module compiles with numba as it loads and is therefore only imported inside functions.
"""

from typing import Any

import numpy as np

from curation.engine.compiling import compiled

# Two tokens with at least this similarity are spellings of one word. Cohen, Ravikumar and Fienberg (2003, "A comparison
# of string distance metrics for name-matching tasks") take 0.9 for soft TF-IDF with Jaro-Winkler.
SAME_WORD = 0.9


@compiled
def jaro_winkler(a: Any, b: Any, used: Any) -> float:
    """Return the Jaro-Winkler similarity, 0 to 1 (Winkler 1990), with prefix weight 0.1 and prefix length 4.

    Args:
        a: Code points, uint32 [m].
        b: Code points, uint32 [n].
        used: Room for marks, uint8 of at least m + n.
    """
    m, n = len(a), len(b)
    if m == 0 or n == 0:
        return 1.0 if m == n else 0.0
    reach = max(0, max(m, n) // 2 - 1)
    used[: m + n] = 0
    common = 0
    for i in range(m):
        for j in range(max(0, i - reach), min(n, i + reach + 1)):
            if used[m + j] == 0 and a[i] == b[j]:
                used[i] = used[m + j] = 1
                common += 1
                break
    if common == 0:
        return 0.0
    moved, j = 0, 0
    for i in range(m):
        if used[i]:
            while used[m + j] == 0:
                j += 1
            moved += a[i] != b[j]
            j += 1
    jaro = (common / m + common / n + (common - moved / 2) / common) / 3
    prefix = 0
    while prefix < min(4, m, n) and a[prefix] == b[prefix]:
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


@compiled
def same_word(a: Any, b: Any, used: Any) -> bool:
    """Tell whether two tokens without digits are spellings of one word, or one abbreviates the other.

    An abbreviation is a beginning (``ave`` of ``avenue``, ``w`` of ``west``).
    """
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    start = True
    for i in range(len(short)):
        if short[i] != long[i]:
            start = False
            break
    # With half the length or less no similarity reaches 0.9, whatever the letters.
    return start or (len(short) > 3 and len(short) * 2 > len(long) and jaro_winkler(a, b, used) >= SAME_WORD)


@compiled
def token_overlap(
    left: Any, right: Any, rarity: Any, digit: Any, codes: Any, points: Any, used: Any, taken: Any
) -> tuple[float, float]:
    """Return the rarity-weighted Jaccard and containment of two bags of tokens, both 0 to 1.

    Equal tokens meet first; what is left meets the first spelling of the same word on the other side, and counts with
    the smaller rarity of the two. Tokens with digits meet equal ones alone: 4216 is no spelling of 4214.
    Containment is the common weight over that of the lighter side.
    """
    common = total_left = total_right = 0.0
    for j in range(len(right)):
        total_right += rarity[right[j]]
        taken[j] = 0
    for i in range(len(left)):
        total_left += rarity[left[i]]
        taken[len(right) + i] = 0
        for j in range(len(right)):
            if taken[j] == 0 and left[i] == right[j]:
                taken[j] = taken[len(right) + i] = 1
                common += rarity[left[i]]
                break
    for i in range(len(left)):
        if taken[len(right) + i] or digit[left[i]]:
            continue
        for j in range(len(right)):
            if taken[j] or digit[right[j]]:
                continue
            a = codes[points[left[i]] : points[left[i] + 1]]
            b = codes[points[right[j]] : points[right[j] + 1]]
            if same_word(a, b, used):
                taken[j] = 1
                weight = min(rarity[left[i]], rarity[right[j]])
                # The other side's spare weight is taken off, so that a spelling does not count as a difference.
                total_left -= rarity[left[i]] - weight
                total_right -= rarity[right[j]] - weight
                common += weight
                break
    lighter = min(total_left, total_right)
    if lighter <= 0:
        return 0.0, 0.0
    return common / (total_left + total_right - common), common / lighter


@compiled
def equal_but_blanks(a: Any, b: Any) -> bool:
    """Tell whether two texts are the same once blanks are left out: ``mc donald`` and ``mcdonald``."""
    i = j = 0
    while True:
        while i < len(a) and a[i] == 32:
            i += 1
        while j < len(b) and b[j] == 32:
            j += 1
        if i == len(a) or j == len(b):
            return i == len(a) and j == len(b)
        if a[i] != b[j]:
            return False
        i += 1
        j += 1


@compiled
def compare_texts(
    left: Any,
    right: Any,
    tokens: Any,
    starts: Any,
    rarity: Any,
    digit: Any,
    codes: Any,
    points: Any,
    value_codes: Any,
    value_starts: Any,
    room: int,
) -> Any:
    """Return Jaccard and containment of pairs of distinct values, float32 [p, 2].

    Args:
        left: Place of the first value, int32 [p]; -1 is missing and gives 0.
        right: Place of the second, int32 [p].
        tokens: Tokens of the values end to end.
        starts: Where each value's tokens begin.
        rarity: Weight of each token, float64 [t].
        digit: Whether a token holds a digit, bool [t].
        codes: Code points of the tokens.
        points: Where each token begins in `codes`.
        value_codes: Code points of the values.
        value_starts: Where each value begins in `value_codes`.
        room: More than the longest token's or value's length, twice.
    """
    found = np.zeros((len(left), 2), np.float32)
    used, taken = np.zeros(room, np.uint8), np.zeros(room, np.uint8)
    for pair in range(len(left)):
        a, b = left[pair], right[pair]
        if a < 0 or b < 0:
            continue
        first = value_codes[value_starts[a] : value_starts[a + 1]]
        second = value_codes[value_starts[b] : value_starts[b + 1]]
        if a == b or equal_but_blanks(first, second):
            found[pair, 0] = found[pair, 1] = 1.0
            continue
        found[pair, 0], found[pair, 1] = token_overlap(
            tokens[starts[a] : starts[a + 1]],
            tokens[starts[b] : starts[b + 1]],
            rarity,
            digit,
            codes,
            points,
            used,
            taken,
        )
    return found


@compiled
def compare_codes(left: Any, right: Any, codes: Any, starts: Any, room: int) -> Any:
    """Return how far pairs of codes agree, float32 [p]: 1 equal, 0.95 one ends or begins the other, else Jaro-Winkler.

    A telephone number without its area code ends the one with it; a postcode begins the longer one.
    """
    found = np.zeros(len(left), np.float32)
    used = np.zeros(room, np.uint8)
    for pair in range(len(left)):
        a, b = left[pair], right[pair]
        if a < 0 or b < 0:
            continue
        if a == b:
            found[pair] = 1.0
            continue
        first, second = codes[starts[a] : starts[a + 1]], codes[starts[b] : starts[b + 1]]
        short, long = (first, second) if len(first) <= len(second) else (second, first)
        if len(short) >= 5 and (
            np.array_equal(short, long[: len(short)]) or np.array_equal(short, long[len(long) - len(short) :])
        ):
            found[pair] = 0.95
        else:
            found[pair] = min(np.float32(0.94), np.float32(jaro_winkler(first, second, used)))
    return found


@compiled
def count_block_pairs(starts: Any, limit: int) -> int:
    """Return how many pairs the blocks give that are no larger than the limit."""
    total = 0
    for block in range(len(starts) - 1):
        size = starts[block + 1] - starts[block]
        if size <= limit:
            total += size * (size - 1) // 2
    return total


@compiled
def block_pairs(rows: Any, starts: Any, limit: int, count: int) -> Any:
    """Return the pairs inside blocks as ``smaller << 32 | larger``, int64 [count]; larger blocks give none."""
    found = np.empty(count, np.int64)
    place = 0
    for block in range(len(starts) - 1):
        if starts[block + 1] - starts[block] > limit:
            continue
        for i in range(starts[block], starts[block + 1]):
            for j in range(i + 1, starts[block + 1]):
                found[place] = min(rows[i], rows[j]) << 32 | max(rows[i], rows[j])
                place += 1
    return found


@compiled
def find_root(parent: Any, row: int) -> int:
    """Return the first row of a row's set, and shorten the way there."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@compiled
def capped_components(rows: int, left: Any, right: Any, largest: int) -> Any:
    """Return the first row of each row's component, int64 [rows]; pairs join in order, none beyond `largest` rows."""
    parent, size = np.arange(rows), np.ones(rows, np.int64)
    for pair in range(len(left)):
        a, b = find_root(parent, left[pair]), find_root(parent, right[pair])
        if a != b and size[a] + size[b] <= largest:
            low, high = min(a, b), max(a, b)
            parent[high] = low
            size[low] += size[high]
    for row in range(rows):
        parent[row] = find_root(parent, row)
    return parent
