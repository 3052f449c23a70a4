"""The table of readers, one a task. A new task is one file beside this one and one row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modeling.engine.errors import EngineError
from modeling.engine.reading.labels import read_labeled_texts
from modeling.engine.reading.pairs import read_pairs
from modeling.engine.reading.pictures import read_drawn_pictures, read_labeled_pictures
from modeling.engine.reading.records import read_records
from modeling.engine.reading.spans import read_spans

if TYPE_CHECKING:
    from collections.abc import Callable

    from modeling.engine.data import Examples
    from modeling.engine.reading.options import ReadingOptions

READERS: dict[str, Callable[[ReadingOptions], Examples]] = {
    "text-classification": read_labeled_texts,
    "text-multilabel": read_labeled_texts,
    "image-classification": read_labeled_pictures,
    "image-multilabel": read_labeled_pictures,
    "detection": read_drawn_pictures,
    "segmentation": read_drawn_pictures,
    "ner": read_spans,
    "table": read_records,
    "table-regression": read_records,
    "preference": read_pairs,
}


def read_examples(options: ReadingOptions) -> Examples:
    """Return the examples of a file or folder.

    Raises:
        EngineError: code `unknown_task`.
        BadData: the data cannot be read as this task's, or not be learned from.
    """
    if options.task not in READERS:
        raise EngineError(
            f"There is no task {options.task!r}; choose one of {', '.join(READERS)}.", code="unknown_task"
        )
    return READERS[options.task](options)
