"""What rules say of texts: votes, how many texts each hits, where they overlap and where they contradict each other."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeling.engine.rules.kinds import Kind, RuleTooSlow

ABSTAIN = -1
# A rule that is slow on every text is stopped as well as one that hangs on one: 1 ms of processor a text is a hundred
# times what a good rule takes. Wall time would blame a rule for what else the machine does.
SECONDS_EACH = 1e-3
LEAST_SECONDS = 2.0
TEXTS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and the label that it votes for, 0 to k - 1."""

    name: str
    label: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Stopped:
    """A rule that was stopped: its place among the rules, and the text that it hung on (-1: slow on all)."""

    rule: int
    text: int


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes of m rules on n texts.

    Attributes:
        votes: The label that a rule votes for, or `ABSTAIN`, int16 [n, m].
        stopped: Rules that were stopped; they abstain on all texts.
    """

    votes: NDArray[np.int16]
    stopped: tuple[Stopped, ...]


def cast_votes(
    rules: Sequence[Rule], texts: Sequence[str], *, progress: Callable[[int, int], None] | None = None
) -> Votes:
    """Ask every rule about every text. A rule that takes too long is stopped and named, and the others go on.

    Args:
        rules: The rules.
        texts: The texts.
        progress: Called with (looked at, in all) every few thousand texts of a rule; what it raises ends the whole.
    """
    votes = np.full((len(texts), len(rules)), ABSTAIN, np.int16)
    stopped = []
    limit = max(LEAST_SECONDS, SECONDS_EACH * len(texts))
    for number, rule in enumerate(rules):
        hit = _hits(rule, texts, limit, number, progress, len(rules))
        if isinstance(hit, Stopped):
            stopped.append(hit)
        else:
            votes[hit, number] = rule.label
    return Votes(votes, tuple(stopped))


def _hits(
    rule: Rule,
    texts: Sequence[str],
    limit: float,
    number: int,
    progress: Callable[[int, int], None] | None,
    rules: int,
) -> NDArray[np.bool_] | Stopped:
    matcher = rule.kind.matcher()
    hit = np.zeros(len(texts), bool)
    began = time.thread_time()
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        block = texts[start : start + TEXTS_AT_ONCE]
        place = start
        try:
            for place, text in enumerate(block, start):
                hit[place] = matcher(text)
        except RuleTooSlow:
            return Stopped(number, place)
        if time.thread_time() - began > limit:
            return Stopped(number, -1)
        if progress is not None:
            progress(number * len(texts) + place + 1, rules * len(texts))
    return hit


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What a rule does on n texts; shares are of all n, 0 to 1.

    Attributes:
        hits: Texts on which it votes.
        coverage: Their share.
        overlap: Share of texts on which another rule votes too.
        conflict: Share of texts on which another rule votes for another label.
        judged: Texts on which it votes and whose label is known.
        right: How many of these have the label it votes for.
    """

    hits: int
    coverage: float
    overlap: float
    conflict: float
    judged: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Share of known labels that it votes for, 0 to 1; None where none is known."""
        return self.right / self.judged if self.judged else None

    def to_json(self) -> dict[str, Any]:
        """Return the figures by name."""
        return {
            "hits": self.hits,
            "coverage": self.coverage,
            "overlap": self.overlap,
            "conflict": self.conflict,
            "judged": self.judged,
            "accuracy": self.accuracy,
        }


def figures(
    votes: NDArray[np.int16], known: NDArray[np.int16] | None = None, times: NDArray[np.int64] | None = None
) -> list[RuleFigures]:
    """Return what each rule does.

    Args:
        votes: Of m rules on n texts, int16 [n, m].
        known: True labels, `ABSTAIN` where there is none, int16 [n].
        times: How many texts each row stands for, int64 [n]; one when left out.
    """
    each = np.ones(len(votes), np.int64) if times is None else times
    truth = np.full(len(votes), ABSTAIN, np.int16) if known is None else known
    texts = max(1, int(each.sum()))
    voted = votes != ABSTAIN
    several, torn = voted.sum(axis=1) > 1, torn_texts(votes)
    rows = []
    for number in range(votes.shape[1]):
        hit = voted[:, number]
        told = hit & (truth != ABSTAIN)
        hits = int(each[hit].sum())
        rows.append(
            RuleFigures(
                hits,
                hits / texts,
                int(each[hit & several].sum()) / texts,
                # Where labels differ, every rule that votes has one that votes for another label.
                int(each[hit & torn].sum()) / texts,
                int(each[told].sum()),
                int(each[told & (votes[:, number] == truth)].sum()),
            )
        )
    return rows


def torn_texts(votes: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Return on which texts rules vote for different labels, bool [n]."""
    if not votes.shape[1]:
        return np.zeros(len(votes), bool)
    voted = votes != ABSTAIN
    least = np.where(voted, votes, np.iinfo(np.int16).max).min(axis=1)
    return np.asarray(voted.any(axis=1) & (least != votes.max(axis=1)))


def majority_votes(votes: NDArray[np.int16], labels: int) -> NDArray[np.int16]:
    """Return the label that most rules vote for, `ABSTAIN` where none votes or two labels lead together, int16 [n]."""
    counts = np.stack([(votes == label).sum(axis=1) for label in range(labels)], axis=1)
    most = counts.max(axis=1)
    clear = (most > 0) & ((counts == most[:, None]).sum(axis=1) == 1)
    return np.where(clear, counts.argmax(axis=1), ABSTAIN).astype(np.int16)
