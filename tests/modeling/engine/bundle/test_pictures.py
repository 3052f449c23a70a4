"""Bundles of pictures: parity, the standalone script, and pictures that nobody has checked."""

import base64
import io
import json
import subprocess
import sys
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest
from PIL import Image

from curation.engine.pictures.decode import PictureError, decode
from modeling.engine.bundle import ExportResult, export_bundle, verify_bundle
from modeling.engine.bundle.picture_graphs import int8_weights
from modeling.engine.bundle.runtime.pixels import loaded_from
from modeling.engine.data import Examples
from modeling.engine.errors import BundleInvalid, InputRefused
from modeling.engine.serving import Predictor
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train
from tests.modeling.engine.bundle.test_verify import members_of, write
from tests.modeling.engine.conftest import CREATED_AT
from tests.modeling.engine.families.test_pictures import scenes, singles
from tests.sharing import made_once

# Epochs: parity is asked, not skill.
FAMILIES = {"picture-head": 5, "picture-fine-tune": 1, "picture-cnn": 4, "detector": 1, "segmenter": 1}


class Shipped(NamedTuple):
    """A trained model, its rows, and its bundle in int8."""

    model: TrainedModel
    data: Examples
    bundle: ExportResult


def shipped(family: str, cache_dir: Path) -> Shipped:
    """Return a family's model and bundle; the network from nothing learns several labels."""

    def make(folder: Path) -> Shipped:
        data = rows(family, folder)
        settings = TrainingSettings(family=family, epochs=FAMILIES[family], batch_size=4, threads=1)
        context = TrainingContext(cache_dir=cache_dir, vectors_dir=folder / "vectors")
        model = train(data, folder / "model", settings, context)
        return Shipped(model, data, sent(model, data, folder / "bundle.zip", "int8"))

    return made_once(f"shipped-{family}", make)


def plain_bundle(family: str, model: TrainedModel, data: Examples) -> ExportResult:
    """Return the bundle of a model in float32."""
    return made_once(f"plain-{family}", lambda folder: sent(model, data, folder / "plain.zip", "fp32"))


def rows(family: str, folder: Path) -> Examples:
    if family in {"detector", "segmenter"}:
        return scenes(folder, "segmentation" if family == "segmenter" else "detection")
    data = singles(folder, grey=family == "picture-cnn")
    if family != "picture-cnn":
        return data
    answers = [("round", "red") if answer == "disc" else () for answer in data.answers]
    return Examples.of("image-multilabel", data.inputs, answers, data.splits, ids=data.ids)


def sent(model: TrainedModel, data: Examples, out: Path, rung: str, **given) -> ExportResult:
    # On six test rows one changed answer is many points; the real limit is tested on whole sets.
    return export_bundle(model, data, out, created_at=CREATED_AT, rungs=[rung], limit_points=100.0, **given)


def as_bytes(image: Image.Image, kind: str = "PNG", **given) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **given)
    return stream.getvalue()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_bundle_answers_as_its_model(family, cache_dir):
    model, data, bundle = shipped(family, cache_dir)
    assert bundle.rungs[0]["same_answer"] >= 0.5
    assert bundle.manifest["needs"] == ["numpy", "onnxruntime", "pillow"]
    plain = plain_bundle(family, model, data)
    assert plain.rungs[0]["same_answer"] == 1.0
    # Vectors of the frozen backbone are kept in half precision while learning, maps of the detector as well.
    assert plain.rungs[0]["largest_difference"] < 0.01
    assert bundle.rungs[0]["bytes"] < plain.rungs[0]["bytes"] / 2.5


def test_the_graph_of_masks_lies_beside_and_is_checked_as_the_other_is(cache_dir, tmp_path):
    bundle = shipped("segmenter", cache_dir).bundle
    members = members_of(bundle.path)
    assert {name for name in members if name.endswith(".onnx")} == {"model.onnx", "masks.onnx"}
    assert bundle.manifest["graph"]["outputs"] == ["heat", "distances", "fourth", "neck"]
    model = onnx.load_model_from_string(members["masks.onnx"])
    model.graph.node[0].domain = "evil.example"
    members["masks.onnx"] = model.SerializeToString()
    with pytest.raises(BundleInvalid, match=r"masks\.onnx uses operators of 'evil\.example'"):
        verify_bundle(write(tmp_path / "b.zip", members, list_again=True))


@pytest.mark.parametrize("family", ["picture-head", "segmenter"])
def test_the_standalone_script_answers_without_our_packages(family, cache_dir, tmp_path):
    _model, data, bundle = shipped(family, cache_dir)
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(tmp_path)
    path = data.part("test").inputs[1]
    program = [sys.executable, "-I", str(tmp_path / "predict.py"), str(path), str(tmp_path / "nowhere.png")]
    done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "2: The picture's file cannot be read (No such file or directory).\n"
    assert json.loads(done.stdout) == Predictor(bundle.path).predict([path.read_bytes()])[0]
    loaded = "import sys, runtime.pictures, runtime.shapes; print({'curation', 'modeling'} & set(sys.modules))"
    alone = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert alone.stdout == "set()\n"


def test_shapes_lie_in_the_pixels_of_the_upright_original(cache_dir):
    _model, data, bundle = shipped("detector", cache_dir)
    image = Image.open(data.part("test").inputs[1])
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = Image.new("RGB", (448, 224), (128, 130, 126))
    wide.paste(image.resize((224, 224)))
    plain, turned, large = Predictor(bundle.path).predict(
        [as_bytes(wide.rotate(-90, expand=True)), as_bytes(wide, exif=exif), as_bytes(wide.resize((1400, 700)))]
    )
    assert plain == turned
    for answer, size in ((plain, (224, 448)), (large, (1400, 700))):
        assert (answer["width"], answer["height"]) == size
        corners = np.array([shape["points"] for shape in answer["shapes"]])
        assert (corners[:, 0] >= 0).all()
        assert (corners[:, 0] < corners[:, 1]).all()
        assert (corners[:, 1] <= size).all()
        # The scene fills the left half, or the upper one.
        assert corners.max() > max(size) / 3


def odd_pictures() -> dict[str, bytes]:
    """Return pictures that are odd, broken or none at all."""
    scene = Image.effect_mandelbrot((48, 40), (-2, -1.2, 1, 1.2), 90)
    exif = Image.Exif()
    exif[0x0112] = 8
    palette = scene.convert("P")
    palette.info["transparency"] = 0
    bomb = bytearray(as_bytes(scene))
    bomb[16:24] = (50_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    wide = Image.fromarray((np.arange(48 * 40).reshape(40, 48) * 30).astype(np.uint16))
    return {
        "bomb": bytes(bomb),
        "cut": as_bytes(scene.convert("RGB"), "JPEG")[:300],
        "text": b"a letter, no picture",
        "nothing": b"",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "cmyk": as_bytes(scene.convert("CMYK"), "JPEG"),
        "sixteen": as_bytes(wide),
        "turned": as_bytes(scene.convert("RGB"), "JPEG", exif=exif),
        "one": as_bytes(scene.crop((3, 3, 4, 4))),
        "line": as_bytes(scene.resize((900, 1))),
        "palette": as_bytes(palette, transparency=0),
        "alpha": as_bytes(scene.convert("LA")),
        "animated": as_bytes(scene, "GIF", save_all=True, append_images=[scene.rotate(90)]),
    }


@pytest.mark.parametrize("name", odd_pictures())
def test_an_odd_picture_gets_the_engines_answer_or_its_refusal(name, cache_dir, tmp_path):
    content = odd_pictures()[name]
    path = tmp_path / "odd"
    path.write_bytes(content)
    try:
        decode(content, side=64)
        refusal = None
    except PictureError as error:
        refusal = error
    assert (refusal is not None) == (name in {"bomb", "cut", "text", "nothing", "svg"})
    for family in ("picture-cnn", "segmenter"):
        model, data, _bundle = shipped(family, cache_dir)
        predictor = Predictor(plain_bundle(family, model, data).path)
        if refusal is not None:
            with pytest.raises(InputRefused) as refused:
                predictor.predict([content])
            assert (refused.value.code, str(refused.value)) == (refusal.code, f"Input 0: {refusal.message}")
            continue
        (answer,) = predictor.predict([content])
        (expected,) = model.predictions([path])
        if family == "picture-cnn":
            assert list(answer["probabilities"].values()) == pytest.approx(expected.tolist(), abs=1e-4)
        else:
            # The engine's maps are in half precision, so the least likely shapes may come and go.
            scores = [shape["score"] for shape in answer["shapes"][:3]]
            assert scores == pytest.approx([shape.score for shape in expected[:3]], abs=0.01)
            assert loaded_from(content, 64).pixels.ndim == 3


def test_pictures_come_as_bytes_or_base64_and_a_string_is_never_a_path(cache_dir):
    _model, data, bundle = shipped("picture-cnn", cache_dir)
    path = data.inputs[0]
    content, predictor = path.read_bytes(), Predictor(bundle.path)
    text = base64.b64encode(content).decode()
    lines = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    answers = predictor.predict([content, text, lines, f"data:image/png;base64,{text}", path])
    assert all(answer == answers[0] for answer in answers)
    for given, code in [(str(path), "not_base64"), ("https://example.org/a.png", "not_base64"), (7, "not_a_picture")]:
        with pytest.raises(InputRefused) as refused:
            predictor.predict([given])
        assert refused.value.code == code


def test_test_pictures_that_cannot_be_read_are_named_and_not_counted(cache_dir, tmp_path):
    model, data, _bundle = shipped("picture-cnn", cache_dir)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    place = data.splits.index("test")
    inputs = (*data.inputs[:place], broken, *data.inputs[place + 1 :])
    notes: list[str] = []
    told = TrainingContext(on_note=notes.append)
    made = sent(model, replace(data, inputs=inputs), tmp_path / "b.zip", "int8", context=told)
    assert made.metrics["bundle"]["rows"] == data.splits.count("test") - 1
    said = "1 test row cannot be read and is not counted: disc13.png: This is no picture of a known format (JPEG, PNG, "
    assert notes == [said + "WEBP, GIF, BMP, TIFF, AVIF)."]


def test_convolutions_are_int8_and_the_last_layer_is_not(cache_dir):
    bundle = shipped("picture-cnn", cache_dir).bundle
    graph = onnx.load_model_from_string(members_of(bundle.path)["model.onnx"]).graph
    shrunk = {
        tensor.name: list(tensor.dims) for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8
    }
    assert sum(len(shape) == 4 for shape in shrunk.values()) == 6
    assert not any(len(shape) == 2 for shape in shrunk.values())
    largest = [np.abs(onnx.numpy_helper.to_array(one)).max() for one in graph.initializer if one.name in shrunk]
    # Seven bits, so that no processor's sums saturate.
    assert max(largest) <= 64


def test_equal_input_gives_equal_bytes(cache_dir, tmp_path):
    model, data, bundle = shipped("picture-cnn", cache_dir)
    assert sent(model, data, tmp_path / "again.zip", "int8").sha256 == bundle.sha256


def test_weights_in_int8_change_a_result_by_half_a_step_at_most():
    generator = np.random.default_rng(0)
    weights = generator.normal(size=(40, 30)).astype(np.float32)
    node = onnx.helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)
    values = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, size])
        for name, size in (("x", 30), ("y", 40))
    ]
    graph = onnx.helper.make_graph([node], "g", values[:1], values[1:], [onnx.numpy_helper.from_array(weights, "w")])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    small = onnx.load_model_from_string(int8_weights(model.SerializeToString()))
    kept = {one.name: onnx.numpy_helper.to_array(one) for one in small.graph.initializer}
    rebuilt = kept["w_int8"] * kept["w_scale"][:, None]
    assert (np.abs(rebuilt - weights) <= kept["w_scale"][:, None] / 2 * 1.001).all()
    assert kept["w_int8"].dtype == np.int8
