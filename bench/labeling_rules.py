"""Labeling rules on the demo's messages and Chinese reviews: speed, and the label model beside the majority of rules.

    make bench ARGS="labeling_rules"
    python bench/labeling_rules.py [--subsets 12]

The rules are such as somebody writes down in ten minutes, and were not changed after the first run. Accuracy is over
the different texts that some rule hits; where the majority is a tie, one of the two labels is drawn by a seed. Then the
same with 50 and 300 known labels, and over random choices of the rules: the mean gain on the majority and the worst.
"""

import argparse
import csv
import gzip
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from curation.demo import SETS  # noqa: E402
from labeling.engine.rules.kinds import parse_rule  # noqa: E402
from labeling.engine.rules.label_model import fit_label_model, label_texts  # noqa: E402
from labeling.engine.rules.votes import ABSTAIN, Rule, cast_votes, figures, majority_votes  # noqa: E402


def words(*terms: str) -> tuple[str, dict[str, Any]]:
    return "keyword", {"terms": list(terms)}


def pattern(text: str) -> tuple[str, dict[str, Any]]:
    return "regex", {"pattern": text}


RULES = {
    "sms_spam": [
        ("spam", words("free")),
        ("spam", words("win", "won", "winner", "prize", "award")),
        ("spam", words("claim", "urgent", "guaranteed")),
        ("spam", pattern(r"£\s?\d")),
        ("spam", pattern(r"\b\d{5}\b")),
        ("spam", pattern(r"\b0[89]\d{8,9}\b")),
        ("spam", pattern(r"www\.|https?:")),
        ("spam", words("txt", "reply", "stop")),
        ("spam", words("ringtone", "mobile", "nokia")),
        ("spam", words("call")),
        ("ham", words("i'm", "i'll", "im", "ill")),
        ("ham", words("lol", "haha", "ok", "okay")),
        ("ham", words("love", "miss", "sorry")),
        ("ham", words("home", "later", "tonight", "tomorrow")),
        ("ham", words("lor", "lah", "da", "leh", "wat", "gonna", "dunno", "wan", "dis", "dat", "den", "coz")),
        ("ham", pattern(r"^.{1,40}$")),
        ("ham", words("he", "she", "him", "her")),
    ],
    "reviews_zh": [
        ("负面", words("差", "太差", "很差")),
        ("负面", words("失望", "后悔")),
        ("负面", words("垃圾", "骗", "假货", "盗版")),
        ("负面", words("坏了", "破", "脏")),
        ("负面", words("不好", "不行", "不值")),
        ("负面", pattern("退(货|款)|换货")),
        ("负面", words("慢", "客服")),
        ("负面", words("居然", "竟然")),
        ("正面", words("好评", "赞", "棒")),
        ("正面", words("喜欢", "爱")),
        ("正面", words("不错")),
        ("正面", words("满意", "值得", "推荐")),
        ("正面", words("快", "便宜", "实惠")),
        ("正面", words("好看", "漂亮", "舒服", "方便")),
        ("正面", pattern("很好|非常好|挺好|真好")),
        ("正面", words("感谢", "谢谢")),
    ],
}


def load(name: str) -> tuple[list[str], Any, list[str]]:
    """Return the different texts of a demo set, the number of each one's label, and the labels."""
    with gzip.open(SETS[name].path, "rt", encoding="utf-8") as lines:
        rows = list({row["text"]: row for row in csv.DictReader(lines)}.values())
    names = sorted({row["label"] for row in rows})
    return [row["text"] for row in rows], np.array([names.index(row["label"]) for row in rows], np.int16), names


def compare(votes: Any, own: Any, truth: Any, known: Any = None) -> tuple[float, float, float]:
    """Return the accuracy of the majority and of the model on covered texts that are not known, and its confidence."""
    vote = majority_votes(votes, 2)
    drawn = np.random.default_rng(0).integers(0, 2, len(vote))
    told = np.zeros(len(truth), bool) if known is None else known != ABSTAIN
    asked = (votes != ABSTAIN).any(axis=1) & ~told
    said = label_texts(fit_label_model(votes, own, 2, known), votes)
    majority = np.where(vote == ABSTAIN, drawn, vote)
    right = (said.labels == truth)[asked].mean()
    return float((majority == truth)[asked].mean()), float(right), float(said.confidence[asked].mean())


def measure(name: str, subsets: int) -> None:
    texts, truth, names = load(name)
    rules = [Rule(str(n), names.index(label), parse_rule(*rule)) for n, (label, rule) in enumerate(RULES[name])]
    own = np.array([rule.label for rule in rules], np.int16)
    began = time.process_time()
    votes = cast_votes(rules, texts).votes
    asking = time.process_time() - began
    began = time.process_time()
    model = fit_label_model(votes, own, 2)
    fitting = time.process_time() - began
    right = np.array([row.accuracy for row in figures(votes, truth)])
    off = np.abs(model.accuracies() - right)
    print(
        f"{name}: {len(texts):,} texts, {len(rules)} rules, {len(texts) / asking:,.0f} texts a processor second, model "
        f"{fitting:.2f} s in {model.rounds} rounds; covered {(votes != ABSTAIN).any(axis=1).mean():.3f}; a rule's "
        f"accuracy is told {off.mean():.3f} beside the truth in the mean, {off.max():.3f} at most"
    )
    random = np.random.default_rng(0)
    for count in (0, 50, 300):
        known = np.full(len(truth), ABSTAIN, np.int16)
        chosen = random.permutation(len(truth))[:count]
        known[chosen] = truth[chosen]
        majority, accuracy, confidence = compare(votes, own, truth, known)
        print(f"    {count} known: majority {majority:.4f}, model {accuracy:.4f}, mean confidence {confidence:.4f}")
    gains = []
    while len(gains) < subsets:
        some = np.sort(random.choice(len(rules), random.integers(6, len(rules) + 1), replace=False))
        if len(set(own[some].tolist())) == 2:
            majority, accuracy, _confidence = compare(votes[:, some], own[some], truth)
            gains.append(accuracy - majority)
    if gains:
        print(f"    {subsets} choices of rules: gain {np.mean(gains):+.4f}, worst {np.min(gains):+.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subsets", type=int, default=12, help="random choices of rules")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, " + ", ".join(f"{n} {metadata.version(n)}" for n in ("numpy", "regex")))
    for each in RULES:
        measure(each, options.subsets)
