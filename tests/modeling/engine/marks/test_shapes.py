"""Doubts of boxes: real blood cells, some of which have another label."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from curation.engine.embedding.crop import Part, PartEncoder
from curation.engine.embedding.errors import Cancelled
from modeling.engine.marks.shapes import doubt_shapes, usable_shape_labels

DATA = Path(__file__).parents[3] / "data" / "labelerr" / "blood_cells.zip"


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Part], list[str], Path]:
    """All white cells and platelets, and five red cells of each picture, with the folder of the pictures."""
    folder = tmp_path_factory.mktemp("cells")
    parts, labels = [], []
    with zipfile.ZipFile(DATA) as archive:
        for name, boxes in json.loads(archive.read("boxes.json")).items():
            (folder / name).write_bytes(archive.read(name))
            red = 0
            for label, *box in boxes:
                red += label == "RBC"
                if label != "RBC" or red <= 5:
                    parts.append(Part(name, tuple(box)))
                    labels.append(label)
    return parts, labels, folder


def test_exchanged_labels_come_first(cells: tuple[list[Part], list[str], Path]) -> None:
    parts, labels, folder = cells
    encoder = PartEncoder(vectors_dir=folder / "vectors")
    vectors, broken = encoder.encode_parts(parts, lambda name: folder / name)
    assert not broken
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=2e-3)
    wrong = set(range(4, len(labels), 15))
    others = {"RBC": "WBC", "WBC": "Platelets", "Platelets": "RBC"}
    given = [others[label] if row in wrong else label for row, label in enumerate(labels)]
    doubts = doubt_shapes(vectors, given, [part.sha256 for part in parts])
    assert doubts.labels == ["Platelets", "RBC", "WBC"]
    order = doubts.rows[np.argsort(doubts.scores, kind="stable")][: len(wrong)].tolist()
    assert len(set(order) & wrong) >= 0.8 * len(wrong)
    suggested = dict(zip(doubts.rows.tolist(), doubts.suggested, strict=True))
    assert sum(suggested[row] == labels[row] for row in wrong) >= 0.8 * len(wrong)
    seen = encoder.encoded
    again, _broken = encoder.encode_parts(parts, lambda _name: None)
    assert np.array_equal(again, vectors)
    assert encoder.encoded == seen


def test_a_picture_that_is_missing_or_broken_is_named_and_its_shapes_are_not_judged(
    cells: tuple[list[Part], list[str], Path],
) -> None:
    parts, labels, folder = cells
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    odd = [
        Part("broken.jpg", (0, 0, 9, 9)),
        Part("gone.jpg", (0, 0, 9, 9)),
        Part(parts[0].sha256, (-50, -50, -40, -40)),
    ]
    encoder = PartEncoder(vectors_dir=folder / "vectors")
    some = list(zip(parts, labels, strict=True))
    vectors, broken = encoder.encode_parts([*odd, *parts], lambda name: (folder / name) if name != "gone.jpg" else None)
    assert set(broken) == {"broken.jpg", "gone.jpg"}
    assert np.isnan(vectors[:2]).all()
    assert np.isfinite(vectors[2:]).all()
    doubts = doubt_shapes(vectors, ["RBC", "WBC", "RBC", *(label for _part, label in some)], ["x", "y", "z"] + [
        part.sha256 for part in parts
    ])  # fmt: skip
    assert not {0, 1} & set(doubts.rows.tolist())


def test_a_label_must_be_in_pictures_enough() -> None:
    pictures = [str(number) for number in range(5)]
    assert usable_shape_labels(["a"] * 5 + ["b"] * 9, [*pictures, *["0"] * 9]) == ["a"]


def test_encoding_stops_when_asked(cells: tuple[list[Part], list[str], Path], tmp_path: Path) -> None:
    parts, _labels, folder = cells
    with pytest.raises(Cancelled):
        PartEncoder(vectors_dir=tmp_path).encode_parts(parts, lambda name: folder / name, cancelled=lambda: True)


def test_pictures_of_one_are_never_on_both_sides() -> None:
    """Each picture has a mark of its own in its vectors: whoever saw a row of it would know all its labels."""
    random = np.random.default_rng(0)
    pictures = [str(number // 4) for number in range(160)]
    labels = ["ab"[int(random.integers(2))] for _group in range(40) for _row in [0]]
    labels = [labels[number // 4] for number in range(160)]
    vectors = np.zeros((160, 41), np.float32)
    vectors[np.arange(160), [int(picture) for picture in pictures]] = 1
    doubts = doubt_shapes(vectors, labels, pictures)
    assert doubts.accuracy < 0.75


def test_bytes_of_the_small_set_are_pictures() -> None:
    from PIL import Image

    with zipfile.ZipFile(DATA) as archive:
        names = [name for name in archive.namelist() if name.endswith(".jpg")]
        assert {Image.open(io.BytesIO(archive.read(name))).size for name in names} == {(320, 240)}
