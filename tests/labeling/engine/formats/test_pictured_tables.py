"""Parquet with pictures that others wrote: classes, boxes, and rows without a picture."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.labeling.engine.formats.known import draw, read

DATA = Path(__file__).parents[3] / "data" / "formats" / "hugging_face_pictures"
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def test_classes_of_datasets() -> None:
    found = read(DATA / "classes")
    assert found.format == "hugging_face"
    assert [label["value"] for label in found.control("label")["labels"]] == ["cat", "dog"]
    answers: dict[str, Any] = {name: record.final for name, record in found.records.items()}
    # -1 says that nobody knows.
    assert answers == {"red.png": {"label": ["cat"]}, "green.png": {"label": ["dog"]}, "blue.png": None}
    assert found.records["red.png"].fields == {"source": "phone", "split": "train"}
    assert found.records["blue.png"].fields["split"] == "test"
    assert found.records["red.png"].size == (20, 10)
    assert found.codes == {}


def test_boxes_of_datasets() -> None:
    found = read(DATA / "boxes")
    assert found.shapes("red.png") == [
        {"type": "box", "label": "cell", "x": 1.0, "y": 2.0, "width": 5.0, "height": 5.0},
        {"type": "box", "label": "plate", "x": 4.0, "y": 4.0, "width": 16.0, "height": 3.0},
    ]
    assert found.records["green.png"].final == {}
    assert found.codes == {"shape_cut": 1}


def test_a_list_of_objects_several_labels_and_a_row_without_a_picture(tmp_path: Path) -> None:
    pixels = draw(tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").unlink()
    whole, short = {"bbox": [1.0, 1.0, 9.0, 9.0], "label": "cat"}, {"bbox": [1.0], "label": "dog"}
    table = pa.table(
        {
            "photo": pa.array(
                [{"bytes": pixels, "path": "p.png"}, {"bytes": b"no picture", "path": None}, None], PICTURE
            ),
            "labels": pa.array([["day", "wet"], ["day"], []], pa.list_(pa.string())),
            "objects": pa.array([[whole, short], [], []]),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = read(tmp_path)
    assert found.format == "parquet"
    (record,) = found.records.values()
    assert (record.name, (record.final or {})["label"]) == ("p.png", ["day", "wet"])
    assert [shape["label"] for shape in found.shapes("p.png")] == ["cat"]
    assert found.codes["picture_missing"] == 1
    assert found.codes["shape_broken"] == 1
    assert found.losses.total == 3
