"""Outside readers judge what we write: a project of ours in each format, counted and measured by programs not ours.

    python bench/format_judges.py --peer PYTHON [--peer PYTHON …] [--pictures 200]

PYTHON is the interpreter of an environment with datumaro, pycocotools or label-studio-sdk; those that are there judge.
Each finds as many pictures and shapes as we wrote, with our labels, and the boxes around them to a twentieth of a pixel
(datumaro keeps coordinates in single precision).
"""

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from labeling.engine.controls.shapes import corners
from labeling.engine.formats.geometry import around
from labeling.engine.formats.record import Losses, Record, Said
from labeling.engine.formats.table import FORMATS
from labeling.engine.formats.target import Target
from labeling.engine.schema import parse_schema

SLACK = 0.05
LABELS = ("cat", "狗", "red blood cell")
SIZES = ((640, 480), (333, 217), (1080, 1920))
# Which shapes a project asks for, by what it is called here; and the formats it is written in.
PROJECTS = {
    "boxes": (("box",), ("coco", "cvat", "voc", "yolo")),
    "polygons": (("polygon",), ("coco", "cvat", "voc")),
    "boxes and polygons": (("box", "polygon"), ("coco", "cvat", "voc")),
    "rotated boxes": (("rotated_box",), ("voc",)),
    "points": (("point",), ("cvat",)),
    "classes": ((), ("folders",)),
}
Shape = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", action="append", required=True, help="a Python with outside readers")
    parser.add_argument("--pictures", type=int, default=200)
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {options.pictures} pictures")
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch) / "pictures"
        pictures.mkdir()
        for width, height in SIZES:
            Image.new("RGB", (width, height), "grey").save(pictures / f"{width}x{height}.jpg")
        for project, (tools, formats) in PROJECTS.items():
            records = make(tools, options.pictures)
            for name in formats:
                folder = Path(scratch) / f"{project}-{name}".replace(" ", "-")
                folder.mkdir()
                losses = Losses()
                target = Target(folder, lambda path: pictures / path, losses)
                write = FORMATS[name].write
                assert write is not None
                write(target, parse_schema(schema_of(tools)), records)
                for peer in options.peer:
                    failed |= judge(peer, project, name, folder, records)
    sys.exit(1 if failed else 0)


def schema_of(tools: tuple[str, ...]) -> dict[str, Any]:
    labels = [{"value": label} for label in LABELS]
    control: dict[str, Any] = {
        "name": "objects",
        "type": "shapes",
        "field": "image",
        "labels": labels,
        "tools": [*tools],
    }
    if not tools:
        control = {"name": "label", "type": "choice", "labels": labels}
    return {"display": [{"type": "image", "field": "image"}], "controls": [control]}


def make(tools: tuple[str, ...], count: int) -> list[Record]:
    """Return pictures with up to six shapes each, the same each time."""
    chance = random.Random(7)
    records = []
    for number in range(count):
        size = chance.choice(SIZES)
        answer: dict[str, Any] = {"label": [chance.choice(LABELS)]}
        if tools:
            drawn = [_shape(chance, chance.choice(tools), size, place) for place in range(chance.randint(0, 6))]
            answer = {"objects": drawn} if drawn else {}
        record = Record(f"picture {number}.jpg", picture=f"{size[0]}x{size[1]}.jpg", size=size)
        record.answers, record.final = [Said(answer)], answer
        record.fields = {"split": chance.choice(["train", "validation"])}
        records.append(record)
    return records


def _shape(chance: random.Random, kind: str, size: tuple[int, int], place: int) -> Shape:
    def within(least: float, most: float) -> float:
        return round(chance.uniform(least, most), 2)

    width, height = size
    common = {"id": f"s{place}", "type": kind, "label": chance.choice(LABELS)}
    if kind == "point":
        return {**common, "x": within(0, width), "y": within(0, height)}
    x, y = within(0, width / 2), within(0, height / 2)
    across, down = within(5, width / 3), within(5, height / 3)
    if kind == "box":
        return {**common, "x": x, "y": y, "width": across, "height": down}
    if kind == "rotated_box":
        middle = {"x": round(x + width / 4, 2), "y": round(y + height / 4, 2)}
        sides = {"width": round(across / 3, 2), "height": round(down / 3, 2)}
        return {**common, **middle, **sides, "angle": within(1, 359)}
    return {**common, "points": [[x, y], [round(x + across, 2), y], [round(x + across / 2, 2), round(y + down, 2)]]}


def judge(peer: str, project: str, name: str, folder: Path, records: list[Record]) -> bool:
    """Print what the readers of an environment found; return whether any of it is not what was written."""
    script = Path(__file__).with_name("format_judges_peers.py")
    run = subprocess.run([peer, str(script), name, str(folder)], capture_output=True, text=True)
    if run.returncode:
        print(f"{project} as {name}: {run.stderr[-500:]}")
        return True
    failed = False
    for reader, said in json.loads(run.stdout).items():
        verdict, wrong = _verdict(said, records)
        failed |= wrong
        print(f"{project:20} {name:8} {reader} {said['version']:8} {verdict}")
    return failed


def _verdict(said: dict[str, Any], records: list[Record]) -> tuple[str, bool]:
    if "error" in said:
        return f"cannot read it: {said['error']}", True
    ours = sorted(_rows(records))
    theirs = sorted([_stem(row[0]), *row[1:]] for row in said["shapes"])
    found = f"{said['items']} pictures, {len(theirs)} shapes"
    if (said["items"], len(theirs)) != (len(records), len(ours)):
        return f"{found}; we wrote {len(records)} and {len(ours)}", True
    if [row[:2] for row in ours] != [row[:2] for row in theirs]:
        return f"{found}; labels differ", True
    pairs = zip(ours, theirs, strict=True)
    apart = max(abs(a - b) for one, other in pairs for a, b in zip(one[2:], other[2:], strict=True))
    return f"{found}, all labels, boxes to {apart:.3f} pixels", apart > SLACK


def _rows(records: list[Record]) -> list[list[Any]]:
    """Return picture, label and the box around each shape; zeros where the label is the picture's."""
    rows: list[list[Any]] = []
    for record in records:
        answer = record.final or {}
        rows += [[_stem(record.name), label, 0, 0, 0, 0] for label in answer.get("label", [])]
        for shape in answer.get("objects", []):
            rows.append([_stem(record.name), shape["label"], *around(corners(shape))])
    return rows


def _stem(name: str) -> str:
    return name.removesuffix(".jpg").rsplit(":", 1)[-1]


if __name__ == "__main__":
    main()
