"""Which model to believe, found out by hiding answers.

A model is as good as it foretells answers that it has not seen: a part of the answers is hidden, the model is fitted to
the rest, and what counts is how probable it made the hidden labels for their items. A likelihood of the whole answer
would not do: a model with a matrix for each person foretells people's habits best, also where it takes the items for
something else.

People who guess agree with each other too, so that foretelling them proves nothing. Where a share g of all answers are
guesses (by `crowd.mace`), two answers are both guesses with probability g²; to this extent hidden answers are weighed
by the competence of the person who gave them.

The one-coin model is kept unless one of the richer ones is better by more than chance, item by item. Richer models that
cannot be told apart are both believed: their probabilities are averaged. The two bounds were set with the public
sets of docs/reference/agreement-and-consensus.md at hand.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from labeling.engine.crowd import dawid_skene, mace, votes
from labeling.engine.crowd.fitting import Answers, Fit
from labeling.engine.ratings import Codes, Floats, Ratings, sums

SIMPLE = "one-coin"
RICH: dict[str, Callable[[Answers], Fit]] = {"dawid-skene": dawid_skene.dawid_skene, "mace": mace.mace}
BOTH = "dawid-skene+mace"
# Items with three answers or more, below which nothing can be learned of people: the vote is kept.
LEAST_ITEMS = 20
PARTS = 5
# Hidden answers that are enough to tell models apart; a small set is parted anew until so many were hidden.
ENOUGH = 15_000
MOST_PARTINGS = 5
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
    """The model that was chosen, with all that were tried; none where there was nothing to choose from."""

    method: str
    trials: tuple[Trial, ...] = ()


def choose(ratings: Ratings, seed: int = 0) -> Choice:
    """Return the model for these answers: a name of `consensus.METHODS`, or `BOTH`.

    The vote is kept where fewer than `LEAST_ITEMS` items have three answers: of two that differ nothing tells who is
    right, and a handful of items says nothing of people.

    Args:
        ratings: What was answered.
        seed: Which answers are hidden.
    """
    labels = len(ratings.labels)
    if labels < 2 or int((ratings.answers_of_items() > 2).sum()) < LEAST_ITEMS:
        return Choice("majority")
    names = [name for name in RICH if name != "dawid-skene" or dawid_skene.fits(Answers(ratings))]
    found: dict[str, list[Floats]] = {name: [] for name in (SIMPLE, *names)}
    competence: list[Floats] = []
    hidden: list[Codes] = []
    for part, rest in _parts(ratings, seed):
        found[SIMPLE].append(_foretold(votes.one_coin(rest), rest, ratings, part))
        for name in names:
            fit = RICH[name](rest)
            found[name].append(_foretold(fit, rest, ratings, part))
            if fit.competence is not None:
                competence.append(fit.competence[ratings.person[part]])
        hidden.append(part)
    if not hidden:
        return Choice("majority")
    weight = _weights(np.concatenate(competence))
    item = ratings.item[np.concatenate(hidden)]
    return _best({name: np.concatenate(parts) for name, parts in found.items()}, item, weight)


def _parts(ratings: Ratings, seed: int) -> Iterator[tuple[Codes, Answers]]:
    """Give places of hidden answers with the answers that are left."""
    random = np.random.default_rng(seed)
    done = 0
    for _parting in range(MOST_PARTINGS):
        part = random.integers(0, PARTS, len(ratings))
        for number in range(PARTS):
            chosen = part == number
            if not chosen.any() or chosen.all():
                continue
            yield np.flatnonzero(chosen), Answers(ratings.only(~chosen))
            done += int(chosen.sum())
            if done >= ENOUGH:
                return


def _foretold(fit: Fit, rest: Answers, ratings: Ratings, part: Codes) -> Floats:
    """Return how probable the hidden labels were; for an item without other answers, by the share of the label."""
    seen = rest.votes.sum(1) > 0
    usual = fit.posterior[seen].mean(0)
    item, label = ratings.item[part], ratings.label[part]
    return np.where(seen[item], fit.posterior[item, label], usual[label])


def _weights(competence: Floats) -> Floats:
    known = float(competence.mean())
    guessed = (1 - known) ** 2
    return (1 - guessed) + guessed * competence / max(known, 1e-9)


def _best(found: dict[str, Floats], item: Codes, weight: Floats) -> Choice:
    leads = {name: _lead(foretold - found[SIMPLE], item, weight) for name, foretold in found.items()}
    trials = tuple(Trial(name, float((weight * foretold).mean()), leads[name]) for name, foretold in found.items())
    rich = [name for name in found if name != SIMPLE]
    if max(leads[name] for name in rich) <= BETTER:
        return Choice(SIMPLE, trials)
    if len(rich) == 1:
        return Choice(rich[0], trials)
    ahead = _lead(found[rich[0]] - found[rich[1]], item, weight)
    if abs(ahead) < CLEARLY:
        return Choice(BOTH, trials)
    return Choice(rich[0] if ahead > 0 else rich[1], trials)


def _lead(difference: Floats, item: Codes, weight: Floats) -> float:
    """Return the sum of weighed differences in standard errors; answers of one item are not independent."""
    by_item = sums(item, weight * difference, 0)
    spread = float(np.sqrt((by_item**2).sum()))
    return float(by_item.sum()) / spread if spread > 0 else 0.0
