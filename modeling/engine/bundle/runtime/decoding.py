"""The best legal tags of a text, and how sure they are: Viterbi, and forward-backward in log space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .scheme import OUTSIDE

if TYPE_CHECKING:
    from .scheme import TagScheme, WordSpan

Array = np.ndarray[Any, Any]
# A score that no sum of real ones comes back from, and that stays finite in float32.
NEVER = -1e4


@dataclass(frozen=True)
class Steps:
    """What tag may begin, end and follow another, as scores to add: 0 (or learned) where allowed, NEVER elsewhere."""

    begin: Array
    end: Array
    follow: Array

    @staticmethod
    def legal(scheme: TagScheme) -> Steps:
        """Return the scores of a scheme's rules alone."""
        return Steps(*(np.where(allowed, 0.0, NEVER) for allowed in (scheme.begins, scheme.ends, scheme.follows)))

    def plus(self, begin: Array, end: Array, follow: Array) -> Steps:
        """Return these scores with learned ones added."""
        return Steps(self.begin + begin, self.end + end, self.follow + follow)


def viterbi(scores: Array, steps: Steps) -> Array:
    """Return the tags of the highest sum, int64 [words], for scores [words, tags]."""
    count = len(scores)
    if not count:
        return np.zeros(0, np.int64)
    best, back = scores[0] + steps.begin, np.zeros((count, scores.shape[1]), np.int64)
    for word in range(1, count):
        ways = best[:, None] + steps.follow
        back[word] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[word]
    tags = np.empty(count, np.int64)
    tags[-1] = int((best + steps.end).argmax())
    for word in range(count - 1, 0, -1):
        tags[word - 1] = back[word, tags[word]]
    return tags


def span_chances(scores: Array, steps: Steps, tags: Array, spans: list[WordSpan]) -> list[float]:
    """Return the probability of each span under the model that `scores` and `steps` make, in [0, 1].

    That is the share of all legal taggings, weighted by the exponential of their sums, that hold exactly these tags at
    the span's words and do not go on with the span after it.
    """
    if not spans:
        return []
    before, after = _forward(scores, steps), _backward(scores, steps)
    total = np.logaddexp.reduce(before[-1] + steps.end)
    chances = []
    for first, stop, _label in spans:
        path = before[first, tags[first]]
        for word in range(first + 1, stop):
            path += steps.follow[tags[word - 1], tags[word]] + scores[word, tags[word]]
        last = stop - 1
        if stop == len(scores):
            path += steps.end[tags[last]]
        else:
            ways = steps.follow[tags[last]] + scores[stop] + after[stop]
            path += np.logaddexp.reduce(np.where(_closes(steps, tags[last]), ways, NEVER * 10))
        chances.append(float(np.exp(min(0.0, path - total))))
    return chances


def _closes(steps: Steps, tag: int) -> Array:
    """Which tags may follow and begin anew; those that may not begin a text only go on with a span."""
    allowed: Array = (steps.begin > NEVER / 2) & (steps.follow[tag] > NEVER / 2)
    return allowed


def _forward(scores: Array, steps: Steps) -> Array:
    sums = np.empty_like(scores, dtype=np.float64)
    sums[0] = scores[0] + steps.begin
    for word in range(1, len(scores)):
        sums[word] = np.logaddexp.reduce(sums[word - 1][:, None] + steps.follow, axis=0) + scores[word]
    return sums


def _backward(scores: Array, steps: Steps) -> Array:
    sums = np.empty_like(scores, dtype=np.float64)
    sums[-1] = steps.end
    for word in range(len(scores) - 2, -1, -1):
        sums[word] = np.logaddexp.reduce(steps.follow + (scores[word + 1] + sums[word + 1])[None, :], axis=1)
    return sums


class TagReader:
    """Reads the scores of one text after another.

    Args:
        scheme: Of the tags.
        steps: What may follow what.
        bias: Taken from the score of OUTSIDE.
        temperature: Scores are divided by it before probabilities are made of them; above 0.
    """

    def __init__(self, scheme: TagScheme, steps: Steps, bias: float, temperature: float) -> None:
        self.scheme, self.steps, self.bias, self.temperature = scheme, steps, bias, temperature
        self._cool = _cooled(steps, temperature)

    def read(self, scores: Array) -> list[tuple[WordSpan, float]]:
        """Return the spans of the best legal tags with their probabilities, for scores float64 [words, tags]."""
        own = scores.copy()
        own[:, OUTSIDE] -= self.bias
        tags = viterbi(own, self.steps)
        spans = self.scheme.decode(tags)
        return list(zip(spans, span_chances(own / self.temperature, self._cool, tags, spans), strict=True))


def log_chances(scores: Array) -> Array:
    """Return scores [words, tags] as log probabilities."""
    shares: Array = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return shares


def _cooled(steps: Steps, temperature: float) -> Steps:
    """Return steps divided by the temperature; what is forbidden stays forbidden."""
    parts = [np.where(part > NEVER / 2, part / temperature, NEVER) for part in (steps.begin, steps.end, steps.follow)]
    return Steps(*parts)
