"""Rows of tables as what a model is linear in, and numbers as answers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .columns import Column, RowMatrix
from .model import Refused
from .trees import Trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .model import Tensors

Array = np.ndarray[Any, Any]


class RowReading:
    """A JSON object of values by column to `row`, float64 [1, features].

    A missing column or null is a gap, as in training; so is a text that is no number in a column of numbers. What
    training did not see of categories counts as its rare ones. Settings: `columns` and `missing` of `RowMatrix`.
    """

    of_objects = True

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self.columns = [Column.from_dict(column) for column in settings["columns"]]
        self.matrix = RowMatrix(self.columns, frozenset(settings["missing"]))
        self.example = {column.name: None for column in self.columns}

    def read(self, given: Any) -> tuple[Tensors, None]:
        """Return the input."""
        self.check(given)
        return {"row": self.matrix.scaled([given])}, None

    def check(self, given: Any) -> None:
        """Refuse what is no row of this model.

        Raises:
            Refused: The sentence names the column.
        """
        if not isinstance(given, Mapping):
            raise Refused("This is no object of values by column.", "not_a_row")
        names = [column.name for column in self.columns]
        if not any(name in given for name in names):
            shown = ", ".join(names[:10]) + (" and others" if len(names) > 10 else "")
            raise Refused(f"This row has none of the columns that the model reads: {shown}.", "no_columns")
        for column in self.columns:
            value = given.get(column.name)
            if column.kind != "category" and isinstance(value, list | tuple | Mapping):
                what = "an object" if isinstance(value, Mapping) else "a list"
                raise Refused(f"The column {column.name} holds {what}; give a {column.kind} or null.", "bad_value")


class TreeReading(RowReading):
    """A JSON object of values by column to `row`, the sums of the leaves that it falls into, float64 [1, outputs]; the
    trees lie in assets/."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        super().__init__(settings, member)
        arrays = {
            name: np.load(io.BytesIO(member(f"assets/{name}.npy")), allow_pickle=False)
            for name in ("baseline", "roots", "nodes", "categories")
        }
        self._trees = Trees.of_arrays(arrays, len(self.columns))

    def read(self, given: Any) -> tuple[Tensors, None]:
        """Return the input."""
        self.check(given)
        return {"row": self._trees.raw(self.matrix.for_trees([given]))}, None


class Value:
    """A number, [1, 1]."""

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        """Take nothing: the number is the answer."""

    def answer(self, outputs: Sequence[Array], known: Any) -> dict[str, Any]:
        """Return `value`."""
        return {"value": float(outputs[0][0, 0])}
