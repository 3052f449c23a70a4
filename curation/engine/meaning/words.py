"""Names of clusters: the words that are typical of each against the others (c-TF-IDF, Grootendorst 2022)."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NAMED_BY = 4
# Texts looked at, spread evenly: half a second for each 10,000 short ones.
TEXTS = 60_000
CHARACTERS = 600
# A phrase takes the place of its part when it stands in most of the texts in which the part does.
WHOLE = 0.8
# A word that names a cluster is at least so many times as common in it as elsewhere: "me" and "you" name nothing.
LIFT = 2.0
_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+|[^\W\d_]+(?:['’][^\W\d_]+)*")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
HAN_LENGTHS = (2, 3, 4)


def terms_of(text: str) -> set[str]:
    """Return the words of a text in lower case; of Han, which has no blanks, all pieces of 2 to 4 characters."""
    found: set[str] = set()
    for run in _RUNS.findall(text[:CHARACTERS].lower()):
        if _HAN.match(run):
            found.update(run[place : place + size] for size in HAN_LENGTHS for place in range(len(run) - size + 1))
        elif len(run) > 1:
            found.add(run)
    return found


def typical_words(
    texts: Sequence[str | None], label: NDArray[np.integer], clusters: int, *, count: int = NAMED_BY
) -> list[list[str]]:
    """Return the most typical words of each cluster, most typical first; an empty list where none stands out.

    A word's weight is the share of the cluster's texts that hold it, times ``log(1 + A / f)``: A the mean texts of a
    cluster, f the texts of all clusters with the word. Texts count a word once, so that one long text names nothing,
    and words less than twice as common in the cluster as elsewhere are left out.

    Args:
        texts: One for each item; missing ones count as empty.
        label: int [n], the cluster of each; negative for none.
        clusters: How many there are.
        count: Words of each at most.
    """
    step = max(1, len(texts) // TEXTS)
    inside: list[Counter[str]] = [Counter() for _ in range(clusters)]
    sizes = np.zeros(clusters, np.int64)
    everywhere: Counter[str] = Counter()
    for row in range(0, len(texts), step):
        chosen = int(label[row])
        if chosen < 0:
            continue
        terms = terms_of(texts[row] or "")
        inside[chosen].update(terms)
        everywhere.update(terms)
        sizes[chosen] += 1
    mean = float(sizes.mean()) if clusters else 0.0
    total = int(sizes.sum())
    return [_chosen(inside[place], int(sizes[place]), total, everywhere, mean, count) for place in range(clusters)]


def _chosen(
    inside: Counter[str], size: int, total: int, everywhere: Counter[str], mean: float, count: int
) -> list[str]:
    fewest = 1 if size < 5 else 2
    rest = max(1.0, total - size)
    weights = {
        term: held / max(1, size) * float(np.log1p(mean / everywhere[term]))
        for term, held in inside.items()
        if held >= fewest and held / max(1, size) >= LIFT * (everywhere[term] - held) / rest
    }
    ranked = sorted(weights, key=lambda term: (-weights[term], -len(term), term))[:200]
    named: list[str] = []
    for term in ranked:
        whole = _longest(term, ranked, inside)
        if not any(whole in other or other in whole or _overlap(whole, other) for other in named):
            named.append(whole)
        if len(named) == count:
            break
    return named


def _longest(term: str, ranked: list[str], inside: Counter[str]) -> str:
    """Return the longest ranked phrase of Han around a piece that mostly stands in it; else the piece."""
    if not _HAN.match(term):
        return term
    around = [other for other in ranked if term in other and inside[other] >= WHOLE * inside[term]]
    return max(around, key=lambda other: (len(other), inside[other], other))


def _overlap(one: str, other: str) -> bool:
    """Tell whether two pieces of Han were cut from one run, as 房间很 and 间很好 were."""
    if not (_HAN.match(one) and _HAN.match(other)):
        return False
    return any(one[-size:] == other[:size] or other[-size:] == one[:size] for size in (2, 3))
