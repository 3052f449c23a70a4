"""What a reader is told: which columns mean what, and how to split where the data does not say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class ReadingOptions:
    """Names of columns, and the seed of a split.

    Attributes:
        data: A file or a folder.
        task: A name of `modeling.engine.tasks.TASKS`.
        text: The column of texts.
        label: The column of labels, spans or decisions.
        split: A column with train, validation, test; None splits by class with the seed.
        separator: Between the labels of one cell, where a cell holds several.
        seed: Of the split.
        notes: Rows that were left out, each with its reason; readers add to it.
    """

    data: Path
    task: str
    text: str = "text"
    label: str = "label"
    split: str | None = None
    separator: str = "|"
    seed: int = 0
    notes: list[str] = field(default_factory=list)
