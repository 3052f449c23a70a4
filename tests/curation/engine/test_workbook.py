import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from curation.engine.readers import ReadError, sniff
from tests.curation.engine.test_readers import read
from tests.data.make_bad import cells, workbook


def save(path: Path, *sheets: tuple[str, list[list[Any]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_values_keep_their_type_and_dates_become_iso_text(tmp_path: Path) -> None:
    moment = datetime.datetime.fromisoformat("2024-02-29T12:30:15")
    rows = [
        ["text", "n", "x", "flag", "day", "at", "mixed"],
        ["你好 😀", 1, 0.5, True, datetime.date(2024, 2, 29), moment, 1],
        ["b", 2.0, 3, None, None, datetime.time(9, 5), "one"],
    ]
    found, refused, profile = read(save(tmp_path / "t.xlsx", ("Data", rows)))
    assert found == [
        {
            "text": "你好 😀",
            "n": 1,
            "x": 0.5,
            "flag": True,
            "day": "2024-02-29",
            "at": "2024-02-29T12:30:15",
            "mixed": "1",
        },
        {"text": "b", "n": 2, "x": 3.0, "flag": None, "day": None, "at": "09:05:00", "mixed": "one"},
    ]
    assert (refused, profile.warnings, profile.sheets, profile.sheet) == ([], [], ["Data"], "Data")
    assert profile.preview[0][:4] == ["你好 😀", "1", "0.5", "true"]


def test_a_sheet_can_be_chosen(tmp_path: Path) -> None:
    path = save(tmp_path / "t.xlsx", ("一", [["text"], ["a"]]), ("Two", [["text", "label"], ["b", "x"]]))
    first, _refused, profile = read(path)
    assert (first, profile.sheets) == ([{"text": "a"}], ["一", "Two"])
    assert profile.warnings == ["The workbook has 2 sheets; the first, 一, is read. Another can be chosen."]
    second, _refused, profile = read(path, sheet="Two")
    assert (second, profile.warnings) == ([{"text": "b", "label": "x"}], [])
    with pytest.raises(ReadError, match=r"no sheet 'Three'\. Choose one of: 一, Two"):
        sniff(path, "t.xlsx", sheet="Three")


def test_a_formula_gives_the_value_that_was_saved_with_it(tmp_path: Path) -> None:
    first, second = '<c r="A2"><f>1+1</f><v>2</v></c>', '<c r="B2" t="str"><f>"a"</f><v>a</v></c>'
    row = f'<row r="2">{first}{second}<c r="C2"><f>X()</f></c></row>'
    path = tmp_path / "t.xlsx"
    path.write_bytes(workbook(cells((1, ("n", "text", "empty"))) + row))
    assert read(path)[0] == [{"n": 2, "text": "a", "empty": None}]


def test_gaps_are_empty_and_row_numbers_are_those_of_the_sheet(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    gap = '<row r="5"><c r="B5" t="inlineStr"><is><t>x</t></is></c></row>'
    wide = '<row r="7"><c r="C7" t="inlineStr"><is><t>z</t></is></c></row>'
    path.write_bytes(workbook(cells((1, ("text", "label")), (3, ("a", "y"))) + gap))
    assert read(path)[0] == [{"text": "a", "label": "y"}, {"text": None, "label": "x"}]
    # Columns are found in the first 200 rows; further right is refused only behind them.
    many = cells((1, ("text", "label")), *((n, ("a", "y")) for n in range(2, 205)))
    path.write_bytes(workbook(many + wide.replace("7", "300")))
    rows, refused, _profile = read(path)
    assert (len(rows), [(row.line, row.code) for row in refused]) == (203, [(300, "too_many_fields")])


def test_a_far_column_is_refused_before_memory_is_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(workbook(cells((1, ("text",))) + '<row r="2"><c r="ZZZZZ2"><v>1</v></c></row>'))
    with pytest.raises(ReadError) as caught:
        read(path)
    assert caught.value.code in {"too_many_columns", "xlsx_broken"}


@pytest.mark.parametrize(
    "part",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><worksheet/>',
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a []><worksheet/>').encode("utf-16"),
        b'<?xml version="1.0" encoding="cp037"?><worksheet/>',
        b"<!--" + b" " * 70_000 + b'--><!DOCTYPE a [<!ENTITY x "y">]><worksheet/>',
    ],
)
def test_no_part_may_declare_a_document_type(tmp_path: Path, part: bytes) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(workbook("", **{"xl/worksheets/sheet1.xml": part}))
    with pytest.raises(ReadError) as caught:
        sniff(path, "t.xlsx")
    assert caught.value.code == "xlsx_markup"


def test_a_row_of_endless_xml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The product's sixteen take ten seconds to write and to read.
    monkeypatch.setattr("curation.engine.readers.workbook.ROW_BYTES", 1 << 20)
    path = tmp_path / "t.xlsx"
    noise = b"".join(b"<c><v>%d</v></c>" % (n * 7919 % 100_003) for n in range(100_000))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    path.write_bytes(workbook("", **{"xl/worksheets/sheet1.xml": sheet + noise + b"</row></sheetData></worksheet>"}))
    with pytest.raises(ReadError) as caught:
        sniff(path, "t.xlsx")
    assert caught.value.code == "xlsx_too_large"


def test_other_office_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    for member, what in (("word/document.xml", "a Word document"), ("xl/workbook.bin", "an Excel binary workbook")):
        content = workbook("", **{member: "<a/>"}).replace(b"xl/workbook.xml", b"xl/nothing_.xml")
        path.write_bytes(content)
        with pytest.raises(ReadError, match=what):
            sniff(path, "t.xlsx")
