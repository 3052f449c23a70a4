import json
from pathlib import Path
from typing import Any

import pytest

from labeling.engine.__main__ import main
from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError
from labeling.engine.formats.table import FORMATS, WRITTEN, find_format
from tests.labeling.engine.formats.known import FOLDER, draw, read, write

SAMPLES = {
    "coco": "coco",
    "cvat_images": "cvat",
    "cvat_video": "cvat",
    "labelme_xml": "labelme_xml",
    "voc": "voc",
    "yolo_darknet": "yolo",
    "yolo_detect": "yolo",
    "yolo_obb": "yolo",
    "yolo_segment": "yolo",
    "labelme_json": "labelme",
    "fruit": "coco",
}


@pytest.mark.parametrize(("folder", "name"), SAMPLES.items())
def test_each_dataset_is_recognized_by_one_format_alone(folder: str, name: str) -> None:
    with opened(FOLDER / folder) as files:
        assert find_format(files) == name
        claims = [each for each, row in FORMATS.items() if row.recognize(files)]
        # Folders of classes are the last that is tried: pictures in folders are part of the others.
        assert [each for each in claims if each != "folders"] == [name]


@pytest.mark.parametrize(("folder", "name"), SAMPLES.items())
@pytest.mark.parametrize("to", WRITTEN)
def test_each_dataset_becomes_every_format_that_holds_it(
    folder: str, name: str, to: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if folder in {"labelme_json", "fruit"}:
        pytest.skip("its pictures are made in its own test")
    out, report = tmp_path / "out", tmp_path / "losses.csv"

    code = main(["convert", str(FOLDER / folder), "--to", to, "--out", str(out), "--losses", str(report)])

    said = capsys.readouterr()
    if code:
        assert "project asks" in said.err
        assert not out.exists()
        return
    summary = json.loads(said.out)
    assert summary["from"] == name
    assert summary["losses"] == len(report.read_text("utf-8").splitlines()) - 1
    # The short form has rows for answers alone, and its report lists the items without one.
    unanswered = summary["by_code"].get("unanswered", 0) if to == "label_studio_min" else 0
    assert len(read(out).records) == summary["items"] - unanswered


def test_what_is_none_of_them_is_refused_with_their_names(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "id,text\n1,x\n")

    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == "format_unknown"
    assert "COCO" in refused.value.message


def test_pictures_in_folders_of_classes_have_their_labels(tmp_path: Path) -> None:
    for path in ("train/cat/a.png", "train/dog/b.png", "val/cat/c.png", "val/_unlabeled/d.png", "train/e.png"):
        draw(tmp_path / path)

    found = read(tmp_path)

    assert found.format == "folders"
    answers: dict[str, Any] = {name: record.final for name, record in found.records.items()}
    assert answers == {
        "a.png": {"label": ["cat"]},
        "b.png": {"label": ["dog"]},
        "c.png": {"label": ["cat"]},
        "d.png": None,
        "e.png": None,
    }
    assert found.records["c.png"].fields == {"split": "validation"}
    assert found.codes == {"no_class": 1}


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    for path in ("car/a.png", "train/b.png", "bus/c.png"):
        draw(tmp_path / path)

    found = read(tmp_path)

    assert found.records["b.png"].final == {"label": ["train"]}
    assert found.records["b.png"].fields == {}


def test_sides_of_pictures_without_labels_are_no_classes(tmp_path: Path) -> None:
    for path in ("train/a.png", "val/b.png"):
        draw(tmp_path / path)

    with pytest.raises(FormatError):
        read(tmp_path)
