"""Near-duplicate pictures beside imagehash, imagededup and cleanvision: speed, recall, false alarms.

    python bench/near_duplicate_images.py FOLDER ... [--part held-out] [--limit 300] [--peers PYTHON] [--scale 100000]

FOLDER holds pictures that are all different. Each is changed in the ways of bench/picture_changes.py, and each change
is
searched among originals and changed copies alone. A false alarm is a pair of two different pictures. For the hashes of
imagehash and imagededup the greatest distance is taken at which false alarms stay within 0.0001 of all pairs of
different
pictures; our search and cleanvision decide themselves. Pictures are split in two by their names: thresholds were
chosen on
"development", and figures for the documentation come from "held-out". PYTHON is an interpreter that has the peers:

    python -m venv peers && peers/bin/pip install imagehash cleanvision opencv-python-headless
    peers/bin/pip install --no-deps imagededup

imagededup imports torchvision even for hashes; bench/near_duplicate_images_peers.py puts an empty module in its place.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
from picture_changes import CHANGES

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curation.engine.media import hash_of, walk_files
from curation.engine.near_pictures.decoding import decode
from curation.engine.near_pictures.features import SIDE, SMALL, Describer, described_whole
from curation.engine.near_pictures.hashing import hashes
from curation.engine.near_pictures.search import NEAREST, PictureSearch
from curation.engine.near_pictures.store import Store
from curation.engine.near_pictures.whole import WholeIndex

# Files of the raccoon set that show the picture of another file, as people see; only the other is taken.
COPIES = {
    "raccoon-52.jpg": "raccoon-50.jpg",
    "raccoon-85.jpg": "raccoon-51.jpg, with a word on it",
    "raccoon-98.jpg": "raccoon-65.jpg",
    "raccoon-116.jpg": "raccoon-11.jpg",
}
RATE = 0.0001
LONGEST = 800


def main() -> None:
    options = arguments()
    bases = read_bases(options.folders, options.part, options.limit)
    print(f"{platform.processor() or platform.machine()}, OpenCV {cv2.__version__}, NumPy {np.__version__}")
    print(f"{len(bases)} pictures ({options.part})\n")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        originals = write(root / "original", bases, lambda pixels, _random: pixels)
        changed = {kind: write(root / slug(kind), bases, change, kind) for kind, change in CHANGES.items()}
        rows = {kind: ours(originals, copies, root, kind, options.threshold) for kind, copies in changed.items()}
        peers = peer_figures(options.peers, originals, changed) if options.peers else {}
        report(rows, peers)
        print("\nDescribing a 512 px JPEG, pictures a processor second:")
        speed(bases, options.peers, root)
    if options.scale:
        scale(options.scale)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--part", default="held-out", choices=["development", "held-out", "all"])
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--threshold", type=float, default=PictureSearch().threshold)
    parser.add_argument("--peers", help="an interpreter that has imagehash, imagededup, cleanvision")
    parser.add_argument("--scale", type=int, default=0, help="search this many made-up descriptions too")
    return parser.parse_args()


def slug(kind: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in kind)


def read_bases(folders: list[Path], part: str, limit: int) -> dict[str, np.ndarray]:
    """Read pictures of a part by name, no side longer than 800 pixels."""
    bases = {}
    for path in (path for folder in folders for path in walk_files(folder)):
        name = f"{path.parent.name}-{path.name}"
        if part != "all" and (zlib.crc32(name.encode()) % 2 == 0) != (part == "development"):
            continue
        if any(path.name.endswith(copy) for copy in COPIES):
            continue
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None or len(bases) == limit:
            continue
        factor = min(1.0, LONGEST / max(pixels.shape[:2]))
        bases[name] = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return bases


def write(folder: Path, bases: dict[str, np.ndarray], change: object, kind: str = "") -> list[Path]:
    folder.mkdir()
    paths = []
    for number, (name, pixels) in enumerate(bases.items()):
        random = np.random.default_rng(zlib.crc32((name + kind).encode()))
        paths.append(folder / f"{number:05d}.jpg")
        quality = 92 if not kind else 90
        cv2.imwrite(str(paths[-1]), change(pixels, random), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return paths


def ours(originals: list[Path], copies: list[Path], root: Path, kind: str, threshold: float) -> dict[str, float]:
    """Search originals and copies; mirrored and turned ones are asked for."""
    paths = {hash_of(path): path for path in [*originals, *copies]}
    names = [hash_of(path) for path in [*originals, *copies]]
    search = PictureSearch(threshold, flips=kind == "mirror", turns=kind == "quarter turn")
    started = time.process_time()
    result = search.run(names, paths.get, Store(root / "store"))
    seconds = time.process_time() - started
    first, second, _score = result.pairs()
    count = len(originals)
    right = int((second == first + count).sum())
    false = int((first % count != second % count).sum())
    seen = sorted({(min(a, b), max(a, b)) for a, b in zip(first % count, second % count, strict=True) if a != b})
    if seen:
        print(f"  {kind}: pairs of different pictures {[(originals[a].name, originals[b].name) for a, b in seen[:6]]}")
    return {"recall": right / count, "false": false / (2 * count * (count - 1)), "seconds": seconds}


def peer_figures(python: str, originals: list[Path], changed: dict[str, list[Path]]) -> dict[str, dict[str, float]]:
    """Return recall at the false-alarm rate by peer and kind."""
    script = Path(__file__).with_name("near_duplicate_images_peers.py")
    order = {"original": str(originals[0].parent)} | {kind: str(paths[0].parent) for kind, paths in changed.items()}
    done = subprocess.run([python, str(script), json.dumps(order)], stdout=subprocess.PIPE, check=True)
    answer = json.loads(done.stdout)
    print("peers:", ", ".join(f"{name} {version}" for name, version in answer["versions"].items()))
    figures: dict[str, dict[str, float]] = {}
    for peer, kinds in answer["hashes"].items():
        base = bits_of(kinds["original"])
        for kind in changed:
            figures.setdefault(peer, {})[kind] = recall_of(base, bits_of(kinds[kind]))
    return figures | answer["recall"]


def bits_of(texts: list[str]) -> np.ndarray:
    return np.array([int(text, 16) for text in texts], np.uint64)


def recall_of(base: np.ndarray, copies: np.ndarray) -> float:
    """Return the share of copies within the greatest distance that keeps the false-alarm rate."""
    both = np.concatenate([base, copies])
    count = len(base)
    apart = np.bitwise_count(both[:, None] ^ both[None, :])
    owner = np.arange(2 * count) % count
    different = apart[np.triu(owner[:, None] != owner[None, :])]
    rates = [(different <= most).mean() for most in range(65)]
    allowed = max((most for most in range(65) if rates[most] <= RATE), default=-1)
    return float((np.diagonal(apart[:count, count:]) <= allowed).mean())


def report(rows: dict[str, dict[str, float]], peers: dict[str, dict[str, float]]) -> None:
    print("\n| change | ours | false alarms | " + " | ".join(peers) + " |")
    print("| --- " * (3 + len(peers)) + "|")
    for kind, row in rows.items():
        others = "".join(f" {peer[kind]:.3f} |" for peer in peers.values())
        print(f"| {kind} | {row['recall']:.3f} | {row['false']:.6f} |{others}")
    print(f"\nours, CPU s for a search of all: {np.mean([row['seconds'] for row in rows.values()]):.2f} on average")


def speed(bases: dict[str, np.ndarray], python: str | None, root: Path) -> None:
    folder = root / "speed"
    folder.mkdir()
    for number, pixels in enumerate(list(bases.values())[:200]):
        factor = 512 / max(pixels.shape[:2])
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), cv2.resize(pixels, None, fx=factor, fy=factor), [1, 90])
    files = sorted(folder.iterdir())
    cv2.setNumThreads(1)
    describer = Describer()
    started = time.process_time()
    pictures = [decode(path.read_bytes(), SIDE) for path in files]
    decoded = time.process_time()
    for picture in pictures:
        describer.describe(picture)
    described = time.process_time()
    hashes(np.stack([described_whole(decode(path.read_bytes(), SMALL))["small"] for path in files]))
    hashed = time.process_time()
    print(f"ours, everything (hash and key points): {len(files) / (described - started):,.0f}")
    print(f"ours, reduced decoding alone: {len(files) / (decoded - started):,.0f}")
    print(f"ours, whole pictures alone (no key points): {len(files) / (hashed - described):,.0f}")
    if python:
        script = Path(__file__).with_name("near_duplicate_images_peers.py")
        print(
            subprocess.run(
                [python, str(script), "--speed", str(folder)], stdout=subprocess.PIPE, check=True, text=True
            ).stdout
        )


def scale(count: int) -> None:
    """Time the search among made-up hashes: random bits, and for each tenth a copy with 6 of 64 bits changed."""
    print("\nSearch among made-up hashes:")
    for size in (count // 10, count):
        random = np.random.default_rng(1)
        keys = random.integers(0, 1 << 63, size, np.uint64) * np.uint64(2) + random.integers(0, 2, size, np.uint64)
        planted = size // 20
        flips = np.zeros(planted, np.uint64)
        for _bit in range(6):
            flips ^= np.uint64(1) << random.integers(0, 64, planted, np.uint64)
        keys[-planted:] = keys[:planted] ^ flips
        long = np.repeat(keys[:, None], 4, axis=1)
        started = time.process_time()
        index = WholeIndex(keys, long)
        found = [index.pairs(keys, long, start, min(start + 8192, size), NEAREST) for start in range(0, size, 8192)]
        seconds = time.process_time() - started
        pairs = np.concatenate(found)
        hit = int((pairs[:, 1] == pairs[:, 0] + size - planted).sum())
        print(f"  {size:>9,} hashes: {seconds:.1f} CPU s, {hit:,} of {planted:,} planted pairs found")


if __name__ == "__main__":
    main()
