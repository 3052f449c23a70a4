"""Connected components of pairs, by a forest of parents (union-find, Tarjan 1975)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled


@compiled
def _find(parent: Any, number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number


@compiled
def _unite(parent: Any, left: Any, right: Any) -> None:
    for pair in range(len(left)):
        one, two = _find(parent, left[pair]), _find(parent, right[pair])
        if one != two:
            # The lower number becomes the root: the result does not depend on the order of the pairs.
            parent[max(one, two)] = min(one, two)
    for number in range(len(parent)):
        parent[number] = _find(parent, number)


@compiled
def _connecting(parent: Any, left: Any, right: Any, keep: Any) -> None:
    for pair in range(len(left)):
        one, two = _find(parent, left[pair]), _find(parent, right[pair])
        keep[pair] = one != two
        parent[max(one, two)] = min(one, two)


def connecting(parent: NDArray[np.int32], left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell which pairs connect two trees of a forest that those before them left apart; `parent` is changed."""
    keep = np.empty(len(left), bool)
    _connecting(parent, np.ascontiguousarray(left), np.ascontiguousarray(right), keep)
    return keep


def components(count: int, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for each of `count` nodes the lowest node it is connected with, int32 [count]."""
    parent = np.arange(count, dtype=np.int32)
    _unite(parent, left, right)
    return parent
