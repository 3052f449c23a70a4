import json
from pathlib import Path
from typing import Any

import pytest

from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError
from tests.labeling.engine.formats.known import FOLDER, draw, read, write


def _coco(folder: Path, annotations: list[dict[str, Any]], **more: Any) -> Path:
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": number, "image_id": 1, "category_id": 1} | row for number, row in enumerate(annotations)
        ],
    }
    write(folder / "coco.json", document | more)
    if not (folder / "a.png").exists():
        draw(folder / "a.png")
    return folder


def test_the_files_of_datumaro() -> None:
    found = read(FOLDER / "coco")

    assert found.format == "coco"
    assert [label["value"] for label in found.control()["labels"]] == ["a", "b", "c"]
    assert found.shapes("a.jpg") == [{"type": "box", "label": "b", "x": 2.0, "y": 2.0, "width": 3.0, "height": 1.0}]
    # The mask is two whole columns; it is a crowd.
    square = {"type": "polygon", "label": "a", "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [0.0, 2.0]]}
    columns = [[0.0, 0.0], [2.0, 0.0], [2.0, 10.0], [0.0, 10.0]]
    assert found.shapes("b.jpg") == [
        square | {"attributes": {"x": "1", "y": "hello"}},
        {"type": "polygon", "label": "b", "points": columns, "attributes": {"iscrowd": "1"}},
    ]
    assert {name: record.fields for name, record in found.records.items()} == {
        "a.jpg": {"split": "train"},
        "b.jpg": {"split": "validation"},
    }
    assert found.codes == {}


def test_every_polygon_of_the_fruit_is_read(tmp_path: Path) -> None:
    document = json.loads((FOLDER / "fruit" / "trainval.json").read_text("utf-8"))
    write(tmp_path / "trainval.json", document)
    for image in document["images"]:
        draw(tmp_path / "images" / image["file_name"], (image["width"], image["height"]))

    found = read(tmp_path)

    assert len(found.records) == 18
    shapes = [shape for name in found.records for shape in found.shapes(name)]
    assert len(shapes) == len(document["annotations"]) == 165
    names = {row["id"]: row["name"] for row in document["categories"]}
    assert [shape["label"] for shape in shapes] == [
        names[row["category_id"]]
        for image in document["images"]
        for row in document["annotations"]
        if row["image_id"] == image["id"]
    ]
    assert found.codes == {}


def test_categories_are_numbered_from_0_or_by_words(tmp_path: Path) -> None:
    categories = [{"id": 0, "name": "cat"}, {"id": "dog", "name": "dog"}]
    boxes = [{"category_id": 0, "bbox": [1, 2, 3, 4]}, {"category_id": "dog", "bbox": [5, 6, 7, 8]}]

    found = read(_coco(tmp_path, boxes, categories=categories))

    assert [(shape["label"], shape["x"]) for shape in found.shapes("a.png")] == [("cat", 1), ("dog", 5)]


@pytest.mark.parametrize("name", ["A.PNG", "C:\\data\\a.png", "/photos/images/a.png", "a.jpg"])
def test_a_picture_is_found_under_another_folder_case_or_ending(tmp_path: Path, name: str) -> None:
    images = [{"id": 1, "file_name": name}]

    found = read(_coco(tmp_path, [{"bbox": [1, 2, 3, 4]}], images=images))

    assert found.records[name].picture == "a.png"
    assert len(found.shapes(name)) == 1


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"bbox": [200, 200, 5, 5]}, "shape_outside"),
        ({"bbox": [90, 70, 50, 50]}, "shape_cut"),
        ({"bbox": [1, 1, 0, 5]}, "shape_refused"),
        ({"bbox": [1, 1, "NaN", 5]}, "shape_refused"),
        ({"bbox": [1, 1, None, 5]}, "shape_broken"),
        ({"bbox": [1, 1]}, "shape_broken"),
        ({"bbox": [1, 2, 3, 4], "category_id": 9}, "category_unknown"),
        ({"bbox": [1, 2, 3, 4], "image_id": 9}, "image_unknown"),
        ({}, "no_shape"),
        ({"segmentation": {"size": [80, 100], "counts": [5]}}, "shape_broken"),
        ({"segmentation": {"size": [8, 10], "counts": [0, 80]}}, None),
        ({"segmentation": [[1, 1, 5, 5]]}, "polygon_short"),
        ({"segmentation": [[1, 1, 9, 1, 5, 9], [20, 20, 30, 20, 25, 30]]}, "parts"),
        ({"segmentation": [[1, 1, 9, 1, 5, 9]], "bbox": [40, 40, 9, 9]}, "box_differs"),
    ],
)
def test_a_bad_annotation_is_a_row_and_the_good_one_is_kept(
    tmp_path: Path, row: dict[str, Any], code: str | None
) -> None:
    found = read(_coco(tmp_path, [row, {"bbox": [1, 2, 3, 4]}]))

    assert found.codes == ({} if code is None else {code: 1})
    assert {"type": "box", "label": "cat", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0} in found.shapes("a.png")


def test_a_picture_that_did_not_come_is_a_row_with_the_count_of_its_annotations(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "gone.png"}]
    boxes = [{"bbox": [1, 2, 3, 4]}, {"image_id": 2, "bbox": [1, 2, 3, 4]}]

    found = read(_coco(tmp_path, boxes, images=images))

    assert found.codes == {"picture_missing": 1}
    assert "its 1 annotations are left out" in found.losses.listed[0].reason
    assert list(found.records) == ["a.png"]


def test_two_exports_in_one_file_keep_the_first_of_each_id(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "a.png"}, {"id": 1, "file_name": "b.png"}]
    categories = [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}]
    draw(tmp_path / "b.png")

    found = read(_coco(tmp_path, [{"bbox": [1, 2, 3, 4]}], images=images, categories=categories))

    assert found.codes == {"image_double": 1, "category_double": 1, "picture_unlisted": 1}
    assert [shape["label"] for shape in found.shapes("a.png")] == ["cat"]


def test_shapes_on_the_stored_pixels_are_turned_with_the_picture(tmp_path: Path) -> None:
    # Stored 100 × 80, shown 80 × 100: a quarter clockwise.
    draw(tmp_path / "a.png", (100, 80), orientation=6)
    turn = {"bbox": [10, 20, 30, 6], "attributes": {"rotation": 30.0}}

    found = read(_coco(tmp_path, [{"bbox": [10, 20, 30, 5]}, turn]))

    assert found.records["a.png"].size == (80, 100)
    box, rotated = found.shapes("a.png")
    assert box == {"type": "box", "label": "cat", "x": 55.0, "y": 10.0, "width": 5.0, "height": 30.0}
    sides = {"x": 57.0, "y": 25.0, "width": 30.0, "height": 6.0, "angle": 120.0}
    assert rotated == {"type": "rotated_box", "label": "cat", **sides}
    assert found.codes == {"turned": 1}


def test_key_points_are_points_named_by_their_category(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "person", "keypoints": ["nose", "hand"], "skeleton": [[1, 2]]}]
    row = {"bbox": [1, 2, 30, 40], "keypoints": [5, 6, 2, 0, 0, 0], "num_keypoints": 1}

    found = read(_coco(tmp_path, [row], categories=categories))

    assert [(shape["type"], shape["label"]) for shape in found.shapes("a.png")] == [
        ("box", "person"),
        ("point", "person: nose"),
    ]
    assert found.codes == {"skeleton": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [('{"images": [], "annotations": [', "coco_broken"), ('{"images": {}, "annotations": []}', "coco_broken")],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, code: str) -> None:
    write(tmp_path / "coco.json", text)
    draw(tmp_path / "a.png")

    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == code


def test_without_pictures_it_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "coco.json", {"images": [], "annotations": []})

    with pytest.raises(FormatError) as refused:
        read(path)
    assert refused.value.code == "no_pictures"


def test_captions_are_a_text(tmp_path: Path) -> None:
    found = read(_coco(tmp_path, [{"caption": "一只猫"}, {"caption": "A cat."}]))

    assert found.records["a.png"].final == {"caption": "一只猫\nA cat."}


def test_the_files_of_an_archive_are_gone_after_reading(tmp_path: Path) -> None:
    with opened(_coco(tmp_path / "x", [])) as files:
        files.add("inside/b.png", (tmp_path / "x" / "a.png").read_bytes())
        place = files.paths["inside/b.png"]
        assert files.pictures == ["a.png", "inside/b.png"]
        assert place.exists()

    assert not place.exists()
    assert (tmp_path / "x" / "a.png").exists()
