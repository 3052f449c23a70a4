"""Every bad file gets what `expected.json` says of it, or what the table here says and why."""

import json
from pathlib import Path
from typing import Any

import pytest

from curation.engine.readers import ReadError, read_batches, sniff
from tests.data.make_bad import make

# Rows kept, codes of the refused rows, and how many warnings, for every file that is read.
READ: dict[str, tuple[int, list[str], int]] = {
    "enc/gbk.csv": (2, [], 0),
    "enc/gb18030.csv": (2, [], 0),
    "enc/utf16le_bom.csv": (2, [], 0),
    "enc/utf16be_bom.csv": (2, [], 0),
    "enc/utf8_bom.csv": (2, [], 0),
    "enc/latin1.csv": (2, [], 0),
    "enc/big5.csv": (2, [], 0),
    "enc/broken_utf8.csv": (1, ["encoding", "encoding"], 0),
    # The second line is everyday GB 18030: it is read as that, with a warning.
    "enc/mixed.csv": (2, [], 1),
    "enc/surrogate.jsonl": (1, ["surrogate"], 0),
    # expected.json allows it: renamed with a clear notice for each of the two columns.
    "csv/dup_headers.csv": (1, [], 2),
    "csv/no_header.csv": (2, [], 1),
    "csv/mixed_eol.csv": (3, [], 0),
    "csv/nul.csv": (1, ["nul"], 0),
    "csv/ragged.csv": (2, ["too_few_fields", "too_many_fields"], 0),
    "csv/quoted_newlines.csv": (2, [], 0),
    "csv/semicolon.csv": (2, [], 0),
    "csv/tab.csv": (1, [], 0),
    "csv/huge_field.csv": (2, [], 0),
    "csv/many_columns.csv": (1, [], 1),
    "csv/header_only.csv": (0, [], 1),
    "csv/blank_lines.csv": (2, [], 0),
    "csv/whitespace.csv": (3, [], 1),
    "csv/formulas.csv": (4, [], 0),
    "csv/dup_ids.csv": (4, [], 1),
    "csv/numbers.csv": (4, [], 0),
    # expected.json counts the good rows of this file; two lines are refused.
    "json/one_bad_line.jsonl": (2, ["json_syntax", "not_an_object"], 0),
    "json/nan.jsonl": (2, [], 2),
    "json/dup_keys.jsonl": (1, [], 1),
    "json/proto.jsonl": (1, [], 0),
    "json/spans_bad.jsonl": (2, ["span"] * 5, 0),
    # One text is a single blank, which deserves a warning.
    "xss/strings.csv": (21, [], 1),
    # Archives in an archive are refused one by one; nothing else is in it.
    "zip/nested.zip": (0, ["nested_archive"] * 5, 0),
    # 20,000 texts without a letter deserve one warning.
    "zip/many.zip": (20_000, [], 1),
    "zip/mixed.zip": (2, ["binary", "other_file"], 0),
    # Two tables of the same columns are read as one; both count their rows from 1.
    "zip/dup_names.zip": (2, [], 1),
    "parquet/named.csv": (2, [], 1),
    "parquet/text.parquet": (2, [], 1),
    "zip/pictures.zip": (2, [], 0),
    "img/ok.png": (1, [], 0),
    "img/bad_crc.png": (1, [], 1),
    "img/one_pixel.png": (1, [], 0),
    # Scaled to 8 bits for viewing, which is said.
    "img/gray16.png": (1, [], 1),
    "img/wide.png": (1, [], 0),
    "xss/<img src=x onerror=alert(1)>.png": (1, [], 0),
}
# Files that this import refuses whole, with the code.
REFUSED = {
    "csv/empty.csv": "file_empty",
    "csv/unclosed_quote.csv": "unclosed_quote",
    "json/truncated.json": "json_cut_off",
    "json/deep.json": "json_depth",
    "img/empty.jpg": "file_empty",
    "img/truncated.png": "picture_broken",
    "img/header_bomb.png": "picture_too_large",
    "img/pixel_bomb.png": "picture_too_large",
    "img/zero.png": "picture_broken",
    "img/jpeg_named_png.png": "picture_broken",
    "zip/slip.zip": "archive_path",
    "zip/symlink.zip": "archive_link",
    "zip/bomb_200mb.zip": "archive_ratio",
    "zip/truncated.zip": "archive_broken",
    "zip/locked.zip": "archive_encrypted",
    "zip/double.zip": "archive_double",
    "zip/bad_crc.zip": "archive_broken",
    "tar/slip.tar": "archive_path",
    "tar/link.tar.gz": "archive_link",
    "tar/bomb.tar.gz": "gzip_ratio",
    "tar/truncated.tar.gz": "gzip_broken",
    "parquet/truncated.parquet": "parquet_broken",
    "parquet/only_magic.parquet": "parquet_broken",
    "parquet/packed.parquet.gz": "other_format",
    "arrow/truncated.arrow": "arrow_broken",
    "xlsx/truncated.xlsx": "archive_broken",
    "xlsx/laughs.xlsx": "xlsx_markup",
    "xlsx/locked.xlsx": "xlsx_encrypted",
    "xlsx/old.xls": "other_format",
    "xlsx/far_cell.xlsx": "too_many_rows",
}
# Markup and annotation lists are no data: they are named and refused, also where expected.json has them accepted.
OTHER_KINDS = ("xml/", "ann/", "xss/script.svg", "xss/image_is_html.png")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("bad")
    return folder, make(folder)


def read(path: Path) -> tuple[int, list[str], int]:
    profile = sniff(path, path.name)
    json.dumps(profile.to_json(), ensure_ascii=False).encode()
    kept, refused = 0, []
    for batch in read_batches(path, profile):
        kept += batch.table.num_rows
        refused += batch.refused
    assert all(row.line > 0 and row.reason and len(row.raw) <= 300 for row in refused)
    return kept, [row.code for row in refused], len(profile.warnings)


def test_each_of_the_82_files_is_spoken_for(bad: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    other = {name for name in bad[1] if name.startswith(OTHER_KINDS)} - set(REFUSED)
    assert len(bad[1]) == 82
    assert set(READ) | set(REFUSED) | other == set(bad[1])


def test_readable_files_keep_their_good_rows_and_name_the_bad_ones(bad: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, expected = bad
    assert {name: read(folder / name) for name in READ} == READ
    for name, (kept, refused, warnings) in READ.items():
        wanted = expected[name]
        # It counts the good rows of the one, and not the archives of the other.
        if name != "json/one_bad_line.jsonl":
            assert wanted.get("rows", kept + len(refused)) == kept + len(refused), name
        if wanted["expect"] == "warn":
            assert refused or warnings, name


@pytest.mark.parametrize("name", [name for name, row in READ.items() if not row[1] and not row[2]])
def test_an_accepted_file_gives_no_complaint(bad: tuple[Path, dict[str, dict[str, Any]]], name: str) -> None:
    assert bad[1][name]["expect"] == "accept"


def test_rejected_files_say_why(bad: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, expected = bad
    for name, code in REFUSED.items():
        with pytest.raises(ReadError) as caught:
            read(folder / name)
        assert (name, caught.value.code) == (name, code)
        assert expected[name]["expect"] == "reject"


def test_other_kinds_of_files_are_named(bad: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, expected = bad
    for name in expected:
        if name.startswith(OTHER_KINDS) and name not in REFUSED:
            with pytest.raises(ReadError) as caught:
                read(folder / name)
            assert caught.value.code == "other_format", name
            assert "this import takes CSV, TSV, JSONL, JSON, Parquet" in caught.value.message


def test_a_drawing_is_called_a_drawing(bad: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    with pytest.raises(ReadError, match=r"^This is an SVG drawing; this import takes CSV, TSV, JSONL, JSON, Parquet"):
        sniff(bad[0] / "xss/script.svg", "script.svg")


def test_an_unclosed_quote_is_found_at_its_line(bad: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    with pytest.raises(ReadError) as caught:
        read(bad[0] / "csv/unclosed_quote.csv")
    assert caught.value.line == 2
