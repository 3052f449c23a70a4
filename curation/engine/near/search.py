"""The search for near-duplicates: sets, ranks, exact join or verified MinHash, and figures of it all."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.near.collection import Collection, Sets, thread_count
from curation.engine.near.joining import Index, Pairs, TooManyPairs, index, join
from curation.engine.near.minhash import band_join, bands
from curation.engine.near.ranking import Ranked, rank
from curation.engine.near.result import NearDuplicates
from curation.engine.near.shingles import Shingles, exact_threshold
from curation.engine.near.space import Space
from curation.engine.near.spill import ShardPlan, Spill, shards_for
from curation.engine.near.spilled import join_spilled, plan_of, rank_spilled
from curation.engine.near.tokens import letters_and_cjk

METHODS = ("auto", "exact", "minhash")
# Pairs of different sets that are kept in memory: 12 bytes each.
PAIR_LIMIT = 50_000_000
# Texts with more CJK letters than this share have few blanks, and words say little. Measured over the first texts.
CJK_SHARE = 0.2
CJK_TEXTS = 10_000
WORDS, CHARACTERS = Shingles("word", 5), Shingles("char", 5)
# Nanoseconds a step on one core (Xeon of 2024): an entry passed over in the join with its share of full counts, and one
# hash of one shingle in MinHash with its share of sorting. The choice needs their relation, not their size.
EXACT_STEP, MINHASH_STEP = 4.0, 0.7
# MinHash loses pairs, so it must save at least this factor, and at least these seconds.
PAYS, WORTH = 4.0, 30.0
# Sets whose pairs are all found by the exact join to measure the recall of MinHash.
SAMPLE = 2_000


@dataclass(frozen=True, slots=True)
class Search:
    """How to search.

    Attributes:
        shingles: What sets are made of.
        threshold: Least Jaccard similarity, above 0 to 1; compared as the decimal number that was written.
        method: ``auto``, ``exact`` or ``minhash``.
        threads: Threads to use; all processors when None. The result does not depend on it.
        pair_limit: Most pairs of different sets to keep; beyond it only clusters are made.
    """

    shingles: Shingles
    threshold: float = 0.8
    method: str = "auto"
    threads: int | None = None
    pair_limit: int = PAIR_LIMIT

    def __post_init__(self) -> None:
        exact_threshold(self.threshold)
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; choose one of {', '.join(METHODS)}")

    def run(
        self,
        batches: Iterable[pa.Array],
        progress: Callable[[str], None] = lambda _stage: None,
        space: Space | None = None,
    ) -> NearDuplicates:
        """Return the near-duplicates among texts; the same with and without space on the disk.

        Args:
            batches: Large strings, read once, in order; null counts as empty.
            progress: Called with the name of each stage when it starts.
            space: Where to go on, in shards, when the shingles need more memory than it allows.
        """
        clock = _Clock(progress)
        threads, threshold = thread_count(self.threads), exact_threshold(self.threshold)
        clock.start("shingles")
        if space is None or self.method == "minhash":
            collection = Collection(self.shingles)
            collection.add_all(batches, threads)
            return self._in_memory(collection.finish(), clock, threads)
        plan = plan_of(space, str(self.shingles), threshold, self.pair_limit)
        if plan is not None:
            _go_by(batches, plan)
            return self._over_files(space, plan, clock)
        spill = Spill(space.folder, space.memory)
        collection = Collection(self.shingles, spill.add)
        collection.add_all(batches, threads)
        sets = collection.finish()
        if not spill.spilled:
            sets.pieces = spill.pieces()
            return self._in_memory(sets, clock, threads)
        shards = shards_for(spill.tokens, space.memory)
        plan = ShardPlan(
            str(self.shingles), threshold.numerator, threshold.denominator, self.pair_limit, shards,
            len(sets.group), spill.tokens, space.source,
        )  # fmt: skip
        spill.finish(sets, plan)
        return self._over_files(space, plan, clock)

    def _over_files(self, space: Space, plan: ShardPlan, clock: "_Clock") -> NearDuplicates:
        clock.start("frequencies")
        ranked = rank_spilled(space, plan)
        clock.start("pairs")
        found = join_spilled(space, plan, ranked)
        clock.stop()
        group, sizes = np.load(space.folder / "group.npy"), np.load(space.folder / "sizes.npy")
        figures = _figures(group, sizes, plan.tokens, ranked, found.candidates, clock)
        figures |= {"pairs_of_sets": len(found.left) if found.listed else None, "shards": plan.shards}
        threshold = exact_threshold(self.threshold)
        return NearDuplicates(
            self.shingles, threshold, "exact", 1.0, found.listed, group, sizes, found.left, found.right,
            found.overlap, ranked, figures,
        )  # fmt: skip

    def _in_memory(self, sets: Sets, clock: "_Clock", threads: int) -> NearDuplicates:
        threshold = exact_threshold(self.threshold)
        tokens, sizes = int(sets.offsets[-1]), sets.sizes
        clock.start("frequencies")
        ranked = rank(sets, threshold, threads)
        clock.start("pairs")
        entries = index(ranked, threshold)
        method = choose_method(ranked, entries, threshold) if self.method == "auto" else self.method
        pairs, recall, listed = _find_pairs(ranked, entries, threshold, method, threads, self.pair_limit)
        if not listed:
            method = "exact"  # what connects clusters was found by the exact join, whatever was tried first
        left, right, overlap = _by_set(ranked, pairs)
        clock.stop()
        figures = _figures(sets.group, sizes, tokens, ranked, pairs.candidates, clock)
        figures["pairs_of_sets"] = len(left) if listed else None
        return NearDuplicates(
            self.shingles, threshold, method, recall, listed, sets.group, sizes, left, right, overlap, ranked, figures
        )


def _go_by(batches: Iterable[pa.Array], plan: ShardPlan) -> None:
    """Read the texts without hashing them again: the caller may note something of each.

    Raises:
        ValueError: There are not as many as the interrupted search had.
    """
    texts = sum(len(batch) for batch in batches)
    if texts != plan.texts:
        raise ValueError(f"An interrupted search had {plan.texts:,} texts, and now there are {texts:,}. Start it anew.")


def _figures(
    group: NDArray[np.int32], sizes: NDArray[np.int32], tokens: int, ranked: Ranked, candidates: int, clock: "_Clock"
) -> dict[str, Any]:
    return {
        "texts": len(group),
        "texts_without_tokens": int((group < 0).sum()),
        "sets": len(sizes),
        "different_shingles_of_sets": tokens,
        "sets_that_may_match": len(ranked.number),
        "candidates": candidates,
        "seconds": clock.seconds,
    }


def suited_shingles(batches: Iterable[pa.Array]) -> Shingles:
    """Return characters for Chinese and Japanese text, words for other text, by the first `CJK_TEXTS` texts."""
    left, letters, cjk = CJK_TEXTS, 0, 0
    for texts in batches:
        some, of_them = letters_and_cjk(texts.slice(0, left))
        letters, cjk, left = letters + some, cjk + of_them, left - min(left, len(texts))
        if left == 0:
            break
    return CHARACTERS if cjk > CJK_SHARE * letters else WORDS


def choose_method(ranked: Ranked, entries: Index, threshold: Fraction) -> str:
    """Return ``minhash`` where the exact join would cost several times more and take long, else ``exact``."""
    count, rows = bands(threshold)
    exact = entries.work * EXACT_STEP * 1e-9
    minhash = int(ranked.size.sum(dtype=np.int64)) * count * rows * MINHASH_STEP * 1e-9
    return "minhash" if exact > PAYS * minhash and exact - minhash > WORTH else "exact"


def _find_pairs(
    ranked: Ranked, entries: Index, threshold: Fraction, method: str, threads: int, limit: int
) -> tuple[Pairs, float | None, bool]:
    """Return the pairs, their recall, and whether they are all listed."""
    try:
        if method == "exact":
            return join(ranked, entries, threshold, threads=threads, limit=limit), 1.0, True
        found = band_join(ranked, threshold, threads=threads, limit=limit)
        return found, _recall(ranked, entries, threshold, found, threads, limit), True
    except TooManyPairs:
        # Clusters need only what connects them. This is exact by either method: bands with that many pairs in them
        # save nothing.
        most = threads * len(ranked.number)
        return join(ranked, entries, threshold, threads=threads, limit=most, links=True), 1.0, False


def _recall(
    ranked: Ranked, entries: Index, threshold: Fraction, found: Pairs, threads: int, limit: int
) -> float | None:
    """Return the share of the pairs of a sample of sets that were found; None when the sample has none."""
    step = max(1, len(ranked.number) // SAMPLE)
    true = join(ranked, entries, threshold, threads=threads, limit=limit, step=step)
    wanted = (true.left.astype(np.int64) << 32) | true.right
    return float(np.isin(wanted, (found.left.astype(np.int64) << 32) | found.right).mean()) if len(wanted) else None


def _by_set(ranked: Ranked, pairs: Pairs) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return pairs by the numbers of their sets, lower first, in rising order."""
    one, two = ranked.number[pairs.left], ranked.number[pairs.right]
    left, right = np.minimum(one, two), np.maximum(one, two)
    order = np.lexsort((right, left))
    return left[order], right[order], pairs.overlap[order]


class _Clock:
    """Wall and processor seconds of each stage."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.seconds: dict[str, dict[str, float]] = {}
        self._progress, self._stage = progress, ""
        self._wall, self._cpu = 0.0, 0.0

    def start(self, stage: str) -> None:
        self.stop()
        self._stage, self._wall, self._cpu = stage, time.perf_counter(), time.process_time()
        self._progress(stage)

    def stop(self) -> None:
        if self._stage:
            wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
            self.seconds[self._stage] = {"wall": round(wall, 3), "cpu": round(cpu, 3)}
            self._stage = ""


def search_texts(
    texts: list[str | None], shingles: str = "word:5", threshold: float = 0.8, **how: Any
) -> NearDuplicates:
    """Return the near-duplicates of a list of texts: the short way in for a notebook; see `Search` for `how`."""
    return Search(Shingles.parse(shingles), threshold, **how).run([pa.array(texts, pa.large_string())])
