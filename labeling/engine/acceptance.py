"""Whether a model whose answers are accepted without people keeps its promise: what a random audit says, at any moment.

An audit is looked at after every answer, and a test made for one look would sooner or later fire by chance. Here the
evidence is a test martingale (Ville 1939; Wald's sequential test with weights, 1945; Robbins, "Statistical methods
related to the law of the iterated logarithm", 1970): a mixture of likelihood ratios that, while the promise holds,
exceeds 1 / alpha with a chance of at most alpha, however often and at whatever moment somebody looks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# What the odds of a wrong answer may be instead, as multiples of those that the target allows. Each weighs the same.
# Fixed beforehand: any choice keeps the promise, and this one finds small and large shortfalls with few answers.
ODDS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
# Chance that a model which keeps its promise is switched off all the same, over the whole life of one setting: one half
# for all rounds together, the other half shared out among single rounds.
ALPHA = 0.05
# An audit of fewer answers could not even tell a model that is right four times in five from one that is always right.
LEAST_AUDIT = 30
# Half the width of the last step when an end of the interval is looked for.
_STEPS = 60


def evidence(right: int, wrong: int, target: float) -> float:
    """Return how much an audit speaks against a precision of at least `target`; 1 is nothing at all.

    While the precision is at least the target, the chance that this ever exceeds x is at most 1 / x.

    Args:
        right: Audited answers that are what people said.
        wrong: Those that are not.
        target: Precision that was promised, above 0 and below 1.
    """
    return math.exp(_log_evidence(right, wrong, 1 - target, ODDS))


def is_below(right: int, wrong: int, target: float, alpha: float = ALPHA / 2) -> bool:
    """Tell whether an audit refutes a precision of at least `target`, wrongly with a chance of at most `alpha`."""
    return _log_evidence(right, wrong, 1 - target, ODDS) >= -math.log(alpha)


def alpha_of_round(number: int) -> float:
    """Return the share of `ALPHA` that the round with this number, from 1, may use up; all of them sum to one half."""
    return ALPHA / 2 / (number * (number + 1))


def interval(right: int, wrong: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Return where the precision lies with 1 - alpha at every moment at once; (0, 1) without answers.

    A confidence sequence: the targets that neither this test nor its mirror image refutes, each at alpha / 2. So the
    upper end lies below a target exactly when `is_below` says so.
    """
    limit = -math.log(alpha / 2)
    fewer = tuple(1 / odds for odds in ODDS)
    most = _crossing(right, wrong, fewer, limit, rising=True)
    return 1 - most, 1 - _crossing(right, wrong, ODDS, limit, rising=False)


def audit_size(accepted: int, *, before: int, audited: int, share: float) -> int:
    """Return how many of the answers that a round would accept go to people all the same.

    Args:
        accepted: Answers that reach the threshold in this round.
        before: Answers that earlier rounds of the same setting accepted or audited.
        audited: How many of those were audited.
        share: Share that is audited, above 0 and at most 1.

    Returns:
        At least that share of the round, and so many more that all rounds together reach the share and `LEAST_AUDIT`.
    """
    owed = max(LEAST_AUDIT, math.ceil(share * (before + accepted))) - audited
    return min(accepted, max(owed, math.ceil(share * accepted)))


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of one round came to.

    Attributes:
        number: Of the round, from 1, since acceptance was switched on.
        right: Audited answers that are what people said.
        wrong: Those that are not.
    """

    number: int
    right: int
    wrong: int


def refuted_by(rounds: list[Audit], target: float) -> int | None:
    """Return which round breaks the promise: its number, 0 for all together, None while none does."""
    right, wrong = sum(each.right for each in rounds), sum(each.wrong for each in rounds)
    if is_below(right, wrong, target):
        return 0
    return next(
        (each.number for each in rounds if is_below(each.right, each.wrong, target, alpha_of_round(each.number))), None
    )


def _log_evidence(right: int, wrong: int, failing: float, odds: tuple[float, ...]) -> float:
    """Return the logarithm of the mean likelihood ratio of other odds of a wrong answer against those of `failing`.

    With odds m times as high a right answer is 1 / (1 + (m - 1) failing) times as likely, and a wrong one m times that.
    """
    terms = [wrong * math.log(m) - (right + wrong) * math.log1p((m - 1) * failing) for m in odds]
    most = max(terms)
    return most + math.log(sum(math.exp(term - most) for term in terms) / len(terms))


def _crossing(right: int, wrong: int, odds: tuple[float, ...], limit: float, *, rising: bool) -> float:
    """Return the share of wrong answers at which the evidence reaches the limit; it rises or falls with that share."""
    low, high = 0.0, 1.0
    at_best = _log_evidence(right, wrong, high if rising else low, odds)
    if at_best < limit:
        return high if rising else low
    for _step in range(_STEPS):
        middle = (low + high) / 2
        if (_log_evidence(right, wrong, middle, odds) >= limit) == rising:
            high = middle
        else:
            low = middle
    return high if rising else low
