"""Scores of tags to scored spans, and the two numbers that held-out texts settle: a bias and a temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.runtime.decoding import TagReader, viterbi
from modeling.engine.bundle.runtime.scheme import OUTSIDE
from modeling.engine.tasks.spans import ScoredSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.bundle.runtime.decoding import Steps
    from modeling.engine.bundle.runtime.scheme import TagScheme
    from modeling.engine.bundle.runtime.words import Words
    from modeling.engine.data import Span

Array = np.ndarray[Any, Any]
# What is taken from the score of no span, in deviations of all scores: a tagger that says nothing when in doubt gains
# recall, and the share that gains F1 differs between sets.
BIASES = (-0.2, 0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
TEMPERATURES = (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)
# Held-out texts, evenly spread, that settle the temperature: one number needs no more, and each is read sixteen times.
MOST_TEXTS = 1000


@dataclass(frozen=True)
class Reading:
    """How the scores of a tagger are read.

    Attributes:
        bias: Taken from the score of OUTSIDE.
        temperature: Scores are divided by it before probabilities are made of them; above 0.
    """

    bias: float = 0.0
    temperature: float = 1.0


def found_spans(
    scores: Array,
    words: Words,
    scheme: TagScheme,
    steps: Steps,
    labels: Sequence[str],
    reading: Reading,
    only: Sequence[int] | None = None,
) -> list[list[ScoredSpan]]:
    """Return the spans of the best legal tags of each text, with their probabilities.

    Args:
        scores: Of all words, float64 [words, tags].
        words: Of the texts.
        scheme: Of the tags.
        steps: What may follow what.
        labels: Names by place.
        reading: How scores are read.
        only: Numbers of the texts to read; all when left out.
    """
    out: list[list[ScoredSpan]] = []
    reader = TagReader(scheme, steps, reading.bias, reading.temperature)
    for text in range(len(words.first) - 1) if only is None else only:
        low, high = int(words.first[text]), int(words.first[text + 1])
        out.append(
            [
                ScoredSpan(int(words.start[low + first]), int(words.end[low + stop - 1]), labels[label], chance)
                for (first, stop, label), chance in reader.read(scores[low:high])
            ]
        )
    return out


def choose_reading(
    scores: Array, words: Words, scheme: TagScheme, steps: Steps, truth: Sequence[Sequence[Span]], labels: Sequence[str]
) -> Reading:
    """Return the bias of the best exact F1 on held-out texts, and then the temperature of the least log-loss of the
    found spans' scores. With no held-out span at all, neither bias nor temperature is changed."""
    if not any(truth):
        return Reading()
    deviation = float(scores.std()) or 1.0
    best: tuple[float, float] | None = None
    for share in BIASES:
        score = _exact_f1(scores, words, scheme, steps, truth, labels, share * deviation)
        # Of equal ones the smaller change.
        if best is None or (score, -abs(share)) > (best[0], -abs(best[1])):
            best = (score, share)
    assert best is not None
    bias = best[1] * deviation
    only = np.linspace(0, len(truth) - 1, min(len(truth), MOST_TEXTS)).round().astype(int).tolist()
    answers = [truth[text] for text in only]
    losses = {}
    for temperature in TEMPERATURES:
        found = found_spans(scores, words, scheme, steps, labels, Reading(bias, temperature), only)
        losses[temperature] = _log_loss(found, answers)
    return Reading(bias, min(losses, key=lambda each: (losses[each], each)))


def _exact_f1(
    scores: Array, words: Words, scheme: TagScheme, steps: Steps, truth: Any, labels: Sequence[str], bias: float
) -> float:
    right = found = 0
    total = sum(len(set(spans)) for spans in truth)
    biased = scores.copy()
    biased[:, OUTSIDE] -= bias
    for text, (low, high) in enumerate(zip(words.first[:-1].tolist(), words.first[1:].tolist(), strict=True)):
        spans = scheme.decode(viterbi(biased[low:high], steps))
        made = {(int(words.start[low + f]), int(words.end[low + s - 1]), labels[label]) for f, s, label in spans}
        right, found = right + len(made & {tuple(span) for span in truth[text]}), found + len(made)
    return 2 * right / (found + total) if found + total else 0.0


def _log_loss(found: Sequence[Sequence[ScoredSpan]], truth: Sequence[Sequence[Span]]) -> float:
    scores = [
        span.score if (span.start, span.end, span.label) in {tuple(other) for other in answer} else 1 - span.score
        for made, answer in zip(found, truth, strict=True)
        for span in made
    ]
    return float(-np.log(np.clip(scores, 1e-6, 1)).mean()) if scores else 0.0
