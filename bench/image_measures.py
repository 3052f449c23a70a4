"""Pictures taken in: pictures a processor second, and figures and issues beside cleanvision's on the same files.

    python bench/image_measures.py PICTURES.zip
    python bench/image_measures.py PICTURES.zip --peer /path/to/python      an environment that has cleanvision

Of each picture there are five versions more, so that the issues that both look for do occur: blurred, darkened,
overexposed, one shade with noise, and stretched. "import" is all that an import does of a picture: hash, decoding,
figures, view and thumbnail; "measure" is decoding and figures alone, which is what cleanvision does too. Ours runs in
threads, cleanvision with one job and with exactly the issue types that there are steps for.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageEnhance, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from curation.engine.pictures.facts import facts_of
from curation.engine.pictures.kinds import named_like_picture
from curation.engine.pictures.taking import take
from curation.engine.readers.archive import walk

# Issue of cleanvision → its raw figure there, our column, and when our steps find it.
ISSUES = {
    "blurry": ("blurry_score", "image_sharpness", lambda row: row["image_sharpness"] < 0.29),
    "dark": ("dark_score", "image_lightest", lambda row: row["image_lightest"] < 0.32),
    "light": ("light_score", "image_darkest", lambda row: row["image_darkest"] > 0.95),
    "low_information": ("low_information_score", "image_entropy", lambda row: row["image_entropy"] < 3.0),
    "odd_aspect_ratio": (
        "odd_aspect_ratio_score",
        "",
        lambda row: min(row["image_width"], row["image_height"]) < 0.35 * max(row["image_width"], row["image_height"]),
    ),
}
_PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from importlib.metadata import version
from cleanvision import Imagelab
began = time.process_time()
lab = Imagelab(data_path=sys.argv[1])
lab.find_issues({name: {} for name in json.loads(sys.argv[2])}, n_jobs=1, verbose=False)
taken = time.process_time() - began
rows = {name.rsplit("/", 1)[-1]: row for name, row in lab.issues.to_dict("index").items()}
print("\\n" + json.dumps({"seconds": taken, "version": version("cleanvision"), "rows": rows}, default=float))
"""


def changed(image: Image.Image, rng: np.random.Generator) -> dict[str, Image.Image]:
    """Return the versions of a picture by name."""
    image = image.convert("RGB")
    flat = np.clip(128 + rng.normal(0, 2, (image.height, image.width, 1)).repeat(3, axis=2), 0, 255).astype(np.uint8)
    light = Image.fromarray((250 + np.asarray(image) // 51).clip(0, 255).astype(np.uint8))
    return {
        "blurred": image.filter(ImageFilter.GaussianBlur(max(image.size) / 12)),
        "dark": ImageEnhance.Brightness(image).enhance(0.2),
        "light": light,
        "flat": Image.fromarray(flat),
        "stretched": image.resize((image.width * 4, image.height)),
    }


def prepare(archive: Path, folder: Path, most: int) -> list[Path]:
    """Unpack pictures with their versions; return their paths."""
    rng, paths = np.random.default_rng(0), []
    for member, stream in walk(archive):
        if len(paths) >= most * 6 or not named_like_picture(member.path):
            continue
        name = member.path.replace("/", "_")
        (folder / name).write_bytes(stream.read())
        paths.append(folder / name)
        for kind, image in changed(Image.open(folder / name), rng).items():
            path = folder / f"{kind}_{name.rpartition('.')[0]}.png"
            image.save(path, compress_level=1)
            paths.append(path)
    return paths


def timed(what: str, work: object, paths: list[Path]) -> list[object]:
    data = [path.read_bytes() for path in paths]
    began, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        found = list(pool.map(work, data))  # type: ignore[arg-type]
    spent, wall = time.process_time() - began, time.perf_counter() - wall
    print(f"{what:24}{len(paths) / spent:8.0f} a processor second, {len(paths) / wall:6.0f} a second")
    return found


def compare(python: str, folder: Path, paths: list[Path], ours: dict[str, dict[str, float]]) -> None:
    command = [python, "-c", _PEER, str(folder), json.dumps(list(ISSUES))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peer = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{'cleanvision ' + peer['version']:24}{len(paths) / peer['seconds']:8.0f} a processor second")
    print(f"\n{'issue':20}{'ours':>6}{'theirs':>8}{'both':>6}   figures differ by (median, 99th percentile)")
    for issue, (score, column, test) in ISSUES.items():
        mine = {path.name for path in paths if test(ours[path.name])}
        theirs = {path.name for path in paths if peer["rows"][path.name][f"is_{issue}_issue"]}
        apart = ""
        if column:
            scale = {"image_entropy": lambda value: min(1.0, value / 10), "image_darkest": lambda value: 1 - value}
            figure = scale.get(column, lambda value: value)
            away = [abs(figure(ours[path.name][column]) - peer["rows"][path.name][score]) for path in paths]
            apart = f"{np.median(away):.4f}, {np.percentile(away, 99):.4f}"
        print(f"{issue:20}{len(mine):6}{len(theirs):8}{len(mine & theirs):6}   {apart}")
        for name in sorted(mine ^ theirs)[:3]:
            print(f"    {'ours' if name in mine else 'theirs'} alone: {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--peer", help="a Python that has cleanvision")
    parser.add_argument("--most", type=int, default=500, help="pictures of the archive that are taken")
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, Pillow {PIL.__version__}, {os.cpu_count()} cores, {options.archive.name}"
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        paths = prepare(options.archive, folder, options.most)
        originals = [path for path in paths if path.suffix != ".png" or path.name.split("_", 1)[0] not in _KINDS]
        print(f"{len(originals)} pictures, {len(paths)} with their versions")
        timed("import, originals", take, originals)
        timed("measure, originals", facts_of, originals)
        rows = timed("measure, all", facts_of, paths)
        if options.peer:
            compare(options.peer, folder, paths, dict(zip([path.name for path in paths], rows, strict=True)))  # type: ignore[arg-type]


_KINDS = {"blurred", "dark", "light", "flat", "stretched"}

if __name__ == "__main__":
    main()
