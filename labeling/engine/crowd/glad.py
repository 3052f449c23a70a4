"""The model of hard items: how often somebody is right grows with their ability and falls with the item's difficulty.

J. Whitehill, P. Ruvolo, T. Wu, J. Bergsma and J. Movellan, Whose vote should count more, NIPS 2009: a person of
ability a is right about an item of ease b with probability 1 / (1 + exp(-a b)), and gives each wrong label alike. Both
have the priors of the paper: the ability around 1, the logarithm of the ease around 1, each with variance 1. Fitted by
expectation maximisation with a few steps of ascent each, all answers at once.
"""

import numpy as np

from labeling.engine.crowd.fitting import Answers, Fit, normalized, settled
from labeling.engine.crowd.votes import coins
from labeling.engine.ratings import Floats, sums

ROUNDS, STEPS = 50, 10
MEAN, RATE = 1.0, 0.5


def glad(answers: Answers) -> Fit:
    """Return the fit of one ability for each person and one ease for each item."""
    others = max(answers.labels - 1, 1)
    ability, log_ease = np.full(answers.people, MEAN), np.full(answers.items, MEAN)
    posterior = answers.shares.copy()
    place = answers.item * answers.labels + answers.label
    iteration = 0
    while iteration < ROUNDS:
        iteration += 1
        right = posterior.ravel()[place]
        for _step in range(STEPS):
            ability, log_ease = _climb(answers, right, ability, log_ease)
        chance = _chance(answers, ability, log_ease)
        weight = np.log(chance * others / (1 - chance))
        scores = sums(place, weight, posterior.size).reshape(posterior.shape)
        new = normalized(scores)
        done = settled(new, posterior)
        posterior = new
        if done:
            break
    hits = sums(answers.person, posterior.ravel()[place], answers.people)
    accuracy = (hits + 1) / (answers.used.sum(1) + 2)
    return Fit("glad", posterior, coins(accuracy, answers.labels), iteration)


def _chance(answers: Answers, ability: Floats, log_ease: Floats) -> Floats:
    strength = np.clip(ability[answers.person] * np.exp(log_ease)[answers.item], -30, 30)
    return np.clip(1 / (1 + np.exp(-strength)), 1e-9, 1 - 1e-9)


def _climb(answers: Answers, right: Floats, ability: Floats, log_ease: Floats) -> tuple[Floats, Floats]:
    """Return abilities and eases after one step, scaled by the curvature so that no step size has to be found."""
    ease = np.exp(log_ease)
    chance = _chance(answers, ability, log_ease)
    miss, bend = right - chance, chance * (1 - chance)
    up = sums(answers.person, miss * ease[answers.item], len(ability)) - (ability - MEAN)
    curve = sums(answers.person, bend * ease[answers.item] ** 2, len(ability)) + 1
    pull = ability[answers.person] * ease[answers.item]
    ease_up = sums(answers.item, miss * pull, len(ease)) - (log_ease - MEAN)
    ease_curve = sums(answers.item, bend * pull**2, len(ease)) + 1
    return ability + RATE * up / curve, np.clip(log_ease + RATE * ease_up / ease_curve, -5, 5)
