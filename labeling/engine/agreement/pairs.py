"""How far two people agree: Cohen's kappa of every pair of people, and which labels they take for each other.

Sources: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 1960;
for the standard error J. L. Fleiss, J. Cohen and B. S. Everitt, Large sample standard errors of kappa and weighted
kappa, Psychological Bulletin 72, 1969.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from labeling.engine.ratings import Codes, Floats, Ratings, sums

# Two-sided 95 % of the normal distribution.
NORMAL_95 = 1.959964
# Pairs of answers that are held at once: 8 million of 8 bytes, some 300 MB with what is sorted.
CHUNK = 8_000_000


@dataclass(frozen=True, slots=True)
class Crossing:
    """How often one person said one label where another said another: one entry for each combination that occurs.

    Attributes:
        first: Code of one person, below `second`; shape (entries,).
        second: Code of the other.
        first_label: What the first said.
        second_label: What the second said.
        count: On how many items.
        people: How many people there are.
        labels: How many labels there are.
    """

    first: Codes
    second: Codes
    first_label: Codes
    second_label: Codes
    count: Codes
    people: int
    labels: int


@dataclass(frozen=True, slots=True)
class Kappas:
    """Cohen's kappa of each pair of people who answered an item both, rising by the codes of the people.

    Attributes:
        first: Code of one person; shape (pairs,).
        second: Code of the other.
        shared: How many items both answered.
        agreement: Share of these on which they agree, 0 to 1.
        kappa: Cohen's kappa; NaN where it is not defined, because both used one and the same label only.
        low: Lower end of its 95 % interval by its large-sample standard error; NaN where there is none.
        high: Upper end.
    """

    first: Codes
    second: Codes
    shared: Codes
    agreement: Floats
    kappa: Floats
    low: Floats
    high: Floats


def cross(ratings: Ratings) -> Crossing:
    """Return how often each two people gave each two labels to the same item.

    Time and the size of the result grow with the pairs of answers to the same item; memory is bounded besides.
    """
    _items, people, labels = ratings.shape
    keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for part in _keys(ratings):
        keys, counts = _merged(keys, counts, *np.unique(part, return_counts=True))
    rest, second_label = np.divmod(keys, max(labels, 1))
    rest, first_label = np.divmod(rest, max(labels, 1))
    first, second = np.divmod(rest, max(people, 1))
    return Crossing(first, second, first_label, second_label, counts, people, labels)


def cohen_kappas(crossing: Crossing) -> Kappas:
    """Return Cohen's kappa of each pair of people."""
    pair = crossing.first * max(crossing.people, 1) + crossing.second
    pairs, place = np.unique(pair, return_inverse=True)
    size = len(pairs)
    shared = sums(place, crossing.count, size)
    share = crossing.count / shared[place] if size else np.zeros(0)
    one, other = (
        _margins(place, label, share, crossing.labels) for label in (crossing.first_label, crossing.second_label)
    )
    same = crossing.first_label == crossing.second_label
    agreement = sums(place, share * same, size)
    chance = _chance(one, other, crossing.labels, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        kappa = np.where(chance < 1 - 1e-12, (agreement - chance) / (1 - chance), np.nan)
    error = _standard_error(crossing, place, share, (one, other), agreement, chance, shared)
    low, high = np.maximum(kappa - NORMAL_95 * error, -1), np.minimum(kappa + NORMAL_95 * error, 1)
    first, second = np.divmod(pairs, max(crossing.people, 1))
    return Kappas(first, second, shared.astype(np.int64), agreement, kappa, low, high)


def confusions(crossing: Crossing) -> Floats:
    """Return how often each label met each other label on the same item; symmetric, shape (labels, labels)."""
    width = crossing.labels
    key = crossing.first_label * width + crossing.second_label
    table = sums(key, crossing.count, width * width).reshape(width, width)
    return table + table.T


def _keys(ratings: Ratings) -> Iterator[Codes]:
    """Give the pairs of answers to the same item, each as one number; the lower code of a person comes first."""
    _items, people, labels = ratings.shape
    if people * people * labels * labels >= 2**63:
        raise ValueError(f"{people} people and {labels} labels are too many to compare every two people.")
    place = np.arange(len(ratings))
    held: list[Codes] = []
    for step in range(1, int(ratings.answers_of_items().max(initial=0))):
        place = place[: np.searchsorted(place, len(ratings) - step)]
        place = place[ratings.item[place] == ratings.item[place + step]]
        for start in range(0, len(place), CHUNK):
            part = place[start : start + CHUNK]
            held.append(_key(ratings, part, part + step))
        if sum(map(len, held)) >= CHUNK:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


def _key(ratings: Ratings, one: Codes, other: Codes) -> Codes:
    _items, people, labels = ratings.shape
    swap = ratings.person[one] > ratings.person[other]
    first, second = np.where(swap, other, one), np.where(swap, one, other)
    pair = ratings.person[first] * people + ratings.person[second]
    return (pair * labels + ratings.label[first]) * labels + ratings.label[second]


def _merged(keys: Codes, counts: Codes, new_keys: Codes, new_counts: Codes) -> tuple[Codes, Codes]:
    if not len(keys):
        return new_keys, new_counts
    merged, place = np.unique(np.concatenate([keys, new_keys]), return_inverse=True)
    total = sums(place, np.concatenate([counts, new_counts]), len(merged))
    return merged, total.astype(np.int64)


def _margins(place: Codes, label: Codes, share: Floats, labels: int) -> tuple[Codes, Floats]:
    """Return the share of each label of one side of each pair: keys of pair and label, rising, and their shares."""
    keys, where = np.unique(place * labels + label, return_inverse=True)
    return keys, sums(where, share, len(keys))


def _at(margins: tuple[Codes, Floats], keys: Codes) -> Floats:
    """Return the shares of the keys, 0 where there is none."""
    known, shares = margins
    if not len(known):
        return np.zeros(len(keys))
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, shares[place], 0.0)


def _chance(one: tuple[Codes, Floats], other: tuple[Codes, Floats], labels: int, size: int) -> Floats:
    keys, shares = one
    return sums(keys // max(labels, 1), shares * _at(other, keys), size)


def _standard_error(
    crossing: Crossing,
    place: Codes,
    share: Floats,
    margins: tuple[tuple[Codes, Floats], tuple[Codes, Floats]],
    agreement: Floats,
    chance: Floats,
    shared: Floats,
) -> Any:
    """Return the standard error of each kappa: equation 13 of Fleiss, Cohen and Everitt for weights 0 and 1."""
    one, other = margins
    labels, size = crossing.labels, len(shared)
    base = place * labels
    # Their sums of both margins are crossed: the column's share of the row's label and the other way round.
    crossed = _at(other, base + crossing.first_label) + _at(one, base + crossing.second_label)
    same = crossing.first_label == crossing.second_label
    left, right = (1 - chance)[place], (1 - agreement)[place]
    terms = share * np.where(same, (left - crossed * right) ** 2, (right * crossed) ** 2)
    total = sums(place, terms, size)
    rest = (agreement * chance - 2 * chance + agreement) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(np.maximum(total - rest, 0) / shared) / (1 - chance) ** 2
