"""DocBin: a file that spaCy made, broken ones, and there and back."""

import tempfile
import zlib
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings

from labeling.engine.formats.docbin_strings import number_of
from labeling.engine.formats.record import FormatError, Record
from labeling.engine.schema import parse_schema
from tests.labeling.engine.formats import text_projects as projects
from tests.labeling.engine.formats.text_projects import SEVERAL, SPANS, read_back, written

MADE = Path(__file__).parents[3] / "data" / "formats" / "docbin" / "made_by_spacy.spacy"
MARKED = projects.asks(SEVERAL, SPANS)


def quoted(record: Record) -> list[tuple[str, str]]:
    return [(span["text"], span["label"]) for span in (record.final or {}).get("spans", [])]


def test_a_file_of_spacy() -> None:
    reading, found, losses, name = read_back(MADE)
    assert name == "docbin"
    first, second, third, fourth = found
    assert (first.name, first.fields) == (
        "doc-1",
        {"text": "Ann Lee of Acme Corp. flew to Łódź  on Monday 👩\u200d🚀 .", "source": "mail"},
    )
    people = [("Ann Lee", "PERSON"), ("Ann Lee of Acme Corp.", "phrase"), ("Acme Corp.", "ORG"), ("Łódź", "GPE")]
    assert quoted(first) == people
    assert (first.final or {})["label"] == ["travel"]
    assert quoted(second) == [("小明", "PERSON"), ("北京", "GPE")]
    assert (third.fields["text"], third.final) == ("ORG is a word", None)
    assert fourth.fields["text"] == "Nothing here.\n\nReally."
    assert fourth.final == {}
    assert [control["name"] for control in reading.schema["controls"]] == ["label", "spans"]
    assert losses.counts == {"user_data": 1, "links": 1, "score": 1}


@pytest.mark.parametrize(
    ("string", "number"),
    # The first two are spaCy's own words; the others were asked of spaCy 3.8.18.
    [
        ("", 0),
        ("ORG", 383),
        ("coffee", 3197928453018144401),
        ("北京", 11804760672128813659),
        ("👩\u200d🚀", 713947512982097616),
        ("an ordinary sentence", 7304916957850021517),
    ],
)
def test_strings_have_the_numbers_that_spacy_gives_them(string: str, number: int) -> None:
    assert number_of(string) == number


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(projects.records(MARKED))
def test_there_and_back(rows: list[Record]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "made"
        folder.mkdir()
        losses = written("docbin", MARKED, rows, folder)
        if not any(row.counting for row in rows):
            return
        reading, found, read_losses, name = read_back(folder)
    assert name == "docbin"
    assert read_losses.total == 0
    told = {"several_answers", "skipped", "predictions", "people", "unanswered", "label_unused"}
    assert set(losses.counts) <= told
    assert losses.counts["unanswered"] == sum(row.counting is None for row in rows)
    back = {record.name: record for record in found}
    assert back.keys() == {row.name for row in rows}
    for row in rows:
        record, answer = back[row.name], row.counting
        assert record.fields == row.fields
        assert (record.final is None) == (answer is None)
        wanted = {(span["start"], span["end"], span["label"]) for span in (answer or {}).get("names", [])}
        spans = {(span["start"], span["end"], span["label"]) for span in (record.final or {}).get("spans", [])}
        assert spans == wanted
        assert sorted((record.final or {}).get("label", [])) == sorted((answer or {}).get("topics", []))
    labels = {label.value for control in parse_schema(reading.schema).controls for label in control.labels}
    unused = {loss.where.removeprefix("label ") for loss in losses.listed if loss.code == "label_unused"}
    declared = {label.value for control in MARKED.controls for label in control.labels}
    assert declared - unused <= labels


@pytest.mark.parametrize("kept", [0, 1, 40, 500])
def test_a_file_that_is_not_whole_is_refused(kept: int, tmp_path: Path) -> None:
    (tmp_path / "a.spacy").write_bytes(MADE.read_bytes()[:kept])
    with pytest.raises(FormatError) as caught:
        read_back(tmp_path, "docbin")
    assert caught.value.code == "docbin_broken"
    assert "a.spacy" in caught.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": b"123"},
        {"lengths": b"\x01\x00\x00\x00"},
        {"spaces": b""},
        {"attrs": []},
        {"attrs": 3},
        {"strings": [1]},
        {"strings": None},
    ],
)
def test_numbers_that_do_not_fit_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    message = msgpack.unpackb(zlib.decompress(MADE.read_bytes()), strict_map_key=False) | change
    (tmp_path / "a.spacy").write_bytes(zlib.compress(msgpack.packb(message)))
    with pytest.raises(FormatError) as caught:
        read_back(tmp_path, "docbin")
    assert caught.value.code == "docbin_broken"


@pytest.mark.parametrize(
    "change",
    [
        {"span_groups": [msgpack.packb({msgpack.packb({"spans": [b"short"]}): ["sc"]})] * 4},
        {"cats": [None] * 4},
        {"cats": [{"travel": "much"}] * 4},
        {"user_data": [b"\xc1"] * 4},
        {"flags": [0] * 4},
        {"strings": []},
        {"cats": []},
    ],
)
def test_a_document_that_cannot_be_read_is_left_out(change: dict[str, Any], tmp_path: Path) -> None:
    whole = msgpack.unpackb(zlib.decompress(MADE.read_bytes()), strict_map_key=False)
    (tmp_path / "good.spacy").write_bytes(MADE.read_bytes())
    (tmp_path / "odd.spacy").write_bytes(zlib.compress(msgpack.packb(whole | change)))
    _reading, found, losses, _name = read_back(tmp_path)
    left = 0 if change == {"cats": []} else 4
    assert losses.counts["document_broken"] == left
    assert len(found) == 8 - left


def test_spans_that_overlap_stand_in_the_group(tmp_path: Path) -> None:
    spans = [
        {"id": "a", "start": 0, "end": 7, "label": "PER", "text": "Bank of"},
        {"id": "b", "start": 5, "end": 10, "label": "LOC", "text": "of En"},
    ]
    schema = projects.asks({**SPANS, "overlap": "allow", "labels": projects.labels("PER", "LOC")})
    record = Record("7", {"text": "Bank of England", "split": "validation"}, final={"names": spans})
    losses = written("docbin", schema, [record], tmp_path)
    assert losses.total == 0
    (path,) = tmp_path.rglob("*.spacy")
    assert path.relative_to(tmp_path).as_posix() == "dev/00000.spacy"
    _reading, (found,), _losses, _name = read_back(tmp_path)
    assert quoted(found) == [("Bank of", "PER"), ("of En", "LOC")]
    assert found.fields["split"] == "validation"
