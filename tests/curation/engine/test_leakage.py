import csv
import gzip
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.demo import SETS
from curation.engine.__main__ import main
from curation.engine.benchmarks import OpenedBenchmarks
from curation.engine.leakage import exact_match, near_match
from curation.engine.plan import PlanError
from curation.engine.reader import VersionReader
from curation.engine.steps.base import Context, Step, StepError
from curation.engine.writer import VersionWriter
from tests.curation.engine.stepping import Result, step, table, texts

ROWS = table(
    text=texts("Hello  World", "hello world", "other", "ＯＴＨＥＲ", "third", "", None, "third!", "你好 🙂"),
    split=texts("train", "test", "train", "validation", "train", "train", "test", "test", "train"),
    bench=texts(None, None, None, None, "你好  🙂", None, None, "", None),
)
ROLES = {"text": "text"}


def test_training_items_that_the_other_sides_hold() -> None:
    result = Result(ROWS, step("split_leakage"), ROLES)
    assert result.found == [
        (1, "in_held_out", "item 2, similarity 1.000"),
        (3, "in_held_out", "item 4, similarity 1.000"),
    ]
    assert result.ids == list(range(1, 10))


def test_a_benchmark_and_dropping() -> None:
    result = Result(ROWS, step("split_leakage", benchmark_column="bench", action="drop"), ROLES)
    assert result.drops == [
        (1, "in_held_out", "item 2, similarity 1.000"),
        (3, "in_held_out", "item 4, similarity 1.000"),
        (9, "in_benchmark", "the row of item 5, similarity 1.000: “你好  🙂”"),
    ]
    assert result.ids == [2, 4, 5, 6, 7, 8]


def test_columns_of_a_table_are_compared_together() -> None:
    whole = table(a=texts("x", "x", "y"), b=pa.array([1, 2, 1]), split=texts("test", "train", "train"))
    assert Result(whole, step("split_leakage", columns=["a"])).found == [(2, "in_held_out", "item 1, similarity 1.000")]
    assert Result(whole, step("split_leakage", columns=["a", "b"])).found == []


def test_the_matcher_gives_the_first_of_equal_ones() -> None:
    found = exact_match(texts("b", "a", ""), texts("A", "a", "", "b "))
    assert (found.left.tolist(), found.right.tolist(), found.similarity.tolist()) == ([0, 1], [3, 0], [1.0, 1.0])
    assert len(exact_match(texts("a"), texts()).left) == 0


def test_mistakes_are_named() -> None:
    with pytest.raises(StepError, match="There is no column side"):
        Result(ROWS, step("split_leakage", split_column="side"), ROLES)
    with pytest.raises(PlanError, match="method is 'magic'; choose one of exact"):
        step("split_leakage", method="magic")


def brute_force(left: list[str], right: list[str], threshold: Fraction, size: int) -> dict[int, tuple[int, Fraction]]:
    """Compare every text with every other; the best partner, the first of equally good ones."""

    def shingles(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"[^\W_]+", text.lower())
        return (
            {tuple(words[place : place + size]) for place in range(max(1, len(words) - size + 1))} if words else set()
        )

    sets, others = [shingles(text) for text in left], [shingles(text) for text in right]
    best: dict[int, tuple[int, Fraction]] = {}
    for place, one in enumerate(sets):
        for partner, two in enumerate(others):
            alike = Fraction(len(one & two), max(1, len(one | two)))
            if alike >= threshold and (place not in best or alike > best[place][1]):
                best[place] = (partner, alike)
    return best


@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
def test_the_near_matcher_finds_what_comparing_all_with_all_finds(threshold: float) -> None:
    with gzip.open(SETS["sms_spam"].path, "rt", encoding="utf-8") as stream:
        rows = [row["text"] for row in csv.DictReader(stream)]
    left, right = rows[:900], rows[3000:3900]
    expected = brute_force(left, right, Fraction(str(threshold)), 2)
    found = near_match(texts(*left).cast("large_string"), texts(*right).cast("large_string"), threshold, "word:2")
    assert found.left.tolist() == sorted(expected)
    assert len(expected) >= 25
    assert found.right.tolist() == [expected[place][0] for place in sorted(expected)]
    assert found.similarity == pytest.approx([float(expected[place][1]) for place in sorted(expected)], abs=1e-12)


def test_near_texts_of_two_sides_leak_and_those_of_one_side_do_not() -> None:
    whole = table(
        text=texts(
            "the quick brown fox jumps over the lazy dog today",
            "the quick brown fox jumps over the lazy dog tonight",
            "The quick, brown fox jumps over the lazy dog — today!",
            "one two three", "", None, "one two three four", "🙂🙂🙂",
        ),
        split=texts("train", "train", "test", "train", "train", "train", "validation", "test"),
    )  # fmt: skip
    near = Result(whole, step("split_leakage", method="near", shingles="word:2", threshold=0.75), ROLES)
    assert near.found == [
        (1, "in_held_out", "item 3, similarity 1.000"),
        (2, "in_held_out", "item 3, similarity 0.800"),
    ]
    assert Result(whole, step("split_leakage"), ROLES).found == []
    near = Result(whole, step("split_leakage", method="near", shingles="char:2", threshold=0.71), ROLES)
    assert near.found[1:] == [(4, "in_held_out", "item 7, similarity 0.714")]


def benchmark(folder: Path, *values: str | None) -> VersionReader:
    writer = VersionWriter(folder, roles={"text": "question"})
    writer.write(table(question=texts(*values)))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def leaks(whole: pa.Table, chosen: Step, reader: VersionReader) -> list[tuple[int, str, str]]:
    context = Context(ROLES, benchmarks=OpenedBenchmarks({reader.manifest.content_hash: reader}))
    state = chosen.prepare(lambda: iter([whole]), context)
    return [(one.item_id, one.code, one.detail) for one in chosen.apply(whole, state, context).found]


def test_a_benchmark_is_another_version_and_its_text_is_shown(tmp_path: Path) -> None:
    reader = benchmark(tmp_path, "", None, "What is the capital of France?", "x" * 400)
    whole = table(
        text=texts("what is the capital  of france?", "What is the capital of Peru?", "x" * 400, ""),
        split=texts("train", "train", "test", "train"),
    )
    name = reader.manifest.content_hash
    # A test item may be in the benchmark; a training item may not.
    said = "benchmark item 3, similarity 1.000: “What is the capital of France?”"
    assert leaks(whole, step("split_leakage", benchmark=name), reader) == [(1, "in_benchmark", said)]
    everything = step("split_leakage", benchmark=name, split_column="")
    found = leaks(whole, everything, reader)
    assert [row[0] for row in found] == [1, 3]
    assert found[1][2] == f"benchmark item 4, similarity 1.000: “{'x' * 300}…”"
    near = step("split_leakage", benchmark=name, method="near", shingles="word:1", threshold=0.7)
    assert [row[:2] for row in leaks(whole, near, reader)] == [(1, "in_benchmark"), (2, "in_benchmark")]
    with pytest.raises(StepError, match=r"There is no column split. .* or leave split_column empty"):
        leaks(whole.drop_columns(["split"]), step("split_leakage", benchmark=name), reader)
    with pytest.raises(StepError, match=r"The benchmark has no column text. It has question"):
        leaks(whole, step("split_leakage", benchmark=name, columns=["text"]), reader)
    with pytest.raises(StepError, match="split_column is empty and no benchmark is given"):
        leaks(whole, step("split_leakage", split_column=""), reader)
    with pytest.raises(StepError, match="There is no version with the content 000000000000 to compare with"):
        leaks(whole, step("split_leakage", benchmark="0" * 64), reader)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"benchmark": "gsm8k"}, "benchmark is 'gsm8k'; give a version's number"),
        ({"method": "near", "threshold": 0.0}, "threshold is 0.0; it must be above 0"),
        ({"method": "near", "shingles": "line:2"}, "shingles is 'line:2'"),
    ],
)
def test_what_cannot_be_compared_is_named(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        step("split_leakage", **params)


def test_a_file_is_a_benchmark_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_text("text\nWhat is seven times eight?\nHow old is the moon?\n")
    (tmp_path / "bench.jsonl").write_text('{"question": "x"}\n{"question": "How old is the Moon"}\n')
    (tmp_path / "plan.yaml").write_text(
        "steps:\n- name: split_leakage\n  params: {method: near, split_column: '', action: drop}\n"
    )
    names = [str(tmp_path / name) for name in ("plan.yaml", "in.csv", "out")]
    assert main(["run", *names, "--benchmark", str(tmp_path / "bench.jsonl")]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows_out"], summary["steps"][0]["dropped"]) == (1, {"in_benchmark": 1})
    drops = pq.read_table(tmp_path / "out" / "drops.parquet").to_pylist()
    assert drops[0]["detail"] == "benchmark item 2, similarity 1.000: “How old is the Moon”"
    assert len(summary["steps"][0]["params"]["benchmark"]) == 64
    (tmp_path / "plan.yaml").write_text("steps:\n- name: drop_empty_text\n")
    assert main(["run", *names, "--benchmark", str(tmp_path / "bench.jsonl")]) == 1
    assert "the plan has no step that compares with one" in capsys.readouterr().err
