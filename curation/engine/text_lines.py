"""Texts taken apart into lines and put together again, a whole batch at a time."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """All lines of a batch of texts.

    Attributes:
        lines: The lines of all texts, one after the other; a carriage return before a line feed stays with its line.
        bounds: The lines of text t are bounds[t] to bounds[t + 1]; every text has at least one, if an empty one.
    """

    lines: pa.Array
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, texts: pa.Array) -> Self:
        """Take texts (large strings without null) apart at line feeds."""
        lists = pc.split_pattern(texts, "\n")
        return cls(lists.flatten(), np.asarray(lists.offsets).astype(np.int64))

    @property
    def owners(self) -> NDArray[np.int64]:
        """Return for each line the number of its text."""
        return np.repeat(np.arange(len(self.bounds) - 1), np.diff(self.bounds))

    def joined(self, kept: NDArray[np.bool_]) -> pa.Array:
        """Return the texts with only those of their lines that are kept; a text without any is empty."""
        places = np.concatenate([[0], np.cumsum(kept)])[self.bounds]
        left = pa.ListArray.from_arrays(pa.array(places, pa.int32()), self.lines.filter(pa.array(kept)))
        return pc.binary_join(left, pa.scalar("\n", pa.large_string()))
