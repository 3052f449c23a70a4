"""Texts with labeled spans changed by a policy: every span is carried through every edit."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curation.engine.augment.edits import Edit, Place, carried, fitting
from curation.engine.augment.learnt import Learnt
from curation.engine.augment.policy import TEXT, Policy, PolicyStep
from curation.engine.augment.texts.base import TextAugmentation
from curation.engine.augment.texts.table import TEXTS
from curation.engine.augment.words import Words

# Longer texts are documents that nobody reads whole; each step costs some microseconds a word.
LONGEST = 1_000_000
Span = Mapping[str, Any]


class SpansError(ValueError):
    """Spans that do not lie in their text, or quote another one."""


@dataclass(frozen=True, slots=True)
class StepEdits:
    """What one step of a policy changed.

    Attributes:
        use: The step.
        edits: In order; offsets are those of the text that the step got.
    """

    use: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class AugmentedText:
    """A changed text.

    Attributes:
        text: The text.
        spans: The spans in it, in their old order, with all their other keys; ``text`` quotes the new text.
        edits: What each step changed, in order; empty when nothing was.
    """

    text: str
    spans: list[dict[str, Any]] = field(default_factory=list)
    edits: list[StepEdits] = field(default_factory=list)


def rng_of(*parts: Any) -> np.random.Generator:
    """Return a generator whose draws depend on the parts alone."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def augment_text(
    text: str, spans: Sequence[Span], policy: Policy, seed: Any, learnt: Learnt | None = None
) -> AugmentedText:
    """Change a text by the steps of a policy; equal arguments give an equal text.

    Args:
        text: At most 1,000,000 code points; an empty one, or a longer one, stays as it is.
        spans: Each with ``start`` and ``end`` in code points, end exclusive, and whatever else it says.
        policy: Of texts.
        seed: Anything that has one spelling; with the policy's seed it decides the draws.
        learnt: What `learn` returned, for policies with steps that learn.

    Raises:
        SpansError: A span lies outside of the text, or quotes another stretch.
        ValueError: The policy is not one of texts, or a step was not given what it learns.
    """
    if policy.kind != TEXT:
        raise ValueError("this policy changes pictures; a text needs one of texts")
    places = places_of(text, spans)
    made: list[StepEdits] = []
    if text.strip() and len(text) <= LONGEST:
        for number, step in enumerate(policy.steps):
            rng = rng_of(policy.seed, seed, number, step.use)
            if rng.random() < step.chance:
                text, places, edits = apply_step(text, places, step, rng, learnt or Learnt())
                if edits:
                    made.append(StepEdits(step.use, tuple(edits)))
    return AugmentedText(text, [_span(row, place, text) for row, place in zip(spans, places, strict=True)], made)


def apply_step(
    text: str, places: Sequence[Place], step: PolicyStep, rng: np.random.Generator, learnt: Learnt
) -> tuple[str, list[Place], list[Edit]]:
    """Return text and spans behind one step, and the edits that it made."""
    augmentation: TextAugmentation = TEXTS[step.use](dict(step.settings))
    words = Words(text, places, bool(augmentation.given["inside_spans"]))
    if not words.places:
        return text, list(places), []
    return carried(text, places, fitting(text, augmentation.propose(words, rng, learnt), words.borders))


def places_of(text: str, spans: Sequence[Span]) -> list[Place]:
    """Return start and end of each span.

    Raises:
        SpansError: A span lies outside of the text, is empty, or quotes another stretch.
    """
    found = []
    for number, span in enumerate(spans, 1):
        start, end = span.get("start"), span.get("end")
        if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
            raise SpansError(f"span {number} reaches from {start!r} to {end!r}; the text has {len(text)} characters")
        quote = span.get("text")
        if isinstance(quote, str) and quote != text[start:end]:
            raise SpansError(f"span {number} quotes {quote[:40]!r}, where the text reads {text[start:end][:40]!r}")
        found.append((start, end))
    return found


def _span(row: Span, place: Place, text: str) -> dict[str, Any]:
    moved = {**row, "start": place[0], "end": place[1]}
    return {**moved, "text": text[place[0] : place[1]]} if isinstance(row.get("text"), str) else moved


@dataclass(frozen=True, slots=True)
class TextAugmenter:
    """Changes texts on their way into a training; deterministic in seed, row and epoch.

    Attributes:
        policy: Of texts.
        seed: Of the training.
        learnt: What `learn` returned for the training part.
    """

    policy: Policy
    seed: int = 0
    learnt: Learnt = field(default_factory=Learnt)

    def __call__(
        self, text: str, spans: Sequence[Span] = (), *, row: int, epoch: int = 0
    ) -> tuple[str, list[dict[str, Any]]]:
        """Return the text and its spans as they are for this row in this epoch."""
        found = augment_text(text, spans, self.policy, f"{self.seed}/{row}/{epoch}", self.learnt)
        return found.text, found.spans
