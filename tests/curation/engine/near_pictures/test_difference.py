"""What is left of two pictures where neither bears a mark."""

import numpy as np
import pytest

from curation.engine.near_pictures.difference import UNLIKE, unmarked
from tests.curation.engine.near_pictures.drawing import scene

CORE = np.ones((150, 200), np.bool_)


def grey(seed: int) -> np.ndarray:
    return scene(seed, 200, 150).mean(axis=2).astype(np.float32)


@pytest.mark.parametrize("shade", [255.0, 0.0])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_mark_is_told_from_what_it_leaves_free(shade: float, swapped: bool) -> None:
    one = grey(1)
    mark = np.zeros_like(CORE)
    mark[40:80, 20:180] = True
    # The copy is paler and lighter besides.
    two = np.where(mark, one * 0.4 + shade * 0.5, one * 0.8 + 20).astype(np.float32)
    free, other = unmarked(*((two, one) if swapped else (one, two)), CORE)
    assert other < 0.001
    assert free[~mark].all()
    covered = np.abs(two - (one * 0.8 + 20)) > 8
    assert not free[covered].any()


def test_other_pictures_differ_to_both_sides() -> None:
    _free, other = unmarked(grey(1), grey(2), CORE)
    assert other > 0.05


def test_pictures_of_one_shade_and_empty_overlaps_have_no_line() -> None:
    flat = np.full(CORE.shape, 7.0, np.float32)
    for one, core in ((flat, CORE), (grey(1), np.zeros_like(CORE))):
        free, other = unmarked(one, one, core)
        assert not free.any()
        assert other == UNLIKE
