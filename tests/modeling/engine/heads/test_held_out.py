import numpy as np
import pytest

from modeling.engine.errors import BadData
from modeling.engine.heads.held_out import judge_held_out
from modeling.engine.heads.quick import fit


def clouds(count: int, noise: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Return vectors of two kinds around two corners of a square, and their kinds."""
    random = np.random.default_rng(seed)
    kinds = np.arange(count) % 2
    vectors = np.eye(2)[kinds] + random.normal(0, noise, (count, 2))
    return vectors, [f"kind {kind}" for kind in kinds]


def test_confidences_are_those_of_heads_that_did_not_see_the_item() -> None:
    vectors, labels = clouds(600, 0.7)
    confidences, right = judge_held_out(vectors, labels, [f"text {n}" for n in range(600)])
    assert 0.7 < right.mean() < 0.95
    # Calibrated: what they promise on average is what they keep.
    assert confidences.mean() == pytest.approx(right.mean(), abs=0.04)
    assert (confidences > 0.5).all()


def test_labels_by_chance_are_named_by_chance_though_a_head_that_saw_them_knows_them() -> None:
    random = np.random.default_rng(5)
    vectors = random.normal(0, 1, (120, 100))
    labels = [f"kind {kind}" for kind in random.integers(0, 2, 120)]
    _confidences, right = judge_held_out(vectors, labels, [f"text {n}" for n in range(120)])
    assert right.mean() < 0.65
    known = fit(vectors, labels).predict(vectors)[0]
    assert np.mean([a == b for a, b in zip(known, labels, strict=True)]) > 0.95


def test_equal_texts_are_never_named_by_a_head_that_saw_one_of_them() -> None:
    random = np.random.default_rng(6)
    vectors = np.repeat(random.normal(0, 1, (60, 80)), 4, axis=0)
    labels = [f"kind {kind}" for kind in np.repeat(random.integers(0, 2, 60), 4)]
    apart = judge_held_out(vectors, labels, [f"text {n}" for n in range(240)])[1]
    together = judge_held_out(vectors, labels, [f"text {n // 4}" for n in range(240)])[1]
    assert apart.mean() > 0.9
    assert together.mean() < 0.7


def test_a_label_that_a_fold_does_not_show_is_never_given_there() -> None:
    vectors, labels = clouds(50, 0.1)
    labels[0] = "lonely"
    _confidences, right = judge_held_out(vectors, labels, [f"text {n}" for n in range(50)])
    assert not right[0]
    assert right[1:].mean() > 0.75


def test_a_fold_that_leaves_one_label_is_refused() -> None:
    vectors, _labels = clouds(50, 0.1)
    with pytest.raises(BadData):
        judge_held_out(vectors, ["lonely", *["other"] * 49], [f"text {n}" for n in range(50)])


def test_a_head_is_told_from_every_other_by_its_fingerprint() -> None:
    vectors, labels = clouds(60, 0.3)
    head = fit(vectors, labels)
    assert head.fingerprint("minilm") == fit(vectors, labels).fingerprint("minilm")
    others = {head.fingerprint("bge"), fit(vectors * 2, labels).fingerprint("minilm")}
    assert len({head.fingerprint("minilm"), *others}) == 3
