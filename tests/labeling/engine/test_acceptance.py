"""The test that switches automatic acceptance off: what it may cost, what it finds, and that looking often is free."""

import numpy as np
import pytest

from labeling.engine.acceptance import (
    ALPHA,
    LEAST_AUDIT,
    Audit,
    alpha_of_round,
    audit_size,
    evidence,
    interval,
    is_below,
    refuted_by,
)


def looks_until(right: np.ndarray, target: float) -> int | None:
    """Return after how many answers the test fires that looks after each; None when it never does."""
    seen = np.arange(1, len(right) + 1)
    hits = np.cumsum(right)
    for count, good in zip(seen.tolist(), hits.tolist(), strict=True):
        if is_below(good, count - good, target):
            return count
    return None


@pytest.mark.parametrize("target", [0.8, 0.95, 0.99])
def test_a_model_that_just_keeps_its_promise_is_seldom_stopped_however_often_somebody_looks(target: float) -> None:
    random = np.random.default_rng(1)
    fired = sum(looks_until(random.random(1_000) < target, target) is not None for _project in range(200))
    # At most 2.5 % are promised, five of 200; ten would come by chance once in fifty times.
    assert fired <= 10


@pytest.mark.parametrize(("precision", "within"), [(0.5, 20), (0.75, 60), (0.85, 200), (0.9, 800)])
def test_a_worse_model_is_found_the_sooner_the_worse_it_is(precision: float, within: int) -> None:
    random = np.random.default_rng(2)
    found = [looks_until(random.random(within) < precision, 0.95) for _project in range(60)]
    assert sum(count is not None for count in found) >= 57


def test_few_answers_never_speak_alone() -> None:
    assert not is_below(0, 1, 0.95)
    assert not is_below(28, 2, 0.95)
    assert evidence(0, 0, 0.95) == 1
    assert evidence(10, 0, 0.95) < 1 < evidence(8, 2, 0.95)


def test_the_evidence_has_mean_one_at_the_target_and_less_above_it() -> None:
    # Over all sequences of eight answers, each with its probability: what makes it a test martingale.
    for target, precision in ((0.9, 0.9), (0.9, 0.95), (0.6, 0.6), (0.6, 0.9)):
        mean = sum(
            evidence(right, 8 - right, target) * precision**right * (1 - precision) ** (8 - right) * ways
            for right, ways in enumerate([1, 8, 28, 56, 70, 56, 28, 8, 1])
        )
        assert mean == pytest.approx(1) if precision == target else mean < 1


@pytest.mark.parametrize(("right", "wrong"), [(30, 0), (0, 30), (20, 10), (285, 15), (970, 30), (1, 0)])
def test_the_interval_holds_exactly_the_targets_that_are_not_refuted(right: int, wrong: int) -> None:
    low, high = interval(right, wrong)
    assert 0 <= low <= right / (right + wrong) <= high <= 1
    for target in (0.5, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999):
        assert is_below(right, wrong, target) == (high < target)


def test_without_answers_nothing_is_known() -> None:
    assert interval(0, 0) == (0.0, 1.0)


def test_the_interval_holds_the_truth_at_every_moment_at_once() -> None:
    random = np.random.default_rng(3)
    missed = 0
    for _project in range(100):
        hits = np.cumsum(random.random(300) < 0.93)
        ends = [interval(int(hits[count - 1]), int(count - hits[count - 1])) for count in range(5, 301, 5)]
        missed += any(not low <= 0.93 <= high for low, high in ends)
    assert missed <= 10


def test_all_rounds_together_use_up_what_is_allowed_and_no_more() -> None:
    assert sum(alpha_of_round(number) for number in range(1, 10_000)) == pytest.approx(ALPHA / 2, rel=1e-3)


def test_a_bad_round_is_found_behind_many_good_ones() -> None:
    good = [Audit(number, 200, 4) for number in range(1, 6)]
    assert refuted_by(good, 0.95) is None
    assert refuted_by([*good, Audit(6, 10, 20)], 0.95) == 6
    assert refuted_by([Audit(1, 20, 15), Audit(2, 20, 15)], 0.95) == 0


def test_an_audit_is_its_share_and_at_least_thirty_in_all() -> None:
    assert audit_size(1_000, before=0, audited=0, share=0.05) == 50
    assert audit_size(100, before=0, audited=0, share=0.05) == LEAST_AUDIT
    assert audit_size(100, before=1_000, audited=50, share=0.05) == 5
    assert audit_size(100, before=100, audited=10, share=0.05) == 20
    assert audit_size(10, before=0, audited=0, share=0.05) == 10
    assert audit_size(3, before=10_000, audited=9_000, share=0.01) == 1
    assert audit_size(0, before=0, audited=0, share=0.05) == 0
