from collections import Counter

import pytest

from curation.engine.plan import PlanError
from tests.curation.engine.stepping import Result, step, table, texts

ROWS = table(kind=texts(*"aaaaaaaabbbc", None), text=texts(*"abcdefghijklm"))


def test_a_number_of_rows_the_same_for_the_same_seed() -> None:
    first = Result(ROWS, step("sample", rows=5, seed=1))
    assert (len(first.ids), len(first.drops)) == (5, 8)
    assert first.drops[0][1:] == ("not_sampled", "")
    assert Result(ROWS, step("sample", rows=5, seed=1)).ids == first.ids
    assert Result(ROWS, step("sample", rows=5, seed=2)).ids != first.ids
    # A larger sample holds the smaller one, and the order of the rows decides nothing.
    assert set(first.ids) < set(Result(ROWS, step("sample", rows=9, seed=1)).ids)
    assert set(Result(ROWS.take(list(range(12, -1, -1))), step("sample", rows=5, seed=1)).ids) == set(first.ids)


@pytest.mark.parametrize(("share", "rows"), [(0.5, 7), (0.01, 0), (1.0, 13), (0.0, 13)])
def test_a_share_is_rounded(share: float, rows: int) -> None:
    assert len(Result(ROWS, step("sample", share=share)).ids) == rows


def test_strata_keep_their_shares() -> None:
    # Shares of 6 rows: a 3.69, b 1.38, c 0.46, none 0.46; the largest remainder of a and then of c gets what is left.
    counts = Counter(row["kind"] for row in Result(ROWS, step("sample", rows=6, column="kind")).rows)
    assert (counts["a"], counts["b"], counts["c"] + counts[None]) == (4, 1, 1)


def test_the_first_of_each_group() -> None:
    assert Result(ROWS, step("sample", head=2, column="kind")).ids == [1, 2, 9, 10, 12, 13]


def test_more_rows_than_there_are_and_none_at_all() -> None:
    assert Result(ROWS, step("sample", rows=99)).ids == list(range(1, 14))
    assert Result(ROWS.slice(0, 0), step("sample", rows=2)).ids == []


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"rows": 1, "share": 0.5}, "exclude each other"),
        ({"head": 3}, "name it in column"),
        ({"share": 1.5}, "share is from 0 to 1"),
        ({"rows": "many"}, "it must be a whole number"),
    ],
)
def test_mistakes_are_named(params: dict, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        step("sample", **params)
