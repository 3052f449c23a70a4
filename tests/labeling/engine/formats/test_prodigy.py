"""Prodigy's rows: real ones, answers of several people, and there and back."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import SEVERAL, SPANS, TIES, WORDS, files_of, read_back, written

DATA = Path(__file__).parents[3] / "data" / "formats" / "prodigy"
MARKED = projects.asks(SEVERAL, SPANS, TIES, WORDS)


def read(folder: Path, *rows: Any) -> tuple[list[Record], Losses]:
    losses = Losses()
    files = files_of(folder, data__jsonl="".join(json.dumps(row) + "\n" for row in rows))
    return list(FORMATS["prodigy"].read(files, losses).records()), losses


def test_real_spans() -> None:
    _reading, found, losses, name = read_back(DATA / "ner_headlines.jsonl")
    assert (name, len(found), losses.total) == ("prodigy", 12, 0)
    assert [span["text"] for span in (found[0].final or {})["spans"]] == ["Uber", "Silicon Valley"]
    assert sum(len((record.final or {}).get("spans", [])) for record in found) == 13
    assert found[0].fields["source"] == "The New York Times"


def test_real_labels_are_yes_or_no() -> None:
    reading, found, losses, _name = read_back(DATA / "textcat_issues.jsonl")
    (control,) = reading.schema["controls"]
    assert [label["value"] for label in control["labels"]] == ["DOCUMENTATION", "not DOCUMENTATION"]
    assert sum(record.final == {"label": ["DOCUMENTATION"]} for record in found) == 5
    assert sum(record.final == {"label": ["not DOCUMENTATION"]} for record in found) == 7
    assert losses.total == 0


def test_labels_asked_one_by_one_are_one_answer_of_a_person(tmp_path: Path) -> None:
    common = {"text": "Ann", "_input_hash": 5}
    found, losses = read(
        tmp_path,
        {**common, "label": "A", "answer": "accept", "_annotator_id": "x", "_timestamp": 0},
        {"text": "Bob", "_input_hash": 6, "label": "B", "answer": "ignore", "_annotator_id": "x"},
        {**common, "label": "B", "answer": "accept", "_annotator_id": "x"},
        {**common, "label": "B", "answer": "reject", "_annotator_id": "y"},
    )
    by_name = {record.name: record for record in found}
    assert by_name["5"].answers == [Said({"label": ["A", "B"]}, "x", "1970-01-01T00:00:00+00:00")]
    assert by_name["6"].answers == [Said({}, "x", skipped=True)]
    assert losses.counts == {"rejected": 1}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"text": "Bob", "answer": "accept", "spans": [{"start": 0, "end": 9, "label": "P"}]}, "span_outside"),
        ({"text": "Bob", "answer": "accept", "spans": [{"start": 0}]}, "span_broken"),
        ({"text": "Bob", "answer": "perhaps"}, "answer_broken"),
        ({"image": "a.png", "answer": "accept"}, "text_missing"),
        ({"text": "Bob", "answer": "accept", "relations": [{"head": 1, "child": 2, "label": "in"}]}, "relation_end"),
        ({"text": "Bob", "answer": "reject", "spans": []}, "rejected"),
    ],
)
def test_what_does_not_fit_is_told_of_and_the_rest_kept(tmp_path: Path, row: Any, code: str) -> None:
    good = {"text": "🙂 Ann", "answer": "accept", "spans": [{"start": 2, "end": 5, "label": "P"}]}
    found, losses = read(tmp_path, row, good)
    assert [span["text"] for span in (found[-1].final or {})["spans"]] == ["Ann"]
    assert losses.counts == {code: 1}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(MARKED))
def test_there_and_back_keeps_everybody(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("prodigy", MARKED, rows, folder)
        _reading, found, read_losses, name = read_back(folder)
    assert name == "prodigy"
    assert read_losses.total == 0
    assert losses.counts["predictions"] == sum(bool(row.predictions) for row in rows)
    assert set(losses.counts) <= {"predictions", "final"}
    assert [(record.name, record.fields) for record in found] == [(row.name, row.fields) for row in rows]
    lost = {loss.where for loss in losses.listed if loss.code == "final"}
    for record, row in zip(found, rows, strict=True):
        wanted = row.answers or ([Said(row.final)] if row.final is not None else [])
        assert [_words(said, "label", "spans", "relations", "answer") for said in record.answers] == [
            _words(said, "topics", "names", "ties", "summary") for said in wanted
        ]
        assert (row.name in lost) == (row.final is not None and row.answers != [] and not _alone(row))


def _alone(row: Record) -> bool:
    return row.answers == [Said(row.final or {}, at=row.answers[0].at)]


def _words(said: Said, chosen: str, marked: str, tied: str, written_: str) -> Any:
    spans = said.answer.get(marked, [])
    places = {span["id"]: (span["start"], span["end"]) for span in spans}
    ties = [(places[row["from"]], places[row["to"]], row["label"]) for row in said.answer.get(tied, [])]
    marks = [(span["start"], span["end"], span["label"]) for span in spans]
    return said.by, said.at, said.skipped, said.answer.get(chosen), marks, ties, said.answer.get(written_)


def test_spans_begin_and_end_at_tokens(tmp_path: Path) -> None:
    spans = [{"id": "a", "start": 1, "end": 4, "label": "LOC", "text": "京 o"}]
    record = Record("1", {"text": "北京 ok!"}, final={"names": spans})
    written("prodigy", projects.asks(SPANS), [record], tmp_path)
    row = json.loads((tmp_path / "data.jsonl").read_text())
    assert [token["text"] for token in row["tokens"]] == ["北", "京", "o", "k", "!"]
    assert row["spans"] == [{"start": 1, "end": 4, "label": "LOC", "token_start": 1, "token_end": 2}]
