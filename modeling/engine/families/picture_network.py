"""Networks that see the pixels of whole pictures: what fine-tuning and training from nothing have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from modeling.engine.augmentation.fitting import ON_THE_FLY
from modeling.engine.families.encoder_head import seed_torch
from modeling.engine.families.family import Family, FamilyResult, TrainingContext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from modeling.engine.data import Examples
    from modeling.engine.families.picture_head import PixelLogits
    from modeling.engine.families.picture_rows import Parts
    from modeling.engine.pictures.changing import Ranges
    from modeling.engine.training.settings import TrainingSettings

NETWORK_FILE = "network.safetensors"
# Pictures at once in a prediction: more gain nothing on a CPU.
BATCH = 32


class PictureNetwork(Family):
    """A torch module on squares of pixels. `most` is the side at which pictures are read."""

    tasks = ("image-classification", "image-multilabel")
    augments = ON_THE_FLY
    loops = True
    changes_anyway = True
    most: ClassVar[int]
    slow: ClassVar[str] = ""
    factor: ClassVar[float] = 1.0

    @abstractmethod
    def shape_of(self, parts: Parts, settings: TrainingSettings) -> dict[str, Any]:
        """Return the facts that `build` needs beside the labels: `side` and `grey` among them."""

    @abstractmethod
    def build(self, classes: int, facts: dict[str, Any], dropout: float) -> nn.Module:
        """Return a new module."""

    @abstractmethod
    def ranges(self) -> Ranges:
        """Return how pictures are changed without a policy."""

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Read the pictures, train, write network.safetensors.

        Rows whose picture cannot be read are left out; `left_out` of the facts names them.

        Raises:
            BadData: No training or validation picture can be read.
        """
        from safetensors.torch import save_file

        from modeling.engine.families.picture_rows import readable_parts
        from modeling.engine.pictures.changing import changer
        from modeling.engine.pictures.pixel_rows import PictureWork, PixelRows, squared

        context.stage("reading")
        parts = readable_parts(data, self.most, context)
        context.stage("training")
        shape = self.shape_of(parts, settings)
        seed_torch(settings.seed)
        module = self.build(len(data.classes), shape, settings.dropout or 0.0)
        targets = [rows.shares(data.classes) for rows in (parts.train_rows, parts.validation_rows)]
        side, grey, count = shape["side"], shape["grey"], len(parts.train.paths)
        change = changer(
            settings.augment,
            self.ranges(),
            settings.seed,
            lambda row: (squared(parts.train[row].pixels, side), ()),
            count,
        )
        work = PictureWork(
            module,
            PixelRows(parts.train, targets[0], side, grey=grey, change=change),
            PixelRows(parts.validation, targets[1], side, grey=grey),
            settings,
            slow=self.slow,
            factor=self.factor,
            multilabel=data.task.endswith("multilabel"),
        )
        result = context.run(work, data, settings)
        state = {name: value.contiguous().cpu() for name, value in module.state_dict().items()}
        save_file(state, folder / NETWORK_FILE)
        return FamilyResult({**result.__dict__, **shape, "left_out": parts.left_out})

    def network(self, folder: Path, facts: dict[str, Any]) -> nn.Module:
        """Return the trained network in evaluation mode."""
        from safetensors.torch import load_file

        module = self.build(len(facts["labels"]), facts, 0.0)
        module.load_state_dict(load_file(folder / NETWORK_FILE))
        return module.eval()

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> NDArray[np.float64]:
        """Return logits; a picture that cannot be read gets those of a grey one."""
        import torch

        from modeling.engine.callbacks import stop_if
        from modeling.engine.pictures.pixel_rows import as_input
        from modeling.engine.training.loop import choose_device

        torch.set_num_threads(facts["settings"]["threads"])
        device = choose_device(facts["settings"]["device"])
        module, made = self.network(folder, facts).to(device), []
        for start in range(0, len(inputs), BATCH):
            stop_if(context.cancelled, "Prediction")
            if context.progress:
                context.progress(start, len(inputs))
            pixels = np.stack([_square_of(path, self.most, facts["side"]) for path in inputs[start : start + BATCH]])
            with torch.inference_mode():
                logits = module(as_input(pixels, grey=facts["grey"]).to(device))
            made.append(logits.double().cpu().numpy())
        return np.concatenate(made) if made else np.zeros((0, len(facts["labels"])))

    def pixel_logits(self, folder: Path, facts: dict[str, Any]) -> PixelLogits:
        """Return a function from pictures, uint8 [b, h, w, 3], to logits [b, k]."""
        import torch

        from modeling.engine.pictures.pixel_rows import as_input, squared

        module = self.network(folder, facts)

        def say(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
            squares = np.stack([squared(each, facts["side"]) for each in pixels])
            with torch.inference_mode():
                logits: NDArray[np.float64] = module(as_input(squares, grey=facts["grey"])).double().numpy()
            return logits

        return say


def _square_of(path: Path, most: int, side: int) -> NDArray[np.uint8]:
    from curation.engine.pictures.decode import PictureError
    from modeling.engine.pictures.loading import MEAN, load
    from modeling.engine.pictures.pixel_rows import squared

    try:
        return squared(load(path, most).pixels, side)
    except PictureError:
        return np.full((side, side, 3), round(MEAN), np.uint8)
