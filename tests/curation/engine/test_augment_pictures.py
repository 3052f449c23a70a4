"""The step that adds changed copies, on pictures: files, facts and shapes of the copies, and what cannot be read."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from curation.engine.media import FolderMedia, NoMedia, hash_of
from curation.engine.pictures.facts import facts_of
from curation.engine.plan import PlanError
from curation.engine.steps.base import Context, StepError
from tests.curation.engine.pictures import saved, scene
from tests.curation.engine.stepping import step, table, texts

POLICY = "version: 1\ncopies: 2\nsteps:\n- use: turn\n  degrees: 8\n- use: brightness\n"
MIRROR = "version: 1\ncopies: 3\nsteps:\n- use: mirror\n"
ROLES = {"image": "image"}
BOX = {"id": "1", "type": "box", "x": 4, "y": 8, "width": 20, "height": 10, "label": "a"}


def folder(place: Path, **pictures: bytes) -> tuple[FolderMedia, dict[str, str]]:
    (place / "in").mkdir(exist_ok=True)
    for name, data in pictures.items():
        (place / "in" / name).write_bytes(data)
    return FolderMedia(place / "in", place / "made"), {name: hash_of(place / "in" / name) for name in pictures}


def result(source: pa.Table, policy: str, media: Any, **params: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the copies and the findings."""
    chosen = step("augment", policy=policy, split_column="", **params)
    context = Context(ROLES, media=media, first_new_id=100)
    state = chosen.prepare(lambda: iter([source]), context)
    outcome = chosen.apply(source, state, context)
    rows = [row for row in outcome.kept.to_pylist() if row["augmented_from"] is not None]
    assert outcome.added == len(rows)
    return rows, [(one.item_id, one.code, one.detail) for one in outcome.found]


def opened(media: FolderMedia, name: str) -> Image.Image:
    path = media.path(name)
    assert path is not None
    return Image.open(path)


def test_a_copy_names_a_new_file_with_its_own_facts_and_moved_shapes(tmp_path: Path) -> None:
    media, names = folder(tmp_path, one=saved(scene()))
    source = table(
        image=texts(names["one"]),
        image_width=pa.array([64]),
        image_sharpness=pa.array([0.5]),
        label=["cat"],
        shapes=texts(json.dumps([BOX])),
        other=texts(json.dumps([])),
    )
    (row,), found = result(source, MIRROR, media)
    assert found == []
    assert (row["item_id"], row["augmented_from"], row["augmented_by"], row["label"]) == (100, 1, "mirror", "cat")
    assert json.loads(row["shapes"]) == [{**BOX, "x": 40}]
    assert row["other"] == "[]"
    data = opened(media, row["image"])
    assert (np.asarray(data) == np.asarray(scene())[:, ::-1]).all()
    facts = facts_of((tmp_path / "made" / row["image"]).read_bytes())
    assert (row["image_width"], row["image_sharpness"]) == (64, facts["image_sharpness"])


def test_copies_are_the_same_each_time_and_differ_from_each_other(tmp_path: Path) -> None:
    media, names = folder(tmp_path, one=saved(scene(), "JPEG"), two=saved(scene(seed=1).convert("L")))
    source = table(image=texts(names["one"], names["two"]), shapes=texts(json.dumps([BOX]), None))
    rows, _found = result(source, POLICY, media)
    assert [(row["item_id"], row["augmented_from"]) for row in rows] == [(100, 1), (101, 1), (102, 2), (103, 2)]
    assert len({row["image"] for row in rows}) == 4
    assert [opened(media, row["image"]).format for row in rows] == ["JPEG", "JPEG", "PNG", "PNG"]
    assert [opened(media, row["image"]).mode for row in rows] == ["RGB", "RGB", "L", "L"]
    assert result(source, POLICY, media)[0] == rows


def test_pictures_that_cannot_be_read_are_found_among_those_that_can(tmp_path: Path) -> None:
    media, names = folder(tmp_path, good=saved(scene()), cut=saved(scene(), "JPEG")[:300], text=b"no picture")
    source = table(
        image=texts(names["cut"], names["good"], "0" * 64, None, names["text"], names["good"]),
        shapes=texts(None, None, None, None, None, '[{"type":"box","x":"a"}]'),
    )
    rows, found = result(source, MIRROR, media)
    assert [row["augmented_from"] for row in rows] == [2]
    assert found == [
        (1, "picture_unreadable", "the picture cannot be read"),
        (3, "picture_unreadable", "the picture cannot be read"),
        (5, "picture_unreadable", "the picture cannot be read"),
        (6, "spans_unfit", "a shape of type 'box' has no corners that can be read"),
    ]


def test_exif_orientation_is_applied_before_shapes_are_moved(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sink = io.BytesIO()
    scene().save(sink, "JPEG", exif=exif, quality=95)
    media, names = folder(tmp_path, turned=sink.getvalue())
    source = table(image=texts(names["turned"]), shapes=texts(json.dumps([BOX])))
    (row,), _found = result(source, MIRROR, media)
    assert opened(media, row["image"]).size == (48, 64)
    assert json.loads(row["shapes"])[0]["x"] == 48 - 4 - 20


def test_joining_is_for_the_fly_and_pictures_need_a_role() -> None:
    with pytest.raises(PlanError, match="policy uses mosaic, which makes one picture of several"):
        step("augment", policy="version: 1\nsteps:\n- use: mosaic\n")
    chosen = step("augment", policy=MIRROR, split_column="")
    with pytest.raises(StepError, match="No column has the role image"):
        chosen.prepare(lambda: iter([table(text=["a"])]), Context({"text": "text"}, media=NoMedia()))
