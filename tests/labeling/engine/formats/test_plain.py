"""Plain tables of labeled items: what we write comes back whole, and what others wrote is guessed."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats import parquet_write
from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError, Losses, Record, Said
from labeling.engine.formats.table import FORMATS, find_format
from labeling.engine.formats.target import Target
from labeling.engine.schema import parse_schema
from tests.labeling.engine.formats import picture_projects
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import CHOICE, files_of, read_back, written

EDGE = Path(__file__).parents[3] / "data" / "formats" / "doccano" / "edge"


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet", "hugging_face"])
def test_everything_comes_back(name: str) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(projects.records(projects.RICH))
    def check(rows: list[Record]) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "made"
            folder.mkdir()
            losses = written(name, projects.RICH, rows, folder)
            reading, found, read_losses, format_ = read_back(folder)
        assert format_ == name
        assert parse_schema(reading.schema) == projects.RICH
        if name == "csv":
            assert losses.counts == {"column_type": 2}
            for row in rows:
                row.fields |= {"price": "3", "sold": "true"}
        else:
            assert losses.total == 0
        assert read_losses.total == 0
        assert found == rows

    check()


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_pictures_come_with_their_table(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    box = {"id": "a", "type": "box", "x": 1.0, "y": 2.0, "width": 10.0, "height": 5.0, "label": "red"}
    record = Record("p0.png", {"shelf": "b"}, "p.png", projects.SIZE, [Said({"cells": [box]}, "ann")])
    written(name, projects.PICTURES, [record], folder)
    _reading, (found,), losses, _name = read_back(folder)
    record.picture = "images/p0.png"
    assert (found, losses.total) == (record, 0)


@pytest.mark.parametrize("name", ["parquet", "hugging_face"])
def test_pictures_stand_in_the_table_and_come_back_with_everybodys_shapes(name: str, tmp_path: Path) -> None:
    for size in picture_projects.SIZES:
        picture_projects.picture(tmp_path, size)

    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(picture_projects.projects())
    def check(project: picture_projects.Project) -> None:
        losses = Losses()
        with tempfile.TemporaryDirectory() as place:
            write = FORMATS[name].write
            assert write is not None
            write(Target(Path(place), lambda path: tmp_path / path, losses), project.schema, project.records)
            with opened(Path(place)) as files:
                assert find_format(files) == name
                reading = FORMATS[name].read(files, losses)
                found = list(reading.records())
                again = list(reading.records())
                pixels = {record.name: files.bytes(record.picture) for record in found}
        assert losses.total == 0
        assert parse_schema(reading.schema) == project.schema
        wanted = {record.name: record for record in project.records}
        assert len(found) == len(wanted)
        assert again == found
        for record in found:
            assert pixels[record.name] == (tmp_path / wanted[record.name].picture).read_bytes()
            # A column that an item lacks is empty in a table.
            own = {column: value for column, value in record.fields.items() if value is not None}
            assert replace(record, fields=own) == replace(wanted[record.name], picture=record.picture)

    check()


def test_pictures_of_one_group_are_bounded_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = projects.picture(tmp_path)
    monkeypatch.setattr(parquet_write, "GROUP_BYTES", 2 * picture.stat().st_size - 1)
    rows = [Record(f"{n}.png", {}, "p.png", projects.SIZE, [Said({"cells": []}, "ann")]) for n in range(5)]
    (tmp_path / "made").mkdir()
    written("parquet", projects.PICTURES, rows, tmp_path / "made")
    table = pq.ParquetFile(tmp_path / "made" / "data.parquet")
    assert table.metadata.num_rows == 5
    assert table.metadata.num_row_groups == 3
    _reading, found, losses, _name = read_back(tmp_path / "made")
    assert [record.name for record in found] == [record.name for record in rows]
    assert losses.total == 0


def test_a_folder_of_datasets_has_a_card_classes_and_splits(tmp_path: Path) -> None:
    rows = [
        Record(f"{n}", {"text": f"a{n}", "split": "test" if n == 2 else "train"}, final={"kind": ["ham"]})
        for n in range(3)
    ]
    written("hugging_face", projects.asks(CHOICE), rows, tmp_path)
    head = yaml.safe_load((tmp_path / "README.md").read_text().split("---")[1])
    assert head["task_categories"] == ["text-classification"]
    assert head["dataset_info"]["splits"] == [
        {"name": "train", "num_examples": 2},
        {"name": "test", "num_examples": 1},
    ]
    table = pq.read_table(tmp_path / "data" / "train-00000-of-00001.parquet")
    assert table["kind"].to_pylist() == [1, 1]
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["kind"] == {"names": ["spam", "ham", "中 文"], "_type": "ClassLabel"}


@pytest.mark.parametrize(
    ("path", "texts", "codes"),
    [
        ("text_classification/example.csv", ["exampleA", "exampleB"], {"text_missing": 2, "label_added": 1}),
        (
            "text_classification/example_out_of_order_columns.csv",
            ["exampleA", "exampleB"],
            {"text_missing": 1, "label_added": 1},
        ),
        ("example.utf16.csv", ["AAA", "BBB", "CCC"], {}),
    ],
)
def test_tables_of_others(path: str, texts: list[str], codes: dict[str, int]) -> None:
    _reading, found, losses, name = read_back(EDGE / path)
    assert name == "csv"
    assert [record.fields["text"] for record in found] == texts
    assert losses.counts == codes


def test_spans_and_labels_of_jsonl(tmp_path: Path) -> None:
    rows = [
        {"id": 7, "text": "🙂 Ann", "label": "good", "spans": [{"start": 2, "end": 5, "label": "PER"}], "n": 1},
        {"id": 8, "text": "Bob", "label": "bad", "spans": [{"start": 0, "end": 9, "label": "PER"}, {"start": 0}]},
        {"id": 9, "label": "bad"},
    ]
    losses = Losses()
    files = files_of(tmp_path, data__jsonl="\n".join(map(json.dumps, rows)) + "\n[1]\n")
    first, second = FORMATS["jsonl"].read(files, losses).records()
    marked = [{"id": "s1", "start": 2, "end": 5, "label": "PER", "text": "Ann"}]
    assert (first.name, first.fields) == ("7", {"text": "🙂 Ann", "n": 1})
    assert first.final == {"label": ["good"], "spans": marked}
    assert second.final == {"label": ["bad"]}
    assert losses.counts == {"span_outside": 1, "span_broken": 1, "text_missing": 1, "row_broken": 1}


def test_a_table_with_nothing_said_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,price\nsome words here,1\nothers there,2\n")
    with pytest.raises(FormatError) as caught:
        read_back(tmp_path / "a.csv")
    assert caught.value.code == "format_unknown"


def test_columns_that_take_a_name_of_ours_and_late_ones_are_told_of(tmp_path: Path) -> None:
    schema = projects.asks(CHOICE)
    rows: list[Any] = [Record(f"{n}", {"text": "a", "kind": "x"}) for n in range(1000)]
    rows.append(Record("late", {"text": "b", "price": 3}))
    losses = written("csv", schema, rows, tmp_path)
    assert losses.counts == {"column_renamed": 1, "column_late": 1, "column_type": 1}
