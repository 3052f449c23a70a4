import numpy as np
import pytest

from modeling.engine.compress.lesson import check_teacher, lesson_texts, made_texts, soften
from modeling.engine.data import Examples
from modeling.engine.errors import EngineError
from modeling.engine.training import TrainedModel

DATA = Examples.of(
    "text-classification",
    ["one two three four", "five six seven eight", "held out", "never seen"],
    ["a", "b", "a", "b"],
    ["train", "train", "validation", "test"],
)


def test_a_lesson_has_training_texts_and_no_text_of_another_split():
    given = lesson_texts(DATA, ["more", "held out", "never seen", "more", "one two three four"], 5, seed=0)
    assert given["labeled"] == ["one two three four", "five six seven eight"]
    assert given["unlabeled"] == ["more"]
    assert len(given["made"]) == 5
    assert not {"held out", "never seen"} & set(given["made"])


def test_made_texts_are_of_words_of_others_and_the_same_for_a_seed():
    texts = ["one two three four five", "酒店很好，服务周到。"]
    made = made_texts(texts, 15, seed=1, without=set(texts))
    assert made == made_texts(texts, 15, seed=1, without=set(texts))
    assert len(set(made)) == len(made) == 15
    assert set("".join(made)) <= set("".join(texts))
    assert any("酒店" in text and "周到" not in text for text in made)
    assert made_texts([], 5, seed=0, without=set()) == []
    assert made_texts(["a b"], 5, seed=0, without=set()) == []


def test_a_temperature_softens_and_leaves_the_likeliest():
    raw = np.array([[4.0, 0.0], [0.0, 2.0]])
    plain = soften(raw, {"temperature": 2.0}, "text-classification", 1.0)
    soft = soften(raw, {"temperature": 2.0}, "text-classification", 2.0)
    assert plain[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert soft[0, 0] == pytest.approx(1 / (1 + np.exp(-1)))
    assert soft.sum(axis=1) == pytest.approx([1, 1])


def test_a_label_stays_given_where_its_threshold_says():
    facts = {"temperature": 1.0, "thresholds": [0.2, 0.5]}
    raw = np.array([[np.log(0.2 / 0.8), 1.0]])
    soft = soften(raw, facts, "text-multilabel", 3.0)
    assert soft[0, 0] == pytest.approx(0.5)
    assert soft[0, 1] == pytest.approx(1 / (1 + np.exp(-1 / 3)))


def test_only_models_of_the_same_labels_of_texts_teach(tmp_path):
    good = {"task": "text-classification", "labels": ["a", "b"]}
    check_teacher(TrainedModel(tmp_path, good), DATA)
    for facts in ({**good, "task": "ner"}, {**good, "labels": ["a", "c"]}):
        with pytest.raises(EngineError) as caught:
            check_teacher(TrainedModel(tmp_path, facts), DATA)
        assert caught.value.code == "wrong_teacher"
