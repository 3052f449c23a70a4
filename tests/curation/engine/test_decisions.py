"""Questions, answers and what they do to tables, without a server."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.decision_merge import fills_of
from curation.engine.decisions import (
    Answer,
    Applied,
    Effects,
    Member,
    Question,
    VerdictError,
    apply_decisions,
    decide_version,
    effects_of,
    fits,
    make_verdict,
    questions_of,
    rule_verdict,
)
from curation.engine.findings import found_rows
from curation.engine.item_lookup import items_by_id
from curation.engine.steps.base import Found
from curation.engine.writer import VersionReader, VersionWriter

ROLES = {"text": "text", "label": "label"}
TABLE = pa.table(
    {
        "item_id": [1, 2, 3, 4],
        "text": ["Good 👍", "good  👍", "bad", "坏"],
        "label": ["pos", "neg", None, "neg"],
    }
)


def asked(*found: Found, table: pa.Table = TABLE, roles: dict[str, str] = ROLES) -> list[Question]:
    return questions_of(found_rows("step", found, table, roles))


def member(item: int, text: str = "x", label: str | None = None) -> Member:
    return Member(item, text, f"{text} {label}", len(text), label)


def question(*members: Member) -> Question:
    return Question("step", "code", "key", members)


def version(tmp_path: Path, table: pa.Table = TABLE) -> VersionReader:
    tmp_path.mkdir(exist_ok=True)
    writer = VersionWriter(tmp_path, roles=ROLES)
    writer.write(table)
    manifest = writer.finish()
    return VersionReader([tmp_path / part.name for part in manifest.parts], manifest)


def test_a_group_is_one_question_and_what_has_no_group_stands_alone() -> None:
    found = asked(Found(1, "same", "d1", 7), Found(3, "odd"), Found(2, "same", "d2", 7), Found(4, "odd"))
    assert [(row.code, [item.item_id for item in row.members]) for row in found] == [
        ("same", [1, 2]),
        ("odd", [3]),
        ("odd", [4]),
    ]
    first = found[0].members[0]
    assert (first.length, first.label, first.detail) == (6, "pos", "d1")


def test_two_that_ask_the_same_of_equal_texts_are_one_question() -> None:
    assert [len(row.members) for row in asked(Found(1, "odd"), Found(2, "odd"))] == [2]


def test_the_key_is_of_the_folded_content_and_nothing_else() -> None:
    other = TABLE.set_column(0, "item_id", pa.array([41, 42, 43, 44])).set_column(
        1, "text", pa.array(["GOOD   👍", "good 👍", "x", "y"])
    )
    here, there = asked(Found(1, "same", "", 1)), asked(Found(42, "same", "else", 9), table=other)
    assert here[0].key == there[0].key
    assert here[0].members[0].content_key != there[0].members[0].content_key
    assert asked(Found(3, "same"))[0].key != here[0].key


def test_without_a_text_the_columns_stand_for_it() -> None:
    (row,) = asked(Found(3, "odd"), roles={})
    assert row.members[0].length == len('{"text": "bad", "label": null}')


def test_an_item_of_another_batch_is_known_by_its_id() -> None:
    one, other = asked(Found(90, "odd"), Found(91, "odd"))
    assert one.key != other.key
    assert one.members[0].length is None


@pytest.mark.parametrize(
    ("action", "more", "message"),
    [
        ("burn", {}, "There is no action burn"),
        ("label", {"label": " "}, "The label is missing."),
        ("keep_only", {}, "Name the items to keep"),
        ("keep_only", {"items": [5]}, "Item 5 does not belong"),
        ("merge", {}, "Name the items to keep"),
        ("merge", {"items": [1, 2]}, "choose a single item"),
    ],
)
def test_an_answer_must_fit(action: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(VerdictError, match=message):
        make_verdict([member(1), member(2)], action, **more)


def test_one_that_is_kept_against_others_brings_its_label() -> None:
    members = [member(1, label="a"), member(2, label="b"), member(3, label="b")]
    assert make_verdict(members, "keep_only", items=[2])["label"] == "b"
    assert "label" not in make_verdict(members, "keep_only", items=[2, 3])
    assert "label" not in make_verdict(members[1:], "keep_only", items=[2])


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("keep_all", {"action": "keep"}),
        ("drop_all", {"action": "drop"}),
        ("majority_label", {"action": "label", "label": "b"}),
    ],
)
def test_rules(rule: str, verdict: dict[str, Any]) -> None:
    assert rule_verdict([member(1, label="a"), member(2, label="b"), member(3, label="b")], rule) == verdict


def test_rules_keep_the_first_or_the_longest_and_leave_a_tie() -> None:
    members = [member(2, "long"), member(1, "xy"), member(3, "LONG")]
    kept = {rule: rule_verdict(members, rule) for rule in ("keep_first", "keep_longest")}
    assert {rule: verdict["keep"][0]["item"] for rule, verdict in kept.items() if verdict} == {
        "keep_first": 1,
        "keep_longest": 2,
    }
    assert rule_verdict([member(1, label="a"), member(2, label="b")], "majority_label") is None
    assert rule_verdict([member(1)], "majority_label") is None


def test_a_kept_item_is_found_by_its_content_among_equals() -> None:
    verdict = make_verdict([member(1, label="a"), member(2, label="b"), member(3, label="b")], "keep_only", items=[3])
    later = question(member(11, label="b"), member(12, label="a"), member(13, label="b"))
    effects = effects_of([(later, Answer(verdict, "Ann"))])
    assert effects.drops == {11: "Ann", 12: "Ann"}
    gone = question(member(21, label="a"), member(22, label="c"))
    assert not fits(gone, verdict)
    assert effects_of([(gone, Answer(verdict))]).moot == 1


def test_a_drop_holds_against_a_keep_and_the_later_label_against_the_earlier() -> None:
    drop = Answer({"action": "drop"})
    keep = Answer({"action": "keep"})
    labels = [Answer({"action": "label", "label": name}) for name in ("a", "b")]
    effects = effects_of([(question(member(1)), drop), (question(member(1)), keep)])
    assert effects.drops == {1: ""}
    assert effects_of([(question(member(1)), answer) for answer in labels]).labels == {1: "b"}


def test_decisions_are_applied_to_a_table() -> None:
    kept, dropped, labeled = apply_decisions(TABLE, Effects(drops={2: ""}, labels={3: "neg", 4: "neg"}), {}, "label")
    assert kept.to_pylist() == [
        {"item_id": 1, "text": "Good 👍", "label": "pos"},
        {"item_id": 3, "text": "bad", "label": "neg"},
        {"item_id": 4, "text": "坏", "label": "neg"},
    ]
    assert dropped["item_id"].to_pylist() == [2]
    assert labeled == 1


def test_the_chosen_item_takes_the_place_of_the_one_the_plan_had_kept(tmp_path: Path) -> None:
    reader = version(tmp_path / "in", TABLE.filter(pa.array([True, False, True, True])))
    chosen = question(member(1, label="pos"), member(2, label="neg"))
    verdict = make_verdict(chosen.members, "keep_only", items=[2])
    (tmp_path / "out").mkdir()
    applied = decide_version(
        reader,
        tmp_path / "out",
        effects_of([(chosen, Answer(verdict, "Ann"))]),
        spare=lambda items: [row for row in TABLE.to_pylist() if row["item_id"] in items],
        drops=tmp_path / "drops.parquet",
    )
    written = VersionReader([tmp_path / "out" / part.name for part in applied.manifest.parts], applied.manifest)
    assert written.table().to_pylist() == [
        {"item_id": 2, "text": "good  👍", "label": "neg"},
        {"item_id": 3, "text": "bad", "label": None},
        {"item_id": 4, "text": "坏", "label": "neg"},
    ]
    assert (applied.dropped, applied.restored) == (1, (2,))
    assert pq.read_table(tmp_path / "drops.parquet").to_pylist() == [
        {
            "item_id": 1,
            "step": "decisions",
            "reason": "decided_drop",
            "detail": "Ann",
            "text": "Good 👍",
            "label": "pos",
        }
    ]


MERGED = pa.table(
    {
        "item_id": [1, 2, 3, 4],
        "text": ["Café Rio", "cafe rio", "Cafe Rio", "other"],
        "label": pa.array([None, "food", "food", None], pa.large_string()),
        "phone": pa.array(["  ", None, "555", None], pa.large_string()),
        "stars": pa.array([float("nan"), 4.0, 5.0, None], pa.float64()),
        "split": pa.array([None, "test", "train", None], pa.large_string()),
    }
)


def merged(tmp_path: Path, answers: list[tuple[Question, Answer]], present: list[bool]) -> Applied:
    reader = version(tmp_path / "in", MERGED.filter(pa.array(present)))
    (tmp_path / "out").mkdir()
    return decide_version(
        reader,
        tmp_path / "out",
        effects_of(answers),
        spare=lambda items: [row for row in MERGED.to_pylist() if row["item_id"] in items],
        drops=tmp_path / "drops.parquet",
    )


def rows_in(folder: Path, applied: Applied) -> list[dict[str, Any]]:
    parts = [folder / part.name for part in applied.manifest.parts]
    return list(VersionReader(parts, applied.manifest).table().to_pylist())


@pytest.mark.parametrize(
    "present", [[True] * 4, [True, False, False, True]], ids=["all there", "others dropped before"]
)
def test_a_merged_item_gets_what_it_lacks_from_the_others(tmp_path: Path, present: list[bool]) -> None:
    asked = question(member(1), member(2, label="food"), member(3, label="food"))
    verdict = make_verdict(asked.members, "merge", items=[1])
    applied = merged(tmp_path, [(asked, Answer(verdict, "Ann"))], present)
    row, other = rows_in(tmp_path / "out", applied)
    assert row == {"item_id": 1, "text": "Café Rio", "label": "food", "phone": "555", "stars": 4.0, "split": None}
    assert other["phone"] is None
    assert applied.merged == 1
    if all(present):
        notes = pq.read_table(tmp_path / "drops.parquet").to_pylist()
        assert [(note["item_id"], note["detail"]) for note in notes] == [(2, "Ann → 1"), (3, "Ann → 1")]


def test_a_merged_item_that_the_plan_had_dropped_takes_the_place_of_the_other(tmp_path: Path) -> None:
    asked = question(member(1), member(3, label="food"))
    verdict = make_verdict(asked.members, "merge", items=[1])
    applied = merged(tmp_path, [(asked, Answer(verdict, "Ann"))], [False, True, True, True])
    found = {row["item_id"]: row for row in rows_in(tmp_path / "out", applied)}
    assert sorted(found) == [1, 2, 4]
    assert (found[1]["phone"], found[1]["label"], found[1]["stars"]) == ("555", "food", 5.0)
    assert applied.restored == (1,)


def test_labels_that_disagree_are_not_guessed_by_merging(tmp_path: Path) -> None:
    table = MERGED.set_column(2, "label", pa.array([None, "food", "bar", None], pa.large_string()))
    reader = version(tmp_path / "in", table)
    fills = fills_of(reader, {1: [2, 3]}, lambda _items: [])
    assert fills == {1: {"phone": "555", "stars": 4.0}}


def test_merging_by_rule_needs_two_items() -> None:
    members = [member(1), member(2, "longer")]
    made = [rule_verdict(members, rule) for rule in ("merge_first", "merge_longest")]
    assert [verdict and verdict["keep"][0]["item"] for verdict in made] == [1, 2]
    assert rule_verdict(members[:1], "merge_first") is None


def test_an_answer_whose_choice_cannot_be_had_drops_nothing(tmp_path: Path) -> None:
    reader = version(tmp_path / "in", TABLE.filter(pa.array([True, False, True, True])))
    chosen = question(member(1), member(2))
    effects = effects_of([(chosen, Answer(make_verdict(chosen.members, "keep_only", items=[2])))])
    (tmp_path / "out").mkdir()
    applied = decide_version(reader, tmp_path / "out", effects)
    assert (applied.manifest.content_hash, effects.moot) == (reader.manifest.content_hash, 1)


def test_the_same_decisions_give_the_same_hash_whatever_the_batches(tmp_path: Path) -> None:
    rows = 25_000
    table = pa.table({"item_id": range(1, rows + 1), "text": [f"t{n}" for n in range(rows)], "label": ["a"] * rows})
    reader = version(tmp_path / "in", table)
    effects = Effects(drops=dict.fromkeys(range(1, rows, 7), ""), labels=dict.fromkeys(range(3, rows, 5), "b"))
    hashes = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        hashes.append(decide_version(reader, tmp_path / name, effects).manifest.content_hash)
    kept, _dropped, _labeled = apply_decisions(table, effects, {}, "label")
    assert hashes[0] == hashes[1] == version(tmp_path / "whole", kept).manifest.content_hash


def test_items_are_found_by_id_in_any_group(tmp_path: Path) -> None:
    rows = 25_000
    table = pa.table({"item_id": range(1, rows + 1), "text": [f"t{n}" for n in range(rows)], "label": ["a"] * rows})
    found = items_by_id(version(tmp_path / "in", table), [24_999, 3, 15_000, 90_000])
    assert {item: row["text"] for item, row in found.items()} == {3: "t2", 15_000: "t14999", 24_999: "t24998"}
