"""The answers of a project as its engine takes them: codes of labels, or marks, by item and person."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson
from django.db.models.fields.json import KeyTransform

from labeling.engine.agreed_parts import marks_in
from labeling.engine.agreement.marks import Mark
from labeling.engine.consensus import canonical
from labeling.engine.controls.base import Control
from labeling.engine.controls.choice import Choice
from labeling.engine.controls.rating import Preference, Rating
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.controls.taxonomy import Taxonomy
from labeling.engine.ratings import Ratings, in_natural_order
from labeling.models import Annotation, Project

# Answers that are read at once; 10,000 short ones are some 3 MB.
BATCH = 10_000
Check = Callable[[], None]


def kind_of(control: Control) -> str:
    """Return how answers of a control are compared: ``labels``, ``sets``, ``marks``, or empty when they are not."""
    if isinstance(control, Choice | Taxonomy):
        return "sets" if control.multiple else "labels"
    if isinstance(control, Preference) or (isinstance(control, Rating) and not control.sides):
        return "labels"
    return "marks" if isinstance(control, Spans | Shapes) else ""


def ratings_of(
    project: Project, control: Control, *, only_reviewed: bool = False, check: Check | None = None
) -> Ratings:
    """Return what people chose, one label for each answer; of several labels that were chosen together, one text.

    Args:
        project: Whose answers.
        control: One of the kinds ``labels`` or ``sets``.
        only_reviewed: Count only answers that a reviewer accepted or fixed.
        check: Called for each batch; raises when the job is to stop.

    Returns:
        Items are named by their ids, people by the ids of their accounts.
    """
    said = (
        (item, person, canonical(value) if isinstance(value, str | list) else str(value))
        for item, person, value in _values(project, control, only_reviewed, check)
    )
    return _coded(said)


def sayings_of(project: Project, control: Control, *, check: Check | None = None) -> Ratings:
    """Return what people said to a control of any kind, as texts that are equal where the answers are.

    The texts are hashes: what was said may be long, and only whether it is the same is asked. Relations are the same
    when they tie the same places.
    """
    values = (
        _ties(project, control, check) if isinstance(control, Relations) else _values(project, control, False, check)
    )
    said = (
        (item, person, blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest())
        for item, person, value in values
    )
    return _coded(said)


def _ties(project: Project, control: Relations, check: Check | None) -> Iterator[tuple[int, int, Any]]:
    """Give item, person and relations, with the places of spans instead of the names that one answer gives them."""
    found = Annotation.objects.filter(project=project, skipped=False).exclude(answer=None)
    columns = found.order_by("task_id", "annotator_id").values_list("task__item_id", "annotator_id", "answer")
    for number, (item, person, answer) in enumerate(columns.iterator(BATCH)):
        if check is not None and number % BATCH == 0:
            check()
        places = {span["id"]: [span["start"], span["end"], span["label"]] for span in answer.get(control.spans, [])}
        ties = answer.get(control.name) or []
        yield (
            item,
            person,
            sorted([places.get(tie["from"], []), places.get(tie["to"], []), tie["label"]] for tie in ties),
        )


def _coded(answers: Iterable[tuple[int, int, str]]) -> Ratings:
    codes: dict[str, dict[Any, int]] = {"item": {}, "person": {}, "label": {}}
    rows: list[tuple[int, int, int]] = []
    for item, person, said in answers:
        if said:
            row = (("item", item), ("person", person), ("label", said))
            rows.append(tuple(codes[name].setdefault(key, len(codes[name])) for name, key in row))  # type: ignore[arg-type]
    table = np.array(rows, np.int64).reshape(-1, 3)
    table = table[np.argsort(table[:, 0], kind="stable")]
    people, labels = ([str(name) for name in codes[noun]] for noun in ("person", "label"))
    person, people = _ordered(table[:, 1], people)
    label, labels = _ordered(table[:, 2], labels)
    return Ratings(table[:, 0], person, label, tuple(map(str, codes["item"])), tuple(people), tuple(labels))


def marks_of(
    project: Project, control: Control, *, only_reviewed: bool = False, check: Check | None = None
) -> tuple[list[int], list[dict[str, list[Mark]]]]:
    """Return the item ids, and for each what every person marked there, in the order of their answer.

    Args:
        project: Whose answers.
        control: One of the kind ``marks``.
        only_reviewed: Count only answers that a reviewer accepted or fixed.
        check: Called for each batch; raises when the job is to stop.
    """
    items: dict[int, dict[str, list[Mark]]] = {}
    # Points have no extent of their own and are compared within the size of the picture.
    sides = control.fields[1:] if isinstance(control, Shapes) and "point" in control.tools else ()
    for item, person, value, *size in _values(project, control, only_reviewed, check, sides):
        items.setdefault(item, {})[str(person)] = marks_in(value or [], longer_side(size))
    return list(items), list(items.values())


def longer_side(sides: Iterable[Any]) -> float | None:
    """Return the longer side of a picture, None where it is not known."""
    return max((side for side in sides if isinstance(side, int | float)), default=None)


def _values(
    project: Project, control: Control, only_reviewed: bool, check: Check | None, beside: Sequence[str] = ()
) -> Iterator[tuple[Any, ...]]:
    """Give item, person and value of each answer that counts, and the named fields of its task; an empty answer of a
    control with marks counts too."""
    found = Annotation.objects.filter(project=project, skipped=False).exclude(answer=None)
    if only_reviewed:
        found = found.exclude(verdict="")
    columns = found.order_by("task_id", "annotator_id").values_list(
        "task__item_id",
        "annotator_id",
        KeyTransform(control.name, "answer"),
        *(KeyTransform(name, "task__data") for name in beside),
    )
    for number, row in enumerate(columns.iterator(BATCH)):
        if check is not None and number % BATCH == 0:
            check()
        if row[2] is not None or isinstance(control, Spans | Shapes):
            yield row


def _ordered(codes: Any, names: list[str]) -> tuple[Any, list[str]]:
    order = in_natural_order(names)
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    return rank[codes], [names[place] for place in order]
