"""Labels with calibrated probabilities."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class OneLabel:
    """Probabilities [1, k] that sum to 1: the likeliest label, and the probability of each."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._labels: list[str] = settings["labels"]

    def answer(self, outputs: Sequence[np.ndarray[Any, Any]], known: Any) -> dict[str, Any]:
        """Return `label` and `probabilities`."""
        row = outputs[0][0]
        chances = [float(value) for value in row]
        return {
            "label": self._labels[int(np.argmax(row))],
            "probabilities": dict(zip(self._labels, chances, strict=True)),
        }


class ManyLabels:
    """Probabilities [1, k] of labels of which any number may hold; from 0.5 on one is given."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._labels: list[str] = settings["labels"]

    def answer(self, outputs: Sequence[np.ndarray[Any, Any]], known: Any) -> dict[str, Any]:
        """Return `labels` and `probabilities`."""
        chances = dict(zip(self._labels, (float(value) for value in outputs[0][0]), strict=True))
        return {"labels": [name for name, chance in chances.items() if chance >= 0.5], "probabilities": chances}
