"""A whole project of doccano as `assay migrate` takes it: every type, everybody's answers, what is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from labeling.engine.formats.doccano_offsets import Offsets, offsets_of
from labeling.engine.formats.doccano_project import EXAMPLES, PROJECT
from labeling.engine.formats.files import opened
from labeling.engine.formats.record import FormatError, Losses, Record
from labeling.engine.formats.table import FORMATS, find_format
from tests.labeling.engine.formats.known import draw

AT, LATER = "2025-03-01T10:00:00Z", "2025-03-02T10:00:00Z"
TEXT = "😀 Li Wei works for Acme."


def made(folder: Path, kind: str, rows: list[dict[str, Any]], **settings: Any) -> Path:
    """Write a project of this type with its examples."""
    label = {"background_color": "#FF0000", "suffix_key": "p", "prefix_key": None}
    whole = {
        "project": {"project_type": kind, "collaborative_annotation": True, **settings},
        "category_types": [{"text": "good", **label}, {"text": "bad", **label, "prefix_key": "ctrl"}],
        "span_types": [{"text": "PER", **label}, {"text": "ORG"}],
        "relation_types": [{"text": "works for"}],
    }
    (folder / PROJECT).write_text(json.dumps(whole))
    (folder / EXAMPLES).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def row(*labels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 1, "text": TEXT, "meta": {}, "labels": list(labels), "states": [], "comments": [], **more}


def label(kind: str, user: str = "ann", at: str = AT, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "user": user, "created_at": at, **more}


def read(folder: Path) -> tuple[dict[str, Any], list[Record], Losses]:
    losses = Losses()
    with opened(folder) as files:
        assert find_format(files) == "doccano_project"
        reading = FORMATS["doccano_project"].read(files, losses)
        return reading.schema, list(reading.records()), losses


def test_labels_of_a_text_by_person_and_the_whole(tmp_path: Path) -> None:
    given = [label("category", label="good"), label("category", "bo", LATER, label="bad")]
    schema, (record,), losses = read(made(tmp_path, "DocumentClassification", [row(*given)]))
    (control,) = schema["controls"]
    assert (control["type"], control["multiple"], control["required"]) == ("choice", True, False)
    # A key with Ctrl is none that the page has.
    assert [(each["value"], each["color"], each["hotkey"]) for each in control["labels"]] == [
        ("good", "#ff0000", "p"), ("bad", "#ff0000", "")
    ]  # fmt: skip
    assert [(said.by, said.at, said.answer) for said in record.answers] == [
        ("ann", AT, {"label": ["good"]}), ("bo", LATER, {"label": ["bad"]})
    ]  # fmt: skip
    assert record.final == {"label": ["good", "bad"]}
    assert losses.counts == {}


def test_one_label_only_where_the_project_says_so(tmp_path: Path) -> None:
    one = {"single_class_classification": True}
    schema, (record,), _losses = read(
        made(tmp_path, "DocumentClassification", [row(label("category", label="good"))], **one)
    )
    assert (schema["controls"][0]["multiple"], record.final) == (False, None)
    twice = [label("category", label="good"), label("category", label="bad")]
    schema, (record,), losses = read(made(tmp_path, "DocumentClassification", [row(*twice)], **one))
    # Somebody gave two before it was set.
    assert (schema["controls"][0]["multiple"], record.answers[0].answer) == (True, {"label": ["good", "bad"]})
    assert losses.counts == {}


def test_who_confirmed_without_a_label_answered_that_there_is_none(tmp_path: Path) -> None:
    confirmed = [{"user": "bo", "confirmed_at": LATER}]
    rows = [row(states=confirmed), row(label("category", label="good"), id=2, states=confirmed), row(id=3)]
    _schema, found, _losses = read(made(tmp_path, "DocumentClassification", rows))
    answers = [[(said.by, said.at, said.answer) for said in record.answers] for record in found]
    # Together: confirming others' labels is no answer of one's own, and is kept as a column.
    assert answers == [[("bo", LATER, {})], [("ann", AT, {"label": ["good"]})], []]
    assert [record.fields.get("confirmed_by") for record in found] == ["bo", "bo", None]
    apart = made(tmp_path, "DocumentClassification", rows, collaborative_annotation=False)
    answers = [[(said.by, said.answer) for said in record.answers] for record in read(apart)[1]]
    assert answers == [[("bo", {})], [("ann", {"label": ["good"]}), ("bo", {})], []]
    assert [record.final for record in read(apart)[1]] == [None, None, None]


def test_spans_are_tied_by_relations(tmp_path: Path) -> None:
    marks = [
        label("span", id=7, label="PER", start_offset=2, end_offset=8),
        label("span", id=8, label="ORG", start_offset=19, end_offset=23),
        label("relation", id=7, from_id=7, to_id=8, label="works for"),
    ]
    schema, (record,), losses = read(made(tmp_path, "SequenceLabeling", [row(*marks)], allow_overlapping=False))
    assert [(control["type"], control.get("overlap")) for control in schema["controls"]] == [
        ("spans", "none"), ("relations", None)
    ]  # fmt: skip
    answer = record.answers[0].answer
    assert [(span["id"], span["text"]) for span in answer["spans"]] == [("7", "Li Wei"), ("8", "Acme")]
    assert answer["relations"] == [{"from": "7", "to": "8", "label": "works for"}]
    assert losses.counts == {}
    without = made(tmp_path, "SequenceLabeling", [row(*marks)], use_relation=False)
    schema, _records, losses = read(without)
    assert [control["type"] for control in schema["controls"]] == ["spans"]
    assert losses.counts == {"label_broken": 1}


FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("graphemes", "places", "turned"),
    [
        # By the page's own code: a pair of surrogates is two, and in grapheme mode a family is one.
        (False, [(9, 15), (26, 30)], True),
        (True, [(2, 8), (19, 23)], True),
        # By a program that wrote a file, which doccano keeps as it is.
        (False, [(6, 12), (23, 27)], False),
        (True, [(6, 12), (23, 27)], False),
    ],
)
def test_offsets_count_what_the_page_counts_or_what_fits_the_words(
    tmp_path: Path, graphemes: bool, places: list[tuple[int, int]], turned: bool
) -> None:
    text = f"{FAMILY} Li Wei works for Acme."
    marks = [
        label("span", id=n, label="PER", start_offset=start, end_offset=end) for n, (start, end) in enumerate(places)
    ]
    plain = label("span", id=9, label="ORG", start_offset=3, end_offset=6)
    rows = [row(*marks, text=text), row(plain, id=2, text="To Bob.")]
    _schema, found, losses = read(made(tmp_path, "SequenceLabeling", rows, grapheme_mode=graphemes))
    quoted = [[span["text"] for span in record.answers[0].answer["spans"]] for record in found]
    assert quoted == [["Li Wei", "Acme"], ["Bob"]]
    assert losses.counts == ({"offsets_turned": 1} if turned else {})


def test_where_nothing_tells_the_page_is_believed() -> None:
    # No blanks and no words: the middle of three, or the first two.
    marked = [("😀李伟好", [(2, 4)])]
    assert offsets_of(marked, graphemes=False) == Offsets("utf16")
    assert Offsets("utf16").place("😀李伟好", 2, 4) == (1, 3)
    assert offsets_of(marked, graphemes=True).place("😀李伟好", 1, 99) == (1, 99)
    assert offsets_of([("plain", [(0, 5)])], graphemes=False).place("plain", 1, 2) == (1, 2)
    # Windows' end of a line is one character to readers.
    assert Offsets("graphemes").place("a\r\nb", 2, 3) == (3, 4)


def test_a_relation_to_somebody_else_s_span_stands_in_the_whole_alone(tmp_path: Path) -> None:
    marks = [
        label("span", id=7, label="PER", start_offset=2, end_offset=8),
        label("span", "bo", id=8, label="ORG", start_offset=19, end_offset=23),
        label("relation", "bo", id=1, from_id=7, to_id=8, label="works for"),
    ]
    _schema, (record,), losses = read(made(tmp_path, "SequenceLabeling", [row(*marks)]))
    assert [list(said.answer) for said in record.answers] == [["spans"], ["spans"]]
    assert record.final is not None
    assert record.final["relations"] == [{"from": "7", "to": "8", "label": "works for"}]
    assert losses.counts == {"relation_across": 1}


def test_written_answers_labels_with_spans_and_columns(tmp_path: Path) -> None:
    texts = [label("text", text="Guten Tag"), label("text", text="Moin"), label("text", "bo", text="Hallo")]
    more = {"upload_name": "a.jsonl", "meta": {"n": 4, "list": [1], "text": "x"}}
    more["comments"] = [{"user": "bo", "text": "so?"}, {"user": "ann", "text": "yes"}]
    _schema, (record,), losses = read(made(tmp_path, "Seq2seq", [row(*texts, **more)], collaborative_annotation=False))
    assert [said.answer for said in record.answers] == [{"answer": "Guten Tag\nMoin"}, {"answer": "Hallo"}]
    assert record.fields == {
        "text": TEXT, "doccano_id": 1, "filename": "a.jsonl", "comments": "bo: so?\nann: yes", "n": 4, "list": "[1]",
        "meta_text": "x",
    }  # fmt: skip
    assert losses.counts == {"several_texts": 1, "nested_value": 1}
    both = [label("category", label="good"), label("span", label="PER", start_offset=2, end_offset=8)]
    schema, (record,), _losses = read(made(tmp_path, "IntentDetectionAndSlotFilling", [row(*both)]))
    assert [control["type"] for control in schema["controls"]] == ["choice", "spans"]
    assert record.answers[0].answer["label"] == ["good"]


@pytest.mark.parametrize(
    ("kind", "given", "shape"),
    [
        ("BoundingBox", label("bbox", uuid="0a", label="good", x=5, y=6.5, width=10, height=20), {"x": 5.0, "y": 6.5}),
        ("Segmentation", label("segment", uuid="0a", label="good", points=[1, 2, 30, 4, 5, 60]),
         {"points": [[1.0, 2.0], [30.0, 4.0], [5.0, 60.0]]}),
    ],
)  # fmt: skip
def test_shapes_on_pictures(tmp_path: Path, kind: str, given: dict[str, Any], shape: dict[str, Any]) -> None:
    draw(tmp_path / "media/1/a.png")
    rows = [row(given, picture="media/1/a.png", upload_name="车.png"), row(id=2, picture="media/2/b.png")]
    schema, (record,), losses = read(made(tmp_path, kind, rows))
    assert schema["display"][0]["type"] == "image"
    assert (record.name, record.size) == ("车.png", (100, 80))
    (found,) = record.answers[0].answer["objects"]
    assert (found["id"], found["label"]) == ("0a", "good")
    assert shape.items() <= found.items()
    assert losses.counts == {"picture_missing": 1}


def test_what_is_broken_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    draw(tmp_path / "media/1/a.png")
    bad = [label("bbox", label="good", x=None, y=1, width=2, height=3), label("segment", label="good", points=[1, 2])]
    _schema, (record,), losses = read(made(tmp_path, "BoundingBox", [row(*bad, picture="media/1/a.png"), row(id=2)]))
    assert record.answers[0].answer == {}
    assert losses.counts == {"shape_refused": 2, "picture_missing": 1}
    spans = [label("span", label="PER", start_offset=2, end_offset=99), label("category", label="good")]
    _schema, (record,), losses = read(made(tmp_path, "SequenceLabeling", [row(*spans), row(id=2, text="")]))
    assert losses.counts == {"span_outside": 1, "label_broken": 1, "text_missing": 1, "offsets_turned": 1}


@pytest.mark.parametrize(("kind", "code"), [("Speech2text", "kind_unknown"), (None, "kind_unknown")])
def test_what_cannot_be_read_is_refused_as_a_whole(tmp_path: Path, kind: str, code: str) -> None:
    with pytest.raises(FormatError) as refused:
        read(made(tmp_path, kind, []))
    assert refused.value.code == code
    (tmp_path / PROJECT).write_text("[1")
    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == "project_broken"
    (tmp_path / PROJECT).write_text('{"project": {"project_type": "SequenceLabeling"}}')
    with pytest.raises(FormatError) as refused:
        read(tmp_path)
    assert refused.value.code == "no_labels"
