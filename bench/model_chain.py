"""The chain from labeled texts to a served int8 bundle: python bench/model_chain.py [set ...] [--seed 0].

For each packaged set it drops repeated texts, splits by class (70/10/20, seeded), encodes with an empty cache, trains
the default family and the TF-IDF baseline, exports through the gate, and times single texts. Times are CPU seconds of
this process.
"""

import argparse
import csv
import gzip
import io
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from curation.engine.embedding import choose_encoder, encode  # noqa: E402
from curation.engine.embedding.encode import open_session  # noqa: E402
from curation.engine.embedding.table import get_encoder  # noqa: E402
from modeling.engine.bundle import export_bundle  # noqa: E402
from modeling.engine.bundle.graph import LADDER, build_graph, classifier_module  # noqa: E402
from modeling.engine.data import Examples, split_rows  # noqa: E402
from modeling.engine.evaluate import evaluate  # noqa: E402
from modeling.engine.serving import Predictor  # noqa: E402
from modeling.engine.training import BASELINES, TrainedModel, TrainingContext, TrainingSettings, train  # noqa: E402

SETS = ("sms_spam", "reviews_zh")
TIMED_TEXTS = 200


def read_set(name: str) -> tuple[list[str], list[str]]:
    """Return texts and labels of a packaged set."""
    with gzip.open(ROOT / "curation" / "demo" / "data" / f"{name}.csv.gz") as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed, "utf-8")))
    return [row["text"] for row in rows], [row["label"] for row in rows]


class Clock:
    """CPU seconds since the last look."""

    def __init__(self) -> None:
        self.at = time.process_time()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        now = time.process_time()
        passed, self.at = now - self.at, now
        return passed


def float_milliseconds(model: TrainedModel, texts: list[str]) -> float:
    """Return CPU milliseconds of the float graph for one text, tokenizing included."""
    source = get_encoder(model.facts["encoder"])
    session, tokenizer = (
        open_session(build_graph(classifier_module(model, source, None), LADDER[-1])),
        source.tokenizer(),
    )
    clock = Clock()
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
    return clock.lap() / len(texts) * 1000


def int8_milliseconds(bundle: Path, texts: list[str]) -> float:
    """Return CPU milliseconds of the served bundle for one text."""
    predictor = Predictor(bundle)
    clock = Clock()
    for text in texts:
        predictor.predict([text])
    return clock.lap() / len(texts) * 1000


def run(data: Examples, folder: Path, seed: int) -> dict[str, str]:
    """Return the figures of one set by name."""
    context = TrainingContext(cache_dir=folder / "cache")
    encoder = choose_encoder(data.part("train").inputs).name
    encode(["graph"], encoder=encoder, cache_dir=context.cache_dir)
    clock = Clock()
    encode(data.inputs, encoder=encoder, cache_dir=context.cache_dir)
    encoded = clock.lap()
    model = train(data, folder / "model", TrainingSettings(seed=seed), context)
    trained = clock.lap()
    baseline = train(
        data, folder / "baseline", TrainingSettings(family=BASELINES["text-classification"], seed=seed), context
    )
    baseline_seconds = clock.lap()
    evaluation = evaluate(model, data, baseline=baseline, context=context)
    clock.lap()
    result = export_bundle(
        model, data, folder / "b.zip", created_at="-", comparison=evaluation.to_dict()["comparison"], limit_points=100.0
    )
    exported = clock.lap()
    comparison, metrics = evaluation.comparison, result.metrics
    assert comparison is not None
    difference, texts = comparison.difference, list(data.part("test").inputs[:TIMED_TEXTS])
    return {
        "texts train / validation / test": " / ".join(f"{n:,}" for n in model.facts["rows"].values()),
        "encoder": encoder,
        "macro-F1 float / int8 bundle": f"{metrics['float']['macro_f1']:.4f} / {metrics['bundle']['macro_f1']:.4f}",
        "accuracy float / int8 bundle": f"{metrics['float']['accuracy']:.4f} / {metrics['bundle']['accuracy']:.4f}",
        "points lost by int8 (rung)": f"{result.gate.loss_points:.2f} ({result.manifest['compression']['rung']})",
        "same label as float": f"{result.rungs[-1]['same_answer']:.4f}",
        "macro-F1 baseline": f"{comparison.baseline['macro_f1']:.4f}",
        "difference to baseline": f"{difference['difference']:+.4f}",
        "its 95 % interval": f"[{difference['low']:+.4f}, {difference['high']:+.4f}]",
        "McNemar p": f"{comparison.mcnemar['p_value']:.3g} ({comparison.verdict})",
        "calibration error": f"{metrics['bundle']['calibration_error']:.4f}",
        "texts encoded per CPU s": f"{len(data.inputs) / encoded:.0f}",
        "training, vectors cached": f"{trained:.1f} s",
        "baseline": f"{baseline_seconds:.1f} s",
        "export, gate included": f"{exported:.1f} s",
        "bundle": f"{result.size / 1e6:.1f} MB",
        "one text, float": f"{float_milliseconds(model, texts):.1f} ms",
        "one text, int8 bundle": f"{int8_milliseconds(result.path, texts):.1f} ms",
    }


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    columns = {}
    for name in options.sets:
        texts, labels = read_set(name)
        with tempfile.TemporaryDirectory() as folder:
            columns[name] = run(split_rows(texts, labels, seed=options.seed), Path(folder), options.seed)
    print("| figure | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for row in next(iter(columns.values())):
        print(f"| {row} | " + " | ".join(column[row] for column in columns.values()) + " |")


if __name__ == "__main__":
    main()
