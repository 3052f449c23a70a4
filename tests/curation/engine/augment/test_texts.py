import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from curation.engine.augment import Policy, TextAugmenter, augment_text, read_policy
from curation.engine.augment.learnt import Learnt, learn
from curation.engine.augment.text import SpansError
from curation.engine.augment.texts.letters import keyboard, misread
from curation.engine.augment.texts.spelling import misspellings
from curation.engine.augment.words import words_of

DATA = Path(__file__).resolve().parents[3] / "data" / "labelerr" / "wnut17_900.jsonl.gz"
CHINESE = [
    {"text": "他在北京大學讀書，現在住在上海。", "spans": [{"start": 2, "end": 6, "label": "ORG"}]},
    {"text": "我的朋友在台灣的公司工作", "spans": [{"start": 5, "end": 7, "label": "LOC"}]},
    {"text": "這是我們的城市的歷史", "spans": []},
]
PLAIN = ("keyboard", "ocr", "letters", "spelling", "swap_words", "delete_words", "split_words", "tfidf")
NEW_YORK = {"start": 12, "end": 20, "label": "LOC", "id": "a", "text": "New York"}
SENTENCE = "She lives in New York because friends work there"


def policy(use: str, **settings: Any) -> Policy:
    return read_policy(json.dumps({"version": 1, "steps": [{"use": use, **settings}]}))


def wnut() -> list[dict[str, Any]]:
    with gzip.open(DATA, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream][:300]
    spans = [[{"start": start, "end": end, "label": label} for start, end, label in row["spans"]] for row in rows]
    return [{"text": row["text"], "spans": each} for row, each in zip(rows, spans, strict=True)]


def provenance(before: str, steps: list[Any]) -> list[int | None]:
    """Return for each code point of the last text the place in the first that it comes from, None for a new one.

    It knows nothing of spans: whoever compares it with them has a second opinion.
    """
    places: list[int | None] = list(range(len(before)))
    for step in steps:
        for edit in reversed(step.edits):
            places[edit.start : edit.end] = [None] * len(edit.new)
    return places


@pytest.mark.parametrize("use", PLAIN)
def test_every_augmentation_keeps_every_span(use: str) -> None:
    rows = [*wnut(), *CHINESE]
    chosen = policy(use, share=0.3, inside_spans=True)
    learnt = learn(chosen, [row["text"] for row in rows])
    changed = 0
    for number, row in enumerate(rows):
        made = augment_text(row["text"], row["spans"], chosen, number, learnt)
        changed += made.text != row["text"]
        places = provenance(row["text"], made.edits)
        assert len(places) == len(made.text)
        assert all(place is None or row["text"][place] == made.text[new] for new, place in enumerate(places))
        for old, new in zip(row["spans"], made.spans, strict=True):
            inside = [place for place in places[new["start"] : new["end"]] if place is not None]
            outside = [place for place in places[: new["start"]] + places[new["end"] :] if place is not None]
            assert all(old["start"] <= place < old["end"] for place in inside)
            assert not any(old["start"] <= place < old["end"] for place in outside)
            quote = made.text[new["start"] : new["end"]]
            assert quote.strip() == quote != ""
    assert changed > 250


@pytest.mark.parametrize("use", PLAIN)
def test_words_in_spans_stay_when_asked(use: str) -> None:
    rows = [*wnut()[:200], *CHINESE]
    chosen = policy(use, share=0.5, inside_spans=False)
    learnt = learn(chosen, [row["text"] for row in rows])
    for number, row in enumerate(rows):
        made = augment_text(row["text"], row["spans"], chosen, number, learnt)
        quoted = [made.text[span["start"] : span["end"]] for span in made.spans]
        assert quoted == [row["text"][span["start"] : span["end"]] for span in row["spans"]]


@pytest.mark.parametrize(
    ("use", "settings", "text"),
    [
        ("keyboard", {"share": 1.0}, None),
        ("swap_words", {"share": 0.2}, None),
        ("delete_words", {"share": 1.0}, None),
    ],
)
def test_equal_seeds_give_equal_texts_and_others_others(use: str, settings: dict[str, Any], text: None) -> None:
    chosen = policy(use, **settings)
    found = {augment_text(SENTENCE, [], chosen, seed).text for seed in range(20)}
    assert augment_text(SENTENCE, [], chosen, 3) == augment_text(SENTENCE, [], chosen, 3)
    assert len(found) > 1


def test_the_maps_are_those_of_nlpaug() -> None:
    assert keyboard("en")["q"] == ["a", "s", "w"]
    assert "z" in keyboard("de")["t"]
    assert misread()["l"] == ["1"]
    assert "recieve" in misspellings()["receive"]
    assert all(key.isalpha() and len(key) == 1 for key in keyboard("en"))


def test_addresses_mentions_tags_numbers_and_placeholders_are_left_alone() -> None:
    assert words_of("See https://a.org/b @ann #tag ann@b.de v2.0 [NAME] <b> don't wait, now!") == [
        "see", "don't", "wait", "now",
    ]  # fmt: skip
    assert words_of("我在Berlin工作2年") == ["我", "在", "berlin", "工", "作", "年"]


def test_a_deletion_takes_one_blank_with_it_and_leaves_a_word() -> None:
    chosen = policy("delete_words", share=1.0, inside_spans=True)
    assert augment_text("one two three", [], chosen, 0).text in {"one", "two", "three"}
    assert augment_text("one", [], chosen, 0).edits == []
    assert augment_text("Hello, world", [], chosen, 1).text in {"Hello, world", "world", "Hello,"}


def test_quotes_and_other_keys_go_along() -> None:
    made = augment_text(SENTENCE, [{**NEW_YORK, "start": 13, "end": 21}], policy("delete_words", share=0.5), 1)
    (span,) = made.spans
    assert (span["id"], span["label"], span["text"]) == ("a", "LOC", "New York")
    assert made.text[span["start"] : span["end"]] == "New York"
    assert made.text != SENTENCE


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ({"start": 5, "end": 99}, "span 1 reaches from 5 to 99; the text has 48 characters"),
        ({"start": 5, "end": 5}, "span 1 reaches from 5 to 5; the text has 48 characters"),
        ({"start": "5", "end": 8}, "span 1 reaches from '5' to 8; the text has 48 characters"),
        ({"start": 13, "end": 21, "text": "York"}, "span 1 quotes 'York', where the text reads 'New York'"),
    ],
)
def test_spans_that_do_not_fit_are_refused(span: dict[str, Any], said: str) -> None:
    with pytest.raises(SpansError, match=said):
        augment_text(SENTENCE, [span], policy("ocr"), 0)


@pytest.mark.parametrize("text", ["", "  \n ", "12345", "😀😀", "https://example.org"])
def test_texts_without_a_word_stay(text: str) -> None:
    for use in PLAIN:
        assert augment_text(text, [], policy(use), 0, learn(policy(use), ["a word or two"])).edits == []


def test_a_very_long_text_is_done_in_time_and_a_longer_one_stays() -> None:
    text = "seven letters " * 70_000
    made = augment_text(text, [{"start": 0, "end": 5}], policy("swap_words", share=0.1), 0)
    assert made.spans == [{"start": 0, "end": 5}]
    assert len(made.edits[0].edits) > 9_000
    assert augment_text("a long word " * 90_000, [], policy("swap_words"), 0).edits == []


def test_uninformative_words_are_exchanged_for_uninformative_ones() -> None:
    texts = ["the film was a joy", "the film was the worst", "a joy for the eye", "the plot was a mess", "the end"]
    chosen = policy("tfidf", share=0.2)
    learnt = learn(chosen, texts)
    assert learnt.weights is not None
    assert learnt.weights.idf["the"] == 0.0
    made = {augment_text("the plot was a mess", [], chosen, seed, learnt).text for seed in range(40)}
    assert all("plot" in text and "mess" in text for text in made)
    with pytest.raises(ValueError, match=r"call learn\(\) with the training texts first"):
        augment_text("the plot was a mess", [], chosen, 0)


def test_chinese_characters_change_places_go_and_are_exchanged() -> None:
    row = CHINESE[0]
    texts = [each["text"] for each in CHINESE]
    for use in ("swap_words", "delete_words", "tfidf"):
        chosen = policy(use, share=0.2)
        made = augment_text(row["text"], row["spans"], chosen, 1, learn(chosen, texts))
        assert made.text != row["text"]
        assert "北京大學" in made.text
        assert "，" in made.text
    for use in ("keyboard", "ocr", "letters", "spelling", "split_words"):
        assert augment_text(row["text"], row["spans"], policy(use), 1).edits == []


def test_on_the_fly_the_same_row_and_epoch_give_the_same_text() -> None:
    augment = TextAugmenter(policy("letters", share=0.5), seed=4, learnt=Learnt())
    spans = [{"start": 13, "end": 21, "label": "LOC"}]
    assert augment(SENTENCE, spans, row=1, epoch=0) == augment(SENTENCE, spans, row=1, epoch=0)
    epochs = {augment(SENTENCE, spans, row=1, epoch=epoch)[0] for epoch in range(5)}
    assert len(epochs) > 2


def test_a_chance_is_how_often_a_step_is_applied() -> None:
    chosen = policy("swap_words", chance=0.25)
    changed = sum(augment_text(SENTENCE, [], chosen, seed).text != SENTENCE for seed in range(400))
    assert 70 < changed < 130
