"""The model that tells people who know from people who answer anyhow.

D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy, Learning whom to trust with MACE, NAACL 2013: a person answers
what is true with their own competence, and otherwise draws a label from their own habit, whatever the item. Somebody
who always says the same has a habit and no competence, so that their answers say nothing; in the one-coin model such
people confirm each other.
"""

from dataclasses import dataclass

import numpy as np

from labeling.engine.crowd.fitting import ITERATIONS, Answers, Fit, normalized, settled
from labeling.engine.ratings import Codes, Floats

# Beta(1, 1) of the competence, and one answer of each label of the habit: they matter below ten answers only.
COMPETENCE_PRIOR = 1.0
HABIT_PRIOR = 1.0
# Its steps are small: at the tolerance of the others it stands long before it has arrived.
TOLERANCE = 3e-5


@dataclass(frozen=True, slots=True)
class People:
    """What is known of each person.

    Attributes:
        competence: Share of the answers that come from knowing, 0 to 1; shape (people,).
        habit: Which labels the others are; rows sum to 1, shape (people, labels).
    """

    competence: Floats
    habit: Floats

    @property
    def guessed(self) -> Floats:
        """Return the probability of each label by habit; shape (people, labels)."""
        return (1 - self.competence[:, None]) * self.habit

    def said(self, person: Codes, label: Codes) -> Floats:
        """Return what people say: see `Fit.said`."""
        labels = self.habit.shape[1]
        found = np.repeat(self.guessed[person, label][:, None], labels, axis=1)
        found[np.arange(len(person)), label] += self.competence[person]
        return found


def mace(answers: Answers) -> Fit:
    """Return the fit of competence and habit for each person."""
    used, posterior = answers.used, answers.shares.copy()
    given = used.sum(1)
    right = answers.confirmed(posterior).sum(1)
    competence = np.clip((right + 1) / (given + 2), 0.05, 0.95)
    habit = (used + HABIT_PRIOR) / (given[:, None] + HABIT_PRIOR * max(answers.labels, 1))
    people = People(competence, habit)
    prior = np.zeros(answers.labels)
    iteration = 0
    while iteration < ITERATIONS:
        iteration += 1
        weight = np.log1p(people.competence[:, None] / people.guessed)
        new = normalized(answers.speaking(weight) + prior)
        done = settled(new, posterior, TOLERANCE)
        posterior = new
        if done:
            break
        prior = log_prior(posterior)
        people = _people(answers, posterior, people)
    return Fit("mace", posterior, people.said, iteration, people.competence)


def log_prior(posterior: Floats) -> Floats:
    """Return the log share of each label, with one item more of each; shape (labels,)."""
    total: Floats = posterior.sum(0) + 1
    logs: Floats = np.log(total / total.sum())
    return logs


def _people(answers: Answers, posterior: Floats, people: People) -> People:
    matching = answers.confirmed(posterior)
    guessed = people.guessed
    known = matching * (people.competence[:, None] / (people.competence[:, None] + guessed))
    given = answers.used.sum(1)
    competence = (known.sum(1) + COMPETENCE_PRIOR) / (given + 2 * COMPETENCE_PRIOR)
    habit = np.maximum(answers.used - known, 0) + HABIT_PRIOR
    return People(competence, habit / habit.sum(1, keepdims=True))
