import pytest

from labeling.engine.agreement.marks import BOXES, PARTIAL, Mark, mark_agreement, match
from tests.labeling.engine.crowd.known import tweets


def test_marks_are_matched_so_that_overlaps_add_up_to_most() -> None:
    """The first to come would take the best for itself, and leave the other without any."""
    first = [Mark("a", (0, 10)), Mark("a", (4, 14))]
    second = [Mark("a", (2, 12)), Mark("a", (10, 20))]

    found = match(first, second, PARTIAL)

    assert [(one, other) for one, other, _overlap in found] == [(0, 0), (1, 1)]


def test_labels_are_never_crossed() -> None:
    assert match([Mark("a", (0, 3))], [Mark("b", (0, 3))], PARTIAL) == []


def test_f1_counts_exact_and_partial_matches() -> None:
    answered = [
        {"w": [Mark("PER", (0, 3)), Mark("LOC", (5, 9))], "v": [Mark("PER", (0, 3)), Mark("LOC", (5, 8))]},
        {"w": [], "v": []},
        {"w": [Mark("PER", (0, 1))]},
    ]

    exact, partial = mark_agreement(answered), mark_agreement(answered, PARTIAL)

    assert exact.f1.value == 0.5
    assert partial.f1.value == 1
    assert partial.mean_overlap == pytest.approx((1 + 3 / 4) / 2)
    assert exact.labels == {"LOC": 0, "PER": 1}
    assert exact.pairs == {("v", "w"): (0.5, 2)}
    assert exact.items == 2


def test_boxes_agree_from_half_their_union_on() -> None:
    near, far = Mark("cell", (0.0, 0, 10, 10)), Mark("cell", (0.0, 0, 10, 16))

    assert mark_agreement([{"w": [near], "v": [far]}], BOXES).f1.value == 1
    assert mark_agreement([{"w": [near], "v": [far]}], 0.7).f1.value == 0


def test_polygons_are_compared_by_what_they_cover() -> None:
    square, half = ((0, 0), (2, 0), (2, 2), (0, 2)), ((0, 0), (2, 0), (2, 2))
    found = mark_agreement([{"w": [Mark("x", square)], "v": [Mark("x", half)]}], BOXES)

    assert found.mean_overlap == pytest.approx(0.5)


def test_nothing_marked_is_nothing_to_say() -> None:
    found = mark_agreement([{"w": [], "v": []}])

    assert found.f1.value is None
    assert found.mean_overlap is None


def test_people_who_mark_tweets_agree_little() -> None:
    answered, _names, _gold = tweets()
    found = mark_agreement(answered, seed=1)

    assert found.f1.value == pytest.approx(0.356, abs=0.001)
    assert found.f1.low is not None
    assert found.f1.high is not None
    assert 0.29 < found.f1.low < 0.34 < 0.37 < found.f1.high < 0.42
    assert found.labels["PER"] > found.labels["LOC"] > found.labels["ORG"]  # type: ignore[operator]
