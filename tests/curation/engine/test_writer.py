from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.engine.content_hash import ContentHash
from curation.engine.writer import VersionManifest, VersionReader, VersionWriter

ROWS = pa.table(
    {
        "item_id": pa.array([1, 2, 3, 4], pa.int64()),
        "text": ["good", "bad 差", None, ""],
        "label": ["a", "b", "a", None],
        "who": pa.array([[1, 2], [], None, [3]], pa.list_(pa.int64())),
    }
)


def write(folder: Path, *tables: pa.Table, part_rows: int = 1_000_000) -> tuple[VersionManifest, VersionReader]:
    folder.mkdir(exist_ok=True)
    writer = VersionWriter(folder, roles={"text": "text", "label": "label"}, part_rows=part_rows)
    for table in tables:
        writer.write(table)
    manifest = VersionManifest.from_json(writer.finish().to_json())
    return manifest, VersionReader([folder / part.name for part in manifest.parts], manifest)


def numbered(count: int) -> pa.Table:
    ids = list(range(1, count + 1))
    labels = ["rare" if number % 1000 == 0 else "common" for number in ids]
    return pa.table({"item_id": ids, "text": [f"text {number}" for number in ids], "label": labels})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    manifest, reader = write(tmp_path, ROWS)
    assert reader.table().to_pylist() == ROWS.to_pylist()
    assert manifest.row_count == 4
    assert manifest.stats["labels"] == [["a", 2], ["b", 1]]
    assert manifest.stats["nulls"] == {"item_id": 0, "text": 1, "label": 1, "who": 1}


def test_the_hash_does_not_see_batches_or_parts(tmp_path: Path) -> None:
    table = numbered(25_000)
    whole, _reader = write(tmp_path / "a", table)
    cut, _reader = write(
        tmp_path / "b", table.slice(0, 7), table.slice(7, 12_000), table.slice(12_007), part_rows=10_000
    )
    assert (len(whole.parts), len(cut.parts)) == (1, 3)
    assert whole.content_hash == cut.content_hash


def test_the_hash_sees_values_order_names_and_nulls(tmp_path: Path) -> None:
    def digest(table: pa.Table) -> str:
        hasher = ContentHash(table.schema)
        hasher.update(table)
        return hasher.hexdigest()

    base = pa.table({"item_id": [1, 2], "text": ["ab", "c"]})
    others = [
        pa.table({"item_id": [1, 2], "text": ["a", "bc"]}),
        pa.table({"item_id": [2, 1], "text": ["c", "ab"]}),
        pa.table({"item_id": [1, 2], "word": ["ab", "c"]}),
        pa.table({"item_id": [1, 2], "text": ["abc", None]}),
        pa.table({"item_id": [1, 2], "text": ["abc", ""]}),
    ]
    assert len({digest(table) for table in [base, *others]}) == 6


def test_a_page_crosses_row_groups(tmp_path: Path) -> None:
    _manifest, reader = write(tmp_path, numbered(25_000))
    page, total = reader.page(9_998, 4)
    assert (page["item_id"].to_pylist(), total) == ([9_999, 10_000, 10_001, 10_002], 25_000)
    assert reader.page(24_999, 50)[0]["item_id"].to_pylist() == [25_000]
    assert reader.page(25_000, 50)[0].num_rows == 0


def test_a_page_of_a_rare_label_is_found_by_the_groups_counts(tmp_path: Path) -> None:
    _manifest, reader = write(tmp_path, numbered(25_000), part_rows=10_000)
    page, total = reader.page(9, 3, label="rare")
    assert (page["item_id"].to_pylist(), total) == ([10_000, 11_000, 12_000], 25)
    assert reader.page(0, 3, label="nobody") == (reader.schema.empty_table(), 0)


def test_an_item_is_found_by_its_id(tmp_path: Path) -> None:
    _manifest, reader = write(tmp_path, numbered(25_000))
    assert reader.item(12_345) == {"item_id": 12_345, "text": "text 12345", "label": "common"}
    assert reader.item(30_000) is None


def test_a_version_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    manifest, reader = write(tmp_path, ROWS.slice(0, 0))
    assert (manifest.row_count, manifest.parts) == (0, ())
    assert reader.page(0, 10)[0].schema.names == ["item_id", "text", "label", "who"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))), st.integers(1, 5))
def test_any_text_survives_and_any_cut_hashes_alike(tmp_path_factory: object, texts: list, size: int) -> None:
    folder = tmp_path_factory.mktemp("version")
    table = pa.table({"item_id": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())})
    whole, reader = write(folder / "a", table)
    pieces = [table.slice(start, size) for start in range(0, len(texts), size)] or [table]
    cut, _reader = write(folder / "b", *pieces)
    assert whole.content_hash == cut.content_hash
    if texts:
        assert reader.table()["text"].to_pylist() == texts


def test_long_texts_end_a_row_group_before_memory_fills(tmp_path: Path) -> None:
    long = pa.table({"item_id": list(range(40)), "text": ["x" * (1 << 20)] * 40})
    manifest, reader = write(tmp_path / "a", *(long.slice(place, 5) for place in range(0, 40, 5)))
    assert [group["rows"] for group in manifest.parts[0].groups] == [20, 20]
    assert reader.page(18, 4)[0]["item_id"].to_pylist() == [18, 19, 20, 21]
    whole, _reader = write(tmp_path / "b", long)
    assert whole.content_hash == manifest.content_hash
