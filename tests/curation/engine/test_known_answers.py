"""Figures of real data that were computed elsewhere: see curation/demo/data/README.md."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.demo import SETS
from curation.engine.plan import Plan, RunReport, default_plan, run_plan
from curation.engine.readers import read_batches, sniff
from curation.engine.writer import VersionReader, VersionWriter


def version(name: str, folder: Path) -> VersionReader:
    path = SETS[name].path
    profile = sniff(path, path.name)
    folder.mkdir()
    writer = VersionWriter(folder, roles=profile.roles)
    for batch in read_batches(path, profile):
        ids = pa.array(np.arange(batch.table.num_rows) + writer.row_count + 1)
        writer.write(batch.table.add_column(0, "item_id", ids))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def duplicates(reader: VersionReader, folder: Path, *columns: str) -> RunReport:
    folder.mkdir()
    params = {"columns": list(columns), "folded": False}
    return run_plan(Plan.from_json({"steps": [{"name": "exact_duplicates", "params": params}]}), reader, folder)


@pytest.mark.parametrize(("name", "rows", "repeated"), [("sms_spam", 5574, 403), ("reviews_zh", 12000, 2323)])
def test_exact_duplicates_are_all_found_and_none_is_left(tmp_path: Path, name: str, rows: int, repeated: int) -> None:
    report = duplicates(version(name, tmp_path / "in"), tmp_path / "out", "text")
    assert (report.steps[0].rows_in, report.steps[0].dropped) == (rows, {"duplicate": repeated})
    kept = VersionReader([tmp_path / "out" / part.name for part in report.manifest.parts], report.manifest)
    texts = kept.table(["text"])["text"].to_pylist()
    assert len(set(texts)) == len(texts) == rows - repeated
    assert duplicates(kept, tmp_path / "again", "text").steps[0].dropped == {}


def test_a_drop_names_an_item_that_is_the_same_and_was_kept(tmp_path: Path) -> None:
    reader = version("sms_spam", tmp_path / "in")
    report = duplicates(reader, tmp_path / "out", "text", "label")
    text_of = dict(zip(*reader.table(["item_id", "text"]).to_pydict().values(), strict=True))
    kept = VersionReader([tmp_path / "out" / part.name for part in report.manifest.parts], report.manifest)
    stay = set(kept.table(["item_id"])["item_id"].to_pylist())
    for row in pq.read_table(tmp_path / "out" / "drops.parquet").to_pylist():
        first = int(row["detail"].removeprefix("same as item "))
        assert text_of[first] == row["text"]
        assert first in stay
        assert first < row["item_id"]


def test_twelve_reviews_carry_both_labels(tmp_path: Path) -> None:
    reader = version("reviews_zh", tmp_path / "in")
    labels: dict[str, set[str]] = {}
    for row in reader.table(["text", "label"]).to_pylist():
        labels.setdefault(row["text"], set()).add(row["label"])
    assert sum(len(found) > 1 for found in labels.values()) == 12
    (tmp_path / "out").mkdir()
    report = run_plan(
        Plan.from_json({"steps": [{"name": "conflicting_labels", "params": {"settle": False}}]}),
        reader,
        tmp_path / "out",
    )
    found = pq.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert report.steps[0].changed == 0
    assert len(found) == report.steps[0].findings["label_conflict"]
    in_conflict = {row["text"] for row in map(lambda entry: reader.item(entry["item_id"]), found) if row}  # noqa: C417
    assert {text for text, names in labels.items() if len(names) > 1} <= in_conflict
    assert all(size > 1 for size in Counter(row["group"] for row in found).values())


@pytest.mark.parametrize(("name", "near", "rows"), [("sms_spam", 55, 5104), ("reviews_zh", 9, 9665)])
def test_the_default_plan_leaves_no_duplicate_and_accounts_for_every_row(
    tmp_path: Path, name: str, near: int, rows: int
) -> None:
    reader = version(name, tmp_path / "in")
    (tmp_path / "out").mkdir()
    report = run_plan(default_plan(reader.manifest), reader, tmp_path / "out")
    dropped = pq.read_table(tmp_path / "out" / "drops.parquet")["item_id"].to_pylist()
    kept = VersionReader([tmp_path / "out" / part.name for part in report.manifest.parts], report.manifest)
    stay = kept.table(["item_id"])["item_id"].to_pylist()
    assert sorted([*dropped, *stay]) == list(range(1, reader.row_count + 1))
    assert (report.steps[-1].dropped, len(stay)) == ({"near_duplicate": near}, rows)
    assert duplicates(kept, tmp_path / "again", "text").steps[0].dropped == {}
