import numpy as np
import pytest

from labeling.engine.agreement.coefficients import krippendorff_alpha
from labeling.engine.agreement.sets import label_alphas, masi_distances, set_alpha

SETS = [frozenset("a"), frozenset("ab"), frozenset("bc"), frozenset()]


def test_distances_are_those_of_passonneau() -> None:
    """Half of the union shared and one within the other: 1 - 1/2 · 2/3; a third shared: 1 - 1/3 · 1/3."""
    distances = masi_distances(SETS)

    assert distances[0].tolist() == pytest.approx([0, 2 / 3, 1, 1])
    assert distances[1, 2] == pytest.approx(1 - 1 / 9)
    assert distances[3, 3] == 0


def test_single_labels_have_the_nominal_alpha() -> None:
    random = np.random.default_rng(0)
    item, label = random.integers(0, 30, 200), random.integers(0, 3, 200)
    singles = [frozenset("a"), frozenset("b"), frozenset("c")]

    assert set_alpha(item, label, singles, replicates=0).value == pytest.approx(krippendorff_alpha(item, label))


def test_near_sets_count_as_partly_agreed() -> None:
    item, answer = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 2, 3, 3])
    found = set_alpha(item, answer, SETS, seed=1)

    assert found.value is not None
    assert found.low is not None
    nominal = krippendorff_alpha(item, answer)
    assert nominal is not None
    assert nominal < found.value < 1


def test_each_label_has_its_own_alpha() -> None:
    item, answer = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 2, 3, 3])
    found = label_alphas(item, answer, SETS, replicates=0)

    assert found["a"].value == 1
    assert found["c"].value == 1
    assert found["b"].value is not None
    assert found["b"].value < 1
