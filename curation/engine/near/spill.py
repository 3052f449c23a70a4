"""Shingles of more texts than fit memory: scattered to files by the leading bits of their hashes.

A collection hands its new sets to a `Spill`. They stay in memory up to a budget; beyond it all go to files, and the
search goes on in shards (`shards`). What stays in memory in any case: 40 bytes a different set and 4 bytes a text.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from curation.engine.near.collection import Sets
from curation.engine.near.ranking import count_parts, scatter

# Parts by leading bits. One is counted at a time, in about `COUNT_BYTES` a shingle.
PART_BITS = 8
PARTS = 1 << PART_BITS
COUNT_BYTES = 36
# Bytes of memory for each shingle of a search in one go: hashes, places and codes (`ranking.rank`).
SHINGLE_BYTES = 20
# Shingles that are gathered before they go to the files: 100 KB for each of the 512 files at a time.
FLUSH = 1 << 21
# Shards of a small search: enough for the workers of one machine to share.
FEWEST_SHARDS = 8
# Each shard passes over all prefixes; with more shards than these that costs more than it saves.
MOST_SHARDS = 1024
# Bytes a shingle in the index of one shard, with what is counted to build it.
INDEX_BYTES = 24


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What every shard must know; written beside the files as ``plan.json``.

    Attributes:
        shingles: What sets are made of, as ``word:5``.
        over: Numerator of the threshold.
        under: Denominator of it.
        limit: Most pairs of sets to list.
        shards: Into how many shards counting and joining are cut.
        texts: How many texts there are.
        tokens: Shingles of all different sets.
        source: What tells this input from others; the caller's word.
    """

    shingles: str
    over: int
    under: int
    limit: int
    shards: int
    texts: int
    tokens: int
    source: str = ""

    def write(self, folder: Path) -> None:
        """Write the plan; it is whole or not there, and marks that hashing is done."""
        part = folder / "plan.part"
        part.write_text(json.dumps(asdict(self)))
        part.replace(folder / "plan.json")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the plan of a folder, None when hashing has not ended there."""
        path = folder / "plan.json"
        return cls(**json.loads(path.read_text())) if path.exists() else None


def shards_for(tokens: int, memory: int) -> int:
    """Return into how many shards to cut a join, so that the index of each fits `memory` bytes, within bounds."""
    return min(MOST_SHARDS, max(FEWEST_SHARDS, -(-tokens * INDEX_BYTES // max(1, memory))))


class Spill:
    """Takes new sets; keeps them in memory up to a budget, then in files."""

    def __init__(self, folder: Path, memory: int) -> None:
        """Prepare.

        Args:
            folder: For the files; emptied when the first is written.
            memory: Bytes that the search may take for shingles.
        """
        self._folder, self._memory = folder, memory
        self._hashes: list[NDArray[np.uint64]] = []
        self._sizes: list[NDArray[np.int32]] = []
        self._held = 0
        self._first = 0
        self.tokens = 0
        self.spilled = False

    def add(self, hashes: NDArray[np.uint64], sizes: NDArray[np.int32]) -> None:
        """Take the next sets: their hashes one after the other, and the size of each."""
        self._hashes.append(hashes.copy())
        self._sizes.append(sizes)
        self._held += len(hashes)
        self.tokens += len(hashes)
        if not self.spilled and self._held * SHINGLE_BYTES > self._memory:
            self._start()
        if self.spilled and self._held >= FLUSH:
            self._flush()

    def pieces(self) -> list[NDArray[np.uint64]]:
        """Return all hashes when nothing was spilled."""
        return self._hashes

    def finish(self, sets: Sets, plan: ShardPlan) -> None:
        """Write what is left, and the plan last."""
        if self._held or self.tokens == 0:
            self._flush()
        np.save(self._folder / "group.npy", sets.group)
        np.save(self._folder / "sizes.npy", sets.sizes)
        plan.write(self._folder)

    def _start(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / "hashes").mkdir(parents=True)
        self.spilled = True

    def _flush(self) -> None:
        hashes = np.concatenate([np.empty(0, np.uint64), *self._hashes])
        sizes = np.concatenate([np.empty(0, np.int32), *self._sizes])
        owners = np.repeat(np.arange(self._first, self._first + len(sizes), dtype=np.int32), sizes)
        shift = np.uint64(64 - PART_BITS)
        counts = np.zeros(PARTS, np.int64)
        count_parts(hashes, shift, counts)
        ends = np.cumsum(counts)
        keys, places = np.empty(len(hashes), np.uint64), np.empty(len(hashes), np.uint32)
        scatter(hashes, 0, shift, ends - counts, keys, places)
        owners = owners[places]
        for part, (start, end) in enumerate(zip((ends - counts).tolist(), ends.tolist(), strict=True)):
            _append(part_file(self._folder, part, "keys"), keys[start:end])
            _append(part_file(self._folder, part, "sets"), owners[start:end])
        self._first += len(sizes)
        self._held = 0
        self._hashes.clear()
        self._sizes.clear()


def part_file(folder: Path, part: int, kind: str) -> Path:
    """Return the file of one part: ``keys`` (uint64, hashes) or ``sets`` (int32, the set of each, rising)."""
    return folder / "hashes" / f"part-{part:03d}.{kind}"


def _append(path: Path, values: NDArray[Any]) -> None:
    with path.open("ab") as stream:
        stream.write(values.tobytes())
