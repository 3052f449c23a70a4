from pathlib import Path

import pyarrow as pa

from curation.engine.diff import diff_versions
from curation.engine.writer import VersionReader, VersionWriter


def version(folder: Path, columns: dict[str, list[object]]) -> VersionReader:
    folder.mkdir()
    writer = VersionWriter(folder, roles={})
    writer.write(pa.table(columns))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


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
    }


def test_values_that_swap_their_columns_are_a_change(tmp_path: Path) -> None:
    old = version(tmp_path / "a", {"item_id": [1], "x": ["left"], "y": ["right"], "tags": [[1, 2]]})
    new = version(tmp_path / "b", {"item_id": [1], "x": ["right"], "y": ["left"], "tags": [[1, 2]]})
    assert diff_versions(old, new).changed == 1
    assert diff_versions(old, old).same == 1
