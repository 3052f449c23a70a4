from collections import Counter
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.engine.steps.base import Context, StepError
from curation.engine.steps.split import Split
from tests.curation.engine.stepping import Result, step, table, texts

words = st.sampled_from(["a", "A ", "b", "c", "ｃ", "d d", "d  d", "e", "f", "g", "h"])


def split(rows: list[tuple[str, str, str | None]], **params: object) -> list[str]:
    texts, labels, groups = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"text": pa.array(texts, pa.string()), "label": pa.array(labels, pa.string())}
    table = pa.table({"item_id": range(len(rows)), **columns, "author": pa.array(groups, pa.string())})
    step, context = Split(**params), Context({"text": "text", "label": "label"})  # type: ignore[arg-type]
    state = step.prepare(lambda: iter([table.slice(0, 7), table.slice(7)]), context)
    return step.apply(table, state, context).kept["split"].to_pylist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(words, st.sampled_from("xyz"), st.sampled_from("123")), max_size=60), st.integers())
def test_equal_texts_never_straddle(rows: list[tuple[str, str, str]], seed: int) -> None:
    sides: dict[str, set[str]] = {}
    for (text, _label, _group), side in zip(rows, split(rows, seed=seed), strict=True):
        key = " ".join(text.replace("ｃ", "c").lower().split())
        sides.setdefault(key, set()).add(side)
    assert all(len(found) == 1 for found in sides.values())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(words, st.sampled_from("xyz"), st.sampled_from("123")), max_size=60))
def test_a_group_never_straddles_and_neither_do_its_texts(rows: list[tuple[str, str, str]]) -> None:
    sides: dict[tuple[str, str], set[str]] = {}
    for (text, _label, group), side in zip(rows, split(rows, group_column="author"), strict=True):
        sides.setdefault(("group", group), set()).add(side)
        sides.setdefault(("text", " ".join(text.replace("ｃ", "c").lower().split())), set()).add(side)
    assert all(len(found) == 1 for found in sides.values())


def test_rows_without_a_group_are_not_one_group() -> None:
    rows = [(f"text {number}", "x", "" if number % 2 else None) for number in range(40)]
    assert Counter(split(rows, group_column="author")) == {"train": 28, "test": 8, "validation": 4}


def test_ties_chain_through_texts_and_groups() -> None:
    rows = [("a", "x", "1"), ("b", "x", "1"), ("b", "x", "2"), ("c", "x", "2"), ("d", "x", "3")] * 3
    sides = split(rows, group_column="author", test=0.4)
    assert len({side for (text, _label, _group), side in zip(rows, sides, strict=True) if text != "d"}) == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(words, st.sampled_from("xyz"), st.just("")), max_size=60), st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, str, str]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Counter(zip(rows, split(rows), strict=True)) == Counter(zip(shuffled, split(shuffled), strict=True))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(3, 80), min_size=1, max_size=5), st.floats(0.05, 0.3), st.floats(0.05, 0.3), st.integers(0, 99)
)
def test_every_label_comes_within_one_item_of_its_shares(
    sizes: list[int], validation: float, test: float, seed: int
) -> None:
    rows = [(f"{label} {number}", str(label), "") for label, size in enumerate(sizes) for number in range(size)]
    sides = split(rows, validation=validation, test=test, seed=seed)
    for label, size in enumerate(sizes):
        counts = Counter(side for (_text, name, _group), side in zip(rows, sides, strict=True) if name == str(label))
        assert abs(counts["validation"] - size * validation) <= 1
        assert abs(counts["test"] - size * test) <= 1


def test_another_seed_gives_another_split() -> None:
    rows = [(f"text {number}", "x", "") for number in range(100)]
    assert split(rows, seed=1) == split(rows, seed=1)
    assert split(rows, seed=1) != split(rows, seed=2)


def rows_of(count: int) -> dict[str, Any]:
    return {"text": texts(*(f"text {number}" for number in range(count))), "label": texts(*["x"] * count)}


def test_by_time_the_newest_dates_are_the_test() -> None:
    days = [date(2024, 1, day) for day in (1, 1, 2, 2, 3, 3, 4, 4, 5, 5)]
    whole = table(**rows_of(11), day=pa.array([*days[::-1], None], pa.date32()))
    found = Result(whole, step("split", date_column="day", test=0.2, validation=0.2), {"text": "text"})
    sides = ["test"] * 2 + ["validation"] * 2 + ["train"] * 7
    assert found.table["split"].to_pylist() == sides


def test_by_time_a_date_is_never_cut_and_a_group_is_as_new_as_its_newest_row() -> None:
    whole = table(
        **rows_of(6), year=pa.array([2001, 2001, 2002, 2002, 2003, 2001]), author=texts("a", "b", "c", "d", "b", None)
    )
    chosen = step("split", date_column="year", group_column="author", test=0.3, validation=0.0)
    assert Result(whole, chosen, {"text": "text"}).table["split"].to_pylist() == [
        "train", "test", "train", "train", "test", "train",
    ]  # fmt: skip


def test_one_date_alone_is_trained_on() -> None:
    whole = table(**rows_of(4), year=pa.array([2001] * 4))
    assert set(Result(whole, step("split", date_column="year"), {"text": "text"}).table["split"].to_pylist()) == {
        "train"
    }
    with pytest.raises(StepError, match="The column label holds string, no dates"):
        Result(whole, step("split", date_column="label"), {"text": "text"})


def test_a_locked_test_set_stays_and_its_duplicates_never_enter_training() -> None:
    old = [f"text {number}" for number in range(40)]
    first = Result(table(text=texts(*old)), step("split", test=0.25, validation=0.25), {"text": "text"}).table
    locked = [row["item_id"] for row in first.to_pylist() if row["split"] == "test"]
    assert (len(locked), locked[0]) == (10, 1)
    # The next version lost its first row and got sixty new ones, among them another spelling of a locked text.
    new = [f"TEXT  {locked[-1] - 1}", "brand new"] + [f"more {number}" for number in range(58)]
    ids = pa.array(range(101, 161), pa.int64())
    added = pa.table({"item_id": ids, "text": texts(*new), "split": texts(*[None] * 60)})
    whole = pa.concat_tables([first.slice(1), added])
    params = {"test": 0.25, "validation": 0.25, "seed": 9}
    by_column = Result(whole, step("split", lock_column="split", **params), {"text": "text"}).table.to_pylist()
    tested = {row["item_id"] for row in by_column if row["split"] == "test"}
    assert tested == (set(locked) - {1}) | {101}
    # Half of what was not the test: a third of the free rows, as 0.25 of 0.75 asks.
    free = [row["split"] for row in by_column if row["split"] != "test"]
    assert Counter(free)["validation"] == round(len(free) / 3)
    by_ids = step("split", locked_items=locked, **params)
    assert Result(whole, by_ids, {"text": "text"}).table.to_pylist() == by_column


def test_a_table_without_text_is_split_by_its_values() -> None:
    whole = table(name=texts(*"abcd"), size=pa.array([1, 1, 2, 2]), label=texts("x", "y", "x", "x"))
    sides = Result(whole, step("split", test=0.5, validation=0.0), {"label": "label", "id": "name"}).table["split"]
    assert [len(set(sides.to_pylist()[start : start + 2])) for start in (0, 2)] == [1, 1]
