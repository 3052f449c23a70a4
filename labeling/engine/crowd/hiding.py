"""What a model makes of answers that it has not seen: a part is hidden, and the model is fitted to the rest."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from labeling.engine.crowd.fitting import Answers, Fit
from labeling.engine.ratings import Codes, Floats, Ratings

Model = Callable[[Answers], Fit]
# Items with three answers or more, below which nothing can be learned of people.
LEAST_ITEMS = 20
# Items with two answers from which it shows how far each person can be believed, as long as it is three people or more.
# Of 26 public sets cut down to two answers an item and to 20, 40, 100 and 300 items, the one-coin model was better than
# the vote by 2.5, 3.1, 3.3 and 4.4 points on average (bench/consensus.py --two).
LEAST_PAIRS, LEAST_PEOPLE = 40, 3
PARTS = 5
# Hidden answers that are enough to tell models apart; a small set is parted anew until so many were hidden.
ENOUGH = 15_000
MOST_PARTINGS = 5
# By how much a model may be overconfident: the power that its probabilities are taken down by.
TEMPERATURES = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.3, 8.0)


@dataclass(frozen=True, slots=True)
class Foretold:
    """What a model says of hidden answers.

    Attributes:
        belief: How probable each label is for the item of each hidden answer, without it; shape (hidden, labels).
        said: How probable the person gives this answer's label for each true label; shape (hidden, labels).
        label: The labels that were hidden; shape (hidden,).
        seen: Whether the item has other answers.
    """

    belief: Floats
    said: Floats
    label: Codes
    seen: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def of_label(self) -> Floats:
        """Return how probable the hidden labels were for their items; shape (hidden,)."""
        found: Floats = self.belief[np.arange(len(self.label)), self.label]
        return found


@dataclass(frozen=True, slots=True)
class Hidden:
    """Hidden answers and what each model says of them.

    Attributes:
        place: Places of the hidden answers; one may be hidden more than once.
        models: What each model says.
        competence: Of the person of each hidden answer, by the models that know it; ones where none does.
    """

    place: Codes
    models: dict[str, Foretold]
    competence: Floats


def can_be_learned(ratings: Ratings) -> bool:
    """Tell whether there are items enough to learn anything of people."""
    return len(ratings.labels) > 1 and int((ratings.answers_of_items() > 2).sum()) >= LEAST_ITEMS


def pairs_can_be_learned(ratings: Ratings) -> bool:
    """Tell whether items with two answers say how far each person can be believed.

    Of two people who differ nothing tells who is right. Of three or more, each of whom answered with several others,
    whoever differs from most of them is wrong more often.
    """
    shared = ratings.answers_of_items() > 1
    people = len(np.unique(ratings.person[shared[ratings.item]]))
    return len(ratings.labels) > 1 and people >= LEAST_PEOPLE and int(shared.sum()) >= LEAST_PAIRS


def foretell(ratings: Ratings, models: Mapping[str, Model], seed: int = 0) -> Hidden:
    """Return what models say of hidden answers.

    Args:
        ratings: What was answered; see `can_be_learned`.
        models: Names and models.
        seed: Which answers are hidden.
    """
    found: dict[str, list[Foretold]] = {name: [] for name in models}
    places, competence = [], []
    for place, rest in _parts(ratings, seed):
        known = np.ones(len(place))
        for name, model in models.items():
            fit = model(rest)
            found[name].append(_foretold(fit, rest, ratings, place))
            if fit.competence is not None:
                known = fit.competence[ratings.person[place]]
        competence.append(known)
        places.append(place)
    joined = {name: _joined(parts) for name, parts in found.items()}
    return Hidden(np.concatenate(places), joined, np.concatenate(competence))


def tempered(posterior: Floats, temperature: float) -> Floats:
    """Return probabilities taken down by a power; the order of the labels stays."""
    if temperature == 1 or not posterior.size:
        return posterior
    powers = (posterior / posterior.max(1, keepdims=True)) ** (1 / temperature)
    tamed: Floats = powers / powers.sum(1, keepdims=True)
    return tamed


def best_temperature(foretold: Foretold) -> float:
    """Return the temperature at which hidden answers are likeliest: an overconfident model is surprised too often.

    Models take the answers of different people as independent. They are not, so that what they are sure of is wrong
    more often than they say; the truth is not needed to see it.
    """
    belief, said = foretold.belief[foretold.seen], foretold.said[foretold.seen]
    likelihoods = [
        float(np.log(np.maximum((tempered(belief, one) * said).sum(1), 1e-12)).sum()) for one in TEMPERATURES
    ]
    return TEMPERATURES[int(np.argmax(likelihoods))]


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


def _foretold(fit: Fit, rest: Answers, ratings: Ratings, place: Codes) -> Foretold:
    """Return what a fit says; of an item without other answers, the share of each label among all."""
    has = rest.votes.sum(1) > 0
    item, person, label = ratings.item[place], ratings.person[place], ratings.label[place]
    belief = np.where(has[item][:, None], fit.posterior[item], fit.posterior[has].mean(0))
    said = fit.said(person, label) if fit.said is not None else np.ones_like(belief)
    return Foretold(belief, said, label, has[item])


def _joined(parts: list[Foretold]) -> Foretold:
    return Foretold(
        np.concatenate([one.belief for one in parts]),
        np.concatenate([one.said for one in parts]),
        np.concatenate([one.label for one in parts]),
        np.concatenate([one.seen for one in parts]),
    )
