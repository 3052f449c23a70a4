"""Between counting and joining: ranks over all parts, and the shared shingles of each set in one list."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from curation.engine.compiling import compiled
from curation.engine.near.ranking import sort_lists
from curation.engine.near.shards import mapped, shard_folder
from curation.engine.near.spill import PARTS, ShardPlan

# Bytes a shared shingle while the lists of a range of sets are made.
LIST_BYTES = 40
HEADER = 128


@compiled
def _place(sets: Any, ranks: Any, first: int, cursor: Any, tokens: Any) -> None:
    for entry in range(len(sets)):
        number = sets[entry] - first
        tokens[cursor[number]] = ranks[entry]
        cursor[number] += 1


class _Part:
    """The counted shingles of one part, with what is to be added to a rank within it to get the one over all."""

    def __init__(self, folder: Path, plan: ShardPlan, part: int, following: dict[int, int]) -> None:
        counted = shard_folder(folder, "count", part % plan.shards)
        self.sets, self._ranks = (mapped(counted / f"{part:03d}.{name}.npy") for name in ("sets", "ranks"))
        values, kinds = np.load(counted / f"{part:03d}.frequencies.npy")
        self._bounds = np.cumsum(kinds)
        starts = np.array([following[value] for value in values.tolist()], np.int64)
        self._shift = starts - (self._bounds - kinds)
        for value, many in zip(values.tolist(), kinds.tolist(), strict=True):
            following[value] += many

    def between(self, first: int, last: int) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
        """Return the tokens of the sets `first` to `last` - 1: sets, and ranks over all parts."""
        start, end = np.searchsorted(self.sets, [first, last]).tolist()
        local = self._ranks[start:end]
        shift = self._shift[np.searchsorted(self._bounds, local, side="right")] if len(local) else local
        return self.sets[start:end], (local + shift).astype(np.uint32)


def regroup(folder: Path, plan: ShardPlan, memory: int, check: Callable[[], None] = lambda: None) -> None:
    """Make ``lists`` of what ``count-*`` hold, unless it is there, and remove what is not needed any more.

    Memory: about `memory` bytes, and 24 bytes for each set that may be like another one.

    Args:
        folder: The search; all shards of the stage ``count`` are done.
        plan: Its plan.
        memory: Bytes for the lists of one range of sets.
        check: Called for each range; raises to stop.
    """
    done = folder / "lists"
    if not done.exists():
        part = folder / "lists.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        _write_lists(folder, plan, memory, part, check)
        part.rename(done)
    for path in (folder / "hashes", *folder.glob("count-*")):
        shutil.rmtree(path, ignore_errors=True)


def _parts(folder: Path, plan: ShardPlan) -> tuple[list[_Part], int]:
    """Return the parts, and how many different shared shingles they hold."""
    many: dict[int, int] = {}
    for part in range(PARTS):
        values, kinds = np.load(shard_folder(folder, "count", part % plan.shards) / f"{part:03d}.frequencies.npy")
        for value, kind in zip(values.tolist(), kinds.tolist(), strict=True):
            many[value] = many.get(value, 0) + kind
    following, shared = {}, 0
    for value in sorted(many):
        following[value] = shared
        shared += many[value]
    return [_Part(folder, plan, part, following) for part in range(PARTS)], shared


def _write_lists(folder: Path, plan: ShardPlan, memory: int, out: Path, check: Callable[[], None]) -> None:
    parts, shared = _parts(folder, plan)
    if shared >= 2**32 - 1:
        raise ValueError(f"At most {2**32 - 2:,} different shingles can be shared. Cut the input into parts.")
    sizes = mapped(folder / "sizes.npy")
    wide = sizes.astype(np.int64)
    least = -(-wide * plan.over // plan.under)
    ranges = max(1, -(-sum(len(part.sets) for part in parts) * LIST_BYTES // max(1, memory)))
    passed = np.cumsum(wide)
    edges = np.searchsorted(passed, np.linspace(0, passed[-1] if len(passed) else 0, ranges + 1)[1:-1]).tolist()
    numbers: list[NDArray[np.int32]] = []
    lengths: list[NDArray[np.int64]] = []
    with (out / "tokens.npy").open("wb") as stream:
        stream.write(b"\0" * HEADER)
        for first, last in zip([0, *edges], [*edges, len(sizes)], strict=True):
            check()
            chosen, length = _write_range(parts, first, last, least[first:last], shared, stream)
            numbers.append(chosen)
            lengths.append(length)
        _write_header(stream)
    number, length = np.concatenate(numbers), np.concatenate(lengths)
    ends = np.cumsum(length)
    size = sizes[number]
    order = np.argsort(size, kind="stable")
    arrays = {"number": number, "size": size, "begins": ends - length, "ends": ends}
    for name, values in arrays.items():
        np.save(out / f"{name}.npy", values[order])
    (out / "lists.json").write_text(json.dumps({"shared": shared}))


def _write_range(
    parts: list[_Part], first: int, last: int, least: NDArray[np.int64], shared: int, stream: BinaryIO
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Append the lists of a range of sets; return which sets share enough, and how long the list of each is."""
    found = [part.between(first, last) for part in parts]
    sets = np.concatenate([some for some, _ranks in found])
    ranks = np.concatenate([some for _sets, some in found])
    many = np.bincount(sets - first, minlength=last - first)
    enough = many >= least
    stays = enough[sets - first]
    lengths = np.where(enough, many, 0)
    ends = np.cumsum(lengths)
    tokens = np.empty(int(stays.sum()), np.uint32)
    _place(sets[stays], ranks[stays], first, ends - lengths, tokens)
    chosen = np.flatnonzero(enough)
    bounds = np.append(0, ends[chosen])
    sort_lists(tokens, bounds, shared)
    stream.write(tokens.tobytes())
    return (chosen + first).astype(np.int32), lengths[chosen]


def _write_header(stream: BinaryIO) -> None:
    """Write NumPy's header of an array of uint32 before what was appended behind `HEADER` bytes."""
    count = (stream.tell() - HEADER) // 4
    text = f"{{'descr': '<u4', 'fortran_order': False, 'shape': ({count},), }}"
    stream.seek(0)
    stream.write(b"\x93NUMPY\x01\x00" + (HEADER - 10).to_bytes(2, "little") + text.ljust(HEADER - 11).encode() + b"\n")
