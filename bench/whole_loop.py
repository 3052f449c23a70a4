"""The whole loop on noisy answers: how right final labels are for each answer paid, beside a fixed number of people.

    python bench/whole_loop.py [bluebirds] [banking77] [--data FOLDER] [--seeds 5] [--processes 5]

Fixed: so many people answer each item, and the majority decides (a tie by lot). Ours: two people answer each item, a
model of the people weighs the answers, and one more person is asked where one more answer brings most
(`labeling.engine.crowd.doubt`), in rounds of a twentieth of the items, until as many answers are spent. Who answers is
drawn by the same seeds for both.

bluebirds are the real answers of 39 people. On banking77 (its training part, 3,000 items of 77 intents) five people of
different skill are simulated, who are wrong in a fifth of their answers together; a wrong answer is one of the five
intents whose texts are most like the item's own intent, since people confuse what is alike.
"""

import argparse
import csv
import gzip
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from labeling.engine.crowd.consensus import find_consensus  # noqa: E402
from labeling.engine.crowd.doubt import gain_of  # noqa: E402
from labeling.engine.ratings import Ratings  # noqa: E402

# Share of wrong answers of the five simulated people: a fifth together.
WRONG = (0.05, 0.10, 0.15, 0.25, 0.45)
ITEMS = 3_000
ALIKE = 5
ROUNDS = 20
# Every item is answered by so many people before a model says which are worth one more.
START = 2
Codes = np.ndarray


class Crowd:
    """All answers that could be had: table[item, person] is a label's code, -1 where this person was never asked."""

    def __init__(self, table: Codes, truth: Codes, labels: int) -> None:
        self.table, self.truth, self.labels = table, truth, labels
        self.names = tuple(str(number) for number in range(labels))

    def order(self, seed: int) -> list[list[int]]:
        """Return for each item in which order people would be asked."""
        random = np.random.default_rng(seed)
        return [random.permutation(np.flatnonzero(row >= 0)).tolist() for row in self.table]

    def ratings(self, asked: Sequence[Sequence[int]]) -> Ratings:
        """Return the answers of the people who were asked."""
        item = np.repeat(np.arange(len(asked)), [len(people) for people in asked])
        person = np.array([number for people in asked for number in people], np.int64)
        items = tuple(str(number) for number in range(len(asked)))
        people = tuple(str(number) for number in range(self.table.shape[1]))
        return Ratings(item, person, self.table[item, person], items, people, self.names)


def majority(crowd: Crowd, each: int, seed: int) -> float:
    """Return the share of right labels when `each` people answer every item and most of them decide."""
    random = np.random.default_rng(seed)
    right = 0.0
    for people, row, truth in zip(crowd.order(seed), crowd.table, crowd.truth, strict=True):
        votes = np.bincount(row[people[:each]], minlength=crowd.labels) + random.random(crowd.labels) * 0.5
        right += votes.argmax() == truth
    return right / len(crowd.truth)


def loop(crowd: Crowd, budgets: Sequence[int], seed: int) -> dict[int, float]:
    """Return the share of right labels when so many answers were paid in all, for each budget."""
    order = crowd.order(seed)
    count = len(order)
    asked = [people[:START] for people in order]
    paid = START * count
    found: dict[int, float] = {}
    step = max(1, count // ROUNDS)
    while True:
        consensus = find_consensus(crowd.ratings(asked), "auto", seed)
        for budget in budgets:
            if paid >= budget and budget not in found:
                found[budget] = float((consensus.label == crowd.truth).mean())
        if len(found) == len(budgets):
            return found
        gain = gain_of(consensus)
        free = np.array([len(people) < len(all_of) for people, all_of in zip(asked, order, strict=True)])
        # Items with as much to gain are asked in the order of a lot.
        lot = np.random.default_rng((seed, paid)).random(count)
        wanted = np.lexsort((lot, -gain))
        wanted = wanted[free[wanted]][: min(step, max(1, min(b for b in budgets if b not in found) - paid))]
        if not len(wanted):
            return found
        for item in wanted.tolist():
            asked[item].append(order[item][len(asked[item])])
        paid += len(wanted)


def bluebirds(data: Path) -> Crowd:
    """Return the real answers of 39 people to 108 pictures."""
    with gzip.open(data / "crowd" / "bluebirds.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    truth_of = {row["item"]: int(row["truth"]) for row in csv.DictReader((data / "crowd/bluebirds_truth.csv").open())}
    items = {name: number for number, name in enumerate(truth_of)}
    people = {name: number for number, name in enumerate(sorted({row["worker"] for row in rows}))}
    table = np.full((len(items), len(people)), -1, np.int64)
    for row in rows:
        table[items[row["item"]], people[row["worker"]]] = int(row["label"])
    return Crowd(table, np.array(list(truth_of.values())), 2)


def banking77(data: Path, seed: int = 0) -> Crowd:
    """Return what five simulated people would answer to 3,000 questions."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    with gzip.open(next(data.glob("text/banking77*.csv.gz")), "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("split", "train") == "train"]
    names = sorted({row["label"] for row in rows})
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(rows))[:ITEMS]
    truth = np.array([names.index(rows[number]["label"]) for number in chosen])
    vectors = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(row["text"] for row in rows)
    of_all = np.array([names.index(row["label"]) for row in rows])
    centres = np.stack([np.asarray(vectors[of_all == code].mean(axis=0))[0] for code in range(len(names))])
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    likeness = centres @ centres.T
    np.fill_diagonal(likeness, -1)
    alike = np.argsort(-likeness, axis=1)[:, :ALIKE]
    table = np.empty((len(truth), len(WRONG)), np.int64)
    for person, share in enumerate(WRONG):
        wrong = random.random(len(truth)) < share
        table[:, person] = np.where(wrong, alike[truth, random.integers(0, ALIKE, len(truth))], truth)
    return Crowd(table, truth, len(names))


SETS: dict[str, tuple[Callable[[Path], Crowd], tuple[float, ...]]] = {
    "bluebirds": (bluebirds, (2, 3, 5, 7, 9, 15)),
    "banking77": (banking77, (2, 2.5, 3, 4)),
}


def main() -> None:
    """Print a table for each set: answers an item, accuracy of both, and what the majority needs for as much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=[*SETS], help="bluebirds, banking77")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1, help="seeds side by side")
    arguments = parser.parse_args()
    print(f"{datetime.now(UTC).date()}, {arguments.seeds} seeds")
    for name in arguments.sets:
        read, each = SETS[name]
        crowd, started = read(arguments.data), time.monotonic()
        count = len(crowd.truth)
        budgets = [round(number * count) for number in each]
        with ProcessPoolExecutor(arguments.processes) as pool:
            ours = list(pool.map(partial(loop, crowd, budgets), range(arguments.seeds)))
        print(f"\n{name}: {count:,} items, {crowd.table.shape[1]} people, {crowd.labels} labels")
        print("answers an item   fixed, majority   ours   better by")
        for number, budget in zip(each, budgets, strict=True):
            mine = np.array([found[budget] for found in ours if budget in found]) * 100
            if not len(mine):
                print(f"{number:>15}   all answers are in")
                continue
            gain = ""
            fixed = ""
            if float(number).is_integer():
                theirs = np.array([majority(crowd, int(number), seed) for seed in range(arguments.seeds)]) * 100
                fixed = f"{theirs.mean():.1f} ± {theirs.std(ddof=1):.1f}"
                gain = f"{mine.mean() - theirs[: len(mine)].mean():+.1f}"
            print(f"{number:>15}   {fixed:>15}   {mine.mean():.1f} ± {mine.std(ddof=1):.1f}   {gain}")
        print(f"{time.monotonic() - started:.0f} seconds", flush=True)


if __name__ == "__main__":
    main()
