"""Columns of tokens and tags: real files, all schemes of tags, and there and back."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats.conll import join, spans_of
from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import SPANS, files_of, read_back, written

DATA = Path(__file__).parents[3] / "data" / "formats" / "conll"
MARKED = projects.asks(SPANS)


def read(folder: Path, text: str) -> tuple[list[Record], Losses]:
    losses = Losses()
    files = files_of(folder)
    (folder / "data.conll").write_bytes(text.encode())
    files.paths["data.conll"] = folder / "data.conll"
    return list(FORMATS["conll"].read(files, losses).records()), losses


def quoted(record: Record) -> list[tuple[str, str]]:
    return [(span["text"], span["label"]) for span in (record.final or {}).get("spans", [])]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-P I-P O B-P", [(0, 1, "P"), (3, 3, "P")]),
        ("I-P I-P O I-L", [(0, 1, "P"), (3, 3, "L")]),
        ("I-P I-L B-L I-L", [(0, 0, "P"), (1, 1, "L"), (2, 3, "L")]),
        ("S-P B-P E-P I-P", [(0, 0, "P"), (1, 2, "P"), (3, 3, "P")]),
        ("U-P B-P L-P O", [(0, 0, "P"), (1, 2, "P")]),
        ("B-P M-P E-P S-P", [(0, 2, "P"), (3, 3, "P")]),
        ("B-creative-work I-creative-work O O", [(0, 1, "creative-work")]),
    ],
)
def test_every_scheme_of_tags(tags: str, found: list[tuple[int, int, str]]) -> None:
    assert spans_of(tags.split()) == found


def test_tokens_are_put_together_with_blanks_where_the_script_has_them() -> None:
    assert join(["I", "love", "北", "京", "。", "OK", "!"])[0] == "I love 北京。 OK !"


def test_its_first_example_of_doccano() -> None:
    _reading, found, losses, name = read_back(DATA / "labeling_text_label.conll2003.user0")
    assert name == "conll"
    assert [record.fields["document"] for record in found] == [1, 1, 1, 2, 2, 2]
    assert quoted(found[2]) == [("AL-AIN", "LOC"), ("United Arab Emirates", "LOC")]
    assert losses.total == 0


def test_real_sentences() -> None:
    _reading, found, losses, name = read_back(DATA / "wnut17.conll")
    assert name == "conll"
    assert quoted(found[1]) == [("Redondo Beach Blvd", "location"), ("Gardena", "location"), ("Compton", "location")]
    assert quoted(found[2]) == [("Rick and Morty", "creative-work")]
    assert losses.total == 0


def test_tabs_columns_comments_and_line_ends(tmp_path: Path) -> None:
    text = (
        "# id = 1\r\n-DOCSTART- -X- O O\r\n\r\nAnn NNP I-NP B-PER\r\nsaw VBD I-VP O\r\n   \r\nŁódź\tNNP\tB-LOC\r\n \r\n"
    )
    found, losses = read(tmp_path, text)
    assert [record.fields for record in found] == [{"text": "Ann saw", "document": 1}, {"text": "Łódź", "document": 1}]
    assert [quoted(record) for record in found] == [[("Ann", "PER")], [("Łódź", "LOC")]]
    assert losses.counts == {"comment": 1, "columns": 1}


def test_a_line_without_a_tag_keeps_its_token(tmp_path: Path) -> None:
    (record,), losses = read(tmp_path, "SOCCER X Y\nJAPAN B-LOC\nWIN O\nagain O\n! O\n")
    assert record.fields["text"] == "SOCCER JAPAN WIN again !"
    assert quoted(record) == [("JAPAN", "LOC")]
    assert [(loss.where, loss.code) for loss in losses.listed] == [("data.conll: line 1", "tag_broken")]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(MARKED, plain=True))
def test_there_and_back_loses_what_the_report_says(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("conll", MARKED, rows, folder)
        found = read_back(folder, "conll")[1] if any(map(_said, rows)) and any(_kept(row) for row in rows) else []
    assert set(losses.counts) <= {"span_crossing", "span_blank", "span_trimmed", "blanks"}
    if found:
        kept = [_kept(row) for row in rows]
        assert [[(_bare(text), label) for text, label in quoted(record)] for record in found] == kept
        changed = {loss.where for loss in losses.listed if loss.code == "blanks"}
        for record, row in zip(found, rows, strict=True):
            assert _bare(record.fields["text"]) == _bare(row.fields["text"])
            assert (record.fields["text"] == row.fields["text"]) == (row.name not in changed)
    lost = sum(len(_said(row)) - len(_kept(row)) for row in rows)
    assert losses.counts["span_crossing"] + losses.counts["span_blank"] == lost


def _bare(text: str) -> str:
    return "".join(text.split())


def _said(record: Record) -> list[Any]:
    return (record.final or {}).get("names", [])


def _kept(record: Record) -> list[tuple[str, str]]:
    """Return the spans that lie apart, longest first: found here by trying each, without the writer's own code."""
    text = record.fields["text"]
    inked = [
        ({place for place in range(span["start"], span["end"]) if not text[place].isspace()}, span)
        for span in _said(record)
    ]
    ranges = [(set(range(min(ink), max(ink) + 1)), span) for ink, span in inked if ink]
    kept: list[tuple[set[int], dict[str, Any]]] = []
    for place, span in sorted(ranges, key=lambda each: -len(each[0])):
        if all(not place & other for other, _span in kept):
            kept.append((place, span))
    return [(_bare(span["text"]), span["label"]) for place, span in sorted(kept, key=lambda each: min(each[0]))]


def test_a_span_that_overlaps_is_named(tmp_path: Path) -> None:
    spans = [
        {"id": "a", "start": 0, "end": 7, "label": "ORG", "text": "Bank of"},
        {"id": "b", "start": 5, "end": 10, "label": "LOC", "text": "of En"},
    ]
    record = Record("7", {"text": "Bank of England"}, answers=[Said({"names": spans})], final={"names": spans})
    schema = projects.asks({**SPANS, "labels": projects.labels("ORG", "LOC")})
    losses = written("conll", schema, [record], tmp_path)
    assert (tmp_path / "data.conll").read_text() == "Bank\tB-ORG\nof\tI-ORG\nEngland\tO\n\n"
    assert [(loss.where, loss.code) for loss in losses.listed] == [("7: span 5 to 10 LOC", "span_crossing")]
