import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from labeling.engine.formats.record import FormatError
from tests.labeling.engine.formats.known import FOLDER, draw, read, write

BOX = {"label": "cat", "shape_type": "rectangle", "points": [[30, 50], [10, 20]], "flags": {}, "group_id": None}
READ = {"type": "box", "label": "cat", "x": 10.0, "y": 20.0, "width": 20.0, "height": 30.0}


def _labelme(folder: Path, shapes: list[Any], **more: Any) -> Path:
    document = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": "a.png", "imageData": None}
    write(folder / "a.json", document | {"imageHeight": 80, "imageWidth": 100} | more)
    if not more.get("imageData"):
        draw(folder / "a.png")
    return folder


def _png(mask: np.ndarray) -> str:
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def test_the_fruit_of_labelme_5(tmp_path: Path) -> None:
    document = json.loads((FOLDER / "labelme_json/0.json").read_text("utf-8"))
    write(tmp_path / "0.json", document)
    draw(tmp_path / "0.jpg", (800, 600))

    found = read(tmp_path)

    assert found.format == "labelme"
    shapes = found.shapes("0.jpg")
    assert [shape["label"] for shape in shapes] == [shape["label"] for shape in document["shapes"]]
    assert shapes[0]["points"] == [[round(x, 2), round(y, 2)] for x, y in document["shapes"][0]["points"]]
    assert found.codes == {}


def test_every_kind_of_shape_is_read_or_told(tmp_path: Path) -> None:
    mask = np.zeros((3, 4), np.uint8)
    mask[1:, 1:] = 255
    shapes = [
        BOX,
        BOX | {"shape_type": "circle", "points": [[50, 40], [50, 50]]},
        BOX | {"shape_type": "line", "points": [[1, 1], [9, 9]]},
        BOX | {"shape_type": "linestrip", "points": [[1, 1], [9, 9], [9, 20]]},
        BOX | {"shape_type": "point", "points": [[7, 8]]},
        BOX | {"shape_type": "mask", "points": [[10, 20], [13, 22]], "mask": _png(mask)},
        BOX | {"shape_type": "oriented_rectangle", "points": [[50, 10], [60, 20], [55, 25], [45, 15]]},
    ]

    found = read(_labelme(tmp_path, shapes))

    box, circle, point, drawn, turned = found.shapes("a.png")
    assert box == READ
    assert (circle["type"], len(circle["points"])) == ("polygon", 64)
    assert point == {"type": "point", "label": "cat", "x": 7.0, "y": 8.0}
    assert drawn["points"] == [[11.0, 21.0], [14.0, 21.0], [14.0, 23.0], [11.0, 23.0]]
    assert (turned["type"], turned["angle"]) == ("rotated_box", 45.0)
    assert found.codes == {"ellipse": 1, "shape_kind": 2}


def test_flags_groups_and_words_are_attributes_and_flags_of_the_picture_a_choice(tmp_path: Path) -> None:
    shape = BOX | {"flags": {"hidden": True}, "group_id": 3, "description": "on the left"}

    found = read(_labelme(tmp_path, [shape], flags={"night": True, "blurry": False}))

    assert found.shapes("a.png")[0]["attributes"] == {"hidden": "true", "group_id": "3", "description": "on the left"}
    assert found.records["a.png"].final is not None
    assert found.records["a.png"].final["flags"] == ["night"]
    assert [label["value"] for label in found.control("flags")["labels"]] == ["night", "blurry"]


def test_a_picture_inside_the_file_is_taken(tmp_path: Path) -> None:
    data = _png(np.zeros((80, 100), np.uint8))

    found = read(_labelme(tmp_path, [BOX], imageData=data, imagePath="..\\pictures\\a.png"))

    assert found.shapes("a.png") == [READ]
    assert found.records["a.png"].size == (100, 80)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ("no object", "shape_broken"),
        ({"label": "cat", "shape_type": "polygon"}, None),
        (BOX | {"points": [[1, 2, 3]]}, "shape_broken"),
        (BOX | {"shape_type": "polygon", "points": [[1, 1], [2, 2]]}, "shape_refused"),
        (BOX | {"shape_type": "mask", "mask": "x"}, "shape_broken"),
        (BOX | {"label": ""}, "label_unusable"),
        (BOX | {"label": None}, "label_unusable"),
        (BOX | {"points": [[500, 500], [600, 600]]}, "shape_outside"),
        (BOX | {"score": 0.5}, "member"),
    ],
)
def test_a_bad_shape_is_told_and_the_good_one_is_kept(tmp_path: Path, shape: Any, code: str | None) -> None:
    found = read(_labelme(tmp_path, [shape, BOX]))

    assert found.codes == {code or "shape_broken": 1}
    assert READ in found.shapes("a.png")


def test_a_file_that_is_none_is_refused_alone_and_a_row_beside_others(tmp_path: Path) -> None:
    write(tmp_path / "b.json", '{"shapes": [], "imagePath": "b.png"')
    draw(tmp_path / "b.png")
    with pytest.raises(FormatError):
        read(tmp_path)

    found = read(_labelme(tmp_path, [BOX]))

    assert found.codes == {"labelme_broken": 1, "picture_unlisted": 1}
    assert found.shapes("a.png") == [READ]


def test_the_old_xml_of_datumaro() -> None:
    found = read(FOLDER / "labelme_xml")

    assert found.format == "labelme_xml"
    shapes = found.shapes("img1.png")
    assert [(shape["type"], shape["label"]) for shape in shapes] == [
        *(("polygon", "window"), ("polygon", "license plate"), ("polygon", "o1"), ("polygon", "q1")),
        *(("box", "b1"), ("polygon", "m1"), ("polygon", "hg")),
    ]
    assert shapes[4]["attributes"] == {"attributes": "hg", "occluded": "yes"}
    assert {key: shapes[4][key] for key in ("x", "y", "width", "height")} == {
        "x": 13,
        "y": 19,
        "width": 10,
        "height": 11,
    }
    assert found.codes == {"part": 5, "holes": 1}
