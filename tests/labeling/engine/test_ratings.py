import numpy as np
import pyarrow as pa
import pytest

from labeling.engine.ratings import read_ratings


def test_answers_become_codes_that_rise_by_item() -> None:
    ratings = read_ratings(["b", "a", "b"], ["w2", "w1", "w1"], ["yes", "no", "no"])

    assert ratings.items == ("b", "a")
    assert ratings.people == ("w1", "w2")
    assert ratings.labels == ("no", "yes")
    assert ratings.item.tolist() == [0, 0, 1]
    assert ratings.person.tolist() == [1, 0, 0]
    assert ratings.label.tolist() == [1, 0, 0]


def test_the_last_answer_of_a_person_to_an_item_counts() -> None:
    ratings = read_ratings(["a", "a", "b", "a"], ["w", "v", "w", "w"], ["1", "2", "3", "4"])

    given = {
        (ratings.items[i], ratings.people[p]): ratings.labels[k]
        for i, p, k in zip(ratings.item, ratings.person, ratings.label, strict=True)
    }
    assert given == {("a", "w"): "4", ("a", "v"): "2", ("b", "w"): "3"}
    assert ratings.repeated == 1


def test_rows_with_an_empty_cell_are_missing_answers() -> None:
    ratings = read_ratings(["a", "b", " ", "c"], ["w", None, "w", "w"], ["1", "2", "3", ""])

    assert ratings.items == ("a",)
    assert ratings.missing == 3


def test_numbers_are_ordered_as_numbers() -> None:
    ratings = read_ratings([1, 2, 3], ["w", "w", "w"], pa.array([10, 9, 2]))

    assert ratings.labels == ("2", "9", "10")
    assert ratings.label.tolist() == [2, 1, 0]


def test_a_label_that_nobody_used_keeps_its_place() -> None:
    ratings = read_ratings(["a"], ["w"], ["high"], labels=("low", "middle", "high"))

    assert ratings.labels == ("low", "middle", "high")
    assert ratings.label.tolist() == [2]
    with pytest.raises(ValueError, match="'high' is not among the labels given: low"):
        read_ratings(["a"], ["w"], ["high"], labels=("low",))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="equally many; there are 2, 1, 1"):
        read_ratings(["a", "b"], ["w"], ["1"])


def test_nothing_is_nothing() -> None:
    ratings = read_ratings([], [], [])

    assert len(ratings) == 0
    assert ratings.shape == (0, 0, 0)
    assert np.array_equal(ratings.answers_of_items(), [])
