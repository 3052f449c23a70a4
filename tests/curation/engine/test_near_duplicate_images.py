from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.media import FolderMedia, hash_of
from curation.engine.plan import Plan, PlanError, RunReport, run_plan
from curation.engine.steps.base import StepError
from curation.engine.writer import VersionReader, VersionWriter
from tests.curation.engine.near_pictures.drawing import save, scene

# item, label, split; items 1 to 3 show one picture, 4 and 5 are the same file, 6 is broken, 7 has no picture.
ROWS = [
    (1, None, "train"), (2, "x", "test"), (3, None, "train"), (4, "y", "train"), (5, "y", "train"), (6, "x", "train"),
    (7, "x", "train"), (8, "x", "train"),
]  # fmt: skip


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    save(folder / "1.jpg", scene(1)[:, 40:])
    save(folder / "2.jpg", scene(1), quality=50)
    save(folder / "3.jpg", scene(1, 400, 300)[::2, ::2])
    save(folder / "4.jpg", scene(2))
    save(folder / "5.jpg", scene(2))
    (folder / "6.jpg").write_bytes(b"\xff\xd8 no picture")
    save(folder / "8.jpg", scene(3))
    return folder


def version(folder: Path, pictures: Path) -> VersionReader:
    folder.mkdir(parents=True)
    names = [hash_of(path) if (path := pictures / f"{row[0]}.jpg").exists() else None for row in ROWS]
    writer = VersionWriter(folder, roles={"image": "image", "label": "label"})
    items, labels, sides = zip(*ROWS, strict=True)
    columns = {"image": names, "label": labels, "split": sides}
    writer.write(
        pa.table(
            {"item_id": pa.array(items, pa.int64())}
            | {key: pa.array(value, pa.string()) for key, value in columns.items()}
        )
    )
    manifest = writer.finish()
    return VersionReader([folder / part.name for part in manifest.parts], manifest)


def run(folder: Path, pictures: Path, **params: Any) -> tuple[RunReport, list[Any], list[Any]]:
    out = folder / "out"
    out.mkdir(parents=True)
    plan = Plan.from_json({"steps": [{"name": "near_duplicate_images", "params": params}]})
    report = run_plan(plan, version(folder / "in", pictures), out, media=FolderMedia(pictures))
    drops, found = out / "drops.parquet", out / "findings.parquet"
    return (
        report,
        [(row["item_id"], row["reason"]) for row in pq.read_table(drops).to_pylist()] if drops.exists() else [],
        [(row["item_id"], row["group"], row["code"]) for row in pq.read_table(found).to_pylist()]
        if found.exists()
        else [],
    )


@pytest.mark.parametrize(
    ("params", "gone"),
    [
        ({}, [1, 3, 5]),
        ({"keep": "first"}, [2, 3, 5]),
        ({"keep": "labeled_first"}, [1, 3, 5]),
        ({"keep": "held_out_first", "split_column": "split"}, [1, 3, 5]),
    ],
)
def test_one_of_each_cluster_is_kept(tmp_path: Path, pictures: Path, params: dict[str, Any], gone: list[int]) -> None:
    report, drops, found = run(tmp_path, pictures, **params)
    assert drops == [(item, "near_duplicate_image") for item in gone]
    assert found == []
    assert report.steps[0].rows_out == 8 - len(gone)
    assert report.steps[0].notes["broken"] == 1
    assert report.steps[0].notes["first_broken"][0]["item_id"] == 6


def test_findings_are_grouped_and_say_what_leaks(tmp_path: Path, pictures: Path) -> None:
    _report, drops, found = run(tmp_path, pictures, action="find", split_column="split")
    assert drops == []
    assert found == [
        (1, 1, "image_in_held_out"),
        (2, 1, "near_duplicate_image"),
        (3, 1, "image_in_held_out"),
        (4, 2, "near_duplicate_image"),
        (5, 2, "near_duplicate_image"),
    ]


def test_the_same_run_gives_the_same_hash_and_keeps_what_it_computed(tmp_path: Path, pictures: Path) -> None:
    one, two = (run(tmp_path / name, pictures)[0].manifest.content_hash for name in ("a", "b"))
    assert one == two
    records = tmp_path / "a" / "out" / "near-duplicate-images"
    assert sorted(path.suffix for path in records.iterdir()) == [".bin", ".jsonl"]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"threshold": 0.1}, "threshold is 0.1; it must be from 0.3 to 1"),
        ({"keep": "best"}, "keep is 'best'"),
        ({"action": "hide"}, "action is 'hide'"),
        ({"keep": "held_out_first"}, "needs split_column"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        Plan.from_json({"steps": [{"name": "near_duplicate_images", "params": params}]})


def test_a_version_without_pictures_is_refused(tmp_path: Path) -> None:
    writer = VersionWriter(tmp_path, roles={"text": "text"})
    writer.write(pa.table({"item_id": pa.array([1], pa.int64()), "text": ["a"]}))
    manifest = writer.finish()
    reader = VersionReader([tmp_path / part.name for part in manifest.parts], manifest)
    (tmp_path / "out").mkdir()
    with pytest.raises(StepError, match="No column has the role image"):
        run_plan(Plan.from_json({"steps": [{"name": "near_duplicate_images"}]}), reader, tmp_path / "out")
