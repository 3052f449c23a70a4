"""Texts as rows of an encoder."""

import numpy as np
import pytest

from curation.engine.embedding.table import get_encoder
from modeling.engine.bundle.runtime.words import cut
from modeling.engine.tagging.pieces import window_cutter


@pytest.mark.parametrize(
    ("encoder", "text"),
    [("minilm", "Ann-Lee's trip  to Köln, 2024."), ("e5-small", "我在北京大学读书，Ann Lee 也在。")],
)
def test_every_word_has_its_pieces(encoder: str, text: str) -> None:
    cutter, words = window_cutter(get_encoder(encoder)), cut([text, "", "ok"])
    windows = cutter.cut([text, "", "ok"], words)
    assert [(window.text, window.low, window.high) for window in windows] == [
        (0, 0, len(words) - 1), (2, len(words) - 1, len(words)),
    ]  # fmt: skip
    pieces = [cutter.tokenizer.id_to_token(number) for number in windows[0].ids]
    shown = []
    for word in range(len(words) - 1):
        own = [pieces[at] for at in np.flatnonzero(windows[0].word == word)]
        assert own
        assert windows[0].first[word] == np.flatnonzero(windows[0].word == word)[0]
        assert windows[0].last[word] == np.flatnonzero(windows[0].word == word)[-1]
        shown.append("".join(own).replace("##", "").replace("▁", "").lower())
    plain = [form.lower().replace("ö", "o") if encoder == "minilm" else form.lower() for form in words.form[:-1]]
    assert shown == [form.replace("，", ",") for form in plain]


def test_texts_that_no_tokenizer_takes() -> None:
    texts = ["\ud800 Ann \x00\u200b", "e\u0301\U0001f600 b"]
    words = cut(texts)
    windows = window_cutter(get_encoder("minilm")).cut(texts, words)
    assert [words.form[window.low : window.high][-1] for window in windows] == ["\u200b", "b"]


def test_long_texts_are_read_part_by_part_with_context() -> None:
    text = " ".join(f"w{number}" for number in range(300)) + " " + "x" * 600
    cutter, words = window_cutter(get_encoder("minilm"), longest=64), cut([text])
    windows = cutter.cut([text], words)
    assert max(len(window.ids) for window in windows) <= 64
    assert [window.low for window in windows[1:]] == [window.high for window in windows[:-1]]
    assert (windows[0].low, windows[-1].high) == (0, 301)
    middle = windows[3]
    before = int(np.flatnonzero(middle.word == 0)[0]) - 1
    assert before >= 10
    assert (middle.ids[0], middle.ids[-1]) == (windows[0].ids[0], windows[0].ids[-1])
    assert [cutter.tokenizer.id_to_token(number) for number in middle.ids[middle.first[:1]]] == ["w"]
