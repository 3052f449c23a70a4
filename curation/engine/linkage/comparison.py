"""How far two rows agree on each field, as a level: 0 unknown, 1 different, then nearer and nearer up to equal."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curation.engine.linkage.fields import FieldValues

# Edges between the levels of the mean of rarity-weighted Jaccard and containment, of code similarity, and of relative
# difference. Five to six levels are what Splink's ready-made comparisons for names and addresses have; between
# 0.25 and 0.35 (0.45 and 0.55, ...) the pair F1 on the address records moves by less than 0.01.
TEXT_EDGES = (0.3, 0.5, 0.7, 0.85, 0.999)
CODE_EDGES = (0.85, 0.95, 0.999)
NUMBER_EDGES = (0.2, 0.05, 0.01, 1e-9)
CHUNK = 1_000_000
# A twentieth of a second's work.
THREAD_PAIRS = 20_000


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of p pairs on k fields, and what rarity adds where two values are equal.

    Attributes:
        levels: uint8 [p, k]; 0 when either value is missing.
        rarity: float32 [p], natural logarithm; above 0 where the pair shares values rarer than equal values are on
            average, below 0 where they are commoner.
    """

    levels: NDArray[np.uint8]
    rarity: NDArray[np.float32]


def level_counts(fields: list[FieldValues]) -> list[int]:
    """Return how many levels each field has, the unknown one included."""
    edges = {"text": TEXT_EDGES, "code": CODE_EDGES, "number": NUMBER_EDGES}
    return [2 + len(edges[field.kind]) for field in fields]


def compare(fields: list[FieldValues], left: NDArray[np.int64], right: NDArray[np.int64]) -> Levels:
    """Compare pairs of rows; memory for a million pairs at a time and one byte a pair and field for the result.

    Args:
        fields: The fields, of n rows.
        left: First row of each pair, int64 [p].
        right: Second row, int64 [p].
    """
    levels = np.zeros((len(left), len(fields)), np.uint8)
    rarity = np.zeros(len(left), np.float32)
    for start in range(0, len(left), CHUNK):
        part = slice(start, start + CHUNK)
        for place, field in enumerate(fields):
            a, b = field.value[left[part]], field.value[right[part]]
            levels[part, place] = np.where((a < 0) | (b < 0), 0, _levels(field, a, b))
            rarity[part] += _rarity(field, a, b)
    return Levels(levels, rarity)


def _levels(field: FieldValues, a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.uint8]:
    from curation.engine.linkage.kernels import compare_codes, compare_texts  # slow import

    room = 2 * int(max(np.diff(field.value_starts).max(initial=1), np.diff(field.token_starts).max(initial=1))) + 8
    if field.kind == "number":
        nearer = np.searchsorted(-np.array(NUMBER_EDGES), -_difference(field, a, b), side="left")
        return np.asarray(1 + nearer, np.uint8)
    if field.kind == "code":
        similarity = compare_codes(a, b, field.value_codes, field.value_starts, room)
        return np.asarray(1 + np.digitize(similarity, CODE_EDGES), np.uint8)
    weight = -np.log2(np.minimum(field.token_share, 0.999))
    tokens = field.tokens, field.token_starts, weight, field.token_digit, field.token_codes, field.token_points

    def overlap(part: slice) -> NDArray[np.float32]:
        found = compare_texts(a[part], b[part], *tokens, field.value_codes, field.value_starts, room)
        return np.asarray(found.mean(axis=1), np.float32)

    parts = [slice(start, start + THREAD_PAIRS) for start in range(0, len(a), THREAD_PAIRS)]
    # The loops hold no interpreter lock.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        shares = list(threads.map(overlap, parts))
    return np.asarray(1 + np.digitize(np.concatenate([np.empty(0, np.float32), *shares]), TEXT_EDGES), np.uint8)


def _difference(field: FieldValues, a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the difference of two numbers over the larger one, float64 [p]; 1 for texts that are no numbers."""
    if not len(field.numbers):
        return np.ones(len(a))
    first, second = field.numbers[a], field.numbers[b]
    larger = np.maximum(np.maximum(np.abs(first), np.abs(second)), np.finfo(np.float64).tiny)
    found: NDArray[np.float64] = np.nan_to_num(np.abs(first - second) / larger, nan=1.0, posinf=1.0)
    return np.where(a == b, 0.0, found)


def _rarity(field: FieldValues, a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return ln(chance that two random values are equal / share of this value) where both are equal, else 0.

    Winkler's frequency-based weights (2000, "Frequency-based matching in Fellegi-Sunter model of record linkage").
    """
    if not len(field.share):
        return np.zeros(len(a), np.float32)
    mean = float((field.share**2).sum())
    found = np.where((a == b) & (a >= 0), np.log(mean / field.share[a]), 0.0)
    return found.astype(np.float32)
