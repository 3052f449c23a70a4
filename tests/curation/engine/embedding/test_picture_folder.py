"""Encoders of pictures of the operator: folders that are what they say, and folders that lie."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.folder import ModelFolderUnusable
from curation.engine.embedding.picture import PictureEncoder
from curation.engine.embedding.picture_folder import (
    FolderPictures,
    get_picture_encoder,
    open_picture_encoder,
    picture_encoder_names,
)
from curation.engine.meaning.texts import check_encoder
from tests.curation.engine.embedding.network import graph
from tests.curation.engine.pictures import saved, scene

SETTINGS = {
    "do_center_crop": True,
    "size": {"shortest_edge": 12},
    "crop_size": {"height": 8, "width": 8},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.25, 0.25, 0.25],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tiny"
    graph(made / "model.onnx", ["b", 3, "h", "w"])
    (made / "preprocessor_config.json").write_text(json.dumps(SETTINGS))
    return made


def encoded(folder: Path, tmp_path: Path, *pictures: bytes) -> tuple[np.ndarray, dict[str, str]]:
    """Return the vectors of pictures, and why some have none."""
    files = {}
    for number, data in enumerate(pictures):
        path = tmp_path / f"{number}.png"
        path.write_bytes(data)
        files[hashlib.sha256(data).hexdigest()] = path
    encoder = PictureEncoder(FolderPictures(folder), cache_dir=tmp_path / "cache")
    return encoder.encode(list(files), files.get)


def test_pictures_are_prepared_as_the_folder_says(folder: Path) -> None:
    seen = FolderPictures(folder).prepared(scene(96, 48))
    assert (seen.shape, seen.dtype) == ((3, 8, 8), np.float32)
    white = np.full((20, 30, 3), 255, np.uint8)
    assert FolderPictures(folder).prepared(Image.fromarray(white)) == pytest.approx(np.full((3, 8, 8), 2.0))


@pytest.mark.parametrize("outputs", [("map",), ("map", "image_embeds")])
def test_a_folder_gives_vectors_of_length_one_through_the_cache(
    folder: Path, tmp_path: Path, outputs: tuple[str, ...]
) -> None:
    graph(folder / "model.onnx", ["b", 3, "h", "w"], outputs=outputs)
    vectors, broken = encoded(folder, tmp_path, saved(scene(seed=1)), saved(scene(seed=2)), b"no picture")
    assert vectors.shape == (3, 3)
    assert np.linalg.norm(vectors[:2], axis=1) == pytest.approx(np.ones(2), abs=1e-3)
    assert np.isnan(vectors[2]).all()
    assert len(broken) == 1
    again = PictureEncoder(FolderPictures(folder), cache_dir=tmp_path / "cache")
    again.encode([hashlib.sha256(saved(scene(seed=1))).hexdigest()], lambda _name: None)
    assert again.encoded == 0


def test_other_weights_beside_the_graph_or_another_size_have_another_fingerprint(folder: Path) -> None:
    found = {FolderPictures(folder).fingerprint()}
    (folder / "model.onnx_data").write_bytes(b"weights")
    found.add(FolderPictures(folder).fingerprint())
    (folder / "preprocessor_config.json").write_text(json.dumps({**SETTINGS, "size": 16}))
    found.add(FolderPictures(folder).fingerprint())
    assert len(found) == 3


def test_the_operator_names_folders_and_a_plan_cannot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_ENCODERS", f"tiny={folder}, words=/nowhere")
    assert picture_encoder_names() == ("efficientnet-lite0", "tiny")
    assert get_picture_encoder("tiny").width == 3
    check_encoder("tiny")
    with pytest.raises(EngineError, match="choose one of efficientnet-lite0, tiny"):
        get_picture_encoder(str(folder))
    assert open_picture_encoder(str(folder)).width == 3


def lies(folder: Path, kind: str) -> None:
    settings = dict(SETTINGS)
    if kind == "no graph":
        (folder / "model.onnx").unlink()
    elif kind == "pickle":
        (folder / "model.onnx").rename(folder / "pytorch_model.bin")
    elif kind == "no settings":
        (folder / "preprocessor_config.json").unlink()
        return
    elif kind == "broken graph":
        (folder / "model.onnx").write_bytes(b"\x08\x09not a graph")
    elif kind == "texts":
        words = [
            helper.make_tensor_value_info(name, kind, ["b", "t"])
            for name, kind in (("input_ids", TensorProto.INT64), ("vector", TensorProto.FLOAT))
        ]
        cast = helper.make_node("Cast", ["input_ids"], ["vector"], to=TensorProto.FLOAT)
        body = helper.make_graph([cast], "words", words[:1], words[1:])
        model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, folder / "model.onnx")
    elif kind == "another size":
        graph(folder / "model.onnx", ["b", 3, 224, 224])
    elif kind == "huge":
        settings["crop_size"] = 100_000
    elif kind == "colours":
        settings["image_std"] = [0.2, 0.0, 0.2]
    elif kind == "scale":
        settings["rescale_factor"] = "1/255"
    elif kind == "gone":
        shutil.rmtree(folder)
        return
    (folder / "preprocessor_config.json").write_text(json.dumps(settings) if kind != "no JSON" else "{")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no graph", "holds no model.onnx"),
        ("pickle", "holds pytorch_model.bin and no model.onnx. Such weights can run code"),
        ("no settings", "holds no preprocessor_config.json"),
        ("no JSON", "is not JSON"),
        ("broken graph", "cannot be opened as an ONNX graph"),
        ("texts", "an encoder of pictures takes one input of float32"),
        ("another size", "does not run on two pictures of 8 × 8 pixels"),
        ("huge", "crop_size is a side of 8 to 1024 pixels, not"),
        ("colours", "image_std above 0"),
        ("scale", "rescale_factor is a number"),
        ("gone", "There is no folder"),
    ],
)
def test_a_folder_that_lies_gives_a_sentence(folder: Path, kind: str, words: str) -> None:
    lies(folder, kind)
    with pytest.raises(ModelFolderUnusable, match=words):
        FolderPictures(folder)
