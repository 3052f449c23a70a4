"""Encoder, head and temperature in one module: what a bundle's ONNX graph computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from curation.engine.embedding.bert import BertEncoder, layered_pool


class TextClassifier(nn.Module):
    """Token ids and mask to logits [b, classes]."""

    def __init__(self, encoder: BertEncoder, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return logits of the layered vector."""
        logits: Tensor = self.head(layered_pool(self.encoder, ids, mask))
        return logits


class Lengthened(nn.Module):
    """Vectors of length 1 to logits by a head that learned from them made longer."""

    def __init__(self, head: nn.Module, length: float) -> None:
        super().__init__()
        self.head, self.length = head, length

    def forward(self, vectors: Tensor) -> Tensor:
        """Return logits [b, classes]."""
        logits: Tensor = self.head(vectors * self.length)
        return logits


class CalibratedClassifier(nn.Module):
    """What a classifier takes to probabilities [b, classes]: softmax of its logits over the temperature."""

    def __init__(self, classifier: nn.Module, temperature: float) -> None:
        super().__init__()
        self.classifier, self.temperature = classifier, temperature

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return probabilities that sum to 1 in each row."""
        return torch.softmax(self.classifier(*inputs) / self.temperature, dim=-1)


class CalibratedLabels(nn.Module):
    """What a classifier takes to probabilities [b, labels] of which any number may hold: sigmoid of logits over the
    temperature, each label's moved so that its threshold lies at 0.5."""

    shift: Tensor

    def __init__(self, classifier: nn.Module, temperature: float, thresholds: Sequence[float]) -> None:
        super().__init__()
        self.classifier, self.temperature = classifier, temperature
        self.register_buffer("shift", torch.logit(torch.tensor(thresholds)))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return probabilities, each in (0, 1)."""
        return torch.sigmoid(self.classifier(*inputs) / self.temperature - self.shift)


def calibrated(classifier: nn.Module, facts: dict[str, Any]) -> nn.Module:
    """Return a module that gives probabilities, as the facts of a trained model calibrate its logits."""
    if facts["task"].endswith("multilabel"):
        return CalibratedLabels(classifier, float(facts["temperature"]), facts["thresholds"]).eval()
    return CalibratedClassifier(classifier, float(facts["temperature"])).eval()
