from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from curation.engine.explorer.build import build_index
from curation.engine.explorer.conditions import Answer, Condition, ConditionError, Question
from curation.engine.explorer.index import VersionIndex
from curation.engine.explorer.scan import scan
from curation.engine.reader import VersionReader
from tests.curation.engine.test_diff import version

ROWS = {
    "item_id": [10, 20, 30, 40, 50],
    "text": ["The QUICK fox", "数据标注的质量", None, "ﬁne　ＡＢＣ", "emoji 👩‍🚀 fox"],
    "label": ["a", "b", "b", None, "a"],
    "score": [1.0, 2.5, None, 4.0, float("nan")],
    "split": ["train", "test", "train", "train", "test"],
}


@pytest.fixture(params=["index", "scan"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Ask both ways of answering the same: from the index, and from the Parquet parts."""

    def prepare(columns: dict[str, Any], **roles: str) -> Any:
        reader = version(tmp_path / "v", columns, **roles)
        if request.param == "scan":
            return lambda question, **options: scan(reader, question, **{"budget": 60, **options})
        build_index(reader, tmp_path / "v.idx")
        index = VersionIndex(tmp_path / "v.idx")
        return lambda question, **options: index.find(question, **{"budget": 60, **options})

    return prepare


def ids(answer: Answer) -> list[int]:
    return [row["item_id"] for row in answer.rows]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (Question(), [10, 20, 30, 40, 50]),
        (Question("quick"), [10]),
        (Question("FOX"), [10, 50]),
        (Question("标注"), [20]),
        (Question("质"), [20]),
        (Question("fine abc"), [40]),
        (Question("👩‍🚀"), [50]),
        (Question("quick  fox"), [10]),
        (Question("fox\nemoji"), []),
        (Question("", (Condition("equals", "label", "b"),)), [20, 30]),
        (Question("", (Condition("equals", "label", "none such"),)), []),
        (Question("", (Condition("missing", "label"),)), [40]),
        (Question("", (Condition("missing", "score"),)), [30, 50]),
        (Question("", (Condition("present", "score"),)), [10, 20, 40]),
        (Question("", (Condition("at_least", "score", "2.5"), Condition("at_most", "score", "4"))), [20, 40]),
        (Question("", (Condition("equals", "score", "4"),)), [40]),
        (Question("", (Condition("longer", value="9"), Condition("shorter", value="11"))), []),
        (Question("", (Condition("shorter", value="7"),)), [20, 30, 40]),
        (Question("fox", (Condition("equals", "split", "test"),)), [50]),
    ],
)
def test_questions(ask: Any, question: Question, expected: list[int]) -> None:
    assert ids(ask(ROWS, text="text", label="label")(question)) == expected


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition("equals", "nothing", "x"), "no column 'nothing'"),
        (Condition("at_least", "label", "3"), "holds no numbers"),
        (Condition("at_least", "score", "many"), "'many' is not a number"),
    ],
)
def test_senseless_conditions_are_refused(ask: Any, condition: Condition, words: str) -> None:
    with pytest.raises(ConditionError, match=words):
        ask(ROWS, text="text")(Question("", (condition,)))


def test_pages_go_forward_and_back_without_gap_or_repeat(ask: Any) -> None:
    count = 30_000
    columns = {
        "item_id": np.arange(count),
        "text": [f"row {n} {'needle' if n % 37 == 0 else 'hay'}" for n in range(count)],
        "unique": [f"u{n}" for n in range(count)],
    }
    find = ask(columns, text="text")
    truth = [n for n in range(count) if n % 37 == 0]
    seen, start, back = [], 0, []
    while start is not None:
        answer = find(Question("needle"), start=start, limit=50)
        seen += ids(answer)
        start = answer.after
    assert seen == truth
    before: int | None = count
    while before is not None:
        answer = find(Question("needle"), start=before, limit=50, backward=True)
        back = ids(answer) + back
        before = answer.before
    assert back == truth
    assert ids(find(Question("", (Condition("equals", "unique", "u29999"),)))) == [29999]


def test_a_request_stops_in_time_and_goes_on(ask: Any) -> None:
    """With no time at all each request looks at one piece, and going on finds the one item at the end."""
    count = 70_000
    texts = ["common words here"] * count
    texts[-1] = "wore hosen"
    find = ask({"item_id": np.arange(count), "text": texts, "n": np.arange(count)}, text="text")
    question = Question("e", (Condition("at_least", "n", str(count - 1)),))
    requests, start, found = 0, 0, []
    while start is not None:
        answer = find(question, start=start, budget=0)
        requests, start = requests + 1, answer.after
        found += ids(answer)
    assert found == [count - 1]
    assert requests > 2


def test_the_index_counts_its_columns(tmp_path: Path) -> None:
    reader: VersionReader = version(tmp_path / "v", ROWS, text="text", label="label")
    columns = {entry["name"]: entry for entry in build_index(reader, tmp_path / "v.idx")["columns"]}
    assert columns["label"]["values"] == [["a", 2], ["b", 2]]
    assert columns["label"]["missing"] == 1
    assert sum(columns["score"]["histogram"]["counts"]) == 3
    assert columns["score"]["missing"] == 2
    index = VersionIndex(tmp_path / "v.idx")
    assert index.find(Question("", (Condition("equals", "label", "a"),)), limit=1).total == 2


def test_equal_versions_give_equal_files(tmp_path: Path) -> None:
    reader = version(tmp_path / "v", ROWS, text="text", label="label")
    for name in ("one", "two"):
        build_index(reader, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_column_with_many_values_keeps_lengths(tmp_path: Path) -> None:
    values = [f"value {n}" for n in range(1500)]
    reader = version(
        tmp_path / "v", {"item_id": range(1500), "key": values, "when": pa.array(range(1500), pa.timestamp("s"))}
    )
    entry = build_index(reader, tmp_path / "v.idx")["columns"][0]
    assert (entry["kind"], sum(entry["lengths"]["counts"])) == ("text", 1500)
    assert ids(VersionIndex(tmp_path / "v.idx").find(Question("", (Condition("equals", "key", "value 77"),)))) == [77]


def test_a_version_without_rows(tmp_path: Path) -> None:
    reader = version(
        tmp_path / "v", {"item_id": pa.array([], pa.int64()), "text": pa.array([], pa.string())}, text="text"
    )
    build_index(reader, tmp_path / "v.idx")
    assert VersionIndex(tmp_path / "v.idx").find(Question("a")).rows == []
