"""How much personal data was found of what is there: estimated from items that a person looked at."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Items drawn of each stratum. Without a miss among 100 items the share of items with misses is below 4.3 % with 97.5 %
# confidence (Clopper and Pearson 1934).
DRAWN = 100
CONFIDENCE = 0.95
STRATA = (True, False)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Items drawn at random, apart from those with a hit and those without.

    Attributes:
        sizes: How many items have a hit and how many have none.
        items: Ids drawn of each, in random order.
    """

    sizes: dict[bool, int]
    items: dict[bool, list[int]]

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, hits first."""
        return {"sizes": [self.sizes[hit] for hit in STRATA], "items": [self.items[hit] for hit in STRATA]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Drawn":
        """Read what `to_json` wrote."""
        return cls(dict(zip(STRATA, data["sizes"], strict=True)), dict(zip(STRATA, data["items"], strict=True)))

    def in_turn(self) -> list[tuple[int, bool]]:
        """Return the items in the order of showing, one with a hit and one without in turn."""
        longest = max(len(ids) for ids in self.items.values())
        return [
            (self.items[hit][place], hit) for place in range(longest) for hit in STRATA if place < len(self.items[hit])
        ]


def draw(batches: Iterable[NDArray[np.int64]], hits: NDArray[np.int64], seed: int, count: int = DRAWN) -> Drawn:
    """Draw items at random, the same for the same seed.

    Args:
        batches: Ids of all items, int64 [n] each; read once.
        hits: Ids of items in which something was found, sorted.
        seed: Chooses the items.
        count: Items of each stratum, or all if there are fewer.
    """
    sizes = dict.fromkeys(STRATA, 0)
    best: dict[bool, tuple[NDArray[np.uint64], NDArray[np.int64]]] = {
        hit: (np.empty(0, np.uint64), np.empty(0, np.int64)) for hit in STRATA
    }
    for ids in batches:
        ranks = _scattered(ids, seed)
        with_hit = np.isin(ids, hits)
        for hit in STRATA:
            mine = with_hit == hit
            sizes[hit] += int(mine.sum())
            rank, item = np.concatenate([best[hit][0], ranks[mine]]), np.concatenate([best[hit][1], ids[mine]])
            order = np.argsort(rank, kind="stable")[:count]
            best[hit] = (rank[order], item[order])
    return Drawn(sizes, {hit: best[hit][1].tolist() for hit in STRATA})


def _scattered(ids: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """Return a number for each id that looks random: the finalizer of SplitMix64 (Steele and others 2014)."""
    with np.errstate(over="ignore"):
        value = ids.astype(np.uint64) + np.uint64(seed & 0xFFFFFFFF) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: NDArray[np.uint64] = value ^ (value >> np.uint64(31))
    return mixed


@dataclass(frozen=True, slots=True)
class Recall:
    """An estimate of found / (found + missed) over all items of a run.

    Attributes:
        found: Spans found in all items.
        value: The estimate, 0 to 1; None before an item of each stratum that has any was looked at.
        low: Lower end of the interval of 95 %.
        high: Upper end.
        reviewed: Items looked at.
        drawn: Items drawn.
    """

    found: int
    value: float | None
    low: float | None
    high: float | None
    reviewed: int
    drawn: int


def estimate(found: int, drawn: Drawn, checks: Sequence[tuple[bool, int]]) -> Recall:
    """Estimate recall from checked items.

    Missed spans are projected from each stratum to its size. The interval takes Clopper and Pearson's for the share of
    items with a miss in each stratum, at 97.5 % each so that both hold with 95 % (Bonferroni), times the misses of an
    item that has any. So "none missed among 60 of a million items" is not taken for "none missed".

    Args:
        found: Spans found in all items of the run.
        drawn: The sample.
        checks: For each item looked at: whether it had a hit, and how many spans were missed in it.
    """
    missed = least = most = 0.0
    whole = True
    for hit in STRATA:
        counts = [count for had, count in checks if had == hit]
        size = drawn.sizes[hit]
        if not size:
            continue
        if not counts:
            whole = False
            continue
        with_miss = sum(count > 0 for count in counts)
        each = sum(counts) / with_miss if with_miss else 1.0
        missed += size * sum(counts) / len(counts)
        low, high = clopper_pearson(with_miss, len(counts), 1 - (1 - CONFIDENCE) / 2)
        if len(counts) == size:
            low = high = with_miss / size
        least, most = least + size * low * each, most + size * high * each
    total = len(drawn.items[True]) + len(drawn.items[False])
    if not whole or not checks or not found + missed:
        return Recall(found, None, None, None, len(checks), total)
    value, low, high = (found / (found + count) for count in (missed, most, least))
    return Recall(found, value, low, high, len(checks), total)


def clopper_pearson(successes: int, trials: int, confidence: float) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934), by bisection on the binomial distribution."""
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else _solve(lambda share: 1 - _at_most(successes - 1, trials, share), tail)
    high = 1.0 if successes == trials else _solve(lambda share: 1 - _at_most(successes, trials, share), 1 - tail)
    return low, high


def _solve(rising: Any, wanted: float) -> float:
    low, high = 0.0, 1.0
    for _step in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def _at_most(successes: int, trials: int, share: float) -> float:
    """Return the chance of at most so many successes."""
    if share in {0.0, 1.0}:
        return 1.0 if share == 0.0 or successes >= trials else 0.0
    logs = (math.log(share), math.log1p(-share))
    terms = (
        math.lgamma(trials + 1)
        - math.lgamma(count + 1)
        - math.lgamma(trials - count + 1)
        + count * logs[0]
        + (trials - count) * logs[1]
        for count in range(successes + 1)
    )
    return min(1.0, sum(math.exp(term) for term in terms))
