from collections import Counter

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.engine.steps.base import Context
from curation.engine.steps.split import Split

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
