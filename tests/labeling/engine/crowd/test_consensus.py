import numpy as np
import pytest

from labeling.engine.crowd import dawid_skene
from labeling.engine.crowd.consensus import METHODS, find_consensus
from labeling.engine.ratings import Ratings, read_ratings
from tests.labeling.engine.crowd.known import accuracy, ratings_of, truth_of

# What the methods reach; the vote and Dawid-Skene as published or measured by two other programs.
KNOWN = [
    ("bluebirds", "majority", 0.7593),
    ("bluebirds", "one-coin", 0.7222),
    ("bluebirds", "dawid-skene", 0.8981),
    ("bluebirds", "mace", 0.8796),
    ("bluebirds", "glad", 0.7222),
    ("adult2", "majority", 0.758),
    ("adult2", "one-coin", 0.763),
    ("adult2", "dawid-skene", 0.757),
    ("weather", "majority", 0.882),
    ("weather", "one-coin", 0.887),
    ("music", "one-coin", 0.796),
    ("music", "mace", 0.799),
    ("zencrowd", "majority", 0.862),
    ("zencrowd", "glad", 0.878),
    ("zencrowd", "kinds", 0.915),
]
SETS = ["bluebirds", "adult2", "weather", "music", "zencrowd"]


@pytest.mark.parametrize(("name", "method", "expected"), KNOWN)
def test_known_sets_are_answered_as_well_as_known(name: str, method: str, expected: float) -> None:
    found = find_consensus(ratings_of(name), method)

    assert accuracy(found, truth_of(name)) == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_chosen_model_is_never_far_below_the_best_of_the_usual_ones(name: str, seed: int) -> None:
    ratings, truth = ratings_of(name), truth_of(name)
    usual = [accuracy(find_consensus(ratings, method), truth) for method in ("majority", "one-coin", "dawid-skene")]

    chosen = find_consensus(ratings, seed=seed)

    assert accuracy(chosen, truth) >= max(usual) - 0.005 - 1e-9
    assert chosen.choice is not None
    assert [trial.method for trial in chosen.choice.trials][:3] == ["one-coin", "mace", "dawid-skene"]
    assert chosen.method in {trial.method for trial in chosen.choice.trials}


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_probabilities_sum_to_one_and_come_again(method: str) -> None:
    ratings = ratings_of("weather")
    first, second = find_consensus(ratings, method, seed=4), find_consensus(ratings, method, seed=4)

    assert first.posterior.sum(1) == pytest.approx(np.ones(len(ratings.items)))
    assert np.array_equal(first.posterior, second.posterior)
    assert np.array_equal(first.confidence, first.posterior.max(1))


@pytest.mark.parametrize("name", SETS)
def test_confidence_is_nearer_to_how_often_it_is_right_than_the_models_own(name: str) -> None:
    ratings, truth = ratings_of(name), truth_of(name)
    surprise = []
    for calibrated in (False, True):
        found = find_consensus(ratings, calibrated=calibrated)
        rows = [(found.posterior[row], truth[item]) for row, item in enumerate(ratings.items) if item in truth]
        true = [probable[ratings.labels.index(label)] for probable, label in rows if label in ratings.labels]
        surprise.append(float(-np.log(np.maximum(true, 1e-9)).mean()))

    assert surprise[1] <= surprise[0]
    assert surprise[1] < 0.9 * surprise[0]


def test_calibration_changes_no_label() -> None:
    ratings = ratings_of("weather")
    plain, calibrated = find_consensus(ratings, calibrated=False), find_consensus(ratings)

    assert np.array_equal(plain.label, calibrated.label)
    assert calibrated.temperature > 1
    assert calibrated.confidence.mean() < plain.confidence.mean()


def _crowd(answers: dict[str, str]) -> Ratings:
    cells = [(item, f"w{place}", label) for item, given in answers.items() for place, label in enumerate(given)]
    return read_ratings(*zip(*cells, strict=True))


def test_two_that_differ_are_tied_and_the_more_frequent_label_stands() -> None:
    found = find_consensus(_crowd({"a": "xy", "b": "yy", "c": "xx", "d": "yy"}))

    assert found.method == "majority"
    assert [found.ratings.labels[code] for code in found.label] == ["y", "y", "x", "y"]
    assert found.tied.tolist() == [True, False, False, False]
    assert found.confidence.tolist() == [0.5, 1, 1, 1]


def two_of(ratings: Ratings, seed: int) -> Ratings:
    """Return two answers of each item, drawn by lot."""
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(ratings)), ratings.item))
    item = ratings.item[order]
    kept = np.zeros(len(ratings), bool)
    kept[order[np.arange(len(item)) - np.searchsorted(item, item) < 2]] = True
    return ratings.only(kept)


def test_two_answers_an_item_say_who_is_right_when_people_met_others_too() -> None:
    ratings, truth = ratings_of("music"), truth_of("music")
    gains = []
    for seed in range(3):
        few = two_of(ratings, seed)
        found, vote = find_consensus(few, seed=seed), find_consensus(few, "majority", seed)
        assert found.method == "one-coin"
        gains.append(accuracy(found, truth) - accuracy(vote, truth))
    assert np.mean(gains) > 0.12


def test_of_two_people_who_differ_nothing_tells_who_is_right() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 200)
    said = np.where(random.random((2, 200)) < 0.2, 1 - truth, truth)
    items = [str(n) for n in range(200)]
    ratings = read_ratings(items * 2, ["a"] * 200 + ["b"] * 200, [str(label) for label in said.reshape(-1)])
    assert find_consensus(ratings).method == "majority"


def test_a_handful_of_items_is_settled_by_the_vote() -> None:
    found = find_consensus(_crowd({"a": "xxy", "b": "yyz"}))

    assert found.method == "majority"
    assert [found.ratings.labels[code] for code in found.label] == ["x", "y"]


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_one_person_alone_is_believed(method: str) -> None:
    found = find_consensus(read_ratings(["a", "b", "c"], ["w"] * 3, ["x", "y", "x"]), method)

    assert [found.ratings.labels[code] for code in found.label] == ["x", "y", "x"]


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_a_label_that_nobody_used_wins_nowhere(method: str) -> None:
    ratings = read_ratings(["a", "a", "b", "b"], ["w", "v", "w", "v"], ["x", "x", "y", "y"], ("never", "x", "y"))
    found = find_consensus(ratings, method)

    assert [ratings.labels[code] for code in found.label] == ["x", "y"]


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_one_label_alone_is_certain(method: str) -> None:
    found = find_consensus(read_ratings(["a", "a", "b"], ["w", "v", "w"], ["x", "x", "x"]), method)

    assert found.label.tolist() == [0, 0]
    assert found.confidence.tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_no_answers_give_no_labels(method: str) -> None:
    found = find_consensus(read_ratings([], [], []), method)

    assert len(found.label) == 0


def test_a_method_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no method 'magic'; there are auto, majority, one-coin"):
        find_consensus(_crowd({"a": "x"}), "magic")


def test_too_many_labels_for_a_matrix_each_are_refused_and_auto_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dawid_skene, "CELLS", 10)
    ratings = ratings_of("bluebirds")

    with pytest.raises(ValueError, match="39 people times 2 × 2 labels are too many"):
        find_consensus(ratings, "dawid-skene")
    assert find_consensus(ratings).method == "mace"
