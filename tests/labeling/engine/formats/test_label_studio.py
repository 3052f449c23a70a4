"""Label Studio's exports: the files of its own SDK, bad input, and there and back."""

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from labeling.engine.controls.shapes import Shapes
from labeling.engine.formats.record import FormatError, Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from labeling.engine.label_studio.config import ConfigError, read_config
from labeling.engine.label_studio.tags import labeling_config
from labeling.engine.schema import parse_schema
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import files_of, read_back, written

DATA = Path(__file__).parents[3] / "data" / "formats" / "label_studio"
TASK: dict[str, Any] = {"id": 1, "data": {"text": "Ann met Bob 🙂 in Łódź"}}
# Five relations of key points, which have no counterpart.
TIED = {"tag_unknown": 1, "result_refused": 5}
CONFIG = """<View><Text name="t" value="$text"/>
<Labels name="ner" toName="t"><Label value="PER" background="red"/><Label value="LOC" hotkey="l"/></Labels>
<Choices name="Mood!" toName="t" required="true"><Choice value="good"/><Choice value="bad" alias="b"/></Choices>
</View>"""


def span(start: int, end: int, text: str, label: str = "PER") -> dict[str, Any]:
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"id": f"x{start}", "from_name": "ner", "to_name": "t", "type": "labels", "value": value}


def picked(value: str) -> dict[str, Any]:
    return {"from_name": "Mood!", "to_name": "t", "type": "choices", "value": {"choices": [value]}}


def tasks(*rows: dict[str, Any]) -> str:
    return json.dumps(list(rows))


def read(folder: Path, *rows: dict[str, Any], config: str = CONFIG) -> tuple[list[Record], Losses]:
    losses = Losses()
    files = files_of(folder, tasks__json=tasks(*rows), config__xml=config)
    return list(FORMATS["label_studio"].read(files, losses).records()), losses


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(projects.RICH))
def test_texts_come_back_as_they_were_written(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("label_studio", projects.RICH, rows, folder)
        reading, found, read_losses, name = read_back(folder)
    assert name == "label_studio"
    assert parse_schema(reading.schema) == projects.RICH
    assert found == rows
    assert losses.total == 0
    assert set(read_losses.counts) <= {"offsets_turned"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(projects.PICTURES))
def test_shapes_come_back_as_they_were_written(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("label_studio", projects.PICTURES, rows, folder)
        reading, found, read_losses, _name = read_back(folder)
    for record in found:
        record.picture = "p.png"
        for said in (*record.answers, *record.predictions):
            _in_order(said.answer)
        _in_order(record.final or {})
    for record in rows:
        for said in (*record.answers, *record.predictions):
            _in_order(said.answer)
        _in_order(record.final or {})
    assert parse_schema(reading.schema) == projects.PICTURES
    assert found == rows
    assert (losses.total, read_losses.total) == (0, 0)


def _in_order(answer: dict[str, Any]) -> None:
    """Sort shapes by their ids: Label Studio has them by tools."""
    if "cells" in answer:
        answer["cells"] = sorted(answer["cells"], key=lambda shape: shape["id"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(projects.RICH))
def test_the_short_form_loses_what_it_says(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("label_studio_min", projects.RICH, rows, folder)
        found = read_back(folder)[1] if any(map(_kept_by_min, rows)) else []
    wanted = [said for row in rows for said in _kept_by_min(row)]
    read = [said for record in found for said in record.answers]
    for said in (*read, *wanted):
        for span_ in said.answer.get("names", []):
            span_["id"] = ""
    assert read == wanted
    skipped = sum(any(said.skipped for said in row.answers) for row in rows)
    assert losses.counts["skipped"] == skipped
    assert losses.counts["predictions"] == sum(bool(row.predictions) for row in rows)


def _kept_by_min(record: Record) -> list[Said]:
    given_ = [said for said in record.answers if not said.skipped]
    if not given_ and record.final is not None:
        given_ = [Said(record.final)]
    without = {"ties"}
    return [
        Said(deepcopy({name: value for name, value in said.answer.items() if name not in without}), said.by, said.at)
        for said in given_
    ]


def test_labels_used_and_not_declared_are_asked_and_told_of(tmp_path: Path) -> None:
    (record,), losses = read(
        tmp_path, {**TASK, "annotations": [{"result": [span(0, 3, "Ann", "ORG"), picked("so-so")]}]}
    )
    assert record.answers[0].answer["ner"][0]["label"] == "ORG"
    assert record.answers[0].answer["mood"] == ["so-so"]
    assert losses.counts == {"label_undeclared": 2}


def test_offsets_in_code_points_and_in_utf16_are_told_apart_by_the_quoted_words(tmp_path: Path) -> None:
    text = TASK["data"]["text"]
    for offset, codes in ((0, {}), (1, {"offsets_turned": 1})):
        row = span(17 + offset, 21 + offset, "Łódź", "LOC")
        (record,), losses = read(tmp_path, {**TASK, "annotations": [{"result": [row]}]})
        (found,) = record.answers[0].answer["ner"]
        assert text[found["start"] : found["end"]] == "Łódź"
        assert losses.counts == codes


def test_who_answered_what_counts_and_what_was_skipped(tmp_path: Path) -> None:
    given_ = {
        "annotations": [
            {"completed_by": {"id": 3, "email": "ann@example.org"}, "created_at": "2024-01-01T00:00:00Z", "result": []},
            {"completed_by": 7, "was_cancelled": True, "result": [picked("good")]},
            {"completed_by": 8, "ground_truth": True, "result": [picked("b")]},
        ],
        "predictions": [{"model_version": "m1", "score": 0.7, "result": [picked("good")]}],
        "drafts": [{"result": [picked("good")]}],
    }
    (record,), losses = read(tmp_path, {**TASK, **given_})
    assert record.answers == [
        Said({}, "ann@example.org", "2024-01-01T00:00:00Z"),
        Said({}, "7", skipped=True),
        Said({"mood": ["b"]}, "8"),
    ]
    assert record.final == {"mood": ["b"]}
    assert record.predictions == [Said({"mood": ["good"]}, "m1", confidence=0.7)]
    assert losses.counts == {"skipped_result": 1, "draft": 1}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([span(0, 3, "Bob")], "quote_differs"),
        ([span(0, 90, "x" * 90)], "quote_differs"),
        ([span(3, 3, "")], "span_empty"),
        ([span(0, 3, "Ann"), {**span(0, 3, "Ann"), "id": "y"}], "span_double"),
        ([{"from_name": "nobody", "type": "brushlabels", "value": {"rle": []}}], "result_refused"),
        ([{"type": "relation", "from_id": "a", "to_id": "b", "labels": ["met"]}], "relation_end"),
        (["word"], "result_refused"),
        ([{**span(0, 3, "Ann"), "value": {"labels": ["PER"]}}], "span_broken"),
    ],
)
def test_what_does_not_fit_is_left_out_and_the_rest_kept(tmp_path: Path, rows: list[Any], code: str) -> None:
    (record,), losses = read(tmp_path, {**TASK, "annotations": [{"result": [*rows, picked("good")]}]})
    assert record.answers[0].answer["mood"] == ["good"]
    assert losses.counts[code] == 1


def test_two_exports_in_one_are_one_row_each_in_the_report(tmp_path: Path) -> None:
    row = {**TASK, "annotations": [{"result": [picked("good")]}]}
    files = files_of(tmp_path, a__json=tasks(row), b__json=tasks(row, {**row, "id": 2}), c__xml=CONFIG)
    losses = Losses()
    found = list(FORMATS["label_studio"].read(files, losses).records())
    assert [record.name for record in found] == ["1", "2"]
    assert losses.counts == {"task_double": 1}


def test_unknown_tags_are_named(tmp_path: Path) -> None:
    config = CONFIG.replace("</View>", '<BrushLabels name="b" toName="t"><Label value="x"/></BrushLabels></View>')
    _records, losses = read(tmp_path, {**TASK, "annotations": []}, config=config)
    assert [(loss.where, loss.code) for loss in losses.listed] == [("config.xml: <BrushLabels> b", "tag_unknown")]


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE View [<!ENTITY a "aa">]><View><Text name="t" value="$text"/></View>',
        '<!doctype x SYSTEM "file:///etc/passwd"><View/>',
        "<View><Text></View>",
    ],
)
def test_entities_and_broken_xml_are_refused(xml: str) -> None:
    with pytest.raises(ConfigError):
        read_config(xml)


def test_a_project_of_entities_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="entities") as caught:
        read(tmp_path, {**TASK, "annotations": []}, config='<!DOCTYPE a [<!ENTITY b "c">]>' + CONFIG)
    assert caught.value.code == "config_broken"


def test_our_xml_is_read_as_the_schema_that_wrote_it() -> None:
    config = read_config(labeling_config(projects.RICH))
    assert [ask.element for ask in config.asked] == [
        "Choices", "Choices", "Taxonomy", "Labels", "Relations", "TextArea", "Rating", "Rating", "Rating", "Choices",
        "Number", "Choices",
    ]  # fmt: skip
    assert [option.path for option in config.asked[2].options] == [(), ("clothes",), ("clothes",), ()]
    assert config.unknown == []


def pictured(folder: Path, source: str, config: str = "") -> Path:
    """Return a folder with an export of the SDK's tests, and pictures of the sizes that it says."""
    made = folder / "export"
    made.mkdir()
    (made / "data.json").write_bytes((DATA / source).read_bytes())
    if config:
        (made / "config.xml").write_bytes((DATA / config).read_bytes())
    for task in json.loads((DATA / source).read_text()):
        rows = [row for row in task["annotations"][0]["result"] if row["type"] != "relation"]
        sizes = [(row["original_width"], row["original_height"]) for row in rows]
        name = Path(task["data"]["image"]).with_suffix(".png").name
        Image.new("RGB", sizes[0] if sizes else (10, 10)).save(made / name)
    return made


def test_per_cent_beyond_the_picture_is_cut(tmp_path: Path) -> None:
    Image.new("RGB", (100, 50)).save(tmp_path / "a.png")
    value = {"x": 90, "y": 10, "width": 30, "height": 20, "rectanglelabels": ["cat"]}
    row = {"from_name": "box", "to_name": "image", "type": "rectanglelabels", "value": value}
    task = {"id": 1, "data": {"image": "/data/upload/3/0f3a9b1c-a.png"}, "annotations": [{"result": [row]}]}
    (tmp_path / "t.json").write_text(tasks(task))
    _reading, (record,), losses, _name = read_back(tmp_path)
    (box,) = record.answers[0].answer["box"]
    assert (box["x"], box["y"], box["width"], box["height"]) == (90.0, 5.0, 10.0, 10.0)
    assert losses.counts == {"shape_cut": 1}


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("/data/local-files/?d=some/folder/a%20b.png", "folder/a b.png"),
        ("/data/upload/3/0f3a9b1c-a.png", "a.png"),
        ("s3://bucket/deep/A.PNG", "a.png"),
        ("https://example.org/pictures/a.png?token=1", "pictures/a.png"),
    ],
)
def test_pictures_are_found_by_whatever_names_them(tmp_path: Path, named: str, file: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    Image.new("RGB", (10, 10)).save(tmp_path / file)
    choices = '<Choices name="c" toName="i"><Choice value="x"/><Choice value="y"/></Choices>'
    config = f'<View><Image name="i" value="$image"/>{choices}</View>'
    (tmp_path / "config.xml").write_text(config)
    (tmp_path / "t.json").write_text(tasks({"id": 1, "data": {"image": named}, "annotations": []}))
    _reading, (record,), losses, _name = read_back(tmp_path)
    assert (record.picture, losses.total) == (file, 0)


@pytest.mark.parametrize(
    ("source", "config", "asked", "shapes", "codes"),
    [
        ("data_obb.json", "", {"label": ("rotated_box",)}, 25, {}),
        ("data_polygons.json", "label_config_polygons.xml", {"label": ("polygon",)}, 1, {}),
        ("data_keypoints.json", "label_config_keypoints.xml", {"keypoints": ("point",), "bbox": ("box",)}, 4, TIED),
        (
            "coco.json",
            "label_config_coco.xml",
            {"rectangle_label": ("box",), "polygon_label": ("polygon",), "keypoint_label": ("point",)},
            4,
            {},
        ),
    ],
)
def test_real_exports_keep_every_shape(
    tmp_path: Path, source: str, config: str, asked: dict[str, Any], shapes: int, codes: dict[str, int]
) -> None:
    reading, found, losses, _name = read_back(pictured(tmp_path, source, config))
    controls = parse_schema(reading.schema).controls
    assert {control.name: control.tools for control in controls if isinstance(control, Shapes)} == asked
    said = [each.answer for record in found for each in record.answers]
    assert sum(len(rows) for answer in said for rows in answer.values()) == shapes
    assert losses.counts == codes


def test_a_label_that_the_page_kept_with_blanks_and_quotes_is_one() -> None:
    _reading, (record,), losses, _name = read_back(DATA / "csv_test2.json")
    assert record.answers[0].answer == {"uri_selection": ['Yes " "" \n \t \t а б в']}
    assert record.answers[0].by == "test@heartex.com"
    assert losses.counts == {"label_added": 1, "nested_value": 6}


def test_a_folder_without_pictures_is_refused_with_what_to_do() -> None:
    with pytest.raises(FormatError, match="into one zip"):
        read_back(DATA / "data_obb.json")


@settings(max_examples=15, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "data", "result", "value", "annotations", "type", "from_name", "labels", "text", "start"]
                ),
                x,
                max_size=4,
            )
        ),
        max_leaves=15,
    )
)
def test_whatever_stands_in_a_task_is_told_of_and_never_breaks(value: Any) -> None:
    with tempfile.TemporaryDirectory() as place:
        rows = [
            {**TASK, "annotations": [{"result": [picked("good")]}]},
            {"id": 2, "data": {"text": "x"}, "annotations": value},
        ]
        found, _losses = read(Path(place), *rows)
    assert found[0].answers[0].answer == {"mood": ["good"]}
