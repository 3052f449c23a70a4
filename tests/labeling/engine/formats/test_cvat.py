import json
from pathlib import Path
from typing import Any

import pytest

from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError, Losses, Record
from labeling.engine.formats.table import FORMATS
from labeling.engine.formats.target import Target
from labeling.engine.schema import parse_schema
from tests.labeling.engine.formats.known import FOLDER, draw, read, write

LABELS = """<meta><task><labels>
<label><name>cat</name><color>#b3261e</color><attributes>
<attribute><name>fur</name><input_type>select</input_type><default_value>long</default_value><values>long
short</values></attribute></attributes></label>
<label><name>blurry</name><type>tag</type></label>
<label><name>night</name><type>tag</type></label></labels></task></meta>"""


def _cvat(folder: Path, shapes: str, *, image: str = 'name="a.png" width="100" height="80"') -> Path:
    text = f'<annotations><version>1.1</version>{LABELS}<image id="0" {image}>{shapes}</image></annotations>'
    write(folder / "annotations.xml", text)
    draw(folder / "images/a.png")
    return folder


def test_the_images_of_datumaro() -> None:
    found = read(FOLDER / "cvat_images")

    assert found.format == "cvat"
    # By its z-order the box lies above the points.
    *points, box = found.shapes("img0.jpg")
    assert box == {
        "type": "box",
        "label": "label1",
        "x": 0.0,
        "y": 2.0,
        "width": 4.0,
        "height": 2.0,
        "attributes": {"occluded": "1", "a1": "true", "a2": "v3", "a3": "0003", "a4": "2.4"},
    }
    # The first point of the skeleton is outside.
    assert [(point["label"], point["x"]) for point in points] == [
        *(("skeleton: 2", 2.0), ("skeleton: 3", 3.0), ("skeleton: 4", 4.0)),
    ]
    asked = {row["title"]: row["options"] for row in found.control()["attributes"]}
    assert asked["a1"] == ["false", "true"]
    assert asked["a2"] == ["v1", "v2", "v3"]
    assert found.codes == {"shape_kind": 1, "skeleton": 2, "points_apart": 1, "label_unusable": 1}


def test_the_video_of_datumaro_is_its_frames() -> None:
    found = read(FOLDER / "cvat_video")

    assert list(found.records) == ["frame_000010.png", "frame_000013.png"]
    assert found.records["frame_000010.png"].fields == {"frame": 10}
    box = found.shapes("frame_000010.png")[0]
    assert (box["type"], box["label"], box["x"], box["width"]) == ("box", "II", 3.0, 7.0)
    # It is outside of the second frame, and what is left there is a line, and points that lie outside the picture.
    assert found.shapes("frame_000013.png") == []
    counts = {"skeleton": 1, "points_apart": 1, "shape_outside": 7, "shape_kind": 1, "picture_missing": 1}
    assert found.codes == counts


def test_a_box_is_turned_around_its_centre(tmp_path: Path) -> None:
    box = '<box label="cat" xtl="10" ytl="20" xbr="30" ybr="30" rotation="350.5"/>'

    assert read(_cvat(tmp_path, box)).shapes("a.png") == [
        {"type": "rotated_box", "label": "cat", "x": 20.0, "y": 25.0, "width": 20.0, "height": 10.0, "angle": 350.5}
    ]


def test_a_mask_has_runs_along_its_rows(tmp_path: Path) -> None:
    # Two rows of three pixels from 5, 7: background, two of the object, then the object's whole second row.
    mask = '<mask label="cat" rle="1, 5" left="5" top="7" width="3" height="2"/>'

    (shape,) = read(_cvat(tmp_path, mask)).shapes("a.png")

    assert sorted(shape["points"]) == sorted([[6.0, 7.0], [8.0, 7.0], [8.0, 9.0], [5.0, 9.0], [5.0, 8.0], [6.0, 8.0]])


def test_shapes_lie_as_their_z_order_says(tmp_path: Path) -> None:
    boxes = "".join(
        f'<box label="cat" xtl="{x}" ytl="1" xbr="{x + 9}" ybr="9" z_order="{z}"/>' for x, z in ((1, 2), (3, 0), (5, 0))
    )

    assert [shape["x"] for shape in read(_cvat(tmp_path, boxes)).shapes("a.png")] == [3, 5, 1]


def test_what_a_shape_says_beside_its_attributes_is_one(tmp_path: Path) -> None:
    box = '<box label="cat" xtl="1" ytl="1" xbr="9" ybr="9" occluded="1" source="auto" group_id="4"/>'
    silent = '<box label="cat" xtl="2" ytl="1" xbr="9" ybr="9" occluded="0" source="manual" group_id="0"/>'

    one, other = read(_cvat(tmp_path, box + silent)).shapes("a.png")

    assert one["attributes"] == {"occluded": "1", "source": "auto", "group_id": "4"}
    assert "attributes" not in other


def test_tags_are_a_choice_and_colours_and_sides_are_kept(tmp_path: Path) -> None:
    image = 'name="a.png" width="100" height="80" subset="Validation"'

    found = read(_cvat(tmp_path, '<tag label="blurry"/><tag label="night"/>', image=image))

    assert found.records["a.png"].final == {"tags": ["blurry", "night"]}
    assert found.records["a.png"].fields == {"split": "validation"}
    assert found.control()["labels"] == [{"value": "cat", "color": "#b3261e"}]
    assert found.control()["attributes"] == [
        {"name": "fur", "title": "fur", "options": ["long", "short"], "labels": []}
    ]


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        ('<polyline label="cat" points="1,1;5,5"/>', "shape_kind"),
        ('<cuboid label="cat" xtl1="1"/>', "shape_kind"),
        ('<ellipse label="cat" cx="50" cy="40" rx="20" ry="10"/>', "ellipse"),
        ('<box label="cat" xtl="1" ytl="1" xbr="9"/>', "shape_broken"),
        ('<box label="cat" xtl="x" ytl="1" xbr="9" ybr="9"/>', "shape_broken"),
        ('<polygon label="cat" points="1,1;5"/>', "shape_broken"),
        ('<mask label="cat" rle="1, 9" left="5" top="7" width="3" height="2"/>', "shape_broken"),
        ('<mask label="cat" rle="1" left="5" top="7" width="999999" height="999999"/>', "shape_broken"),
        ('<box label="cat" xtl="200" ytl="1" xbr="209" ybr="9"/>', "shape_outside"),
    ],
)
def test_a_bad_shape_is_told_and_the_good_one_is_kept(tmp_path: Path, shape: str, code: str) -> None:
    found = read(_cvat(tmp_path, shape + '<box label="cat" xtl="1" ytl="1" xbr="9" ybr="9"/>'))

    assert found.codes == {code: 1}
    assert {"type": "box", "label": "cat", "x": 1.0, "y": 1.0, "width": 8.0, "height": 8.0} in found.shapes("a.png")


def test_entities_are_refused(tmp_path: Path) -> None:
    _cvat(tmp_path, "")
    write(
        tmp_path / "annotations.xml", '<!DOCTYPE a [<!ENTITY x "y">]><annotations><version>&x;</version></annotations>'
    )

    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == "xml_markup"


def _backup(folder: Path, job: dict[str, Any], **more: Any) -> Path:
    label = {"name": "cat", "color": "#b3261e", "attributes": [], "type": "any"}
    write(folder / "task_0/task.json", {"name": "t", "version": "1.0", "subset": "Train", "labels": [label]} | more)
    write(folder / "task_0/annotations.json", [{"version": 0, "tags": [], "shapes": [], "tracks": []} | job])
    rows = [{"version": "1.1"}, {"type": "images"}]
    rows += [{"name": name, "extension": ".png", "width": 100, "height": 80} for name in ("z", "sub/a")]
    write(folder / "task_0/data/manifest.jsonl", "\n".join(map(json.dumps, rows)))
    draw(folder / "task_0/data/z.png")
    draw(folder / "task_0/data/sub/a.png")
    return folder


def test_a_backup_has_its_frames_in_the_order_of_the_manifest(tmp_path: Path) -> None:
    common = {"occluded": False, "z_order": 0, "rotation": 0.0, "group": 0, "source": "manual", "label": "cat"}
    box = common | {"type": "rectangle", "points": [1.0, 2.0, 11.0, 8.0], "frame": 0, "attributes": []}
    turned = box | {"rotation": 90.0, "frame": 1, "occluded": True, "attributes": [{"name": "fur", "value": "long"}]}
    mask = common | {"type": "mask", "points": [1, 5, 5, 7, 7, 8], "frame": 1}
    track = {"label": "cat", "frame": 0, "source": "auto", "attributes": [], "shapes": [box | {"frame": 1}]}

    found = read(
        _backup(tmp_path, {"shapes": [box, turned, mask], "tracks": [track], "tags": [{"frame": 0, "label": "odd"}]})
    )

    assert found.format == "cvat_backup"
    assert list(found.records) == ["z.png", "sub/a.png"]
    assert found.records["z.png"].fields == {"split": "train"}
    assert found.records["z.png"].final is not None
    assert found.records["z.png"].final["tags"] == ["odd"]
    assert found.shapes("z.png") == [{"type": "box", "label": "cat", "x": 1.0, "y": 2.0, "width": 10.0, "height": 6.0}]
    first, second, third = found.shapes("sub/a.png")
    assert (first["type"], first["angle"], first["attributes"]) == (
        "rotated_box",
        90.0,
        {"occluded": "1", "fur": "long"},
    )
    assert (second["type"], len(second["points"])) == ("polygon", 6)
    assert third["attributes"] == {"source": "auto", "track": "0"}
    assert found.codes == {"track": 1, "label_added": 1}


def test_a_broken_backup_is_refused(tmp_path: Path) -> None:
    _backup(tmp_path, {})
    write(tmp_path / "task_0/annotations.json", "[{")

    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == "cvat_broken"


def _tasks(folder: Path, jobs: str) -> None:
    """Write two tasks whose pictures have the same names, as `assay migrate cvat` packs them."""
    for number, box in ((1, 'xtl="1"'), (2, 'xtl="2"')):
        shape = f'<box label="cat" {box} ytl="20" xbr="30" ybr="30"/>'
        images = f'<image id="0" name="a.png" width="100" height="80">{shape}</image>'
        images += '<image id="1" name="b.png" width="100" height="80"></image>'
        write(folder / f"task_{number}/annotations.xml", f"<annotations>{LABELS}{images}</annotations>")
        write(folder / f"task_{number}/cvat_jobs.json", jobs)
        for name in ("a", "b"):
            draw(folder / f"task_{number}/images/{name}.png")


def test_jobs_say_who_answered_and_when(tmp_path: Path) -> None:
    job = {
        "start_frame": 0,
        "stop_frame": 0,
        "assignee": "ann",
        "state": "completed",
        "updated_date": "2025-03-01T10:00:00Z",
    }
    new = {"start_frame": 1, "stop_frame": 9, "assignee": "bo", "state": "new", "updated_date": "2025-03-01T10:00:00Z"}
    _tasks(tmp_path, json.dumps([job, new]))

    with opened(tmp_path) as files:
        records = list(FORMATS["cvat"].read(files, Losses()).records())

    said = [[(each.by, each.at, each.answer["objects"][0]["x"]) for each in record.answers] for record in records]
    # The second picture of each was given to somebody who did not begin.
    assert said == [[("ann", job["updated_date"], 1.0)], [], [("ann", job["updated_date"], 2.0)], []]
    assert [record.picture for record in records] == [
        f"task_{number}/images/{name}.png" for number in (1, 2) for name in ("a", "b")
    ]


@pytest.mark.parametrize("jobs", ["[1", "{}", "[]", '[{"start_frame": "x", "stop_frame": null}]'])
def test_jobs_that_say_nothing_sign_nothing(tmp_path: Path, jobs: str) -> None:
    _tasks(tmp_path, jobs)

    with opened(tmp_path) as files:
        records = list(FORMATS["cvat"].read(files, Losses()).records())

    assert [[each.by for each in record.answers] for record in records] == [[""]] * 4


def test_a_written_backup_has_a_task_for_each_side_with_frames_by_name(tmp_path: Path) -> None:
    draw(tmp_path / "p.png")
    schema = parse_schema(
        {
            "display": [{"type": "image", "field": "image"}],
            "controls": [
                {"name": "cells", "type": "shapes", "field": "image", "labels": [{"value": "cell"}], "tools": ["box"]}
            ],
        }
    )
    box = {"id": "s1", "type": "box", "label": "cell", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}
    records = [
        Record("b.png", {"split": "train"}, "p.png", (100, 80), final={"cells": [box]}),
        Record("c.png", {}, "p.png", (100, 80), final={"cells": []}),
        Record("a.png", {"split": "train"}, "p.png", (100, 80), final={"cells": []}),
    ]
    out = tmp_path / "out"
    out.mkdir()
    written = FORMATS["cvat_backup"].write
    assert written is not None
    assert written(Target(out, lambda path: tmp_path / path, Losses()), schema, records) == 3

    paths = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    task = ["annotations.json", "data/a.png", "data/b.png", "data/manifest.jsonl", "task.json"]
    other = ["annotations.json", "data/c.png", "data/manifest.jsonl", "task.json"]
    assert paths == ["project.json", *(f"task_0/{name}" for name in task), *(f"task_1/{name}" for name in other)]
    lines = [json.loads(line) for line in (out / "task_0/data/manifest.jsonl").read_text().splitlines()]
    assert lines[:2] == [{"version": "1.1"}, {"type": "images"}]
    assert [row["name"] + row["extension"] for row in lines[2:]] == ["a.png", "b.png"]
    (job,) = json.loads((out / "task_0/annotations.json").read_text())
    (shape,) = job["shapes"]
    assert (shape["frame"], shape["type"], shape["points"]) == (1, "rectangle", [1.0, 2.0, 4.0, 6.0])
    about = json.loads((out / "task_0/task.json").read_text())
    assert (about["subset"], about["version"], about["data"]["stop_frame"]) == ("train", "1.0", 1)
    assert about["jobs"] == [{"start_frame": 0, "stop_frame": 1, "status": "annotation", "type": "annotation"}]
    assert json.loads((out / "task_1/task.json").read_text())["subset"] == ""
