"""Record linkage beside Splink on the same address records: pairs and clusters against the known places.

    python -m venv VENV && VENV/bin/pip install splink pandas
    python bench/link.py --peer VENV/bin/python

The peer runs in a process and an environment of its own. Precision, recall and F1 are over pairs of records of one
place; ours are those inside clusters. Splink gets Jaro-Winkler comparisons of name and address, exact zip and
Levenshtein on the telephone number, term-frequency adjustment everywhere, and blocking on each field, the house number
and the beginning of the name; the best of five thresholds is printed for its pairs and for its clusters.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
ADDRESSES = ROOT / "tests" / "data" / "tables" / "early_childhood.csv.gz"
FIELDS = ["name", "address", "zip", "phone"]

PEER = """
import json, sys, warnings
warnings.filterwarnings("ignore")
import logging
logging.disable(logging.WARNING)
import pandas as pd, splink, splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
rows = pd.read_json(sys.argv[1], dtype=False)
adjusted = {"term_frequency_adjustments": True}
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[
        cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(**adjusted),
        cl.JaroWinklerAtThresholds("address", [0.9, 0.7]).configure(**adjusted),
        cl.ExactMatch("zip").configure(**adjusted),
        cl.LevenshteinAtThresholds("phone", [1]).configure(**adjusted),
    ],
    blocking_rules_to_generate_predictions=[
        block_on("phone"), block_on("address"), block_on("name"), block_on("num"), block_on("substr(name,1,8)"),
    ],
    retain_intermediate_calculation_columns=False,
)
api = DuckDBAPI()
linker = Linker(api.register(rows), settings)
linker.training.estimate_probability_two_random_records_match([block_on("phone"), block_on("address")], recall=0.8)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("phone"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("address"))
found = linker.inference.predict(threshold_match_probability=0.01)
pairs = found.as_pandas_dataframe()
answer = {"version": splink.__version__, "pairs": {}, "clusters": {}}
for least in (0.5, 0.8, 0.9, 0.95, 0.99):
    kept = pairs[pairs.match_probability >= least]
    answer["pairs"][str(least)] = [kept.unique_id_l.tolist(), kept.unique_id_r.tolist()]
    made = linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_probability=least)
    table = made.as_pandas_dataframe().sort_values("unique_id")
    answer["clusters"][str(least)] = table.cluster_id.astype(str).tolist()
with open(sys.argv[2], "w") as sink:
    json.dump(answer, sink)
"""


def scores(right: int, said: int, true: int) -> str:
    """Return precision, recall and F1 in words."""
    precision, recall = right / max(1, said), right / true
    return f"precision {precision:.3f}  recall {recall:.3f}  F1 {2 * right / (said + true):.3f}"


def pairs_in(groups: pd.Series) -> int:
    """Return how many pairs equal values form."""
    counts = groups.value_counts()
    return int((counts * (counts - 1) // 2).sum())


def f1_of(row: str) -> float:
    """Return the last figure of a row of `scores`."""
    return float(row.rsplit(" ", 1)[1])


def ours(rows: pd.DataFrame, place: np.ndarray, true: int, threshold: float) -> str:
    """Link the rows with our engine and return its scores."""
    from curation.engine.linkage.link import LinkSettings, link_table

    table = pa.table({"item_id": pa.array(range(1, len(rows) + 1), pa.int64()), **{f: rows[f] for f in FIELDS}})
    started = time.process_time()
    found = link_table(table, FIELDS, LinkSettings(threshold=threshold))
    spent = time.process_time() - started
    right = int((place[found.left] == place[found.right]).sum())
    return f"{scores(right, len(found.left), true)}  ({spent:.1f} CPU s, compiling included)"


def plain(text: str) -> str:
    """Return a text in lower case, with letters, digits and single blanks alone."""
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


def splink(rows: pd.DataFrame, place: np.ndarray, true: int, python: str) -> list[str]:
    """Run Splink and return its version and its best scores for pairs and for clusters."""
    given: dict[str, Any] = {name: [plain(text) or None for text in rows[name]] for name in FIELDS}
    given["num"] = [(text or "").split(" ")[0] or None for text in given["address"]]
    frame = pd.DataFrame({"unique_id": range(len(rows)), **given})
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "rows.json", Path(folder) / "found.json"
        frame.to_json(source)
        subprocess.run([python, "-c", PEER, str(source), str(target)], check=True)
        answer = json.loads(target.read_text())
    by_pairs, by_clusters = {}, {}
    for least, (left, right) in answer["pairs"].items():
        hits = int((place[np.array(left, int)] == place[np.array(right, int)]).sum())
        by_pairs[least] = scores(hits, len(left), true)
    for least, clusters in answer["clusters"].items():
        both = pd.Series([f"{cluster} {where}" for cluster, where in zip(clusters, place, strict=True)])
        by_clusters[least] = scores(pairs_in(both), pairs_in(pd.Series(clusters)), true)
    told = [f"splink {answer['version']}"]
    for what, found in (("pairs", by_pairs), ("clusters", by_clusters)):
        best = max(found, key=lambda least: f1_of(found[least]))
        told.append(f"splink, {what}, threshold {best}: {found[best]}")
    return told


def main() -> None:
    """Print the scores of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="Python of an environment with splink")
    options = parser.parse_args()
    rows = pd.read_csv(ADDRESSES, dtype=str, keep_default_na=False)
    place, _names = pd.factorize(rows["true_id"])
    true = pairs_in(rows["true_id"])
    print(f"{len(rows)} records, {true} true pairs")
    for threshold in (0.9, 0.5):
        print(f"link, threshold {threshold}: {ours(rows, place, true, threshold)}")
    for line in splink(rows, place, true, options.peer) if options.peer else []:
        print(line)


if __name__ == "__main__":
    main()
