"""Which words of a text a prediction rests on, for any model that gives probabilities: words are taken out and the
model is asked again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from modeling.engine.explain.kernel import fit_parts, log_odds
from modeling.engine.marks.words import WORD

if TYPE_CHECKING:
    from modeling.engine.tasks.spans import ScoredSpan

Array = np.ndarray[Any, Any]
Predict = Callable[[Sequence[str]], Array]
# Longer texts are explained by stretches of neighbouring words, so that the model is asked this often at the most.
MOST_PARTS = 96
_LETTERS = re.compile(r"\w", re.UNICODE)


class Weight(NamedTuple):
    """How much a stretch of the text speaks for the label, in log odds; code points, end exclusive."""

    start: int
    end: int
    weight: float


class Attribution(NamedTuple):
    """Weights of a text's words and how far they can be added up.

    Attributes:
        weights: One for each word (or stretch of words), in order; positive ones speak for the label.
        base: Log odds of the label for the text without any word.
        whole: Log odds for the text as it is.
        fidelity: Share of the variance of the model's log odds over random part texts that `base` plus the weights of
            the words that are left explains, at most 1 and perhaps below 0; low values say that words act together,
            and that no list of weights tells the truth.
    """

    weights: list[Weight]
    base: float
    whole: float
    fidelity: float


def attribute_text(
    predict: Predict, text: str, label: int, *, seed: int = 0, most_parts: int = MOST_PARTS
) -> Attribution:
    """Return how much each word of a text speaks for a label.

    The model is asked about the text without each word alone, and about texts of which random halves of the words are
    left out. Weights w are those of the weighted least squares fit of log odds = base + sum of the w of the words left
    in, under the condition that all of them together give the whole text's log odds: `base + sum(weights) = whole`
    holds to rounding; see `modeling.engine.explain.kernel.fit_parts`.

    Words are runs of letters and digits, and single characters in scripts without spaces; signs belong to nothing and
    stay. A text of more than `most_parts` words is explained by stretches of equally many words.

    Args:
        predict: Texts to probabilities [n, k] (classes or several labels).
        text: Any; one without words has no weights.
        label: The column of the probabilities that is explained.
        seed: Of the random part texts.
        most_parts: The most stretches.
    """
    parts = parts_of(text, most_parts)
    if not parts:
        (odds,) = log_odds(predict([text]), label).tolist()
        return Attribution([], odds, odds, 1.0)

    def ask(kept: Array) -> Array:
        asked = [without(text, [part for part, stays in zip(parts, row, strict=True) if not stays]) for row in kept]
        return log_odds(predict(asked), label)

    found = fit_parts(ask, len(parts), seed)
    named = [Weight(start, end, float(weight)) for (start, end), weight in zip(parts, found.weights, strict=True)]
    return Attribution(named, found.base, found.whole, found.fidelity)


def attribute_span(
    find: Callable[[Sequence[str]], Sequence[Sequence[ScoredSpan]]], text: str, span: ScoredSpan, *, reach: int = 24
) -> list[Weight]:
    """Return how much each word around a found span speaks for it: its score less the score without the word.

    A word is replaced by as many `_` as it has characters, so that the span stays where it is; without it the span's
    score is that of a found span with the same borders and label, 0 where none is found. The span's own words are
    among them. Weights lie in [-1, 1].

    Args:
        find: Texts to found spans.
        text: The text.
        span: One that `find` gives for it.
        reach: Words on either side that are looked at.
    """
    words = [found.span() for found in WORD.finditer(text) if _LETTERS.match(found.group())]
    inside = [number for number, (start, end) in enumerate(words) if start < span.end and end > span.start]
    low = max(0, (inside[0] if inside else 0) - reach)
    near = words[low : (inside[-1] if inside else 0) + reach + 1]
    asked = [text[:start] + "_" * (end - start) + text[end:] for start, end in near]
    weights = []
    for (start, end), found in zip(near, find(asked), strict=True):
        scores = [other.score for other in found if tuple(other[:3]) == (span.start, span.end, span.label)]
        weights.append(Weight(start, end, float(span.score - max(scores, default=0.0))))
    return weights


def parts_of(text: str, most: int) -> list[tuple[int, int]]:
    """Return the words of a text, or stretches of equally many words where there are more than `most`."""
    words = [found.span() for found in WORD.finditer(text) if _LETTERS.match(found.group())]
    if len(words) <= most:
        return words
    cuts = np.linspace(0, len(words), most + 1).round().astype(int).tolist()
    return [(words[low][0], words[high - 1][1]) for low, high in pairwise(cuts)]


def without(text: str, parts: Sequence[tuple[int, int]]) -> str:
    """Return a text without some stretches, ascending; a blank that would stand beside another goes with them."""
    out, at = [], 0
    for start, end in parts:
        out.append(text[at:start])
        at = end
        if text[at : at + 1] == " " and (start == 0 or text[start - 1] == " "):
            at += 1
    return "".join(out) + text[at:]
