"""Candidate pairs: rows that share a key, so that not every row is compared with every other.

A pair that no key brings together is never found, so several keys of different kinds are used at once (Christen 2012,
"A survey of indexing techniques for scalable record linkage and deduplication").
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import hash64
from curation.engine.linkage.fields import FieldValues

KEYS = ("exact", "prefix", "neighbourhood", "token", "ngram")


@dataclass(frozen=True, slots=True)
class Blocking:
    """Which keys are made of every field.

    Attributes:
        keys: Some of ``exact`` (equal folded values), ``prefix`` (equal beginnings), ``neighbourhood`` (near each other
            when sorted), ``token`` (a shared rare token), ``ngram`` (two shared rare n-grams side by side in rarity).
        prefix: Code points of a beginning.
        window: Rows on each side in the sorted order.
        rare: How many of a row's rarest tokens or n-grams become keys.
        ngram: Code points of an n-gram.
        largest: Blocks with more rows are left out: what so many rows share tells nothing.
    """

    keys: tuple[str, ...] = KEYS
    prefix: int = 8
    window: int = 5
    rare: int = 4
    ngram: int = 4
    largest: int = 60


def candidate_pairs(fields: list[FieldValues], blocking: Blocking) -> NDArray[np.int64]:
    """Return the pairs of rows that share a key, in rising order and once, as ``smaller << 32 | larger``, int64 [p]."""
    found = [np.empty(0, np.int64)]
    for field in fields:
        for pairs in _pairs_of_field(field, blocking):
            # Merged as they come: what several keys give is held once.
            found = [_once(np.concatenate([found[0], pairs]))]
    return found[0]


def _pairs_of_field(field: FieldValues, blocking: Blocking) -> Iterator[NDArray[np.int64]]:
    rows = np.flatnonzero(field.value >= 0)
    if not len(rows):
        return
    values = field.value[rows]
    if "exact" in blocking.keys:
        yield _pairs_of_keys(values.astype(np.uint64), rows, blocking.largest)
    if field.kind == "number":
        if "neighbourhood" in blocking.keys:
            yield _neighbours(rows[np.argsort(field.numbers[values], kind="stable")], blocking.window)
        return
    texts = field.texts.take(pa.array(rows))
    if "prefix" in blocking.keys:
        starts = pc.utf8_slice_codeunits(texts, 0, blocking.prefix)
        yield _pairs_of_keys(hash64(starts), rows, blocking.largest)
    if "neighbourhood" in blocking.keys:
        order = pc.sort_indices(texts).to_numpy(zero_copy_only=False)
        yield _neighbours(rows[order], blocking.window)
    if "token" in blocking.keys and field.kind == "text":
        yield _pairs_of_rare(field, rows, *_token_keys(field), blocking)
    if "ngram" in blocking.keys:
        yield _pairs_of_rare(field, rows, *_ngram_keys(field, blocking.ngram), blocking)


def _once(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct values in rising order; NumPy's own unique goes through a hash table, six times slower."""
    pairs = np.sort(pairs)
    return pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])] if len(pairs) else pairs


def _neighbours(rows: NDArray[np.int64], window: int) -> NDArray[np.int64]:
    found = [np.empty(0, np.int64)]
    for step in range(1, window + 1):
        left, right = rows[:-step], rows[step:]
        found.append(np.minimum(left, right) << 32 | np.maximum(left, right))
    return _once(np.concatenate(found))


def _pairs_of_keys(keys: NDArray[np.uint64], rows: NDArray[np.int64], largest: int) -> NDArray[np.int64]:
    """Return the pairs of rows with equal keys; a row may come more than once, with different keys."""
    from curation.engine.linkage.kernels import block_pairs, count_block_pairs  # slow import

    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1], [True]]))
    return _once(block_pairs(rows, starts, largest, count_block_pairs(starts, largest)))


def _token_keys(field: FieldValues) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the owner (a distinct value) of each token and the token."""
    owner = np.repeat(np.arange(len(field.share)), np.diff(field.token_starts))
    return owner, field.tokens.astype(np.int64)


def _ngram_keys(field: FieldValues, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the owner of each n-gram and a number for the n-gram; values shorter than one give none."""
    codes, starts = field.value_codes.astype(np.uint64), field.value_starts
    count = len(codes) - size + 1
    if count <= 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    keys = np.zeros(count, np.uint64)
    for place in range(size):
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + codes[place : place + count]
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    inside = owner[:count] == owner[size - 1 :]
    _values, names = np.unique(keys[inside], return_inverse=True)
    return owner[:count][inside], names.astype(np.int64)


def _pairs_of_rare(
    field: FieldValues,
    rows: NDArray[np.int64],
    owner: NDArray[np.int64],
    keys: NDArray[np.int64],
    blocking: Blocking,
) -> NDArray[np.int64]:
    """Return the pairs of rows that share one of their rarest keys; keys of one value alone are no use and left out."""
    if not len(keys):
        return np.empty(0, np.int64)
    pairs = np.unique(owner * (keys.max() + 1) + keys)
    owner, keys = np.divmod(pairs, keys.max() + 1)
    spread = np.bincount(keys)
    shared = spread[keys] > 1
    owner, keys = owner[shared], keys[shared]
    order = np.lexsort((keys, spread[keys], owner))
    owner, keys = owner[order], keys[order]
    first = np.searchsorted(owner, owner)
    kept = np.arange(len(owner)) - first < blocking.rare
    owner, keys = owner[kept], keys[kept]
    # From values to the rows that hold them.
    values = field.value[rows]
    by_value = np.argsort(values, kind="stable")
    low = np.searchsorted(values[by_value], owner, side="left")
    high = np.searchsorted(values[by_value], owner, side="right")
    sizes = high - low
    places = np.repeat(low - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(sizes.sum())
    return _pairs_of_keys(np.repeat(keys, sizes).astype(np.uint64), rows[by_value][places], blocking.largest)
