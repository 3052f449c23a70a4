"""Embeddings: throughput of each encoder, search, pairs, and duplicates and outliers with cleanlab's Datalab beside us.

    python bench/embeddings.py [throughput] [cache] [search] [pairs] [duplicates] [outliers] [map]
        [--texts FILE.csv.gz ...] [--rows 5000] [--sizes 20000 100000] [--pictures FOLDER] [--peers PYTHON] [--pgvector]

Without a name all are run. Texts come from the packaged demo sets unless --texts names files with a column ``text``
(CSV, gzip too). Times are processor seconds of all threads unless they say wall.

search: real vectors, made more by noise (0.03 a number) up to each of --sizes; questions are vectors with noise of
0.05. --pgvector starts the database that Assay starts and asks its HNSW index (m 16, ef_construction 64, ef_search 100)
the same questions.

duplicates: each of 300 texts is written again in three ways that keep its meaning for a reader (case and punctuation
dropped; two neighbouring words swapped; a word dropped), and put back among --rows texts. A pair is right when both are
writings of one text. outliers: 50 and 200 messages among --rows texts of another source.
--peers PYTHON: an environment with cleanlab and datasets; Datalab gets the same vectors and its own defaults.
"""

import argparse
import csv
import gzip
import importlib.metadata
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CACHE = Path(tempfile.gettempdir()) / "assay-bench-embeddings"
WIDTH = 384


@contextmanager
def timed(what: str, count: int = 0) -> Iterator[dict[str, float]]:
    """Print wall and processor seconds of the block, and how many a processor second when `count` is given."""
    facts: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield facts
    facts["wall"], facts["cpu"] = time.perf_counter() - wall, time.process_time() - cpu
    each = f", {count / facts['cpu']:,.0f} a CPU s" if count else ""
    print(f"  {what}: {facts['wall']:.2f} s wall, {facts['cpu']:.2f} s CPU{each}", flush=True)


def read_texts(paths: list[str]) -> dict[str, list[str]]:
    """Return the texts of each file, without repeats."""
    found: dict[str, list[str]] = {}
    for name in paths or [str(ROOT / "curation/demo/data" / f"{one}.csv.gz") for one in ("sms_spam", "reviews_zh")]:
        opener: Callable[..., Any] = gzip.open if name.endswith(".gz") else open
        with opener(name) as stream:
            rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8"))
            found[Path(name).name.split(".")[0]] = list(
                dict.fromkeys(row["text"] for row in rows if row["text"].strip())
            )
    return found


def vectors_of(texts: list[str]) -> np.ndarray:
    from curation.engine.embedding import choose_encoder, encode

    return np.asarray(encode(texts, encoder=choose_encoder(texts).name, cache_dir=CACHE), np.float32)


def throughput(sets: dict[str, list[str]], options: argparse.Namespace) -> None:
    """Texts and pictures a processor second, without what the cache knows."""
    from curation.engine.embedding import ENCODERS, TextEncoder, get_encoder
    from curation.engine.embedding.picture import PictureEncoder
    from curation.engine.media import FolderMedia

    for encoder in ENCODERS:
        for name, texts in sets.items():
            chosen = texts[:1000]
            with tempfile.TemporaryDirectory() as folder:
                opened = TextEncoder(get_encoder(encoder), cache_dir=CACHE, vectors_dir=Path(folder))
                opened.encode(["warm"])
                with timed(f"{encoder}, {name} ({np.mean([len(t) for t in chosen]):.0f} characters)", len(chosen)):
                    opened.encode(chosen)
    if options.pictures:
        media = FolderMedia(Path(options.pictures))
        hashes = list(media.files())[:500]
        with tempfile.TemporaryDirectory() as folder:
            pictures = PictureEncoder(cache_dir=CACHE, vectors_dir=Path(folder))
            with timed("efficientnet-lite0, first picture"):
                pictures.encode(hashes[:1], media.path)
            with timed("efficientnet-lite0, pictures", len(hashes) - 1):
                pictures.encode(hashes[1:], media.path)


def cache(_sets: dict[str, list[str]], _options: argparse.Namespace) -> None:
    """Writing and finding a hundred thousand vectors."""
    from curation.engine.embedding.cache import VectorCache, text_keys

    count = 100_000
    keys = text_keys([f"text {number}" for number in range(count)])
    vectors = np.random.default_rng(0).standard_normal((512, 2 * WIDTH)).astype(np.float16)
    out = np.empty((count, WIDTH), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        held = VectorCache(Path(folder), "b" * 64, 2 * WIDTH)
        with timed("stored in chunks of 512", count):
            for start in range(0, count, 512):
                part = keys[start : start + 512]
                held.put(part, vectors[: len(part)])
        with timed("found", count):
            assert held.get(keys, out).all()
        size = sum(path.stat().st_size for path in held.folder.iterdir())
        print(f"  {size / count:.0f} bytes a text in {len(list(held.folder.glob('*.key')))} segments")


def many(vectors: np.ndarray, count: int) -> np.ndarray:
    """Return so many vectors: the real ones, then copies with noise."""
    dice = np.random.default_rng(0)
    parts = [vectors[:count]]
    while sum(map(len, parts)) < count:
        more = vectors + 0.03 * dice.standard_normal(vectors.shape).astype(np.float32)
        parts.append(more[: count - sum(map(len, parts))])
    made = np.concatenate(parts)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def search(sets: dict[str, list[str]], options: argparse.Namespace) -> None:
    """The ten nearest: time of a question and recall, in our file and in pgvector."""
    from curation.engine.meaning.index import build

    real = vectors_of([text for texts in sets.values() for text in texts][:20_000])
    dice = np.random.default_rng(1)
    for size in options.sizes:
        whole = many(real, size)
        asked = real[dice.choice(len(real), 200)] + 0.05 * dice.standard_normal((200, WIDTH)).astype(np.float32)
        asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
        truth = [set(np.argpartition(-(whole @ one), 10)[:10].tolist()) for one in asked]
        with timed(f"{size:,} vectors: our index built"):
            index = build(whole)
        report("our index", [timed_search(index.search, one) for one in asked], truth)
        if options.pgvector:
            pgvector(whole, asked, truth)


def timed_search(find: Callable[..., Any], one: np.ndarray) -> tuple[float, set[int]]:
    start = time.perf_counter()
    numbers = find(one, 10)[0]
    return time.perf_counter() - start, {int(number) for number in numbers}


def report(who: str, answers: list[tuple[float, set[int]]], truth: list[set[int]]) -> None:
    times = np.array([seconds for seconds, _found in answers]) * 1000
    recall = np.mean([len(found & true) / 10 for (_seconds, found), true in zip(answers, truth, strict=True)])
    half, most = np.percentile(times, [50, 95])
    print(f"  {who}: p50 {half:.1f} ms, p95 {most:.1f} ms wall, recall of ten {recall:.3f}", flush=True)


def pgvector(whole: np.ndarray, asked: np.ndarray, truth: list[set[int]]) -> None:
    """Ask pgvector the same questions, in the database that Assay starts."""
    import psycopg

    # A system's PostgreSQL may have no pgvector; the wheel's has.
    os.environ["ASSAY_POSTGRES"] = "wheel"
    from runner.home import Home
    from runner.postgres import PostgresServer

    with tempfile.TemporaryDirectory(prefix="av") as folder:
        Path(folder).chmod(0o755)
        home = Home(Path(folder))
        home.prepare()
        server = PostgresServer(home, durable=False)
        server.start()
        try:
            with psycopg.connect(server.url, autocommit=True) as connection:
                fill(connection, whole)
                find = asker(connection)
                report("pgvector", [timed_search(find, one) for one in asked], truth)
        finally:
            server.stop()


def fill(connection: Any, whole: np.ndarray) -> None:
    connection.execute("CREATE EXTENSION vector")
    connection.execute(f"CREATE TABLE v (id int, e vector({WIDTH}))")
    with timed("pgvector: rows copied"), connection.cursor().copy("COPY v FROM STDIN") as copy:
        for number, row in enumerate(whole.tolist()):
            copy.write_row((number, "[" + ",".join(f"{value:.5g}" for value in row) + "]"))
    connection.execute("SET maintenance_work_mem = '1GB'")
    start = time.perf_counter()
    connection.execute("CREATE INDEX ON v USING hnsw (e vector_cosine_ops)")
    print(f"  pgvector: HNSW index built in {time.perf_counter() - start:.1f} s wall", flush=True)
    connection.execute("SET hnsw.ef_search = 100")


def asker(connection: Any) -> Callable[[np.ndarray, int], list[Any]]:
    def find(one: np.ndarray, limit: int) -> list[Any]:
        text = "[" + ",".join(f"{value:.5g}" for value in one.tolist()) + "]"
        rows = connection.execute("SELECT id FROM v ORDER BY e <=> %s::vector LIMIT %s", (text, limit)).fetchall()
        return [[row[0] for row in rows]]

    return find


def pairs(sets: dict[str, list[str]], options: argparse.Namespace) -> None:
    """All pairs above a cosine, beside the plain product."""
    from curation.engine.meaning.pairs import pairs_above

    real = vectors_of([text for texts in sets.values() for text in texts][:20_000])
    for threshold in (0.98, 0.95, 0.9, 0.8):
        with timed(f"{len(real):,} vectors at {threshold}"):
            found = pairs_above(real, threshold)
        with timed("the plain product"):
            count = 0
            for start in range(0, len(real), 2048):
                left, right = np.nonzero(real[start : start + 2048] @ real[start:].T >= threshold)
                count += int((right > left).sum())
        print(
            f"  {len(found.left):,} pairs, {count:,} by the plain product; "
            f"head {found.head}, {found.candidates:,} candidates"
        )


def writings(texts: list[str], count: int) -> tuple[list[str], list[int]]:
    """Return texts with other writings of the first `count` among them, and which text each is of."""
    dice = np.random.default_rng(2)
    out, origin = list(texts), list(range(len(texts)))
    for number in range(count):
        words = texts[number].split()
        bare = "".join(letter for letter in texts[number].lower() if letter.isalnum() or letter == " ")
        swapped = list(words)
        if len(words) > 3:
            at = int(dice.integers(0, len(words) - 1))
            swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
        gone = int(dice.integers(0, len(words)))
        dropped = " ".join(word for place, word in enumerate(words) if place != gone)
        for other in (bare, " ".join(swapped), dropped):
            if other.strip() and other != texts[number]:
                out.append(other)
                origin.append(number)
    return out, origin


def score(found: set[tuple[int, int]], origin: list[int], truth: int) -> str:
    right = sum(origin[left] == origin[right] for left, right in found)
    return f"{len(found):,} pairs, precision {right / max(1, len(found)):.3f}, recall {right / truth:.3f}"


def duplicates(sets: dict[str, list[str]], options: argparse.Namespace) -> None:
    """Pairs of writings of one text, by our step's pairs at several thresholds and by Datalab."""
    from curation.engine.meaning.pairs import pairs_above

    for name, texts in sets.items():
        long = [text for text in texts if 5 <= len(text.split()) <= 60 or len(text) > 20][: options.rows]
        whole, origin = writings(long, 300)
        sizes = np.bincount(origin)
        truth = int((sizes * (sizes - 1) // 2).sum())
        vectors = vectors_of(whole)
        print(f"  {name}: {len(whole):,} texts, {truth:,} pairs of writings")
        for threshold in (0.98, 0.95, 0.92, 0.9, 0.85):
            found = pairs_above(vectors, threshold)
            both = set(zip(found.left.tolist(), found.right.tolist(), strict=True))
            print(f"    ours at {threshold}: {score(both, origin, truth)}")
        if options.peers:
            answer = datalab(options.peers, vectors, "near_duplicate")
            said = score({tuple(pair) for pair in answer["pairs"]}, origin, truth)
            print(f"    Datalab: {said}, {answer['cpu']:.1f} s CPU")


def outliers(sets: dict[str, list[str]], options: argparse.Namespace) -> None:
    """Texts of another source among many of one, by our score and by Datalab's."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    from curation.engine.meaning.index import build, neighbours
    from curation.engine.meaning.outliers import NEIGHBOURS, strangeness

    names = list(sets)
    if len(names) < 2:
        return
    main, other = sets[names[0]][: options.rows], sets[names[1]]
    dice = np.random.default_rng(0)
    for count in (50, 200):
        strangers = [other[number] for number in dice.choice(len(other), count, replace=False)]
        vectors = vectors_of(main + strangers)
        truth = np.r_[np.zeros(len(main)), np.ones(count)]
        with timed(f"{count} of {names[1]} among {len(main):,} of {names[0]}: ours"):
            found = strangeness(*neighbours(build(vectors), NEIGHBOURS))
        flagged = np.zeros(len(vectors), bool)
        flagged[found.outliers()] = True
        rows = {"ours, neighbours": (found.strangeness, flagged), "ours, local": (found.local_strangeness, None)}
        if options.peers:
            answer = datalab(options.peers, vectors, "outlier")
            rows["Datalab"] = (1 - np.array(answer["scores"]), np.array(answer["flags"]))
        for who, (values, flags) in rows.items():
            area, precision = roc_auc_score(truth, values), average_precision_score(truth, values)
            line = f"AUROC {area:.4f}, average precision {precision:.3f}"
            if flags is not None:
                share = truth[flags].mean() if flags.any() else 0.0
                line += f"; flagged {flags.sum()}, precision {share:.2f}, recall {truth[flags].sum() / count:.2f}"
            print(f"    {who}: {line}")


PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from cleanlab import Datalab
vectors = np.load(sys.argv[1]); kind = sys.argv[2]
start = time.process_time()
lab = Datalab(data={"x": list(range(len(vectors)))}, verbosity=0)
lab.find_issues(features=vectors, issue_types={kind: {}})
cpu = time.process_time() - start
issues = lab.get_issues(kind)
answer = {"cpu": cpu, "flags": issues[f"is_{kind}_issue"].tolist(), "scores": issues[f"{kind}_score"].tolist()}
if kind == "near_duplicate":
    sets = issues["near_duplicate_sets"].tolist()
    answer["pairs"] = sorted({(min(a, int(b)), max(a, int(b))) for a, members in enumerate(sets) for b in members})
json.dump(answer, open(sys.argv[3], "w"))
"""


def datalab(python: str, vectors: np.ndarray, kind: str) -> dict[str, Any]:
    """Return what Datalab says of these vectors, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "vectors.npy", Path(folder) / "answer.json"
        np.save(source, vectors)
        done = subprocess.run([python, "-c", PEER, str(source), kind, str(target)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"Datalab: {done.stderr[-2000:]}")
        answer: dict[str, Any] = json.loads(target.read_text())
    return answer


def map_(sets: dict[str, list[str]], options: argparse.Namespace) -> None:
    """The map of each set beside plain PCA: time and trustworthiness."""
    from curation.engine.meaning.projection import _pca, project, trustworthiness

    for name, texts in sets.items():
        vectors = vectors_of(texts)
        with timed(f"{name}, {len(vectors):,} items"):
            places = project(vectors)
        plain = trustworthiness(vectors, _pca(vectors, 2))
        print(f"  trustworthiness {trustworthiness(vectors, places):.3f}, PCA {plain:.3f}")


PARTS: dict[str, Callable[[dict[str, list[str]], argparse.Namespace], None]] = {
    "throughput": throughput,
    "cache": cache,
    "search": search,
    "pairs": pairs,
    "duplicates": duplicates,
    "outliers": outliers,
    "map": map_,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    parser.add_argument("--texts", nargs="+", default=[])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--pictures")
    parser.add_argument("--peers")
    parser.add_argument("--pgvector", action="store_true")
    options = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    packages = ("numpy", "onnxruntime", "scikit-learn", "torch", "tokenizers")
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages))
    if options.peers:
        asked = "import importlib.metadata as m; print('peer: cleanlab', m.version('cleanlab'))"
        print(subprocess.run([options.peers, "-c", asked], capture_output=True, text=True).stdout.strip())
    sets = read_texts(options.texts)
    for name in options.parts or PARTS:
        print(f"{name}: {PARTS[name].__doc__}", flush=True)
        PARTS[name](sets, options)


if __name__ == "__main__":
    main()
