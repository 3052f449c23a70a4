"""Rankings of suspected label errors beside cleanlab's, on the same predictions.

    python bench/label_errors.py FOLDER [--peer VENV/bin/python]

FOLDER holds labelerr/ (20news_test.npz, 20news_truth.csv, banking77_test_noisy10.csv.gz, sign_digits_noisy8.csv) and
image/sign_digits_800.zip. Predictions are those of the newsgroups file, and out of five folds (seed 0) of TF-IDF or
MiniLM with logistic regression, and of grey values with logistic regression or a forest. Digits of scikit-learn with a
fifth of the labels exchanged, at random or each for the next, come beside. Printed are the average precision of each
ranking, and processor seconds for a million rows of ten labels. Of the newsgroups only the rows that people checked are
compared; the others are unknown. The peer, with cleanlab, ranks the same arrays in a process of its own.
"""

import argparse
import csv
import gzip
import io
import json
import platform
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import average_precision_score  # noqa: E402
from sklearn.model_selection import StratifiedKFold, cross_val_predict  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from threadpoolctl import threadpool_limits  # noqa: E402

from curation.engine.label_quality import MEASURES  # noqa: E402

# Name, probabilities, given labels, whether they are errors, and the rows that are compared.
Case = tuple[str, Any, Any, Any, Any]
ROWS, LABELS = 1_000_000, 10
PEER = """
import json, sys, time
import cleanlab, numpy as np
from cleanlab.rank import get_label_quality_scores
names = [(m, a) for m in ("self_confidence", "normalized_margin", "confidence_weighted_entropy") for a in (False, True)
         if not (a and m == "confidence_weighted_entropy")]
said = {"version": cleanlab.__version__, "scores": {}, "seconds": {}}
for path in sys.argv[1:]:
    arrays = np.load(path)
    for method, adjusted in names:
        began = time.process_time()
        scores = get_label_quality_scores(arrays["labels"].astype(int), arrays["pred_probs"], method=method,
                                          adjust_pred_probs=adjusted)
        name = method + (" adjusted" if adjusted else "")
        said["seconds"].setdefault(path, {})[name] = time.process_time() - began
        if not path.endswith("speed.npz"):
            said["scores"].setdefault(path, {})[name] = scores.tolist()
print(json.dumps(said))
"""


def out_of_fold(model: Any, features: Any, labels: Any) -> Any:
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return cross_val_predict(model, features, labels, cv=folds, method="predict_proba")


def newsgroups(folder: Path) -> Iterator[Case]:
    arrays = np.load(folder / "20news_test.npz", allow_pickle=False)
    rows = list(csv.DictReader((folder / "20news_truth.csv").open()))
    is_error = np.array([row["is_error"].lower() in {"1", "true"} for row in rows])
    yield "20news, checked rows", arrays["pred_probs"], arrays["labels"], is_error, [int(row["id"]) for row in rows]


def banking(folder: Path) -> Iterator[Case]:
    from curation.engine.embedding import encode

    with gzip.open(folder / "banking77_test_noisy10.csv.gz", "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    texts, labels, is_error = [row["text"] for row in rows], *_truth(rows)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(texts)
    for name, features in (("TF-IDF", words), ("MiniLM", encode(texts, encoder="minilm"))):
        for strength in (1, 10) if name == "TF-IDF" else (10, 100):
            model = LogisticRegression(C=strength, max_iter=1000)
            yield f"banking77, {name}, C {strength}", out_of_fold(model, features, labels), labels, is_error, None


def signs(folder: Path, pictures: Path) -> Iterator[Case]:
    from PIL import Image

    with (folder / "sign_digits_noisy8.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    with zipfile.ZipFile(pictures) as archive:
        names = {
            name.rsplit("/", 2)[-2] + "/" + name.rsplit("/", 1)[-1]: name for name in archive.namelist() if "/" in name
        }
        opened = (Image.open(io.BytesIO(archive.read(names[row["file"]]))) for row in rows)
        greys = [np.asarray(picture.convert("L").resize((24, 24)), float).ravel() / 255 for picture in opened]
    labels, is_error = _truth(rows)
    for name, model in (
        ("logistic regression", make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))),
        ("forest", RandomForestClassifier(300, random_state=0)),
    ):
        yield f"sign digits, {name}", out_of_fold(model, np.array(greys), labels), labels, is_error, None


def _truth(rows: list[dict[str, str]]) -> tuple[Any, Any]:
    labels = np.unique([row["label"] for row in rows], return_inverse=True)[1]
    return labels, np.array([row["is_error"].lower() in {"1", "true"} for row in rows])


def digits() -> Iterator[Case]:
    from sklearn.datasets import load_digits

    features, true = load_digits(return_X_y=True)
    random = np.random.default_rng(0)
    for kind in ("at random", "for the next"):
        is_error = random.random(len(true)) < 0.2
        by = random.integers(1, 10, int(is_error.sum())) if kind == "at random" else 1
        labels = true.copy()
        labels[is_error] = (true[is_error] + by) % 10
        for name, model in (
            ("logistic regression", make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))),
            ("forest", RandomForestClassifier(200, random_state=0)),
        ):
            yield f"digits {kind}, {name}", out_of_fold(model, features, labels), labels, is_error, None


def ours(chances: Any, labels: Any) -> tuple[dict[str, Any], dict[str, float]]:
    scores, seconds = {}, {}
    for name, measure in MEASURES.items():
        began = time.process_time()
        scores[name] = measure(chances, labels)
        seconds[name] = time.process_time() - began
    return scores, seconds


def precision(case: Case, scores: Any) -> float:
    _name, _chances, _labels, is_error, rows = case
    scores = np.asarray(scores)
    return float(average_precision_score(is_error, -(scores if rows is None else scores[rows])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer", help="Python of an environment with cleanlab")
    options = parser.parse_args()
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    print(", ".join([f"Python {platform.python_version()}", *versions]))
    with threadpool_limits(1), tempfile.TemporaryDirectory() as scratch:
        labelerr = options.folder / "labelerr"
        cases = [*newsgroups(labelerr), *banking(labelerr)]
        cases += [*signs(labelerr, options.folder / "image" / "sign_digits_800.zip"), *digits()]
        paths = [Path(scratch) / f"{number}.npz" for number in range(len(cases))]
        for path, case in zip(paths, cases, strict=True):
            np.savez(path, pred_probs=case[1], labels=case[2])
        random = np.random.default_rng(0)
        many = random.dirichlet(np.full(LABELS, 0.3), ROWS), random.integers(0, LABELS, ROWS)
        speed = Path(scratch) / "speed.npz"
        np.savez(speed, pred_probs=many[0], labels=many[1])
        peer: dict[str, Any] = {}
        if options.peer:
            command = [options.peer, "-c", PEER, *map(str, paths), str(speed)]
            peer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(f"cleanlab {peer['version']}")
        for path, case in zip(paths, cases, strict=True):
            scores, _seconds = ours(case[1], case[2].astype(np.int64))
            print(f"{case[0]}: {len(case[2]):,} rows, {int(case[3].sum())} errors")
            for name, found in scores.items():
                print(f"    {name:40} {precision(case, found):.4f}")
            for name, found in peer.get("scores", {}).get(str(path), {}).items():
                print(f"    cleanlab {name:31} {precision(case, found):.4f}")
        print(f"{ROWS:,} rows of {LABELS} labels, processor seconds")
        for name, seconds in ours(*many)[1].items():
            print(f"    {name:40} {seconds:.3f}")
        for name, seconds in peer.get("seconds", {}).get(str(speed), {}).items():
            print(f"    cleanlab {name:31} {seconds:.3f}")


if __name__ == "__main__":
    main()
