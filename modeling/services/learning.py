"""What a project's labels so far say about those to come: the order of the next tasks, and the learning curve."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labeling.models import Project, TaskOrder

if TYPE_CHECKING:
    import numpy as np

    from modeling.engine.heads.quick import QuickHead

# Until the next job asks anew, people get through about as many tasks as lie between two jobs. Four times that leaves
# room for a job that comes late, and moves few rows.
ORDERED_TIMES = 4
LEAST_ORDERED, MOST_ORDERED = 500, 2_000
# Between two jobs; where nobody set how many answers that is, as many as a project starts with.
DEFAULT_BATCH, MOST_BATCH = 50, 500
# What knows an order before there is any answer.
COLD_ORDERS = (TaskOrder.MIX, TaskOrder.DIVERSITY, TaskOrder.ERRORS)


def batch_of(project: Project) -> int:
    """Return about how many answers lie between two jobs."""
    return min(MOST_BATCH, project.suggest_every or DEFAULT_BATCH)


def next_items(
    project: Project,
    vectors: "np.ndarray[Any, Any]",
    labeled: int,
    head: "QuickHead | None",
    items: list[int],
    seed: int,
) -> dict[int, str]:
    """Return the items that come next, in this order, each with the code of its reason.

    Args:
        project: Its order decides.
        vectors: [labeled + len(items), d], labeled items first.
        labeled: How many are.
        head: Learned from the labels; None while these are too few.
        items: Numbers of the unlabeled items, in the order of their vectors.
        seed: Of the groups of alike items.
    """
    import numpy as np

    from modeling.engine.active import order

    if project.order == TaskOrder.CAME or (head is None and project.order not in COLD_ORDERS):
        return {}
    done = np.arange(len(vectors)) < labeled
    batch = batch_of(project)
    count = min(MOST_ORDERED, max(LEAST_ORDERED, ORDERED_TIMES * batch))
    shares = None if head is None else head.probabilities(vectors)
    # Where no label that items came with can be doubted, they come in the default order.
    method = TaskOrder.MIX if project.order == TaskOrder.ERRORS else project.order
    found = order(vectors, shares, done, method, seed=seed, count=count, batch=batch)
    numbers = (found.rows - labeled).tolist()
    return {items[number]: reason for number, reason in zip(numbers, found.reasons, strict=True)}


def measure_learning(
    vectors: "np.ndarray[Any, Any]", labels: list[str], on_fit: Callable[[int, int], None] | None = None
) -> dict[str, Any] | None:
    """Return the learning curve as JSON, None when there are too few labels to hold some out.

    Members: ``labels`` so far; ``points`` with ``labels``, ``accuracy``, ``low`` and ``high``, shares from 0 to 1;
    ``now``, the fitted accuracy at all labels; ``next``, how many more labels ``gain`` speaks of; ``gain``, the
    accuracy that those would add; ``pays``, whether that is half a point or more.
    """
    from modeling.engine.active import NEXT, learning_curve

    curve = learning_curve(vectors, labels, on_fit=on_fit)
    if curve is None:
        return None
    points = [
        {
            "labels": point.labels,
            "accuracy": round(point.accuracy, 4),
            "low": round(point.low, 4),
            "high": round(point.high, 4),
        }
        for point in curve.points
    ]
    fit = {"limit": curve.limit, "scale": curve.scale, "exponent": curve.exponent}
    return {
        "labels": len(labels),
        "points": points,
        "fit": fit,
        "now": round(curve.now, 4),
        "next": NEXT,
        "gain": round(curve.gain, 4),
        "pays": curve.pays,
    }
