"""Boxes and outlines by a network of our own on EfficientNet-Lite0: heat maps of middles, distances to edges, masks.

The lower half of the backbone stays as ImageNet left it and is run once for each variant of a training picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.fitting import ON_THE_FLY
from modeling.engine.families.family import Family, FamilyResult, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modeling.engine.data import Examples
    from modeling.engine.training.settings import TrainingSettings

MODEL_FILE = "detector.safetensors"
# Pixels of the longer side. Where small shapes would have fewer than LEAST input pixels across, the next side is
# taken: twice the side costs four times the time.
SIDES = (512, 768, 1024)
LEAST = 12.0
# Pictures whose shapes decide that, and the share of their shapes that may be smaller.
ASKED, SMALL_SHARE = 200, 0.1
# Changed variants of each training picture, the unchanged one among them; of few pictures there are more.
VARIANTS = 4


class Detector(Family):
    """Boxes."""

    name = "detector"
    title = "Detector on EfficientNet-Lite0"
    tasks = ("detection",)
    augments = ON_THE_FLY
    loops = True
    changes_anyway = True
    masks = False

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults; bench/train_pictures.py prints what they reach."""
        return {"epochs": 12, "batch_size": 8, "learning_rate": 1e-3, "patience": 6, "dropout": 0.0}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Read the pictures, train, write the weights.

        Rows whose picture cannot be read are left out; `left_out` of the facts names them.

        Raises:
            BadData: No training or validation picture can be read.
        """
        import torch
        from safetensors.torch import save_file

        from modeling.engine.families.picture_rows import readable_parts

        context.stage("reading")
        side = side_for(data.part("train"))
        parts = readable_parts(data, side, context)
        context.stage("training")
        torch.manual_seed(settings.seed)
        torch.set_num_threads(settings.threads)
        work = self._work(data, parts, settings)
        result = context.run(work, data, settings)
        state = {f"stem.{name}": value for name, value in work.stem.state_dict().items()}
        state |= {f"net.{name}": value for name, value in work.module.state_dict().items()}
        save_file({name: value.contiguous().cpu() for name, value in state.items()}, folder / MODEL_FILE)
        return FamilyResult({**result.__dict__, "side": side, "masks": self.masks, "left_out": parts.left_out})

    def _work(self, data: Examples, parts: Any, settings: TrainingSettings) -> Any:
        from modeling.engine.pictures.backbone import Stem, Trunk, load_lite0
        from modeling.engine.pictures.changing import FOR_SHAPES, changer
        from modeling.engine.pictures.detector_net import DetectorNet
        from modeling.engine.pictures.feature_rows import FeatureRows, resized
        from modeling.engine.pictures.shape_work import ShapeWork, repeats_of
        from modeling.engine.training.loop import choose_device

        device = choose_device(settings.device)
        network = load_lite0()
        stem = Stem(network).to(device)
        net = DetectorNet(len(data.classes), Trunk(network), masks=self.masks)
        count = len(parts.train.paths)

        def others(row: int) -> tuple[Any, list[Any]]:
            loaded = parts.train[row]
            return loaded.pixels, resized(parts.train_answers[row], loaded.scale)

        rows = FeatureRows(
            parts.train,
            parts.train_answers,
            data.classes,
            stem,
            changer(settings.augment, FOR_SHAPES, settings.seed, others, count),
            device,
            variants=VARIANTS * repeats_of(count),
            keep_fourth=self.masks,
        )
        return ShapeWork(net, rows, stem, parts.validation, parts.validation_answers, data.kind)  # type: ignore[arg-type]

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> list[list[Any]]:
        """Return lists of `ScoredShape`; none for a picture that cannot be read."""
        import torch

        from curation.engine.pictures.decode import PictureError
        from modeling.engine.callbacks import stop_if
        from modeling.engine.pictures.finding import find_shapes, looked_at
        from modeling.engine.pictures.loading import load
        from modeling.engine.training.loop import choose_device

        torch.set_num_threads(facts["settings"]["threads"])
        device = choose_device(facts["settings"]["device"])
        stem, net = self.network(folder, facts)
        stem, net = stem.to(device), net.to(device)
        made: list[list[Any]] = []
        for number, path in enumerate(inputs):
            stop_if(context.cancelled, "Prediction")
            if context.progress:
                context.progress(number, len(inputs))
            try:
                loaded = load(path, facts["side"])
            except PictureError:
                made.append([])
                continue
            made.append(find_shapes(net, looked_at(stem, loaded, device), loaded, facts["labels"], device))
        return made

    def network(self, folder: Path, facts: dict[str, Any]) -> tuple[Any, Any]:
        """Return the stem and the trained network in evaluation mode."""
        from safetensors.torch import load_file

        from modeling.engine.pictures.backbone import Stem, Trunk, load_lite0
        from modeling.engine.pictures.detector_net import DetectorNet

        state, network = load_file(folder / MODEL_FILE), load_lite0()
        stem, net = Stem(network), DetectorNet(len(facts["labels"]), Trunk(network), masks=facts["masks"])
        for prefix, module in (("stem.", stem), ("net.", net)):
            module.load_state_dict(
                {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
            )
        return stem.eval(), net.eval()


class Segmenter(Detector):
    """Polygons: the detector with a head for masks."""

    name = "segmenter"
    title = "Detector with masks on EfficientNet-Lite0"
    tasks = ("segmentation",)
    masks = True


def side_for(rows: Examples) -> int:
    """Return the side at which pictures are read: the first of SIDES at which small shapes are large enough.

    Only headers of pictures are read; those that have none say nothing here.
    """
    from curation.engine.pictures.decode import PictureError, upright_size
    from modeling.engine.pictures.coco_judge import box_of

    shares = []
    for path, shapes in zip(rows.inputs[:ASKED], rows.answers[:ASKED], strict=True):
        try:
            longer = max(upright_size(path)[0])
        except (PictureError, OSError):
            continue
        for left, top, right, bottom in map(box_of, shapes):
            shares.append((min(right - left, bottom - top), longer))
    if not shares:
        return SIDES[0]
    for side in SIDES:
        # Pictures are never enlarged.
        sizes = [across * min(1.0, side / longer) for across, longer in shares]
        if np.quantile(sizes, SMALL_SHARE) >= LEAST:
            return side
    # What stays small at every side is as small in the pictures themselves, or too small to pay for.
    return SIDES[-1] if max(longer for _, longer in shares) > SIDES[0] else SIDES[0]
