"""The command: tables in three formats, folders of pictures, COCO, and what is wrong with each."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from curation.engine.__main__ import main
from tests.curation.engine.pictures import saved, scene

POLICY = "version: 1\ncopies: 2\nsteps:\n- use: swap_words\n- use: letters\n"
MIRROR = "version: 1\nsteps:\n- use: mirror\n"
TURN = "version: 1\ncopies: 3\nsteps:\n- use: turn\n  degrees: 20\n- use: noise\n"
ROWS = [
    {"id": "a", "split": "train", "text": "Ann Lee lives in New York", "label": "x",
     "spans": [{"start": 17, "end": 25, "label": "LOC"}]},
    {"id": "b", "split": "test", "text": "Bob Ray went to Berlin again", "label": "y",
     "spans": [{"start": 16, "end": 22, "label": "LOC"}]},
    {"id": "c", "split": "train", "text": "", "label": "x", "spans": []},
]  # fmt: skip


def run(tmp_path: Path, policy: str, source: Path, *more: str) -> int:
    (tmp_path / "policy.yaml").write_text(policy)
    return main(["augment", str(tmp_path / "policy.yaml"), str(source), str(tmp_path / "out"), *more])


def said(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    out, err = capsys.readouterr()
    return json.loads(out) if out else {}, err


def test_json_lines_with_spans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join([*map(json.dumps, ROWS), "{broken"]))
    assert run(tmp_path, POLICY, source) == 0
    told, err = said(capsys)
    assert (told["rows_in"], told["copies"], told["refused"], told["split"]) == (3, 2, 1, "split")
    assert "line 4" in err
    found = [json.loads(line) for line in (tmp_path / "out" / "augmented.jsonl").read_text().splitlines()]
    assert [row["id"] for row in found] == ["a", "b", "c", "a", "a"]
    assert found[0]["spans"] == ROWS[0]["spans"]
    for row in found[3:]:
        (span,) = row["spans"]
        assert row["text"][span["start"] : span["end"]].replace(" ", "")[:1] == "N"
        assert (row["label"], row["split"], row["augmented_from"]) == ("x", "train", 1)


def test_csv_and_parquet_and_without_a_split_all_rows_are_copied(tmp_path: Path, capsys: Any) -> None:
    source = tmp_path / "rows.csv"
    source.write_text("body,topic\none two three four,a\nfive six seven eight,b\n")
    assert run(tmp_path, POLICY, source, "--text", "body", "--label", "topic") == 0
    told, _err = said(capsys)
    assert (told["copies"], told["split"]) == (4, "")
    with (tmp_path / "out" / "augmented.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [row["topic"] for row in found] == ["a", "b", "a", "a", "b", "b"]
    assert main(["augment", str(tmp_path / "policy.yaml"), str(tmp_path / "out"), str(tmp_path / "again")]) == 0
    table = pq.read_table(tmp_path / "again" / "augmented.parquet")
    # The copies of the first pass are copied no more, and the same policy has nothing to add.
    assert table.num_rows == 6


@pytest.mark.parametrize(
    ("policy", "more", "sentence"),
    [
        ("version: 1\nsteps:\n- use: orc\n", [], "Line 3: Step 1 uses 'orc', which there is not."),
        (
            "version: 1\nsteps:\n- use: mosaic\n",
            [],
            "uses mosaic, which joins pictures: use it on the fly, in a training.",
        ),
        (POLICY, ["--text", "nothing"], "The input has no column 'nothing'. It has id, split, text, label, spans."),
        (POLICY, ["--split", "nothing"], "The input has no column 'nothing'."),
        (MIRROR, [], "No column has the role image."),
    ],
)
def test_mistakes_are_said(tmp_path: Path, capsys: Any, policy: str, more: list[str], sentence: str) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(map(json.dumps, ROWS)))
    assert run(tmp_path, policy, source, *more) == 1
    assert sentence in said(capsys)[1]


def test_the_list_names_all_augmentations(capsys: Any) -> None:
    assert main(["augment", "list"]) == 0
    rows = said(capsys)[0]["augmentations"]
    assert {"keyboard", "turn"} <= {row["name"] for row in rows}
    assert main(["augment", "policy.yaml"]) == 1


def test_a_folder_of_pictures(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "in" / "cat").mkdir(parents=True)
    (tmp_path / "in" / "cat" / "one.png").write_bytes(saved(scene()))
    (tmp_path / "in" / "cat" / "cut.png").write_bytes(saved(scene(seed=1))[:200])
    assert run(tmp_path, MIRROR, tmp_path / "in") == 0
    told, _err = said(capsys)
    assert (told["copies"], told["refused"]) == (1, 1)
    rows = pq.read_table(tmp_path / "out" / "augmented.parquet").to_pylist()
    made = Image.open(tmp_path / "out" / "pictures" / rows[1]["image"])
    assert (np.asarray(made) == np.asarray(scene())[:, ::-1]).all()


def coco(folder: Path) -> Path:
    """Write five pictures: with a box, with a polygon and key points, cut off, missing, and with a mask."""
    (folder / "images").mkdir(parents=True)
    for name, data in (("a.png", saved(scene())), ("b.jpg", saved(scene(seed=1), "JPEG")), ("c.png", b"no picture")):
        (folder / "images" / name).write_bytes(data)
    (folder / "images" / "e.png").write_bytes(saved(scene(seed=2)))
    polygon = [10, 10, 30, 10, 30, 30, 10, 30]
    data = {
        "info": {"year": 2026},
        "categories": [{"id": 1, "name": "thing"}],
        "images": [
            {"id": number, "file_name": name, "width": 64, "height": 48, "license": 4}
            for number, name in enumerate(["a.png", "b.jpg", "c.png", "../d.png", "e.png"], 1)
        ],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [4, 8, 20, 10], "area": 200, "iscrowd": 0},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 400, "iscrowd": 0,
             "segmentation": [polygon], "keypoints": [12, 12, 2, 0, 0, 0, 20, 20, 1], "num_keypoints": 2},
            {"id": 3, "image_id": 5, "category_id": 1, "bbox": [1, 1, 9, 9],
             "segmentation": {"counts": "abc", "size": [48, 64]}, "iscrowd": 1},
        ],
    }  # fmt: skip
    path = folder / "instances.json"
    path.write_text(json.dumps(data))
    return path


def test_coco_is_written_with_pictures_boxes_polygons_and_key_points(tmp_path: Path, capsys: Any) -> None:
    assert run(tmp_path, MIRROR, coco(tmp_path / "set")) == 0
    told, err = said(capsys)
    assert told == {"pictures": 3, "copies": 2, "shapes_lost": 0, "refused": 3}
    assert err.startswith("c.png: ")
    assert err.splitlines()[1:] == [
        "../d.png: The file is not in the folder of the pictures.",
        "e.png: annotation 3 is a crowd or a mask in run lengths, which cannot be moved; no copies",
    ]
    made = json.loads((tmp_path / "out" / "annotations.json").read_text())
    assert made["info"] == {"year": 2026}
    new = [row for row in made["images"] if "augmented_from" in row]
    assert [(row["id"], row["augmented_from"], row["file_name"], row["license"]) for row in new] == [
        (6, 1, "a-png-augmented-1.png", 4), (7, 2, "b-jpg-augmented-1.jpg", 4),
    ]  # fmt: skip
    assert all((tmp_path / "out" / "images" / row["file_name"]).is_file() for row in new)
    box, polygon = (row for row in made["annotations"] if row["image_id"] in (6, 7))
    assert (box["id"], box["bbox"], box["area"]) == (4, [40, 8, 20, 10], 200)
    assert (polygon["bbox"], polygon["area"]) == ([34, 10, 20, 20], 400)
    assert sorted(zip(polygon["segmentation"][0][::2], polygon["segmentation"][0][1::2], strict=True)) == [
        (34, 10), (34, 30), (54, 10), (54, 30),
    ]  # fmt: skip
    assert polygon["keypoints"] == [52, 12, 2, 0, 0, 0, 44, 20, 1]


def test_the_same_coco_gives_the_same_files(tmp_path: Path) -> None:
    source = coco(tmp_path / "set")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert run(tmp_path / name, TURN, source) == 0
    one, two = (sorted((tmp_path / name / "out").rglob("*")) for name in ("one", "two"))
    files = [(a, b) for a, b in zip(one, two, strict=True) if a.is_file()]
    assert len(files) == 3 + 6 + 2
    assert all(a.read_bytes() == b.read_bytes() for a, b in files)


@pytest.mark.parametrize("text", ["{", "[]", '{"images": 1, "annotations": []}', "\udcff"])
def test_what_is_no_coco_is_said(tmp_path: Path, capsys: Any, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert run(tmp_path, MIRROR, path) == 1
    assert str(path) in said(capsys)[1]
