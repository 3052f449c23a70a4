import numpy as np
import pytest

from labeling.engine.agreement import pairs
from labeling.engine.agreement.pairs import cohen_kappas, confusions, cross
from labeling.engine.ratings import Ratings, read_ratings
from tests.labeling.engine.crowd.known import ratings_of


def _two(table: list[list[int]]) -> Ratings:
    """Return the answers of two people whose labels meet as often as a table says."""
    met = [
        (row, column) for row, cells in enumerate(table) for column, count in enumerate(cells) for _n in range(count)
    ]
    items = list(range(len(met)))
    first, second = zip(*met, strict=True)
    return read_ratings(items * 2, ["a"] * len(met) + ["b"] * len(met), [*first, *second])


def test_kappa_is_that_of_cohens_example() -> None:
    """200 psychiatric cases: the worked example of J. Cohen, 1960 and 1968, kappa .492."""
    kappas = cohen_kappas(cross(_two([[88, 14, 18], [10, 40, 10], [2, 6, 12]])))

    assert kappas.shared.tolist() == [200]
    assert kappas.agreement[0] == pytest.approx(0.70)
    assert kappas.kappa[0] == pytest.approx(0.492, abs=0.0005)


def test_the_interval_is_by_the_large_sample_error() -> None:
    """The table of J. L. Fleiss, J. Cohen and B. S. Everitt, 1969: kappa .429, variance .002885 (error .0537)."""
    kappas = cohen_kappas(cross(_two([[106, 10, 4], [22, 28, 10], [2, 12, 6]])))

    assert kappas.kappa[0] == pytest.approx(0.429, abs=0.0005)
    assert (kappas.high[0] - kappas.low[0]) / 2 / 1.959964 == pytest.approx(0.0537, abs=0.0001)


def test_known_pairs_have_their_kappa() -> None:
    kappas = cohen_kappas(cross(ratings_of("pandalm_labels")))

    assert list(zip(kappas.first.tolist(), kappas.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    assert kappas.kappa.tolist() == pytest.approx([0.852, 0.879, 0.862], abs=0.0005)


def test_one_label_alone_has_no_kappa() -> None:
    kappas = cohen_kappas(cross(_two([[5]])))

    assert kappas.agreement.tolist() == [1]
    assert np.isnan(kappas.kappa).all()


def test_people_without_shared_items_are_no_pair() -> None:
    kappas = cohen_kappas(cross(read_ratings(["x", "y"], ["a", "b"], ["1", "2"])))

    assert len(kappas.kappa) == 0


def test_small_chunks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = ratings_of("bluebirds")
    whole = cross(ratings)
    monkeypatch.setattr(pairs, "CHUNK", 500)

    parts = cross(ratings)

    assert np.array_equal(whole.count, parts.count)
    assert np.array_equal(whole.first, parts.first)
    assert whole.count.sum() == 108 * 39 * 38 // 2


def test_confusions_count_both_ways() -> None:
    table = confusions(cross(_two([[3, 2], [1, 4]])))

    assert table.tolist() == [[6, 3], [3, 8]]
