"""The rows of a table that are the same thing: blocking, comparison, weights without labels, clusters."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.linkage.blocking import Blocking, candidate_pairs
from curation.engine.linkage.clusters import cluster_rows
from curation.engine.linkage.comparison import compare, level_counts
from curation.engine.linkage.fields import FieldValues, read_field
from curation.engine.linkage.model import LinkModel, fit

THRESHOLD = 0.9
ROW_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Linked:
    """What belongs together.

    Attributes:
        cluster: For each row the first row of its cluster, int64 [n]; a row alone is its own.
        left: First row of each pair inside a cluster, int64 [q], rising.
        right: Second row, int64 [q].
        probability: That the pair is the same thing, float64 [q], 0 to 1.
        candidates: Pairs that were compared.
        model: The weights.
    """

    cluster: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    probability: NDArray[np.float64]
    candidates: int
    model: LinkModel

    def summary(self) -> dict[str, Any]:
        """Return the counts and the model as plain values."""
        sizes = np.bincount(self.cluster, minlength=1)
        return {
            "rows": len(self.cluster),
            "candidates": self.candidates,
            "pairs": len(self.left),
            "clusters": int((sizes > 1).sum()),
            "largest": int(sizes.max()),
            "model": self.model.to_json(),
        }


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What decides a linkage beside the data.

    Attributes:
        threshold: Mean probability inside a cluster, 0 to 1.
        kinds: ``text``, ``code`` or ``number`` for fields whose kind shall not be guessed.
        blocking: How candidates are found.

    Raises:
        ValueError: The threshold is no probability.
    """

    threshold: float = THRESHOLD
    kinds: dict[str, str] = field(default_factory=dict)
    blocking: Blocking = field(default_factory=Blocking)

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise ValueError(f"The threshold is {self.threshold}; it is a probability between 0 and 1.")


def link_table(table: pa.Table, fields: list[str], settings: LinkSettings | None = None) -> Linked:
    """Find the rows that are the same thing; the same table gives the same answer, whatever the order of its columns.

    Memory: the fields' distinct values, and about 20 bytes a candidate pair; with the default blocking there are some
    20 to 60 candidates a row.

    Args:
        table: n rows.
        fields: Columns to compare.
        settings: Threshold and blocking.

    Raises:
        ValueError: A column is missing, or there is nothing to compare.
    """
    chosen = settings or LinkSettings()
    if not fields:
        raise ValueError(f"Name the columns to compare. There are {', '.join(table.schema.names)}.")
    for name in [*fields, *chosen.kinds]:
        if name not in table.schema.names:
            raise ValueError(f"There is no column {name}. There are {', '.join(table.schema.names)}.")
    if table.num_rows > ROW_LIMIT:
        raise ValueError(f"Record linkage takes at most {ROW_LIMIT:,} rows; this table has {table.num_rows:,}.")
    values = [read_field(name, table[name], chosen.kinds.get(name, "")) for name in fields]
    return link_fields(values, chosen)


def link_fields(fields: list[FieldValues], settings: LinkSettings) -> Linked:
    """Find the rows that are the same thing, given their fields."""
    counts = level_counts(fields)
    pairs = candidate_pairs(fields, settings.blocking)
    compared = compare(fields, pairs >> 32, pairs & 0xFFFFFFFF)
    model = fit(tuple(field.name for field in fields), compared, counts)
    cluster = cluster_rows(
        fields[0].rows,
        pairs,
        model.probability(compared),
        settings.threshold,
        lambda left, right: model.probability(compare(fields, left, right)),
    )
    left, right = _pairs_inside(cluster)
    chances = model.probability(compare(fields, left, right))
    return Linked(cluster, left, right, chances, len(pairs), model)


def _pairs_inside(cluster: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    from curation.engine.linkage.kernels import block_pairs, count_block_pairs  # slow import

    order = np.lexsort((np.arange(len(cluster)), cluster))
    groups = cluster[order]
    starts = (
        np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1], [True]])) if len(order) else np.zeros(1, int)
    )
    pairs = np.sort(block_pairs(order, starts, len(order), count_block_pairs(starts, len(order))))
    return pairs >> 32, pairs & 0xFFFFFFFF
