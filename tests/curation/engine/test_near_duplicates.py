from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.near.space import Space
from curation.engine.plan import Plan, PlanError, RunReport, run_plan
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionReader, VersionWriter
from tests.curation.engine.near.test_search import texts_of

ALPHABET = "a b c d e f g h i j k l m n o p q r s t"
ROWS: list[tuple[int, str | None, str | None, str | None]] = [
    (11, ALPHABET, None, "2024-01-05"),
    (12, ALPHABET + " u", "x", "2024-03-01"),
    (13, "quite another text", "x", "2024-01-01"),
    (14, ALPHABET.upper() + "!", "x", "2023-01-01"),
    (15, "", None, None),
    (16, None, None, None),
    (17, "b c d e f g h i j k l m n o p q r s", "y", None),
]


def version(folder: Path, rows: list[tuple[Any, ...]]) -> VersionReader:
    folder.mkdir(parents=True)
    writer = VersionWriter(folder, roles={"text": "text", "label": "label"})
    items, *columns = zip(*rows, strict=True)
    named = dict(zip(("text", "label", "date"), (pa.array(column, pa.string()) for column in columns), strict=True))
    writer.write(pa.table({"item_id": pa.array(items, pa.int64()), **named}))
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def run(folder: Path, rows: list[tuple[Any, ...]] = ROWS, **params: Any) -> tuple[RunReport, list[Any], list[Any]]:
    reader, out = version(folder / "in", rows), folder / "out"
    out.mkdir()
    plan = Plan.from_json({"steps": [{"name": "near_duplicates", "params": params}]})
    report = run_plan(plan, reader, out)
    drops, found = out / "drops.parquet", out / "findings.parquet"
    return (
        report,
        [(row["item_id"], row["detail"]) for row in pq.read_table(drops).to_pylist()] if drops.exists() else [],
        [(row["item_id"], row["group"], row["code"], row["detail"]) for row in pq.read_table(found).to_pylist()]
        if found.exists()
        else [],
    )


@pytest.mark.parametrize(
    ("params", "drops"),
    [
        ({"keep": "first"}, [(12, "0.95 like item 11"), (14, "1.00 like item 11"), (17, "0.90 like item 11")]),
        ({}, [(11, "0.95 like item 12"), (14, "0.95 like item 12"), (17, "0.86 like item 12")]),
        (
            {"keep": "newest", "newest_by": "date"},
            [(11, "0.95 like item 12"), (14, "0.95 like item 12"), (17, "0.86 like item 12")],
        ),
        ({"keep": "labeled_first"}, [(11, "0.95 like item 12"), (14, "0.95 like item 12"), (17, "0.86 like item 12")]),
        ({"keep": "first", "threshold": 0.95}, [(12, "0.95 like item 11"), (14, "1.00 like item 11")]),
        ({"keep": "first", "threshold": 1.0}, [(14, "1.00 like item 11")]),
        (
            {"threshold": 0.9},
            [(11, "0.95 like item 12"), (14, "0.95 like item 12"), (17, "0.86 like item 12, through items in between")],
        ),
    ],
)
def test_one_of_each_cluster_stays_and_the_others_say_which(
    tmp_path: Path, params: dict[str, Any], drops: list[Any]
) -> None:
    report, dropped, found = run(tmp_path, shingles="word:1", **params)
    assert dropped == drops
    assert found == []
    assert (report.steps[0].rows_in, report.steps[0].rows_out) == (7, 7 - len(drops))


def test_texts_of_different_labels_are_left_to_people(tmp_path: Path) -> None:
    # 12 has the label x and stays; 14 has it too, 11 has none, and 17 contradicts it.
    report, dropped, found = run(tmp_path, shingles="word:1", find_conflicts=True)
    assert [item for item, _detail in dropped] == [11, 14]
    assert found == [
        (12, 1, "near_label_conflict", "first choice of 2 similar items"),
        (17, 1, "near_label_conflict", "0.86 like item 12"),
    ]
    assert report.steps[0].rows_out == 5


def test_a_conflict_and_a_margin_are_told_apart(tmp_path: Path) -> None:
    params = {"shingles": "word:1", "keep": "first", "find_conflicts": True}
    rows = [(1, ALPHABET, "x", None), (2, ALPHABET + " u", "x", None), (3, ALPHABET.upper(), "y", None)]
    _report, dropped, found = run(tmp_path / "a", rows, threshold=0.9, near_margin=0.06, **params)
    assert dropped == []
    assert [row[:3] for row in found] == [
        (1, 1, "near_label_conflict"),
        (3, 1, "near_label_conflict"),
        (1, 1, "near_duplicate_margin"),
        (2, 1, "near_duplicate_margin"),
    ]
    # Without a label column nothing contradicts.
    assert [item for item, _detail in run(tmp_path / "b", rows, threshold=0.9, **params)[1]] == [2]


def test_the_best_of_each_cluster_stays(tmp_path: Path) -> None:
    good = "The café on the corner opens at eight, and its bread is the best in town."
    rows = [
        (1, good.replace("é", "Ã©"), None, None),  # decoded with the wrong encoding
        (2, good.replace(" ", " # ") + " …", None, None),
        (3, good, None, None),
        (4, f"{good} {good}", None, None),  # longest, and repeats itself
        (5, good.removesuffix(".").upper(), None, None),
        (6, "Nothing like the others.", None, None),
        (7, "Two equally good ones.", None, None),
        (8, "two equally good ones.", None, None),
    ]
    _report, dropped, _found = run(tmp_path / "best", rows, shingles="word:1", threshold=0.7, keep="best_quality")
    assert [item for item, _detail in dropped] == [1, 2, 4, 5, 8]
    assert {detail.split(" like ")[1] for _item, detail in dropped} == {"item 3", "item 7"}
    _report, dropped, _found = run(tmp_path / "long", rows, shingles="word:1", threshold=0.7, keep="longest")
    assert [item for item, _detail in dropped] == [1, 2, 3, 5, 8]


def test_clusters_can_be_listed_instead(tmp_path: Path) -> None:
    report, dropped, found = run(tmp_path, shingles="word:1", action="find", keep="first", threshold=0.95)
    assert (dropped, report.steps[0].rows_out) == ([], 7)
    assert found == [
        (11, 1, "near_duplicate", "first choice of 3 similar items"),
        (12, 1, "near_duplicate", "0.95 like item 11"),
        (14, 1, "near_duplicate", "1.00 like item 11"),
    ]


def test_pairs_just_above_the_threshold_are_left_to_people(tmp_path: Path) -> None:
    report, dropped, found = run(tmp_path, shingles="word:1", keep="first", threshold=0.87, near_margin=0.05)
    assert dropped == [(12, "0.95 like item 11"), (14, "1.00 like item 11")]
    assert found == [
        (11, 1, "near_duplicate_margin", "first choice of 2 similar items"),
        (17, 1, "near_duplicate_margin", "0.90 like item 11"),
    ]
    assert report.steps[0].findings == {"near_duplicate_margin": 2}


def test_a_margin_beyond_one_drops_equal_sets_alone(tmp_path: Path) -> None:
    _report, dropped, found = run(tmp_path, shingles="word:1", keep="first", threshold=0.9, near_margin=0.5)
    assert dropped == [(14, "1.00 like item 11")]
    assert [row[0] for row in found] == [11, 12, 17]


def test_clusters_without_doubt_between_doubtful_ones_are_dropped_alone(tmp_path: Path) -> None:
    sure = [(1, "x y z", None, None), (2, "X Y Z", None, None), (3, ALPHABET, None, None)]
    rows = [*sure, (4, ALPHABET.replace(" a", "").removeprefix("a "), None, None), (5, "v w", None, None)]
    _report, dropped, found = run(tmp_path, [*rows, (6, "V W", None, None)], shingles="word:1", near_margin=0.2)
    assert dropped == [(2, "1.00 like item 1"), (6, "1.00 like item 5")]
    assert [(item, group) for item, group, _code, _detail in found] == [(3, 1), (4, 1)]


@pytest.mark.parametrize(("dates", "stays"), [(("9", "10", "1e1"), 2), (("b", "10", "9"), 1), ((None, " ", "1"), 3)])
def test_newest_compares_numbers_as_numbers_and_missing_ones_lose(
    tmp_path: Path, dates: tuple[str | None, ...], stays: int
) -> None:
    rows = [(number, "the same text", None, date) for number, date in enumerate(dates, 1)]
    _report, dropped, _found = run(tmp_path, rows, keep="newest", newest_by="date")
    assert {item for item, _detail in dropped} == {1, 2, 3} - {stays}


@pytest.mark.parametrize("params", [{}, {"near_margin": 0.1}, {"action": "find"}])
def test_a_step_in_shards_gives_the_same_version_and_report(tmp_path: Path, params: dict[str, Any]) -> None:
    texts = texts_of("reviews_zh")[:3000]
    rows = [(number, text, None, None) for number, text in enumerate(texts, 1)]
    reader = version(tmp_path / "in", rows)
    plan = Plan.from_json({"steps": [{"name": "near_duplicates", "params": {"threshold": 0.5, **params}}]})
    reports = []
    for name, memory in (("array", 1 << 30), ("shards", 1 << 16)):
        out, space = tmp_path / name, tmp_path / f"{name}-space"
        out.mkdir()
        report = run_plan(plan, reader, out, space=Space(space, memory))
        assert not (space / "step-001").exists()
        found = [pq.read_table(path).to_pylist() for path in sorted(out.glob("[df]*.parquet"))]
        reports.append((report.manifest.content_hash, report.steps[0].notes, report.steps[0].dropped, found))
    assert reports[0] == reports[1]
    notes = reports[0][1]["search"]
    assert (notes["method"], notes["recall"], notes["shingles"], notes["texts"]) == ("exact", 1.0, "char:5", 3000)
    assert notes["pairs_of_sets"] > 0


def test_chinese_reviews_are_compared_by_characters(tmp_path: Path) -> None:
    rows = [(number, text, None, None) for number, text in enumerate(texts_of("reviews_zh"), 1)]
    report, dropped, _found = run(tmp_path / "auto", rows, keep="first")
    again, also, _found = run(tmp_path / "char", rows, keep="first", shingles="char:5")
    assert dropped == also
    assert report.manifest.content_hash == again.manifest.content_hash
    # 2,323 texts repeat an earlier one letter by letter; near-duplicates come on top.
    assert 2323 < len(dropped) < 2600
    kept = VersionReader(
        [tmp_path / "auto" / "out" / part.name for part in report.manifest.parts], report.manifest
    ).table(["item_id"])["item_id"].to_pylist()  # fmt: skip
    assert {int(detail.split()[3].rstrip(",")) for _item, detail in dropped} <= set(kept)


def test_the_kept_texts_hold_no_near_duplicate_any_more(tmp_path: Path) -> None:
    rows = [(number, text, None, None) for number, text in enumerate(texts_of("sms_spam"), 1)]
    report, dropped, _found = run(tmp_path / "once", rows, threshold=0.7)
    assert len(dropped) > 400
    gone = {item for item, _detail in dropped}
    left = [row for row in rows if row[0] not in gone]
    assert report.steps[0].rows_out == len(left)
    assert run(tmp_path / "twice", left, threshold=0.7)[1] == []


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"threshold": 0}, "threshold is 0.0; it must be above 0 and at most 1"),
        ({"shingles": "word"}, "shingles is 'word'; write word:K or char:K"),
        ({"keep": "best"}, "keep is 'best'; choose one of first, longest, newest, labeled_first, best_quality"),
        ({"keep": "newest"}, "newest_by names the column"),
        ({"action": "hide"}, "action is 'hide'; choose one of drop, find"),
        ({"near_margin": 0.9}, "near_margin is 0.9; it must be from 0 to 0.5"),
    ],
)
def test_a_mistake_in_the_plan_is_named(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        Plan.from_json({"steps": [{"name": "near_duplicates", "params": params}]})
    assert sentence in str(caught.value)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="There is no column seen to choose the newest by"):
        run(tmp_path, keep="newest", newest_by="seen")
