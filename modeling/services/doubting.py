"""The order by suspected errors: items whose label from an earlier version the other labels contradict come first."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.services.version import open_version
from labeling.models import Project

if TYPE_CHECKING:
    import numpy as np

# The reason of an item whose label would be listed among the label errors.
DOUBTED = "doubted"


@dataclass(frozen=True)
class Doubted:
    """What the labels so far say of those that items came with.

    Attributes:
        reasons: Items with the least believable label first; the code of the reason, empty where the label is believed.
        suggestions: Item, likeliest label and its probability, 0 to 1.
    """

    reasons: dict[int, str] = field(default_factory=dict)
    suggestions: list[tuple[int, str, float]] = field(default_factory=list)


def earlier_labels(project: Project, items: list[int]) -> dict[int, str]:
    """Return the labels that items of a project came with, by item; none where its version has no column of labels."""
    wanted = pa.array(items, pa.int64())
    found: dict[int, str] = {}
    with open_version(project.version) as reader:
        column = reader.manifest.roles.get("label")
        if column is None or column not in reader.schema.names:
            return {}
        for batch in reader.batches(columns=["item_id", column]):
            rows = pa.Table.from_batches([batch])
            rows = rows.filter(pc.and_(pc.is_in(rows["item_id"], wanted), pc.is_valid(rows[column])))
            labels = pc.cast(rows[column], pa.string()).to_pylist()
            found.update(zip(rows["item_id"].to_pylist(), labels, strict=True))
    return {item: label for item, label in found.items() if label}


def doubted_items(project: Project, vectors: "np.ndarray[Any, Any]", labels: list[str], waiting: list[int]) -> Doubted:
    """Return the order by suspected errors; nothing where fewer than two labels can be told apart.

    Args:
        project: Its version may have a column of labels.
        vectors: [len(labels) + len(waiting), d], labeled items first.
        labels: What people said so far; they teach too.
        waiting: Items that nobody answered.
    """
    import numpy as np

    from modeling.engine.label_doubts import DOUBTFUL, doubt_answers, usable_labels

    earlier = earlier_labels(project, waiting)
    known = [place for place, item in enumerate(waiting) if item in earlier]
    every = [*labels, *(earlier[waiting[place]] for place in known)]
    usable = set(usable_labels(every))
    if len(usable) < 2 or not usable.intersection(every[len(labels) :]):
        return Doubted()
    rows = np.r_[np.arange(len(labels)), np.array(known, np.int64) + len(labels)]
    asked = [(place, every[place]) for place in range(len(labels), len(every))]
    doubts = doubt_answers(vectors[rows], every, asked)
    found = Doubted()
    for place in np.argsort(doubts.scores, kind="stable").tolist():
        number = int(doubts.answers[place])
        item, score = waiting[known[number]], float(doubts.scores[place])
        found.reasons[item] = DOUBTED if score <= DOUBTFUL else ""
        other = score < 1 - score
        label = doubts.suggested[place] if other else every[len(labels) + number]
        found.suggestions.append((item, label, max(score, 1 - score)))
    return found
