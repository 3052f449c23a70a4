import json

import pytest

from labeling.engine.agreement.coefficients import krippendorff_alpha
from labeling.engine.agreement.report import agreement_report, set_report
from labeling.engine.ratings import read_ratings
from tests.labeling.engine.crowd.known import ratings_of


def test_a_report_holds_every_coefficient_with_its_interval() -> None:
    report = agreement_report(ratings_of("pandalm_labels"), replicates=200, seed=1)

    assert report["fleiss_kappa"]["value"] == pytest.approx(0.8642, abs=0.0001)
    assert report["mean_cohen_kappa"] == pytest.approx((0.852 + 0.879 + 0.862) / 3, abs=0.001)
    assert [pair["items"] for pair in report["pairs"]] == [999, 999, 999]
    for interval in (report["percent_agreement"], report["fleiss_kappa"], *report["krippendorff_alpha"].values()):
        assert interval["low"] < interval["value"] < interval["high"]
    assert [row["label"] for row in report["labels"]] == ["0", "1", "2"]
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_alpha_of_a_label_is_that_of_having_it_or_not() -> None:
    ratings = ratings_of("pandalm_labels")
    report = agreement_report(ratings, replicates=0)

    for code, row in enumerate(report["labels"]):
        own = krippendorff_alpha(ratings.item, (ratings.label == code).astype("int64"))
        assert row["alpha"]["value"] == pytest.approx(own, abs=1e-6)


def test_words_have_an_order_only_when_it_is_told() -> None:
    answers = ["low", "high", "mid", "mid"], ["a", "b", "a", "b"]
    plain = read_ratings(["x", "x", "y", "y"], answers[1], answers[0])
    ordered = read_ratings(["x", "x", "y", "y"], answers[1], answers[0], ("low", "mid", "high"))

    assert list(agreement_report(plain, replicates=0)["krippendorff_alpha"]) == ["nominal"]
    assert list(agreement_report(ordered, ordered=True, replicates=0)["krippendorff_alpha"]) == ["nominal", "ordinal"]


def test_without_overlap_the_report_says_so() -> None:
    report = agreement_report(read_ratings(["x", "y"], ["a", "b"], ["1", "2"]))

    assert report["items_compared"] == 0
    assert report["krippendorff_alpha"]["nominal"] == {"value": None, "low": None, "high": None}
    assert report["pairs"] == []


def test_sets_are_compared_label_by_label() -> None:
    ratings = read_ratings(["x", "x", "y", "y"], ["a", "b", "a", "b"], ["red|big", "big | red", "red", "red|old"])
    report = set_report(ratings, replicates=0)

    assert [row["label"] for row in report["labels"]] == ["big", "old", "red"]
    assert report["krippendorff_alpha"]["masi"]["value"] > report["krippendorff_alpha"]["nominal"]["value"]
