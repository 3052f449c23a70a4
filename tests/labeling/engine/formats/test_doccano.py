"""doccano's files: its own examples and edge cases, bad rows, and there and back."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import (
    CHOICE,
    RATING,
    SEVERAL,
    SPANS,
    TIES,
    WORDS,
    files_of,
    read_back,
    written,
)

DATA = Path(__file__).parents[3] / "data" / "formats" / "doccano"
MARKED = projects.asks(SEVERAL, SPANS, TIES)


def read(folder: Path, *rows: Any) -> tuple[list[Record], Losses]:
    losses = Losses()
    files = files_of(folder, data__jsonl="".join(json.dumps(row) + "\n" for row in rows))
    return list(FORMATS["doccano"].read(files, losses).records()), losses


@pytest.mark.parametrize(
    ("path", "items", "spans", "labels", "codes"),
    [
        ("edge/sequence_labeling/example.jsonl", 2, 1, 0, {"text_missing": 1}),
        ("edge/sequence_labeling/example_overlapping.jsonl", 1, 1, 0, {"span_double": 1}),
        ("edge/text_classification/example.jsonl", 3, 0, 3, {}),
        ("edge/text_classification/example.json", 3, 0, 3, {"text_missing": 1}),
        ("edge/text_classification/example_fasttext.txt", 3, 0, 3, {"text_missing": 1}),
        ("edge/relation_extraction/example.jsonl", 1, 4, 0, {}),
        ("edge/intent/example.jsonl", 4, 2, 2, {"text_missing": 1, "label_added": 1}),
        ("intent.jsonl", 2, 3, 2, {}),
    ],
)
def test_its_own_examples(path: str, items: int, spans: int, labels: int, codes: dict[str, int]) -> None:
    _reading, found, losses, name = read_back(DATA / path)
    answers = [said.answer for record in found for said in record.answers]
    assert (name, len(found)) == ("doccano", items)
    assert sum(len(answer.get("spans", ())) for answer in answers) == spans
    assert sum(len(answer.get("label", ())) for answer in answers) == labels
    assert losses.counts == codes


def test_relations_tie_the_spans_that_they_name() -> None:
    _reading, (record,), _losses, _name = read_back(DATA / "edge/relation_extraction/example.jsonl")
    answer = record.final or {}
    quoted = {span["id"]: span["text"] for span in answer["spans"]}
    assert [(quoted[row["from"]], quoted[row["to"]], row["label"]) for row in answer["relations"]] == [
        ("Google", "September 4, 1998", "foundedAt"),
        ("Google", "Larry Page", "foundedBy"),
        ("Google", "Sergey Brin", "foundedBy"),
    ]


def test_the_first_exports_say_who_marked_what() -> None:
    _reading, found, losses, _name = read_back(DATA / "first_export.jsonl")
    assert [[(said.by, len(said.answer["spans"])) for said in record.answers] for record in found] == [
        [("1", 5), ("2", 5)],
        [("2", 6)],
    ]
    assert losses.total == 0


def test_what_people_wrote_is_no_label() -> None:
    reading, found, _losses, _name = read_back(DATA / "seq2seq")
    assert [control["type"] for control in reading.schema["controls"]] == ["text"]
    assert [record.final for record in found] == [
        {"answer": "こんにちは！"},
        {"answer": "おはようございます。"},
        {"answer": "さようなら。"},
    ]


def test_files_of_several_people_are_one_dataset(tmp_path: Path) -> None:
    rows = {name: json.dumps({"id": 1, "text": "Bob", "label": [[0, 3, name.upper()]]}) for name in ("ann", "bob")}
    files_of(tmp_path, ann__jsonl=rows["ann"], bob__jsonl=rows["bob"])
    _reading, (record,), losses, _name = read_back(tmp_path)
    assert [(said.by, said.answer["spans"][0]["label"]) for said in record.answers] == [("ann", "ANN"), ("bob", "BOB")]
    assert losses.total == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"text": "Bob", "label": [[0, 9, "PER"]]}, "span_outside"),
        ({"text": "Bob", "label": [[2, 2, "PER"]]}, "span_empty"),
        ({"text": "Bob", "label": [["0", "1", "PER"]]}, "span_broken"),
        ({"text": "Bob", "label": [{"what": 1}]}, "label_broken"),
        ({"label": [[0, 1, "PER"]]}, "text_missing"),
        ({"text": "Bob", "entities": [], "relations": [{"from_id": 1, "to_id": 2, "type": "in"}]}, "relation_end"),
        ({"text": "Bob", "label": [], "Comments": ["?"]}, "comments"),
    ],
)
def test_what_does_not_fit_is_told_of_and_the_rest_kept(tmp_path: Path, row: Any, code: str) -> None:
    found, losses = read(
        tmp_path, row, {"text": "🙂 Ann", "entities": [{"id": 1, "start_offset": 2, "end_offset": 5, "label": "PER"}]}
    )
    assert found[-1].final == {"spans": [{"id": "1", "start": 2, "end": 5, "label": "PER", "text": "Ann"}]}
    assert losses.counts == {code: 1}


def test_a_broken_line_is_one_row_of_the_report(tmp_path: Path) -> None:
    losses = Losses()
    files = files_of(
        tmp_path, data__jsonl='{"text": "a", "label": ["x"]}\n{"text": "b", "lab\n{"text": "c", "label": ["y"]}\n'
    )
    found = list(FORMATS["doccano"].read(files, losses).records())
    assert [record.fields["text"] for record in found] == ["a", "c"]
    assert [(loss.where, loss.code) for loss in losses.listed] == [("data.jsonl: line 2", "row_broken")]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(MARKED, plain=True))
def test_there_and_back(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("doccano", MARKED, rows, folder)
        _reading, found, read_losses, name = read_back(folder)
    assert name == "doccano"
    assert (losses.total, read_losses.total) == (0, 0)
    assert [(record.name, record.fields) for record in found] == [(record.name, record.fields) for record in rows]
    assert [_words(record, "label", "spans", "relations") for record in found] == [
        _words(record, "topics", "names", "ties") for record in rows
    ]


def _words(record: Record, chosen: str, marked: str, tied: str) -> Any:
    """Return what an answer says, without the ids of its spans."""
    answer = record.final or {}
    assert record.answers == [Said(answer)]
    spans = answer.get(marked, [])
    places = {span["id"]: (span["start"], span["end"], span["label"]) for span in spans}
    ties = [(places[row["from"]], places[row["to"]], row["label"]) for row in answer.get(tied, [])]
    return answer.get(chosen, []), [places[span["id"]] for span in spans], ties


def test_what_it_has_no_place_for_is_told_of(tmp_path: Path) -> None:
    record = Record(
        "1",
        {"text": "a", "label": 5, "price": 3},
        answers=[Said({"kind": ["spam"]}, "ann"), Said({}, "bob", skipped=True)],
    )
    record.predictions = [Said({"kind": ["ham"]}, "m")]
    losses = written("doccano", projects.asks(CHOICE, WORDS, RATING), [record], tmp_path)
    assert json.loads((tmp_path / "data.jsonl").read_text()) == {
        "id": "1",
        "text": "a",
        "label_": 5,
        "price": 3,
        "label": ["spam"],
    }
    assert losses.counts == {"control": 2, "skipped": 1, "predictions": 1, "people": 1, "column_renamed": 1}
