import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.__main__ import main
from curation.engine.diff import diff_versions, write_diff
from curation.engine.diff_file import DiffFile
from curation.engine.drop_notes import Drops
from curation.engine.writer import VersionReader, VersionWriter


def version(folder: Path, columns: dict[str, Any], **roles: str) -> VersionReader:
    folder.mkdir()
    writer = VersionWriter(folder, roles=roles)
    writer.write(pa.table(columns))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def drops(path: Path, rows: list[tuple[int, str, str, str]]) -> Path:
    names = ("item_id", "step", "reason", "detail")
    pq.write_table(pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)}), path)
    return path


def test_items_are_compared_by_id_whatever_their_order(tmp_path: Path) -> None:
    old = version(tmp_path / "a", {"item_id": [1, 2, 3, 4], "text": ["a", "b", None, "d"], "old": ["x"] * 4})
    new = version(tmp_path / "b", {"item_id": [5, 4, 3, 2], "new": [1, 2, 3, 4], "text": ["e", "D", "", "b"]})
    assert diff_versions(old, new).to_json() == {
        "added": 1,
        "dropped": 1,
        "changed": 2,
        "same": 1,
        "columns_added": ("new",),
        "columns_dropped": ("old",),
        "columns_retyped": (),
        "explained": 0,
    }


def test_values_that_swap_their_columns_are_a_change(tmp_path: Path) -> None:
    old = version(tmp_path / "a", {"item_id": [1], "x": ["left"], "y": ["right"], "tags": [[1, 2]]})
    new = version(tmp_path / "b", {"item_id": [1], "x": ["right"], "y": ["left"], "tags": [[1, 2]]})
    assert diff_versions(old, new).changed == 1
    assert diff_versions(old, old).same == 1


def test_every_type_is_compared_by_value(tmp_path: Path) -> None:
    old = {
        "item_id": [1, 2, 3, 4],
        "number": [1.5, float("nan"), None, 2.0],
        "tags": [[1], [1, 2], None, [3]],
        "flag": [True, None, False, True],
        "typed": ["1", "2", "3", None],
    }
    new = {**old, "number": [1.5, float("nan"), 0.0, 2.5], "tags": [[1], [2, 1], [], [3]], "typed": [1, 2, 4, None]}
    summary = write_diff(version(tmp_path / "a", old), version(tmp_path / "b", new), tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["item_id"], row["column"], row["before"], row["after"]) for row in rows] == [
        (3, "number", None, "0"),
        (4, "number", "2", "2.5"),
        (2, "tags", "[1,2]", "[2,1]"),
        (3, "tags", None, "[]"),
        (3, "typed", "3", "4"),
    ]
    assert (summary["changed"], summary["same"]) == (3, 1)
    assert summary["columns_retyped"] == (("typed", "string", "int64"),)


def test_drops_are_explained_by_the_run_nearest_to_the_newer(tmp_path: Path) -> None:
    old = version(tmp_path / "a", {"item_id": [1, 2, 3, 4], "text": ["one", "二", "three", "four"]}, text="text")
    new = version(tmp_path / "b", {"item_id": [3, 9], "text": ["three", "new"]}, text="text")
    late = Drops(12, drops(tmp_path / "late", [(4, "length", "too_short", "4 < 5"), (1, "dup", "duplicate", "of 3")]))
    early = Drops(11, drops(tmp_path / "early", [(1, "length", "too_short", "never believed")]))
    summary = write_diff(old, new, tmp_path / "out.parquet", drops=[late, early])
    rows = DiffFile(tmp_path / "out.parquet").page({0, 1, 2, 3}, 0, 10)[0]
    found = {row["item_id"]: (row["kind"], row["run"], row["step"], row["reason"], row["detail"]) for row in rows}
    assert found == {
        1: ("dropped", 12, "dup", "duplicate", "of 3"),
        2: ("dropped", None, None, None, None),
        4: ("dropped", 12, "length", "too_short", "4 < 5"),
        9: ("added", None, None, None, None),
    }
    assert {row["item_id"]: row["text"] for row in rows} == {1: "one", 2: "二", 4: "four", 9: "new"}
    assert summary["explained"] == 2


def test_label_changes_name_who_and_when(tmp_path: Path) -> None:
    old = version(tmp_path / "a", {"item_id": [1, 2, 3], "text": list("abc"), "klass": ["x", "y", None]}, label="klass")
    when = pa.array([0, 1_000_000, None], pa.timestamp("us", tz="UTC"))
    columns = {"item_id": [1, 2, 3], "text": list("abc"), "klass": ["x", "y", None], "label": ["x", "z", "y"]}
    people = {"label_annotators": [[7], [7, 8], []], "label_agreement": [1.0, 0.5, 1.0], "labeled_at": when}
    new = version(tmp_path / "b", {**columns, **people}, label="label", text="text")
    summary = write_diff(old, new, tmp_path / "out.parquet")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["item_id"], row["kind"], row["before"], row["after"], row["by"]) for row in rows] == [
        (3, "label", None, "y", []),
        (2, "label", "y", "z", [7, 8]),
    ]
    assert rows[1]["at"].isoformat() == "1970-01-01T00:00:01+00:00"
    assert [(facet["before"], facet["after"], facet["rows"]) for facet in summary["facets"]] == [
        (None, "y", 1),
        ("y", "z", 1),
    ]


def test_an_item_id_given_twice_is_refused(tmp_path: Path) -> None:
    twice = version(tmp_path / "a", {"item_id": [1, 2, 2], "text": list("abc")})
    with pytest.raises(ValueError, match="Item 2 appears twice"):
        diff_versions(twice, twice)


@pytest.mark.parametrize("shuffled", [False, True])
def test_many_rows_agree_with_a_plain_comparison(tmp_path: Path, shuffled: bool) -> None:
    """80,000 rows span several batches and groups; the truth is computed with dictionaries."""
    random = np.random.default_rng(3)
    old_ids = np.flatnonzero(random.random(80_000) < 0.8)
    new_ids = np.flatnonzero(random.random(80_000) < 0.8)
    if shuffled:
        random.shuffle(new_ids)
    old_text = {int(n): f"text {n % 97}" for n in old_ids}
    new_text = {int(n): f"text {n % (97 if n % 5 else 13)}" for n in new_ids}
    old = version(tmp_path / "a", {"item_id": list(old_text), "text": list(old_text.values())}, text="text")
    new = version(tmp_path / "b", {"item_id": list(new_text), "text": list(new_text.values())}, text="text")
    summary = write_diff(old, new, tmp_path / "out.parquet")
    both = old_text.keys() & new_text.keys()
    changed = {n for n in both if old_text[n] != new_text[n]}
    assert (summary["added"], summary["dropped"]) == (len(new_text) - len(both), len(old_text) - len(both))
    assert (summary["changed"], summary["same"]) == (len(changed), len(both) - len(changed))
    file = DiffFile(tmp_path / "out.parquet")
    wanted = file.facets(lambda facet: facet["kind"] == "changed")
    pages = [file.page(wanted, offset, 1000)[0] for offset in range(0, len(changed), 1000)]
    shown = [row for page in pages for row in page]
    assert [row["item_id"] for row in shown] == sorted(changed)
    assert all(row["before"] == old_text[row["item_id"]] for row in shown)


def test_the_command_compares_versions_and_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("key,text\nk1,one\nk2,two\n")
    (tmp_path / "b.csv").write_text("key,text\nk3,three\nk2,zwei\n")
    out = tmp_path / "out.parquet"
    code = main(["diff", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--id", "key", "--out", str(out)])
    summary = json.loads(capsys.readouterr().out)
    assert (code, summary["added"], summary["dropped"], summary["changed"]) == (0, 1, 1, 1)
    assert sorted(
        (row["kind"], row["before"], row["after"]) for row in pq.read_table(out).to_pylist() if row["before"]
    ) == [("changed", "two", "zwei")]
    assert main(["diff", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--id", "nokey"]) == 1
    assert "There is no column nokey" in capsys.readouterr().err
