"""Rankings of damaged spans and shapes beside cleanlab's, on real data with known errors.

    python bench/mark_errors.py FOLDER [--peer VENV/bin/python] [--only wnut,gsd,cells] [--plain]

FOLDER holds ner/wnut17.jsonl.gz, ner/uner_zh_gsd.jsonl.gz and detect/bccd_voc.zip. A tenth of the spans is damaged
(seed 0): a third gets another label, a third is taken away, and as many are added where nothing was marked, of the
lengths that marks have. In a run of its own a twentieth is made a word longer or shorter. Of the blood cells a tenth
gets another label. The sets have errors of their own, which count as right here. Printed are for each kind the average
precision over all that could be listed, with what was not found as never listed; how many of the first 100 are errors;
and what is listed below the bound of the product.

The peer, with cleanlab, runs in a process of its own. For spans it ranks words by the least likely one of each mark
(token_classification.rank), from an out-of-fold model of words on the same features; a mark gets the least score of its
words, and words outside marks are ranked beside them. For cells it gets each box with the probabilities of our
out-of-fold model as a detector's prediction (object_detection.rank, swapped labels).

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

from modeling.engine.bundle.runtime.words import cut  # noqa: E402
from modeling.engine.marks.search import search_spans  # noqa: E402
from modeling.engine.marks.spans import Marks  # noqa: E402
from modeling.engine.marks.words import stretches_at  # noqa: E402

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
    wrong: dict[str, set[Span]] = field(
        default_factory=lambda: {"label": set(), "spurious": set(), "overlooked": set()}
    )


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


def moved(path: Path, share: float = 0.05, seed: int = 0) -> Damaged:
    """Return texts in which some spans are a word longer or shorter; wrong holds the damaged places."""
    made = damaged(path, share=0.0)
    words, random = cut(made.texts), np.random.default_rng(seed)
    text, start, end = (np.array(column) for column in list(zip(*made.marks, strict=True))[:3])
    at = stretches_at(words, text, start, end)
    covered = np.zeros(len(words), bool)
    for low, high in zip(at.start.tolist(), at.stop.tolist(), strict=True):
        covered[low:high] = True
    made.wrong = {"edge": set()}
    for number in random.permutation(len(made.marks)).tolist():
        if len(made.wrong["edge"]) >= share * len(made.marks):
            break
        low, high = int(at.start[number]), int(at.stop[number])
        ways = [(low - 1, high), (low, high + 1)] + ([(low + 1, high), (low, high - 1)] if high - low > 1 else [])
        first, stop = ways[int(random.integers(len(ways)))]
        if first < 0 or stop > len(words) or {int(words.text[first]), int(words.text[stop - 1])} != {int(text[number])}:
            continue
        longer = covered[first] if first < low else covered[stop - 1] if stop > high else False
        if longer or not (words.is_name[first] and words.is_name[stop - 1]):
            continue
        covered[first:stop] = True
        place = int(text[number]), int(words.start[first]), int(words.end[stop - 1])
        made.marks[number] = (*place, made.marks[number][3])
        made.wrong["edge"].add(place)
    return made


def judged(made: Damaged, encoder: str) -> tuple[Any, float, float]:
    text, start, end, label = zip(*made.marks, strict=True)
    marks = Marks(np.array(text), np.array(start), np.array(end), label)
    began, spent = time.perf_counter(), time.process_time()
    doubts = search_spans(made.texts, marks, encoder=encoder)
    return doubts, time.perf_counter() - began, time.process_time() - spent


def show(name: str, made: Damaged, doubts: Any) -> None:
    rows = sorted(doubts.found, key=lambda each: each.score)
    place = [(each.text, *((each.start, each.end) if each.mark < 0 else made.marks[each.mark][1:3])) for each in rows]
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


PEER = """
import json, sys
import cleanlab, numpy as np
arrays = dict(np.load(sys.argv[1]))
if "texts" in arrays:
    from cleanlab.token_classification.rank import get_label_quality_scores
    ends = np.searchsorted(arrays["texts"], np.arange(arrays["texts"].max() + 2))
    labels = [arrays["labels"][a:b].tolist() for a, b in zip(ends, ends[1:]) if b > a]
    chances = [arrays["chances"][a:b] for a, b in zip(ends, ends[1:]) if b > a]
    _sentences, words = get_label_quality_scores(labels, chances)
    scores = [score for row in words for score in np.asarray(row).tolist()]
else:
    from cleanlab.object_detection.rank import compute_swap_box_scores
    pictures = arrays["pictures"]
    labels, found = [], []
    for picture in range(pictures.max() + 1):
        own = pictures == picture
        boxes, chances = arrays["boxes"][own], arrays["chances"][own]
        labels.append({"bboxes": boxes, "labels": arrays["labels"][own]})
        likeliest = chances.argmax(axis=1)
        sure = np.column_stack([boxes, chances.max(axis=1)])
        found.append([sure[likeliest == label] for label in range(chances.shape[1])])
    rows = compute_swap_box_scores(labels=labels, predictions=found)
    scores = np.concatenate([np.asarray(row, float) for row in rows]).tolist()
print(json.dumps({"version": cleanlab.__version__, "scores": scores}))
"""


def peer_scores(peer: str, **arrays: Any) -> tuple[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "arrays.npz"
        np.savez(path, **arrays)
        said = json.loads(subprocess.run([peer, "-c", PEER, str(path)], check=True, capture_output=True).stdout)
    return said["version"], np.array(said["scores"])


def peer_of_spans(peer: str, made: Damaged, encoder: str) -> None:
    """Print how cleanlab ranks words, from an out-of-fold model of words on the features of ours."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    from curation.engine.embedding.tokens import word_vectors
    from modeling.engine.marks.features import features_of
    from modeling.engine.marks.search import WIDTH
    from modeling.engine.marks.words import Stretches

    words = cut(made.texts)
    pairs = list(zip(words.start.tolist(), words.end.tolist(), strict=True))
    places = [pairs[low:high] for low, high in zip(words.first[:-1].tolist(), words.first[1:].tolist(), strict=True)]
    vectors = word_vectors(made.texts, places, encoder=encoder, width=WIDTH)
    each = Stretches(np.arange(len(words)), np.arange(len(words)) + 1)
    rows = features_of(words, vectors).rows(each)
    names = sorted({mark[3] for mark in made.marks})
    given = np.zeros(len(words), np.int64)
    text, start, end = (np.array(column) for column in list(zip(*made.marks, strict=True))[:3])
    at = stretches_at(words, text, start, end)
    for mark, low, high in zip(made.marks, at.start.tolist(), at.stop.tolist(), strict=True):
        given[low:high] = names.index(mark[3]) + 1
    chances = np.zeros((len(words), len(names) + 1))
    random = np.random.default_rng(0)
    for taught, held in GroupKFold(5).split(rows, groups=words.text):
        # Of words that nobody marked a fifth is enough to learn from.
        some = taught[(given[taught] > 0) | (random.random(len(taught)) < 0.2)]
        weights = np.where(given[some] > 0, 1.0, 5.0)
        model = LogisticRegression(C=4.0, max_iter=60, tol=1e-3).fit(rows[some], given[some], weights)
        chances[held] = model.predict_proba(rows[held])
    version, scores = peer_scores(peer, texts=words.text, labels=given, chances=chances)
    every = set().union(*made.wrong.values())
    taken = np.zeros(len(words), bool)
    ranked: list[tuple[float, bool]] = []
    marks_only: list[tuple[float, bool]] = []
    for mark, low, high in zip(made.marks, at.start.tolist(), at.stop.tolist(), strict=True):
        if high > low:
            taken[low:high] = True
            marks_only.append((float(scores[low:high].min()), mark[:3] in every))
    missed = np.zeros(len(words), bool)
    for number, begin, stop in made.wrong["overlooked"]:
        own = (words.text == number) & (words.start < stop) & (words.end > begin)
        # One word of what was overlooked is enough, and counts once.
        best = np.flatnonzero(own)[scores[own].argmin()]
        missed[best] = True
        taken |= own & (np.arange(len(words)) != best)
    ranked = [*marks_only, *zip(scores[~taken].tolist(), missed[~taken].tolist(), strict=True)]
    print(f"    cleanlab {version}, words of an out-of-fold model:")
    for name, pairs_ in (("all", ranked), ("marks alone", marks_only), ("overlooked", ranked[len(marks_only) :])):
        score, hit = np.array([one for one, _hit in pairs_]), np.array([hit for _one, hit in pairs_])
        first = int(hit[np.argsort(score, kind="stable")[:100]].sum())
        print(f"        {name:12} AP {average_precision_score(hit, -score):.3f}  of the first 100 {first:3}")


def cells(folder: Path, peer: str | None) -> None:
    """Exchange a tenth of the labels of blood cells and print how they are ranked."""
    from curation.engine.embedding.crop import Part, PartEncoder
    from modeling.engine.marks.shapes import doubt_shapes

    began, spent = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(folder / "detect" / "bccd_voc.zip") as archive:
        parts, true = [], []
        for name in sorted(name for name in archive.namelist() if name.endswith(".xml")):
            data = archive.read(name.replace("Annotations", "JPEGImages").replace(".xml", ".jpg"))
            sha256 = hashlib.sha256(data).hexdigest()
            (Path(scratch) / sha256).write_bytes(data)
            for found in ET.fromstring(archive.read(name)).iter("object"):
                box = [float(found.findtext(f"bndbox/{key}") or 0) for key in ("xmin", "ymin", "xmax", "ymax")]
                if box[2] - box[0] >= 1 and box[3] - box[1] >= 1:
                    parts.append(Part(sha256, (box[0], box[1], box[2], box[3])))
                    true.append(str(found.findtext("name")))
        encoder = PartEncoder(vectors_dir=Path(scratch) / "vectors")
        vectors, _broken = encoder.encode_parts(parts, lambda name: Path(scratch) / name)
    encoded = time.perf_counter() - began
    random = np.random.default_rng(0)
    names = sorted(set(true))
    wrong = np.zeros(len(true), bool)
    wrong[random.permutation(len(true))[: round(0.1 * len(true))]] = True
    given = [str(random.choice([n for n in names if n != label])) if bad else label
             for label, bad in zip(true, wrong.tolist(), strict=True)]  # fmt: skip
    pictures = [part.sha256 for part in parts]
    doubts = doubt_shapes(vectors, given, pictures)
    hits, listed = wrong[doubts.rows], doubts.scores <= LISTED
    print(f"cells: {len(true):,} boxes, agreement {doubts.accuracy:.3f}, {time.perf_counter() - began:.0f} s "
          f"({encoded:.0f} s for the pictures), {time.process_time() - spent:.0f} CPU s")  # fmt: skip
    print(
        f"    label       errors {int(wrong.sum()):4}  AP {average_precision_score(hits, -doubts.scores):.3f}  of the "
        f"first 100 {int(hits[np.argsort(doubts.scores)[:100]].sum()):3}  listed {int(listed.sum()):5}  of them errors "
        f"{int(hits[listed].sum()):4}  recall {hits[listed].sum() / wrong.sum():.3f}"
    )
    if peer:
        code = np.array([names.index(label) for label in given])
        groups = np.unique(pictures, return_inverse=True)[1]
        order = np.argsort(groups, kind="stable")
        boxes = np.array([part.box for part in parts])
        version, scores = peer_scores(
            peer,
            pictures=groups[order],
            boxes=boxes[order],
            labels=code[order],
            chances=_plain(vectors, code, groups)[order],
        )
        precision = average_precision_score(wrong[order], -scores)
        first = int(wrong[order][np.argsort(scores, kind="stable")[:100]].sum())
        print(
            f"    cleanlab {version}, swapped labels of an out-of-fold model: AP {precision:.3f}  "
            f"of the first 100 {first}"
        )


def _plain(vectors: Any, code: Any, groups: Any) -> Any:
    """Return out-of-fold probabilities of a model asked once."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    model = LogisticRegression(C=3.0, max_iter=300)
    return cross_val_predict(model, vectors, code, groups=groups, cv=folds, method="predict_proba")


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
            show(
                f"{name}, {'words alone' if options.plain else encoder}, {wall:.0f} s, {spent:.0f} CPU s", made, doubts
            )
            made = moved(options.folder / file)
            doubts, wall, spent = judged(made, "" if options.plain else encoder)
            show(f"{name}, borders moved", made, doubts)
            made = damaged(options.folder / file)
            if options.peer:
                peer_of_spans(options.peer, made, encoder)
        elif name == "cells":
            cells(options.folder, options.peer)


if __name__ == "__main__":
    main()
