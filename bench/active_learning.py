"""How many labels each order of labeling needs, and whether automatic acceptance keeps its promise: on real sets.

    python bench/active_learning.py [orders] [accept] [--data FOLDER] [--sets banking77 sms_spam reviews_zh]
        [--seeds 5] [--most LABELS] [--methods random mix margin …] [--peer FOLDER] [--projects 100] [--cache FOLDER]

Without a name both are run. sms_spam and reviews_zh are the packaged demo sets; banking77 is read from
FOLDER/banking77.csv.gz (columns split, text, label). A text is used once; without a column ``split`` three in ten are
held out by the seed. Encoders are those that the product chooses; vectors stay in the cache folder.

orders: from no label on, `step` labels are added at a time in the order that is measured; a quick head of the default
strength learns from them and names the held-out texts. Printed are the labels at which it first reaches 95 % of what
the same head reaches with all labels, for each seed, and the accuracy at some counts. A method that ends with ``+pool``
learns, while labels are few, from the items without a label as well, as the product does where that helps: from at most
10,000 of them. With --peer, the site-packages of an environment with small-text, the methods
``small-text:BreakingTies``, ``small-text:EmbeddingKMeans`` and ``small-text:GreedyCoreset`` are its query strategies,
over the same vectors and the same plain head.

accept: one project draws labels at random, a quick head learns from them, its confidences in its answers to labels it
did not see are held to the bound, and the threshold is used on all other texts. Printed are in how many projects the
precision there was at least the target, the share of texts accepted, and the same for the lowest threshold that showed
the target on the labels at hand.
"""

import argparse
import csv
import gzip
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from curation.demo import SETS  # noqa: E402
from curation.engine.embedding import choose_encoder, encode  # noqa: E402
from modeling.engine.active import choose_threshold, order  # noqa: E402
from modeling.engine.heads.quick import QuickHead, fit, fit_plain  # noqa: E402
from modeling.engine.heads.spread import fit_spread, may_spread  # noqa: E402

# Labels at a time, and how many at most: 77 classes take more than two.
STEPS = {"banking77": (50, 1_500), "sms_spam": (10, 300), "reviews_zh": (10, 500)}
SHARE = 0.95
HELD_OUT = 0.3
TARGETS = (0.95, 0.98)
# The end of a method's name, and how many items without labels it learns from.
WITH_POOL, MOST_POOL = "+pool", 10_000
PEER = "small-text:"
# Labels of one project of `accept`.
LABELS = {"banking77": 1_500, "sms_spam": 600, "reviews_zh": 1_000}


@dataclass
class Texts:
    """One set: vectors and classes, and which rows are held out (None when a seed decides)."""

    name: str
    vectors: np.ndarray
    classes: np.ndarray
    names: list[str]
    test: np.ndarray | None

    def split(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows to label and the rows held out."""
        if self.test is not None:
            return np.flatnonzero(~self.test), np.flatnonzero(self.test)
        mixed = np.random.default_rng(seed).permutation(len(self.classes))
        held = round(len(mixed) * HELD_OUT)
        return np.sort(mixed[held:]), np.sort(mixed[:held])


def read(name: str, folder: Path | None, cache: Path) -> Texts:
    path = SETS[name].path if name in SETS else (folder or Path()) / f"{name}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = list({row["text"]: row for row in csv.DictReader(lines)}.values())
    texts = [row["text"] for row in rows]
    vectors = encode(texts, encoder=choose_encoder(texts).name, cache_dir=cache).astype(np.float32)
    names, classes = np.unique([row["label"] for row in rows], return_inverse=True)
    test = np.array([row["split"] == "test" for row in rows]) if "split" in rows[0] else None
    return Texts(name, vectors, classes, list(names), test)


def accuracy(head: QuickHead, vectors: np.ndarray, classes: np.ndarray) -> float:
    best = head.probabilities(vectors).argmax(axis=1)
    return float((np.array(head.labels, int)[best] == classes).mean())


def rounds(data: Texts, method: str, seed: int, most: int) -> Iterator[tuple[int, float]]:
    """Give labels so far and accuracy, after each step."""
    step, _most = STEPS[data.name]
    rows, held = data.split(seed)
    vectors, classes = data.vectors[rows], data.classes[rows]
    labeled = np.zeros(len(rows), bool)
    random = np.random.default_rng(seed)
    head: QuickHead | None = None
    while labeled.sum() < most:
        labeled[chosen(method.removesuffix(WITH_POOL), vectors, head, labeled, step, random, seed)] = True
        if len(np.unique(classes[labeled])) < 2:
            yield int(labeled.sum()), float((data.classes[held] == classes[labeled][0]).mean())
            continue
        said = [str(number) for number in classes[labeled]]
        others = vectors[~labeled][:MOST_POOL]
        with_pool = method.endswith(WITH_POOL) and may_spread(said, len(others))
        head = fit_spread(vectors[labeled], said, others) if with_pool else fit_plain(vectors[labeled], said)
        yield int(labeled.sum()), accuracy(head, data.vectors[held], data.classes[held])


def chosen(
    method: str, vectors: np.ndarray, head: QuickHead | None, labeled: np.ndarray, step: int,
    random: np.random.Generator, seed: int,
) -> np.ndarray:  # fmt: skip
    free = np.flatnonzero(~labeled)
    if method.startswith(PEER) and head is not None:
        return asked_by_peer(method.removeprefix(PEER), vectors, head, labeled, step, round_seed_of(seed, labeled))
    # Orders that ask a model start at random, like the others' defaults.
    if method == "random" or (head is None and method not in ("mix", "typical", "diversity")):
        return random.permutation(free)[:step]
    shares = None if head is None else head.probabilities(vectors)
    return order(vectors, shares, labeled, method, round_seed_of(seed, labeled), count=step, batch=step).rows


def round_seed_of(seed: int, labeled: np.ndarray) -> int:
    return seed * 1_000 + int(labeled.sum())


def asked_by_peer(
    name: str, vectors: np.ndarray, head: QuickHead, labeled: np.ndarray, step: int, seed: int
) -> np.ndarray:
    """Return what a query strategy of small-text asks for; it draws from NumPy's global random numbers."""
    import small_text

    class Classifier:
        def predict_proba(self, _dataset: object) -> np.ndarray:
            return head.probabilities(vectors)

    np.random.seed(seed)
    free, known = np.flatnonzero(~labeled), np.flatnonzero(labeled)
    more = {} if name == "BreakingTies" else {"embeddings": vectors}
    strategy = getattr(small_text, name)()
    return np.asarray(strategy.query(Classifier(), vectors, free, known, np.zeros(len(known), int), n=step, **more))


def orders(data: Texts, methods: list[str], seeds: int, most: int) -> None:
    print(f"\n{data.name}: {len(data.classes):,} texts, {len(data.names)} labels, {STEPS[data.name][0]} labels a step")
    full = [full_accuracy(data, seed) for seed in range(seeds if data.test is None else 1)]
    print(f"  all labels: accuracy {np.mean(full):.4f}; 95 % of it {SHARE * np.mean(full):.4f}")
    for method in methods:
        start, reached, curves = time.process_time(), [], []
        for seed in range(seeds):
            goal = SHARE * full[min(seed, len(full) - 1)]
            curve = list(rounds(data, method, seed, most))
            curves.append([share for _labels, share in curve])
            reached.append(next((labels for labels, share in curve if share >= goal), None))
        counts = [labels for labels, _share in curve]
        mean = np.mean(curves, axis=0)
        over = [f"{one}" if one else f">{counts[-1]}" for one in reached]
        middle = sorted(reached, key=lambda one: one or 10**9)[len(reached) // 2]
        shown = range(1, len(counts), max(1, len(counts) // 8))
        at = ", ".join(f"{counts[place]}: {mean[place]:.3f}" for place in shown)
        print(f"  {method:22} median {middle or f'>{counts[-1]}'} ({', '.join(over)}); mean area {mean.mean():.4f}; "
              f"{at}; {time.process_time() - start:.0f} CPU s", flush=True)  # fmt: skip


def full_accuracy(data: Texts, seed: int) -> float:
    rows, held = data.split(seed)
    head = fit_plain(data.vectors[rows], [str(number) for number in data.classes[rows]])
    return accuracy(head, data.vectors[held], data.classes[held])


def out_of_fold(vectors: np.ndarray, classes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return confidence and rightness for each label of heads that did not see it."""
    mixed = np.random.default_rng(seed).permutation(len(classes))
    confidences, right = np.zeros(len(classes)), np.zeros(len(classes), bool)
    for fold in np.array_split(mixed, 5):
        rest = np.setdiff1d(mixed, fold)
        head = fit(vectors[rest], [str(number) for number in classes[rest]], seed=seed)
        named, confidences[fold] = head.predict(vectors[fold])
        right[fold] = np.array(named, int) == classes[fold]
    return confidences, right


def accept(data: Texts, projects: int) -> None:
    """Promise a precision in many projects, and look at what came of it."""
    print(f"\n{data.name}: automatic acceptance after {LABELS[data.name]:,} labels, {projects} projects")
    kept = {(rule, target): [] for rule in ("bound", "share at hand") for target in TARGETS}
    for seed in range(projects):
        mixed = np.random.default_rng(1_000 + seed).permutation(len(data.classes))
        rows, rest = mixed[: LABELS[data.name]], mixed[LABELS[data.name] :]
        half = len(rows) // 2
        head = fit(data.vectors[rows[:half]], [str(number) for number in data.classes[rows[:half]]], seed=seed)
        seen, right = judged(head, data, rows[half:])
        ahead, truth = judged(head, data, rest)
        for target in TARGETS:
            chosen_one = choose_threshold(seen, right, target).threshold
            kept["bound", target].append(outcome(ahead, truth, chosen_one))
            kept["share at hand", target].append(outcome(ahead, truth, naive(seen, right, target)))
    for (rule, target), found in kept.items():
        broken = sum(precision < target for precision, _coverage in found)
        coverage = np.mean([coverage for _precision, coverage in found])
        used = sum(coverage > 0 for _precision, coverage in found)
        lowest = min(precision for precision, _coverage in found)
        print(f"  target {target}, {rule}: kept in {projects - broken} of {projects}, lowest precision {lowest:.4f}, "
              f"accepts {coverage:.1%} on average, anything in {used}", flush=True)  # fmt: skip


def judged(head: QuickHead, data: Texts, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    named, confidences = head.predict(data.vectors[rows])
    return confidences, np.array(named, int) == data.classes[rows]


def naive(confidences: np.ndarray, right: np.ndarray, target: float) -> float | None:
    """Return the lowest confidence from which on the share right at hand is the target."""
    falling = np.argsort(-confidences, kind="stable")
    good = np.flatnonzero(np.cumsum(right[falling]) / np.arange(1, len(right) + 1) >= target)
    return float(confidences[falling][good[-1]]) if len(good) else None


def outcome(confidences: np.ndarray, right: np.ndarray, threshold: float | None) -> tuple[float, float]:
    """Return precision and coverage; a model that accepts nothing broke no promise."""
    taken = np.zeros(len(right), bool) if threshold is None else confidences >= threshold
    return (float(right[taken].mean()) if taken.any() else 1.0), float(taken.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=[], metavar="orders|accept")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=list(STEPS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--methods", nargs="+", default=["random", "random+pool", "mix", "mix+pool", "margin"])
    parser.add_argument("--most", type=int, help="Labels at most, instead of the set's own number.")
    parser.add_argument("--peer", type=Path, help="site-packages of an environment with small-text.")
    parser.add_argument("--projects", type=int, default=100)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "assay-bench-embeddings")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "The number of unique classes")
    if options.peer:
        sys.path.append(str(options.peer))
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scikit-learn", "scipy"))
    print(f"Python {platform.python_version()}, {versions}")
    known = [name for name in STEPS if name in SETS or options.data]
    for name in options.sets or known:
        data = read(name, options.data, options.cache)
        if not options.what or "orders" in options.what:
            orders(data, options.methods, options.seeds, options.most or STEPS[name][1])
        if not options.what or "accept" in options.what:
            accept(data, options.projects)


if __name__ == "__main__":
    main()
