"""Small sets of spans, rows and pairs that families are trained on."""

import csv
import gzip
import json
from pathlib import Path

from modeling.engine.data import Examples, Pair, Span

DATA = Path(__file__).resolve().parents[2] / "data" / "models"


def people(count: int = 60) -> Examples:
    """Return sentences that name people and places, some of them long."""
    names = ["Ann Lee", "Bo", "Carla Diaz", "Dan Wu", "Eve", "Finn O'Shea"]
    places = ["Paris", "New York", "Oslo", "Bonn", "Lima"]
    rows = []
    for number in range(count):
        name, place = names[number % 6], places[number % 5]
        text = f"{name} went to {place} on day {number}."
        at = text.index(place)
        rows.append((text, (Span(0, len(name), "PER"), Span(at, at + len(place), "LOC"))))
    rows += [(f"nothing happened on day {number}.", ()) for number in range(count // 2)]
    splits = [("train", "train", "train", "validation", "test")[number % 5] for number in range(len(rows))]
    return Examples.of("ner", [text for text, _ in rows], [spans for _, spans in rows], splits)


def penguins() -> Examples:
    """Return 342 penguins with their species; 69 measurements are missing."""
    with (DATA / "penguins.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    splits = [("train", "train", "train", "validation", "test")[number % 5] for number in range(len(rows))]
    return Examples.of(
        "table",
        [{n: v for n, v in row.items() if n != "label"} for row in rows],
        [row["label"] for row in rows],
        splits,
    )


def pairs() -> Examples:
    """Return 200 pairs of answers that people compared."""
    with gzip.open(DATA / "pandalm_200.jsonl.gz", "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    splits = [("train", "train", "train", "validation", "test")[number // 2 % 5] for number in range(len(rows))]
    made = [Pair(row["prompt"], row["first"], row["second"]) for row in rows]
    return Examples.of("preference", made, [row["label"] - 1 for row in rows], splits)


def few_pairs() -> Examples:
    """Return 6 training pairs and 8 others: what a fine-tuned reward learns from in seconds."""
    data = pairs()
    return data.rows([*range(6), *[row for row, split in enumerate(data.splits) if split != "train"][:8]])


def masses() -> Examples:
    """Return the penguins whose mass is known, with their mass as answer."""
    rows = [row for row in penguins().inputs if row["body_mass_g"] != "NA"]
    answers = [float(row["body_mass_g"]) for row in rows]
    inputs = [{name: value for name, value in row.items() if name != "body_mass_g"} for row in rows]
    splits = [("train", "train", "train", "validation", "test")[number % 5] for number in range(len(rows))]
    return Examples.of("table-regression", inputs, answers, splits)
