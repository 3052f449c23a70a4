"""Coefficients of agreement of a million answers, with krippendorff, statsmodels and scikit-learn beside them.

    make bench ARGS="agreement"
    python bench/agreement.py [--peer PYTHON] [--answers 1000000]

--peer: the interpreter of an environment with krippendorff, statsmodels and scikit-learn. krippendorff is GPL: it
judges here and is part of nothing that ships. Answers are five to an item among four labels, six in ten of them right,
the others at random; Cohen's kappa is of two people who answered all items. Processor seconds are from codes (ours, the
best of three) or from the array that the peer takes (made beforehand).
"""

import argparse
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

from labeling.engine.agreement.coefficients import bootstrap, fleiss_kappa, krippendorff_alpha  # noqa: E402
from labeling.engine.agreement.counting import tally  # noqa: E402
from labeling.engine.agreement.pairs import cohen_kappas, cross  # noqa: E402
from labeling.engine.ratings import Ratings  # noqa: E402

PEOPLE, LABELS = 5, 4
LEVELS = ("nominal", "ordinal", "interval")
PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, krippendorff
from importlib import metadata
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa
table = np.load(sys.argv[1])
found = {"versions": {name: metadata.version(name) for name in ("krippendorff", "statsmodels", "scikit-learn")}}
def timed(name, run):
    started = time.process_time()
    value = run()
    found[name] = [float(value), time.process_time() - started]
data = table.T.astype(float)
for level in ("nominal", "ordinal", "interval"):
    timed(level, lambda: krippendorff.alpha(reliability_data=data, level_of_measurement=level))
timed("fleiss", lambda: fleiss_kappa(aggregate_raters(table)[0]))
timed("cohen", lambda: cohen_kappa_score(table[:, 0], table[:, 1]))
print(json.dumps(found))
"""


def timed(run: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    best = np.inf
    for _time in range(times):
        started = time.process_time()
        found = run()
        best = min(best, time.process_time() - started)
    return found, best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="")
    parser.add_argument("--answers", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {metadata.version('scipy')}")
    random = np.random.default_rng(0)
    items = options.answers // PEOPLE
    truth = random.integers(0, LABELS, items)
    guessed = random.integers(0, LABELS, (items, PEOPLE))
    table = np.where(random.random((items, PEOPLE)) < 0.6, truth[:, None], guessed)
    item, person, label = np.repeat(np.arange(items), PEOPLE), np.tile(np.arange(PEOPLE), items), table.ravel()
    names = tuple(map(str, range(PEOPLE)))
    two = person < 2
    pair = Ratings(item[two], person[two], label[two], tuple(map(str, range(items))), names, names[:LABELS])
    mine: dict[str, tuple[float, float]] = {
        level: timed(lambda level=level: krippendorff_alpha(item, label, level)) for level in LEVELS
    }
    mine["fleiss"] = timed(lambda: fleiss_kappa(tally(item, label)))
    mine["cohen"] = timed(lambda: float(cohen_kappas(cross(pair)).kappa[0]))
    peer: dict[str, Any] = {}
    if options.peer:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "table.npy"
            np.save(file, table)
            said = subprocess.run([options.peer, "-c", PEER, str(file)], check=True, capture_output=True, text=True)
        peer = json.loads(said.stdout)
        print(", ".join(f"{name} {version}" for name, version in peer.pop("versions").items()))
    print(f"{len(item):,} answers to {items:,} items")
    for name, (value, seconds) in mine.items():
        line = f"{name:9s} {value:.6f}  {seconds:7.4f} s"
        if name in peer:
            other, took = peer[name]
            line += f"   peer {other:.6f}  {took:7.4f} s  {took / seconds:6.1f} times, {abs(other - value):.1e} apart"
        print(line)
    for level in LEVELS:
        estimate, seconds = timed(lambda level=level: bootstrap(tally(item, label), level), 1)
        print(f"{level:9s} with an interval of 1,000 draws: {estimate.low:.5f} to {estimate.high:.5f}, {seconds:.3f} s")


if __name__ == "__main__":
    main()
