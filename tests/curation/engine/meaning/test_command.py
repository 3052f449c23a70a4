"""`embed`, `outliers` and `semantic-duplicates` as people call them."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curation.engine.__main__ import main

ROWS = [
    ("a", "My bank card has not arrived yet"),
    ("b", "My bank card still hasn't arrived!"),
    ("c", " "),
    ("d", "买披萨"),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in ROWS))
    return path


def called(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict, str]:
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else {}, said.err


def test_embed_writes_a_row_for_each_and_none_for_empty_texts(source, cache_dir, tmp_path, capsys) -> None:
    out = tmp_path / "out.npy"
    code, summary, errors = called(capsys, "embed", source, "--out", out, "--cache", cache_dir)
    assert code == 0
    assert summary == {
        "rows": 4, "without_text": 1, "refused": 0, "encoder": "minilm", "width": 384, "out": str(out)
    }  # fmt: skip
    assert errors == "Rows without text get no vector: c.\n"
    vectors = np.load(out)
    assert vectors.shape == (4, 384)
    assert np.isnan(vectors[2]).all()
    assert vectors[0] @ vectors[1] > 0.8 > vectors[0] @ vectors[3]


def test_semantic_duplicates_writes_pairs_and_what_stays(source, cache_dir, tmp_path, capsys) -> None:
    pairs, kept = tmp_path / "pairs.csv", tmp_path / "kept.csv"
    arguments = ["semantic-duplicates", source, "--pairs", pairs, "--kept", kept, "--threshold", "0.8"]
    code, summary, _errors = called(capsys, *arguments, "--cache", cache_dir)
    assert (code, summary["pairs"], summary["duplicates"]) == (0, 1, 1)
    rows = list(csv.DictReader(pairs.open()))
    assert [(row["id1"], row["id2"]) for row in rows] == [("a", "b")]
    assert 0.8 <= float(rows[0]["cosine"]) <= 1
    assert {row["id"]: row["kept"] for row in csv.DictReader(kept.open())} == {"a": "b", "b": "b", "d": "d"}


def test_outliers_come_strangest_first(cache_dir, tmp_path, capsys) -> None:
    path, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    texts = [f"Where is my {kind} card?" for kind in ("new", "bank", "debit", "credit", "lost", "old", "visa", "gift")]
    path.write_text("text\n" + "".join(f'"{text}"\n' for text in [*texts, "Yeast cells divide in spring"]))
    code, summary, _errors = called(capsys, "outliers", path, "--out", out, "--cache", cache_dir)
    assert (code, summary["rows"]) == (0, 9)
    rows = list(csv.DictReader(out.open()))
    assert rows[0]["id"] == "9"
    assert [float(row["strangeness"]) for row in rows] == sorted(
        (float(row["strangeness"]) for row in rows), reverse=True
    )


def test_pictures_of_a_folder(cache_dir, tmp_path, capsys) -> None:
    folder, out = tmp_path / "pictures", tmp_path / "out.npy"
    folder.mkdir()
    blurred = Image.effect_mandelbrot((180, 160), (-2, -1.2, 1, 1.2), 80).convert("RGB")
    blurred.save(folder / "a.png")
    blurred.save(folder / "b.jpg", quality=95)
    Image.new("RGB", (64, 64), (20, 90, 200)).save(folder / "c.png")
    (folder / "猫.png").write_bytes(b"no picture")
    code, summary, errors = called(capsys, "embed", folder, "--out", out, "--cache", cache_dir)
    assert (code, summary["files"], summary["without_vector"], summary["width"]) == (0, 4, 1, 1280)
    assert "猫.png" in errors
    assert json.loads(Path(summary["names"]).read_text()) == ["a.png", "b.jpg", "c.png", "猫.png"]
    vectors = np.load(out)
    assert np.isnan(vectors[3]).all()
    assert vectors[0] @ vectors[1] > 0.9 > vectors[0] @ vectors[2]


def test_pictures_of_a_folder_are_compared_and_named_by_their_paths(cache_dir, tmp_path, capsys) -> None:
    folder, pairs, kept, odd = tmp_path / "图", tmp_path / "pairs.csv", tmp_path / "kept.csv", tmp_path / "odd.csv"
    (folder / "子").mkdir(parents=True)
    picture = Image.effect_mandelbrot((180, 160), (-2, -1.2, 1, 1.2), 80).convert("RGB")
    picture.save(folder / "a.png")
    picture.save(folder / "子" / "b.jpg", quality=95)
    Image.new("RGB", (64, 64), (20, 90, 200)).save(folder / "c.png")
    (folder / "notes.txt").write_text("no picture")
    arguments = ["semantic-duplicates", folder, "--pairs", pairs, "--kept", kept, "--threshold", "0.9"]
    code, summary, errors = called(capsys, *arguments, "--cache", cache_dir)
    assert (code, summary["rows"], summary["without_text"], summary["pairs"]) == (0, 4, 1, 1)
    assert "notes.txt: This is no picture" in errors
    assert [(row["id1"], row["id2"]) for row in csv.DictReader(pairs.open())] == [("a.png", "子/b.jpg")]
    assert {row["id"]: row["kept"] for row in csv.DictReader(kept.open())} == {
        "a.png": "a.png", "子/b.jpg": "a.png", "c.png": "c.png"
    }  # fmt: skip
    code, summary, _errors = called(capsys, "outliers", folder, "--out", odd, "--cache", cache_dir)
    assert (code, summary["encoder"]) == (0, "efficientnet-lite0")
    assert next(csv.DictReader(odd.open()))["id"] == "c.png"


def test_a_folder_takes_no_columns_and_no_encoder_of_texts(cache_dir, tmp_path, capsys) -> None:
    for arguments, words in (
        (["--field", "text"], "pictures of a folder are named by their paths"),
        (["--encoder", "minilm"], "There is no encoder of pictures 'minilm'; choose one of efficientnet-lite0"),
    ):
        code, _summary, errors = called(capsys, "embed", tmp_path, "--out", tmp_path / "o.npy", *arguments)
        assert (code, words in errors) == (1, True), errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--encoder", "bert"], "There is no encoder 'bert'"),
        (["--encoder", "hf:nobody/nothing"], "hf download nobody/nothing"),
        (["--out", "/nowhere/out.npy"], "There is no folder /nowhere for out.npy"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_sentence(source, tmp_path, capsys, arguments, words) -> None:
    code, _summary, errors = called(capsys, "embed", source, "--out", tmp_path / "out.npy", *arguments)
    assert code == 1
    assert words in errors
    assert not (tmp_path / "out.npy").exists()


def test_a_cut_off_picture_is_named_and_the_others_are_embedded(cache_dir, tmp_path, capsys) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    stream = io.BytesIO()
    Image.effect_noise((200, 200), 80).convert("RGB").save(stream, "JPEG")
    (folder / "cut.jpg").write_bytes(stream.getvalue()[:900])
    (folder / "good.jpg").write_bytes(stream.getvalue())
    code, summary, errors = called(capsys, "embed", folder, "--out", tmp_path / "o.npy", "--cache", cache_dir)
    assert (code, summary["without_vector"]) == (0, 1)
    assert "cut.jpg" in errors
