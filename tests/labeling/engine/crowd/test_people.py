import numpy as np
import pytest

from labeling.engine.crowd.consensus import find_consensus
from labeling.engine.crowd.people import describe_people
from labeling.engine.ratings import Ratings, read_ratings
from tests.labeling.engine.crowd.known import ratings_of, truth_of


def _crowd(seed: int) -> Ratings:
    """Return answers of 20 people to 60 of 200 items: 18 are right in three of four, one guesses, one says b."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 3, 200)
    items, people, labels = [], [], []
    for person in range(20):
        seen = random.choice(200, 60, replace=False)
        given = np.where(random.random(60) < 0.75, truth[seen], random.integers(0, 3, 60))
        if person == 0:
            given = random.integers(0, 3, 60)
        if person == 1:
            given = np.full(60, 1)
        items += seen.tolist()
        people += [f"p{person:02}"] * 60
        labels += ["abc"[label] for label in given]
    return read_ratings(items, people, labels)


def test_who_guesses_or_always_says_the_same_is_found_and_nobody_else() -> None:
    found = [describe_people(find_consensus(_crowd(seed))) for seed in range(8)]

    guessers = [people[0].warning for people in found]
    assert guessers.count("random") >= 7
    assert [people[1].warning for people in found] == ["always_same"] * 8
    assert [one.warning for people in found for one in people[2:]] == [""] * 144


def test_the_evidence_is_told() -> None:
    guesser, same, *others = describe_people(find_consensus(_crowd(1)))

    assert guesser.skill is not None
    assert guesser.low is not None
    assert guesser.high is not None
    assert guesser.low < 0 < guesser.high < 0.3
    assert (same.usual, same.usual_share, same.skill) == ("b", 1, None)
    assert same.usual_expected == pytest.approx(1 / 3, abs=0.1)
    assert all(one.skill is not None and one.skill > 0.3 for one in others)
    assert all(one.accuracy is not None and one.accuracy > 0.6 for one in others)


def test_confusion_counts_every_answer() -> None:
    people = describe_people(find_consensus(_crowd(2)))

    for one in people:
        cells = [count for given in one.confusion.values() for count in given.values()]
        assert sum(cells) == pytest.approx(60, abs=0.2)
    assert sum(people[5].confusion[label][label] for label in "abc") > 36


def test_a_label_that_is_nearly_always_true_is_no_reason_to_warn() -> None:
    random = np.random.default_rng(0)
    truth = np.where(random.random(100) < 0.97, "fine", "bad")
    items, people = np.tile(np.arange(100), 5), np.repeat(np.arange(5), 100)
    found = describe_people(find_consensus(read_ratings(items.tolist(), people.tolist(), truth[items].tolist())))

    assert [one.warning for one in found] == [""] * 5


def test_somebody_who_turns_everything_round_is_told_from_one_who_guesses() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 80)
    answers = [np.where(random.random(80) < 0.9, truth, 1 - truth) for _person in range(4)]
    answers.append(1 - truth)
    items, people = np.tile(np.arange(80), 5), np.repeat(np.arange(5), 80)
    found = describe_people(
        find_consensus(read_ratings(items.tolist(), people.tolist(), np.concatenate(answers).tolist()))
    )

    assert [one.warning for one in found] == ["", "", "", "", "against"]


def test_people_who_share_no_item_are_not_judged() -> None:
    found = describe_people(find_consensus(read_ratings(range(40), ["a"] * 20 + ["b"] * 20, ["x", "y"] * 20)))

    assert [(one.skill, one.warning, one.compared) for one in found] == [(None, "", 0)] * 2


def test_guessers_of_a_real_crowd_are_right_by_chance_only() -> None:
    ratings, truth = ratings_of("bluebirds"), truth_of("bluebirds")
    known = np.array([ratings.labels.index(truth[item]) for item in ratings.items])
    right = ratings.label == known[ratings.item]

    found = describe_people(find_consensus(ratings))
    warned = [number for number, one in enumerate(found) if one.warning == "random"]

    assert 2 <= len(warned) <= 8
    assert all(right[ratings.person == number].mean() < 0.5 for number in warned)
