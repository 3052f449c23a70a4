"""brat's standoff: real documents, every kind of line, and there and back."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats.record import FormatError, Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import SPANS, TIES, read_back, written

DATA = Path(__file__).parents[3] / "data" / "formats" / "brat"
MARKED = projects.asks(SPANS, TIES)
TEXT = "Ann 🙂 met Bob\r\nSmith in Łódź"


def read(folder: Path, lines: str, text: str = TEXT) -> tuple[Record, Losses]:
    (folder / "a.txt").write_bytes(text.encode())
    (folder / "a.ann").write_bytes(lines.encode())
    _reading, (record,), losses, name = read_back(folder)
    assert name == "brat"
    return record, losses


def test_real_documents_with_and_without_a_byte_order_mark() -> None:
    _reading, found, losses, name = read_back(DATA)
    lines = [len(path.read_text().splitlines()) for path in sorted(DATA.glob("*.ann"))]
    assert name == "brat"
    assert [len((record.final or {})["spans"]) for record in found] == lines
    assert not any(record.fields["text"].startswith("\ufeff") for record in found)
    assert losses.total == 0


def test_spans_and_relations(tmp_path: Path) -> None:
    lines = "T1\tPER 0 3\tAnn\nT2\tPER 10 20\tBob  Smith\nT3\tLOC 24 28\tŁódź\nR1\tmet Arg1:T1 Arg2:T2\n"
    record, losses = read(tmp_path, lines)
    answer = record.final or {}
    assert [span["text"] for span in answer["spans"]] == ["Ann", "Bob\r\nSmith", "Łódź"]
    assert answer["relations"] == [{"from": "T1", "to": "T2", "label": "met"}]
    assert losses.total == 0


def test_offsets_in_utf16_are_found_out_by_the_words(tmp_path: Path) -> None:
    record, losses = read(tmp_path, "T1\tPER 0 3\tAnn\nT3\tLOC 25 29\tŁódź\n")
    assert [(span["start"], span["text"]) for span in (record.final or {})["spans"]] == [(0, "Ann"), (24, "Łódź")]
    assert losses.counts == {"offsets_turned": 1}


def test_events_are_spans_and_relations(tmp_path: Path) -> None:
    lines = "T1\tPER 0 3\tAnn\nT2\tMeet 6 9\tmet\nT3\tPER 10 13\tBob\nE1\tMeet:T2 Who:T1 Whom:T3\n"
    record, losses = read(tmp_path, lines)
    assert (record.final or {})["relations"] == [
        {"from": "T2", "to": "T1", "label": "Who"},
        {"from": "T2", "to": "T3", "label": "Whom"},
    ]
    assert losses.counts == {"event": 1}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("T2\tPER 0 3;10 13\tAnn Bob", "discontinuous"),
        ("A1\tNegated T1", "attribute"),
        ("M1\tNegated T1", "attribute"),
        ("N1\tReference T1 Wikipedia:534366\tAnn", "normalization"),
        ("#1\tAnnotatorNotes T1\tsure?", "note"),
        ("*\tEquiv T1 T1", "equivalence"),
        ("T2\tPER 0 3\tBob", "quote_differs"),
        ("T2\tPER 3 3\t", "span_empty"),
        ("T2 PER 0 3 Ann", "line_broken"),
        ("R1\tin Arg1:T1 Arg2:T9", "relation_end"),
    ],
)
def test_what_has_no_counterpart_is_told_of_and_the_rest_kept(tmp_path: Path, line: str, code: str) -> None:
    record, losses = read(tmp_path, f"T1\tLOC 24 28\tŁódź\n{line}\n")
    assert (record.final or {})["spans"][-1]["text"] == "Łódź"
    assert losses.counts == {code: 1}


def test_labels_that_are_declared_are_asked(tmp_path: Path) -> None:
    (tmp_path / "annotation.conf").write_text(
        "[entities]\nPER\n!Thing\n\tLOC\n[relations]\nmet Arg1:PER, Arg2:PER\nin Arg1:LOC, Arg2:LOC\n"
        "[attributes]\nX Arg:PER\n"
    )
    read(tmp_path, "T1\tORG 0 3\tAnn\n")
    controls = read_back(tmp_path)[0].schema["controls"]
    assert [[label["value"] for label in control["labels"]] for control in controls] == [
        ["PER", "Thing", "LOC", "ORG"],
        ["met", "in"],
    ]


def test_annotations_without_their_text_are_refused() -> None:
    with pytest.raises(FormatError, match="Pack both"):
        read_back(next(iter(sorted(DATA.glob("*.ann")))))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(MARKED, plain=True))
def test_there_and_back(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("brat", MARKED, rows, folder)
        _reading, found, read_losses, name = read_back(folder)
    assert name == "brat"
    assert (losses.total, read_losses.total) == (0, 0)
    assert [(record.name, record.fields) for record in found] == [(row.name, row.fields) for row in rows]
    assert [_words(record, "spans", "relations") for record in found] == [_words(row, "names", "ties") for row in rows]


def _words(record: Record, marked: str, tied: str) -> Any:
    answer = record.final or {}
    assert record.answers == [Said(answer)]
    places = {span["id"]: (span["start"], span["end"], span["label"]) for span in answer.get(marked, [])}
    return [*places.values()], [(places[row["from"]], places[row["to"]], row["label"]) for row in answer.get(tied, [])]


def test_labels_with_blanks_get_names_that_brat_takes(tmp_path: Path) -> None:
    schema = projects.asks({**SPANS, "labels": projects.labels("a b", "a_b")})
    span = {"id": "x", "start": 0, "end": 3, "label": "a_b", "text": "Ann"}
    losses = written("brat", schema, [Record("1", {"text": "Ann"}, final={"names": [span]})], tmp_path)
    assert (tmp_path / "1.ann").read_text() == "T1\ta_b_2 0 3\tAnn\n"
    assert losses.counts == {"label_renamed": 2}
    assert FORMATS["brat"].holds is not None
