"""Families that find spans, on real sets: F1 of exact spans with its interval, processor seconds, sizes, and peers.

    python bench/train_spans.py FOLDER [SET ...] [--families tagger,tagger-linear] [--epochs N] [--layers N] [--seed N]
        [--chain] [--peer VENV/bin/python]

FOLDER holds ner/wnut17.jsonl.gz and ner/uner_zh_gsd.jsonl.gz. Everything is chosen on the dev rows; the test rows are
looked at once. `--chain` puts a conditional random field on top of the tagger. The peer, with seqeval and
perhaps spaCy, counts the same predictions in its strict mode, and trains a blank spaCy model on the same rows in a
process of its own; a peer that cannot be imported is named.
"""

import argparse
import gzip
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from modeling.engine.bundle.runtime.scheme import TagScheme  # noqa: E402
from modeling.engine.bundle.runtime.words import cut  # noqa: E402
from modeling.engine.data import Examples, Span  # noqa: E402
from modeling.engine.evaluate import evaluate  # noqa: E402
from modeling.engine.families import tagger as tagger_family  # noqa: E402
from modeling.engine.tagging.alignment import align  # noqa: E402
from modeling.engine.tasks.spans import ScoredSpan, Spans  # noqa: E402
from modeling.engine.tasks.task import bootstrap_interval  # noqa: E402
from modeling.engine.training import TrainingContext, TrainingSettings, train  # noqa: E402

SETS = ("wnut17", "uner_zh_gsd")
SEQEVAL = """
import json, sys
from importlib.metadata import version
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
truth, found = json.load(open(sys.argv[1]))
print(json.dumps({"version": version("seqeval"), "f1": f1_score(truth, found, mode="strict", scheme=IOB2)}))
"""
SPACY = """
import json, random, sys, time
import spacy
from spacy.training import Example
data = json.load(open(sys.argv[1]))
began = time.process_time()
language = spacy.blank(data["language"])
pipe = language.add_pipe("ner")
rows = []
for text, spans in data["train"]:
    doc = language.make_doc(text)
    kept = [span for span in (doc.char_span(*each) for each in spans) if span is not None]
    rows.append(Example.from_dict(doc, {"entities": [(s.start_char, s.end_char, s.label_) for s in kept]}))
language.initialize(lambda: rows)
random.seed(0)
best, state = -1, None
for epoch in range(data["epochs"]):
    random.shuffle(rows)
    for start in range(0, len(rows), 32):
        language.update(rows[start : start + 32], drop=0.3)
    right = made = true = 0
    for text, spans in data["dev"]:
        found = {(e.start_char, e.end_char, e.label_) for e in language(text).ents}
        own = {tuple(span) for span in spans}
        right, made, true = right + len(found & own), made + len(found), true + len(own)
    if 2 * right / max(1, made + true) > best:
        best, state = 2 * right / max(1, made + true), language.to_bytes()
language.from_bytes(state)
found = [[(e.start_char, e.end_char, e.label_) for e in language(text).ents] for text in data["test"]]
print(json.dumps({"version": spacy.__version__, "found": found, "seconds": time.process_time() - began, "dev": best}))
"""


def main() -> None:
    """Train, judge and print."""
    options = _options()
    tagger_family.CHAINED = options.chain
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")
    for name in options.sets:
        data = _read(options.folder / "ner" / f"{name}.jsonl.gz")
        fit = align(data.inputs, data.answers, data.classes).fit
        print(
            f"\n{name}: {len(data.inputs):,} texts, {fit.spans:,} spans, highest F1 that words allow {fit.ceiling:.4f}"
        )
        for family in options.families.split(","):
            _measure(name, data, family, options)
        if options.peer:
            _spacy(name, data, options)


def _read(path: Path) -> Examples:
    """Return a set as it was published: the reader of the command line would take what stands in two parts out of one
    of them, and figures of others would no longer compare."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    splits = ["validation" if row["split"] == "dev" else row["split"] for row in rows]
    answers = [tuple(Span(each["start"], each["end"], each["label"]) for each in row["spans"]) for row in rows]
    return Examples.of("ner", [row["text"] for row in rows], answers, splits, ids=[row["id"] for row in rows])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--families", default="tagger-linear,tagger")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--layers", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chain", action="store_true")
    parser.add_argument("--peer", type=Path)
    return parser.parse_args()


def _measure(name: str, data: Examples, family: str, options: argparse.Namespace) -> None:
    """Train one family and print its line."""
    settings = TrainingSettings(
        family=family, epochs=options.epochs, layers=options.layers, seed=options.seed, threads=1, device="cpu"
    )
    with tempfile.TemporaryDirectory() as scratch:
        began = time.process_time()
        context = TrainingContext(on_epoch=lambda said: print(f"    {_epoch(said, began)}", flush=True))
        model = train(data, Path(scratch), settings, context)
        trained = time.process_time() - began
        size = sum(path.stat().st_size for path in Path(scratch).iterdir())
        test = data.part("test")
        began = time.process_time()
        found = model.predictions(test.inputs)
        speed = len(test.inputs) / (time.process_time() - began)
        evaluation = evaluate(model, data)
    _print(family, evaluation.figures, evaluation.interval)
    print(
        f"    dev {model.facts['validation']['f1']:.4f}; {trained:.0f} CPU s to train, {speed:.0f} texts a CPU s, "
        f"{size / 1e6:.1f} MB; bias {model.facts['bias']:.2f}, temperature {model.facts['temperature']:.2f}"
    )
    if options.peer:
        _seqeval(test, found, model.labels, evaluation.figures["f1"], options.peer)


def _epoch(said: dict[str, Any], began: float) -> str:
    return f"epoch {said['epoch']}: dev F1 {said['score']:.4f} after {time.process_time() - began:.0f} CPU s"


def _print(name: str, figures: dict[str, Any], interval: tuple[float, float]) -> None:
    print(
        f"  {name}: test F1 {figures['f1']:.4f} ({interval[0]:.4f} to {interval[1]:.4f}), precision "
        f"{figures['precision']:.3f}, recall {figures['recall']:.3f}; partly {figures['partial']['f1']:.3f}, borders "
        f"{figures['borders']['f1']:.3f}; calibration error {figures['calibration_error']:.3f}"
    )


def _run(peer: Path, program: str, content: Any) -> dict[str, Any] | None:
    """Run a program of the peer on a JSON file and return what it says, None where it fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as stream:
        json.dump(content, stream)
        stream.flush()
        done = subprocess.run(
            [str(peer), "-W", "ignore", "-c", program, stream.name], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print(f"  peer: {done.stderr.strip().splitlines()[-1]}")
        return None
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def _seqeval(test: Examples, found: Any, labels: tuple[str, ...], ours: float, peer: Path) -> None:
    scheme, words = TagScheme(len(labels), "bio"), cut(test.inputs)
    names = ["O", *(f"{part}-{label}" for label in labels for part in "BI")]
    tagged = []
    for spans in (test.answers, found):
        aligned = align(test.inputs, [[Span(*span[:3]) for span in own] for own in spans], labels).spans
        counts = np.diff(words.first).tolist()
        tagged.append([[names[tag] for tag in scheme.encode(own, n)] for own, n in zip(aligned, counts, strict=True)])
    said = _run(peer, SEQEVAL, tagged)
    if said:
        print(f"    seqeval {said['version']}, strict: {said['f1']:.6f} (ours {ours:.6f})")


def _spacy(name: str, data: Examples, options: argparse.Namespace) -> None:
    parts = {part: data.part(part) for part in ("train", "validation", "test")}
    content = {
        "language": "zh" if "zh" in name else "en",
        "epochs": 15,
        "train": [[text, spans] for text, spans in zip(parts["train"].inputs, parts["train"].answers, strict=True)],
        "dev": [[t, s] for t, s in zip(parts["validation"].inputs, parts["validation"].answers, strict=True)],
        "test": parts["test"].inputs,
    }
    said = _run(options.peer, SPACY, content)
    if not said:
        return
    found = [[ScoredSpan(start, end, label, 1.0) for start, end, label in own] for own in said["found"]]
    task, test = Spans(), parts["test"]
    scorer = task.scorer(found, test, data.classes)
    _print(
        f"spaCy {said['version']} blank",
        task.figures(found, test, data.classes),
        bootstrap_interval(scorer, len(found)),
    )
    print(f"    dev {said['dev']:.4f}; {said['seconds']:.0f} CPU s")


if __name__ == "__main__":
    main()
