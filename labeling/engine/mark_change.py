"""One span or shape of an answer put right: relabeled, moved, removed or added, and all of that taken back.

Relations that tie a removed span go with it, and come again when the span does.
"""

from collections.abc import Mapping
from typing import Any

from labeling.engine.agreed_parts import Part
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.schema import Answer, Schema

PARTED = (Spans, Shapes)
LONGEST_ID = 40


class MarkGone(ValueError):
    """The answer does not hold the mark any more as it was judged, or the project does not ask for it."""


def parted(schema: Schema) -> list[Spans | Shapes]:
    """Return the controls whose answers are lists of marks."""
    return [control for control in schema.controls if isinstance(control, PARTED)]


def part_in(answer: Mapping[str, Any] | None, control: str, mark: str) -> Part | None:
    """Return a mark of an answer by its id, None when there is none."""
    rows = (answer or {}).get(control)
    return next((row for row in rows if row.get("id") == mark), None) if isinstance(rows, list) else None


def stands(answer: Mapping[str, Any] | None, control: str, mark: str, part: Part | None) -> bool:
    """Tell whether an answer holds a mark just so; None for one that it must not hold."""
    return part_in(answer, control, mark) == part


def with_change(
    schema: Schema, answer: Mapping[str, Any], control: str, before: Part | None, after: Part | None
) -> Answer:
    """Return an answer in which one mark is another, is gone, or is there.

    Args:
        schema: What is asked.
        answer: A checked answer; it is not changed.
        control: Name of the control of the mark.
        before: The mark as the answer must hold it; None to add one.
        after: What stands in its place, with the same id; None to remove it.

    Raises:
        MarkGone: The control is asked no more, the mark is another by now, or one with this id is there.
    """
    asked = schema.by_name.get(control)
    if not isinstance(asked, PARTED):
        raise MarkGone(control)
    changed = dict(answer)
    rows = list(changed.get(control) or [])
    if before is None:
        if after is None or part_in(answer, control, after["id"]) is not None:
            raise MarkGone(control)
        rows.append(_fitting(asked, after))
    else:
        place = next((number for number, row in enumerate(rows) if row == before), None)
        if place is None:
            raise MarkGone(control)
        rows[place : place + 1] = [] if after is None else [_fitting(asked, after)]
    changed[control] = rows
    if after is None and before is not None:
        for name in _tying(schema, control):
            changed[name] = [tie for tie in changed.get(name) or [] if before["id"] not in (tie["from"], tie["to"])]
    return changed


def with_ties_again(schema: Schema, answer: Answer, control: str, mark: str, earlier: Mapping[str, Any]) -> Answer:
    """Return an answer with the relations of a mark that an earlier answer had, as far as both ends are there."""
    changed = dict(answer)
    there = {row["id"] for row in changed.get(control) or []}
    for name in _tying(schema, control):
        known = list(changed.get(name) or [])
        lost = [
            tie
            for tie in earlier.get(name) or []
            if mark in (tie["from"], tie["to"]) and {tie["from"], tie["to"]} <= there and tie not in known
        ]
        if lost:
            changed[name] = [*known, *lost]
    return changed


def free_id(answer: Mapping[str, Any] | None, control: str, wanted: str) -> str:
    """Return an id that no mark of the control has, the wanted one if it is free."""
    taken = {row.get("id") for row in (answer or {}).get(control) or []}
    found, number = wanted, 2
    while found in taken:
        found, number = f"{wanted[: LONGEST_ID - 6]}-{number}", number + 1
    return found


def _tying(schema: Schema, control: str) -> list[str]:
    return [each.name for each in schema.controls if isinstance(each, Relations) and each.spans == control]


def _fitting(control: Spans | Shapes, part: Part) -> Part:
    """Return a mark without the attributes that its label is not asked for."""
    if not isinstance(control, Shapes) or not part.get("attributes"):
        return part
    asked = {each.name for each in control.attributes if not each.labels or part["label"] in each.labels}
    kept = {name: value for name, value in part["attributes"].items() if name in asked}
    rest = {name: value for name, value in part.items() if name != "attributes"}
    return {**rest, "attributes": kept} if kept else rest
