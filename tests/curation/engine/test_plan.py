from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.plan import Plan, PlanError, RunReport, default_plan, run_plan
from curation.engine.run import Cancelled
from curation.engine.writer import VersionManifest, VersionReader, VersionWriter

ROLES = {"text": "text", "label": "label"}
ROWS = [
    (1, " Good  day\r\n", "pos"),
    (2, "good DAY", "Pos"),
    (3, "bad", "neg"),
    (4, "Bad", "pos"),
    (5, "   \u3000 ", "pos"),
    (6, "nobody knows", "-1"),
    (7, "unlabeled", None),
    (8, "zero\u200bwidth", "neg "),
]


def version(folder: Path, rows: list[tuple] = ROWS) -> VersionReader:
    folder.mkdir(exist_ok=True, parents=True)
    writer = VersionWriter(folder, roles=ROLES)
    ids, texts, labels = zip(*rows, strict=True)
    writer.write(
        pa.table({"item_id": pa.array(ids, pa.int64()), "text": texts, "label": pa.array(labels, pa.string())})
    )
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def run(folder: Path, plan: Plan | None = None, rows: list[tuple] = ROWS) -> tuple[RunReport, list[dict]]:
    reader = version(folder / "in", rows)
    (folder / "out").mkdir(exist_ok=True)
    report = run_plan(plan or default_plan(reader.manifest), reader, folder / "out")
    output = VersionReader([folder / "out" / part.name for part in report.manifest.parts], report.manifest)
    return report, output.table().to_pylist()


def test_the_default_plan_cleans_and_says_why(tmp_path: Path) -> None:
    report, rows = run(tmp_path)
    assert rows == [
        {"item_id": 1, "text": "Good day", "label": "pos"},
        {"item_id": 3, "text": "bad", "label": None},
        {"item_id": 7, "text": "unlabeled", "label": None},
        {"item_id": 8, "text": "zerowidth", "label": "neg"},
    ]
    assert {step.name: step.dropped for step in report.steps if step.dropped} == {
        "drop_empty_text": {"text_empty": 1},
        "drop_invalid_label": {"label_invalid": 1},
        "exact_duplicates": {"duplicate": 2},
    }
    drops = pq.read_table(tmp_path / "out" / "drops.parquet").to_pylist()
    assert [(row["item_id"], row["reason"], row["detail"]) for row in drops] == [
        (5, "text_empty", ""),
        (6, "label_invalid", "-1"),
        (2, "duplicate", "same as item 1"),
        (4, "duplicate", "same as item 3"),
    ]
    assert drops[2]["text"] == "good DAY"


def test_a_conflict_is_a_finding_and_a_tie_goes_back_to_people(tmp_path: Path) -> None:
    run(tmp_path)
    found = pq.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert [(row["item_id"], row["code"], row["group"]) for row in found] == [
        (3, "label_conflict", 1),
        (4, "label_conflict", 1),
    ]
    assert found[0]["detail"] == "labeled neg; the same text: neg × 1, pos × 1"


def test_a_majority_settles_a_conflict(tmp_path: Path) -> None:
    rows = [(1, "bad", "pos"), (2, "bad", "neg"), (3, "BAD", "neg")]
    _report, kept = run(tmp_path, rows=rows)
    assert kept == [{"item_id": 1, "text": "bad", "label": "neg"}]


def test_the_same_plan_gives_the_same_hash(tmp_path: Path) -> None:
    first, _rows = run(tmp_path / "a")
    second, _rows = run(tmp_path / "b")
    assert first.manifest.content_hash == second.manifest.content_hash
    assert first.fingerprint == second.fingerprint


def test_a_cancelled_run_goes_on_after_its_last_finished_step(tmp_path: Path) -> None:
    reader = version(tmp_path / "in")
    plan = default_plan(reader.manifest)
    out = tmp_path / "out"
    out.mkdir()
    polls = iter([False] * 3)
    with pytest.raises(Cancelled):
        run_plan(plan, reader, out, cancelled=lambda: next(polls, True))
    finished = sorted(path.name for path in out.glob("*.done.json"))
    assert finished == ["step-001.done.json", "step-002.done.json", "step-003.done.json"]
    before = {name: (out / name).stat().st_mtime_ns for name in finished}
    report = run_plan(plan, reader, out)
    assert {name: (out / name).stat().st_mtime_ns for name in finished} == before
    assert report.manifest.content_hash == run(tmp_path / "whole")[0].manifest.content_hash


def test_a_folder_of_another_run_is_not_taken_for_this_one(tmp_path: Path) -> None:
    run(tmp_path)
    _report, kept = run(tmp_path, Plan.from_json({"steps": [{"name": "drop_empty_text"}]}))
    assert [row["item_id"] for row in kept] == [1, 2, 3, 4, 6, 7, 8]


def test_an_empty_version_runs_through(tmp_path: Path) -> None:
    report, rows = run(tmp_path, rows=[(1, "", "a")])
    assert (rows, report.manifest.row_count) == ([], 0)


def test_a_plan_survives_json_and_yaml() -> None:
    manifest = VersionManifest((), (), ROLES, "", 0, {"labels": [["spam", 9], ["Spam ", 2]]})
    plan = default_plan(manifest)
    assert Plan.from_json(plan.to_json()) == plan
    assert Plan.from_yaml(plan.to_yaml()) == plan
    assert plan.steps[3].params()["mapping"] == {"Spam": "spam"}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "A plan reads"),
        ({"steps": [{"nam": "x"}]}, "Step 1 has no name."),
        ({"steps": [{"name": "magic"}]}, "Step 1: there is no step magic."),
        ({"steps": [{"name": "split", "params": {"sead": 1}}]}, "Step 1 (split) has no parameter sead."),
        (
            {"steps": [{"name": "split", "params": {"seed": "x"}}]},
            'Step 1 (split), seed is "x"; it must be a whole number.',
        ),
        ({"steps": [{"name": "split", "params": {"test": 1.5}}]}, "Step 1 (split): validation and test are shares"),
        ({"steps": [{"name": "normalize_text", "params": {"form": "NFX"}}]}, "Step 1 (normalize_text): form is 'NFX'"),
    ],
)
def test_a_mistake_in_a_plan_is_named(data: object, sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        Plan.from_json(data)
    assert str(caught.value).startswith(sentence)
