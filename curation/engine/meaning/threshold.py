"""Which cosine means "the same": a threshold with a precision that a reviewed sample of pairs supports."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Lower edges of the bands from which pairs are drawn; below .6 sentence encoders call most texts of one set alike.
EDGES = (0.60, 0.65, 0.70, 0.75, 0.80, 0.84, 0.88, 0.91, 0.94, 0.97)
EACH = 8
DRAWS = 4000
LEVEL = 0.95
# Pairs that must have been judged before anything is proposed.
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pairs drawn for people to judge.

    Attributes:
        left: int64 [m].
        right: int64 [m].
        cosine: float32 [m].
        band: int64 [m], which band each was drawn from.
        counts: int64 [bands], pairs of the whole set in each band.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    cosine: NDArray[np.float32]
    band: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the judged pairs say of one threshold.

    Attributes:
        threshold: Pairs at or above it would count as the same.
        pairs: How many there are in the set.
        precision: Estimated share of them that are the same, 0 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    threshold: float
    pairs: int
    precision: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def draw_pairs(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    cosine: NDArray[np.float32],
    *,
    each: int = EACH,
    edges: Sequence[float] = EDGES,
    seed: int = 0,
) -> Drawn:
    """Return pairs drawn evenly over the bands of similarity, in an order that does not give the band away."""
    dice = np.random.default_rng(seed)
    band = np.searchsorted(np.asarray(edges), cosine, side="right") - 1
    counts = np.bincount(band[band >= 0], minlength=len(edges))
    chosen = []
    for number in range(len(edges)):
        members = np.flatnonzero(band == number)
        chosen.append(members if len(members) <= each else dice.choice(members, each, replace=False))
    rows = dice.permutation(np.concatenate(chosen).astype(np.int64))
    return Drawn(left[rows], right[rows], cosine[rows], band[rows], counts)


def estimates(
    counts: Sequence[int], band: Sequence[int], same: Sequence[bool], *, edges: Sequence[float] = EDGES
) -> list[Estimate]:
    """Return the precision of each threshold, lowest threshold first.

    Each band's share of same pairs has a Beta posterior (Jeffreys' prior, one half each); a threshold's precision is
    the mean of the bands above it, weighted by their pairs in the whole set, and its interval comes from 4,000 draws
    with a fixed seed. A band without judged pairs is as uncertain as the prior. Shares are not forced to rise with
    similarity.

    Args:
        counts: Pairs of the whole set in each band.
        band: The band of each judged pair.
        same: The judgement of each.
        edges: Lower edges of the bands.
    """
    yes = np.bincount([place for place, one in zip(band, same, strict=True) if one], minlength=len(edges))
    seen = np.bincount(list(band), minlength=len(edges))
    drawn = np.random.default_rng(0).beta(yes + 0.5, seen - yes + 0.5, (DRAWS, len(edges)))
    weights = np.asarray(counts, np.float64)
    found = []
    for place, edge in enumerate(edges):
        total = float(weights[place:].sum())
        if not total:
            continue
        shares = drawn[:, place:] @ weights[place:] / total
        low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        found.append(Estimate(float(edge), int(total), float(shares.mean()), float(low), float(high)))
    return found


def propose(found: Sequence[Estimate], target: float) -> Estimate | None:
    """Return the lowest threshold from which on the precision is at least the target, None when none is.

    "From which on": a lower threshold that only looks good by chance, with worse ones above it, is not taken.
    """
    best = None
    for one in reversed(found):
        if one.precision < target:
            break
        best = one
    return best
