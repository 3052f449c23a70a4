"""What scikit-learn learned as plain arrays, stored without pickle.

scikit-learn is asked only while training. Prediction gives the same numbers as
`HistGradientBoostingClassifier.predict_proba` and `...Regressor.predict` to rounding (tests hold it to 1e-9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.runtime.trees import WORD_BITS, WORDS, Trees

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]


def save_trees(trees: Trees, path: Path) -> None:
    """Write an .npz of plain arrays."""
    np.savez_compressed(path, **trees.__dict__)


def load_trees(path: Path) -> Trees:
    """Read what `save_trees` wrote; pickled arrays are refused."""
    with np.load(path, allow_pickle=False) as arrays:
        return Trees(**{name: arrays[name] for name in Trees.__dataclass_fields__})


def trees_of(model: Any) -> Trees:
    """Return a fitted HistGradientBoosting model of scikit-learn (1.5 or newer) as plain arrays."""
    parts: list[dict[str, Array]] = []
    root = np.zeros((len(model._predictors), len(model._predictors[0])), np.int32)
    at, lefts, known = 0, [np.zeros((1, WORDS), np.uint32)], [np.zeros((1, WORDS), np.uint32)]
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
            own = np.asarray(tree.raw_left_cat_bitsets, np.uint32).reshape(-1, WORDS)
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
    bits = np.zeros((model.n_features_in_, WORDS), np.uint32)
    is_category = getattr(model, "is_categorical_", None)
    if is_category is None:
        return bits
    places = _columns_of(model)
    for feature, thresholds in enumerate(model._bin_mapper.bin_thresholds_):
        column = int(places[feature])
        if is_category[column]:
            for code in np.asarray(thresholds, np.int64):
                bits[column, code // WORD_BITS] |= np.uint32(1) << np.uint32(code % WORD_BITS)
    return bits
