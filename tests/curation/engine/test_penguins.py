"""A table with a known truth, cleaned by a plan: tests/data/tables/README.md."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curation.engine.__main__ import main
from curation.engine.reader import VersionReader
from curation.engine.writer import VersionManifest

TABLES = Path(__file__).resolve().parents[2] / "data" / "tables"


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("penguins")
    assert main(["run", str(TABLES / "penguins.yaml"), str(TABLES / "penguins_noisy.csv"), str(folder)]) == 0
    return folder


def read(name: str) -> dict[int, dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8") as stream:
        return {int(row["row"]): row for row in csv.DictReader(stream)}


def rows_of(folder: Path) -> list[dict]:
    manifest = VersionManifest.from_json(json.loads((folder / "manifest.json").read_text()))
    return VersionReader([folder / part.name for part in manifest.parts], manifest).table().to_pylist()


def test_rows_without_a_label_go_and_every_value_is_as_it_was_with_its_type(cleaned: Path) -> None:
    raw, truth = read("penguins_noisy.csv"), read("penguins_noisy_truth.csv")
    rows = rows_of(cleaned)
    assert [row["row"] for row in rows] == [row for row, known in truth.items() if known["state"] != "unlabeled"]
    for row in rows:
        before = raw[row["row"]]
        assert row["label"] == before["label"]
        for name in ("island", "sex"):
            assert row[name] == (None if before[name] == "NA" else before[name])
        for name, kind in (("bill_length_mm", float), ("bill_depth_mm", float), ("body_mass_g", int), ("year", int)):
            assert row[name] == (None if before[name] == "NA" else kind(before[name]))
            assert row[name] is None or type(row[name]) is kind
    dropped = pq.read_table(cleaned / "drops.parquet").to_pylist()
    assert {(row["reason"], row["detail"]) for row in dropped} == {("label_invalid", "-1")}
    assert len(dropped) == 26


def test_labels_that_no_one_doubts_are_the_true_ones(cleaned: Path) -> None:
    truth = read("penguins_noisy_truth.csv")
    found = pq.read_table(cleaned / "findings.parquet").to_pylist()
    # The item's id is its place from 1 in the file.
    doubted = {row["item_id"] - 1 for row in found}
    flipped = {row for row, known in truth.items() if known["state"] == "flipped"}
    hits = len(doubted & flipped)
    assert (len(doubted), hits, len(flipped)) == (19, 19, 20)
    assert {row["code"] for row in found} == {"label_suspicious"}
    wrong = [row["row"] for row in rows_of(cleaned) if row["label"] != truth[row["row"]]["true_label"]]
    assert set(wrong) - doubted == flipped - doubted
    # What the model would rather see is the true label.
    for row in found:
        assert row["detail"].split("looks like ")[1][0] == truth[row["item_id"] - 1]["true_label"]


def test_of_the_46_bad_rows_45_are_found_and_no_good_one(cleaned: Path) -> None:
    truth = read("penguins_noisy_truth.csv")
    bad = {row for row, known in truth.items() if known["state"] != "ok"}
    dropped = pq.read_table(cleaned / "drops.parquet").to_pylist()
    found = pq.read_table(cleaned / "findings.parquet").to_pylist()
    noted = {int(row["item_id"]) - 1 for row in [*dropped, *found]}
    assert (len(truth), len(bad), len(noted), len(noted & bad)) == (344, 46, 45, 45)
    # Once the doubted labels are what the model would rather see, 317 of the 318 labels are the true ones.
    settled = {row["item_id"] - 1: row["detail"].split("looks like ")[1][0] for row in found}
    labels = {row["row"]: settled.get(row["row"], row["label"]) for row in rows_of(cleaned)}
    assert sum(label == truth[row]["true_label"] for row, label in labels.items()) == 317
    assert (len(labels), bad - noted) == (318, {308})


def test_the_same_plan_gives_the_same_version(cleaned: Path, tmp_path: Path) -> None:
    main(["run", str(TABLES / "penguins.yaml"), str(TABLES / "penguins_noisy.csv"), str(tmp_path)])
    first, second = (json.loads((folder / "manifest.json").read_text()) for folder in (cleaned, tmp_path))
    assert first["content_hash"] == second["content_hash"]


def test_rows_without_a_label_can_wait_for_an_annotator(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text('steps:\n- name: map_labels\n  params: {mapping: {"-1": ""}}\n')
    assert main(["run", str(plan), str(TABLES / "penguins_noisy.csv"), str(tmp_path / "out")]) == 0
    assert sum(row["label"] is None for row in rows_of(tmp_path / "out")) == 26


def test_drops_of_a_column_before_and_after_it_got_its_type_are_listed_together(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    steps = ["drop_invalid_label", "infer_types", "value_range\n  params: {maximum: {body_mass_g: 6000}, action: drop}"]
    plan.write_text("steps:\n" + "".join(f"- name: {one}\n" for one in steps))
    assert main(["run", str(plan), str(TABLES / "penguins_noisy.csv"), str(tmp_path / "out")]) == 0
    drops = pq.read_table(tmp_path / "out" / "drops.parquet").to_pylist()
    assert [row["body_mass_g"] for row in drops if row["reason"] == "value_above"] == ["6300", "6050"]
    assert drops[0]["reason"] == "label_invalid"
    # The first was dropped as the text that it still was.
    assert type(drops[0]["body_mass_g"]) is str
