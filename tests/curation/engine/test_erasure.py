"""Where values stand, and versions without some items."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curation.engine.erasure.finding import Finder, Sought
from curation.engine.erasure.matching import Matcher, ValueRefused, needle
from curation.engine.erasure.rewriting import rest_hash, without_items
from curation.engine.reader import VersionReader
from curation.engine.writer import VersionWriter

FOUND = [
    ("ann.lee@corp.example", "Write to Ann.Lee@CORP.example!", "Ann.Lee@CORP.example"),
    ("ann.lee@corp.example", "写信给ann.lee＠corp.example吧", "ann.lee＠corp.example"),
    ("Ann Lee", "😀 dear ANN\u3000 LEE,", "ANN\u3000 LEE"),
    ("13812345678", "电话+86 138-1234-5678。", "+86 138-1234-5678"),
    ("138 1234 5678", "１３８１２３４５６７８", "１３８１２３４５６７８"),
    ("张伟", "收件人张伟先生", "张伟"),
    ("AB-12345", "order ab12345.", "ab12345"),
    ("Müller", "Herr MÜLLER", "MÜLLER"),
]


@pytest.mark.parametrize(("value", "text", "part"), FOUND)
def test_a_value_is_found_however_it_is_written(value: str, text: str, part: str) -> None:
    matcher = Matcher([needle(value)])
    assert [text[start:end] for start, end in matcher.spans(text)] == [part]
    assert matcher.mask(pa.array([None, "nothing", text])).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ann Lee", "Joann Lee, Ann Leeds"),
        ("12345", "order 123456 and 012345"),
        ("12345", "1234"),
        ("a.b@c.de", "xa.b@c.de"),
    ],
)
def test_a_value_inside_a_longer_one_is_not_found(value: str, text: str) -> None:
    assert Matcher([needle(value)]).spans(text) == []


def test_a_value_inside_a_longer_one_does_not_hide_the_next() -> None:
    assert Matcher([needle("1111")]).spans("11111 1111") == [(6, 10)]


@pytest.mark.parametrize("value", ["", " ", "A", "123", "- -"])
def test_a_value_that_means_nobody_is_refused(value: str) -> None:
    with pytest.raises(ValueRefused):
        needle(value)


def test_json_is_blanked_in_texts_keys_and_numbers() -> None:
    matcher = Matcher([needle("Ann Lee"), needle("13812345678")])
    before = {"Ann Lee": ["ann  lee is here", 13812345678, True, None], "n": 7}
    assert matcher.blank_json(before) == {"[erased]": ["[erased] is here", None, True, None], "n": 7}


def version(folder: Path, rows: int, part_rows: int) -> VersionReader:
    folder.mkdir()
    writer = VersionWriter(folder, roles={"text": "text"}, part_rows=part_rows)
    for start in range(1, rows + 1, part_rows):
        ids = list(range(start, min(start + part_rows, rows + 1)))
        writer.write(pa.table({"item_id": pa.array(ids, pa.int64()), "text": [f"text {one}" for one in ids]}))
        writer.end_part()
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def test_untouched_parts_stay_and_the_rest_has_one_hash(tmp_path: Path) -> None:
    old = version(tmp_path / "old", 9, 3)
    (tmp_path / "new").mkdir()
    made = without_items(old, tmp_path / "new", np.array([1, 2, 3, 8, 77]))
    assert made is not None
    assert made.gone.tolist() == [1, 2, 3, 8]
    assert [part.rows for part in made.manifest.parts] == [3, 2]
    assert made.manifest.parts[0].sha256 == old.manifest.parts[1].sha256
    assert made.rest_before == made.rest_after == rest_hash(old, made.gone)
    assert made.manifest.content_hash == made.rest_after != old.manifest.content_hash
    assert made.manifest.row_count == 5


def test_a_version_of_nothing_else_is_empty_and_keeps_its_columns(tmp_path: Path) -> None:
    old = version(tmp_path / "old", 2, 3)
    (tmp_path / "new").mkdir()
    made = without_items(old, tmp_path / "new", np.array([1, 2]))
    assert made is not None
    assert (made.manifest.row_count, made.manifest.columns) == (0, old.manifest.columns)


def test_a_version_without_the_items_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert without_items(version(tmp_path / "old", 4, 2), tmp_path / "new", np.array([9])) is None
    assert list((tmp_path / "new").iterdir()) == []


def found(sought: Sought, columns: dict[str, object], image: str = "") -> dict[int, tuple[str, str]]:
    table = pa.table({"item_id": pa.array([1, 2, 3], pa.int64()), **columns})
    hits: dict[int, tuple[str, str]] = {}
    for batch in table.to_batches():
        Finder(sought).in_batch(batch, hits, image)
    return hits


@pytest.mark.parametrize(
    "cells", [["7", " ７ ", "77"], [7, 7, 77], [7.0, 7.0, 77.0], [["7"], ["a", "7"], ["77"]]], ids=str
)
def test_an_identifier_is_a_whole_cell_of_any_type(cells: list[object]) -> None:
    assert found(Sought(identifiers=(("id", "7"),)), {"id": cells}) == {
        1: ("identifier", "id"),
        2: ("identifier", "id"),
    }
    assert found(Sought(identifiers=(("other", "7"),)), {"id": cells}) == {}


def test_the_surest_way_is_told() -> None:
    text = "Please send the parcel to the second floor"
    sought = Sought(texts=("ann@x.example",), near=(text,), pictures=("f" * 64,))
    columns = {
        "text": [text + "!", "mail ann@x.example", "Please send the letter to the third door"],
        "image": ["f" * 64, "f" * 64, None],
    }
    assert found(sought, columns, "image") == {1: ("picture", "image"), 2: ("text", "text")}
    assert found(sought, {"text": columns["text"]}) == {1: ("near", "text"), 2: ("text", "text")}
