"""What is written and read again is equal, or the loss report lists exactly the difference."""

import math
import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.formats.files import opened
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.scene_parts import split_name
from labeling.engine.formats.table import FORMATS, find_format
from labeling.engine.formats.target import Target
from labeling.engine.schema import Schema, parse_schema
from tests.labeling.engine.formats.picture_projects import SIZES, Project, Report, picture, projects

# Formats that name only what is drawn, so that nothing can be read where nothing was.
NAMES_WHAT_IS_LABELED = {"voc", "labelme", "folders"}
# What pictures are asked there, where they are.
TAGS = {"cvat": "tags", "cvat_backup": "tags", "labelme": "flags", "folders": "label"}
COLUMNS = {"coco": {"source"}}
EXAMPLES = int(os.environ.get("ASSAY_EXAMPLES", "30"))
_settings = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for size in SIZES:
        picture(folder, size)
    return folder


@pytest.mark.parametrize("name", ["coco", "cvat", "cvat_backup", "labelme", "voc", "yolo", "folders"])
@_settings
@given(data=st.data())
def test_a_project_comes_back_or_the_report_lists_the_difference(
    name: str, data: st.DataObject, pictures: Path
) -> None:
    project = data.draw(projects(shapes=0 if name == "folders" else 2))
    assume(not FORMATS[name].holds(project.schema))  # type: ignore[misc]
    if name in NAMES_WHAT_IS_LABELED:
        assume(_anything_labeled(project, name))

    report, schema, back = _round_trip(name, project, pictures)

    _compare(name, project, schema, back, report)
    assert report.rows == []


def _anything_labeled(project: Project, name: str) -> bool:
    if name == "labelme" and project.schema.choice is not None:
        return True
    kinds = {"voc": {"box", "rotated_box", "polygon"}}.get(name, {"box", "rotated_box", "polygon", "point"})
    choice = project.schema.choice
    answers = [record.counting or {} for record in project.records]
    if name == "folders" and choice is not None:
        return any(choice.name in answer for answer in answers)
    return any(s["type"] in kinds for answer in answers for each in project.drawn for s in answer.get(each.name, []))


def _round_trip(name: str, project: Project, pictures: Path) -> tuple[Report, Schema, dict[str, Record]]:
    written, read = Losses(), Losses()
    with tempfile.TemporaryDirectory() as folder:
        target = Target(Path(folder), lambda path: pictures / path, written)
        assert FORMATS[name].write is not None
        assert FORMATS[name].write(target, project.schema, project.records) == len(project.records)
        with opened(Path(folder)) as files:
            if name != "folders":
                assert find_format(files) == name
            reading = FORMATS[name].read(files, read)
            back = {PurePosixPath(record.name).name: record for record in reading.records()}
    rows = [(loss.where, loss.code) for loss in written.listed]
    # What reading says of shapes that writing said would change: a corner cut, a box that is none any more.
    changed = {"shape_cut", "not_rectangle", "shape_outside"}
    more = [loss for loss in read.listed if loss.code not in changed]
    assert [loss.code for loss in more if loss.code != "label_added"] == []
    said = [code for _where, code in rows if code in {"as_polygon", "corner_moved", "not_turned"}]
    assert len(read.listed) - len(more) <= len(said)
    return Report(rows), parse_schema(reading.schema), back


def _compare(name: str, project: Project, schema: Schema, back: dict[str, Record], report: Report) -> None:
    drawn = project.drawn
    if name != "folders" and len(drawn) > 1:
        assert report.has(f"questions {', '.join(each.name for each in drawn)}", "questions_joined")
    left_out = _controls(name, project, report)
    attributes = {each.name for control in drawn for each in control.attributes}
    lost = {each for each in attributes if name == "yolo" and report.has(f"attribute {each}", "attribute")}
    for control in drawn:
        for each in control.attributes:
            report.has(f"attribute {each.name}", "attribute")
    assert lost == (attributes if name == "yolo" else set())
    renamed = _renamed(project, report)
    columns: set[str] = set()
    free = {}
    for record in project.records:
        own = PurePosixPath(record.name).name
        file = renamed.get(record.name, own)
        free[file] = record
        columns |= _record(name, project, record, back[file], lost, left_out, report)
    assert set(back) == set(free)
    for column in columns:
        assert report.has(f"column {column}", "column")
    for side in {str(record.fields.get("split")) for record in project.records} & {"val"}:
        assert side == "val"
        assert report.has("column split", "split_renamed")
    sided = {bool(split_name(record)) for record in project.records}
    if name == "yolo" and len(sided) == 2:
        assert report.has("images/all", "no_side")
    _labels(name, project, schema, report)


def _controls(name: str, project: Project, report: Report) -> set[str]:
    """Return the questions that are left out, which must be those the format does not hold."""
    found = {each.name for each in project.schema.controls if report.has(f"question {each.name}", "control")}
    held = {
        "coco": {"shapes", "text"},
        "cvat": {"shapes", "choice"},
        "cvat_backup": {"shapes", "choice"},
        "labelme": {"shapes", "choice"},
    }
    kinds = held.get(name, {"choice"} if name == "folders" else {"shapes"})
    assert found == {each.name for each in project.schema.controls if each.type not in kinds}
    choice = project.schema.choice
    if name in {"cvat", "cvat_backup", "labelme"} and choice is not None and not choice.multiple:
        assert report.has(f"question {choice.name}", "several_tags")
    return found


def _renamed(project: Project, report: Report) -> dict[str, str]:
    """Return new names of pictures. The rule is told here anew: the stem differs in any case of letters."""
    taken: set[str] = set()
    found = {}
    for record in project.records:
        own = PurePosixPath(record.name).name
        stem, ending = PurePosixPath(own).stem, PurePosixPath(own).suffix
        free = own if stem.lower() not in taken else f"{stem}_2{ending}"
        taken.add(PurePosixPath(free).stem.lower())
        if free != own:
            assert report.has(record.name, "renamed")
            found[record.name] = free
    return found


def _record(
    name: str, project: Project, record: Record, back: Record, lost: set[str], left_out: set[str], report: Report
) -> set[str]:
    answers = [said.answer for said in record.answers if not said.skipped]
    if len(answers) > 1 or (record.final is not None and answers[0] != record.final):
        assert report.has(record.name, "several_answers")
    assert report.has(record.name, "skipped") == any(said.skipped for said in record.answers)
    assert report.has(record.name, "predictions") == bool(record.predictions)
    if record.counting is None and report.has(record.name, "unanswered"):
        assert back.final == {}
    elif record.counting is None:
        assert back.final is None
    else:
        _answers(name, project, record, back, lost, report)
    fields = {key: value for key, value in record.fields.items() if key in COLUMNS.get(name, set())}
    split = split_name(record)
    if split:
        fields["split"] = split
    elif name == "coco" and "split" in record.fields:
        fields["split"] = record.fields["split"]
    assert back.fields == fields
    assert back.size == record.size
    return set(record.fields) - set(fields)


def _answers(name: str, project: Project, record: Record, back: Record, lost: set[str], report: Report) -> None:
    answer, found = record.counting or {}, dict(back.final or {})
    choice = project.schema.choice
    if choice is not None and name in TAGS:
        chosen = answer.get(choice.name, [])
        if name == "folders":
            if not chosen and report.has(record.name, "answered_empty"):
                assert back.final is None
                return
            if len(chosen) > 1:
                assert report.has(record.name, "several_labels")
                chosen = chosen[:1]
            assert len(found.pop(TAGS[name])) == len(chosen) == 1
        else:
            assert sorted(found.pop(TAGS[name], [])) == sorted(chosen)
    expected = []
    for control in project.drawn if name != "folders" else []:
        for shape in answer.get(control.name, []):
            prefix = f"{control.name}: " if len(project.drawn) > 1 else ""
            question = f"{control.name}, " if len(project.drawn) > 1 else ""
            expected.append(
                (f"{record.name}: {question}shape {shape['id']}", {**shape, "label": prefix + shape["label"]})
            )
    expected = [(where, shape) for where, shape in expected if not _dropped(name, project, where, shape, report)]
    shapes = found.pop("objects", [])
    assert found == {}
    assert len(shapes) == len(expected)
    for (where, wanted), shape in zip(expected, shapes, strict=True):
        attributes = {key: value for key, value in wanted.get("attributes", {}).items() if key not in lost}
        if report.has(where, "attribute_taken"):
            assert attributes.pop("rotation")
        assert shape["label"] == wanted["label"]
        assert shape.get("attributes", {}) == attributes
        _geometry(where, wanted, shape, record.size, report)


def _dropped(name: str, project: Project, where: str, shape: dict[str, Any], report: Report) -> bool:
    dropped = report.has(where, "shape_kind")
    assert dropped == (shape["type"] == "point" and name in {"voc", "yolo"})
    return dropped


def _geometry(where: str, wanted: dict[str, Any], shape: dict[str, Any], size: tuple[int, int], report: Report) -> None:
    if report.has(where, "corner_moved"):
        places = corners(wanted)
        assert min(min(x, y) for x, y in places) < 0 or any(x > size[0] or y > size[1] for x, y in places)
        report.has(where, "as_polygon")
        return
    if report.has(where, "as_polygon"):
        assert wanted["type"] != "polygon"
        assert shape["type"] == "polygon"
        # At a whole pixel outside, the last digit decides whether it is moved in or cut.
        if all(-0.99 <= x <= size[0] + 0.99 and -0.99 <= y <= size[1] + 0.99 for x, y in corners(wanted)):
            _near(corners(wanted), corners(shape), 1.01)
        return
    if report.has(where, "not_turned"):
        assert (wanted["type"], wanted["angle"], shape["type"]) == ("rotated_box", 0, "box")
        _near([_inside(place, size) for place in corners(wanted)], corners(shape), 0.02)
    elif report.has(where, "as_rotated_box"):
        assert (wanted["type"], shape["type"]) == ("box", "rotated_box")
        _near(corners(wanted), corners(shape), 0.02)
    else:
        sides = wanted.keys() - {"id", "attributes", "label"}
        assert {key: shape.get(key) for key in sides} == {key: wanted[key] for key in sides}


def _inside(place: tuple[float, float], size: tuple[int, int]) -> tuple[float, float]:
    return min(max(place[0], 0.0), size[0]), min(max(place[1], 0.0), size[1])


def _near(some: list[tuple[float, float]], others: list[tuple[float, float]], slack: float) -> None:
    assert len(some) == len(others)
    assert all(math.dist(one, other) <= slack * math.sqrt(2) for one, other in zip(some, others, strict=True))


def _labels(name: str, project: Project, schema: Schema, report: Report) -> None:
    """Compare the labels that may be given: all, or those that are listed as unused are missing."""
    if name == "folders":
        assert project.schema.choice is not None
        for label in project.schema.choice.labels:
            report.has(f"label {label.value}", "label_unused")
            report.has(f"label {label.value}", "renamed")
        return
    drawn = project.drawn
    names = [
        f"{each.name}: {label.value}" if len(drawn) > 1 else label.value for each in drawn for label in each.labels
    ]
    found = next((each.labels for each in schema.controls if isinstance(each, Shapes)), ())
    unused = {label for label in names if report.has(f"label {label}", "label_unused")}
    assert {label.value for label in found} == set(names) - unused
    if project.schema.choice is not None and name in {"cvat", "cvat_backup"}:
        for label in project.schema.choice.labels:
            assert report.has(f"label {label.value}", "label_shared") == (label.value in names)
