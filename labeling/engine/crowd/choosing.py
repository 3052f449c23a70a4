"""Which model to believe, found out by hiding answers.

A model is as good as it foretells answers that it has not seen: what counts is how probable it made the hidden labels
for their items. A likelihood of the whole answer would not do: a model with a matrix for each person foretells people's
habits best, also where it takes the items for something else.

People who guess agree with each other too, so that foretelling them proves nothing. Where a share g of all answers are
guesses (by `crowd.mace`), two answers are both guesses with probability g²; to this extent hidden answers are weighed
by the competence of the person who gave them.

The one-coin model is kept unless one of the richer ones is better by more than chance, item by item. Richer models that
cannot be told apart are both believed: their probabilities are averaged. The two bounds were set with the public sets
of docs/reference/agreement-and-consensus.md at hand.
"""

from dataclasses import dataclass

import numpy as np

from labeling.engine.crowd import dawid_skene, mace, votes
from labeling.engine.crowd.fitting import Answers
from labeling.engine.crowd.hiding import Foretold, Model, best_temperature, can_be_learned, foretell
from labeling.engine.ratings import Codes, Floats, Ratings, sums

SIMPLE = "one-coin"
RICH: dict[str, Model] = {"dawid-skene": dawid_skene.dawid_skene, "mace": mace.mace}
BOTH = "dawid-skene+mace"
# Standard errors by which a richer model must foretell better than one-coin (one-sided 75 %), and beyond which
# one of two richer ones is believed alone (99.9 %).
BETTER, CLEARLY = 0.7, 3.0


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
        method: Its name, or `BOTH`.
        trials: All that were tried; none where there was nothing to choose from.
        temperature: By which power its probabilities are to be taken down: see `hiding.best_temperature`.
    """

    method: str
    trials: tuple[Trial, ...] = ()
    temperature: float = 1.0


def choose(ratings: Ratings, seed: int = 0) -> Choice:
    """Return the model for these answers.

    The vote is kept where too few items have three answers: of two that differ nothing tells who is right, and a
    handful of items says nothing of people.

    Args:
        ratings: What was answered.
        seed: Which answers are hidden.
    """
    if not can_be_learned(ratings):
        return Choice("majority")
    rich = {name: one for name, one in RICH.items() if name != "dawid-skene" or dawid_skene.fits(Answers(ratings))}
    hidden = foretell(ratings, {SIMPLE: votes.one_coin, **rich}, seed)
    weight = _weights(hidden.competence)
    item, models = ratings.item[hidden.place], hidden.models
    trials = tuple(_trial(name, models, item, weight) for name in models)
    method = _best(trials, models, item, weight)
    chosen = models["dawid-skene"].with_(models["mace"]) if method == BOTH else models[method]
    return Choice(method, trials, best_temperature(chosen))


def _weights(competence: Floats) -> Floats:
    known = float(competence.mean())
    guessed = (1 - known) ** 2
    return (1 - guessed) + guessed * competence / max(known, 1e-9)


def _trial(name: str, models: dict[str, Foretold], item: Codes, weight: Floats) -> Trial:
    lead = _lead(models[name].of_label - models[SIMPLE].of_label, item, weight)
    return Trial(name, float((weight * models[name].of_label).mean()), lead)


def _best(trials: tuple[Trial, ...], models: dict[str, Foretold], item: Codes, weight: Floats) -> str:
    rich = [trial for trial in trials if trial.method != SIMPLE]
    if max(trial.lead for trial in rich) <= BETTER:
        return SIMPLE
    if len(rich) == 1:
        return rich[0].method
    one, other = rich[0].method, rich[1].method
    ahead = _lead(models[one].of_label - models[other].of_label, item, weight)
    if abs(ahead) < CLEARLY:
        return BOTH
    return one if ahead > 0 else other


def _lead(difference: Floats, item: Codes, weight: Floats) -> float:
    """Return the sum of weighed differences in standard errors; answers of one item are not independent."""
    by_item = sums(item, weight * difference, 0)
    spread = float(np.sqrt((by_item**2).sum()))
    return float(by_item.sum()) / spread if spread > 0 else 0.0
