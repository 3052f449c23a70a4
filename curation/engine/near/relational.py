"""The join as relations: the same ibis expressions on DuckDB, which spills to disk, and on PySpark, for a cluster.

What `ranking` and `joining` do in arrays, said in joins and group-bys (as Vernica and others 2010 and Fier and others
2018 do on clusters): an equality join on the shingles of prefixes proposes pairs, filters follow, and every candidate
is counted in full. All arithmetic is on whole numbers, so that all ways give the same pairs.

Two tables go in, as Parquet (`relations.Relations` writes them):

- ``sets``: number, size, probe, kept (int64): how many of the set's first shingles are looked up, and how many can be
  found, both for one threshold and computed here, so that no dialect has to divide;
- ``shingles``: number, shingle (int64): one row a shingle of a set, the hash as signed number (Spark has no other).
"""

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


def placed(sets: "ir.Table", shingles: "ir.Table") -> "ir.Table":
    """Return the shared shingles of sets that may be like another one, with their places in the order of frequency.

    Returns:
        One row a set and shingle: number, shingle, place (from 0, rare ones first), size, shared (how many of its
        shingles some other set has), alone (how many none has: they stand before place 0), probe, kept.
    """
    import ibis
    from ibis import _

    common = shingles.group_by("shingle").agg(frequency=_.count()).filter(_.frequency > 1)
    order = ibis.window(group_by="number", order_by=["frequency", "shingle"])
    whole = ibis.window(group_by="number")
    shared = shingles.join(common, "shingle").mutate(
        place=ibis.row_number().over(order).cast("int64"), shared=_.shingle.count().over(whole).cast("int64")
    )
    rows = shared.join(sets, "number").mutate(alone=_.size - _.shared)
    # A set that shares less than the least overlap with all others together is like none of them.
    few = rows.filter(_.alone < _.probe)
    return few.select("number", "shingle", "place", "size", "shared", "alone", "probe", "kept")


def candidates(rows: "ir.Table", threshold: Fraction) -> "ir.Table":
    """Return the pairs that pass all filters: one (larger), two (smaller), both (their sizes together).

    Args:
        rows: What `placed` gave.
        threshold: Least Jaccard similarity.
    """
    from ibis import _

    over, under = threshold.numerator, threshold.denominator
    probed = rows.filter(_.alone + _.place < _.probe).select(
        "shingle", one=_.number, size_one=_.size, left_one=_.shared - _.place
    )
    indexed = rows.filter(_.alone + _.place < _.kept).select(
        "shingle", two=_.number, size_two=_.size, left_two=_.shared - _.place
    )
    met = probed.join(indexed, "shingle").filter(
        (_.size_two < _.size_one) | ((_.size_two == _.size_one) & (_.two < _.one)),
        _.size_two * under >= _.size_one * over,
        # The position filter holds at the first common shingle of a pair, so a pair that passes nowhere is none.
        _.left_one * (over + under) >= (_.size_one + _.size_two) * over,
        _.left_two * (over + under) >= (_.size_one + _.size_two) * over,
    )
    return met.select("one", "two", both=_.size_one + _.size_two).distinct()


def pairs(rows: "ir.Table", threshold: Fraction) -> "ir.Table":
    """Return the pairs of sets at or above the threshold: left, right (above `left`), overlap; in any order."""
    import ibis
    from ibis import _

    over, under = threshold.numerator, threshold.denominator
    of_one, of_two = rows.select("shingle", one=_.number), rows.select("shingle", two=_.number)
    counted = (
        candidates(rows, threshold)
        .join(of_one, "one")
        .join(of_two, ["two", "shingle"])
        .group_by(["one", "two", "both"])
        .agg(overlap=_.count())
    )
    good = counted.filter(_.overlap * (over + under) >= _.both * over)
    return good.select(left=ibis.least(_.one, _.two), right=ibis.greatest(_.one, _.two), overlap=_.overlap)
