"""Near-duplicates by the definition, in plain Python that shares nothing with the engine: the judge of its tests."""

import re
from fractions import Fraction
from itertools import combinations

Pairs = dict[tuple[int, int], float]


def tokens(text: str, kind: str) -> list[str]:
    lowered = text.lower()
    if kind == "word":
        return re.findall(r"[^\W_]+", lowered)
    return [letter for letter in lowered if not letter.isspace()]


def shingle_set(text: str | None, spec: str) -> set[tuple[str, ...]]:
    kind, size = spec.split(":")
    found, width = tokens(text or "", kind), int(size)
    if len(found) < width:
        return {tuple(found)} if found else set()
    return {tuple(found[place : place + width]) for place in range(len(found) - width + 1)}


def true_pairs(texts: list[str | None], spec: str, threshold: str) -> Pairs:
    """Return every pair of places with its similarity; compared in whole numbers."""
    least = Fraction(threshold)
    sets = [shingle_set(text, spec) for text in texts]
    found: Pairs = {}
    for (i, one), (j, two) in combinations(enumerate(sets), 2):
        common, union = len(one & two), len(one | two)
        if union and one and two and common * least.denominator >= least.numerator * union:
            found[i, j] = common / union
    return found


def true_clusters(pairs: Pairs, count: int) -> list[int]:
    """Return the cluster of each text, numbered in order of first texts, -1 for none; by walking from text to text."""
    beside: dict[int, set[int]] = {}
    for one, two in pairs:
        beside.setdefault(one, set()).add(two)
        beside.setdefault(two, set()).add(one)
    label, clusters = [-1] * count, 0
    for start in range(count):
        if label[start] >= 0 or start not in beside:
            continue
        todo = [start]
        while todo:
            text = todo.pop()
            if label[text] < 0:
                label[text] = clusters
                todo += beside[text]
        clusters += 1
    return label
