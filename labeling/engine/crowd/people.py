"""What the answers say of each person: how often right, which labels they take for others, whether they look at all.

Whether somebody looks is told from the others' answers alone, without any model: their labels are compared with the
shares of the others' votes on the same items, and with what would come out if the same labels were dealt to the same
items at random (a permutation test, whose mean and variance are known in closed form: A. Wald and J. Wolfowitz,
Statistical tests based on permutations of the observations, Annals of Mathematical Statistics 15, 1944).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from labeling.engine.crowd.consensus import Consensus
from labeling.engine.crowd.fitting import Answers
from labeling.engine.ratings import Floats, Ratings

Warning_ = Literal["", "always_same", "random", "against"]
# Answers below which nobody is warned of.
LEAST = 10
# Share of one label from which somebody always says the same.
SAME = 0.95
# Two-sided 95 %, and one in a thousand: a warning needs evidence.
USUAL, RARE = 1.96, 3.09


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one person.

    Attributes:
        name: Who.
        answers: How many answers they gave.
        compared: How many of these are on items that others answered too.
        accuracy: Share of their answers that the consensus holds for true, 0 to 1; None when there are none.
        skill: By how much they agree with the others beyond chance: 0 is chance, 1 always, below 0 less than
            chance; None when nothing can be compared, or all their answers are the same.
        low: Lower end of the 95 % interval of the skill.
        high: Upper end.
        usual: The label they gave most often.
        usual_share: How often, 0 to 1.
        usual_expected: How often it is true by the consensus of the items they saw, without their own answers.
        warning: ``always_same``: nearly all their answers are one label, far more often than it is true; ``random``:
            they agree with others no more than their labels would if dealt at random, where an ordinary person would
            have stood out; ``against``: significantly less than that; empty when there is nothing to say.
        confusion: Answers by what they gave and what is true; {given: {true: expected number}}, without zeros.
    """

    name: str
    answers: int
    compared: int
    accuracy: float | None
    skill: float | None
    low: float | None
    high: float | None
    usual: str
    usual_share: float
    usual_expected: float
    warning: Warning_
    confusion: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class _Skill:
    """Agreement with others beyond chance, and its standard error by chance alone; NaN where it is not defined."""

    value: float
    error: float
    compared: int


def describe_people(consensus: Consensus, *, marks: bool = False) -> list[Person]:
    """Return what is known of each person, in the order of `ratings.people`.

    Args:
        consensus: On labels; or on candidates for marks, with the labels no and yes.
        marks: Whether it is on marks. Then skill is told from what others marked alone: what nobody else did is a
            question only since this person said yes, so that they would seem to contradict everybody.
    """
    ratings = consensus.ratings
    answers = Answers(ratings)
    order = np.argsort(ratings.person, kind="stable")
    ends = np.cumsum(ratings.answers_of_people())
    places = np.split(order, ends[:-1]) if len(ends) else []
    skills = [_skill(answers, _marked_by_others(answers, place) if marks else place) for place in places]
    known = np.array([skill.value for skill in skills if np.isfinite(skill.value)])
    middle = float(np.median(known)) if len(known) else 0.0
    return [_person(consensus, answers, number, place, skills[number], middle) for number, place in enumerate(places)]


def _marked_by_others(
    answers: Answers, place: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the places of a person's answers about candidates that somebody else marked; yes is the second label."""
    others: Floats = answers.votes[answers.item[place], 1] - (answers.label[place] == 1)
    return place[others > 0]


def _skill(answers: Answers, place: np.ndarray[tuple[int], np.dtype[np.int64]]) -> _Skill:
    item, label = answers.item[place], answers.label[place]
    total = answers.votes[item].sum(1)
    item, label, total = item[total > 1], label[total > 1], total[total > 1]
    if len(item) < 2:
        return _Skill(np.nan, np.nan, len(item))
    used, code = np.unique(label, return_inverse=True)
    others = answers.votes[np.ix_(item, used)]
    others[np.arange(len(item)), code] -= 1
    others /= (total - 1)[:, None]
    count = np.bincount(code).astype(np.float64)
    agreed = float(others[np.arange(len(item)), code].mean())
    by_item, by_label = others @ count / len(item), others.mean(0)
    chance = float(by_item.mean())
    centred = others - by_item[:, None] - by_label[None, :] + chance
    # The variance of a sum over a random permutation, over the square of how many there are.
    variance = float((centred**2 @ count).sum()) / (len(item) - 1) / len(item) ** 2
    # Where the others always say the same there is nothing that a person could know better.
    if len(used) < 2 or chance >= 1 or variance <= 0:
        return _Skill(np.nan, np.nan, len(item))
    return _Skill((agreed - chance) / (1 - chance), float(np.sqrt(variance)) / (1 - chance), len(item))


def _person(
    consensus: Consensus,
    answers: Answers,
    number: int,
    place: np.ndarray[tuple[int], np.dtype[np.int64]],
    skill: _Skill,
    middle: float,
) -> Person:
    ratings = consensus.ratings
    used = answers.used[number]
    usual = int(used.argmax())
    share = float(used[usual]) / len(place) if len(place) else 0.0
    expected = _expected(answers, place, usual)
    right = consensus.posterior[ratings.item[place], ratings.label[place]]
    finite = bool(np.isfinite(skill.value))
    return Person(
        name=ratings.people[number],
        answers=len(place),
        compared=skill.compared,
        accuracy=float(right.mean()) if len(place) else None,
        skill=skill.value if finite else None,
        low=skill.value - USUAL * skill.error if finite else None,
        high=skill.value + USUAL * skill.error if finite else None,
        usual=ratings.labels[usual] if ratings.labels else "",
        usual_share=share,
        usual_expected=expected,
        warning=_warning(skill, middle, share, expected),
        confusion=_confusion(ratings, consensus.posterior, place),
    )


def _expected(answers: Answers, place: np.ndarray[tuple[int], np.dtype[np.int64]], label: int) -> float:
    """Return how often the others gave a label on the items of one person, 0 to 1; their vote where there are none."""
    item = answers.item[place]
    own = (answers.label[place] == label).astype(np.float64)
    others = answers.votes[item].sum(1) - 1
    shared = others > 0
    if not shared.any():
        return float(own.mean()) if len(own) else 0.0
    votes = answers.votes[item[shared], label] - own[shared]
    return float((votes / others[shared]).mean())


def _warning(skill: _Skill, middle: float, share: float, expected: float) -> Warning_:
    compared = skill.compared
    if compared < LEAST:
        return ""
    error = np.sqrt(max(expected * (1 - expected), 1e-9) / compared)
    if share >= SAME and share - expected > RARE * error:
        return "always_same"
    if not np.isfinite(skill.value):
        return ""
    if skill.value < -RARE * skill.error:
        return "against"
    # Not beyond chance, though half of what the middle person has would have been seen.
    if skill.value < USUAL * skill.error and skill.value + USUAL * skill.error < middle / 2:
        return "random"
    return ""


def _confusion(
    ratings: Ratings, posterior: Floats, place: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    given = ratings.label[place]
    for code in np.unique(given):
        true = posterior[ratings.item[place[given == code]]].sum(0)
        cells = {ratings.labels[label]: round(float(true[label]), 2) for label in np.flatnonzero(true >= 0.005)}
        found[ratings.labels[code]] = cells
    return found
