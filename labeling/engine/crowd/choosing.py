"""Which model to believe, found out by hiding answers.

A model is as good as it foretells answers that it has not seen: what counts is how probable it made the hidden labels
for their items. A likelihood of the whole answer would not do: a model with a matrix for each person foretells people's
habits best, also where it takes the items for something else.

People who guess agree with each other too, so that foretelling them proves nothing. Where a share g of all answers are
guesses (by `crowd.mace`), two answers are both guesses with probability g²; to this extent hidden answers are weighed
by the competence of the person who gave them.

The one-coin model is kept unless a matrix for each person, or competence and habit, is better by more than chance, item
by item; of these the matrices are taken unless the other is clearly better. Where neither is any better, guessers are
not what misleads, but people may still err together, which the model with several kinds of item knows; there all hidden
answers count alike. The bounds were set with the public sets of docs/reference/agreement-and-consensus.md at hand.
"""

from dataclasses import dataclass

import numpy as np

from labeling.engine.crowd import dawid_skene, kinds, mace, votes
from labeling.engine.crowd.fitting import Answers
from labeling.engine.crowd.hiding import (
    Foretold,
    Model,
    best_temperature,
    can_be_learned,
    foretell,
    pairs_can_be_learned,
)
from labeling.engine.ratings import Codes, Floats, Ratings, sums

SIMPLE, MATRICES, HABITS, KINDS = "one-coin", "dawid-skene", "mace", "kinds"
# Standard errors by which a model must foretell better than one-coin (one-sided 75 %), by which kinds of item must
# (97.5 %), and by which habits are clearly better than matrices (99.9 %).
BETTER, SURELY, CLEARLY = 0.7, 2.0, 3.0


@dataclass(frozen=True, slots=True)
class Trial:
    """How well a model foretold hidden answers.

    Attributes:
        method: The model.
        score: Mean probability of the hidden labels, weighed as above; 0 to 1, more is better.
        lead: By how many standard errors it is better than one-coin; negative where it is worse.
    """

    method: str
    score: float
    lead: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that was chosen.

    Attributes:
        method: Its name.
        trials: All that were tried; none where there was nothing to choose from.
        temperature: By which power its probabilities are to be taken down: see `hiding.best_temperature`.
    """

    method: str
    trials: tuple[Trial, ...] = ()
    temperature: float = 1.0


def choose(ratings: Ratings, seed: int = 0) -> Choice:
    """Return the model for these answers.

    Where too few items have three answers, hidden ones cannot tell models apart: one-coin is taken where enough have
    two, and the vote is kept else, since a handful of items says nothing of people.

    Args:
        ratings: What was answered.
        seed: Which answers are hidden.
    """
    if not can_be_learned(ratings):
        if not pairs_can_be_learned(ratings):
            return Choice("majority")
        return Choice(SIMPLE, (), best_temperature(foretell(ratings, {SIMPLE: votes.one_coin}, seed).models[SIMPLE]))
    models: dict[str, Model] = {SIMPLE: votes.one_coin, HABITS: mace.mace}
    if dawid_skene.fits(Answers(ratings)):
        models[MATRICES] = dawid_skene.dawid_skene
    hidden = foretell(ratings, models, seed)
    weight, item = _weights(hidden.competence), ratings.item[hidden.place]
    said = hidden.models
    method = _best(said, item, weight)
    if method == SIMPLE and kinds.fits(Answers(ratings)):
        said = {**said, **foretell(ratings, {KINDS: kinds.kinds}, seed).models}
        if _lead(said, KINDS, SIMPLE, item, np.ones(len(item))) > SURELY:
            method = KINDS
    trials = tuple(
        Trial(name, float((weight * one.of_label).mean()), _lead(said, name, SIMPLE, item, weight))
        for name, one in said.items()
    )
    return Choice(method, trials, best_temperature(said[method]))


def _weights(competence: Floats) -> Floats:
    known = float(competence.mean())
    guessed = (1 - known) ** 2
    return (1 - guessed) + guessed * competence / max(known, 1e-9)


def _best(said: dict[str, Foretold], item: Codes, weight: Floats) -> str:
    rich = [name for name in (MATRICES, HABITS) if name in said]
    if max(_lead(said, name, SIMPLE, item, weight) for name in rich) <= BETTER:
        return SIMPLE
    if len(rich) == 1 or _lead(said, HABITS, MATRICES, item, weight) > CLEARLY:
        return HABITS
    return MATRICES


def _lead(said: dict[str, Foretold], one: str, other: str, item: Codes, weight: Floats) -> float:
    """Return by how many standard errors one model foretells better; answers of one item are not independent."""
    by_item = sums(item, weight * (said[one].of_label - said[other].of_label), 0)
    spread = float(np.sqrt((by_item**2).sum()))
    return float(by_item.sum()) / spread if spread > 0 else 0.0
