"""The families of pictures on real sets: what they reach, in how much processor time.

    python bench/train_pictures.py FOLDER [--only signs,fashion,cells,fruit] [--threads 2] [--seeds 0,1,2] [--folds]
        [--families auto]

FOLDER holds image/sign_digits_800.zip, image/fashion_mnist_900.zip, detect/bccd_voc.zip and
detect/fruit_polygons_coco.zip. Test rows: signs and fashion a fifth, by class with the seed; cells the test list of the
set (205 pictures train, 87 choose the epoch, 72 are judged); fruit 3 of 18 photos, or with --folds each photo once, in
three trainings. Intervals are 95 % bootstrap percentiles over test rows. Times are processor seconds of training with
reading and encoding; the machine may do other things meanwhile. Signs are also learned from 8, 16 and 32 pictures of a
class. Fruit is judged by masks; beside it stand the same findings as rectangles.
"""

import argparse
import platform
import sys
import tempfile
import time
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)

from modeling.engine.data import Examples  # noqa: E402
from modeling.engine.evaluate import evaluate  # noqa: E402
from modeling.engine.families.family import TrainingContext  # noqa: E402
from modeling.engine.pictures.coco_judge import outline_of  # noqa: E402
from modeling.engine.reading.pictures import read_coco, read_image_folder, read_voc  # noqa: E402
from modeling.engine.tasks.task import bootstrap_interval  # noqa: E402
from modeling.engine.training import TrainedModel, TrainingSettings, train  # noqa: E402

ARCHIVES = {
    "signs": "image/sign_digits_800.zip",
    "fashion": "image/fashion_mnist_900.zip",
    "cells": "detect/bccd_voc.zip",
    "fruit": "detect/fruit_polygons_coco.zip",
}
FOLDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default=",".join(ARCHIVES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--folds", action="store_true")
    parser.add_argument("--families", help="of signs and fashion; all that learn them when left out")
    given = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}, {given.threads} threads")
    seeds = [int(seed) for seed in given.seeds.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.only.split(","):
            place = Path(scratch) / name
            zipfile.ZipFile(given.folder / ARCHIVES[name]).extractall(place)
            for seed in seeds:
                run = Run(Path(scratch), given.threads, seed, given.families.split(",") if given.families else [])
                {"signs": signs, "fashion": fashion, "cells": cells, "fruit": fruit}[name](place, run, given.folds)


class Run:
    """Where trainings lie, with how many threads and which seed they run, and which families of labels, if not all."""

    def __init__(self, scratch: Path, threads: int, seed: int, families: list[str]) -> None:
        self.scratch, self.threads, self.seed, self.families = scratch, threads, seed, families

    def trained(self, family: str, data: Examples, **settings: Any) -> tuple[TrainedModel, TrainingContext, float]:
        """Return a model, its context and the processor seconds; vectors are made anew."""
        folder = Path(tempfile.mkdtemp(dir=self.scratch))
        context = TrainingContext(cache_dir=self.scratch / "graphs", vectors_dir=folder / "vectors", on_note=print)
        whole = TrainingSettings(family=family, seed=self.seed, threads=self.threads, **settings)
        began = time.process_time()
        model = train(data, folder, whole, context)
        return model, context, time.process_time() - began


def classify(name: str, family: str, data: Examples, run: Run) -> None:
    model, context, seconds = run.trained(family, data)
    result = evaluate(model, data, context=context)
    facts = model.facts
    print(
        f"{name} seed {run.seed} {family}: accuracy {result.figures['accuracy']:.3f}, macro-F1 "
        f"{result.figures['macro_f1']:.3f} [{result.interval[0]:.3f}, {result.interval[1]:.3f}], {seconds:.0f} s, "
        f"{facts['epochs']} epochs, best {facts['best_epoch']}{'; ' + facts['reason'] if 'reason' in facts else ''}",
        flush=True,
    )


def few(data: Examples, count: int) -> Examples:
    """Return the first `count` training rows of each class, with all others."""
    seen: Counter[str] = Counter()
    rows = []
    for row, (answer, split) in enumerate(zip(data.answers, data.splits, strict=True)):
        seen[answer] += split == "train"
        if split != "train" or seen[answer] <= count:
            rows.append(row)
    return data.rows(rows)


def signs(folder: Path, run: Run, folds: bool) -> None:
    data = read_image_folder(folder, run.seed).examples
    for count in (8, 16, 32):
        for family in run.families or ("picture-head", "picture-fine-tune"):
            classify(f"signs {count} a class", family, few(data, count), run)
    for family in run.families or ("picture-head", "picture-fine-tune", "picture-cnn"):
        classify(f"signs all {data.splits.count('train')}", family, data, run)


def fashion(folder: Path, run: Run, folds: bool) -> None:
    data = read_image_folder(folder, run.seed).examples
    for family in run.families or ("picture-cnn", "picture-head", "picture-fine-tune"):
        classify(f"fashion all {data.splits.count('train')}", family, data, run)


def cells(folder: Path, run: Run, folds: bool) -> None:
    judge("cells", "detector", read_voc(folder, run.seed).examples, run)


def fruit(folder: Path, run: Run, folds: bool) -> None:
    data = read_coco(folder, run.seed, "segmentation").examples
    if not folds:
        judge("fruit", "segmenter", data, run)
        return
    order = np.random.default_rng(run.seed).permutation(len(data.inputs))
    together: list[Any] = [None] * len(data.inputs)
    spent = 0.0
    for fold in range(FOLDS):
        splits = ["train"] * len(order)
        for row in order[fold::FOLDS]:
            splits[row] = "test"
        for row in order[(fold + 1) % FOLDS :: FOLDS][:2]:
            splits[row] = "validation"
        part = replace(data, splits=tuple(splits))
        model, context, seconds = run.trained("segmenter", part)
        spent += seconds
        test = [row for row, split in enumerate(splits) if split == "test"]
        for row, made in zip(test, model.predictions([data.inputs[row] for row in test], context), strict=True):
            together[row] = made
    tell(f"fruit {FOLDS} folds", "segmenter", data, together, data.classes, run, spent)


def judge(name: str, family: str, data: Examples, run: Run) -> None:
    model, context, seconds = run.trained(family, data)
    test = data.part("test")
    began = time.process_time()
    made = model.predictions(test.inputs, context)
    each = (time.process_time() - began) / len(made) * 1000
    facts = model.facts
    print(f"{name}: {facts['epochs']} epochs, best {facts['best_epoch']}, {each:.0f} ms a picture found")
    tell(name, family, test, made, model.labels, run, seconds)


def tell(name: str, family: str, test: Examples, made: Any, classes: Any, run: Run, seconds: float) -> None:
    figures = test.kind.figures(made, test, classes)
    low, high = bootstrap_interval(test.kind.scorer(made, test, classes), len(made), rounds=200)
    per_class = ", ".join(f"{own['label']} {own['ap50']:.3f}" for own in figures["per_class"])
    print(
        f"{name} seed {run.seed} {family} on {len(made)} pictures: mAP50 {figures['map50']:.3f} ({per_class}), "
        f"mAP50-95 {figures['map']:.3f} [{low:.3f}, {high:.3f}], AR100 {figures['ar100']:.3f}, {seconds:.0f} s",
        flush=True,
    )
    if test.task == "segmentation":
        boxes = [[boxed(shape) for shape in found] for found in made]
        plain = test.kind.figures(boxes, test, classes)
        print(f"{name} as rectangles: mAP50 {plain['map50']:.3f}, mAP50-95 {plain['map']:.3f}", flush=True)


def boxed(shape: Any) -> Any:
    """Return the rectangle around a shape."""
    across, down = zip(*shape.points, strict=True)
    rectangle = shape._replace(kind="box", points=((min(across), min(down)), (max(across), max(down))))
    return shape._replace(points=tuple(outline_of(rectangle)))


if __name__ == "__main__":
    main()
