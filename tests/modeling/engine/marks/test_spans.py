"""Doubts of spans: real tweets and Chinese sentences in which some marks were damaged."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from curation.engine.embedding.errors import Cancelled
from modeling.engine.bundle.runtime.words import cut
from modeling.engine.marks.features import features_of
from modeling.engine.marks.search import Told, search_spans
from modeling.engine.marks.spans import Marks, SpanDoubt, usable_span_labels, without_prior
from modeling.engine.marks.words import Stretches, stretches_in

DATA = Path(__file__).parents[3] / "data"
Rows = list[tuple[int, int, int, str]]


def marks_of(rows: Rows) -> Marks:
    text, start, end, label = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Marks(np.array(text, np.int64), np.array(start, np.int64), np.array(end, np.int64), label)


def tweets(count: int = 900) -> tuple[list[str], Rows]:
    with gzip.open(DATA / "labelerr" / "wnut17_900.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][:count]
    return [row["text"] for row in rows], [(n, *span) for n, row in enumerate(rows) for span in row["spans"]]


def chinese() -> tuple[list[str], Rows]:
    with gzip.open(DATA / "pii" / "pii_zh_synth.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    kept = [(row["text"], row["spans"]) for row in rows]
    return [text for text, _spans in kept], [
        (n, span["start"], span["end"], span["label"]) for n, (_text, spans) in enumerate(kept) for span in spans
    ]


def damage(rows: Rows, texts: list[str]) -> tuple[Rows, dict[str, set[tuple[int, int, int]]]]:
    """Take each 30th mark away, give each 30th another label, and mark something else in as many texts."""
    labels = sorted({row[3] for row in rows})
    wrong: dict[str, set[tuple[int, int, int]]] = {"label": set(), "spurious": set(), "overlooked": set()}
    kept: Rows = []
    for number, row in enumerate(rows):
        if number % 30 == 7:
            wrong["overlooked"].add(row[:3])
        elif number % 30 == 17:
            kept.append((*row[:3], labels[(labels.index(row[3]) + 1) % len(labels)]))
            wrong["label"].add(row[:3])
        else:
            kept.append(row)
    words, random = cut(texts), np.random.default_rng(0)
    marked = {(row[0], place) for row in rows for place in range(row[1], row[2])}
    while len(wrong["spurious"]) < len(wrong["label"]):
        word = int(random.integers(len(words)))
        place = int(words.text[word]), int(words.start[word]), int(words.end[word])
        if words.is_name[word] and not any((place[0], at) in marked for at in range(place[1], place[2])):
            kept.append((*place, labels[word % len(labels)]))
            wrong["spurious"].add(place)
    return kept, wrong


def first(found: list[SpanDoubt], kept: Rows, kind: str, count: int) -> list[tuple[int, int, int]]:
    """Return where the first so many suspicions of a kind are."""
    rows = sorted((each for each in found if each.kind == kind), key=lambda each: each.score)[:count]
    return [kept[each.mark][:3] if each.mark >= 0 else (each.text, each.start, each.end) for each in rows]


def test_damaged_marks_of_real_tweets_come_first() -> None:
    texts, true = tweets()
    kept, wrong = damage(true, texts)
    doubts = search_spans(texts, marks_of(kept), encoder="minilm")
    assert (doubts.judged, doubts.labels) == (len(kept), sorted({row[3] for row in true}))
    assert doubts.accuracy > 0.5
    # By chance, a thirtieth of what is looked at would be wrong.
    hits = {kind: len(set(first(doubts.found, kept, kind, 48)) & places) for kind, places in wrong.items()}
    assert len(wrong["label"]) == 48
    assert hits["label"] >= 12
    assert hits["spurious"] >= 20
    assert hits["overlooked"] >= 10


def test_the_same_marks_give_the_same_doubts() -> None:
    texts, true = tweets(250)
    doubts = [search_spans(texts, marks_of(true), encoder="minilm") for _time in range(2)]
    assert doubts[0].found
    assert doubts[0] == doubts[1]


def test_chinese_sentences_are_judged_by_their_characters() -> None:
    texts, true = chinese()
    kept, wrong = damage(true, texts)
    doubts = search_spans(texts, marks_of(kept), encoder="")
    found = {kind: set(first(doubts.found, kept, kind, len(places))) for kind, places in wrong.items()}
    for kind, places in wrong.items():
        assert len(found[kind] & places) >= 0.6 * len(places), kind


def test_a_border_that_was_moved_is_moved_back() -> None:
    texts, true = tweets()
    words, kept = cut(texts), list(true)
    marked = {(row[0], place) for row in true for place in range(row[1], row[2])}
    after = {
        (int(text), int(end)): number + 1 for number, (text, end) in enumerate(zip(words.text, words.end, strict=True))
    }
    moved = set()
    for number in range(4, len(true), 20):
        text, start, end, label = true[number]
        word = after.get((text, end), len(words))
        if word < len(words) and words.text[word] == text and words.is_name[word]:
            stop = int(words.end[word])
            if not any((text, place) in marked for place in range(end, stop)):
                kept[number] = (text, start, stop, label)
                moved.add(number)
    doubts = search_spans(texts, marks_of(kept), encoder="")
    edges = {each.mark: each for each in doubts.found if each.kind == "edge"}
    right = [number for number in moved if number in edges and edges[number].end == true[number][2]]
    assert len(moved) > 20
    assert len(right) >= 0.25 * len(moved)
    assert len(edges) < 0.1 * len(kept)


def test_one_label_alone_is_told_from_nothing() -> None:
    texts, true = chinese()
    kept, wrong = damage([(*row[:3], "private") for row in true], texts)
    doubts = search_spans(texts, marks_of(kept), encoder="")
    assert "label" not in {each.kind for each in doubts.found}
    assert len(set(first(doubts.found, kept, "spurious", 27)) & wrong["spurious"]) >= 15


def test_rare_labels_are_neither_judged_nor_overlooked() -> None:
    texts, true = chinese()
    rows = [row for row in true if row[3] != true[0][3]] + [(*row[:3], "rare") for row in true if row[3] == true[0][3]][
        :4
    ]
    marks = marks_of(rows)
    assert "rare" not in usable_span_labels(marks)
    doubts = search_spans(texts, marks, encoder="")
    assert doubts.judged == len(rows) - 4
    touched = {(text, place) for text, start, end, label in rows for place in range(start, end) if label == "rare"}
    missed = [each for each in doubts.found if each.kind == "overlooked"]
    assert not touched & {(each.text, place) for each in missed for place in range(each.start, each.end)}


def test_empty_texts_and_marks_of_blanks_do_no_harm() -> None:
    texts, true = chinese()
    texts = [*texts, "", "   ", "🚀"]
    rows = [*true, (len(texts) - 2, 0, 2, true[0][3]), (len(texts) - 1, 0, 1, true[0][3])]
    doubts = search_spans(texts, marks_of(rows), encoder="")
    judged = {each.mark for each in doubts.found}
    assert len(true) not in judged
    assert doubts.judged == len(true) + 1


def test_the_search_stops_when_asked() -> None:
    texts, true = tweets(60)
    with pytest.raises(Cancelled):
        search_spans(texts, marks_of(true), encoder="", told=Told(cancelled=lambda: True))


def test_scores_of_stretches_are_those_of_their_features() -> None:
    texts, _true = tweets(40)
    words = cut(texts)
    random = np.random.default_rng(1)
    features = features_of(words, random.standard_normal((len(words), 5)).astype(np.float32))
    at = stretches_in(words, slice(0, 40), 4)
    rows = features.rows(at)
    weights, bias = random.standard_normal((3, rows.shape[1])), random.standard_normal(3)
    expected = np.asarray(rows @ weights.T) + bias
    expected = np.exp(expected - expected.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.allclose(features.scorer(weights, bias).chances(at), expected, atol=2e-4)
    one = Stretches(at.start[:1], at.stop[:1])
    assert features.rows(one).shape == (1, rows.shape[1])


def test_what_a_model_learned_too_much_of_is_taken_off_again() -> None:
    """Nine in ten of what was learned from are nothing; of a hundred marks, five are."""
    true = np.array([0.95, 0.05])
    seen = np.array([0.1, 0.9])
    said = np.where(np.arange(100)[:, None] < 95, [0.999, 0.001], [0.001, 0.999]) * seen / true
    said /= said.sum(axis=1, keepdims=True)
    assert without_prior(said, 0.9)[:, 1].mean() == pytest.approx(0.05, abs=0.01)
