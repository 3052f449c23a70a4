"""The averaged structured perceptron over tags: Collins (2002), Discriminative training methods for hidden Markov
models. It trains in seconds on a processor core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.compiling import compiled
from modeling.engine.bundle.runtime.decoding import Steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from modeling.engine.bundle.runtime.scheme import TagScheme

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class LinearTagger:
    """Weights of features and steps.

    Attributes:
        weights: float32 [features, tags].
        begin: Of the first word's tag, float32 [tags].
        end: Of the last word's.
        follow: Of a tag after another, float32 [tags, tags].
    """

    weights: Array
    begin: Array
    end: Array
    follow: Array

    def scores(self, features: Array) -> Array:
        """Return scores of tags, float64 [words, tags], for numbers of features [words, f], -1 for none."""
        out = np.zeros((len(features), self.weights.shape[1]))
        _score(features, self.weights, out)
        return out

    def steps(self, scheme: TagScheme) -> Steps:
        """Return the learned steps with the scheme's rules."""
        return Steps.legal(scheme).plus(self.begin, self.end, self.follow)


class PerceptronTraining:
    """One training, epoch by epoch; `average` gives the model so far.

    Args:
        features: Numbers of features of all words, int32 [n, f], -1 for none.
        first: For each text its first word, and one more, int64 [texts + 1].
        tags: Of all words, int64 [n].
        scheme: What may follow what.
        count: How many features there are.
        seed: Of the order of texts.
    """

    def __init__(self, features: Array, first: Array, tags: Array, scheme: TagScheme, count: int, seed: int) -> None:
        self.features, self.first, self.tags = features, first, tags
        self.generator = np.random.default_rng(seed)
        rules = Steps.legal(scheme)
        self.rules = (rules.begin, rules.end, rules.follow)
        size = scheme.size
        shapes: tuple[tuple[int, ...], ...] = ((count, size), (size,), (size,), (size, size))
        self.now = tuple(np.zeros(shape, np.float32) for shape in shapes)
        self.late = tuple(np.zeros(shape, np.float64) for shape in shapes)
        self.seen = 1

    def epoch(self) -> int:
        """Go once over all texts in a new order and return how many had a wrong tag."""
        order = self.generator.permutation(len(self.first) - 1)
        wrong, self.seen = _epoch(
            order, self.first, self.features, self.tags, self.now, self.late, self.rules, self.seen
        )
        return int(wrong)

    def average(self) -> LinearTagger:
        """Return the mean of the weights after every text so far."""
        means = [(now - late / self.seen).astype(np.float32) for now, late in zip(self.now, self.late, strict=True)]
        return LinearTagger(*means)


def _score_plain(features: Array, weights: Array, out: Array) -> None:
    for word in range(features.shape[0]):
        for place in range(features.shape[1]):
            feature = features[word, place]
            if feature >= 0:
                for tag in range(weights.shape[1]):
                    out[word, tag] += weights[feature, tag]


def _best_plain(scores: Array, begin: Array, end: Array, follow: Array) -> Array:
    count, size = scores.shape
    best, back = np.empty((count, size)), np.zeros((count, size), np.int64)
    best[0] = scores[0] + begin
    for word in range(1, count):
        for tag in range(size):
            top, source = -1e18, 0
            for other in range(size):
                value = best[word - 1, other] + follow[other, tag]
                if value > top:
                    top, source = value, other
            best[word, tag] = top + scores[word, tag]
            back[word, tag] = source
    tags = np.empty(count, np.int64)
    tags[count - 1] = np.argmax(best[count - 1] + end)
    for word in range(count - 1, 0, -1):
        tags[word - 1] = back[word, tags[word]]
    return tags


def _epoch_plain(
    order: Array, first: Array, features: Array, tags: Array, now: Any, late: Any, rules: Any, seen: int
) -> tuple[int, int]:
    weights, begin, end, follow = now
    weights_late, begin_late, end_late, follow_late = late
    wrong = 0
    for text in order:
        low, high = first[text], first[text + 1]
        if low == high:
            continue
        scores = np.zeros((high - low, weights.shape[1]))
        _score(features[low:high], weights, scores)
        made = _best(scores, rules[0] + begin, rules[1] + end, rules[2] + follow)
        missed = False
        for word in range(high - low):
            right, guess = tags[low + word], made[word]
            if right != guess:
                missed = True
                for place in range(features.shape[1]):
                    feature = features[low + word, place]
                    if feature >= 0:
                        weights[feature, right] += 1
                        weights[feature, guess] -= 1
                        weights_late[feature, right] += seen
                        weights_late[feature, guess] -= seen
        if missed:
            wrong += 1
            for tag, sign in ((tags[low], 1), (made[0], -1)):
                begin[tag] += sign
                begin_late[tag] += sign * seen
            for tag, sign in ((tags[high - 1], 1), (made[high - low - 1], -1)):
                end[tag] += sign
                end_late[tag] += sign * seen
            for word in range(1, high - low):
                follow[tags[low + word - 1], tags[low + word]] += 1
                follow_late[tags[low + word - 1], tags[low + word]] += seen
                follow[made[word - 1], made[word]] -= 1
                follow_late[made[word - 1], made[word]] -= seen
        seen += 1
    return wrong, seen


_score: Callable[..., None] = compiled(_score_plain)
_best: Callable[..., Array] = compiled(_best_plain)
_epoch: Callable[..., tuple[int, int]] = compiled(_epoch_plain)
