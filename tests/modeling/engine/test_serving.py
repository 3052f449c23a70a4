"""The predictor: limits, odd texts, many threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from modeling.engine.errors import InputRefused
from modeling.engine.serving import Predictor


@pytest.fixture(scope="module")
def predictor(exported) -> Predictor:
    return Predictor(exported.path)


def test_probabilities_sum_to_one_and_the_label_is_the_likeliest(predictor):
    spam, ham = predictor.predict(["FREE entry! Text WIN to 80086 now to claim your prize", "ok, see you at home then"])
    assert (spam["label"], ham["label"]) == ("spam", "ham")
    for answer in (spam, ham):
        assert sum(answer["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
        assert answer["label"] == max(answer["probabilities"], key=answer["probabilities"].get)


def test_a_text_gets_the_same_answer_alone_and_among_others(predictor):
    texts = ["hello", "WIN a prize", "a" * 5000]
    assert predictor.predict(texts)[1] == predictor.predict(["WIN a prize"])[0]


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "😀" * 100, "\u202e"])
def test_odd_texts_are_answered(predictor, text):
    assert predictor.predict([text])[0]["label"] in {"ham", "spam"}


def test_many_threads_get_the_answers_of_one(predictor):
    texts = [f"message number {i}, call {i}" for i in range(24)]
    expected = predictor.predict(texts)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: predictor.predict([text])[0], texts)) == expected


@pytest.mark.parametrize(
    ("texts", "code"),
    [(["x"] * 257, "too_many_inputs"), (["x" * 20_001], "text_too_long"), (["ok", 5], "not_a_text")],
)
def test_limits(predictor, texts, code):
    with pytest.raises(InputRefused) as refused:
        predictor.predict(texts)
    assert refused.value.code == code


def test_nothing_gives_nothing(predictor):
    assert predictor.predict([]) == []
