"""Scaling and encoding of columns, fitted on the training part."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.encoders import apply_encoders, onehot_names
from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Outcome, Step, StepError
from curation.engine.steps.columns import require, require_numbers, teaching_rows

# A one-hot column for each value of a free text would make a table of thousands of columns.
MOST_CATEGORIES = 1_000


@dataclass(frozen=True, slots=True)
class EncodeColumns(Step):
    """Scales numbers and encodes categories with figures of the training part, and stores them with the version.

    Where the table has a column ``split`` only its rows ``train`` are looked at; without it all are. What comes out for
    values that training did not see stands in `curation.engine.encoders.apply_encoders`, which serving calls with what
    is stored. Numbers are fitted with scikit-learn's StandardScaler and MinMaxScaler, in batches; categories are put in
    the order of its encoders.

    Attributes:
        standard: Columns of numbers to bring to mean 0 and standard deviation 1.
        minmax: Columns of numbers to bring to 0 to 1.
        onehot: Columns that become one column of 0 and 1 for each value.
        ordinal: Columns whose values become their place in rising order.
    """

    name: ClassVar[str] = "encode_columns"
    title: ClassVar[str] = "Scale and encode columns"
    standard: tuple[str, ...] = ()
    minmax: tuple[str, ...] = ()
    onehot: tuple[str, ...] = ()
    ordinal: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = Counter(self._names())
        twice = [name for name, times in named.items() if times > 1]
        if twice:
            raise ValueError(f"the column {twice[0]} is encoded in two ways; choose one")

    def prepare(self, batches: Batches, context: Context) -> list[dict[str, Any]]:
        """Return the encoders, fitted."""
        from sklearn.preprocessing import MinMaxScaler, StandardScaler  # slow import

        scalers = {name: StandardScaler() for name in self.standard} | {name: MinMaxScaler() for name in self.minmax}
        categories: dict[str, set[str]] = {name: set() for name in (*self.onehot, *self.ordinal)}
        for table in batches():
            context.check()
            self._check(table, context)
            teaching = teaching_rows(table)
            for name, scaler in scalers.items():
                values = _numbers(teaching[name])
                if len(values):
                    scaler.partial_fit(values)
            for name, found in categories.items():
                found.update(pc.drop_null(pc.unique(as_text(teaching[name]))).to_pylist())
                if len(found) > MOST_CATEGORIES:
                    raise StepError(
                        f"The column {name} has more than {MOST_CATEGORIES:,} different values; it is no category. "
                        "Leave it out, or map its values first."
                    )
        encoders = [_standard(name, scalers[name]) for name in self.standard]
        encoders += [_minmax(name, scalers[name]) for name in self.minmax]
        encoders += [_categorical("onehot", name, categories[name]) for name in self.onehot]
        return encoders + [_categorical("ordinal", name, categories[name]) for name in self.ordinal]

    def notes(self, state: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the encoders, which the version keeps."""
        return {"encoders": state}

    def apply(self, table: pa.Table, state: list[dict[str, Any]], context: Context) -> Outcome:
        """Return the table with its columns scaled and encoded."""
        for encoder in state:
            taken = set(table.schema.names) & set(onehot_names(encoder) if encoder["kind"] == "onehot" else ())
            if taken:
                raise StepError(f"There is a column {min(taken)} already. Rename it, or leave {encoder['column']} out.")
        return Outcome(apply_encoders(table, state), changed=table.num_rows if state else 0)

    def _names(self) -> tuple[str, ...]:
        return (*self.standard, *self.minmax, *self.onehot, *self.ordinal)

    def _check(self, table: pa.Table, context: Context) -> None:
        require_numbers(table, (*self.standard, *self.minmax))
        require(table, (*self.onehot, *self.ordinal))
        played = {column: role for role, column in context.roles.items()}
        for name in self._names():
            if name in played or name == "split":
                role = played.get(name, "split")
                raise StepError(f"The column {name} is the {role}; its values are needed as they are. Leave it out.")


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return the values of a column that are numbers, neither missing nor infinite, float64 [n, 1]."""
    values = np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), np.float64)
    return values[np.isfinite(values)].reshape(-1, 1)


def _standard(name: str, scaler: Any) -> dict[str, Any]:
    """Return the encoder; a column without values in the training part has mean 0 and scale 1."""
    known = hasattr(scaler, "mean_")
    mean, scale = (float(scaler.mean_[0]), float(scaler.scale_[0])) if known else (0.0, 1.0)
    return {"kind": "standard", "column": name, "mean": mean, "scale": scale}


def _minmax(name: str, scaler: Any) -> dict[str, Any]:
    """Return the encoder; a column without values in the training part has low 0 and high 1."""
    known = hasattr(scaler, "data_min_")
    low, high = (float(scaler.data_min_[0]), float(scaler.data_max_[0])) if known else (0.0, 1.0)
    return {"kind": "minmax", "column": name, "low": low, "high": high}


def _categorical(kind: str, name: str, values: set[str]) -> dict[str, Any]:
    return {"kind": kind, "column": name, "categories": sorted(values)}
