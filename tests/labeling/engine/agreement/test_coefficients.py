import numpy as np
import pytest

from labeling.engine.agreement.coefficients import (
    bootstrap,
    fleiss_kappa,
    interval_of,
    krippendorff_alpha,
    percent_agreement,
)
from labeling.engine.agreement.counting import Tally, patterns, tally, tally_of
from labeling.engine.ratings import Codes, Ratings, read_ratings
from tests.labeling.engine.crowd.known import ratings_of

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C: four observers, twelve units, gaps.
OBSERVERS = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
# J. L. Fleiss, Measuring nominal scale agreement among many raters, 1971, table 1: 30 patients, six psychiatrists each,
# by depression, personality disorder, schizophrenia, neurosis, other.
DIAGNOSES = """
0 0 0 6 0|0 3 0 0 3|0 1 4 0 1|0 0 0 0 6|0 3 0 3 0|2 0 4 0 0|0 0 4 0 2|2 0 3 1 0|2 0 0 4 0|0 0 0 0 6|1 0 0 5 0|1 1 0 4 0
0 3 3 0 0|1 0 0 5 0|0 2 0 3 1|0 0 5 0 1|3 0 0 1 2|5 1 0 0 0|0 2 0 4 0|1 0 2 0 3|0 0 0 0 6|0 1 0 5 0|0 2 0 1 3|2 0 0 4 0
1 0 0 4 1|0 5 0 1 0|4 0 0 0 2|0 2 0 4 0|1 0 5 0 0|0 0 0 0 6
"""


def _krippendorff() -> Ratings:
    cells = [
        (str(unit), str(observer), value)
        for observer, row in enumerate(OBSERVERS)
        for unit, value in enumerate(row.split())
        if value != "."
    ]
    return read_ratings(*zip(*cells, strict=True))


def _fleiss() -> Tally:
    rows = [[int(cell) for cell in row.split()] for line in DIAGNOSES.split("\n") if line for row in line.split("|")]
    item = np.repeat(np.arange(len(rows)), [sum(row) for row in rows])
    label = np.concatenate([np.repeat(np.arange(5), row) for row in rows])
    assert len(rows) == 30
    return tally(item, label, 5)


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_krippendorffs_table(level: str, published: float) -> None:
    ratings = _krippendorff()
    values = np.array([1.0, 2, 3, 4, 5])

    found = krippendorff_alpha(ratings.item, ratings.label, level, values)  # type: ignore[arg-type]

    assert found == pytest.approx(published, abs=0.0005)


def test_kappa_is_that_of_fleiss_table() -> None:
    counts = _fleiss()

    assert fleiss_kappa(counts) == pytest.approx(0.430, abs=0.0005)
    assert percent_agreement(counts) == pytest.approx(0.555, abs=0.0015)


def test_known_sets_have_their_alpha() -> None:
    birds, pandalm = tally_of(ratings_of("bluebirds")), tally_of(ratings_of("pandalm_labels"))

    adult = tally_of(ratings_of("adult2"))
    assert bootstrap(birds, "nominal", replicates=0).value == pytest.approx(0.1255, abs=0.0001)
    assert bootstrap(adult, "nominal", replicates=0).value == pytest.approx(0.3171, abs=0.0001)
    # All three people agree on that share of the pairs of answers.
    assert (pandalm.count == 3).sum() / pandalm.units == pytest.approx(0.8799, abs=0.0001)
    assert fleiss_kappa(pandalm) == pytest.approx(0.8642, abs=0.0001)


def _by_definition(item: Codes, label: Codes, values: np.ndarray) -> float:
    """Return alpha with squared differences by its definition: all pairs of answers, in items and altogether."""
    observed, weights = 0.0, 0
    kept = []
    for unit in np.unique(item):
        given = values[label[item == unit]]
        if len(given) > 1:
            apart = ((given[:, None] - given[None, :]) ** 2).sum() / (len(given) - 1)
            observed, weights = observed + apart, weights + len(given)
            kept.append(given)
    every = np.concatenate(kept)
    expected = ((every[:, None] - every[None, :]) ** 2).sum() / (weights * (weights - 1))
    return float(1 - observed / weights / expected)


def test_interval_alpha_is_what_its_definition_says() -> None:
    random = np.random.default_rng(7)
    item, label = random.integers(0, 40, 300), random.integers(0, 5, 300)
    values = np.array([-3.0, 0, 0.5, 2, 40])

    assert krippendorff_alpha(item, label, "interval", values) == pytest.approx(_by_definition(item, label, values))


def test_order_of_answers_and_width_of_the_table_change_nothing() -> None:
    ratings = ratings_of("bluebirds")
    shuffled = np.random.default_rng(1).permutation(len(ratings))
    expected = krippendorff_alpha(ratings.item, ratings.label)

    assert krippendorff_alpha(ratings.item[shuffled], ratings.label[shuffled]) == expected
    # So many labels that there is no table of items × labels.
    far = np.where(ratings.label == 1, 2_000_000, 0)
    assert krippendorff_alpha(ratings.item, far) == pytest.approx(expected)


def test_full_agreement_is_one_and_one_label_alone_is_undefined() -> None:
    item = np.array([0, 0, 1, 1])

    assert krippendorff_alpha(item, np.array([0, 0, 1, 1])) == 1
    assert krippendorff_alpha(item, np.array([0, 0, 0, 0])) is None
    assert fleiss_kappa(tally(item, np.array([0, 0, 0, 0]), 3)) is None


def test_without_overlap_nothing_is_defined() -> None:
    counts = tally(np.array([0, 1, 2]), np.array([0, 1, 0]), 2)

    assert counts.units == 0
    assert [bootstrap(counts, what).value for what in ("nominal", "ordinal", "fleiss", "percent")] == [None] * 4  # type: ignore[arg-type]
    assert krippendorff_alpha(np.zeros(0, np.int64), np.zeros(0, np.int64)) is None


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "fleiss", "percent"])
def test_draws_of_patterns_are_draws_of_items(level: str) -> None:
    """The interval of grouped draws is that of a bootstrap which draws the items one by one."""
    ratings = ratings_of("bluebirds")
    counts = tally_of(ratings)
    random = np.random.default_rng(3)
    ends = np.append(0, np.cumsum(ratings.answers_of_items()))
    found = []
    for _draw in range(400):
        drawn = random.integers(0, 108, 108)
        place = np.concatenate([np.arange(ends[unit], ends[unit + 1]) for unit in drawn])
        item = np.repeat(np.arange(108), ends[drawn + 1] - ends[drawn])
        found.append(bootstrap(tally(item, ratings.label[place], 2), level, replicates=0).value)  # type: ignore[arg-type]
    low, high = interval_of(np.array(found), bootstrap(counts, level, replicates=0).value, 108)  # type: ignore[arg-type]

    estimate = bootstrap(counts, level, replicates=2_000, seed=5)  # type: ignore[arg-type]

    assert estimate.low == pytest.approx(low, abs=0.008)
    assert estimate.high == pytest.approx(high, abs=0.008)
    assert bootstrap(counts, level, replicates=50, seed=5) == bootstrap(counts, level, replicates=50, seed=5)  # type: ignore[arg-type]


@pytest.mark.parametrize(("level", "items", "labels"), [("nominal", 15, 3), ("ordinal", 40, 5), ("fleiss", 15, 3)])
def test_the_interval_holds_the_alpha_of_all_items_as_often_as_it_says(level: str, items: int, labels: int) -> None:
    """300 small sets out of a crowd whose alpha is known; plain percentiles hold it in nine of ten."""
    random = np.random.default_rng(11)
    asked = "nominal" if level == "fleiss" else level

    def crowd(size: int) -> tuple[Codes, Codes]:
        truth, item = random.integers(0, labels, size), np.repeat(np.arange(size), 3)
        label = np.where(random.random(len(item)) < 0.75, truth[item], random.integers(0, labels, len(item)))
        # Some answers are missing.
        kept = random.random(len(item)) > (0 if level == "fleiss" else 0.15)
        return item[kept], label[kept]

    known = krippendorff_alpha(*crowd(300_000), asked)  # type: ignore[arg-type]
    sets = [tally(*crowd(items), labels) for _set in range(300)]
    ends = [bootstrap(counts, level, replicates=400, seed=seed) for seed, counts in enumerate(sets)]  # type: ignore[arg-type]
    held = sum(one.low <= known <= one.high for one in ends if one.low is not None and one.high is not None)

    # Four standard errors of a share of 300 about .95 are .05 below.
    assert held / 300 >= 0.93


def test_patterns_hold_every_item() -> None:
    item = np.array([0, 0, 1, 1, 2, 2, 3])
    label = np.array([0, 1, 1, 0, 1, 1, 0])

    grouped = patterns(tally(item, label, 2))

    assert sorted(grouped.items.tolist()) == [1, 2]
    assert sorted(map(tuple, grouped.table.toarray().tolist())) == [(0, 2), (1, 1)]
    assert grouped.size.tolist() == [2, 2]
