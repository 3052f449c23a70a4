"""One label out of the votes of many rules: an independent model with a class for each label, fitted by EM.

After Dawid and Skene 1979, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", and the
generative model of Ratner et al. 2017, "Snorkel: Rapid Training Data Creation with Weak Supervision". A rule votes for
one label only, so what tells classes apart is how often it votes on each, and silence tells something too. Prior counts
hold every rule near an accuracy of `PRIOR_ACCURACY`: without them EM may take any two correlated rules for a class.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.engine.rules.votes import ABSTAIN

# Weight of the prior beside the texts, as a share of them. Over random choices of rules (bench/labeling_rules.py), a
# share of 2 gains 0.5 points of accuracy on the majority of rules on messages and 0.2 on reviews, and never loses more
# than 0.9. A tenth of that gains twice as much, but loses up to fifteen on reviews, where EM takes another way to split
# the texts for the labels. So it is 2, or the best of SHARES on labels that people gave.
PRIOR_SHARE = 2.0
SHARES = (2.0, 0.2, 0.05, 0.005)
# With fewer known labels on texts that rules hit, chance would choose.
LEAST_KNOWN = 30
PRIOR_ACCURACY = 0.9
BALANCE_SHARE = 0.01
MOST_ROUNDS = 200
ENOUGH = 1e-6
LEAST_RATE, HIGHEST_RATE = 1e-4, 0.9999


@dataclass(frozen=True, slots=True)
class LabelModel:
    """The fitted model of m rules and k classes.

    Attributes:
        labels: The label of each class; the last is `ABSTAIN` when there are labels that no rule votes for.
        balance: Share of each class among texts on which some rule votes, [k].
        rates: How often a rule votes on texts of a class, [k, m].
        own: Place of the class that each rule votes for, [m].
        rounds: Of EM.
    """

    labels: NDArray[np.int16]
    balance: NDArray[np.float64]
    rates: NDArray[np.float64]
    own: NDArray[np.int64]
    rounds: int

    def probabilities(self, votes: NDArray[np.int16]) -> NDArray[np.float64]:
        """Return the probability of each class for each text, [n, k]; on texts without votes they mean nothing."""
        return _posterior((votes != ABSTAIN).astype(np.float64), self.balance, self.rates)

    def accuracies(self) -> NDArray[np.float64]:
        """Return the share of a rule's votes that is right by the model, [m]."""
        joint = self.balance[:, None] * self.rates
        return np.asarray(joint[self.own, np.arange(len(self.own))] / joint.sum(axis=0))


@dataclass(frozen=True, slots=True)
class Labeled:
    """What a model says of n texts.

    Attributes:
        labels: The likeliest label, int16 [n]; `ABSTAIN` where no rule votes or none of their labels is likeliest.
        confidence: Probability of the label, 0 to 1, 0 where there is none, float64 [n].
    """

    labels: NDArray[np.int16]
    confidence: NDArray[np.float64]


def fit_label_model(
    votes: NDArray[np.int16],
    rule_labels: NDArray[np.int16],
    labels: int,
    known: NDArray[np.int16] | None = None,
    times: NDArray[np.int64] | None = None,
) -> LabelModel:
    """Fit the model to votes; equal votes and known labels are counted together, so many texts cost little.

    Args:
        votes: Of m rules on n texts, int16 [n, m].
        rule_labels: The label that each rule votes for, int16 [m].
        labels: How many labels there are, whether rules vote for them or not.
        known: Labels that people gave, `ABSTAIN` elsewhere, int16 [n]; they hold the model to the truth.
        times: How many texts each row stands for, int64 [n]; one when left out.
    """
    voted = np.unique(rule_labels)
    names = np.append(voted, ABSTAIN).astype(np.int16) if len(voted) < labels else voted
    given = np.full(len(votes), ABSTAIN, np.int16) if known is None else known
    some = (votes != ABSTAIN).any(axis=1)
    each = np.ones(len(votes), np.int64) if times is None else times
    rows, counts = _patterns(votes[some], given[some], each[some])
    fired, truth = rows[:, :-1].astype(np.float64), rows[:, -1].astype(np.int16)
    own = names[:, None] == rule_labels[None, :]
    share = _best_share(fired, counts, truth, names, own)
    return _em(fired, counts, truth, names, own, share)


def _best_share(
    fired: NDArray[np.float64],
    counts: NDArray[np.float64],
    truth: NDArray[np.int16],
    names: NDArray[np.int16],
    own: NDArray[np.bool_],
) -> float:
    """Return the weight of the prior under which known labels are likeliest, of models that were not told them."""
    told = truth != ABSTAIN
    if counts[told].sum() < LEAST_KNOWN:
        return PRIOR_SHARE
    is_class = _held(np.zeros((len(truth), len(names))), truth, names)
    losses = []
    for share in SHARES:
        model = _em(fired, counts, np.full_like(truth, ABSTAIN), names, own, share)
        chances = (_posterior(fired[told], model.balance, model.rates) * is_class[told]).sum(axis=1)
        losses.append(-float(counts[told] @ np.log(np.maximum(chances, LEAST_RATE))))
    return SHARES[int(np.argmin(losses))]


def label_texts(model: LabelModel, votes: NDArray[np.int16]) -> Labeled:
    """Return the likeliest label of each text on which some rule votes."""
    patterns, inverse = np.unique(votes != ABSTAIN, axis=0, return_inverse=True)
    chances = _posterior(patterns.astype(np.float64), model.balance, model.rates)
    best = chances.argmax(axis=1)
    labels, sure = model.labels[best], chances[np.arange(len(best)), best]
    labels = np.where(patterns.any(axis=1), labels, ABSTAIN).astype(np.int16)
    place = inverse.reshape(-1)
    return Labeled(labels[place], np.where(labels != ABSTAIN, sure, 0.0)[place])


def _patterns(
    votes: NDArray[np.int16], known: NDArray[np.int16], times: NDArray[np.int64]
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Return each different row of what rules hit and people said, and how often it is there."""
    rows = np.column_stack([votes != ABSTAIN, known]).astype(np.int16)
    different, inverse = np.unique(rows, axis=0, return_inverse=True)
    return different, np.bincount(inverse.reshape(-1), times, len(different)).astype(np.float64)


def _start(
    fired: NDArray[np.float64], own: NDArray[np.bool_], truth: NDArray[np.int16], names: NDArray[np.int16]
) -> NDArray[np.float64]:
    """Return the shares of votes as first guess of the classes, [rows, k]."""
    shares = fired @ own.T.astype(np.float64) + 1e-3
    return _held(shares / shares.sum(axis=1, keepdims=True), truth, names)


def _held(chances: NDArray[np.float64], truth: NDArray[np.int16], names: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the classes with those of known labels as they are; a known label that no rule votes for is the last."""
    told = truth != ABSTAIN
    if told.any():
        is_class = names[None, :] == truth[told, None]
        is_class[~is_class.any(axis=1), -1] = True
        chances[told] = is_class
    return chances


def _em(
    fired: NDArray[np.float64],
    counts: NDArray[np.float64],
    truth: NDArray[np.int16],
    names: NDArray[np.int16],
    own: NDArray[np.bool_],
    share: float,
) -> LabelModel:
    chances = _start(fired, own, truth, names)
    classes, texts = len(names), max(1.0, float(counts.sum()))
    usual = counts @ fired / texts
    others = (1 - PRIOR_ACCURACY) / max(1, classes - 1)
    expected = np.clip(np.where(own, PRIOR_ACCURACY, others) * classes * usual, LEAST_RATE, 0.95)
    weight, even = share * texts / classes, BALANCE_SHARE * texts / classes
    rounds = 0
    while True:
        mass = counts[:, None] * chances
        sizes = mass.sum(axis=0)
        rates = (mass.T @ fired + weight * expected) / (sizes[:, None] + weight)
        rates = np.clip(rates, LEAST_RATE, HIGHEST_RATE)
        balance = (sizes + even) / (sizes + even).sum()
        rounds += 1
        found = _held(_posterior(fired, balance, rates), truth, names)
        moved = float(np.abs(found - chances).max(initial=0.0))
        chances = found
        if moved < ENOUGH or rounds == MOST_ROUNDS:
            return LabelModel(names, balance, rates, own.argmax(axis=0), rounds)


def _posterior(
    fired: NDArray[np.float64], balance: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability of each class, [n, k], of texts that rules hit, 0 or 1 [n, m]."""
    silent = np.log1p(-rates)
    logs = np.log(balance) + silent.sum(axis=1) + fired @ (np.log(rates) - silent).T
    logs -= logs.max(axis=1, keepdims=True)
    chances = np.exp(logs)
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
