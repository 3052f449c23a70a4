"""Rankings of damaged spans and shapes beside cleanlab's, on real data with known errors.

    python bench/mark_errors.py FOLDER [--peer VENV/bin/python] [--only wnut,gsd,cells] [--plain]

FOLDER holds ner/wnut17.jsonl.gz, ner/uner_zh_gsd.jsonl.gz and detect/bccd_voc.zip. A tenth of the spans is damaged
(seed 0): a third gets another label, a third is taken away, and as many are added where nothing was marked, of the
lengths that marks have. Of the blood cells a tenth gets another label. The sets have errors of their own, which count
as right here. Printed are for each kind the average precision over all that could be listed, with what was not found
as never listed; how many of the first 100 are errors; and what is listed below the bound of the product.

--plain judges spans by their words alone, without the encoder.
"""

import argparse
import gzip
import hashlib
import json
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)
from sklearn.metrics import average_precision_score  # noqa: E402

from modeling.engine.marks.search import search_spans  # noqa: E402
from modeling.engine.marks.spans import Marks  # noqa: E402
from modeling.engine.marks.words import cut, stretches_at  # noqa: E402

SETS = {"wnut": ("ner/wnut17.jsonl.gz", "minilm"), "gsd": ("ner/uner_zh_gsd.jsonl.gz", "e5-small")}
LISTED = 0.25
Span = tuple[int, int, int]


@dataclass
class Damaged:
    """Texts with spans of which some are wrong.

    Attributes:
        texts: The texts.
        marks: What stands there: text, start, end, label.
        wrong: By kind the places (text, start, end) of what is wrong.
    """

    texts: list[str]
    marks: list[tuple[int, int, int, str]]
    wrong: dict[str, set[Span]] = field(default_factory=lambda: {"label": set(), "spurious": set(), "overlooked": set()})


def damaged(path: Path, share: float = 0.1, seed: int = 0) -> Damaged:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    texts = [row["text"] for row in rows]
    true = [(n, span["start"], span["end"], span["label"]) for n, row in enumerate(rows) for span in row["spans"]]
    labels = sorted({label for *_place, label in true})
    random = np.random.default_rng(seed)
    each = round(share * len(true) / 3)
    order = random.permutation(len(true))
    relabeled, removed = set(order[:each].tolist()), set(order[each : 2 * each].tolist())
    made = Damaged(texts, [])
    for number, (text, start, end, label) in enumerate(true):
        if number in removed:
            made.wrong["overlooked"].add((text, start, end))
        elif number in relabeled:
            other = str(random.choice([name for name in labels if name != label]))
            made.marks.append((text, start, end, other))
            made.wrong["label"].add((text, start, end))
        else:
            made.marks.append((text, start, end, label))
    _add_spurious(made, true, labels, each, random)
    return made


def _add_spurious(made: Damaged, true: list[Any], labels: list[str], count: int, random: Any) -> None:
    words = cut(made.texts)
    text, start, end = (np.array(column) for column in list(zip(*true, strict=True))[:3])
    at = stretches_at(words, text, start, end)
    lengths = at.stop - at.start
    taken: dict[int, list[tuple[int, int]]] = {}
    for number, begin, stop, _label in [*true, *made.marks]:
        taken.setdefault(number, []).append((begin, stop))
    while len(made.wrong["spurious"]) < count:
        first, length = int(random.integers(len(words))), int(random.choice(lengths))
        last = first + length - 1
        if last >= len(words) or words.text[first] != words.text[last]:
            continue
        if not (words.is_name[first] and words.is_name[last]):
            continue
        place = int(words.text[first]), int(words.start[first]), int(words.end[last])
        if any(place[1] < stop and begin < place[2] for begin, stop in taken.get(place[0], [])):
            continue
        taken.setdefault(place[0], []).append(place[1:])
        made.marks.append((*place, str(random.choice(labels))))
        made.wrong["spurious"].add(place)


def judged(made: Damaged, encoder: str) -> tuple[Any, float, float]:
    text, start, end, label = zip(*made.marks, strict=True)
    marks = Marks(np.array(text), np.array(start), np.array(end), label)
    began, spent = time.perf_counter(), time.process_time()
    doubts = search_spans(made.texts, marks, encoder=encoder)
    return doubts, time.perf_counter() - began, time.process_time() - spent


def show(name: str, made: Damaged, doubts: Any) -> None:
    rows = sorted(doubts.found, key=lambda each: each.score)
    place = [
        (each.text, *((each.start, each.end) if each.mark < 0 else made.marks[each.mark][1:3])) for each in rows
    ]
    every = set().union(*made.wrong.values())
    print(f"{name}: {len(made.marks):,} marks, {doubts.judged:,} judged, agreement {doubts.accuracy:.3f}")
    for kind in ("all", *made.wrong):
        wrong = every if kind == "all" else made.wrong[kind]
        shown = [n for n, each in enumerate(rows) if kind == "all" or each.kind == kind]
        hits = np.array([place[n] in wrong for n in shown], bool)
        scores = np.array([rows[n].score for n in shown])
        listed = scores <= LISTED
        precision = average_precision_score(hits, -scores) * hits.sum() / len(wrong) if hits.any() else 0.0
        print(
            f"    {kind:11} errors {len(wrong):4}  AP {precision:.3f}  of the first 100 {int(hits[:100].sum()):3}  "
            f"listed {int(listed.sum()):5}  of them errors {int(hits[listed].sum()):4}  "
            f"recall {hits[listed].sum() / len(wrong):.3f}"
        )
    marked = [n for n, each in enumerate(rows) if each.mark >= 0]
    hits = np.array([place[n] in every for n in marked], bool)
    scores = np.array([rows[n].score for n in marked])
    print(f"    marks alone, wrong label or nothing there: AP {average_precision_score(hits, -scores):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer", help="Python of an environment with cleanlab")
    parser.add_argument("--only", default="wnut,gsd,cells")
    parser.add_argument("--plain", action="store_true", help="judge spans by their words alone")
    options = parser.parse_args()
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "scikit-learn", "onnxruntime")]
    print(", ".join([f"Python {platform.python_version()}", *versions]))
    for name in options.only.split(","):
        if name in SETS:
            file, encoder = SETS[name]
            made = damaged(options.folder / file)
            doubts, wall, spent = judged(made, "" if options.plain else encoder)
            show(f"{name}, {'words alone' if options.plain else encoder}, {wall:.0f} s, {spent:.0f} CPU s", made, doubts)


if __name__ == "__main__":
    main()
