"""Gradient-boosted trees as plain arrays: what scikit-learn learned, stored without pickle and read by twenty lines.

scikit-learn is asked only while training. Prediction walks the nodes of all trees at once, and gives the same numbers
as `HistGradientBoostingClassifier.predict_proba` and `...Regressor.predict` to rounding (tests hold it to 1e-9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]
# Numbers of nodes that are looked at together.
AT_ONCE = 4_000_000
_WORDS, _WORD_BITS = 8, 32


@dataclass(frozen=True)
class Trees:
    """Trees of all rounds and outputs; node numbers count over all trees.

    Attributes:
        baseline: What each output begins with, float64 [outputs].
        root: First node of each tree, int32 [rounds, outputs].
        feature: Column that a node looks at, int32 [nodes]; -1 in a leaf.
        threshold: A number up to it goes left, float64 [nodes].
        left: Node on the left, int32 [nodes].
        right: Node on the right.
        missing_left: Whether a missing value goes left, bool [nodes].
        value: What a leaf adds, float64 [nodes].
        bits: Row of `known` and `lefts` where categories are asked, int32 [nodes]; -1 for numbers.
        lefts: Categories that go left, as bits, uint32 [m, 8].
        known: Categories that training saw, as bits, uint32 [m, 8].
    """

    baseline: Array
    root: Array
    feature: Array
    threshold: Array
    left: Array
    right: Array
    missing_left: Array
    value: Array
    bits: Array
    lefts: Array
    known: Array

    def raw(self, rows: Array) -> Array:
        """Return the sums of the leaves that rows fall into, float64 [n, outputs]."""
        out = np.tile(self.baseline, (len(rows), 1))
        step = max(1, AT_ONCE // max(1, self.root.size))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            leaves = self._leaves(part)
            out[start : start + step] += self.value[leaves].reshape(len(part), *self.root.shape).sum(axis=1)
        return out

    def _leaves(self, rows: Array) -> Array:
        """Return the leaf of each row in each tree, int32 [n, trees]."""
        node = np.tile(self.root.ravel(), (len(rows), 1))
        row = np.arange(len(rows))[:, None]
        while True:
            feature = self.feature[node]
            inner = feature >= 0
            if not inner.any():
                return node
            values = rows[row, np.maximum(feature, 0)]
            left = self._goes_left(node, values)
            node = np.where(inner, np.where(left, self.left[node], self.right[node]), node)

    def _goes_left(self, node: Array, values: Array) -> Array:
        left = values <= self.threshold[node]
        bits = self.bits[node]
        unknown = np.isnan(values)
        if (bits >= 0).any():
            is_category = bits >= 0
            code = np.where(is_category & ~unknown, values, 0).astype(np.int64)
            word, bit = np.minimum(code // _WORD_BITS, _WORDS - 1), (code % _WORD_BITS).astype(np.uint32)
            place = np.maximum(bits, 0)
            seen = ((self.known[place, word] >> bit) & 1).astype(bool)
            left = np.where(is_category, ((self.lefts[place, word] >> bit) & 1).astype(bool), left)
            unknown |= is_category & ~seen
        return np.where(unknown, self.missing_left[node], left)

    def first(self, rounds: int) -> Trees:
        """Return the model of the first rounds; nodes of later ones are left out."""
        end = int(self.root[rounds, 0]) if rounds < len(self.root) else len(self.feature)
        nodes = {
            name: getattr(self, name)[:end]
            for name in ("feature", "threshold", "left", "right", "missing_left", "value", "bits")
        }
        return Trees(self.baseline, self.root[:rounds], **nodes, lefts=self.lefts, known=self.known)

    def save(self, path: Path) -> None:
        """Write an .npz of plain arrays."""
        np.savez_compressed(path, **self.__dict__)

    @staticmethod
    def load(path: Path) -> Trees:
        """Read what `save` wrote; pickled arrays are refused."""
        with np.load(path, allow_pickle=False) as arrays:
            return Trees(**{name: arrays[name] for name in Trees.__dataclass_fields__})


def trees_of(model: Any) -> Trees:
    """Return a fitted HistGradientBoosting model of scikit-learn (1.5 or newer) as plain arrays."""
    parts: list[dict[str, Array]] = []
    root = np.zeros((len(model._predictors), len(model._predictors[0])), np.int32)
    at, lefts, known = 0, [np.zeros((1, _WORDS), np.uint32)], [np.zeros((1, _WORDS), np.uint32)]
    sets = 1
    mapping = _columns_of(model)
    known_bits = _known_bits(model)
    for number, trees in enumerate(model._predictors):
        for output, tree in enumerate(trees):
            nodes = tree.nodes
            root[number, output] = at
            is_leaf, is_category = nodes["is_leaf"].astype(bool), nodes["is_categorical"].astype(bool)
            asks = is_category & ~is_leaf
            parts.append(
                {
                    "feature": np.where(is_leaf, -1, mapping[nodes["feature_idx"]]).astype(np.int32),
                    "threshold": np.where(is_leaf, 0.0, nodes["num_threshold"]).astype(float),
                    "left": (nodes["left"].astype(np.int64) + at).astype(np.int32),
                    "right": (nodes["right"].astype(np.int64) + at).astype(np.int32),
                    "missing_left": nodes["missing_go_to_left"].astype(bool),
                    "value": nodes["value"].astype(float),
                    "bits": np.where(asks, nodes["bitset_idx"].astype(np.int64) + sets, -1).astype(np.int32),
                }
            )
            own = np.asarray(tree.raw_left_cat_bitsets, np.uint32).reshape(-1, _WORDS)
            lefts.append(own)
            seen = np.zeros_like(own)
            seen[nodes["bitset_idx"][asks]] = known_bits[mapping[nodes["feature_idx"][asks]]]
            known.append(seen)
            at, sets = at + len(nodes), sets + len(own)
    nodes_of_all = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    baseline = np.asarray(model._baseline_prediction, float).ravel()
    return Trees(baseline, root, **nodes_of_all, lefts=np.concatenate(lefts), known=np.concatenate(known))


def _columns_of(model: Any) -> Array:
    """Return the input column of each feature: scikit-learn puts categories first."""
    count = model.n_features_in_
    is_category = getattr(model, "is_categorical_", None)
    if is_category is None:
        return np.arange(count)
    preprocessed = getattr(model, "_preprocessor", None)
    if preprocessed is None:
        return np.arange(count)
    return np.concatenate([np.flatnonzero(is_category), np.flatnonzero(~is_category)])


def _known_bits(model: Any) -> Array:
    """Return the categories of each input column that training saw, as bits, uint32 [columns, 8]."""
    bits = np.zeros((model.n_features_in_, _WORDS), np.uint32)
    is_category = getattr(model, "is_categorical_", None)
    if is_category is None:
        return bits
    places = _columns_of(model)
    for feature, thresholds in enumerate(model._bin_mapper.bin_thresholds_):
        column = int(places[feature])
        if is_category[column]:
            for code in np.asarray(thresholds, np.int64):
                bits[column, code // _WORD_BITS] |= np.uint32(1) << np.uint32(code % _WORD_BITS)
    return bits
