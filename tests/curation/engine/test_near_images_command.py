import csv
import json
from pathlib import Path

import pytest

from curation.engine.__main__ import main
from tests.curation.engine.near_pictures.drawing import save, scene


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(path.read_text("utf-8").splitlines()))


def test_pairs_clusters_and_broken_pictures_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "图片"
    save(folder / "a.jpg", scene(1))
    save(folder / "b" / "a.jpg", scene(1)[:250, :350])
    save(folder / "c.jpg", scene(2))
    (folder / "d.png").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    (folder / "notes.txt").write_text("no picture")
    outputs = {name: tmp_path / f"{name}.csv" for name in ("pairs", "clusters", "broken")}
    arguments = ["near-duplicate-images", str(folder), "--cache", str(tmp_path / "cache")]
    assert main([*arguments, *(word for name, path in outputs.items() for word in (f"--{name}", str(path)))]) == 0
    pairs = table(outputs["pairs"])
    assert [pairs[0], pairs[1][:2]] == [["file1", "file2", "score"], ["a.jpg", "b/a.jpg"]]
    assert 0.8 < float(pairs[1][2]) <= 1
    assert len(pairs) == 2
    assert table(outputs["clusters"]) == [
        ["cluster", "file", "kept"],
        ["1", "a.jpg", "true"],
        ["1", "b/a.jpg", "false"],
    ]
    assert table(outputs["broken"])[1] == ["d.png", "The picture is damaged, or its format is not known."]
    summary = json.loads(capsys.readouterr().out)
    wanted = {"files": 4, "pictures": 3, "broken": 1, "pairs": 1, "clusters": 1, "duplicate_share": 0.25}
    assert {key: summary[key] for key in wanted} == wanted


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "is no folder"),
        ([".", "--pairs", "out.txt"], "out.txt: the name must end in one of"),
        ([".", "--threshold", "2"], "threshold is 2.0; it must be from 0.3 to 1"),
    ],
)
def test_wrong_arguments_are_answered(
    arguments: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["near-duplicate-images", *arguments]) == 1
    assert sentence in capsys.readouterr().err
