"""Files of spans, rows and pairs as examples."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from modeling.engine.data import Pair, Span
from modeling.engine.errors import BadData
from modeling.engine.reading.apart import kept_apart, split_groups, split_name
from modeling.engine.reading.options import ReadingOptions
from modeling.engine.reading.table import read_examples


def written(folder: Path, rows: Sequence[Mapping[str, Any] | str]) -> Path:
    """Write rows as packed JSON Lines; texts are written as they are."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path = folder / "rows.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def spans_of(part: str, text: str, *spans: object) -> dict[str, Any]:
    """Return one row."""
    return {"text": text, "spans": list(spans), "split": part}


def test_spans_in_every_form_and_bad_rows_told(tmp_path: Path) -> None:
    rows = [
        spans_of("train", "北京 is big", {"start": 0, "end": 2, "label": "LOC"}),
        spans_of("train", "Ann and Bo", [0, 3, "PER"], [8, 10, "PER"], [0, 3, "PER"]),
        {"tokens": ["Ann", "Lee", "Bonn", "x"], "tags": ["B-PER", "I-PER", "B-LOC", "O"], "split": "dev"},
        {"text": "a  b", "tokens": ["a", "b"], "tags": ["S-LOC", "O"], "split": "test", "id": "seven"},
        "{broken",
        spans_of("train", "short", [0, 9, "PER"]),
        spans_of("train", "   ", [0, 1, "PER"]),
        spans_of("train", "no label", [0, 2, " "]),
        spans_of("train", "half", [0.5, 2, "PER"]),
        {"text": "nothing", "split": "train"},
        {"tokens": ["a"], "tags": ["B-PER", "O"], "split": "train"},
        spans_of("train", "a  b", [0, 1, "PER"]),
    ]
    options = ReadingOptions(written(tmp_path, rows), "ner", split="split")
    data = read_examples(options)
    assert data.inputs == ("北京 is big", "Ann and Bo", "Ann Lee Bonn x", "a  b")
    assert data.answers == (
        (Span(0, 2, "LOC"),), (Span(0, 3, "PER"), Span(8, 10, "PER")), (Span(0, 7, "PER"), Span(8, 12, "LOC")),
        (Span(0, 1, "LOC"),),
    )  # fmt: skip
    assert data.splits == ("train", "train", "validation", "test")
    assert data.ids[3] == "seven"
    assert [note.removeprefix("rows.jsonl.gz, ")[:55] for note in options.notes[1:-1]] == [
        "line 6: the span 0 to 9 is empty or outside the text of",
        "line 7: its text is empty.",
        'line 8: the span [0, 2, " "] has no label.',
        'line 9: the span [0.5, 2, "PER"] needs a whole number a',
        "line 10: it has no spans. Each row needs text and spans",
        "line 11: it has 1 tokens and 2 tags.",
    ]
    assert "line 5" in options.notes[0]
    assert options.notes[-1] == "1 rows were left out whose text stands in a later part as well."


def test_spans_of_a_csv_without_a_split(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    lines = [f'"word{i} in Rome","[[{len(f"word{i}") + 4}, {len(f"word{i}") + 8}, ""LOC""]]"' for i in range(20)]
    path.write_text("text,spans\n" + "\n".join(lines) + "\n")
    data = read_examples(ReadingOptions(path, "ner"))
    assert {text[span.start : span.end] for text, (span,) in zip(data.inputs, data.answers, strict=True)} == {"Rome"}
    assert [data.splits.count(part) for part in ("train", "validation", "test")] == [14, 2, 4]
    assert read_examples(ReadingOptions(path, "ner")).splits == data.splits
    assert read_examples(ReadingOptions(path, "ner", seed=1)).splits != data.splits


def test_rows_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    body = "".join(f"r{i},{i % 7},{'ab'[i % 2]},{i / 2}\n" for i in range(40))
    path.write_text("id,mass,kind,price\n" + body + "r40,1,NA,x\nr41,1,a,3,4\n")
    options = ReadingOptions(path, "table", label="kind")
    data = read_examples(options)
    assert (data.inputs[0], data.answers[:2], data.ids[:2]) == ({"mass": "0", "price": "0.0"}, ("a", "b"), ("r0", "r1"))
    assert options.notes == [
        "rows.csv, line 43: more values than the heading has names.", "rows.csv, line 42: no label.",
    ]  # fmt: skip
    numbers = ReadingOptions(path, "table-regression", label="price")
    assert read_examples(numbers).answers[:3] == (0.0, 0.5, 1.0)
    assert numbers.notes[-1] == "rows.csv, line 42: 'x' is no number."


def test_alike_rows_stand_in_one_part(tmp_path: Path) -> None:
    rows = [{"a": i % 10, "label": "xy"[i % 2]} for i in range(60)]
    data = read_examples(ReadingOptions(written(tmp_path, rows), "table"))
    parts = {}
    for row, split in zip(data.inputs, data.splits, strict=True):
        parts.setdefault(row["a"], set()).add(split)
    assert all(len(splits) == 1 for splits in parts.values())
    assert set(data.splits) == {"train", "validation", "test"}


def test_pairs_in_every_form(tmp_path: Path) -> None:
    asked = {"prompt": "p1", "first": "a", "second": "b"}
    rows = [
        {**asked, "label": 1, "split": "train"},
        {**asked, "label": "second", "split": "train"},
        {**asked, "label": "tie", "split": "train"},
        {"prompt": [{"from": "human", "value": "p2"}], "chosen": {"value": "c"}, "rejected": "d", "split": "train"},
        {"prompt": "p3", "chosen": "c", "rejected": "d", "split": "valid"},
        {"instruction": "p4", "input": "more", "response1": True, "response2": "b", "annotator1": 2, "annotator2": 2,
         "annotator3": 1, "split": "test", "idx": 9},
        {**asked, "label": "what", "split": "train"},
        {"prompt": "p5", "first": "a", "split": "train"},
        {"prompt": "p4\nmore", "first": "x", "second": "y", "label": 1, "split": "train"},
    ]  # fmt: skip
    options = ReadingOptions(written(tmp_path, rows), "preference", split="split")
    data = read_examples(options)
    assert data.inputs == (
        Pair("p1", "a", "b"), Pair("p1", "a", "b"), Pair("p2", "c", "d"), Pair("p3", "d", "c"),
        Pair("p4\nmore", "True", "b"),
    )  # fmt: skip
    assert data.answers == (0, 1, 0, 1, 1)
    assert data.soft is not None
    assert data.soft[:, 0].round(3).tolist() == [1, 0, 1, 0, 0.333]
    assert data.ids[-1] == "9"
    assert [note.removeprefix("rows.jsonl.gz, ") for note in options.notes] == [
        "line 7: the decision 'what' is none of 1, 2, first, second, a, b, 0, tie.",
        "line 8: it has no second answer.",
        "1 pairs are ties and were left out.",
        "1 pairs were left out whose prompt stands in a later part.",
    ]


@pytest.mark.parametrize(
    ("task", "row", "sentence"),
    [
        ("ner", {"text": "a"}, "rows.jsonl.gz has no row with a text and its spans."),
        ("table", {"a": 1, "label": None}, "rows.jsonl.gz has no row with a label in label."),
        ("table", {"a": 1}, "rows.jsonl.gz has no column 'label'; it has a."),
        ("preference", {"prompt": "p", "first": "a"}, "rows.jsonl.gz has no pair to learn from."),
    ],
)
def test_files_without_anything_to_learn(tmp_path: Path, task: str, row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadData) as refused:
        read_examples(ReadingOptions(written(tmp_path, [row]), task))
    assert sentence in str(refused.value)


def test_the_most_careful_part_keeps_what_stands_in_several() -> None:
    assert kept_apart("aabbc", ["train", "test", "validation", "train", "odd"]) == [1, 2, 4]
    assert [split_name(name) for name in ("dev", "Train ", "eval", None)] == ["validation", "train", "test", ""]
    splits = split_groups([i // 3 for i in range(90)], [0] * 90, 0)
    assert all(len(set(splits[i : i + 3])) == 1 for i in range(0, 90, 3))
