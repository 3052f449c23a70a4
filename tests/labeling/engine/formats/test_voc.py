from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labeling.engine.formats.record import FormatError
from labeling.engine.formats.voc_masks import palette
from tests.labeling.engine.formats.known import FOLDER, draw, read, write

BOX = "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>50</ymax></bndbox>"
READ = {"type": "box", "label": "cat", "x": 10.0, "y": 20.0, "width": 20.0, "height": 30.0}


def _voc(folder: Path, objects: str, before: str = "<filename>a.png</filename>", *, name: str = "a") -> Path:
    write(folder / f"Annotations/{name}.xml", f"<annotation>{before}{objects}</annotation>")
    draw(folder / f"JPEGImages/{name}.png")
    return folder


def _object(inside: str = BOX, name: str = "cat") -> str:
    return f"<object><name>{name}</name>{inside}</object>"


def test_the_files_of_datumaro() -> None:
    found = read(FOLDER / "voc")

    assert found.format == "voc"
    shapes = found.shapes("2007_000001.jpg")
    cat, person, head = shapes[:3]
    assert cat == {**READ, "x": 1.0, "y": 2.0, "width": 2.0, "height": 2.0, "attributes": {"truncated": "1"}}
    assert (person["label"], person["attributes"]["phoning"], "jumping" in person["attributes"]) == (
        "person",
        "1",
        False,
    )
    assert (head["label"], head["x"], head["width"]) == ("head", 5.5, 2.0)
    assert [shape["type"] for shape in shapes[3:]] == ["polygon"] * len(shapes[3:])
    assert len(shapes) > 3
    # The second picture has no XML: nobody answered it.
    assert found.records["2007_000002.jpg"].final is None
    assert {name: record.fields for name, record in found.records.items()} == {
        "2007_000001.jpg": {"split": "train"},
        "2007_000002.jpg": {"split": "test"},
    }
    assert found.codes == {"part": 1}


def test_the_challenge_counts_pixels_from_1(tmp_path: Path) -> None:
    source = "<filename>a.png</filename><source><database>The VOC2007 Database</database></source>"

    assert read(_voc(tmp_path / "one", _object())).shapes("a.png") == [READ]
    assert read(_voc(tmp_path / "other", _object(), source)).shapes("a.png") == [
        READ | {"x": 9.0, "y": 19.0, "width": 21.0, "height": 31.0}
    ]


def test_what_other_tools_add_is_read(tmp_path: Path) -> None:
    turned = "<robndbox><cx>50</cx><cy>40</cy><w>20</w><h>10</h><angle>1.5707963268</angle></robndbox>"
    polygon = f"{BOX}<polygon><x1>1</x1><y1>1</y1><x2>9</x2><y2>1</y2><x3>5</x3><y3>8</y3></polygon>"
    pairs = "<attribute><name>rotation</name><value>30.0</value></attribute>"
    cvat = f"{BOX}<attributes>{pairs}<attribute><name>weather</name><value>wet</value></attribute></attributes>"

    shapes = read(_voc(tmp_path, _object(turned) + _object(polygon) + _object(cvat))).shapes("a.png")

    assert [shape["type"] for shape in shapes] == ["rotated_box", "polygon", "rotated_box"]
    assert (shapes[0]["angle"], shapes[2]["angle"]) == (90.0, 30.0)
    assert (shapes[2]["x"], shapes[2]["attributes"]) == (20.0, {"weather": "wet"})


@pytest.mark.parametrize(
    ("inside", "code", "count"),
    [
        ("<bndbox><xmin>x</xmin></bndbox>", "shape_broken", 1),
        ("", "shape_broken", 1),
        (BOX.replace("30", "nan"), "shape_refused", 1),
        (BOX.replace("30", "10"), "shape_refused", 1),
        (BOX.replace("30", "130"), "shape_cut", 2),
        (BOX.replace("30", "5"), "box_backwards", 2),
    ],
)
def test_a_bad_object_is_told_and_the_good_one_is_kept(tmp_path: Path, inside: str, code: str, count: int) -> None:
    found = read(_voc(tmp_path, _object() + _object(inside)))

    assert found.codes == {code: 1}
    assert found.losses.listed[0].where == "Annotations/a.xml: object 1"
    assert (len(found.shapes("a.png")), found.shapes("a.png")[0]) == (count, READ)


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE annotation [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE annotation [<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;">]>',
    ],
)
def test_a_file_that_declares_entities_is_refused_with_a_sentence(tmp_path: Path, declared: str) -> None:
    _voc(tmp_path, _object())
    text = f"<annotation><filename>&x;</filename>{_object()}</annotation>"
    write(tmp_path / "Annotations/a.xml", f"<?xml version='1.0'?>{declared}{text}")

    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert (refused.value.code, "document type" in refused.value.message) == ("xml_markup", True)

    # Beside good files it is a row, and the good ones are read.
    found = read(_voc(tmp_path, _object(), "<filename>b.png</filename>", name="b"))
    assert found.shapes("b.png") == [READ]
    assert found.codes == {"xml_markup": 1}


def test_a_broken_file_beside_good_ones_is_a_row(tmp_path: Path) -> None:
    _voc(tmp_path, _object())
    write(tmp_path / "Annotations/z.xml", "<annotation><size/><object>")

    found = read(tmp_path)

    assert found.codes == {"xml_broken": 1}
    assert found.shapes("a.png") == [READ]


def test_masks_are_polygons_named_by_their_colours(tmp_path: Path) -> None:
    draw(tmp_path / "JPEGImages/a.png")
    objects, classes = np.zeros((80, 100), np.uint8), np.zeros((80, 100), np.uint8)
    objects[10:20, 30:50], objects[40:50, 5:9] = 1, 2
    objects[20, 30:50] = 255
    classes[10:20, 30:50], classes[40:50, 5:9] = 8, 15
    for name, numbers in (("SegmentationObject", objects), ("SegmentationClass", classes)):
        (tmp_path / name).mkdir()
        image = Image.fromarray(numbers, mode="P")
        image.putpalette(palette().ravel().tolist())
        # As a palette, and as colours: both are about.
        (image if name == "SegmentationObject" else image.convert("RGB")).save(tmp_path / name / "a.png")
    write(tmp_path / "Annotations/a.xml", "<annotation><filename>a.png</filename><size/></annotation>")

    shapes = read(tmp_path).shapes("a.png")

    assert [(shape["type"], shape["label"]) for shape in shapes] == [("polygon", "cat"), ("polygon", "person")]
    assert shapes[0]["points"] == [[30.0, 10.0], [50.0, 10.0], [50.0, 20.0], [30.0, 20.0]]


def test_the_first_colours_are_those_of_the_development_kit() -> None:
    assert palette()[[0, 1, 2, 3, 15, 20]].tolist() == [
        *([0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [192, 128, 128], [0, 64, 128]),
    ]
