"""Tags and back."""

import numpy as np
import pytest

from modeling.engine.bundle.runtime.scheme import TagScheme, WordSpan

SPANS = [WordSpan(0, 1, 1), WordSpan(1, 4, 0), WordSpan(4, 6, 0)]


@pytest.mark.parametrize(
    ("kind", "tags"),
    [("bio", [3, 1, 2, 2, 1, 2, 0]), ("bioes", [8, 1, 2, 3, 1, 3, 0])],
)
def test_neighbouring_spans_come_back(kind: str, tags: list[int]) -> None:
    scheme = TagScheme(2, kind)
    assert scheme.encode(SPANS, 7).tolist() == tags
    assert scheme.decode(np.array(tags)) == SPANS


def test_what_may_follow_what() -> None:
    scheme = TagScheme(1)  # 0 outside, 1 begin, 2 inside, 3 end, 4 single
    assert scheme.follows.astype(int).tolist() == [
        [1, 1, 0, 0, 1],
        [0, 0, 1, 1, 0],
        [0, 0, 1, 1, 0],
        [1, 1, 0, 0, 1],
        [1, 1, 0, 0, 1],
    ]
    assert scheme.begins.tolist() == [True, True, False, False, True]
    assert scheme.ends.tolist() == [True, False, False, True, True]
    assert TagScheme(2, "bio").follows[1].tolist() == [True, True, True, True, False]
