import csv
import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from labeling.engine.__main__ import main
from tests.labeling.engine.crowd.known import FOLDER, truth_of, tweets


def _run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, Any, str]:
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, json.loads(said.out) if code == 0 else said.out, said.err


def _file(folder: Path, text: str, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_consensus_writes_one_row_for_each_item(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"

    code, summary, _err = _run(capsys, "consensus", FOLDER / "bluebirds.csv.gz", "--out", out)

    rows, truth = _rows(out), truth_of("bluebirds")
    assert code == 0
    assert list(rows[0]) == ["item", "label", "confidence"]
    assert len(rows) == 108
    assert sum(row["label"] == truth[row["item"]] for row in rows) >= 95
    assert all(0.5 <= float(row["confidence"]) <= 1 for row in rows)
    assert (summary["people"], summary["answers"], summary["items_tied"]) == (39, 4212, 0)
    assert {one["warning"] for one in summary["warnings"]} <= {"random", "always_same", "against"}


def test_columns_may_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "frage,wer,antwort\na,1,ja\na,2,ja\na,3,nein\n")
    names = ["--item", "frage", "--worker", "wer", "--label", "antwort"]

    code, summary, _err = _run(capsys, "consensus", path, *names, "--out", tmp_path / "o.csv", "--method", "majority")

    assert code == 0
    assert _rows(tmp_path / "o.csv") == [{"item": "a", "label": "ja", "confidence": "0.666667"}]
    assert summary["labels"] == {"ja": 1, "nein": 0}


def test_chinese_and_commas_survive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, '任务,worker,label\n一,甲,"是, 🙂"\n一,乙,"是, 🙂"\n')

    code, _summary, _err = _run(capsys, "consensus", path, "--item", "任务", "--out", tmp_path / "o.csv")

    assert code == 0
    assert _rows(tmp_path / "o.csv") == [{"item": "一", "label": "是, 🙂", "confidence": "1"}]


def test_bad_rows_are_named_and_the_others_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "item,worker,label\na,1,x\na,2,\nb,,y\nb,2,y\n,3,y\nb,3,y,too,many\n")

    code, summary, err = _run(capsys, "consensus", path, "--out", tmp_path / "o.csv")

    assert code == 0
    assert [row["item"] for row in _rows(tmp_path / "o.csv")] == ["a", "b"]
    assert (summary["rows_refused"], summary["rows_incomplete"]) == (1, 3)
    assert "row 2: left out, it has no label" in err
    assert "row 3: left out, it has no worker" in err
    assert "line 7: " in err


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("a,b\n1,2\n3,4\n", [], "has no column that looks like the item. It has a, b. Say which with --item."),
        ("item,worker,label\na,w,x\n", ["--label", "answer"], "has no column 'answer'. It has item, worker, label."),
        ("item,worker,label\na,w,x\n", ["--worker", "item"], "must be three columns; they are item, item, label."),
        ("item,worker,label\n,w,x\na,w,\n", [], "has all of the columns item, worker, label filled"),
        ("item,worker,label\n", [], "holds no row that can be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(
    text: str, options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path, text)
    for command in (["consensus", path, "--out", tmp_path / "o.csv"], ["agreement", path]):
        code, out, err = _run(capsys, *command, *options)

        assert code == 1
        assert sentence in err
        assert out == ""
    assert not (tmp_path / "o.csv").exists()


def test_no_result_takes_the_place_of_another_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "item,worker,label\na,1,x\na,2,y\n"
    path, link, folder, out = _file(tmp_path, text), tmp_path / "l.csv", tmp_path / "f.csv", tmp_path / "o.csv"
    link.symlink_to(path)
    folder.mkdir()
    refused = [
        ("consensus", path, "--out", path),
        ("consensus", path, "--out", link),
        ("consensus", path, "--out", out, "--people", out),
        ("consensus", path, "--out", out, "--people", path),
        ("agreement", path, "--out", path),
        ("consensus", path, "--out", folder),
        ("agreement", folder),
    ]
    for arguments in refused:
        code, said, err = _run(capsys, *arguments)

        assert (code, said) == (1, ""), arguments
        assert "named twice" in err or "is a folder" in err
    assert path.read_text() == text
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--seed", "-1"], "--seed is a whole number from 0."),
        (["--order", "x,y,x"], "--order names 'x' twice"),
        (["--kind", "sets", "--separator", ""], "it cannot be empty"),
    ],
)
def test_a_wrong_option_is_named(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path, "item,worker,label\na,1,x\na,2,y\n")

    code, _out, err = _run(capsys, "agreement", path, *options)

    assert code == 1
    assert sentence in err


def test_columns_are_found_by_their_chinese_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "标注.csv"
    path.write_text("样本;标注员;标签\n一;张三;正面\n一;李四;正面\n", "gb18030")

    code, _summary, _err = _run(capsys, "consensus", path, "--out", tmp_path / "o.csv")

    assert code == 0
    assert _rows(tmp_path / "o.csv") == [{"item": "一", "label": "正面", "confidence": "1"}]


def test_the_same_number_and_blanks_around_are_no_disagreement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = _file(tmp_path, "item,worker,label\na,1,1\na,2,1.0\nb,1,10\nb,2,10\nc,1,2.50\nc,2,2.5\n")
    words = _file(tmp_path, "item, worker, label\na, 1, x\na, 2, x \nb, 1, y\nb ,2,y\n", "words.csv")

    _code, first, _err = _run(capsys, "agreement", numbers)
    _code, second, _err = _run(capsys, "agreement", words)

    assert [row["label"] for row in first["labels"]] == ["1", "2.5", "10"]
    assert {one["value"] for one in first["krippendorff_alpha"].values()} == {1.0}
    assert first["notes"] == ["Labels that are the same number count as one: 1.0 is 1, 2.50 is 2.5."]
    assert [row["label"] for row in second["labels"]] == ["x", "y"]
    assert (second["krippendorff_alpha"]["nominal"]["value"], second["notes"]) == (1.0, [])


def test_words_for_a_missing_answer_are_asked_about_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path, "item,worker,label\na,1,1\na,2,1\nb,1,2\nb,2,NA\nc,1,3\nc,2,3\nd,1,Yes\nd,2,yes\n")

    _code, asked, _err = _run(capsys, "agreement", path)
    _code, left_out, err = _run(capsys, "agreement", path, "--missing", "NA,Yes,yes")

    none, cases = asked["notes"]
    assert none.startswith("Labels that may mean a missing answer: NA. If they do, leave them out with --missing NA;")
    assert cases == "Labels that differ in capitals only count as different: Yes and yes."
    assert list(left_out["krippendorff_alpha"]) == ["nominal", "ordinal", "interval"]
    assert (left_out["rows_incomplete"], left_out["items_compared"]) == (3, 2)
    assert "row 4: left out, it has no label" in err


def test_nothing_is_said_of_steps_that_imports_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "item,worker,label\na,1,\na,2,x\nb,1,y\nb,2,y\n")

    _code, report, _err = _run(capsys, "agreement", path)

    assert report["notes"] == []


def test_a_missing_file_or_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(FOLDER / "weather.csv.gz", tmp_path)

    missing = _run(capsys, "consensus", tmp_path / "none.csv", "--out", tmp_path / "o.csv")
    folder = _run(capsys, "consensus", tmp_path / "weather.csv.gz", "--out", tmp_path / "no" / "o.csv")
    ending = _run(capsys, "consensus", tmp_path / "weather.csv.gz", "--out", tmp_path / "o.doc")

    assert [code for code, _out, _err in (missing, folder, ending)] == [1, 1, 1]
    assert "none.csv" in missing[2]
    assert "no folder" in folder[2]
    assert "must end in one of .csv" in ending[2]


def test_one_annotator_is_said_to_prove_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "item,worker,label\na,w,x\nb,w,y\n")

    _code, summary, _err = _run(capsys, "consensus", path, "--out", tmp_path / "o.csv")
    _code, report, _err = _run(capsys, "agreement", path)

    assert summary["method"] == "majority"
    assert [row["label"] for row in _rows(tmp_path / "o.csv")] == ["x", "y"]
    assert report["krippendorff_alpha"]["nominal"]["value"] is None
    assert any(note.startswith("Only one person answered") for note in summary["notes"])
    assert any(note.startswith("Only one person answered") for note in report["notes"])


def test_people_are_written_with_their_confusions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = tmp_path / "people.json"
    _run(capsys, "consensus", FOLDER / "weather.csv.gz", "--out", tmp_path / "o.csv", "--people", people)

    rows = json.loads(people.read_text("utf-8"))
    assert len(rows) == 461
    assert all(row["answers"] > 0 and row["confusion"] for row in rows)


def test_agreement_prints_every_coefficient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report, _err = _run(capsys, "agreement", FOLDER / "pandalm_labels.csv.gz", "--out", tmp_path / "o.json")

    assert code == 0
    assert report["fleiss_kappa"]["value"] == pytest.approx(0.8642, abs=0.0001)
    assert [round(pair["cohen_kappa"]["value"], 3) for pair in report["pairs"]] == [0.852, 0.879, 0.862]
    assert set(report["krippendorff_alpha"]) == {"nominal", "ordinal", "interval"}
    assert json.loads((tmp_path / "o.json").read_text("utf-8")) == report


def test_an_order_of_words_gives_ordinal_alpha(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _file(tmp_path, "item,worker,label\n" + "a,1,low\na,2,mid\nb,1,high\nb,2,high\nc,1,low\nc,2,low\n")

    _code, report, _err = _run(capsys, "agreement", path, "--order", "low,mid,high")
    code, _out, err = _run(capsys, "agreement", path, "--order", "low,high")

    assert set(report["krippendorff_alpha"]) == {"nominal", "ordinal"}
    assert code == 1
    assert "The label 'mid' is not among the labels given: low, high." in err


def test_sets_and_marks_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = _file(tmp_path, "item,worker,label\na,1,red|big\na,2,red\nb,1,old\nb,2,old\n", "sets.csv")
    spans = [
        {"item": "a", "worker": "1", "label": json.dumps([{"label": "PER", "start": 0, "end": 3}])},
        {"item": "a", "worker": "2", "label": json.dumps([{"label": "PER", "start": 0, "end": 4}])},
        {"item": "b", "worker": "1", "label": "[]"},
        {"item": "b", "worker": "2", "label": "not JSON"},
    ]
    marks = tmp_path / "spans.jsonl"
    marks.write_text("\n".join(map(json.dumps, spans)), "utf-8")

    _code, first, _err = _run(capsys, "agreement", sets, "--kind", "sets")
    code, second, err = _run(capsys, "agreement", marks, "--kind", "spans")

    assert [row["label"] for row in first["labels"]] == ["big", "old", "red"]
    assert 0 < first["krippendorff_alpha"]["masi"]["value"] < 1
    assert code == 0
    assert {name: one["value"] for name, one in second["f1"].items()} == {"exact": 0, "overlap": 1, "partial": 1}
    assert "row 4: left out, its answer is not JSON" in err


def test_boxes_and_polygons_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = [{"label": "cell", "x": 0, "y": 0, "width": 4, "height": 4}]
    shape = [{"label": "cell", "points": [[0, 0], [4, 0], [4, 4], [0, 4]]}]
    for kind, answer, bad in (("boxes", box, '[{"x": 1}]'), ("polygons", shape, '[{"points": [[0, 0]]}]')):
        with gzip.open(tmp_path / f"{kind}.jsonl.gz", "wt", encoding="utf-8") as file:
            for worker, label in (("1", json.dumps(answer)), ("2", json.dumps(answer)), ("3", bad)):
                file.write(json.dumps({"item": "a", "worker": worker, "label": label}) + "\n")

        code, report, err = _run(capsys, "agreement", tmp_path / f"{kind}.jsonl.gz", "--kind", kind)

        assert code == 0
        assert report["f1"]["exact"]["value"] == 1
        assert report["mean_overlap"]["overlap"] == 1
        assert "row 3: left out" in err


def _marks_file(folder: Path) -> Path:
    """Write the tweets of the Broad Twitter Corpus as the command reads them, one item for each tweet and type."""
    answered, names, _gold = tweets()
    lines = []
    for name, people in zip(names, answered, strict=True):
        for worker, marks in people.items():
            kind = next((mark.label for mark in marks), "")
            spans = [{"label": mark.label, "start": mark.place[0], "end": mark.place[1]} for mark in marks]
            lines.append(json.dumps({"item": f"{name} {kind}", "worker": worker, "label": json.dumps(spans)}))
    return _file(folder, "\n".join(lines), "tweets.jsonl")


def test_consensus_of_spans_writes_one_row_for_each_that_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for worker, spans in (("a", [(0, 3, "PER"), (7, 9, "LOC")]), ("b", [(0, 3, "PER")]), ("c", [(0, 4, "PER")])):
        said = [{"start": start, "end": end, "label": label} for start, end, label in spans]
        rows.append({"item": "一", "worker": worker, "label": json.dumps(said)})
    rows.append({"item": "none", "worker": "a", "label": "[]"})
    path = _file(tmp_path, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "spans.jsonl")
    out = tmp_path / "out.csv"

    code, summary, _err = _run(
        capsys,
        "consensus",
        path,
        "--kind",
        "spans",
        "--method",
        "majority",
        "--out",
        out,
        "--people",
        tmp_path / "p.json",
    )

    assert code == 0
    assert _rows(out) == [{"item": "一", "start": "0", "end": "3", "label": "PER", "confidence": "1", "people": "3"}]
    assert (summary["items"], summary["items_without_marks"], summary["candidates"], summary["marks"]) == (2, 1, 2, 1)
    assert len(json.loads((tmp_path / "p.json").read_text())) == 3


def test_consensus_of_boxes_keeps_their_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boxes = [{"label": "cell", "x": 10.5, "y": 20, "width": 30, "height": 40}]
    lines = [json.dumps({"item": "p", "worker": worker, "label": json.dumps(boxes)}) for worker in "ab"]
    path, out = _file(tmp_path, "\n".join(lines), "boxes.jsonl"), tmp_path / "out.jsonl"

    code, _summary, _err = _run(capsys, "consensus", path, "--kind", "boxes", "--out", out)

    assert code == 0
    (row,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row[name] for name in ("x", "y", "width", "height", "people")] == [10.5, 20, 30, 40, 2]


def test_consensus_of_tweets_is_the_engines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.csv"

    code, summary, _err = _run(capsys, "consensus", _marks_file(tmp_path), "--kind", "spans", "--out", out)

    assert code == 0
    assert summary["method"] == "dawid-skene"
    assert summary["marks"] == len(_rows(out)) > 100
    assert all(0.5 < float(row["confidence"]) <= 1 for row in _rows(out) if int(row["people"]) > 1)
