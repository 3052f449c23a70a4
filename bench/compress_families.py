"""What compression costs and gains, family by family: one row each, on sets that ship with the repository.

    python bench/compress_families.py [FAMILY ...] [--data FOLDER] [--things 60] [--optimum PYTHON]

Each family is trained, exported with the smallest and the float rung measured, and asked one thing at a time: the
float model as torch runs it in float32 (where it has no torch, as it predicts), with everything loaded before, and
the bundle by its runtime. Both are asked by turns, so that a busy machine slows both. Milliseconds are of one
processor thread, the median over things; reading (words, pieces, columns) and answering count on both sides. Goals:
int8 at least 2.5 times as fast as float, at most half a point lost. FOLDER with ner/ and pref/ (see its README) adds
real sets of spans and more pairs. With PYTHON, an environment that has optimum[onnxruntime], its int8 of the same
encoder is timed on the same texts beside ours.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)
import torch  # noqa: E402

from curation.engine.embedding.encode import pad_tokens  # noqa: E402
from curation.engine.embedding.table import get_encoder  # noqa: E402
from modeling.engine.bundle.graph import classifier_module  # noqa: E402
from modeling.engine.bundle.ladder import climb, given_of  # noqa: E402
from modeling.engine.bundle.pack import to_json  # noqa: E402
from modeling.engine.bundle.runtime.model import Model  # noqa: E402
from modeling.engine.data import Examples, Pair, Span, split_by_key, split_rows  # noqa: E402
from modeling.engine.families.table import get_family  # noqa: E402
from modeling.engine.training import TrainedModel, TrainingContext, TrainingSettings, train  # noqa: E402

Ask = Callable[[Any], Any]
GOAL_TIMES, GOAL_POINTS = 2.5, 0.5
CPU = torch.device("cpu")


def demo(name: str, most: int) -> Callable[[Path | None], Examples]:
    """Return a packaged set of texts, at most so many of each label."""

    def read(_folder: Path | None) -> Examples:
        with gzip.open(ROOT / "curation" / "demo" / "data" / f"{name}.csv.gz") as packed:
            rows = list(csv.DictReader(io.TextIOWrapper(packed, "utf-8")))
        kept = [[row for row in rows if row["label"] == label][:most] for label in sorted({r["label"] for r in rows})]
        flat = [row for part in kept for row in part]
        return split_rows([row["text"] for row in flat], [row["label"] for row in flat])

    return read


def spans(folder: Path | None) -> Examples:
    """Return WNUT-17 where it is there (1,500 texts of it), else made sentences of names and places."""
    if folder and (folder / "ner" / "wnut17.jsonl.gz").exists():
        with gzip.open(folder / "ner" / "wnut17.jsonl.gz", "rt", encoding="utf-8") as stream:
            rows = [json.loads(line) for line in stream]
        names = {"train": "train", "dev": "validation", "validation": "validation", "test": "test"}
        chosen = {"train": 900, "validation": 200, "test": 400}
        kept = [row for split, most in chosen.items() for row in [r for r in rows if names[r["split"]] == split][:most]]
        marked = [tuple(Span(s["start"], s["end"], s["label"]) for s in row["spans"]) for row in kept]
        return Examples.of("ner", [row["text"] for row in kept], marked, [names[row["split"]] for row in kept])
    people, places = ["Ann Lee", "Bo", "Carla Diaz", "Dan Wu", "Eve"], ["Paris", "New York", "Oslo", "Bonn", "Lima"]
    texts, marks = [], []
    for number in range(200):
        name, place = people[number % 5], places[number // 5 % 5]
        text = f"{name} went to {place} on day {number}, and nobody else did."
        at = text.index(place)
        texts.append(text)
        marks.append((Span(0, len(name), "PER"), Span(at, at + len(place), "LOC")))
    return Examples.of("ner", texts, marks, split_by_key(["one"] * len(texts)))


def pairs(folder: Path | None) -> Examples:
    """Return PandaLM's pairs without ties: all where they are there, else the 200 of the tests."""
    path = ROOT / "tests" / "data" / "models" / "pandalm_200.jsonl.gz"
    if folder and (folder / "pref" / "pandalm_test.jsonl.gz").exists():
        path = folder / "pref" / "pandalm_test.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    rows = [row for row in rows if row["label"] in (1, 2)]
    made = [Pair(row["prompt"], row["first"], row["second"]) for row in rows]
    prompts = sorted({pair.prompt for pair in made})
    split = dict(zip(prompts, split_by_key(["one"] * len(prompts)), strict=True))
    return Examples.of("preference", made, [row["label"] - 1 for row in rows], [split[pair.prompt] for pair in made])


def penguins(_folder: Path | None) -> Examples:
    """Return penguins with their species."""
    with (ROOT / "tests" / "data" / "models" / "penguins.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    labels = [row.pop("label") for row in rows]
    return Examples.of("table", rows, labels, split_by_key(labels))


def ask_encoder(model: TrainedModel) -> Ask:
    """Return what asks encoder and head in torch."""
    source = get_encoder(model.facts["encoder"])
    tokenizer = source.tokenizer()
    return _ask_classifier(classifier_module(model, source, None), lambda text: tokenizer.encode(text).ids)


def ask_network(model: TrainedModel) -> Ask:
    """Return what asks a small network in torch."""
    from modeling.engine.bundle.runtime.vocabulary import FIRST, numbers_of
    from modeling.engine.families.from_scratch import LONGEST, FromScratch
    from modeling.engine.heads.classifier import calibrated

    words, network = FromScratch().opened(model.folder, model.facts)
    place = {word: number for number, word in enumerate(words, FIRST)}
    return _ask_classifier(
        calibrated(network, model.facts), lambda text: numbers_of(text, model.facts["analyzer"], place, LONGEST)
    )


def _ask_classifier(module: torch.nn.Module, read: Callable[[str], list[int]]) -> Ask:
    def ask(text: str) -> Any:
        ids = torch.tensor([read(text)])
        return module(ids, torch.ones_like(ids)).numpy()

    return ask


def ask_tagger(model: TrainedModel) -> Ask:
    """Return what asks a fine-tuned tagger in torch."""
    from modeling.engine.families.tagger import Tagger
    from modeling.engine.tagging.choosing import Reading, found_spans

    tagger = Tagger().opened(model.folder, model.facts, get_encoder(model.facts["encoder"]))
    reading = Reading(model.facts["bias"], model.facts["temperature"])

    def ask(text: str) -> Any:
        rows = tagger.rows([text])
        return found_spans(tagger.scores(rows, CPU), rows.words, tagger.scheme, tagger.steps(), model.labels, reading)

    return ask


def ask_reward(model: TrainedModel) -> Ask:
    """Return what asks a reward over frozen vectors in torch."""
    from curation.engine.embedding.graph import load_encoder
    from modeling.engine.bundle.runtime.counts import counted_features
    from modeling.engine.preference.graphs import VectorRewards

    source = get_encoder(model.facts["encoder"])
    with np.load(model.folder / "reward.npz", allow_pickle=False) as arrays:
        module = VectorRewards(load_encoder(source), arrays["weights"], float(model.facts["temperature"])).eval()
    tokenizer = source.tokenizer()

    def ask(pair: Pair) -> Any:
        ids, mask = pad_tokens([encoding.ids for encoding in tokenizer.encode_batch(list(pair))], source.pad_id)
        counts = torch.from_numpy(counted_features([pair.prompt] * 2, [pair.first, pair.second])).float()
        return module(torch.from_numpy(ids), torch.from_numpy(mask), counts).numpy()

    return ask


def ask_tuned_reward(model: TrainedModel) -> Ask:
    """Return what asks a fine-tuned reward in torch."""
    from modeling.engine.families.reward_tuned import RewardTuned

    reader, net = RewardTuned().opened(model.folder, model.facts, get_encoder(model.facts["encoder"]))
    net.eval()
    return lambda pair: reader.predict(net, reader.rows([pair.prompt] * 2, [pair.first, pair.second]), CPU)


def ask_trees(model: TrainedModel) -> Ask:
    """Return what asks trees as the family itself walks them."""
    from modeling.engine.bundle.runtime.columns import Column
    from modeling.engine.tabular.matrix import for_trees
    from modeling.engine.tabular.trees import load_trees

    columns, trees = [Column.from_dict(one) for one in model.facts["columns"]], load_trees(model.folder / "trees.npz")
    return lambda row: trees.raw(for_trees([row], columns)[0])


def ask_linear_rows(model: TrainedModel) -> Ask:
    """Return what asks a linear model of rows."""
    from modeling.engine.bundle.runtime.columns import Column
    from modeling.engine.tabular.matrix import scaled

    columns = [Column.from_dict(one) for one in model.facts["columns"]]
    with np.load(model.folder / "linear.npz", allow_pickle=False) as arrays:
        weights, bias = arrays["weights"].T, arrays["bias"]
    return lambda row: scaled([row], columns) @ weights + bias


def ask_terms(model: TrainedModel) -> Ask:
    """Return what asks TF-IDF by scikit-learn's vectorizer."""
    from modeling.engine.families.tfidf import vectorizer_of

    terms = json.loads((model.folder / "vocabulary.json").read_text("utf-8"))
    vectorizer = vectorizer_of(model.facts["analyzer"], terms)
    with np.load(model.folder / "tfidf.npz", allow_pickle=False) as arrays:
        vectorizer.idf_, weights, bias = arrays["idf"], arrays["weights"].T.astype(float), arrays["bias"]
    return lambda text: vectorizer.transform([text]) @ weights + bias


def ask_features(model: TrainedModel) -> Ask:
    """Return what asks the linear tagger by its compiled loops."""
    from modeling.engine.bundle.runtime.word_features import feature_codes
    from modeling.engine.bundle.runtime.words import cut
    from modeling.engine.families.tagger_linear import load_linear
    from modeling.engine.tagging.choosing import Reading, found_spans

    linear, vocabulary = load_linear(model.folder / "perceptron.npz")
    scheme, reading = _scheme(model), Reading(model.facts["bias"], model.facts["temperature"])
    steps = linear.steps(scheme)

    def ask(text: str) -> Any:
        words = cut([text])
        scores = linear.scores(vocabulary.numbers(feature_codes(words)))
        return found_spans(scores, words, scheme, steps, model.labels, reading)

    return ask


def _scheme(model: TrainedModel) -> Any:
    from modeling.engine.bundle.runtime.scheme import TagScheme

    return TagScheme(len(model.labels), model.facts["scheme"])


@dataclass(frozen=True)
class Row:
    """A family on a set: what float is, how it is asked, and settings that differ from its own."""

    family: str
    name: str
    read: Callable[[Path | None], Examples]
    ask: Callable[[TrainedModel], Ask]
    float_of: str = "torch"
    settings: dict[str, Any] = field(default_factory=dict)


SMS, REVIEWS = demo("sms_spam", 600), demo("reviews_zh", 600)
ROWS = (
    Row("encoder-head", "sms_spam", SMS, ask_encoder),
    Row("encoder-head", "reviews_zh", REVIEWS, ask_encoder),
    Row("fine-tuning", "sms_spam", SMS, ask_encoder, settings={"epochs": 1, "layers": 2}),
    Row("from-scratch", "sms_spam, cnn", SMS, ask_network, settings={"network": "cnn"}),
    Row("from-scratch", "sms_spam, rnn", SMS, ask_network, settings={"network": "rnn"}),
    Row("from-scratch", "sms_spam, transformer", SMS, ask_network, settings={"network": "transformer"}),
    Row("tfidf-linear", "sms_spam", SMS, ask_terms, "scikit-learn"),
    Row("tfidf-linear", "reviews_zh", REVIEWS, ask_terms, "scikit-learn"),
    Row("tagger", "spans", spans, ask_tagger, settings={"epochs": 3, "learning_rate": 3e-4, "layers": 3}),
    Row("tagger-linear", "spans", spans, ask_features, "numba"),
    Row("reward", "pairs", pairs, ask_reward),
    Row("reward-tuned", "pairs", pairs, ask_tuned_reward, settings={"epochs": 1, "layers": 1}),
    Row("table-linear", "penguins", penguins, ask_linear_rows, "NumPy"),
    Row("table-trees", "penguins", penguins, ask_trees, "NumPy"),
)


def measure(row: Row, folder: Path, data_folder: Path | None, things: int) -> tuple[str, list[Any]]:
    """Return the row of the table, and the things that were asked."""
    data, context = row.read(data_folder), TrainingContext(cache_dir=folder / "cache")
    settings = TrainingSettings.from_dict({"family": row.family, "device": "cpu", "threads": 1, **row.settings})
    model = train(data, folder / row.family / row.name, settings, context)
    plan = get_family(row.family).plan(model, data, context)
    # A limit that nothing passes: the smallest rung and the float graph are measured both.
    ends = (plan.rungs[0], plan.rungs[-1])[: len(plan.rungs)]
    _figures, tried = climb(model, plan, data.part("test"), ends, -1e9, context)
    small, plain = tried[0], tried[-1]
    asked = list(data.part("test").inputs[:things])
    manifest = {"reading": plan.reading, "answering": plan.answering}
    members = {**plan.members, "manifest.json": to_json(manifest), "labels.json": to_json(list(model.labels))}
    bundle = Model({**members, "model.onnx": small.graph}.__getitem__)
    with torch.inference_mode():
        slow, fast = by_turns(row.ask(model), lambda one: bundle.one(given_of(one)), asked)
    times = np.median(slow) / np.median(fast)
    met = "yes" if times >= GOAL_TIMES and small.result.loss_points <= GOAL_POINTS else "no"
    cells = [
        row.family, row.name, row.float_of, small.rung.name, f"{len(plain.graph) / 1e6:.2f}",
        f"{len(small.graph) / 1e6:.2f}", f"{np.median(slow):.2f}", f"{np.median(fast):.2f}", f"{times:.1f}",
        f"{1000 / np.mean(fast):.0f}", f"{small.result.figure} {small.result.float_figure * 100:.2f}",
        f"{small.result.loss_points:+.2f}", f"{small.parity['same_answer']:.2%}",
        f"{small.parity['largest_difference'] or 0:.4f}", f"{plain.parity['largest_difference'] or 0:.1e}", met,
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |", asked


def by_turns(first: Ask, second: Ask, things: Sequence[Any]) -> tuple[list[float], list[float]]:
    """Return processor milliseconds of each thing asked of both, one after the other."""
    spent: tuple[list[float], list[float]] = ([], [])
    for place, one in enumerate([*things[:3], *things]):
        for ask, times in zip((first, second), spent, strict=True):
            start = time.process_time()
            ask(one)
            if place >= 3:
                times.append((time.process_time() - start) * 1000)
    return spent


HEAD = (
    "family", "set", "float is", "rung", "float MB", "small MB", "float ms", "small ms", "times", "a CPU s",
    "float figure", "points lost", "same answer", "largest difference", "of the float graph", "goal",
)  # fmt: skip


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help="all when left out")
    parser.add_argument("--data", type=Path, help="a folder with ner/ and pref/")
    parser.add_argument("--things", type=int, default=60)
    parser.add_argument("--optimum", type=Path, metavar="PYTHON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}, one thread\n")
    print("| " + " | ".join(HEAD) + " |\n|" + " --- |" * 4 + " ---: |" * (len(HEAD) - 5) + " --- |", flush=True)
    texts: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in ROWS:
            if not options.families or row.family in options.families:
                line, asked = measure(row, Path(folder), options.data, options.things)
                print(line, flush=True)
                texts = texts or [one for one in asked if isinstance(one, str)]
        if options.optimum and texts:
            print("\n" + beside_optimum(options.optimum, texts, Path(folder)))


def beside_optimum(python: Path, texts: list[str], folder: Path) -> str:
    """Return how optimum's int8 of MiniLM does on the same texts, in an environment of its own."""
    from curation.engine.embedding.graph import export_encoder

    source = get_encoder("minilm")
    (folder / "texts.json").write_text(json.dumps(texts))
    for name, is_small in (("fp32", False), ("int8", True)):
        export_encoder(source, folder / f"{name}.onnx", int8=is_small)
    script = Path(__file__).parent / "_optimum.py"
    done = subprocess.run(
        [str(python), str(script), str(source.weights_path.parent), str(folder)], capture_output=True, text=True
    )
    return done.stdout.strip() or f"optimum did not run: {done.stderr.strip().splitlines()[-1:]}"


if __name__ == "__main__":
    main()
