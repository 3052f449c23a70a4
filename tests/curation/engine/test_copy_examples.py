"""Copies as a preview shows them, in this process and in one of its own."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from curation.engine.media import hash_of
from curation.engine.plan import Plan
from curation.engine.preview import preview_plan
from curation.engine.preview_process import preview_apart
from tests.curation.engine.pictures import saved, scene
from tests.curation.engine.stepping import table, texts

SPANS = "version: 1\nsteps:\n- use: delete_words\n  share: 0.2\n"
MIRROR = "version: 1\nsteps:\n- use: mirror\n"
BOX = {"id": "1", "type": "box", "x": 4, "y": 8, "width": 20, "height": 10, "label": "a"}


def plan(policy: str) -> Plan:
    return Plan.from_json({"steps": [{"name": "augment", "params": {"policy": policy, "split_column": ""}}]})


def test_texts_stand_beside_their_copies_with_their_spans() -> None:
    source = table(
        text=["Ann Lee lives in New York because friends work there", "nothing named here at all"],
        entities=['[{"start":0,"end":7,"label":"PER"},{"start":17,"end":25,"label":"LOC"}]', "[]"],
    )
    for tried in (preview_plan, preview_apart):
        (step,) = tried(plan(SPANS), source, {"text": "text"}, seconds=60)
        assert (step.error, step.rows_in, step.rows_out, step.added) == ("", 2, 4, 2)
        first, second = step.copies
        assert (first.item_id, first.by, second.item_id) == (1, "delete_words", 2)
        assert first.before.spans == [[0, 7, "PER"], [17, 25, "LOC"]]
        assert [first.after.text[start:end] for start, end, _label in first.after.spans] == ["Ann Lee", "New York"]
        assert len(first.after.text) < len(first.before.text)


def test_pictures_stand_beside_their_copies_with_their_shapes(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    path.write_bytes(saved(scene()))
    away = "0" * 64
    source = table(
        image=texts(away, hash_of(path)),
        image_width=pa.array([64, 64]),
        image_height=pa.array([48, 48]),
        shapes=texts(None, json.dumps([BOX, {**BOX, "x": 30}])),
    )
    (step,) = preview_apart(plan(MIRROR), source, {"image": "image"}, seconds=60, pictures={hash_of(path): path})
    assert (step.error, step.added, step.found) == ("", 1, {})
    (copy,) = step.copies
    assert copy.item_id == 2
    assert copy.before.size == copy.after.size == [64, 48]
    assert [shape["x"] for shape in copy.after.shapes] == [40, 14]
    assert copy.before.picture.startswith("data:image/png;base64,")
    assert copy.before.picture != copy.after.picture


def test_a_long_text_is_cut_with_its_spans() -> None:
    text = "word " * 200
    source = table(text=[text], entities=['[{"start":0,"end":4,"label":"a"},{"start":900,"end":904,"label":"b"}]'])
    (step,) = preview_plan(plan(SPANS), source, {"text": "text"})
    (copy,) = step.copies
    assert len(copy.before.text) == 600
    assert copy.before.spans == [[0, 4, "a"]]
    assert np.array(copy.after.spans)[0, 2] == "a"
