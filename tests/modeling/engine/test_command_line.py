"""Train, export, verify and predict by command."""

import csv
import json

import pytest

from modeling.engine.__main__ import main


@pytest.fixture
def data(sms, tmp_path):
    path = tmp_path / "data.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "split"])
        writer.writerows(zip(sms.inputs, sms.answers, sms.splits, strict=True))
    return path


def test_the_whole_way(sms, data, cache_dir, tmp_path, capsys):
    cache = ["--cache", str(cache_dir)]
    chosen = ["--split", "split", "--family", "encoder-head"]
    assert main(["train", str(data), *chosen, "--out", str(tmp_path / "m"), *cache]) == 0
    assert json.loads(capsys.readouterr().out)["macro_f1"] > 0.85
    bundle = str(tmp_path / "b.zip")
    assert main(["export", str(tmp_path / "m"), "--out", bundle, "--limit-points", "5", *cache]) == 0
    exported = json.loads(capsys.readouterr().out)
    assert main(["verify", bundle]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == exported["sha256"]
    assert main(["predict", bundle, sms.part("train").inputs[sms.part("train").answers.index("spam")]]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "spam"


def test_a_missing_column_is_a_sentence_and_a_failure(data, tmp_path, capsys):
    assert main(["train", str(data), "--text", "body", "--out", str(tmp_path / "m")]) == 1
    assert "no column 'body'; it has text, label, split" in capsys.readouterr().err


def test_a_model_is_judged_and_predicts_rows_of_a_file(sms, data, cache_dir, tmp_path, capsys):
    cache, folder = ["--cache", str(cache_dir)], str(tmp_path / "m")
    assert main(["train", str(data), "--split", "split", "--family", "tfidf-linear", "--out", folder, *cache]) == 0
    trained = json.loads(capsys.readouterr().out)
    assert main(["evaluate", folder, str(data), "--split", "split", *cache]) == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["macro_f1"] == trained["macro_f1"]
    mistakes = [json.loads(line) for line in (tmp_path / "m" / "errors.jsonl").read_text("utf-8").splitlines()]
    assert len(mistakes) == 48
    assert mistakes[0]["loss"] >= mistakes[-1]["loss"]
    fresh = tmp_path / "fresh.jsonl"
    fresh.write_text('{"id": "a", "text": "Free prize! Call now"}\n{broken\n{"id": "b", "text": "see you at six"}\n')
    assert main(["predict", folder, str(fresh), *cache]) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["a", "b"]
    assert "line 2: not JSON" in said.err


def test_several_labels_come_from_one_cell(tmp_path, cache_dir, capsys):
    rows = [("red apple", "fruit|red"), ("green apple", "fruit"), ("red car", "red"), ("blue car", "")] * 10
    path = tmp_path / "several.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows((f"{text} {number}", label) for number, (text, label) in enumerate(rows))
    chosen = ["--task", "text-multilabel", "--family", "tfidf-linear", "--out", str(tmp_path / "m")]
    assert main(["train", str(path), *chosen, "--cache", str(cache_dir)]) == 0
    assert json.loads(capsys.readouterr().out)["micro_f1"] > 0.9


def test_a_setting_that_there_is_not_is_a_sentence(data, tmp_path, capsys):
    wrong = ["--out", str(tmp_path / "m"), "--set", "speed=9"]
    assert main(["train", str(data), "--split", "split", "--family", "tfidf-linear", *wrong]) == 1
    assert "no training setting 'speed'" in capsys.readouterr().err
    wrong[-1] = "schedule=slow"
    assert main(["train", str(data), "--split", "split", "--family", "tfidf-linear", *wrong]) == 1
    assert "schedule must be one of" in capsys.readouterr().err
