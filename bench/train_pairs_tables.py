"""Families of preferences and of rows of tables on real sets: figures with intervals, processor seconds, peers.

    python bench/train_pairs_tables.py FOLDER [pairs] [tables] [--folds N]

FOLDER holds pref/ and tabular/ (see its README). Preferences are judged in folds by prompt, all of whose pairs stand in
one fold, so that every pair is predicted once by a model that saw neither it nor its prompt; ties are left out. Beside
the families stand "the longer answer wins" and TF-IDF of both answers under a linear model. Tables are judged in
stratified folds, with a fifth of the training rows for validation; beside the families stand scikit-learn's own
logistic regression and forest on one-hot columns with medians.
"""

import argparse
import csv
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from modeling.engine.data import Examples  # noqa: E402
from modeling.engine.metrics import macro_f1  # noqa: E402
from modeling.engine.preference.linear import differences_of, fit_bradley_terry, texts_of  # noqa: E402
from modeling.engine.reading.options import ReadingOptions  # noqa: E402
from modeling.engine.reading.table import read_examples  # noqa: E402
from modeling.engine.tasks.task import bootstrap_difference, bootstrap_interval  # noqa: E402
from modeling.engine.training import TrainingSettings, train  # noqa: E402

Array = np.ndarray[Any, Any]
VALIDATION = 0.2


def main() -> None:
    """Measure what was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", nargs="*", default=["pairs", "tables"])
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    if "pairs" in options.what:
        pairs(options.folder / "pref", options.folds)
    if "tables" in options.what:
        tables(options.folder / "tabular", options.folds)


def _folds(groups: Sequence[Any], count: int) -> Iterator[tuple[Array, Array]]:
    """Give the splits of all rows, and the test rows, with whole groups in one fold; seed 0."""
    names, group = np.unique(np.array(groups, object).astype(str), return_inverse=True)
    place = np.random.default_rng(0).permutation(len(names))[group]
    for fold in range(count):
        splits = np.where(place % count == fold, "test", "train").astype(object)
        others = np.unique(place[place % count != fold])
        held = np.random.default_rng(fold).choice(others, max(1, round(len(others) * VALIDATION)), replace=False)
        splits[np.isin(place, held)] = "validation"
        yield splits, np.flatnonzero(splits == "test")


def _predict(data: Examples, family: str, splits: Array) -> tuple[Any, float]:
    """Return what a model of the other folds predicts for the test rows, and its processor seconds."""
    part = Examples.of(data.task, data.inputs, data.answers, splits.tolist(), ids=data.ids, soft=data.soft)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as scratch:
        model = train(part, Path(scratch), TrainingSettings(family=family, threads=1))
        made = model.predictions(part.part("test").inputs)
    return made, time.process_time() - began


def pairs(folder: Path, folds: int) -> None:
    """Print accuracy and calibration of rewards on PandaLM and on the Chinese pairs."""
    for name in ("pandalm_test", "dpo_zh"):
        options = ReadingOptions(folder / f"{name}.jsonl.gz", "preference")
        data = read_examples(options)
        print(f"\n{name}: {len(data.inputs)} pairs of {len({pair.prompt for pair in data.inputs})} prompts")
        for note in options.notes[-2:]:
            print(f"  {note}")
        _pairs(data, folds)


def _pairs(data: Examples, folds: int) -> None:
    ways: dict[str, Callable[[Array, Array], Array]] = {
        "the longer answer": lambda _splits, rows: _longer(data, rows),
        "TF-IDF, linear": lambda splits, rows: _tfidf(data, splits, rows),
        "reward-counted": lambda splits, _rows: _predict(data, "reward-counted", splits)[0],
        "reward": lambda splits, _rows: _predict(data, "reward", splits)[0],
    }
    longer: Callable[[Array], float] | None = None
    for way, predict in ways.items():
        chances, seconds = _everywhere(data, folds, predict)
        figures = data.kind.figures(chances, data, ("first", "second"))
        scorer = data.kind.scorer(chances, data, ("first", "second"))
        longer = longer or scorer
        low, high = bootstrap_interval(scorer, len(chances))
        gain = bootstrap_difference(scorer, longer, len(chances), seed=0)
        print(
            f"  {way}: accuracy {figures['accuracy']:.3f} ({low:.3f} to {high:.3f}), log-loss "
            f"{figures['log_loss']:.3f}, calibration error {figures['calibration_error']:.3f}, {seconds:.0f} CPU s; "
            f"beside the longer answer {gain['difference']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
        )


def _everywhere(data: Examples, folds: int, predict: Callable[[Array, Array], Array]) -> tuple[Array, float]:
    out, began = np.zeros(len(data.inputs)), time.process_time()
    for splits, rows in _folds([pair.prompt for pair in data.inputs], folds):
        out[rows] = predict(splits, rows)
    return out, time.process_time() - began


def _longer(data: Examples, rows: Array) -> Array:
    """Return how often the longer answer wins among all pairs, for the longer of each."""
    lengths = np.array([len(pair.first) - len(pair.second) for pair in data.inputs])
    share = float(((lengths > 0) == (np.array(data.answers) == 0))[lengths != 0].mean())
    chances: Array = 0.5 + (share - 0.5) * np.sign(lengths[rows])
    return chances


def _tfidf(data: Examples, splits: Array, rows: Array) -> Array:
    """Return chances of a linear model of the difference of TF-IDF vectors, of the best strength on the validation."""
    from scipy.special import expit
    from sklearn.feature_extraction.text import TfidfVectorizer

    _prompts, answers = texts_of(data.inputs)
    analyzer = "char" if any("\u4e00" <= letter <= "\u9fff" for letter in answers[0]) else "word"
    learned = splits == "train"
    vectorizer = TfidfVectorizer(
        sublinear_tf=True, ngram_range=(1, 2), min_df=2, analyzer=analyzer, max_features=20_000
    )
    vectorizer.fit([answer for answer, known in zip(answers, np.repeat(learned, 2), strict=True) if known])
    differences = differences_of(vectorizer.transform(answers).toarray())
    shares = 1.0 - np.array(data.answers)
    best = None
    for strength in (0.1, 1.0, 10.0):
        weights = fit_bradley_terry(differences[learned], shares[learned], strength)
        odds = differences @ weights
        held = splits == "validation"
        loss = float((np.logaddexp(0, -odds) * shares + np.logaddexp(0, odds) * (1 - shares))[held].mean())
        if best is None or loss < best[0]:
            best = (loss, odds)
    assert best is not None
    chances: Array = expit(best[1][rows])
    return chances


def tables(folder: Path, folds: int) -> None:
    """Print macro-F1 of the families and of scikit-learn's own pipelines."""
    for name, rows, answers in _tables(folder):
        print(f"\n{name}: {len(rows)} rows, {len(set(answers))} classes, {len(rows[0])} columns")
        classes = sorted(set(answers))
        truth = np.array([classes.index(answer) for answer in answers])
        data = Examples("table", tuple(rows), tuple(answers), ("train",) * len(rows), tuple(map(str, range(len(rows)))))
        for way in ("table-linear", "table-trees", "scikit-learn logistic", "scikit-learn forest"):
            made, began = np.zeros(len(rows), np.int64), time.process_time()
            for splits, test in _stratified(truth, folds):
                if way.startswith("table"):
                    made[test] = _predict(data, way, splits)[0].argmax(axis=1)
                else:
                    made[test] = _library(way, rows, truth, splits, test)
            low, high = _interval(truth, made, len(classes))
            print(
                f"  {way}: macro-F1 {macro_f1(truth, made, len(classes)):.4f} ({low:.4f} to {high:.4f}), accuracy "
                f"{(made == truth).mean():.4f}, {time.process_time() - began:.0f} CPU s"
            )


def _interval(truth: Array, made: Array, classes: int) -> tuple[float, float]:
    return bootstrap_interval(lambda drawn: macro_f1(truth[drawn], made[drawn], classes), len(truth))


def _stratified(truth: Array, count: int) -> Iterator[tuple[Array, Array]]:
    from sklearn.model_selection import StratifiedKFold

    for known, test in StratifiedKFold(count, shuffle=True, random_state=0).split(truth, truth):
        splits = np.full(len(truth), "train", object)
        splits[test] = "test"
        splits[np.random.default_rng(0).choice(known, round(len(known) * VALIDATION), replace=False)] = "validation"
        yield splits, test


def _library(way: str, rows: Sequence[dict[str, Any]], truth: Array, splits: Array, test: Array) -> Array:
    """Return the classes that a pipeline of scikit-learn gives, trained on the training and validation rows."""
    import pandas as pd
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    table = pd.DataFrame(rows).replace({"NA": None, "": None})
    for column in table:
        numbers = pd.to_numeric(table[column], errors="coerce")
        table[column] = (
            numbers if numbers.notna().sum() == table[column].notna().sum() else table[column].astype(object)
        )
    table = table.dropna(axis=1, how="all")
    prepare = make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (OneHotEncoder(handle_unknown="ignore", min_frequency=3), make_column_selector(dtype_include=object)),
    )
    model = LogisticRegression(max_iter=2000) if "logistic" in way else RandomForestClassifier(300, random_state=0)
    known = np.flatnonzero(splits != "test")
    fitted = make_pipeline(prepare, model).fit(table.iloc[known], truth[known])
    made: Array = fitted.predict(table.iloc[test])
    return made


def _tables(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]], list[str]]]:
    """Give names, rows and labels; of the raw penguins without names and without what the species was told by."""
    from sklearn.datasets import load_breast_cancer, load_wine

    with (folder / "penguins_raw.csv").open(encoding="utf-8") as stream:
        raw = list(csv.DictReader(stream))
    aside = {"Species", "Individual ID", "Sample Number"}
    rows = [{name: value for name, value in row.items() if name not in aside} for row in raw]
    yield "penguins, raw", rows, [row["Species"].split()[0] for row in raw]
    # Twenty labels are wrong, in training and in judging alike, and nobody can tell those apart by the rows.
    with (folder / "penguins_noisy.csv").open(encoding="utf-8") as stream:
        noisy = [row for row in csv.DictReader(stream) if row["label"] != "-1"]
    rows = [{name: value for name, value in row.items() if name not in {"row", "label"}} for row in noisy]
    yield "penguins, noisy labels", rows, [row["label"] for row in noisy]
    for name, load in (("wine", load_wine), ("breast cancer", load_breast_cancer)):
        found = load()
        rows = [dict(zip(found.feature_names, row.tolist(), strict=True)) for row in found.data]
        yield name, rows, [str(found.target_names[target]) for target in found.target]


if __name__ == "__main__":
    main()
