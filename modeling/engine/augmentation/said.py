"""What a trained model said of some rows, kept in a file, so that trials that were cut off need not train it again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.tasks.shapes import ScoredShape
from modeling.engine.tasks.spans import ScoredSpan

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Said:
    """Predictions of a task, the labels in their order, and the seconds that training and predicting took."""

    predictions: Any
    labels: tuple[str, ...]
    seconds: float

    def store(self, path: Path) -> None:
        """Write all into one file, which is whole or not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        facts: dict[str, Any] = {"labels": self.labels, "seconds": self.seconds}
        arrays: dict[str, Any] = {}
        if isinstance(self.predictions, np.ndarray):
            arrays["predictions"] = self.predictions
        else:
            # Lists of spans or of shapes: tuples become lists, numbers keep every digit.
            facts["rows"] = [[one._asdict() for one in row] for row in self.predictions]
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as sink:
            np.savez(sink, facts=np.array(json.dumps(facts, ensure_ascii=False, default=_number)), **arrays)
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(path)

    @staticmethod
    def load(path: Path) -> Said | None:
        """Read what `store` wrote; None where there is nothing."""
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            predictions = arrays["predictions"] if "predictions" in arrays else _rows(facts["rows"])
        return Said(predictions, tuple(facts["labels"]), facts["seconds"])


def _number(value: Any) -> Any:
    """Return a scalar of NumPy as one of Python."""
    return value.item()


def _rows(rows: list[list[dict[str, Any]]]) -> list[list[Any]]:
    return [[_scored(one) for one in row] for row in rows]


def _scored(one: dict[str, Any]) -> Any:
    if "points" not in one:
        return ScoredSpan(**one)
    return ScoredShape(**{**one, "points": tuple(tuple(point) for point in one["points"])})
