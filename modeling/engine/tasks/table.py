"""The table of tasks. A new task is one file beside this one and one row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modeling.engine.errors import EngineError
from modeling.engine.tasks.classification import ImageClassification, TableClassification, TextClassification
from modeling.engine.tasks.multilabel import ImageMultiLabel, TextMultiLabel
from modeling.engine.tasks.preference import Preference
from modeling.engine.tasks.regression import TableRegression
from modeling.engine.tasks.shapes import Detection, Segmentation
from modeling.engine.tasks.spans import Spans

if TYPE_CHECKING:
    from modeling.engine.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "text-classification": TextClassification,
    "text-multilabel": TextMultiLabel,
    "image-classification": ImageClassification,
    "image-multilabel": ImageMultiLabel,
    "table": TableClassification,
    "detection": Detection,
    "segmentation": Segmentation,
    "table-regression": TableRegression,
    "ner": Spans,
    "preference": Preference,
}


def get_task(name: str) -> Task:
    """Return the task of that name.

    Raises:
        EngineError: code `unknown_task`.
    """
    if name not in TASKS:
        raise EngineError(f"There is no task {name!r}; choose one of {', '.join(TASKS)}.", code="unknown_task")
    return TASKS[name]()
