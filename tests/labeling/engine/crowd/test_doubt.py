"""How open answers leave an item: shares, probabilities, and what one more answer brings, reckoned by hand."""

import numpy as np
import pytest

from labeling.engine.agreement.marks import Mark
from labeling.engine.crowd.consensus import find_consensus
from labeling.engine.crowd.doubt import doubts_of_labels, doubts_of_marks, gain_of
from labeling.engine.ratings import read_ratings

ITEMS = ["1", "1", "1", "2", "2", "2", "3", "3", "3", "4"]
PEOPLE = ["a", "b", "c", "a", "b", "c", "a", "b", "c", "a"]
LABELS = ["x", "x", "x", "x", "x", "y", "x", "y", "z", "y"]


def test_shares_of_votes_say_how_open_an_item_is_while_people_cannot_be_told_apart() -> None:
    doubts = doubts_of_labels(read_ratings(ITEMS, PEOPLE, LABELS))
    assert doubts.method == "majority"
    assert doubts.items == ("1", "2", "3", "4")
    assert doubts.answers.tolist() == [3, 3, 3, 1]
    assert doubts.differs.tolist() == [False, True, True, False]
    assert np.round(doubts.agreement, 4).tolist() == [1.0, 0.6667, 0.3333, 1.0]
    assert doubts.confidence is not None
    assert np.round(doubts.confidence, 4).tolist() == [1.0, 0.6667, 0.3333, 1.0]
    assert [doubts.votes(place) for place in range(4)] == [
        {"x": 3}, {"x": 2, "y": 1}, {"x": 1, "y": 1, "z": 1}, {"y": 1},
    ]  # fmt: skip
    assert doubts.probable(1) == {"x": 0.6667, "y": 0.3333}


def test_texts_vote_and_have_no_confidence() -> None:
    doubts = doubts_of_labels(read_ratings(ITEMS, PEOPLE, LABELS), weighed=False)
    assert (doubts.confidence, doubts.gain, doubts.probable(1)) == (None, None, {})
    assert doubts.differs.tolist() == [False, True, True, False]


def test_one_more_answer_brings_most_where_nothing_is_known() -> None:
    consensus = find_consensus(read_ratings(ITEMS, PEOPLE, LABELS), "majority")
    gain = gain_of(consensus)
    # Of ten answers their items hold so many for true: 3 · 1 + 2 · 2/3 + 1/3 + 3 · 1/3 + 1.
    right = (3 + 4 / 3 + 1 / 3 + 1 + 1) / 10
    wrong = (1 - right) / 2
    by_hand = [
        0.0,
        # After x: x stands. After y: y with 1/3 right, or x with 2/3 wrong. After z, which nobody gave: x.
        2 / 3 * right + max(1 / 3 * right, 2 / 3 * wrong) + 2 / 3 * wrong - 2 / 3,
        # After any of the three that one is taken.
        right - 1 / 3,
        0.0,
    ]
    assert gain.tolist() == pytest.approx([max(0.0, value) for value in by_hand])
    assert int(gain.argmax()) == 2


def test_gain_is_what_trying_every_answer_says() -> None:
    random = np.random.default_rng(5)
    rows = [
        (item, person, int(random.integers(0, 4))) for item in range(60) for person in range(int(random.integers(1, 6)))
    ]
    items, people, labels = zip(*rows, strict=True)
    consensus = find_consensus(read_ratings(map_text(items), map_text(people), map_text(labels)), "one-coin")
    posterior = consensus.posterior
    right = posterior[consensus.ratings.item, consensus.ratings.label].mean()
    count = posterior.shape[1]
    said = np.full((count, count), (1 - right) / (count - 1)) + (right - (1 - right) / (count - 1)) * np.eye(count)
    tried = [sum((row * said[:, given]).max() for given in range(count)) - row.max() for row in posterior]
    assert gain_of(consensus).tolist() == pytest.approx(np.maximum(tried, 0).tolist())


def map_text(values: tuple[int, ...]) -> list[str]:
    return [str(value) for value in values]


def test_an_item_is_as_sure_as_the_least_sure_of_its_marks() -> None:
    who, where = Mark("who", (0, 4)), Mark("where", (10, 16))
    answered = [
        {"a": [who], "b": [who], "c": [who]},
        {"a": [who, where], "b": [who], "c": [who]},
        {"a": [], "b": []},
        {"a": [who], "b": [Mark("who", (0, 5))]},
    ]
    doubts = doubts_of_marks(["1", "2", "3", "4"], answered)
    assert doubts.method == "majority"
    assert doubts.confidence is not None
    assert np.round(doubts.confidence, 4).tolist() == [1.0, 0.6667, 1.0, 1.0]
    # Three pairs of people share three marks of the eight that both of each pair made.
    # Nearly the same place is one thing to the measure, and still something else to whoever reads it.
    assert doubts.differs.tolist() == [False, True, False, True]
    assert doubts.agreement.tolist() == pytest.approx([1.0, 6 / 8, 1.0, 1.0])
    assert [doubts.votes(place) for place in range(4)] == [{"who": 3}, {"where": 1, "who": 3}, {}, {"who": 2}]
    assert doubts.gain is not None
    assert doubts.gain[1] > 0
    assert doubts.gain[[0, 2]].tolist() == [0.0, 0.0]


def test_nothing_at_all_is_no_error() -> None:
    assert doubts_of_labels(read_ratings([], [], [])).items == ()
    assert doubts_of_marks([], []).items == ()
