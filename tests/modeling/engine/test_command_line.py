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
