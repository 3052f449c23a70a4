"""Weights of agreement learnt without labels: the model of Fellegi and Sunter (1969), fitted by EM (Winkler 1988)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.linkage.comparison import Levels

ROUNDS = 300
# The share of candidates that match at the start; EM moves it.
FIRST_GUESS = 0.1
# Pairs that the starting guess counts for: it keeps a level that few pairs show from an endless weight, and a small
# table near the guess.
PRIOR_PAIRS = 5.0
# Matches differ on a field in at most this share of pairs. Without a bound a table that holds no duplicates makes EM
# take any other regularity for a match: rows of one owner, say, whose names agree and whose addresses all differ.
MOST_DIFFERENT = 0.2


@dataclass(frozen=True, slots=True)
class LinkModel:
    """How likely each level is among matches and among the other candidates.

    Attributes:
        fields: Names of the fields.
        match: For each field the chance of each level among matches, [levels]; level 0 (unknown) says nothing and is 1.
        other: The same among candidates that do not match.
        prior: Share of candidates that match.
        rounds: Rounds until nothing moved.
    """

    fields: tuple[str, ...]
    match: tuple[NDArray[np.float64], ...]
    other: tuple[NDArray[np.float64], ...]
    prior: float
    rounds: int

    @property
    def weights(self) -> tuple[NDArray[np.float64], ...]:
        """Return for each field the log ratio (natural) of each level, [levels]; more agreement never weighs less."""
        return tuple(_rising(match, other) for match, other in zip(self.match, self.other, strict=True))

    def probability(self, compared: Levels) -> NDArray[np.float64]:
        """Return the probability that each pair is a match, float64 [p], 0 to 1."""
        total = np.log(self.prior / (1 - self.prior)) + compared.rarity.astype(np.float64)
        for place, weights in enumerate(self.weights):
            total += weights[compared.levels[:, place]]
        return _logistic(total)

    def to_json(self) -> dict[str, Any]:
        """Return the weights in bits, level by level, with the chances they come from."""
        return {
            "prior": round(self.prior, 6),
            "rounds": self.rounds,
            "fields": {
                name: {
                    "match": [round(float(value), 6) for value in match[1:]],
                    "other": [round(float(value), 6) for value in other[1:]],
                    "bits": [round(float(value), 3) for value in weights[1:] / np.log(2)],
                }
                for name, match, other, weights in zip(self.fields, self.match, self.other, self.weights, strict=True)
            },
        }


def fit(names: tuple[str, ...], compared: Levels, counts: list[int]) -> LinkModel:
    """Fit the model to candidate pairs by expectation and maximization over the patterns of levels.

    Both sides are estimated from the candidates, since these agree on more than random pairs do. The start says that
    matches agree and others differ, so that the first class is always that of the matches.

    Args:
        names: The fields.
        compared: Levels of the candidates.
        counts: Levels of each field, the unknown one included.
    """
    patterns, rows = _patterns(compared.levels, counts)
    start = [_slope(count) for count in counts]
    match, other = [slope.copy() for slope in start], [_first(slope[:0:-1]) for slope in start]
    guess_match, guess_other = [slope.copy() for slope in match], [slope.copy() for slope in other]
    guess_match, guess_other = list(match), list(other)
    prior, done = FIRST_GUESS, 0
    for round_ in range(1, ROUNDS + 1):
        done = round_
        chance = _chance(patterns, match, other, prior)
        before = np.concatenate([*match, *other])
        match = [_bounded(chances) for chances in _maximize(patterns, chance * rows, guess_match)]
        other = _maximize(patterns, (1 - chance) * rows, guess_other)
        prior = _prior(float((chance * rows).sum()), float(rows.sum()))
        if np.abs(np.concatenate([*match, *other]) - before).max(initial=0) < 1e-6:
            break
    return LinkModel(names, tuple(match), tuple(other), prior, done)


def _patterns(levels: NDArray[np.uint8], counts: list[int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the distinct rows of levels, int64 [q, k], and how often each comes, float64 [q]."""
    code = np.zeros(len(levels), np.int64)
    for place, count in enumerate(counts):
        code = code * count + levels[:, place]
    codes, rows = np.unique(code, return_counts=True)
    columns = []
    for count in reversed(counts):
        codes, level = np.divmod(codes, count)
        columns.append(level)
    return np.stack(columns[::-1], axis=1) if columns else np.zeros((len(rows), 0), np.int64), rows.astype(np.float64)


def _slope(count: int) -> NDArray[np.float64]:
    """Return rising chances for the levels from different to equal, after a 1 for unknown."""
    return _first(np.linspace(0.05, 1.0, count - 1))


def _first(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[1.0], chances / chances.sum()])


def _chance(
    patterns: NDArray[np.int64], match: list[NDArray[np.float64]], other: list[NDArray[np.float64]], prior: float
) -> NDArray[np.float64]:
    total = np.full(len(patterns), np.log(prior / (1 - prior)))
    for place, (yes, no) in enumerate(zip(match, other, strict=True)):
        total += np.log(yes / no)[patterns[:, place]]
    return _logistic(total)


def _maximize(
    patterns: NDArray[np.int64], weights: NDArray[np.float64], guess: list[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """Return the chances of each field's levels in weighted patterns."""
    counted = [np.bincount(patterns[:, place], weights, minlength=len(start))[1:] for place, start in enumerate(guess)]
    return [_first(rows + PRIOR_PAIRS * start[1:]) for rows, start in zip(counted, guess, strict=True)]


def _bounded(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chances with that of the level "different" brought down to the bound, and the others up."""
    if chances[1] <= MOST_DIFFERENT:
        return chances
    found = np.asarray(chances * (1 - MOST_DIFFERENT) / (1 - chances[1]), np.float64)
    found[:2] = 1.0, MOST_DIFFERENT
    return found


def _rising(match: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log ratio of each level after 0 for unknown; neighbours out of order share theirs.

    Pooling of adjacent violators (Ayer et al. 1955).
    """
    blocks: list[list[float]] = []
    for yes, no in zip(match[1:].tolist(), other[1:].tolist(), strict=True):
        blocks.append([yes, no, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [one + two for one, two in zip(blocks[-1], last, strict=True)]
    ratios = [np.log(yes / no) for yes, no, levels in blocks for _level in range(int(levels))]
    return np.array([0.0, *ratios])


def _prior(matches: float, pairs: float) -> float:
    return (matches + PRIOR_PAIRS * FIRST_GUESS) / (pairs + PRIOR_PAIRS)


def _logistic(total: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -500, 500))), np.float64)
