from django.utils import translation

from curation.pages.run_notes import Note, cell, number, worded_notes


def table(note: Note) -> list[list[str]]:
    return [[text for text, _number in row] for row in note.rows]


def test_a_table_for_each_note_and_one_for_single_values() -> None:
    notes = worded_notes({"types": {"mass": "int", "sex": "text"}, "columns_left_out": [], "recall": 0.98765})
    assert [(note.title, table(note)) for note in notes] == [
        ("", [["Recall", "0.9877"]]),
        ("Types of the columns", [["mass", "whole numbers"], ["sex", "text"]]),
    ]
    assert notes[0].heads == [("", False), ("Value", True)]


def test_limits_of_groups_are_ranges_and_a_nameless_group_has_no_column() -> None:
    (limits,) = worded_notes({"limits": {"mass": {"": [2406.25, 4956]}}})
    assert table(limits) == [["mass", "2,406 to 4,956"]]
    (grouped,) = worded_notes({"limits": {"mass": {"a": [1, 2], "b": [3, 4.5]}}})
    assert table(grouped) == [["mass", "a", "1 to 2"], ["mass", "b", "3 to 4.5"]]


def test_records_have_a_column_for_each_figure() -> None:
    encoders = [
        {"kind": "standard", "column": "mass", "mean": 4201.7, "scale": 801.9},
        {"kind": "onehot", "column": "island", "categories": ["Dream", "Biscoe"]},
    ]
    (note,) = worded_notes({"encoders": encoders})
    assert [title for title, _number in note.heads] == ["Kind", "Column", "Mean", "Spread", "Categories"]
    assert table(note)[1] == ["a column for each category", "island", "∅", "∅", "Dream, Biscoe"]


def test_a_model_of_fields_is_a_row_a_field() -> None:
    fields = {"name": {"bits": [-4.1, 2.5], "match": [0.1, 0.9]}, "zip": {"bits": [-1, 1], "match": [0.2, 0.8]}}
    notes = worded_notes({"linkage": {"rows": 40, "model": {"prior": 0.001, "fields": fields}}})
    assert [note.title for note in notes] == ["Comparison of rows", "What agreement is worth", "Fields"]
    assert [row[0] for row in table(notes[2])] == ["name", "zip"]


def test_a_histogram_is_drawn_and_named_once_on_the_page() -> None:
    notes = worded_notes({"scores": {"edges": [0, 0.5, 1], "counts": [3, 4]}}, "note-3")
    assert [(note.histogram, note.source) for note in notes] == [({"edges": [0, 0.5, 1], "counts": [3, 4]}, "note-3-0")]


def test_anything_else_is_shown_and_long_lists_are_cut() -> None:
    (note,) = worded_notes({"odd": [{"a": {"deep": [1, {"b": None}]}}] * 150})
    assert (len(note.rows), note.left_out) == (100, 50)
    assert cell("x" * 200)[0] == "x" * 80 + "…"
    assert worded_notes({}) == []


def test_numbers_are_written_as_the_reader_does() -> None:
    with translation.override("en"):
        assert [number(value) for value in (1234567, 1234.5678, 0.031979, 1e-9, 3.0)] == [
            "1,234,567",
            "1,235",
            "0.03198",
            "1e-09",
            "3",
        ]
