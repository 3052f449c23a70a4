"""How far people agree on sets of labels: alpha with MASI distances, and alpha of each label by itself.

R. J. Passonneau, Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation, LREC 2006: the
distance of two sets is 1 - J M, where J is Jaccard's and M is 1 for equal sets, 2/3 where one holds the other,
1/3 where they share something, and 0 where they share nothing. Two empty sets are equal.
"""

from collections.abc import Sequence

import numpy as np

from labeling.engine.agreement.coefficients import Estimate, bootstrap, interval_of
from labeling.engine.agreement.counting import Tally, patterns, tally
from labeling.engine.ratings import Codes, Floats, sums

# Different sets that are compared with each other: a table of 200 MB.
SETS = 5_000


def masi_distances(sets: Sequence[frozenset[str]]) -> Floats:
    """Return the distance of each set from each other one; 0 to 1, shape (sets, sets)."""
    names = sorted(frozenset().union(*sets)) if sets else []
    place = {name: number for number, name in enumerate(names)}
    member = np.zeros((len(sets), max(len(names), 1)))
    for row, held in enumerate(sets):
        member[row, [place[name] for name in held]] = 1
    shared, size = member @ member.T, member.sum(1)
    union = size[:, None] + size[None, :] - shared
    jaccard = np.divide(shared, union, out=np.ones_like(shared), where=union > 0)
    inside = (shared == size[:, None]) | (shared == size[None, :])
    monotone = np.select([(union == shared), inside & (shared > 0), shared > 0], [1.0, 2 / 3, 1 / 3], 0.0)
    distances: Floats = 1 - jaccard * monotone
    return distances


def set_alpha(
    item: Codes, answer: Codes, sets: Sequence[frozenset[str]], *, replicates: int = 1_000, seed: int = 0
) -> Estimate:
    """Return Krippendorff's alpha with MASI distances.

    Args:
        item: Code of the item of each answer; shape (answers,).
        answer: Code of the set that was answered.
        sets: The sets; `sets[code]`.
        replicates: Draws of items for the interval.
        seed: Of the draws.

    Raises:
        ValueError: There are too many different sets to compare each with each.
    """
    if len(sets) > SETS:
        raise ValueError(f"{len(sets):,} different sets of labels are too many to compare; {SETS:,} are the most.")
    counts = tally(item, answer, len(sets))
    if not counts.units:
        return Estimate(None)
    distances = masi_distances(sets)
    grouped = patterns(counts)
    apart = _apart(grouped.tally, distances, len(grouped.items))
    usual = grouped.items[None, :].astype(np.float64)
    value = _alphas(usual, grouped.table, apart, distances)[0]
    if not np.isfinite(value):
        return Estimate(None)
    random = np.random.default_rng(seed)
    if not replicates or counts.units < 2:
        return Estimate(float(value))
    found = [_alphas(grouped.draw(random, 1), grouped.table, apart, distances)[0] for _ in range(replicates)]
    return Estimate(float(value), *interval_of(np.array(found), float(value), counts.units))


def label_alphas(
    item: Codes, answer: Codes, sets: Sequence[frozenset[str]], *, replicates: int = 1_000, seed: int = 0
) -> dict[str, Estimate]:
    """Return the alpha of each label: whether it was given or not."""
    found = {}
    for name in sorted(frozenset().union(*sets)) if sets else []:
        given = np.array([name in held for held in sets], np.int64)
        found[name] = bootstrap(tally(item, given[answer], 2), "nominal", replicates=replicates, seed=seed)
    return found


def _apart(counts: Tally, distances: Floats, patterns_: int) -> Floats:
    """Return the sum of distances of the answers of one item of each pattern, over one less than its answers."""
    from scipy import sparse  # slow import

    table = sparse.csr_array((counts.count, (counts.unit, counts.label)), shape=(patterns_, counts.labels))
    reach = np.asarray(table @ distances)
    per_entry = counts.count * reach[counts.unit, counts.label] / (counts.answers - 1)
    return sums(counts.unit, per_entry, patterns_)


def _alphas(drawn: Floats, table: object, apart: Floats, distances: Floats) -> Floats:
    given = np.asarray(drawn @ table)  # type: ignore[operator]
    total = given.sum(1)
    expected = ((given @ distances) * given).sum(1) / (total * (total - 1))
    observed = drawn @ apart / total
    ratio: Floats = np.divide(observed, expected, out=np.full(len(given), np.nan), where=expected > 1e-12)
    return 1 - ratio
