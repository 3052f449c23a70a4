"""Folders of pictures as examples."""

import json
from pathlib import Path

import pytest

from modeling.engine.data import Shape
from modeling.engine.errors import BadData
from modeling.engine.reading.options import ReadingOptions
from modeling.engine.reading.pictures import drawn_splits, read_coco, read_image_folder, read_voc
from modeling.engine.reading.table import read_examples
from tests.modeling.engine.pictures.drawn import draw_single


def folder_of_classes(folder: Path, count: int = 10) -> Path:
    for label in ("disc", "square"):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            draw_single(folder / label / f"{number}.png", label, number)
    return folder


def coco_folder(folder: Path, pictures: int = 10, *, polygons: bool = False) -> Path:
    """Write pictures of 32 pixels, all but the last with one shape that reaches 8 pixels beyond the right edge."""
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number in range(pictures):
        label = "disc" if number % 2 else "square"
        draw_single(folder / "images" / f"{number}.png", label, number)
        images.append({"id": number, "file_name": f"{number}.png", "width": 32, "height": 32})
        if number == pictures - 1:
            continue
        shape = {"id": number + 1, "image_id": number, "category_id": 1 + number % 2, "bbox": [4, 5, 36, 10]}
        if polygons:
            shape["bbox"], shape["segmentation"] = [4, 5, 10, 10], [[4, 5, 14, 5, 14, 15]]
        annotations.append(shape)
    categories = [{"id": 1, "name": "square"}, {"id": 2, "name": "disc"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "all.json").write_text(json.dumps(document))
    return folder


def voc_folder(folder: Path) -> Path:
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    box = "<bndbox><xmin>2</xmin><ymin>3</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>"
    for number, side in enumerate(("train", "train", "val", "test")):
        draw_single(folder / "JPEGImages" / f"{number}.jpg", "disc", number)
        (folder / "Annotations" / f"{number}.xml").write_text(
            f"<annotation><filename>{number}.jpg</filename><size><width>32</width><height>32</height></size>"
            f"<object><name>disc</name>{box}</object></annotation>"
        )
        with (folder / "ImageSets/Main" / f"{side}.txt").open("a") as stream:
            stream.write(f"{number}\n")
    return folder


def test_folders_of_classes_are_split_by_class(tmp_path):
    found = read_image_folder(folder_of_classes(tmp_path))
    assert found.told == ()
    assert found.examples.task == "image-classification"
    assert found.examples.classes == ("disc", "square")
    counted = [(answer, split) for answer, split in zip(found.examples.answers, found.examples.splits, strict=True)]
    assert {pair: counted.count(pair) for pair in set(counted)} == {
        ("disc", "train"): 7, ("disc", "validation"): 1, ("disc", "test"): 2,
        ("square", "train"): 7, ("square", "validation"): 1, ("square", "test"): 2,
    }  # fmt: skip
    assert found.examples.ids[0] == "disc/0.png"
    assert read_image_folder(tmp_path, 0).examples.splits == found.examples.splits
    assert read_image_folder(tmp_path, 1).examples.splits != found.examples.splits


def test_a_split_that_is_given_stays(tmp_path):
    for side in ("train", "val", "test"):
        folder_of_classes(tmp_path / side, 2)
    found = read_image_folder(tmp_path).examples
    sides = {name.split("/")[0]: split for name, split in zip(found.ids, found.splits, strict=True)}
    assert sides == {"train": "train", "val": "validation", "test": "test"}


def test_a_file_that_is_no_picture_is_named(tmp_path):
    folder_of_classes(tmp_path)
    rows = [f"disc/{number}.png,disc" for number in range(10)] + [f"square/{number}.png,square" for number in range(10)]
    (tmp_path / "disc" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows, "disc/99.png,disc"]))
    found = read_image_folder(tmp_path)
    assert len(found.examples.inputs) == 19
    assert [where for where, _ in found.told] == ["disc/0.png", "labels.csv: line 22"]
    assert found.told[1][1] == "There is no picture 'disc/99.png'. The line is left out."


def test_a_table_may_give_several_labels(tmp_path):
    folder_of_classes(tmp_path)
    rows = [f"disc/{number}.png,round|red" for number in range(10)] + [f"square/{number}.png," for number in range(10)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]))
    found = read_image_folder(tmp_path).examples
    assert found.task == "image-multilabel"
    assert set(found.answers) == {("round", "red"), ()}
    assert found.classes == ("red", "round")


def test_a_table_without_the_columns_is_refused(tmp_path):
    folder_of_classes(tmp_path)
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadData, match=r"labels.csv needs the columns file and label; it has a, b."):
        read_image_folder(tmp_path)


def test_coco_boxes_are_cut_at_the_picture_and_a_picture_without_any_is_a_row(tmp_path):
    found = read_coco(coco_folder(tmp_path))
    assert found.examples.task == "detection"
    assert found.examples.answers[0] == (Shape("square", "box", ((4.0, 5.0), (32.0, 15.0))),)
    assert found.examples.answers[9] == ()
    assert len(found.told) == 9
    assert set(found.examples.splits) == {"train", "validation", "test"}


def test_coco_polygons_are_outlines_or_boxes_as_asked(tmp_path):
    coco_folder(tmp_path, polygons=True)
    outline = read_coco(tmp_path)
    assert outline.examples.task == "segmentation"
    assert outline.examples.answers[0] == (Shape("square", "polygon", ((4.0, 5.0), (14.0, 5.0), (14.0, 15.0))),)
    boxes = read_coco(tmp_path, task="detection").examples
    assert boxes.answers[0] == (Shape("square", "box", ((4.0, 5.0), (14.0, 15.0))),)


def test_voc_sides_are_those_of_its_lists(tmp_path):
    found = read_voc(voc_folder(tmp_path)).examples
    assert found.splits == ("train", "train", "validation", "test")
    assert found.answers[0] == (Shape("disc", "box", ((2.0, 3.0), (20.0, 30.0))),)


def test_the_table_of_readers_knows_which_format_it_is(tmp_path):
    coco_folder(tmp_path / "coco")
    voc_folder(tmp_path / "voc")
    notes: list[str] = []
    drawn = read_examples(ReadingOptions(tmp_path / "coco", "detection", notes=notes))
    assert len(drawn.inputs) == 10
    assert len(notes) == 9
    assert len(read_examples(ReadingOptions(tmp_path / "voc", "detection")).inputs) == 4


def test_no_folder_and_no_annotations_are_said(tmp_path):
    with pytest.raises(BadData, match="There is no folder"):
        read_coco(tmp_path / "nowhere")
    with pytest.raises(BadData, match="holds no file in the format of COCO"):
        read_coco(tmp_path)


def test_missing_sides_are_drawn_within_the_rarest_label():
    labels = [("a", "b")] * 10 + [("a",)] * 20
    splits = drawn_splits([""] * 30, labels, 0)
    assert [splits[:10].count(side) for side in ("train", "validation", "test")] == [7, 1, 2]
    assert [splits[10:].count(side) for side in ("train", "validation", "test")] == [14, 2, 4]
    assert drawn_splits(["train", "validation", "test"], [("a",)] * 3, 0) == ["train", "validation", "test"]
