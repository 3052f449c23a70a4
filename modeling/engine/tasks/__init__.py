"""The tasks that models learn: what an input and an answer is, what counts as good, and how two models compare."""

from modeling.engine.tasks.table import TASKS, get_task
from modeling.engine.tasks.task import Comparison, Task

__all__ = ["TASKS", "Comparison", "Task", "get_task"]
