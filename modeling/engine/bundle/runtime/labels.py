"""Labels with calibrated probabilities."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def by_label(labels: Sequence[str], outputs: Sequence[np.ndarray[Any, Any]]) -> dict[str, float]:
    """Return the numbers of a graph's first output, [1, k], by label.

    Raises:
        ValueError: There is not one number for each label.
    """
    if outputs[0].shape != (1, len(labels)):
        raise ValueError(f"The graph gives numbers of the shape {outputs[0].shape} for {len(labels)} labels.")
    return dict(zip(labels, map(float, outputs[0][0]), strict=True))


class OneLabel:
    """Probabilities [1, k] that sum to 1: the likeliest label, and the probability of each."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._labels: list[str] = settings["labels"]

    def answer(self, outputs: Sequence[np.ndarray[Any, Any]], known: Any) -> dict[str, Any]:
        """Return `label` and `probabilities`."""
        chances = by_label(self._labels, outputs)
        return {"label": max(chances, key=chances.__getitem__), "probabilities": chances}


class ManyLabels:
    """Probabilities [1, k] of labels of which any number may hold; from 0.5 on one is given."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._labels: list[str] = settings["labels"]

    def answer(self, outputs: Sequence[np.ndarray[Any, Any]], known: Any) -> dict[str, Any]:
        """Return `labels` and `probabilities`."""
        chances = by_label(self._labels, outputs)
        return {"labels": [name for name, chance in chances.items() if chance >= 0.5], "probabilities": chances}
