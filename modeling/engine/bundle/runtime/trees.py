"""Gradient-boosted trees as plain arrays, read by twenty lines: prediction walks the nodes of all trees at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
# Numbers of nodes that are looked at together.
AT_ONCE = 4_000_000
# Categories are bits of so many words of so many bits.
WORDS, WORD_BITS = 8, 32
NODE = np.dtype(
    [
        ("feature", "<i4"),
        ("threshold", "<f8"),
        ("left", "<i4"),
        ("right", "<i4"),
        ("missing_left", "?"),
        ("value", "<f8"),
        ("bits", "<i4"),
    ]
)


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
            word, bit = np.minimum(code // WORD_BITS, WORDS - 1), (code % WORD_BITS).astype(np.uint32)
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

    def to_arrays(self) -> dict[str, Array]:
        """Return the model as four arrays: `baseline`, `roots`, `nodes` (of NODE) and `categories` [2, m, WORDS]."""
        nodes = np.zeros(len(self.feature), NODE)
        for name in NODE.names or ():
            nodes[name] = getattr(self, name)
        categories = np.stack([self.lefts, self.known])
        return {"baseline": self.baseline, "roots": self.root, "nodes": nodes, "categories": categories}

    @staticmethod
    def of_arrays(arrays: dict[str, Array], columns: int) -> Trees:
        """Return what `to_arrays` gave, checked: these arrays may come from anywhere.

        Raises:
            ValueError: They are no trees over so many columns, or a node leads back to an earlier one, so that walking
                would not end.
        """
        nodes, roots, categories = arrays["nodes"], arrays["roots"], arrays["categories"]
        own = np.arange(len(nodes))
        inner = nodes["feature"] >= 0
        onward = (nodes["left"] > own) & (nodes["right"] > own) & (np.maximum(nodes["left"], nodes["right"]) < len(own))
        fits = (nodes["feature"] >= -1) & (nodes["feature"] < columns) & (nodes["bits"] < categories.shape[1])
        kinds = (nodes.dtype, categories.dtype, roots.dtype.kind) == (NODE, np.dtype("<u4"), "i")
        sides = categories.shape[0::2] == (2, WORDS) and roots.shape[1:] == arrays["baseline"].shape
        whole = kinds and sides and roots.size > 0
        within = (roots >= 0) & (roots < len(own))
        if not (whole and (onward | ~inner).all() and fits.all() and within.all()):
            raise ValueError("The arrays of the trees do not fit each other.")
        return Trees(
            arrays["baseline"], roots, **{name: np.ascontiguousarray(nodes[name]) for name in NODE.names or ()},
            lefts=categories[0], known=categories[1],
        )  # fmt: skip
