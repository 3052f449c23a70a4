"""Files joined to a version: what is rewritten, what fits, and that the content hash knows nothing of it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.joining_columns import ColumnMisfit, fitted, joined_schema, renamed
from curation.engine.manifest import Part, VersionManifest
from curation.engine.reader import VersionReader
from curation.engine.readers import sniff
from curation.engine.staging import Staged, check_fit, kept_parts, settle_columns, stage, write_joined
from curation.engine.writer import PART_ROWS, VersionWriter


def staged(folder: Path, name: str, content: str) -> Staged:
    path = folder / name
    path.write_text(content)
    return stage(path, sniff(path, name), folder / f"{name}.staged", lambda _batch, _good: None)


def version(folder: Path, files: list[Staged], base: VersionReader | None = None, first: int = 1) -> VersionReader:
    folder.mkdir()
    schema, roles = settle_columns(files, base)
    manifest = write_joined(folder, files, schema=schema, roles=roles, first_item_id=first, base=base)
    known = dict(zip([part.sha256 for part in base.manifest.parts], base.paths, strict=True)) if base else {}
    return VersionReader([known.get(part.sha256, folder / part.name) for part in manifest.parts], manifest)


def written(folder: Path, table: pa.Table, roles: dict[str, str]) -> VersionManifest:
    folder.mkdir()
    writer = VersionWriter(folder, roles=roles)
    writer.write(table)
    return writer.finish()


def figures(manifest: VersionManifest) -> tuple:
    return manifest.content_hash, manifest.columns, manifest.roles, manifest.row_count, manifest.stats


def test_rows_come_behind_those_of_the_version_and_its_part_stays(tmp_path: Path) -> None:
    first = staged(tmp_path, "a.csv", "text,label\none,x\ntwo,y\nthree,\n")
    base = version(tmp_path / "v1", [first])
    more = version(tmp_path / "v2", [staged(tmp_path, "b.csv", "label,text\nz,vier 😀\n")], base, first=4)
    rows = more.table().to_pylist()
    assert [(row["item_id"], row["text"], row["label"]) for row in rows] == [
        (1, "one", "x"), (2, "two", "y"), (3, "three", ""), (4, "vier 😀", "z"),
    ]  # fmt: skip
    assert more.manifest.parts[0] == base.manifest.parts[0]
    assert [part.rows for part in more.manifest.parts] == [3, 1]
    assert [path.name for path in (tmp_path / "v2").iterdir()] == ["part-00001.parquet"]
    assert figures(more.manifest) == figures(written(tmp_path / "whole", more.table(), base.manifest.roles))


def test_a_new_column_is_empty_in_old_rows_and_a_missing_one_in_new_rows(tmp_path: Path) -> None:
    base = version(tmp_path / "v1", [staged(tmp_path, "a.jsonl", '{"text": "one", "n": 1}\n{"text": "two", "n": 2}\n')])
    more = version(tmp_path / "v2", [staged(tmp_path, "b.jsonl", '{"text": "three", "by": "Ann"}\n')], base, first=3)
    assert more.table().to_pylist() == [
        {"item_id": 1, "text": "one", "n": 1, "by": None},
        {"item_id": 2, "text": "two", "n": 2, "by": None},
        {"item_id": 3, "text": "three", "n": None, "by": "Ann"},
    ]
    assert figures(more.manifest) == figures(written(tmp_path / "whole", more.table(), base.manifest.roles))


@pytest.mark.parametrize(
    ("cells", "fits"),
    [
        (pa.array(["5", " -7 ", "", None]), [5, -7, None, None]),
        (pa.array([1.0, None, 2.0, 3.0]), [1, None, 2, 3]),
        (pa.array([1.5, None, 2.0, 3.0]), None),
        (pa.array(["5", "6", "7", "about 7"]), None),
        (pa.array([True, False, None, True]), [1, 0, None, 1]),
        (pa.nulls(4, pa.string()), [None] * 4),
    ],
)
def test_what_fits_a_column_of_whole_numbers(cells: pa.Array, fits: list | None) -> None:
    schema = pa.schema([("n", pa.int64())])
    if fits is None:
        with pytest.raises(ColumnMisfit) as caught:
            fitted(pa.table({"n": cells}), schema)
        assert "Column n holds whole numbers in the version, and the file has" in caught.value.message
        return
    assert fitted(pa.table({"n": cells}), schema)["n"].to_pylist() == fits


def test_the_first_value_that_does_not_fit_is_named() -> None:
    cells = [str(number) for number in range(1000)]
    cells[777] = "七百"
    with pytest.raises(ColumnMisfit, match="“七百”"):
        fitted(pa.table({"n": cells}), pa.schema([("n", pa.float64())]))
    with pytest.raises(ColumnMisfit, match="“maybe”"):
        fitted(pa.table({"b": ["True", "false", "", "maybe", "1"]}), pa.schema([("b", pa.bool_())]))


def test_a_file_that_does_not_fit_is_found_before_anything_is_written(tmp_path: Path) -> None:
    base = version(tmp_path / "v1", [staged(tmp_path, "a.jsonl", '{"text": "one", "n": 1}\n')])
    good, bad = staged(tmp_path, "b.csv", "text,n\ntwo,2\n"), staged(tmp_path, "c.csv", "text,n\nthree,many\n")
    schema, _roles = settle_columns([good, bad], base)
    assert check_fit(good, schema) is None
    misfit = check_fit(bad, schema)
    assert misfit is not None
    assert (misfit.column, "many" in misfit.message) == ("n", True)


def test_numbers_become_text_where_the_version_has_text() -> None:
    table = pa.table({"t": pa.array([1, None], pa.int64()), "u": [0.5, 2.25], "v": [True, False]})
    schema = pa.schema([("t", pa.string()), ("u", pa.large_string()), ("v", pa.string())])
    assert fitted(table, schema).to_pylist() == [
        {"t": "1", "u": "0.5", "v": "true"},
        {"t": None, "u": "2.25", "v": "false"},
    ]


def test_columns_of_files_without_a_version_are_joined_by_the_wider_type() -> None:
    one = pa.schema([("a", pa.int64()), ("b", pa.string())])
    two = pa.schema([("b", pa.bool_()), ("a", pa.float64()), ("c", pa.bool_())])
    assert joined_schema(None, [one, two]) == pa.schema([("a", pa.float64()), ("b", pa.string()), ("c", pa.bool_())])
    base = pa.schema([("item_id", pa.int64()), ("a", pa.int64())])
    assert joined_schema(base, [two]).field("a").type == pa.int64()


def test_the_text_of_a_file_goes_where_the_version_has_its_text() -> None:
    wanted = {"text": "text", "label": "label"}
    assert renamed(["review", "stars"], {"text": "review", "label": "stars"}, wanted) == {
        "review": "text",
        "stars": "label",
    }
    assert renamed(["text", "body"], {"text": "body"}, wanted) == {}
    assert renamed(["label"], {"text": "label"}, wanted) == {}


def test_the_parts_of_many_small_additions_stay_few_and_the_hash_is_that_of_one_file(tmp_path: Path) -> None:
    lines = [f'{{"text": "row {number}", "label": "{"ab"[number % 2]}"}}\n' for number in range(41)]
    reader = version(tmp_path / "v0", [staged(tmp_path, "0.jsonl", lines[0])])
    for number in range(1, 41):
        more = [staged(tmp_path, f"{number}.jsonl", lines[number])]
        reader = version(tmp_path / f"v{number}", more, reader, first=number + 1)
    assert len(reader.manifest.parts) <= 6
    whole = version(tmp_path / "whole", [staged(tmp_path, "whole.jsonl", "".join(lines))])
    assert figures(reader.manifest) == figures(whole.manifest)
    assert [reader.page(place, 1)[0]["text"][0].as_py() for place in (0, 20, 40)] == ["row 0", "row 20", "row 40"]
    assert reader.page(0, 1, label="b")[1] == 20


def test_which_parts_stay() -> None:
    def parts(*rows: int) -> list[Part]:
        return [Part("", "", count, 10, ()) for count in rows]

    assert kept_parts(parts(100, 10, 1), 1) == 2
    assert kept_parts(parts(100, 10, 1), 9) == 1
    assert kept_parts(parts(100, 10, 1), 200) == 0
    assert kept_parts(parts(PART_ROWS, 5), 3 * PART_ROWS) == 1
    assert kept_parts([], 5) == 0


def test_bad_rows_do_not_stop_the_good_ones_and_a_file_without_any_leaves_none(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "good"}\n{"text": \n')
    profile = sniff(path, "bad.jsonl")
    entry = stage(path, profile, tmp_path / "s", lambda batch, good: seen.append((len(batch.refused), good)))
    assert (entry.rows, seen[-1]) == (1, (1, 1))
    path = tmp_path / "bad.csv"
    path.write_text("id,text,label\n1,a,b,c\n2,d\n")
    assert stage(path, sniff(path, "bad.csv", delimiter=","), tmp_path / "t", lambda _b, _g: None).rows == 0
    assert not (tmp_path / "t").exists()


def test_old_items_keep_ids_whatever_their_order(tmp_path: Path) -> None:
    table = pa.table({"item_id": pa.array([9, 2], pa.int64()), "text": ["nine", "two"]})
    manifest = written(tmp_path / "v1", table, {"text": "text"})
    base = VersionReader([tmp_path / "v1" / part.name for part in manifest.parts], manifest)
    more = version(tmp_path / "v2", [staged(tmp_path, "b.jsonl", '{"text": "ten"}\n')], base, first=10)
    assert more.table()["item_id"].to_pylist() == [9, 2, 10]
    assert pq.read_table(more.paths[0])["item_id"].to_pylist() == [9, 2]
