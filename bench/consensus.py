"""Consensus of several people's answers on sets whose true answers are known, with crowd-kit beside it.

    make bench ARGS="consensus"
    python bench/consensus.py [FOLDER …] [--peer PYTHON] [--slow] [--seeds 3]

The sets of tests/data/crowd are measured, and every folder below FOLDER that has label.csv (item,worker,label) and
truth.csv (item,truth), such as the data folder of github.com/yuan-li/truth-inference-at-scale. --peer: the interpreter
of an environment with crowd-kit. Accuracy counts items with a known answer; labels that lead together share the point.
Processor seconds are of the model alone, from codes (ours, the best of three) or from a data frame of numbers
(crowd-kit, one run; its MACE and GLAD take minutes on large sets and run with --slow only). Where both say how many
rounds they took, the factor for one round is shown too: two fits that stop at different points are not the same work.
auto tries all models on hidden answers and sets the confidence right; its accuracy is the worst of --seeds seeds.
--two: instead, each set cut down to two answers an item, and to 20, 40, 100 and 300 items: what one-coin brings over
the vote there, on average.
"""

import argparse
import csv
import gzip
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from labeling.engine.crowd.consensus import METHODS, find_consensus  # noqa: E402
from labeling.engine.crowd.fitting import Answers  # noqa: E402
from labeling.engine.ratings import Floats, Ratings, read_ratings  # noqa: E402

KNOWN = ROOT / "tests" / "data" / "crowd"
USUAL = ("majority", "one-coin", "dawid-skene")
PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from importlib import metadata
from crowdkit.aggregation import GLAD, MACE, DawidSkene, MajorityVote, OneCoinDawidSkene
made = {"majority": MajorityVote, "one-coin": OneCoinDawidSkene, "dawid-skene": DawidSkene}
if sys.argv[2] == "slow":
    made |= {"mace": MACE, "glad": GLAD}
found = {"versions": {name: metadata.version(name) for name in ("crowd-kit", "pandas", "numpy")}}
with np.load(sys.argv[1]) as arrays:
    frame = pd.DataFrame({"task": arrays["item"], "worker": arrays["person"], "label": arrays["label"]})
    shape = arrays["shape"]
for name, make in made.items():
    started = time.process_time()
    model = make().fit(frame)
    seconds = time.process_time() - started
    belief = np.zeros((shape[0], shape[2]))
    if getattr(model, "probas_", None) is None:
        belief[model.labels_.index.to_numpy(), model.labels_.to_numpy()] = 1
    else:
        belief[np.ix_(model.probas_.index.to_numpy(), model.probas_.columns.to_numpy())] = model.probas_.to_numpy()
    np.save(f"{sys.argv[1]}.{name}.npy", belief)
    found[name] = [seconds, len(getattr(model, "loss_history_", ()))]
print(json.dumps(found))
"""


def rows_of(path: Path) -> list[dict[str, str]]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def sets(folders: list[Path]) -> dict[str, tuple[Path, Path]]:
    """Return the files of answers and of true answers by the name of the set."""
    found = {}
    for truth in sorted(KNOWN.glob("*_truth.csv")):
        name = truth.name.removesuffix("_truth.csv")
        found[name] = (KNOWN / f"{name}.csv.gz", truth)
    for folder in folders:
        for truth in sorted(folder.rglob("truth.csv")):
            label = truth.with_name("label.csv")
            if label.is_file() and label.stat().st_size:
                found[truth.parent.name] = (label, truth)
    return found


def accuracy(belief: Floats, ratings: Ratings, truth: dict[str, str]) -> float:
    points = []
    for row, item in enumerate(ratings.items):
        if item in truth:
            leading = np.flatnonzero(belief[row] >= belief[row].max() - 1e-9)
            points.append(np.mean([ratings.labels[code] == truth[item] for code in leading]))
    return 100 * float(np.mean(points))


def timed(run: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    best = np.inf
    for _time in range(times):
        started = time.process_time()
        found = run()
        best = min(best, time.process_time() - started)
    return found, best


def ours(ratings: Ratings, truth: dict[str, str], seeds: int) -> dict[str, tuple[float, float, int, str]]:
    found = {}
    for name, method in METHODS.items():
        fit, seconds = timed(lambda method=method: method(Answers(ratings)))
        found[name] = (accuracy(fit.posterior, ratings, truth), seconds, fit.iterations, "")
    chosen = [timed(lambda seed=seed: find_consensus(ratings, seed=seed), 1) for seed in range(seeds)]
    points = [accuracy(one.posterior, ratings, truth) for one, _seconds in chosen]
    names = sorted({one.method for one, _seconds in chosen})
    found["auto"] = (min(points), min(seconds for _one, seconds in chosen), 0, " or ".join(names))
    return found


def theirs(
    python: str, ratings: Ratings, truth: dict[str, str], *, slow: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answers.npz"
        arrays = {"item": ratings.item, "person": ratings.person, "label": ratings.label}
        np.savez(file, shape=np.array(ratings.shape), **arrays)
        command = [python, "-c", PEER, str(file), "slow" if slow else "fast"]
        said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        versions = said.pop("versions")
        beliefs = {name: np.load(f"{file}.{name}.npy") for name in said}
    return {name: (accuracy(beliefs[name], ratings, truth), *said[name]) for name in said}, versions


def show(name: str, ratings: Ratings, mine: dict[str, Any], peer: dict[str, Any]) -> None:
    items, people, labels = ratings.shape
    best = max(mine[method][0] for method in USUAL)
    behind = best - mine["auto"][0]
    print(f"\n{name}: {len(ratings):,} answers, {items:,} items, {people:,} people, {labels} labels")
    for method, (points, seconds, rounds, note) in mine.items():
        line = f"  {method:12s} {points:6.2f} %  {seconds:8.4f} s" + (f" {rounds:3d} rounds" if rounds else "")
        if method in peer:
            other, took, told = peer[method]
            line += f"   crowd-kit {other:6.2f} %  {took:8.3f} s  {took / seconds:7.1f} times"
            if rounds and told:
                line += f" ({told} rounds: {took / told / (seconds / rounds):.1f} times a round)"
        print(line + (f"   {note}; {behind:+.2f} behind the best of {', '.join(USUAL)}" if note else ""))


def cut_down(ratings: Ratings, truth: dict[str, str], items: int | None, seed: int) -> Ratings:
    """Return two answers, drawn by lot, of each item with a known answer, or of so many of them."""
    random = np.random.default_rng(seed)
    known = np.array([item in truth for item in ratings.items])
    if items is not None:
        chosen = random.permutation(np.flatnonzero(known))[:items]
        known = np.isin(np.arange(len(known)), chosen)
    order = np.lexsort((random.random(len(ratings)), ratings.item))
    item = ratings.item[order]
    place = np.arange(len(item)) - np.searchsorted(item, item)
    kept = np.zeros(len(ratings), bool)
    kept[order[place < 2]] = True
    return ratings.only(kept & known[ratings.item])


def two_answers(folders: list[Path], seeds: int) -> None:
    """Print by how many points one-coin is better than the vote when every item has two answers."""
    gains: dict[int | None, list[tuple[str, float]]] = {}
    for name, (label, known) in sets(folders).items():
        rows = rows_of(label)
        ratings = read_ratings(*([row[key] for row in rows] for key in ("item", "worker", "label")))
        truth = {row["item"]: row["truth"] for row in rows_of(known)}
        for items in (20, 40, 100, 300, None):
            if items is not None and sum(item in truth for item in ratings.items) < items:
                continue
            points = []
            for seed in range(seeds):
                few = cut_down(ratings, truth, items, seed)
                asked = {few.items[code]: truth[few.items[code]] for code in np.unique(few.item)}
                coin, vote = (find_consensus(few, method, seed).posterior for method in ("one-coin", "majority"))
                points.append(accuracy(coin, few, asked) - accuracy(vote, few, asked))
            gains.setdefault(items, []).append((name, float(np.mean(points))))
    print("items  sets  one-coin over the vote, points: mean, least, most; sets where it is worse")
    for items, found in sorted(gains.items(), key=lambda each: each[0] or 10**9):
        points = [gain for _name, gain in found]
        worse = ", ".join(f"{name} {gain:.1f}" for name, gain in found if gain < 0)
        head = f"{items or 'all':>5}  {len(found):4}"
        print(f"{head}  {np.mean(points):+.1f} {min(points):+.1f} {max(points):+.1f}  {worse}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--peer", default="")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--two", action="store_true")
    options = parser.parse_args()
    if options.two:
        two_answers(options.folders, options.seeds)
        return
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {metadata.version('scipy')}")
    worst, versions = 0.0, None
    for name, (label, known) in sets(options.folders).items():
        rows = rows_of(label)
        ratings = read_ratings(*([row[key] for row in rows] for key in ("item", "worker", "label")))
        truth = {row["item"]: row["truth"] for row in rows_of(known)}
        mine = ours(ratings, truth, options.seeds)
        peer: dict[str, Any] = {}
        if options.peer:
            peer, versions = theirs(options.peer, ratings, truth, slow=options.slow)
        show(name, ratings, mine, peer)
        worst = max(worst, max(mine[method][0] for method in USUAL) - mine["auto"][0])
    print(f"\nauto is at most {worst:.2f} points behind the best of {', '.join(USUAL)} on any set and seed.")
    if versions:
        print(", ".join(f"{name} {version}" for name, version in versions.items()))


if __name__ == "__main__":
    main()
