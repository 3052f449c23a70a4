"""Numbers that lie far from the others."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Drop, Found, Outcome, Step
from curation.engine.steps.columns import numeric_columns, require, require_numbers, teaching_rows

METHODS = ("iqr", "mad")
ACTIONS = ("find", "drop")
# Fewer values have no quartiles worth the name.
FEWEST = 5
# A value's distance is counted in standard deviations: 1.4826 medians, or 1.2533 means, of the absolute deviations of
# normally distributed values make one (Iglewicz and Hoaglin 1993, "How to Detect and Handle Outliers").
MEDIAN_TO_SIGMA = 1.4826
MEAN_TO_SIGMA = 1.2533

# For each column the smallest and the largest value that is no outlier, by group.
Fences = dict[str, dict[str, tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Outliers(Step):
    """Finds or drops rows with a number far from the others of its column, or of its column and group.

    ``iqr``: further than `iqr_factor` times the distance of the quartiles below the first or above the third (Tukey
    1977, "Exploratory Data Analysis"). ``mad``: a modified z-score above `mad_limit` (Iglewicz and Hoaglin 1993). Where
    more than half of the values are equal the mean absolute deviation takes the place of the median one; where all are
    equal, or there are fewer than five, there is no outlier. Limits come from the training part when there is one.
    Memory: 8 bytes a row and column.

    Attributes:
        columns: Columns of numbers; all of them when empty.
        method: ``iqr`` or ``mad``.
        iqr_factor: Tukey's 1.5; 3 for far outliers.
        mad_limit: 3.5 as recommended by Iglewicz and Hoaglin.
        group_column: Column within whose equal values limits hold, such as the label; rows without a value are a group.
        action: ``find`` or ``drop``.
    """

    name: ClassVar[str] = "outliers"
    title: ClassVar[str] = "Outliers"
    reasons: ClassVar[dict[str, str]] = {"outlier": "A number lies far from the others of its column."}
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"method": METHODS, "action": ACTIONS}
    columns: tuple[str, ...] = ()
    method: str = "iqr"
    iqr_factor: float = 1.5
    mad_limit: float = 3.5
    group_column: str = ""
    action: str = "find"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; choose one of {', '.join(METHODS)}")
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        if self.iqr_factor <= 0 or self.mad_limit <= 0:
            raise ValueError("iqr_factor and mad_limit are above 0")

    def prepare(self, batches: Batches, context: Context) -> Fences:
        """Return the limits of each column and group."""
        import pandas as pd  # slow import

        frames = []
        for table in batches():
            context.check()
            require(table, [self.group_column] if self.group_column else [])
            require_numbers(table, self.columns)
            names = self.columns or tuple(numeric_columns(table, context))
            teaching = teaching_rows(table)
            frame = pd.DataFrame({name: _numbers(teaching[name]) for name in names})
            frames.append(frame.assign(**{"\0group": self._groups(teaching)}))
        whole = pd.concat(frames, ignore_index=True)
        return {
            str(name): {str(group): self._fence(values.to_numpy()) for group, values in whole.groupby("\0group")[name]}
            for name in whole.columns
            if name != "\0group"
        }

    def notes(self, state: Fences) -> dict[str, Any]:
        """Return the limits of each column and group; those without any are left out."""
        limits = {
            name: {group: [low, high] for group, (low, high) in groups.items() if np.isfinite(low)}
            for name, groups in state.items()
        }
        return {"limits": limits}

    def apply(self, table: pa.Table, state: Fences, context: Context) -> Outcome:
        """Return the rows, with those beyond a limit listed or dropped."""
        groups, ids = self._groups(table), table["item_id"].to_numpy()
        names, codes = np.unique(groups, return_inverse=True)
        notes: dict[int, list[str]] = {}
        for name, fences in state.items():
            bounds = np.array([fences.get(str(group), (-np.inf, np.inf)) for group in names]).reshape(-1, 2)[codes]
            values = _numbers(table[name])
            for row in np.flatnonzero((values < bounds[:, 0]) | (values > bounds[:, 1])).tolist():
                low, high = bounds[row]
                notes.setdefault(row, []).append(f"{name}: {values[row]:.6g} is outside {low:.6g} to {high:.6g}")
        rows = sorted(notes)
        if self.action == "find":
            return Outcome(table, found=[Found(int(ids[row]), "outlier", "; ".join(notes[row])) for row in rows])
        keep = np.ones(table.num_rows, bool)
        keep[rows] = False
        drops = [Drop(int(ids[row]), "outlier", "; ".join(notes[row])) for row in rows]
        return Outcome(table.filter(pa.array(keep)) if drops else table, drops)

    def _groups(self, table: pa.Table) -> np.ndarray:
        if not self.group_column:
            return np.full(table.num_rows, "", object)
        return np.array(as_text(table[self.group_column]).fill_null("").to_pylist(), object)

    def _fence(self, values: np.ndarray) -> tuple[float, float]:
        known = values[np.isfinite(values)]
        if len(known) < FEWEST:
            return -np.inf, np.inf
        if self.method == "iqr":
            first, third = np.percentile(known, [25, 75])
            reach = self.iqr_factor * (third - first)
            return (float(first - reach), float(third + reach)) if reach > 0 else (-np.inf, np.inf)
        middle = float(np.median(known))
        away = np.abs(known - middle)
        sigma = MEDIAN_TO_SIGMA * float(np.median(away)) or MEAN_TO_SIGMA * float(away.mean())
        reach = self.mad_limit * sigma
        return (middle - reach, middle + reach) if reach > 0 else (-np.inf, np.inf)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column as float64, NaN where there is no value."""
    return np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), np.float64)
