import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest

from curation.engine.plan import Plan
from curation.engine.preview import SAMPLE_BYTES, preview_plan, sample_rows
from curation.engine.steps.base import Context, Outcome, Step
from curation.engine.writer import VersionReader, VersionWriter
from tests.curation.engine.test_resume import Adding

ROLES = {"text": "text", "label": "label"}


def version(folder: Path, texts: list[str | None], labels: list[str | None] | None = None) -> VersionReader:
    writer = VersionWriter(folder, roles=ROLES)
    labels = labels or ["a"] * len(texts)
    ids = pa.array(range(1, len(texts) + 1), pa.int64())
    writer.write(pa.table({"item_id": ids, "text": pa.array(texts), "label": pa.array(labels)}))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def plan(*names: str) -> Plan:
    return Plan.from_json({"steps": [{"name": name} for name in names]})


def test_each_step_says_what_it_drops_changes_and_finds(tmp_path: Path) -> None:
    reader = version(tmp_path, ["a  b", "", "same", "SAME", None], ["x", "x", "x", "y", "x"])
    steps = preview_plan(
        plan("normalize_text", "drop_empty_text", "conflicting_labels", "exact_duplicates", "split"),
        sample_rows(reader),
        ROLES,
    )
    normal, empty, conflict, duplicate, split = steps
    assert [(row.item_id, row.column, row.text, row.after) for row in normal.changes] == [(1, "text", "a  b", "a b")]
    assert {reason: (count, [row.item_id for row in rows]) for reason, (count, rows) in empty.dropped.items()} == {
        "text_empty": (2, [2, 5])
    }
    count, examples = conflict.found["label_conflict"]
    assert (count, [(row.text, row.label) for row in examples]) == (2, [("same", "x"), ("SAME", "y")])
    assert [(row.column, row.text, row.after) for row in conflict.changes] == [("label", "x", ""), ("label", "y", "")]
    assert duplicate.dropped["duplicate"][1][0].detail == "same as item 3"
    assert (split.rows_in, split.rows_out, split.columns) == (2, 2, ["split"])


def test_the_sample_is_the_first_rows_and_random_ones_and_the_same_again(tmp_path: Path) -> None:
    reader = version(tmp_path, [f"text {n}" for n in range(45_000)])
    sample = sample_rows(reader, seed=3)
    ids = sample["item_id"].to_pylist()
    assert ids[:500] == list(range(1, 501))
    assert len(set(ids)) == len(ids) == 1_000
    assert ids == sorted(ids)
    assert max(ids) > 30_000
    assert sample.equals(sample_rows(reader, seed=3))
    assert not sample.equals(sample_rows(reader, seed=4))


def test_a_small_version_is_tried_whole_and_an_empty_one_too(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    assert sample_rows(version(tmp_path / "few", ["a", "b"])).num_rows == 2
    (tmp_path / "none").mkdir()
    empty = version(tmp_path / "none", [])
    steps = preview_plan(plan("normalize_text", "exact_duplicates"), sample_rows(empty), ROLES)
    assert [(row.rows_in, row.rows_out, row.error) for row in steps] == [(0, 0, ""), (0, 0, "")]


def test_long_texts_make_the_sample_smaller(tmp_path: Path) -> None:
    sample = sample_rows(version(tmp_path, ["长" * 100_000] * 300))
    assert 1 <= sample.num_rows < 300
    assert sample.nbytes <= SAMPLE_BYTES


def test_a_step_that_cannot_run_says_why_and_ends_the_preview(tmp_path: Path) -> None:
    sample = sample_rows(version(tmp_path, ["a"]))
    steps = preview_plan(plan("normalize_text", "drop_invalid_label", "split"), sample, {"text": "text"})
    assert [row.name for row in steps] == ["normalize_text", "drop_invalid_label"]
    assert steps[1].error.startswith("No column has the role label.")


@dataclass(frozen=True, slots=True)
class Slow(Step):
    name: ClassVar[str] = "slow"

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        time.sleep(0.05)
        return Outcome(table)


def test_the_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a place that says otherwise the kernels count as compiled, whatever ran on this machine before.
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("ASSAY_HOME", raising=False)
    sample = sample_rows(version(tmp_path, ["a"] * 1_000))
    started = time.monotonic()
    steps = preview_plan(Plan((Slow(),) * 50), sample, ROLES, seconds=0.1)
    assert time.monotonic() - started < 1
    assert steps[-1].error == "The preview stopped here after 0.1 seconds."
    assert len(steps) < 5


def test_a_step_that_fails_says_on_which_item_and_goes_on_when_asked_to(tmp_path: Path) -> None:
    sample = sample_rows(version(tmp_path, ["one", "two 5", "three"]))
    failing = Adding()
    (stopped,) = preview_plan(Plan((failing,)), sample, ROLES)
    assert stopped.error == "Failed on item 2, row 2 of what it got: IndexError."
    (went_on,) = preview_plan(Plan((failing,), "find"), sample, ROLES)
    assert (went_on.error, went_on.rows_out, went_on.found["step_failed"][0]) == ("", 3, 1)
    (looking,) = preview_plan(Plan((Adding(looking=True),), "find"), sample, ROLES)
    assert looking.error == "Failed while it looked at all rows: KeyError: 'column'."
