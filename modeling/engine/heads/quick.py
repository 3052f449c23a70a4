"""The quick head: multinomial logistic regression on sentence vectors, calibrated, trained in a second on the first
labels."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.calibration import fit_temperature, log_loss, softmax
from modeling.engine.errors import BadData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Array = np.ndarray[Any, Any]
# Vectors have length 1, so weights must be large to be sure of anything: weak regularisation wins once labels are many.
STRENGTHS = (1.0, 10.0, 100.0)
DEFAULT_STRENGTH = 10.0
MAX_FOLDS = 5
MOST_ITERATIONS = 500


@dataclass(frozen=True)
class QuickHead:
    """Labels, weights [k, d], bias [k] and a temperature; prediction is one matrix product."""

    labels: tuple[str, ...]
    weights: Array
    bias: Array
    temperature: float
    strength: float
    trained_on: int
    calibrated: bool
    # Share of out-of-fold predictions that are right, in [0, 1]; None when no fold could be made.
    accuracy: float | None = None
    # How many items without labels it learned from as well (modeling.engine.heads.spread).
    unlabeled: int = 0

    def probabilities(self, embeddings: Array) -> Array:
        """Return calibrated probabilities [n, k] in the order of `labels`."""
        return softmax((embeddings.astype(np.float64) @ self.weights.T + self.bias) / self.temperature)

    def predict(self, embeddings: Array) -> tuple[list[str], Array]:
        """Return the likeliest label of each row and its confidence, the calibrated probability in (0, 1]."""
        if not len(embeddings):
            return [], np.zeros(0)
        probabilities = self.probabilities(embeddings)
        best = probabilities.argmax(axis=1)
        return [self.labels[i] for i in best], probabilities[np.arange(len(best)), best]

    def fingerprint(self, encoder: str) -> str:
        """Return a hash that tells this head, on vectors of this encoder, from every other: 64 hex digits."""
        digest = hashlib.sha256()
        for part in (encoder, *self.labels, repr(float(self.temperature))):
            digest.update(part.encode() + b"\0")
        digest.update(np.ascontiguousarray(self.weights, np.float64).tobytes())
        digest.update(np.ascontiguousarray(self.bias, np.float64).tobytes())
        return digest.hexdigest()

    def save(self, folder: Path) -> None:
        """Write quick_head.json and quick_head.npz into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "labels": list(self.labels),
            "temperature": self.temperature,
            "strength": self.strength,
            "trained_on": self.trained_on,
            "calibrated": self.calibrated,
            "accuracy": self.accuracy,
            "unlabeled": self.unlabeled,
        }
        (folder / "quick_head.json").write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
        np.savez(folder / "quick_head.npz", weights=self.weights, bias=self.bias)

    @staticmethod
    def load(folder: Path) -> QuickHead:
        """Read what `save` wrote; pickled arrays are refused."""
        facts = json.loads((folder / "quick_head.json").read_text(encoding="utf-8"))
        with np.load(folder / "quick_head.npz", allow_pickle=False) as arrays:
            return QuickHead(
                tuple(facts["labels"]),
                arrays["weights"],
                arrays["bias"],
                facts["temperature"],
                facts["strength"],
                facts["trained_on"],
                facts["calibrated"],
                facts.get("accuracy"),
                facts.get("unlabeled", 0),
            )


def fit(embeddings: Array, labels: Sequence[str], seed: int = 0) -> QuickHead:
    """Train a quick head on vectors [n, d] and their labels.

    The strength of the regularisation and the temperature come from out-of-fold predictions (stratified, at most 5
    folds). With a class of one example no fold can be made: then the default strength is used and `calibrated` is
    false.

    Raises:
        BadData: fewer than two different labels, or as many labels as rows do not match.
    """
    names, truth = named_classes(embeddings, labels)
    folds = min(MAX_FOLDS, *Counter(labels).values())
    strength, temperature, accuracy = DEFAULT_STRENGTH, 1.0, None
    if folds >= 2:
        strength, logits = _best_strength(embeddings, truth, len(names), folds, seed)
        temperature = fit_temperature(logits, truth)
        accuracy = float((logits.argmax(axis=1) == truth).mean())
    weights, bias = regression(embeddings, truth, len(names), strength)
    return QuickHead(names, weights, bias, temperature, strength, len(labels), folds >= 2, accuracy)


def fit_plain(embeddings: Array, labels: Sequence[str], strength: float = DEFAULT_STRENGTH) -> QuickHead:
    """Train a quick head of a given strength without folds: one fit, and probabilities that nothing calibrated.

    Raises:
        BadData: as `fit`.
    """
    names, truth = named_classes(embeddings, labels)
    weights, bias = regression(embeddings, truth, len(names), strength)
    return QuickHead(names, weights, bias, 1.0, strength, len(labels), calibrated=False)


def named_classes(embeddings: Array, labels: Sequence[str]) -> tuple[tuple[str, ...], Array]:
    """Return the different labels in rising order, and for each row the place of its label among them.

    Raises:
        BadData: as `fit`.
    """
    if len(embeddings) != len(labels):
        raise BadData(f"{len(embeddings)} vectors came with {len(labels)} labels.")
    names, truth = np.unique(np.asarray(labels, object).astype(str), return_inverse=True)
    if len(names) < 2:
        raise BadData("Suggestions need examples of at least two different labels; label a few more items.")
    return tuple(names.tolist()), truth


def _best_strength(embeddings: Array, truth: Array, classes: int, folds: int, seed: int) -> tuple[float, Array]:
    from sklearn.model_selection import StratifiedKFold

    split = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(embeddings, truth))
    best: tuple[float, float, Array] | None = None
    for strength in STRENGTHS:
        logits = np.zeros((len(truth), classes))
        for train, held_out in split:
            weights, bias = regression(embeddings[train], truth[train], classes, strength)
            logits[held_out] = embeddings[held_out] @ weights.T + bias
        loss = log_loss(softmax(logits / fit_temperature(logits, truth)), truth)
        if best is None or loss < best[0]:
            best = (loss, strength, logits)
    assert best is not None
    return best[1], best[2]


def regression(
    embeddings: Array, truth: Array, classes: int, strength: float, weight: Array | None = None
) -> tuple[Array, Array]:
    """Return weights [k, d] and bias [k] of a balanced logistic regression, one row a class also for two classes.

    Args:
        embeddings: [n, d].
        truth: Classes of the rows, each of 0 to k - 1 at least once.
        classes: k.
        strength: Of the regularisation.
        weight: How much each row counts, [n]; all the same when left out.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=MOST_ITERATIONS, class_weight="balanced")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a head that stops early is still a fair suggestion
        model.fit(embeddings, truth, weight)
    weights, bias = model.coef_, model.intercept_
    if classes == 2:
        # For two classes the library keeps one row; half to each side gives the same softmax.
        weights, bias = np.vstack([-weights[0], weights[0]]) / 2, np.array([-bias[0], bias[0]]) / 2
    return weights.astype(np.float64), bias.astype(np.float64)
