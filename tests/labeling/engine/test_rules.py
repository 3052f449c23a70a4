"""Labeling rules: what each kind hits, what is refused, what hangs, and what the label model makes of real votes."""

import csv
import gzip
import time
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from curation.demo import SETS
from labeling.engine.rules.kinds import RuleError, RuleTooSlow, parse_rule
from labeling.engine.rules.label_model import fit_label_model, label_texts
from labeling.engine.rules.votes import ABSTAIN, Rule, Stopped, cast_votes, figures, majority_votes

HAM, SPAM = 0, 1


def keyword(*terms: str, every: bool = False) -> Any:
    return parse_rule("keyword", {"terms": list(terms), "every": every})


def pattern(text: str, ignore_case: bool = True) -> Any:
    return parse_rule("regex", {"pattern": text, "ignore_case": ignore_case})


def dictionary(*terms: str, least: int = 1) -> Any:
    return parse_rule("dictionary", {"terms": list(terms), "least": least})


@pytest.mark.parametrize(
    ("rule", "hits", "misses"),
    [
        (keyword("free"), ["Free!", "a FREE gift", "免费free送", "ｆｒｅｅ"], ["freedom", "carefree", "fre e", ""]),
        (keyword("call now"), ["CALL NOW"], ["call me now", "recall now", "call nowhere"]),
        (keyword("免费", "大奖"), ["赢取大奖吧", "免费领取"], ["免 费", "free"]),
        (keyword("win", "prize", every=True), ["WIN a prize"], ["win", "a prize", "winning prizes"]),
        (keyword("🎁", "£"), ["a 🎁 for you", "£5"], ["gift"]),
        (keyword("straße"), ["STRASSE", "die Straße"], ["straßen"]),
        (keyword("naïve"), ["Naïve", "nai\u0308ve"], ["naive"]),
        (pattern(r"\b\d{5}\b"), ["text 80086"], ["800861", "8008"]),
        (pattern(r"^赢"), ["赢取大奖"], ["免费赢取"]),
        (pattern("FREE", ignore_case=False), ["FREE"], ["free"]),
        (dictionary("Paris", "New York", "北京"), ["from new york", "到北京去"], ["newyork", "comparison"]),
        (dictionary("good", "great", "fine", least=2), ["good and great"], ["good, good, good"]),
    ],
)
def test_what_a_rule_hits(rule: Any, hits: list[str], misses: list[str]) -> None:
    matcher = rule.matcher()
    assert [text for text in hits if not matcher(text)] == []
    assert [text for text in misses if matcher(text)] == []
    assert parse_rule(rule.kind, rule.to_json()) == rule


@pytest.mark.parametrize(
    ("kind", "params", "where", "sentence"),
    [
        ("magic", {}, "kind", "keyword, regex, dictionary"),
        ("keyword", [], "params", "object"),
        ("keyword", {"terms": [" ", ""]}, "terms", "these are 0"),
        ("keyword", {"terms": ["a" * 201]}, "terms", "200 characters"),
        ("keyword", {"terms": [str(n) for n in range(101)]}, "terms", "from 1 to 100 words or phrases"),
        ("keyword", {"terms": [1]}, "terms", "one word or phrase a line"),
        ("keyword", {"terms": ["a"], "every": "yes"}, "every", "true or false"),
        ("regex", {"pattern": ""}, "pattern", "1 to 2000 characters"),
        ("regex", {"pattern": "(free"}, "pattern", "no regular expression: missing )"),
        ("regex", {"pattern": "(free)?"}, "pattern", "empty text"),
        ("dictionary", {"terms": ["a"], "least": 2}, "least", "from 1 to 1"),
        ("dictionary", {"terms": ["a", "b"], "least": True}, "least", "from 1 to 2"),
    ],
)
def test_what_is_no_rule_is_refused_with_a_sentence(kind: str, params: Any, where: str, sentence: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse_rule(kind, params)
    assert refused.value.where == where
    assert sentence in str(refused.value)


def test_lines_are_terms_and_each_counts_once() -> None:
    assert parse_rule("keyword", {"terms": "free \n\n  call   now\nfree"}).to_json()["terms"] == ["free", "call now"]


def test_a_long_dictionary_costs_no_more_than_a_short_one() -> None:
    entries = [f"place{number} of nowhere" for number in range(49_999)]
    matcher = dictionary(*entries, "新华书店").matcher()
    began = time.process_time()
    assert (
        sum(matcher(f"text {number} without any of them, though long enough to look at") for number in range(1000)) == 0
    )
    assert matcher("我在新华书店买的")
    assert time.process_time() - began < 2


def test_a_pattern_that_backtracks_for_ever_is_stopped_and_named() -> None:
    texts = ["short", "a" * 60 + "!", "aaaa"]
    rules = [Rule("evil", SPAM, pattern("(a|aa)+$")), Rule("good", HAM, keyword("short"))]
    with pytest.raises(RuleTooSlow):
        rules[0].kind.matcher()(texts[1])
    began = time.process_time()
    cast = cast_votes(rules, texts)
    assert time.process_time() - began < 1
    assert cast.stopped == (Stopped(0, 1),)
    assert cast.votes.tolist() == [[ABSTAIN, HAM], [ABSTAIN, ABSTAIN], [ABSTAIN, ABSTAIN]]


def test_figures_by_hand() -> None:
    votes = np.array([[1, 1, -1], [1, -1, 0], [-1, -1, -1], [1, -1, -1]], np.int16)
    known = np.array([1, 0, 1, -1], np.int16)
    first, second, third = figures(votes, known)
    assert (first.hits, first.coverage, first.overlap, first.conflict) == (3, 0.75, 0.5, 0.25)
    assert (first.judged, first.right, first.accuracy) == (2, 1, 0.5)
    assert (second.coverage, second.conflict, second.accuracy) == (0.25, 0.0, 1.0)
    assert (third.overlap, third.conflict, third.accuracy) == (0.25, 0.25, 1.0)
    assert figures(votes)[0].accuracy is None
    assert majority_votes(votes, 2).tolist() == [1, ABSTAIN, ABSTAIN, 1]


def test_no_text_and_no_rule_give_no_figures() -> None:
    assert figures(np.empty((0, 2), np.int16))[1].coverage == 0
    assert figures(np.empty((3, 0), np.int16)) == []
    assert cast_votes([], ["a"]).votes.shape == (1, 0)


# Rules as somebody writes them down in ten minutes.
MESSAGES: list[tuple[int, Any]] = [
    (SPAM, keyword("free")),
    (SPAM, keyword("win", "won", "winner", "prize", "award")),
    (SPAM, keyword("claim", "urgent", "guaranteed")),
    (SPAM, pattern(r"£\s?\d")),
    (SPAM, pattern(r"\b\d{5}\b")),
    (SPAM, pattern(r"\b0[89]\d{8,9}\b")),
    (SPAM, keyword("txt", "reply", "stop")),
    (SPAM, keyword("call")),
    (HAM, keyword("i'm", "i'll", "im", "ill")),
    (HAM, keyword("lol", "haha", "ok", "okay")),
    (HAM, keyword("love", "miss", "sorry")),
    (HAM, keyword("home", "later", "tonight", "tomorrow")),
    (HAM, dictionary("lor", "lah", "da", "leh", "wat", "gonna", "dunno", "wan", "dis", "dat")),
    (HAM, pattern(r"^.{1,40}$")),
]


@cache
def messages() -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]:
    """Return the votes of the rules on real messages, the label of each rule, and the truth."""
    with gzip.open(SETS["sms_spam"].path, "rt", encoding="utf-8") as lines:
        rows = list({row["text"]: row for row in csv.DictReader(lines)}.values())
    rules = [Rule(str(number), label, kind) for number, (label, kind) in enumerate(MESSAGES)]
    cast = cast_votes(rules, [row["text"] for row in rows])
    assert cast.stopped == ()
    truth = np.array([SPAM if row["label"] == "spam" else HAM for row in rows], np.int16)
    return cast.votes, np.array([rule.label for rule in rules], np.int16), truth


def test_without_known_labels_the_model_is_as_good_as_the_majority_of_rules() -> None:
    votes, own, truth = messages()
    model = fit_label_model(votes, own, 2)
    said = label_texts(model, votes)
    covered = (votes != ABSTAIN).any(axis=1)
    assert covered.mean() > 0.65
    assert (said.labels[~covered] == ABSTAIN).all()
    assert (said.confidence[~covered] == 0).all()
    vote = majority_votes(votes, 2)
    decided = vote != ABSTAIN
    by_vote = (vote == truth)[decided].mean()
    assert by_vote == pytest.approx(0.955, abs=0.005)
    assert (said.labels == truth)[decided].mean() >= by_vote - 0.001
    # What the model thinks of a rule goes with what is so, though it was never told.
    right = np.array([row.accuracy for row in figures(votes, truth)])
    assert np.corrcoef(model.accuracies(), right)[0, 1] > 0.7
    # Its confidence says how often it is right.
    assert abs(said.confidence[covered].mean() - (said.labels == truth)[covered].mean()) < 0.03


def test_three_hundred_known_labels_make_it_better_than_the_majority() -> None:
    votes, own, truth = messages()
    known = np.full(len(truth), ABSTAIN, np.int16)
    chosen = np.random.default_rng(0).permutation(len(truth))[:300]
    known[chosen] = truth[chosen]
    model = fit_label_model(votes, own, 2, known)
    said = label_texts(model, votes)
    covered = (votes != ABSTAIN).any(axis=1) & (known == ABSTAIN)
    vote = majority_votes(votes, 2)
    decided = covered & (vote != ABSTAIN)
    assert (said.labels == truth)[decided].mean() >= (vote == truth)[decided].mean()
    assert (said.labels == truth)[covered].mean() == pytest.approx(0.96, abs=0.015)
    # Where the vote is a tie, the more trustworthy rule is right more often than not.
    tied = covered & (vote == ABSTAIN)
    assert tied.sum() > 100
    assert (said.labels == truth)[tied].mean() > 0.75
    right = np.array([row.accuracy for row in figures(votes, truth)])
    assert np.abs(model.accuracies() - right).mean() < 0.05


def test_the_model_is_the_same_twice_and_in_any_order_of_the_texts() -> None:
    votes, own, _truth = messages()
    first, second = fit_label_model(votes, own, 2), fit_label_model(votes[::-1], own, 2)
    assert (first.rates == second.rates).all()
    assert first.rounds < 200


def test_labels_that_people_gave_hold_the_model_to_the_truth() -> None:
    """Two rules that are wrong together outvote one that is right, until people say so."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, 2000).astype(np.int16)
    fooled = random.random(2000) < 0.6
    votes = np.full((2000, 4), ABSTAIN, np.int16)
    votes[fooled & (truth == HAM), 0] = SPAM
    votes[fooled & (truth == HAM), 1] = SPAM
    votes[(truth == HAM) & (random.random(2000) < 0.9), 2] = HAM
    votes[(truth == SPAM) & (random.random(2000) < 0.9), 3] = SPAM
    own = np.array([SPAM, SPAM, HAM, SPAM], np.int16)
    known = np.where(random.random(2000) < 0.3, truth, ABSTAIN).astype(np.int16)
    covered = (votes != ABSTAIN).any(axis=1)
    told = label_texts(fit_label_model(votes, own, 2, known), votes)
    assert (told.labels == truth)[covered].mean() > 0.95


def test_rules_of_one_label_alone_leave_room_for_the_others() -> None:
    votes, own, truth = messages()
    spam = np.flatnonzero(own == SPAM)
    model = fit_label_model(votes[:, spam], own[spam], 2)
    said = label_texts(model, votes[:, spam])
    assert model.labels.tolist() == [SPAM, ABSTAIN]
    assert set(np.unique(said.labels)) == {ABSTAIN, SPAM}
    hit = said.labels == SPAM
    covered = (votes[:, spam] != ABSTAIN).any(axis=1)
    assert (truth[hit] == SPAM).mean() > (truth[covered] == SPAM).mean()
