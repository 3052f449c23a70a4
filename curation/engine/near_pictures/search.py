"""The search for near-duplicate pictures: describe, find candidates, lay the pictures of each pair on each other."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.near.forest import components
from curation.engine.near_pictures.describing import PathOf, describe, one_thread_each
from curation.engine.near_pictures.features import PLAIN
from curation.engine.near_pictures.hashing import Strokes, hashes, moved, without_strokes
from curation.engine.near_pictures.parts import AGREE, AGREE_MANY, MANY, PICTURES, PartsIndex, PointKeys
from curation.engine.near_pictures.result import NearPictures
from curation.engine.near_pictures.store import Store
from curation.engine.near_pictures.verifying import SURE, Verifier
from curation.engine.near_pictures.whole import WholeIndex

# Below this, half of the contrast disagrees: measured on photographs, 4 of 100,000 pairs of different ones come that
# far.
THRESHOLD = 0.5
# Copies this alike are represented by one of them when parts are sought.
SAME = 0.9
# Queries between two looks at whether the run was cancelled.
CHUNK = 2048
# Whole pictures that are compared with one, the nearest first; more say little about which belong together.
NEAREST = 64
# Pictures in a cluster within which all pairs are compared, also those that were no candidates.
CLOSED = 32
# Bits of 64 by which the hashes of a marked copy may differ once its strokes are gone. Measured on 261 photographs
# under large white words (26 November 2026): all differ by at most 15 then, 96 % do as they are.
NEAR_MARKED = 15
MIRRORS, TURNS = (4, 6), (1, 2, 3)

# (stage, done, total); may raise to stop the search.
Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class PictureSearch:
    """A search for near-duplicate pictures.

    Attributes:
        threshold: Least score of a pair, from 0.3 to 1.
        flips: Whether mirrored pictures (left to right, upside down) are duplicates.
        turns: Whether quarter turns are.
        parts: Whether cropped and slanted copies are looked for too, which takes twice as long.
        threads: All processors when 0.
    """

    threshold: float = THRESHOLD
    flips: bool = False
    turns: bool = False
    parts: bool = True
    threads: int = 0

    def __post_init__(self) -> None:
        if not 0.3 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}; it must be from 0.3 to 1")
        if self.threads < 0:
            raise ValueError(f"threads is {self.threads}; it must be 0 or above")

    def run(
        self, items: Sequence[str | None], path_of: PathOf, store: Store, told: Told = lambda *_: None
    ) -> NearPictures:
        """Search the pictures of items.

        Args:
            items: SHA-256 of each item's picture; None for an item without one.
            path_of: Finds the file of a picture.
            store: Keeps what is computed of each picture.
            told: Is told how far the search is.
        """
        threads = self.threads or os.cpu_count() or 1
        names = list(dict.fromkeys(name for name in items if name is not None))
        with one_thread_each(), ThreadPoolExecutor(threads) as executor:
            started = time.perf_counter()
            describe(
                names, path_of, store, executor, lambda done: told("describing", done, len(names)),
                parts=self.parts, mirrored=self.parts and self.flips,
            )  # fmt: skip
            described = time.perf_counter()
            readable = [name for name in names if name not in store.broken]
            work = _Work(self, readable, store, Verifier(readable, path_of, store, parts=self.parts), executor, told)
            work.find_whole()
            if self.parts:
                work.find_parts()
            work.close()
        seconds = {"describing": described - started, "comparing": time.perf_counter() - described}
        return work.result(items, seconds)

    def moves(self) -> tuple[int, ...]:
        """Return how a whole picture may be mirrored and turned: see `hashing.moved`."""
        if self.flips and self.turns:
            return tuple(range(8))
        return (0, *(MIRRORS if self.flips else ()), *(TURNS if self.turns else ()))


@dataclass(slots=True)
class _Work:
    """The state of one search."""

    search: PictureSearch
    names: list[str]
    store: Store
    verifier: Verifier
    executor: ThreadPoolExecutor
    told: Told
    scores: dict[tuple[int, int], float] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=lambda: {"candidates": 0, "candidates_of_parts": 0})

    def find_whole(self) -> None:
        """Compare pictures whose hashes are near."""
        visible = self.visible()
        total, done = len(visible) * len(self.search.moves()), 0
        keys, long = self._hashes(visible, 0, Strokes.STAY)
        index = WholeIndex(keys, long)
        tried: list[NDArray[np.int64]] = []
        for move in self.search.moves():
            if move:
                keys, long = self._hashes(visible, move, Strokes.STAY)
            for start in range(0, len(visible), CHUNK):
                self.told("comparing whole pictures", done + start, total)
                pairs = visible[index.pairs(keys, long, start, min(start + CHUNK, len(visible)), NEAREST)]
                self.figures["candidates"] += len(pairs)
                self._verify(pairs, move, whole=True)
                if not move:
                    tried.append(self._numbers(pairs))
            done += len(visible)
        self._find_marked(np.concatenate([np.empty(0, np.int64), *tried]))

    def _find_marked(self, tried: NDArray[np.int64]) -> None:
        """Compare pictures whose hashes are near once their light or dark strokes are gone; tiny ones bear no words."""
        visible = self.visible()
        visible = visible[~self.verifier.tiny[visible]]
        for strokes in (Strokes.NO_LIGHT, Strokes.NO_DARK):
            keys, long = self._hashes(visible, 0, strokes)
            index = WholeIndex(keys, long, NEAR_MARKED)
            for start in range(0, len(visible), CHUNK):
                self.told("comparing marked pictures", start, len(visible))
                pairs = visible[index.pairs(keys, long, start, min(start + CHUNK, len(visible)), NEAREST)]
                numbers = self._numbers(pairs)
                new = ~np.isin(numbers, tried)
                tried = np.concatenate([tried, numbers[new]])
                self.figures["candidates"] += int(new.sum())
                self._verify(pairs[new], 0, whole=True)

    def _numbers(self, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one number for each pair."""
        return pairs[:, 0].astype(np.int64) * len(self.names) + pairs[:, 1]

    def find_parts(self) -> None:
        """Compare pictures that have key points in common; of copies of one picture, the first.

        Tiny pictures have no parts that could be told from each other.
        """
        leaders = self._leaders()
        least = AGREE if len(leaders) <= MANY else AGREE_MANY
        blocks = [leaders[start : start + PICTURES] for start in range(0, len(leaders), PICTURES)]
        records = self.store.records()
        total, done = len(leaders) * len(blocks), 0
        for block in blocks:
            index = PartsIndex(self._points(records, block, mirrored=False))
            for other in range(len(blocks)):
                for mirrored in (False, True) if self.search.flips else (False,):
                    queries = self._points(records, blocks[other], mirrored=mirrored)
                    for start in range(0, len(blocks[other]), CHUNK):
                        self.told("comparing parts", min(done + start, total), total)
                        end = min(start + CHUNK, len(blocks[other]))
                        for turn in self._windows(mirrored=mirrored):
                            pairs = index.pairs(queries, start, end, turn * 64, least)
                            one, two = blocks[other][pairs[:, 0]], block[pairs[:, 1]]
                            ahead = one < two
                            self.figures["candidates_of_parts"] += int(ahead.sum())
                            found = np.stack([one[ahead], two[ahead]], axis=1)
                            self._verify(found, 4 * mirrored + turn, whole=False)
                done += len(blocks[other])

    def close(self) -> None:
        """Compare the pairs within each small cluster that were no candidates: no hash speaks for them."""
        left, right, _score = self._arrays()
        root = components(len(self.names), left, right)
        clustered = np.unique(np.concatenate([left, right]))
        order = clustered[np.argsort(root[clustered], kind="stable")]
        for members in np.split(order, np.flatnonzero(np.diff(root[order])) + 1):
            if 2 < len(members) <= CLOSED:
                one, two = np.triu_indices(len(members), 1)
                pairs = np.stack([members[one], members[two]], axis=1)
                missing = np.array([(int(a), int(b)) not in self.scores for a, b in pairs])
                for move in self.search.moves():
                    self._verify(pairs[missing], move, whole=True, least=SURE)
                if not self.search.parts:
                    continue
                for mirrored in (False, True) if self.search.flips else (False,):
                    both = missing & ~self.verifier.tiny[pairs].any(axis=1)
                    for turn in self._windows(mirrored=mirrored):
                        self._verify(pairs[both], 4 * mirrored + turn, whole=False, least=SURE)

    def result(self, items: Sequence[str | None], seconds: dict[str, float]) -> NearPictures:
        """Return what was found."""
        place = {name: number for number, name in enumerate(self.names)}
        group = np.array([place.get(name, -1) if name is not None else -1 for name in items], np.int32)
        broken = {
            item: self.store.broken[name]
            for item, name in enumerate(items)
            if name is not None and name in self.store.broken
        }
        left, right, score = self._arrays()
        records = self.store.records()[self.verifier.rows]
        sizes = np.stack([records["width"], records["height"]], axis=1)
        figures: dict[str, Any] = {
            **self.figures,
            **{f"seconds_{name}": round(took, 3) for name, took in seconds.items()},
        }
        plain = len(self.names) - len(self.visible())
        return NearPictures(self.search.threshold, group, left, right, score, sizes, plain, broken, figures)

    def visible(self) -> NDArray[np.int64]:
        """Return the pictures that show something that can be compared."""
        rows = self.verifier.rows
        return np.flatnonzero(self.store.records()["deviation"][rows] >= PLAIN)

    def _hashes(self, pictures: NDArray[np.int64], move: int, strokes: Strokes) -> tuple[NDArray[np.uint64], ...]:
        small, rows = self.store.records()["small"], self.verifier.rows[pictures]
        parts = []
        for start in range(0, len(rows), CHUNK):
            part = moved(small[rows[start : start + CHUNK]], move)
            parts.append(hashes(without_strokes(part, strokes)))
        if not parts:
            return np.empty(0, np.uint64), np.empty((0, 4), np.uint64)
        return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))

    def _points(self, records: NDArray[Any], pictures: NDArray[np.int64], *, mirrored: bool) -> PointKeys:
        rows = self.verifier.mirrored_rows() if mirrored else self.verifier.rows
        chosen = rows[pictures]
        return PointKeys(records["bits"][chosen], records["angle"][chosen], records["points"][chosen])

    def _windows(self, *, mirrored: bool) -> tuple[int, ...]:
        """Return the quarter turns about which parts may be turned; mirrored twice is turned by half."""
        if self.search.turns:
            return (0, 1, 2, 3)
        return (0, 2) if mirrored else (0,)

    def _leaders(self) -> NDArray[np.int64]:
        left, right, score = self._arrays()
        same = score >= SAME
        root = components(len(self.names), left[same], right[same])
        visible = self.visible()
        return np.asarray(visible[(root[visible] == visible) & ~self.verifier.tiny[visible]], np.int64)

    def _verify(self, pairs: NDArray[Any], move: int, *, whole: bool, least: float = 0.0) -> None:
        """Compare pairs of pictures and keep the best score of each, when it reaches `least` and the threshold."""
        least = max(least, self.search.threshold)
        wanted = [(one, two) for one, two in pairs.tolist() if self.scores.get((one, two), 0.0) < SAME]
        check = self.verifier.whole if whole else self.verifier.part
        found = self.executor.map(lambda pair: check(pair[0], pair[1], move), wanted)
        for pair, score in zip(wanted, found, strict=True):
            if score >= least and score > self.scores.get(pair, 0.0):
                self.scores[pair] = score

    def _arrays(self) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        pairs = sorted(self.scores)
        both = np.array(pairs, np.int32).reshape(-1, 2)
        return both[:, 0].copy(), both[:, 1].copy(), np.array([self.scores[pair] for pair in pairs], np.float64)
