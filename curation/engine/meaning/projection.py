"""A map: vectors in the plane so that neighbours stay neighbours, as far as two dimensions allow."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Items that t-SNE lays out (van der Maaten 2014): 20 s of processor time. The others are placed among them.
LANDMARKS = 3000
# Numbers of each vector that t-SNE sees, after PCA: more adds noise and time (its authors took 50).
COMPONENTS = 50
PLACED_BY = 5
JUDGED = 1500
# Fewer items than this have no neighbourhoods to lay out.
FEWEST = 10


def project(
    vectors: NDArray[np.float32], *, seed: int = 0, check: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """Return a place in the plane for each vector, float32 [n, 2], centred, the spread of the wider axis 1.

    t-SNE of at most 3,000 landmarks (spread evenly over the input), begun with PCA, so that the same input gives the
    same map; every other item lies at the mean of its five most similar landmarks, weighted by their nearness. Sets of
    fewer than 10 items are shown by PCA alone.
    """
    count = len(vectors)
    if not count:
        return np.empty((0, 2), np.float32)
    if count < FEWEST:
        return _scaled(_pca(vectors, 2))
    step = -(-count // LANDMARKS)
    marks = np.arange(0, count, step)
    check()
    flat = _tsne(_pca(vectors[marks], COMPONENTS), seed)
    check()
    return _scaled(_placed(vectors, marks, flat, check) if step > 1 else flat)


def trustworthiness(vectors: NDArray[np.float32], places: NDArray[np.float32], *, neighbours: int = 10) -> float | None:
    """Return how far neighbours on the map are neighbours in truth (Venna and Kaski 2001), 0 to 1, higher is better.

    Over 1,500 items, spread evenly; None for fewer than 30.
    """
    from sklearn.manifold import trustworthiness as judge  # slow import

    if len(vectors) < 30:
        return None
    step = -(-len(vectors) // JUDGED)
    return float(judge(vectors[::step], places[::step], n_neighbors=min(neighbours, 10), metric="cosine"))


def _pca(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the leading principal components, signs fixed so that the largest number of each axis is positive."""
    centred = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    _values, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    axes = axes[:, ::-1][:, : min(count, vectors.shape[1])]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.ascontiguousarray(centred @ axes.astype(np.float32))


def _tsne(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE  # slow import

    # Lengths back to 1: the distance then follows the cosine.
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-9)
    perplexity = min(30.0, max(2.0, len(vectors) / 4))
    layout = TSNE(2, perplexity=perplexity, init="pca", max_iter=750, random_state=seed, n_jobs=1)
    return np.asarray(layout.fit_transform(vectors.astype(np.float32)), np.float32)


def _placed(
    vectors: NDArray[np.float32], marks: NDArray[np.int64], flat: NDArray[np.float32], check: Callable[[], None]
) -> NDArray[np.float32]:
    out = np.empty((len(vectors), 2), np.float32)
    for start in range(0, len(vectors), 4096):
        check()
        near = vectors[start : start + 4096] @ vectors[marks].T
        best = np.argpartition(-near, PLACED_BY, axis=1)[:, :PLACED_BY]
        weight = np.exp(20 * (np.take_along_axis(near, best, axis=1) - near.max(axis=1, keepdims=True)))
        out[start : start + 4096] = (flat[best] * weight[:, :, None]).sum(axis=1) / weight.sum(axis=1, keepdims=True)
    out[marks] = flat
    return out


def _scaled(flat: NDArray[np.float32]) -> NDArray[np.float32]:
    if flat.shape[1] < 2:
        flat = np.concatenate([flat, np.zeros((len(flat), 2 - flat.shape[1]), np.float32)], axis=1)
    flat = flat - (flat.max(axis=0) + flat.min(axis=0)) / 2
    wide = float((flat.max(axis=0) - flat.min(axis=0)).max())
    return (flat / wide if wide > 0 else flat).astype(np.float32)
