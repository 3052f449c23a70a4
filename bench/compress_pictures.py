"""Bundles of the picture families on real sets: how small, how quick, and what they lose.

    python bench/compress_pictures.py FOLDER [--only signs,fashion,cells,fruit] [--families picture-head,…]
                                      [--threads 1] [--seed 0] [--epochs N] [--rows N]

FOLDER holds what bench/train_pictures.py says. Each family is trained as there (for --epochs at most, on --rows drawn
by chance), exported rung by rung until one loses at most half a point, and then timed: `ms` is the median over 60 runs
on one picture after another (15 of the detectors), already decoded and scaled, of the float32 network in torch and of
the bundle's graphs with what answers around them; `pictures/s` is the whole bundle with reading from the bytes of a
file. Both are processor time, so other work on the machine changes them little; on one thread it is the latency of a
machine that does nothing else. `same` is the share of test answers that are those of the float model; of boxes and
outlines, the share of all that either finds. Sizes are those of the graphs.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  (the repository is not installed)
import torch  # noqa: E402

from bench.train_pictures import ARCHIVES, Run  # noqa: E402
from modeling.engine.bundle.export import export_bundle  # noqa: E402
from modeling.engine.bundle.runtime.model import Model  # noqa: E402
from modeling.engine.bundle.runtime.shapes import found_boxes  # noqa: E402
from modeling.engine.bundle.verify import verify_bundle  # noqa: E402
from modeling.engine.data import Examples  # noqa: E402
from modeling.engine.errors import GateRefused  # noqa: E402
from modeling.engine.families.table import get_family  # noqa: E402
from modeling.engine.reading.pictures import read_coco, read_image_folder, read_voc  # noqa: E402
from modeling.engine.training import TrainedModel  # noqa: E402

FAMILIES = {
    "signs": ("picture-head", "picture-fine-tune", "picture-cnn"),
    "fashion": ("picture-head", "picture-fine-tune", "picture-cnn"),
    "cells": ("detector",),
    "fruit": ("segmenter",),
}
HEAD = (
    "| set, family | compression | float MB | bundle MB | torch ms | bundle ms | times | pictures/s | float | bundle "
    "| points lost | same |"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default=",".join(ARCHIVES))
    parser.add_argument("--families", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}, {given.threads} threads")
    print(HEAD + "\n" + "| --- | --- |" + " ---: |" * 10, flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name in given.only.split(","):
            place = Path(scratch) / name
            zipfile.ZipFile(given.folder / ARCHIVES[name]).extractall(place)
            data = read(name, place, given.seed)
            if given.rows:
                data = data.rows(sorted(np.random.default_rng(0).permutation(len(data.inputs))[: given.rows].tolist()))
            for family in FAMILIES[name]:
                if not given.families or family in given.families.split(","):
                    row(name, family, data, Run(Path(scratch), given.threads, given.seed), given.epochs)


def read(name: str, place: Path, seed: int) -> Examples:
    if name == "cells":
        return read_voc(place, seed).examples
    if name == "fruit":
        return read_coco(place, seed, "segmentation").examples
    return read_image_folder(place, seed).examples


def row(name: str, family: str, data: Examples, run: Run, epochs: int | None) -> None:
    model, context, _seconds = run.trained(family, data, **({"epochs": epochs} if epochs else {}))
    torch.set_num_threads(run.threads)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "bundle.zip"
        try:
            made = export_bundle(model, data, out, created_at="now", context=context)
        except GateRefused as refused:
            print(f"| {name}, {family} | refused: {json.dumps(refused.facts['rungs'])} |", flush=True)
            return
        members = verify_bundle(out).members
    plain = get_family(family).plan(model, data, context)
    last = plain.rungs[-1]
    floats = len(plain.build(last)) + sum(map(len, plain.beside(last).values()))
    bundle = Model(members.__getitem__, run.threads)
    test = data.part("test").inputs[: 15 if model.task.name in {"detection", "segmentation"} else 60]
    read_in = [bundle._reading.read(path) for path in test]
    slow = median(torch_run(model, data), read_in)
    quick = median(
        lambda tensors, known: bundle._answer.answer(bundle._session.run(bundle._outputs, tensors), known), read_in
    )
    contents = [path.read_bytes() for path in test]
    began = time.process_time()
    for content in contents:
        bundle.one(content)
    rate = len(contents) / (time.process_time() - began)
    for number, each in enumerate(made.rungs):
        passed = number == len(made.rungs) - 1
        times = f"{slow:.1f} | {quick:.1f} | {slow / quick:.1f} | {rate:.0f}" if passed else "| | |"
        print(
            f"| {name}, {family} | {each['rung']} | {floats / 1e6:.2f} | {each['bytes'] / 1e6:.2f} | {times} | "
            f"{each['float_figure']:.4f} | {each['bundle_figure']:.4f} | {each['loss_points']:.2f} | "
            f"{each['same_answer']:.3f} |",
            flush=True,
        )


def median(run: Any, given: list[Any]) -> float:
    """Return the median of milliseconds; the first three runs allocate memory and do not count."""
    for each in given[:3]:
        run(*each)
    spent = []
    for each in given:
        began = time.process_time()
        run(*each)
        spent.append(time.process_time() - began)
    return float(np.median(spent)) * 1000


def torch_run(model: TrainedModel, data: Examples) -> Any:
    """Return the float32 network on one read picture, with masks where it has them."""
    family, facts = get_family(model.facts["family"]), model.facts
    if facts["family"] == "picture-head":
        from modeling.engine.pictures.backbone import load_lite0

        network, head = load_lite0(), family.head(model.folder, facts)  # type: ignore[attr-defined]

        def module(given: Any) -> Any:
            return head(network.extract_features(given).mean(dim=(2, 3)))

    elif facts["family"] in {"detector", "segmenter"}:
        from modeling.engine.bundle.shape_plan import Masks, WholeDetector

        stem, net = family.network(model.folder, facts)  # type: ignore[attr-defined]
        whole, masks = WholeDetector(stem, net).eval(), Masks(net.masks).eval() if facts["masks"] else None

        def module(given: Any) -> Any:
            heat, distances, *maps = whole(given)
            boxes = found_boxes(heat[0].numpy(), distances[0].numpy(), tuple(given.shape[2:])).boxes
            return masks(*maps, torch.from_numpy(boxes).float()) if masks and len(boxes) else boxes

    else:
        module = family.network(model.folder, facts)  # type: ignore[attr-defined]

    def run(tensors: Any, known: Any) -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(tensors["pictures"]))

    return run


if __name__ == "__main__":
    main()
