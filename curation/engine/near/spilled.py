"""A search over files: hash all texts, count shards, regroup, join shards, put their pairs together."""

import json
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from curation.engine.near.forest import connecting
from curation.engine.near.ranking import Ranked
from curation.engine.near.regroup import regroup
from curation.engine.near.shards import LocalShards, read_lists, shard_folder
from curation.engine.near.space import Shards, Space
from curation.engine.near.spill import PARTS, ShardPlan


@dataclass(frozen=True, slots=True)
class Joined:
    """Pairs of sets from all shards.

    Attributes:
        left: int32 [p], a set.
        right: int32 [p], a set above `left`; pairs in rising order.
        overlap: int32 [p], shingles in common.
        candidates: How many pairs were counted in full.
        listed: Whether all pairs are there, or only enough to connect what is connected.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    overlap: NDArray[np.int32]
    candidates: int
    listed: bool


def _shards(space: Space) -> Shards:
    return space.shards or LocalShards(space.check)


def rank_spilled(space: Space, plan: ShardPlan) -> Ranked:
    """Count the shards and return the sets as lists."""
    if not (space.folder / "lists").exists():
        _shards(space).run(space.folder, "count", min(PARTS, plan.shards))
    regroup(space.folder, plan, space.memory, space.check)
    return read_lists(space.folder)


def join_spilled(space: Space, plan: ShardPlan, ranked: Ranked) -> Joined:
    """Join the shards and put their pairs together."""
    _shards(space).run(space.folder, "join", plan.shards)
    pieces, candidates, total, listed = [np.empty((3, 0), np.int32)], 0, 0, True
    parent = np.empty(0, np.int32)
    for shard in range(plan.shards):
        done = shard_folder(space.folder, "join", shard)
        notes, pairs = json.loads((done / "join.json").read_text()), np.load(done / "pairs.npy")
        candidates += notes["candidates"]
        total += pairs.shape[1]
        if listed and not (notes["listed"] and total <= plan.limit):
            # From here on only what connects is kept: no more pairs than sets, however many shards follow.
            listed = False
            parent = np.arange(len(np.load(space.folder / "sizes.npy", mmap_mode="r")), dtype=np.int32)
            pieces = [piece[:, connecting(parent, piece[0], piece[1])] for piece in pieces]
        pieces.append(pairs if listed else pairs[:, connecting(parent, pairs[0], pairs[1])])
    left, right, overlap = np.concatenate(pieces, axis=1)
    order = np.lexsort((right, left))
    return Joined(left[order], right[order], overlap[order], candidates, listed)


def plan_of(space: Space, shingles: str, threshold: Fraction, limit: int) -> ShardPlan | None:
    """Return the plan of an interrupted search for the same in the same input, if the folder holds one."""
    plan = ShardPlan.read(space.folder)
    if plan is None or plan.source != space.source:
        return None
    wanted = (shingles, threshold.numerator, threshold.denominator, limit)
    return plan if (plan.shingles, plan.over, plan.under, plan.limit) == wanted else None
