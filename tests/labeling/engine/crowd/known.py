"""Sets of several people's answers whose true answers are known, out of tests/data/crowd."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from labeling.engine.agreement.marks import Mark
from labeling.engine.crowd.consensus import Consensus
from labeling.engine.ratings import Ratings, read_ratings

FOLDER = Path(__file__).resolve().parents[3] / "data" / "crowd"


def ratings_of(name: str) -> Ratings:
    """Return the answers of a set."""
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return read_ratings(*([row[key] for row in rows] for key in ("item", "worker", "label")))


def truth_of(name: str) -> dict[str, str]:
    """Return the true label of the items where it is known."""
    with (FOLDER / f"{name}_truth.csv").open(encoding="utf-8", newline="") as file:
        return {row["item"]: row["truth"] for row in csv.DictReader(file)}


def accuracy(consensus: Consensus, truth: dict[str, str]) -> float:
    """Return the share of known items whose label is right; labels that lead together share the point."""
    points = []
    for number, item in enumerate(consensus.ratings.items):
        if item in truth:
            row = consensus.posterior[number]
            leading = np.flatnonzero(row >= row.max() - 1e-9)
            right = [consensus.ratings.labels[code] == truth[item] for code in leading]
            points.append(sum(right) / len(right))
    return float(np.mean(points))


def tweets() -> tuple[list[dict[str, list[Mark]]], list[str], dict[str, set[Any]]]:
    """Return what people marked, one item for each tweet and type; the tweet of each item; and the gold marks."""
    answered, names, gold = [], [], {}
    with gzip.open(FOLDER / "btc_e_spans.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    for row in rows:
        for kind in ("LOC", "PER", "ORG"):
            of_kind = [one for one in row["judgments"] if one["type"] == kind]
            marks = {one["worker"]: [Mark(kind, run) for run in _runs(one["token_ids"])] for one in of_kind}
            answered.append(marks)
            names.append(row["id"])
        if row["gold_tags"]:
            gold[row["id"]] = _tagged(row["gold_tags"])
    return answered, names, gold


def _runs(tokens: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for token in sorted(tokens):
        if runs and runs[-1][1] == token:
            runs[-1] = (runs[-1][0], token + 1)
        else:
            runs.append((token, token + 1))
    return runs


def _tagged(tags: list[str]) -> set[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for place, tag in enumerate(tags):
        if tag == "O":
            continue
        kind = tag[2:]
        if tag[0] == "I" and found and found[-1][1:] == (place, kind):
            found[-1] = (found[-1][0], place + 1, kind)
        else:
            found.append((place, place + 1, kind))
    return set(found)
