from pathlib import Path

import pytest

from labeling.engine.formats.record import FormatError, Losses, Record, Said
from labeling.engine.formats.target import Target
from labeling.engine.formats.yolo_write import write as write_yolo
from labeling.engine.schema import parse_schema
from tests.labeling.engine.formats.known import FOLDER, draw, read, write

YAML = "train: images/train\nval: images/val\nnames: [cat, dog]\n"


def _yolo(folder: Path, rows: str, about: str = YAML, *, size: tuple[int, int] = (100, 80)) -> Path:
    write(folder / "data.yaml", about)
    write(folder / "labels/train/a.txt", rows)
    draw(folder / "images/train/a.png", size)
    return folder


@pytest.mark.parametrize("name", ["yolo_detect", "yolo_darknet"])
def test_boxes_of_datumaro(name: str) -> None:
    found = read(FOLDER / name)

    assert found.format == "yolo"
    assert [label["value"] for label in found.control()["labels"]] == [f"label_{number}" for number in range(10)]
    # The picture is 15 × 10.
    assert found.shapes("1.jpg") == [
        {"type": "box", "label": "label_2", "x": 0.0, "y": 2.0, "width": 4.0, "height": 2.0},
        {"type": "box", "label": "label_4", "x": 3.0, "y": 3.0, "width": 2.0, "height": 3.0},
    ]
    assert found.codes == {}


def test_oriented_boxes_of_datumaro() -> None:
    one, other = read(FOLDER / "yolo_obb").shapes("1.jpg")

    assert (one["type"], one["label"], one["angle"]) == ("rotated_box", "label_2", pytest.approx(30, abs=0.01))
    assert [one[side] for side in ("x", "y", "width", "height")] == pytest.approx([2.5, 4.0, 3.0, 4.0], abs=0.01)
    assert (other["type"], other["angle"]) == ("rotated_box", pytest.approx(120, abs=0.01))


def test_polygons_of_datumaro() -> None:
    one, other = read(FOLDER / "yolo_segment").shapes("1.jpg")

    assert one == {"type": "polygon", "label": "label_2", "points": [[1.5, 1.0], [6.0, 1.0], [6.0, 5.0]]}
    assert len(other["points"]) == 5


def test_names_are_a_list_or_numbered(tmp_path: Path) -> None:
    about = "names:\n  0: cat\n  7: 狗\ntrain: images/train\n"

    found = read(_yolo(tmp_path, "7 0.5 0.5 0.2 0.5\n0 0.5 0.5 0.2 0.5\n", about))

    assert [shape["label"] for shape in found.shapes("a.png")] == ["狗", "cat"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("99 0.5 0.5 0.2 0.2", "class_unknown"),
        ("0 1.5 0.5 0.2 0.2", "shape_outside"),
        ("0 0.95 0.5 0.2 0.2", "shape_cut"),
        ("0 0.5 0.5 nan 0.2", "row_broken"),
        ("0 0.5 0.5", "row_broken"),
        ("0 0.5 0.5 0 0", "row_broken"),
        ("cat 0.5 0.5 0.2 0.2", "row_broken"),
        ("-1 0.5 0.5 0.2 0.2", "row_broken"),
        ("0 0.5 0.5 0.2 0.2 0.87", "confidence"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_good_one_is_kept(tmp_path: Path, row: str, code: str) -> None:
    found = read(_yolo(tmp_path, f"0 0.5 0.5 0.2 0.5\n\n{row}\n"))

    assert found.codes == {code: 1}
    assert found.losses.listed[0].where.startswith("labels/train/a.txt")
    assert found.shapes("a.png")[0] == {
        "type": "box",
        "label": "cat",
        "x": 40.0,
        "y": 20.0,
        "width": 20.0,
        "height": 40.0,
    }


def test_boxes_and_polygons_in_one_file_are_both(tmp_path: Path) -> None:
    found = read(_yolo(tmp_path, "0 0.5 0.5 0.2 0.5\n1 0.1 0.1 0.5 0.1 0.3 0.6\n"))

    assert [(shape["type"], shape["label"]) for shape in found.shapes("a.png")] == [("box", "cat"), ("polygon", "dog")]


def test_four_corners_that_are_mostly_no_rectangles_are_polygons(tmp_path: Path) -> None:
    found = read(_yolo(tmp_path, "0 0.1 0.1 0.9 0.1 0.7 0.9 0.2 0.8\n"))

    assert [shape["type"] for shape in found.shapes("a.png")] == ["polygon"]
    assert found.codes == {}


def test_a_picture_without_labels_shows_nothing_and_labels_without_a_picture_are_told(tmp_path: Path) -> None:
    _yolo(tmp_path, "0 0.5 0.5 0.2 0.5\n")
    draw(tmp_path / "images/val/b.png")
    write(tmp_path / "labels/val/gone.txt", "0 0.5 0.5 0.2 0.5\n1 0.5 0.5 0.2 0.5\n")

    found = read(tmp_path)

    assert found.records["b.png"].final == {}
    assert found.records["b.png"].fields == {"split": "validation"}
    assert [(loss.where, loss.code) for loss in found.losses.listed] == [("labels/val/gone.txt", "picture_missing")]
    assert "2 rows" in found.losses.listed[0].reason


def test_lists_of_paths_say_the_sides(tmp_path: Path) -> None:
    _yolo(tmp_path, "0 0.5 0.5 0.2 0.5\n", "train: one.txt\nval: two.txt\nnames: [cat]\n")
    (tmp_path / "images/train").rename(tmp_path / "images/all")
    (tmp_path / "labels/train").rename(tmp_path / "labels/all")
    draw(tmp_path / "images/all/b.png")
    write(tmp_path / "one.txt", "./images/all/a.png\n")
    write(tmp_path / "two.txt", "/somewhere/else/images/all/b.png\n")

    found = read(tmp_path)

    assert {name: record.fields for name, record in found.records.items()} == {
        "a.png": {"split": "train"},
        "b.png": {"split": "validation"},
    }
    assert len(found.shapes("a.png")) == 1


def test_key_points_are_points_beside_their_box(tmp_path: Path) -> None:
    about = "train: images/train\nnames: [person]\nkpt_shape: [2, 3]\nkpt_names: {0: [nose, hand]}\n"

    found = read(_yolo(tmp_path, "0 0.5 0.5 0.2 0.5 0.45 0.5 2 0 0 0\n", about))

    box, nose = found.shapes("a.png")
    assert (box["type"], box["label"]) == ("box", "person")
    assert nose == {"type": "point", "label": "person: nose", "x": 45.0, "y": 40.0}


@pytest.mark.parametrize("names", ["names: [a, [b]", "names: {x: a}", "names: [[a, b]]"])
def test_names_that_are_none_are_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(FormatError) as refused:
        read(_yolo(tmp_path, "0 0.5 0.5 0.2 0.5\n", f"train: images/train\n{names}\n"))
    assert refused.value.code == "yolo_broken"


def test_without_pictures_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "data.yaml", YAML)
    write(tmp_path / "labels/train/a.txt", "0 0.5 0.5 0.2 0.5\n")

    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == "no_pictures"


def test_a_hundredth_of_a_pixel_comes_back_on_a_wide_picture(tmp_path: Path) -> None:
    control = {"name": "objects", "type": "shapes", "field": "image", "labels": [{"value": "cat"}]}
    schema = parse_schema({"display": [{"type": "image", "field": "image"}], "controls": [control]})
    source = draw(tmp_path / "wide.png", (20_000, 40))
    box = {"id": "s1", "type": "box", "label": "cat", "x": 12345.67, "y": 3.21, "width": 1234.57, "height": 30.03}
    record = Record("wide.png", picture="wide.png", size=(20_000, 40), answers=[Said({"objects": [box]})])
    out = tmp_path / "out"
    out.mkdir()

    write_yolo(Target(out, lambda _path: source, Losses()), schema, [record])

    assert read(out).shapes("wide.png") == [{key: value for key, value in box.items() if key != "id"}]
    assert (out / "data.yaml").read_text("utf-8").splitlines() == [
        *("path: .", "train: images/all", "val: images/all", "task: detect", "names:", "  0: cat"),
    ]
