"""One label for each item out of all answers, with a confidence: by a model that is named or chosen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labeling.engine.crowd.choosing import Choice, choose
from labeling.engine.crowd.dawid_skene import dawid_skene
from labeling.engine.crowd.fitting import Answers, Fit
from labeling.engine.crowd.glad import glad
from labeling.engine.crowd.hiding import best_temperature, can_be_learned, foretell, tempered
from labeling.engine.crowd.kinds import kinds
from labeling.engine.crowd.mace import mace
from labeling.engine.crowd.votes import majority, one_coin
from labeling.engine.ratings import Codes, Floats, Ratings

METHODS: dict[str, Callable[[Answers], Fit]] = {
    "majority": majority,
    "one-coin": one_coin,
    "dawid-skene": dawid_skene,
    "mace": mace,
    "glad": glad,
    "kinds": kinds,
}
AUTO = "auto"
# Labels whose probabilities differ by less lead together.
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the answers come to.

    Attributes:
        method: The model that was used.
        ratings: What was answered.
        posterior: How probable each label is for each item; rows sum to 1, shape (items, labels).
        label: Code of the most probable label; of several that lead together the one that is more frequent among all
            answers, and then the first; shape (items,).
        confidence: Its probability; shape (items,).
        tied: Whether others are as probable.
        temperature: The power that the probabilities of the model were taken down by, 1 when they stand as they were.
        choice: How the model was chosen; None when it was named.
    """

    method: str
    ratings: Ratings
    posterior: Floats
    label: Codes
    confidence: Floats
    tied: np.ndarray[tuple[int], np.dtype[np.bool_]]
    temperature: float = 1.0
    choice: Choice | None = None


def find_consensus(ratings: Ratings, method: str = AUTO, seed: int = 0, *, calibrated: bool = True) -> Consensus:
    """Return the consensus of answers.

    Args:
        ratings: What was answered.
        method: A name of `METHODS`, or `AUTO`: the model is chosen by hidden answers, see `crowd.choosing`.
        seed: Which answers are hidden.
        calibrated: Whether the confidence of a model is set right by hidden answers; the labels are the same. Shares of
            votes are left as they are.

    Raises:
        ValueError: There is no such method, or it cannot learn from so many people and labels.
    """
    if method != AUTO and method not in METHODS:
        raise ValueError(f"There is no method {method!r}; there are {', '.join([AUTO, *METHODS])}.")
    choice = choose(ratings, seed) if method == AUTO else None
    chosen = choice.method if choice else method
    fit = METHODS[chosen if ratings.items else "majority"](Answers(ratings))
    temperature = _temperature(ratings, fit.method, choice, seed) if calibrated else 1.0
    label, tied = _leading(fit.posterior, ratings)
    posterior = tempered(fit.posterior, temperature)
    confidence = posterior[np.arange(len(label)), label] if len(label) else np.zeros(0)
    return Consensus(fit.method, ratings, posterior, label, confidence, tied, temperature, choice)


def _temperature(ratings: Ratings, method: str, choice: Choice | None, seed: int) -> float:
    if choice is not None:
        return choice.temperature
    if method == "majority" or not can_be_learned(ratings):
        return 1.0
    return best_temperature(foretell(ratings, {method: METHODS[method]}, seed).models[method])


def _leading(posterior: Floats, ratings: Ratings) -> tuple[Codes, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Return the most probable label of each item, and whether others lead with it."""
    if not len(posterior):
        return np.zeros(0, np.int64), np.zeros(0, bool)
    leading = posterior >= posterior.max(1, keepdims=True) - TIE
    frequency = np.bincount(ratings.label, minlength=len(ratings.labels))
    # Rank 0 is the most frequent label; the order of the labels settles the rest.
    order = np.lexsort((np.arange(len(frequency)), -frequency))
    first = leading[:, order].argmax(1)
    return order[first], leading.sum(1) > 1
