"""Encoding, its cache, and the choice of encoder."""

import numpy as np
import pytest

from curation.engine.embedding import choose_encoder, encode
from modeling.engine.errors import Cancelled, EngineError

TEXTS = ["Free entry to win a prize now", "See you at lunch", "WIN a free prize, enter now!", "", "See you at lunch"]


def test_vectors_have_length_one_and_near_texts_are_near(cache_dir):
    vectors = encode(TEXTS, cache_dir=cache_dir)
    assert vectors.shape == (5, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    assert vectors[0] @ vectors[2] > 0.6 > 0.3 > vectors[0] @ vectors[1]


def test_equal_texts_get_equal_vectors_whatever_stands_beside_them(cache_dir, tmp_path):
    together = encode(TEXTS, cache_dir=cache_dir)
    (tmp_path / "other").mkdir()
    for graph in cache_dir.glob("*.onnx"):
        (tmp_path / "other" / graph.name).hardlink_to(graph)
    alone = encode([TEXTS[1]], cache_dir=tmp_path / "other")
    assert np.array_equal(together[1], together[4])
    assert np.array_equal(together[1], alone[0])


def test_int8_stays_near_float(cache_dir):
    both = encode(TEXTS, cache_dir=cache_dir), encode(TEXTS, cache_dir=cache_dir, precision="fp32")
    assert (both[0] * both[1]).sum(axis=1).min() > 0.97


def test_nothing_is_encoded_twice(cache_dir):
    encode(TEXTS, cache_dir=cache_dir)
    seen = []
    encode(TEXTS, cache_dir=cache_dir, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(5, 5)]


def test_cancelled_before_the_first_chunk(cache_dir):
    with pytest.raises(Cancelled):
        encode(["a text that nobody has encoded before"], cache_dir=cache_dir, cancelled=lambda: True)


def test_unknown_encoder_names_the_known_ones(cache_dir):
    with pytest.raises(EngineError, match="minilm, e5-small"):
        encode(TEXTS, encoder="bert", cache_dir=cache_dir)


@pytest.mark.parametrize(
    ("texts", "name", "words"),
    [
        (["Hello there"], "minilm", "Latin"),
        (["房间很好，服务不错", "ok"], "e5-small", "Chinese"),
        (["Привет, как дела"], "e5-small", "Cyrillic"),
        (["123", "!?"], "minilm", "no letters"),
    ],
)
def test_encoder_follows_the_script_and_says_why(texts, name, words):
    choice = choose_encoder(texts)
    assert choice.name == name
    assert words in choice.reason
