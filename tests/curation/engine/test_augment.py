import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.plan import Plan, PlanError
from curation.engine.reader import VersionReader
from curation.engine.run import Cancelled, RunReport, most_new_items, run_plan
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionWriter
from tests.curation.engine.stepping import Result, step, table

POLICY = "version: 1\ncopies: 2\nsteps:\n- use: swap_words\n- use: keyboard\n"
TEXTS = [
    "Ann Lee lives in New York",
    "the weather was fine all day",
    "Bob Ray went home late",
    "12345",
    "nobody saw the blue car",
    None,
]
SPLIT = ["train", "train", "test", "train", "validation", "train"]
SPANS = [
    '[{"id":"a","start":17,"end":25,"label":"LOC","text":"New York"}]',
    "[]",
    '[{"start":0,"end":7}]',
    None,
    "",
    None,
]


def rows(**more: Any) -> pa.Table:
    return table(
        text=pa.array(TEXTS, pa.string()),
        label=["a", "b", "a", "b", "a", "b"],
        split=SPLIT,
        entities=pa.array(SPANS, pa.string()),
        annotations=pa.array(['{"who": 1}'] * 6, pa.string()),
        **more,
    )


def version(folder: Path, source: pa.Table) -> VersionReader:
    folder.mkdir(parents=True, exist_ok=True)
    writer = VersionWriter(folder, roles={"text": "text", "label": "label"})
    writer.write(source)
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def run(tmp_path: Path, source: pa.Table, *steps: dict[str, Any], **given: Any) -> tuple[RunReport, pa.Table]:
    reader = version(tmp_path / "in", source)
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    report = run_plan(Plan.from_json({"steps": list(steps)}), reader, folder, **given)
    return report, pa.concat_tables(pq.read_table(folder / part.name) for part in report.manifest.parts)


def augment(**params: Any) -> dict[str, Any]:
    return {"name": "augment", "params": {"policy": POLICY, **params}}


def test_training_items_get_copies_behind_all_others(tmp_path: Path) -> None:
    report, after = run(tmp_path, rows(), augment())
    found = after.to_pylist()
    assert [row["item_id"] for row in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert [row["augmented_from"] for row in found] == [None] * 6 + [1, 1, 2, 2]
    assert [row["text"] for row in found[:6]] == TEXTS
    copies = found[6:]
    assert {row["split"] for row in copies} == {"train"}
    assert [row["label"] for row in copies] == ["a", "a", "b", "b"]
    assert [row["annotations"] for row in copies] == [None] * 4
    assert [row["augmented_by"] for row in copies] == ["swap_words, keyboard"] * 4
    assert len({row["text"] for row in found if row["text"]}) == 9
    (done,) = report.steps
    assert (done.rows_in, done.rows_out, done.added, done.changed, done.dropped) == (6, 10, 4, 0, {})


def test_spans_of_copies_quote_their_text(tmp_path: Path) -> None:
    _report, after = run(tmp_path, rows(), augment())
    copies = [row for row in after.to_pylist() if row["augmented_from"] == 1]
    for row in copies:
        (span,) = json.loads(row["entities"])
        assert row["text"][span["start"] : span["end"]] == span["text"]
        assert (span["id"], span["label"]) == ("a", "LOC")
    assert {json.loads(row["entities"])[0]["text"] for row in copies} <= {"New York", *(_slips("New York"))}


def _slips(text: str) -> set[str]:
    """Return a text with one letter exchanged for one beside it on the keyboard."""
    from curation.engine.augment.texts.letters import keyboard

    near = keyboard("en")
    found = set()
    for place, letter in enumerate(text):
        for other in near.get(letter.lower(), []):
            found.add(text[:place] + (other.upper() if letter.isupper() else other) + text[place + 1 :])
    return found


def test_the_same_plan_gives_the_same_bytes_in_one_go_or_in_batches(tmp_path: Path) -> None:
    source = pa.concat_tables([rows()] * 50)
    source = source.set_column(0, "item_id", pa.array(range(1, 301), pa.int64()))
    first, _after = run(tmp_path / "a", source, augment(), threads=1)
    second, _again = run(tmp_path / "b", source, augment(), threads=2)
    assert first.manifest.content_hash == second.manifest.content_hash
    small = Result(source, step("augment", policy=POLICY), {"text": "text"})
    whole = {(row["augmented_from"], row["text"]) for row in _after.to_pylist()}
    assert {(row["augmented_from"], row["text"]) for row in small.rows} == whole


def test_ids_are_those_that_were_set_aside_and_clash_with_none(tmp_path: Path) -> None:
    plan = Plan.from_json({"steps": [augment(), augment()]})
    assert most_new_items(plan, 6) == 24
    other = augment(policy=POLICY.replace("copies: 2", "copies: 2\nseed: 1"))
    _report, after = run(tmp_path, rows(), augment(), other, first_new_id=1000)
    ids = after["item_id"].to_pylist()
    assert ids == sorted(set(ids))
    assert [number for number in ids if number > 6] == [1000, 1001, 1002, 1003, 1012, 1013, 1014, 1015]
    # A copy has no copies.
    assert {row["augmented_from"] for row in after.to_pylist()} == {None, 1, 2}


def test_the_same_step_again_adds_nothing(tmp_path: Path) -> None:
    report, _after = run(tmp_path, rows(), augment(), augment())
    assert [one.added for one in report.steps] == [4, 0]


def test_no_copy_has_the_text_of_any_other_item(tmp_path: Path) -> None:
    """Two words have one swap, and the test part holds it already."""
    source = table(text=["Good morning", "morning good", "evening falls"], split=["train", "test", "train"])
    policy = "version: 1\ncopies: 3\nsteps:\n- use: swap_words\n"
    _report, after = run(tmp_path, source, augment(policy=policy))
    assert after["text"].to_pylist() == ["Good morning", "morning good", "evening falls", "falls evening"]


def test_leaks_are_looked_for_among_copies_too(tmp_path: Path) -> None:
    report, after = run(tmp_path, rows(), augment(), {"name": "split_leakage", "params": {"action": "drop"}})
    assert report.steps[1].dropped == {}
    assert after.num_rows == 10


def test_what_does_not_fit_is_found_and_has_no_copies(tmp_path: Path) -> None:
    source = table(
        text=["Ann Lee lives here", "Bob Ray lives there"],
        split=["train", "train"],
        entities=['[{"start":0,"end":99,"label":"PER"}]', '[{"start":0,"end":7,"label":"PER"}]'],
    )
    report, after = run(tmp_path, source, augment())
    assert report.steps[0].findings == {"spans_unfit": 1}
    found = pq.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    assert [(row["item_id"], row["detail"]) for row in found] == [
        (1, "span 1 reaches from 0 to 99; the text has 18 characters")
    ]
    assert set(after["augmented_from"].to_pylist()) == {None, 2}


def test_without_a_split_nothing_is_copied_unless_all_may_be(tmp_path: Path) -> None:
    source = table(text=["one two three"])
    with pytest.raises(StepError, match="There is no column split"):
        run(tmp_path / "a", source, augment())
    _report, after = run(tmp_path / "b", source, augment(split_column=""))
    assert after.num_rows > 1


def test_a_version_with_copies_is_not_split_again(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"Some items are changed copies of others \(augmented_from\)"):
        run(tmp_path, rows(), augment(), {"name": "split"})


def test_a_mistake_of_the_policy_is_one_of_the_plan() -> None:
    with pytest.raises(PlanError, match="Step 1 uses 'orc', which there is not") as raised:
        step("augment", policy="version: 1\nsteps:\n- use: orc\n")
    assert raised.value.param == "policy"
    assert str(raised.value).startswith("Step 1 (augment): policy has a mistake. Line 3: Step 1 uses 'orc'")


def test_an_interrupted_run_goes_on_with_the_same_copies(tmp_path: Path) -> None:
    source = pa.concat_tables([rows()] * 2_000)
    source = source.set_column(0, "item_id", pa.array(range(1, 12_001), pa.int64()))
    reader = version(tmp_path / "in", source)
    plan = Plan.from_json({"steps": [augment(), {"name": "exact_duplicates"}]})
    asked = iter(range(10_000))
    # Two batches are looked at, then decided, a hundred items at a time: this stops within the second one.
    folder = tmp_path / "cut"
    folder.mkdir()
    with pytest.raises(Cancelled):
        run_plan(plan, reader, folder, cancelled=lambda: next(asked) > 75, threads=1)
    assert [path.name for path in (folder / "step-001").glob("*.done")] == ["00000000.done"]
    whole = run_plan(plan, reader, folder)
    other = tmp_path / "other"
    other.mkdir()
    assert whole.manifest.content_hash == run_plan(plan, reader, other).manifest.content_hash
