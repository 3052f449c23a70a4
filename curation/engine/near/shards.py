"""One search in shards over files: each shard can be done by any process that sees the folder, at any time, twice.

    plan.json, group.npy, sizes.npy, hashes/    what the texts became (`spill`)
    count-0003/                                 shingles of some parts, counted
    lists/                                      sets as lists of shared shingles, rarest first (`regroup`)
    join-0003/                                  the pairs whose first common shingle belongs to this shard

A shard's result is a folder that gets its name when it is whole: what is there is done, and is never done again. A
pair comes from one shard alone, so the shards' pairs together are those of a search in one go.
"""

import json
import shutil
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near.collection import thread_count
from curation.engine.near.joining import TooManyPairs, index, join
from curation.engine.near.ranking import ALONE, Ranked, code, rank_counts
from curation.engine.near.spill import PART_BITS, PARTS, ShardPlan, part_file


class LocalShards:
    """Does shards one after the other, with all processors for each."""

    def __init__(self, check: Callable[[], None] = lambda: None, threads: int | None = None) -> None:
        """Prepare.

        Args:
            check: Called before each shard; raises to stop.
            threads: Threads to use; all processors when None.
        """
        self._check, self._threads = check, threads

    def run(self, folder: Path, stage: str, count: int) -> None:
        """Do what is not done yet."""
        for shard in range(count):
            self._check()
            do_shard(folder, stage, shard, self._threads)


def shard_folder(folder: Path, stage: str, shard: int) -> Path:
    """Return where the result of a shard is once it is done."""
    return folder / f"{stage}-{shard:04d}"


def do_shard(folder: Path, stage: str, shard: int, threads: int | None = None) -> bool:
    """Do one shard unless it is done; return whether there was anything to do.

    Args:
        folder: The search.
        stage: A row of `STAGES`.
        shard: From 0.
        threads: Threads to use; all processors when None. The result does not depend on it.

    Raises:
        FileNotFoundError: The folder holds no search, or not as far as this stage.
    """
    done = shard_folder(folder, stage, shard)
    if done.exists():
        return False
    plan = ShardPlan.read(folder)
    if plan is None:
        raise FileNotFoundError(f"There is no search for near-duplicates in {folder.name}.")
    part = folder / f".{done.name}-{uuid.uuid4().hex}"
    part.mkdir()
    try:
        STAGES[stage](folder, plan, shard, part, thread_count(threads))
        part.rename(done)
    except OSError:
        # Somebody else did the same shard in the meantime: both results are the same.
        if not done.exists():
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def count(folder: Path, plan: ShardPlan, shard: int, out: Path, threads: int) -> None:
    """Count the shingles of every `plan.shards`-th part; keep those of two sets or more, ranked within the part.

    Writes for each part ``sets`` (int32, rising) and ``ranks`` (uint32) of its shared tokens, and ``frequencies``
    (int64 [2, k]): each frequency, rising, and how many shingles have it.
    """
    with ThreadPoolExecutor(threads) as pool:
        for part in range(shard, PARTS, plan.shards):
            keys = np.fromfile(part_file(folder, part, "keys"), np.uint64)
            # The leading bits are the same in all of them; without them the others spread over the parts of the cache.
            pieces = np.array_split(keys << np.uint64(PART_BITS), threads)
            del keys
            coded = code(pieces, pool, threads)
            kept = np.flatnonzero(coded.codes != ALONE)
            frequencies = rank_counts(coded)
            np.save(out / f"{part:03d}.frequencies.npy", frequencies)
            np.save(out / f"{part:03d}.ranks.npy", coded.counts[coded.codes[kept]].astype(np.uint32))
            np.save(out / f"{part:03d}.sets.npy", np.fromfile(part_file(folder, part, "sets"), np.int32)[kept])


def join_one(folder: Path, plan: ShardPlan, shard: int, out: Path, threads: int) -> None:
    """Find the pairs of one shard; of too many, only enough to connect what they connect.

    Writes ``pairs`` (int32 [3, p]: a set, one above it, overlap) and ``join.json``.
    """
    ranked, threshold = read_lists(folder), Fraction(plan.over, plan.under)
    entries = index(ranked, threshold, shard, plan.shards)
    listed = True
    try:
        found = join(ranked, entries, threshold, threads=threads, limit=plan.limit)
    except TooManyPairs:
        most = threads * len(ranked.number)
        found, listed = join(ranked, entries, threshold, threads=threads, limit=most, links=True), False
    one, two = ranked.number[found.left], ranked.number[found.right]
    np.save(out / "pairs.npy", np.stack([np.minimum(one, two), np.maximum(one, two), found.overlap]))
    (out / "join.json").write_text(json.dumps({"candidates": found.candidates, "listed": listed}))


def read_lists(folder: Path) -> Ranked:
    """Return the sets of a search as lists; their tokens are mapped, not read: the system may forget them again."""
    lists = folder / "lists"
    number, size, begins, ends, tokens = (
        mapped(lists / f"{name}.npy") for name in ("number", "size", "begins", "ends", "tokens")
    )
    return Ranked(number, size, begins, ends, tokens, json.loads((lists / "lists.json").read_text())["shared"])


def mapped(path: Path) -> NDArray[Any]:
    """Return the array of a file, read where it is looked at."""
    # A private mapping counts as writable, so the kernels need not be compiled anew for it; nothing writes to it.
    return np.asarray(np.load(path, mmap_mode="c"))


STAGES: dict[str, Callable[[Path, ShardPlan, int, Path, int], None]] = {"count": count, "join": join_one}
