"""Substitutions by the encoder that ships with the service."""

from pathlib import Path

import pytest

from curation.engine.augment import augment_text, read_policy
from curation.engine.augment.learnt import learn
from curation.engine.augment.neighbours import NothingLearnt

WORDS = ["good", "great", "nice", "bad", "awful", "film", "movie", "dog", "cat", "car", "house", "water"]
TEXTS = [f"{left} {right}" for left in WORDS for right in WORDS]
POLICY = "version: 1\nsteps:\n- use: contextual\n  share: 0.1\n  least: {}\n"
SPANS = [{"start": 4, "end": 8, "label": "WORK"}]


def test_a_word_gives_way_to_the_one_that_keeps_the_meaning_nearest(tmp_path: Path) -> None:
    policy = read_policy(POLICY.format(0.5))
    learnt = learn(policy, TEXTS, vectors=tmp_path)
    assert learnt.neighbours is not None
    assert learnt.neighbours.near["film"][0] == "movie"
    text = "the film was seen by some crowd in town"
    made = augment_text(text, SPANS, policy, 0, learnt)
    # Of its words the training texts know film alone twice, and it is in a span.
    assert made.edits == []
    inside = read_policy(POLICY.format(0.5) + "  inside_spans: true\n")
    made = augment_text(text, SPANS, inside, 0, learnt)
    assert made.text == "the movie was seen by some crowd in town"
    assert made.spans == [{"start": 4, "end": 9, "label": "WORK"}]
    strict = read_policy(POLICY.format(1.0) + "  inside_spans: true\n")
    assert augment_text(text, SPANS, strict, 0, learnt).text == text


def test_chinese_texts_have_nothing_to_try() -> None:
    with pytest.raises(NothingLearnt, match="contextual finds no words to try"):
        learn(read_policy(POLICY.format(0.9)), ["我的朋友在台灣工作", "我的朋友在上海工作"])
    with pytest.raises(ValueError, match="was not given what it learns"):
        augment_text("a good film", [], read_policy(POLICY.format(0.9)), 0)
