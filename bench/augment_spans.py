"""Offsets of every augmentation of texts on two sets of named entities, and shapes of every one that moves pictures.

    .venv/bin/python bench/augment_spans.py --data ../shared/data [--texts N] [--pictures N] [--contextual N]

Texts: each code point of the new text is followed back to the old one through the edits, without any look at spans; a
span is right when its new stretch holds only code points of the old span or ones that an edit inside of it put there,
and no code point of the old span lies outside. Pictures: each shape is drawn as a mask, the mask is moved as the
picture is, and compared with the moved shape drawn (intersection over union); a box with the upright box around its
moved mask.
Times are CPU seconds of this process.
"""

import argparse
import gzip
import io
import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
from PIL import Image

from curation.engine.augment import augment_text, read_policy
from curation.engine.augment.learnt import learn
from curation.engine.augment.picture import carry
from curation.engine.augment.pictures.table import PICTURES
from curation.engine.augment.scene import Scene
from curation.engine.augment.shapes import corners_of
from curation.engine.augment.texts.table import TEXTS

NER = ("ner/wnut17.jsonl.gz", "ner/uner_zh_gsd.jsonl.gz")
# Least overlap of a moved shape with its moved mask, below 1 for pixels that an edge cuts: masks are whole pixels.
# Shapes with less than `SMALL` pixels are mostly edge and are left out.
LEAST, SMALL = 0.9, 400
FINE = 4


def main() -> None:
    """Print both tables; the exit code is 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with ner/ and detect/")
    parser.add_argument("--texts", type=int, default=10_000, help="texts of each set")
    parser.add_argument("--pictures", type=int, default=40, help="pictures of each set")
    parser.add_argument("--contextual", type=int, default=100, help="texts of each set for the slow step")
    options = parser.parse_args()
    wrong = 0
    print("| augmentation | set | texts | changed | edits | spans | wrong | texts a CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for use in TEXTS:
        for name in NER:
            rows = ner(options.data / name)[: options.contextual if use == "contextual" else options.texts]
            wrong += text_row(use, Path(name).name.split(".")[0], rows)
    print("\n| augmentation | set | pictures | shapes | lost | least IoU | mean IoU | below | pictures a CPU s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    sets = {
        "bccd boxes": list(bccd(options.data, options.pictures)),
        "fruit": list(fruit(options.data, options.pictures)),
    }
    for use, row in PICTURES.items():
        if row.moves and not row.partners:
            for name, scenes in sets.items():
                wrong += picture_row(use, name, scenes)
    raise SystemExit(1 if wrong else 0)


def ner(path: Path) -> list[dict[str, Any]]:
    """Return the training rows of a set."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [row for row in map(json.loads, stream) if row["split"] == "train"]


def text_row(use: str, name: str, rows: list[dict[str, Any]]) -> int:
    """Print one line of the first table and return how many spans are wrong."""
    if TEXTS[use].missing():
        print(f"| `{use}` | {name} | not installed | | | | | |")
        return 0
    policy = read_policy(json.dumps({"version": 1, "steps": [{"use": use, "share": 0.2, "inside_spans": True}]}))
    try:
        learnt = learn(policy, [row["text"] for row in rows])
    except ValueError as error:
        print(f"| `{use}` | {name} | {str(error).split(':')[0]} | | | | | |")
        return 0
    changed = edits = spans = wrong = 0
    spent = 0.0
    for number, row in enumerate(rows):
        started = time.process_time()
        made = augment_text(row["text"], row["spans"], policy, number, learnt)
        spent += time.process_time() - started
        changed += bool(made.edits)
        edits += sum(len(step.edits) for step in made.edits)
        origin = followed(row["text"], made)
        spans += len(row["spans"])
        wrong += sum(not is_right(old, new, origin) for old, new in zip(row["spans"], made.spans, strict=True))
        wrong += origin is None
    print(f"| `{use}` | {name} | {len(rows)} | {changed} | {edits} | {spans} | {wrong} | {len(rows) / spent:.0f} |")
    return wrong


def followed(before: str, made: Any) -> list[int | None] | None:
    """Return the place in the old text of each new code point, None for one that came in; None when that fails."""
    places: list[int | None] = list(range(len(before)))
    for step in made.edits:
        for edit in reversed(step.edits):
            places[edit.start : edit.end] = [None] * len(edit.new)
    known = [(place, made.text[new]) for new, place in enumerate(places[: len(made.text)]) if place is not None]
    same = len(places) == len(made.text) and all(before[place] == letter for place, letter in known)
    return places if same else None


def is_right(old: dict[str, Any], new: dict[str, Any], origin: list[int | None] | None) -> bool:
    """Tell whether a span holds what it held, as far as it is still there, and nothing that was outside."""
    if origin is None or new["start"] >= new["end"]:
        return False
    own = range(old["start"], old["end"])
    inside = [place for place in origin[new["start"] : new["end"]] if place is not None]
    outside = [place for place in origin[: new["start"]] + origin[new["end"] :] if place is not None]
    return all(place in own for place in inside) and not any(place in own for place in outside)


def bccd(data: Path, count: int) -> Iterator[Scene]:
    """Give pictures of blood with boxes."""
    with zipfile.ZipFile(data / "detect" / "bccd_voc.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".xml"))[:count]
        for name in names:
            root = ElementTree.fromstring(archive.read(name))
            places = [
                [float(box.findtext(key) or 0) for key in ("xmin", "ymin", "xmax", "ymax")]
                for box in root.iter("bndbox")
            ]
            shapes = [{"type": "box", "x": a, "y": b, "width": c - a, "height": d - b} for a, b, c, d in places]
            pixels = opened(archive, f"BCCD/JPEGImages/{Path(name).stem}.jpg")
            yield Scene.of(pixels, [shape for shape in shapes if shape["width"] > 0 and shape["height"] > 0])


def fruit(data: Path, count: int) -> Iterator[Scene]:
    """Give pictures of fruit with polygons, and the rotated box around each."""
    with zipfile.ZipFile(data / "detect" / "fruit_polygons_coco.zip") as archive:
        told = json.loads(archive.read("data/trainval.json"))
        for image in told["images"][:count]:
            flats = [
                flat for row in told["annotations"] if row["image_id"] == image["id"] for flat in row["segmentation"]
            ]
            polygons = [[[x, y] for x, y in zip(flat[::2], flat[1::2], strict=True)] for flat in flats]
            shapes: list[dict[str, Any]] = [{"type": "polygon", "points": points} for points in polygons]
            shapes += [turned(points) for points in polygons]
            yield Scene.of(opened(archive, f"data/images/{Path(image['file_name']).name}"), shapes)


def turned(points: list[list[float]]) -> dict[str, Any]:
    """Return the smallest rotated box around a polygon."""
    (x, y), (width, height), angle = cv2.minAreaRect(np.array(points, np.float32))
    return {"type": "rotated_box", "x": x, "y": y, "width": width, "height": height, "angle": angle % 360}


def opened(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """Return the pixels of a picture in an archive."""
    return np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))


def picture_row(use: str, name: str, scenes: list[Scene]) -> int:
    """Print lines of the second table, one for each type of shapes, and return how many shapes lie wrong."""
    found: dict[str, list[float]] = {}
    lost = shapes = 0
    spent = 0.0
    for number, scene in enumerate(scenes):
        size = (scene.pixels.shape[1], scene.pixels.shape[0])
        masks = tuple(drawn(corners_of(shape), size) for shape in scene.shapes)
        marked = [{**shape, "number": place} for place, shape in enumerate(scene.shapes)]
        started = time.process_time()
        carry(Scene(scene.pixels, marked), PICTURES[use]({}), number)
        spent += time.process_time() - started
        made, gone = carry(Scene(scene.pixels, marked, {}, masks), PICTURES[use]({}), number)
        lost += len(gone)
        shapes += len(marked)
        for shape in made.shapes:
            truth = made.masks[shape["number"]]
            if truth.sum() >= SMALL:
                found.setdefault(shape["type"], []).append(overlap(shape, truth))
    wrong = 0
    for kind, values in found.items():
        # A slanted or foreshortened rotated box is none any more; the rectangle around it is looser by design.
        loose = kind == "rotated_box" and use in {"slant", "perspective"}
        below = 0 if loose else sum(value < LEAST for value in values)
        wrong += below
        figures = f"{min(values):.3f} | {np.mean(values):.3f} | {'by design' if loose else below}"
        rate = len(scenes) / spent
        print(f"| `{use}` | {name}, {kind} | {len(scenes)} | {len(values)} | {lost} | {figures} | {rate:.0f} |")
    return wrong


def drawn(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> np.ndarray:
    """Return a mask of the pixels that lie in a polygon by more than half."""
    width, height = size
    fine = np.zeros((height * FINE, width * FINE), np.uint8)
    cv2.fillPoly(fine, [np.round(np.array(corners) * FINE - 0.5).astype(np.int32)], 1)
    return (fine.reshape(height, FINE, width, FINE).sum((1, 3)) > FINE * FINE / 2).astype(np.uint8)


def overlap(shape: dict[str, Any], truth: np.ndarray) -> float:
    """Return intersection over union of a moved shape and its moved mask."""
    height, width = truth.shape
    if shape["type"] == "box":
        down, across = np.nonzero(truth)
        left, top, right, bottom = across.min(), down.min(), across.max() + 1, down.max() + 1
        truth = drawn([(left, top), (right, top), (right, bottom), (left, bottom)], (width, height))
    own = drawn(corners_of(shape), (width, height))
    return float((own & truth).sum() / max(1, (own | truth).sum()))


if __name__ == "__main__":
    main()
