"""Families of pictures, each trained for seconds on small drawn pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from modeling.engine.data import Examples, Shape
from modeling.engine.errors import BadData, EngineError
from modeling.engine.evaluate import evaluate
from modeling.engine.explain.pictures import attribute_picture
from modeling.engine.families.detector import side_for
from modeling.engine.families.family import TrainingContext
from modeling.engine.families.picture_head import PictureHead
from modeling.engine.training import TrainedModel, TrainingSettings, train
from tests.modeling.engine.pictures.drawn import draw_scene, draw_single

SIDES = ["train"] * 10 + ["validation"] * 3 + ["test"] * 3


def singles(folder: Path, *, grey: bool = False) -> Examples:
    """Return 16 pictures of a disc and 16 of a square."""
    inputs, answers, splits = [], [], []
    for label in ("disc", "square"):
        for number, side in enumerate(SIDES):
            inputs.append(draw_single(folder / f"{label}{number}.png", label, number, grey=grey))
            answers.append(label)
            splits.append(side)
    return Examples.of("image-classification", inputs, answers, splits, ids=[path.name for path in inputs])


def scenes(folder: Path, task: str = "detection") -> Examples:
    """Return 16 pictures of 96 pixels with three things each, and in each split one with none."""
    inputs, answers = [], []
    for number in range(len(SIDES)):
        path = folder / f"{number}.png"
        shapes = draw_scene(path, number, count=0 if number in {0, 10, 13} else 3)
        inputs.append(path)
        answers.append(tuple(outlined(shape) for shape in shapes) if task == "segmentation" else shapes)
    return Examples.of(task, inputs, answers, SIDES, ids=[path.name for path in inputs])


def outlined(shape: Shape) -> Shape:
    (left, top), (right, bottom) = shape.points
    if shape.label == "square":
        return Shape(shape.label, "polygon", ((left, top), (right, top), (right, bottom), (left, bottom)))
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    middle, radius = np.array([left + right, top + bottom]) / 2, (right - left) / 2
    points = middle + radius * np.column_stack([np.cos(turns), np.sin(turns)])
    return Shape(shape.label, "polygon", tuple(map(tuple, points.tolist())))


def test_a_head_on_frozen_vectors_tells_discs_from_squares(tmp_path, cache_dir):
    context = TrainingContext(cache_dir=cache_dir, vectors_dir=tmp_path / "vectors")
    data = singles(tmp_path)
    model = train(data, tmp_path / "model", TrainingSettings(family="picture-head", epochs=15, threads=1), context)
    assert evaluate(model, data, context=context).figures["accuracy"] == 1.0
    again = train(data, tmp_path / "again", TrainingSettings(family="picture-head", epochs=15, threads=1), context)
    assert again.facts == model.facts
    family, place = PictureHead(), data.inputs[0]
    pixels = np.asarray(Image.open(place))[None]
    said = family.pixel_logits(model.folder, model.facts)(pixels)
    assert said == pytest.approx(family.predict(model.folder, model.facts, [place], context), abs=0.02)


def test_a_picture_that_is_cut_off_is_left_out_and_named(tmp_path, cache_dir):
    data = singles(tmp_path)
    whole = data.inputs[3].read_bytes()
    data.inputs[3].write_bytes(whole[: len(whole) // 2])
    notes: list[str] = []
    for family in ("picture-head", "picture-cnn"):
        context = TrainingContext(cache_dir=cache_dir, vectors_dir=tmp_path / "vectors", on_note=notes.append)
        settings = TrainingSettings(family=family, epochs=1, threads=1)
        model = train(data, tmp_path / family, settings, context)
        assert [row["id"] for row in model.facts["left_out"]] == ["disc3.png"]
        assert model.facts["left_out"][0]["reason"].startswith("The picture is damaged or cut off")
        assert model.predictions([data.inputs[3]], context).shape == (1, 2)
    assert len(notes) == 2
    assert notes[0].startswith("1 picture cannot be read and is left out: disc3.png")


def test_pictures_that_cannot_be_read_at_all_stop_the_training(tmp_path):
    data = singles(tmp_path)
    for path in data.inputs:
        path.write_bytes(b"no picture")
    with pytest.raises(BadData, match="None of the train pictures can be read"):
        train(data, tmp_path / "model", TrainingSettings(family="picture-cnn", epochs=1, threads=1))


def test_a_network_from_nothing_learns_grey_pictures(tmp_path):
    data = singles(tmp_path, grey=True)
    model = train(data, tmp_path / "model", TrainingSettings(family="picture-cnn", epochs=25, batch_size=4, threads=1))
    assert model.facts["grey"] is True
    assert model.facts["side"] == 32
    assert evaluate(model, data).figures["accuracy"] == 1.0
    stored = TrainedModel.load(tmp_path / "model")
    assert np.array_equal(stored.predictions(data.inputs), model.predictions(data.inputs))
    path = data.part("test").inputs[0]
    heat = attribute_picture(stored.folder, stored.facts, path, "disc")
    thing = np.asarray(Image.open(path)) > 200
    assert heat.shape == (32, 32)
    assert heat[thing].mean() > heat[~thing].mean()
    with pytest.raises(EngineError, match="The model has no label 'star'"):
        attribute_picture(stored.folder, stored.facts, path, "star")


def test_a_network_that_was_cut_off_goes_on_as_if_it_had_not_been(tmp_path):
    data = singles(tmp_path, grey=True)
    settings = TrainingSettings(family="picture-cnn", epochs=3, batch_size=4, threads=1)
    steps = iter(range(100))
    with pytest.raises(Exception, match="cancelled"):
        train(
            data,
            tmp_path / "broken",
            settings,
            TrainingContext(checkpoints=tmp_path / "kept", cancelled=lambda: next(steps) > 35),
        )
    resumed = train(data, tmp_path / "resumed", settings, TrainingContext(checkpoints=tmp_path / "kept"))
    whole = train(data, tmp_path / "whole", settings)
    assert resumed.facts["history"] == whole.facts["history"]
    first, second = (load_file(tmp_path / name / "network.safetensors") for name in ("resumed", "whole"))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_the_whole_backbone_learns_several_labels(tmp_path):
    data = singles(tmp_path)
    answers = [("round", "red") if answer == "disc" else () for answer in data.answers]
    several = Examples.of("image-multilabel", data.inputs, answers, data.splits)
    settings = TrainingSettings(family="picture-fine-tune", epochs=2, batch_size=4, threads=1)
    model = train(several, tmp_path / "model", settings)
    figures = evaluate(model, several).figures
    assert model.labels == ("red", "round")
    assert figures["micro_f1"] > 0.6


def test_a_detector_finds_boxes_and_leaves_empty_pictures_empty(tmp_path):
    data = scenes(tmp_path)
    settings = TrainingSettings(family="detector", epochs=3, batch_size=4, threads=1)
    model = train(data, tmp_path / "model", settings)
    test = data.part("test")
    made = model.predictions(test.inputs)
    result = evaluate(model, data)
    assert result.figures["map50"] > 0.6
    low, high = result.interval
    assert low <= result.figures["map"] <= high
    assert [row["label"] for row in result.figures["per_class"]] == ["disc", "square"]
    assert max((shape.score for shape in made[0]), default=0) < min(made[1][0].score, made[2][0].score)
    for shape in made[1]:
        (left, top), (right, bottom) = shape.points
        assert 0 <= left < right <= 96
        assert 0 <= top < bottom <= 96
    json.dumps(result.to_dict())
    json.dumps(result.rows)
    stored = TrainedModel.load(tmp_path / "model")
    assert stored.predictions(test.inputs[:1]) == made[:1]


def test_a_detector_has_nothing_to_say_of_a_picture_that_cannot_be_read(tmp_path):
    data = scenes(tmp_path)
    settings = TrainingSettings(family="detector", epochs=1, batch_size=8, threads=1)
    data.inputs[2].write_bytes(b"")
    model = train(data, tmp_path / "model", settings)
    assert model.facts["left_out"] == [
        {"id": "2.png", "reason": "The file is empty: it has no bytes at all. Fetch it again, or leave it out."}
    ]
    assert model.predictions([data.inputs[2], tmp_path / "nowhere.png"]) == [[], []]


def test_pictures_are_read_as_large_as_their_small_shapes_need(tmp_path):
    path = tmp_path / "large.png"
    Image.new("L", (2000, 100)).save(path)

    def of(across: float) -> Examples:
        return Examples("detection", (path,), ((Shape("a", "box", ((0, 0), (across, across))),),), ("train",))

    assert [side_for(of(across)) for across in (60, 40, 30, 8)] == [512, 768, 1024, 1024]
    assert side_for(Examples("detection", (tmp_path / "nowhere.png",), ((),), ("train",))) == 512


def test_a_segmenter_finds_outlines(tmp_path):
    data = scenes(tmp_path, "segmentation")
    settings = TrainingSettings(family="segmenter", epochs=3, batch_size=4, threads=1)
    model = train(data, tmp_path / "model", settings)
    figures = evaluate(model, data).figures
    assert figures["map50"] > 0.5
    best = model.predictions(data.part("test").inputs)[1][0]
    assert best.kind == "polygon"
    assert len(best.points) >= 3


def test_rows_without_any_shape_to_learn_are_refused(tmp_path):
    data = scenes(tmp_path)
    with pytest.raises(BadData, match="No training picture has a shape"):
        Examples.of("detection", data.inputs, [()] * len(data.inputs), data.splits)


def test_a_detector_learns_from_what_a_policy_makes_of_its_pictures(tmp_path):
    policy = {
        "version": 1,
        "steps": [{"use": "turn"}, {"use": "cutout", "size": 0.1}, {"use": "mosaic", "chance": 0.5}],
    }
    settings = TrainingSettings(family="detector", epochs=1, batch_size=8, threads=1, augment=policy)
    data = scenes(tmp_path)
    first, second = (train(data, tmp_path / name, settings) for name in ("first", "second"))
    plain = train(data, tmp_path / "plain", TrainingSettings(family="detector", epochs=1, batch_size=8, threads=1))
    assert first.facts == second.facts
    assert first.facts["history"] != plain.facts["history"]
