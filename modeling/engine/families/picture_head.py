"""Frozen EfficientNet-Lite0 vectors from the cache and a small trained head: seconds once the pictures are encoded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.augmentation.fitting import COPIES, policy_for
from modeling.engine.errors import BadData
from modeling.engine.families.encoder_head import HEAD_FILE, seed_torch
from modeling.engine.families.family import Family, FamilyResult, TrainingContext
from modeling.engine.families.vectors import copies_fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from modeling.engine.data import Examples
    from modeling.engine.tasks import Task
    from modeling.engine.training.settings import TrainingSettings

PixelLogits = Callable[["NDArray[np.uint8]"], "NDArray[np.float64]"]
# The vectors have length 1 and 1,280 numbers: made this long, their numbers are about 1 each.
LENGTH = 36.0


class PictureHead(Family):
    """Frozen backbone, trained head."""

    name = "picture-head"
    title = "Frozen picture encoder with a small trained head"
    tasks = ("image-classification", "image-multilabel")
    augments = COPIES
    loops = True

    def defaults(self, task: str) -> dict[str, Any]:
        """Return defaults; bench/train_pictures.py prints what they reach."""
        return {"epochs": 80, "batch_size": 64, "learning_rate": 1e-3, "patience": 15, "dropout": 0.3}

    def train(self, data: Examples, settings: TrainingSettings, folder: Path, context: TrainingContext) -> FamilyResult:
        """Encode, train the head, write head.safetensors.

        Rows whose picture cannot be read are left out; `left_out` of the facts names them.

        Raises:
            BadData: No training or validation picture can be read.
        """
        from safetensors.torch import save_file

        from modeling.engine.families.features import VectorRows
        from modeling.engine.families.picture_rows import tell_left_out
        from modeling.engine.heads.mlp import MlpHead
        from modeling.engine.training.work import ClassifierWork

        context.stage("encoding")
        rows, left_out = [], []
        for split in ("train", "validation"):
            part = data.part(split)
            vectors, reasons = encoded_pictures(part.inputs, settings.threads, context)
            seen = [row for row in range(len(part.inputs)) if row not in reasons]
            left_out += [{"id": part.ids[row], "reason": reason} for row, reason in sorted(reasons.items())]
            if not seen:
                raise BadData(f"None of the {split} pictures can be read. The first one: {left_out[-1]['reason']}")
            copies, parents = None, np.zeros(0, np.int64)
            if split == "train":
                copies, parents = encoded_changes([part.inputs[row] for row in seen], settings, data.kind, context)
                learned = copies_fact(settings, parents)
            rows.append(VectorRows(vectors[seen], part.rows(seen).shares(data.classes), copies, parents))
        tell_left_out(left_out, context)
        context.stage("training")
        seed_torch(settings.seed)
        head = MlpHead(rows[0].vectors.shape[1], len(data.classes), settings.hidden, settings.dropout or 0.0)
        head.standardise(rows[0].vectors)
        # One thread, as for texts: these matrices are too small to share.
        single = replace(settings, threads=1)
        work = ClassifierWork(head, rows[0], rows[1], single, multilabel=data.task.endswith("multilabel"))
        result = context.run(work, data, single)
        save_file({name: value.contiguous().cpu() for name, value in head.state_dict().items()}, folder / HEAD_FILE)
        facts = {"width": rows[0].vectors.shape[1], "hidden": settings.hidden, "left_out": left_out, **learned}
        return FamilyResult({**result.__dict__, **facts})

    def predict(
        self, folder: Path, facts: dict[str, Any], inputs: Sequence[Any], context: TrainingContext
    ) -> NDArray[np.float64]:
        """Return logits from cached vectors; a picture that cannot be read gets those of the mean training picture."""
        import torch

        head = self.head(folder, facts)
        vectors, reasons = encoded_pictures(inputs, facts["settings"]["threads"], context)
        given = torch.from_numpy(vectors)
        given[list(reasons)] = head.mean
        with torch.inference_mode():
            out: NDArray[np.float64] = head(given).double().numpy()
        return out

    def head(self, folder: Path, facts: dict[str, Any]) -> Any:
        """Return the trained head in evaluation mode."""
        from safetensors.torch import load_file

        from modeling.engine.heads.mlp import MlpHead

        head = MlpHead(facts["width"], len(facts["labels"]), facts["hidden"], 0.0)
        head.load_state_dict(load_file(folder / HEAD_FILE))
        return head.eval()

    def pixel_logits(self, folder: Path, facts: dict[str, Any]) -> PixelLogits:
        """Return a function from pictures, uint8 [b, h, w, 3], to logits [b, k]."""
        import torch
        from PIL import Image

        from curation.engine.embedding.picture import prepared
        from modeling.engine.pictures.backbone import load_lite0

        network: Any = load_lite0()
        head = self.head(folder, facts)

        def say(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
            given = torch.from_numpy(np.stack([prepared(Image.fromarray(each)) for each in pixels]))
            with torch.inference_mode():
                mean = network.extract_features(given).mean(dim=(2, 3))
                vectors = mean / mean.norm(dim=1, keepdim=True).clamp_min(1e-12) * LENGTH
                logits: NDArray[np.float64] = head(vectors).double().numpy()
            return logits

        return say


def encoded_changes(
    paths: Sequence[Path], settings: TrainingSettings, task: Task, context: TrainingContext
) -> tuple[NDArray[np.float32] | None, NDArray[np.int64]]:
    """Return vectors of augmented copies of pictures, float32 [m, 1280], and the picture of each, int64 [m]; None and
    none without a policy. Pictures and vectors of copies are kept nowhere."""
    from modeling.engine.augmentation.pictures import changed_pictures

    parents: list[int] = []
    if settings.augment is None:
        return None, np.array(parents, np.int64)
    policy = policy_for(settings.augment, task)
    with tempfile.TemporaryDirectory(prefix="assay-copies-") as scratch:
        files: list[Path] = []
        for number in range(1, policy.copies + 1):
            made, _shapes = changed_pictures(
                paths, policy, settings.seed, number, Path(scratch) / "pictures", cancelled=context.cancelled
            )
            for row, (file, path) in enumerate(zip(made, paths, strict=True)):
                if file != path:
                    files.append(file)
                    parents.append(row)
        own = replace(context, vectors_dir=Path(scratch) / "vectors")
        vectors, _reasons = encoded_pictures(files, settings.threads, own)
    return vectors, np.array(parents, np.int64)


def encoded_pictures(
    paths: Sequence[Path], threads: int, context: TrainingContext
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """Return vectors of pictures, float32 [n, 1280], and by row why some have none (NaN)."""
    from curation.engine.embedding.picture import PictureEncoder
    from curation.engine.media import hash_of

    reasons: dict[int, str] = {}
    hashes: list[str] = []
    for row, path in enumerate(paths):
        try:
            hashes.append(hash_of(path))
        except OSError as error:
            reasons[row] = f"The picture's file cannot be read ({error.strerror})."
            hashes.append("0" * 64)
    where = dict(zip(hashes, paths, strict=True))
    encoder = PictureEncoder(cache_dir=context.cache_dir, vectors_dir=context.vectors_dir, threads=threads)
    vectors, broken = encoder.encode(
        hashes,
        lambda name: None if name == "0" * 64 else where[name],
        progress=context.progress,
        cancelled=context.cancelled,
    )
    for row, name in enumerate(hashes):
        if name in broken:
            reasons.setdefault(row, broken[name])
    return vectors * np.float32(LENGTH), reasons
