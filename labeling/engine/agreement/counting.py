"""How often each item got each label: what every coefficient of agreement is computed from."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from labeling.engine.ratings import Codes, Floats, Ratings, sums

if TYPE_CHECKING:
    from scipy import sparse

# Cells of a dense table of items × labels, at 8 bytes; above, keys are sorted, at a fifth of the speed.
TABLE_CELLS = 16_000_000


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of labels of the items that have two answers or more: the others say nothing of agreement.

    Attributes:
        unit: Code of the item of each entry, rising; shape (entries,). One entry for each item and label used there.
        label: Code of the label of each entry.
        count: How many people gave it, 1 or more.
        answers: How many answers the item of each entry has, 2 or more.
        units: How many items there are.
        labels: How many labels there are, used or not.
    """

    unit: Codes
    label: Codes
    count: Floats
    answers: Floats
    units: int
    labels: int

    @property
    def total(self) -> float:
        """How many answers can be compared with another of their item."""
        return float(self.count.sum())

    def per_label(self) -> Floats:
        """Return how often each label was given; shape (labels,)."""
        return sums(self.label, self.count, self.labels)


def tally(item: Codes, label: Codes, labels: int | None = None) -> Tally:
    """Return the counts of answers given as codes; they may come in any order.

    Args:
        item: Code of the item of each answer, from 0.
        label: Code of the label of each answer, from 0, as long.
        labels: How many labels there are; one more than the greatest code when None.
    """
    width = labels if labels is not None else int(label.max(initial=-1)) + 1
    height = int(item.max(initial=-1)) + 1
    answers = np.bincount(item, minlength=height)
    if not len(item) or width == 0:
        none = np.zeros(0, np.int64)
        return Tally(none, none, np.zeros(0), np.zeros(0), 0, width)
    key = item * width + label
    if height * width <= TABLE_CELLS:
        table = np.bincount(key, minlength=height * width)
        place = np.flatnonzero(table)
        count = table[place]
    else:
        place, count = np.unique(key, return_counts=True)
    unit = place // width
    size = answers[unit]
    shared = size > 1
    if not shared.all():
        place, unit, count, size = place[shared], unit[shared], count[shared], size[shared]
    units = int(np.count_nonzero(answers > 1))
    return Tally(unit, place - unit * width, count.astype(np.float64), size.astype(np.float64), units, width)


def tally_of(ratings: Ratings) -> Tally:
    """Return the counts of answers."""
    return tally(ratings.item, ratings.label, len(ratings.labels))


@dataclass(frozen=True)
class Patterns:
    """Items with the same counts, taken together: to draw items again is to draw from these.

    Two hundred thousand items of five answers among four labels have no more than 56 patterns, so a bootstrap over
    items costs next to nothing; the draws have exactly the distribution of draws of single items.

    Attributes:
        tally: The counts of one item of each pattern, under codes from 0.
        items: How many items have each pattern; shape (patterns,).
    """

    tally: Tally
    items: Codes

    @cached_property
    def table(self) -> "sparse.csr_array":
        """Counts as a sparse table of patterns × labels."""
        from scipy import sparse  # slow import

        return sparse.csr_array(
            (self.tally.count, (self.tally.unit, self.tally.label)), shape=(len(self.items), self.tally.labels)
        )

    @cached_property
    def size(self) -> Floats:
        """How many answers an item of each pattern has; shape (patterns,)."""
        size = np.zeros(len(self.items))
        size[self.tally.unit] = self.tally.answers
        return size

    def draw(self, random: np.random.Generator, times: int) -> Floats:
        """Return how often each pattern comes when items are drawn with replacement; shape (times, patterns)."""
        total = int(self.items.sum())
        if len(self.items) * 4 < total:
            return random.multinomial(total, self.items / total, size=times).astype(np.float64)
        # Nearly every item is its own pattern: to count draws is several times as fast as a binomial for each.
        pattern = np.repeat(np.arange(len(self.items)), self.items)
        drawn = [
            np.bincount(pattern[random.integers(0, total, total)], minlength=len(self.items)) for _ in range(times)
        ]
        return np.array(drawn, np.float64).reshape(times, len(self.items))


def patterns(counts: Tally) -> Patterns:
    """Return the patterns of counts, by fingerprints of 64 bits: two of a million items collide once in 10^7 tables."""
    if not counts.units:
        return Patterns(counts, np.zeros(0, np.int64))
    first = np.flatnonzero(np.append(True, counts.unit[1:] != counts.unit[:-1]))
    weights = np.random.default_rng(20_260_726).integers(0, 2**64, counts.labels, np.uint64)
    parts = weights[counts.label] * (
        counts.count.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(0x5851F42D)
    )
    marks = np.add.reduceat(parts, first)
    _marks, example, items = np.unique(marks, return_index=True, return_counts=True)
    ends = np.append(first[1:], len(counts.unit))
    starts, lengths = first[example], ends[example] - first[example]
    unit = np.repeat(np.arange(len(example)), lengths)
    place = np.arange(len(unit)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + starts[unit]
    chosen = Tally(unit, counts.label[place], counts.count[place], counts.answers[place], len(example), counts.labels)
    return Patterns(chosen, items)
