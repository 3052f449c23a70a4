"""What becomes of answers when a project asks something else: pure functions over the two schemas and one answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from labeling.engine.controls.base import AnswerError, Control, Given, SchemaError
from labeling.engine.schema import Answer, Schema, labels_of, validate_answer

Label = tuple[str, str]
Kind = Literal["kept", "renamed", "reduced", "incomplete", "reopened"]
# From what changes nothing to what asks the person again; an answer is the last of these that applies to it.
KINDS: tuple[Kind, ...] = ("kept", "renamed", "reduced", "incomplete", "reopened")


@dataclass(frozen=True)
class SchemaChange:
    """Two schemas and what is wanted of the labels that are in the first one only.

    A label that is neither renamed nor reopened is left out of the answers that use it.

    Attributes:
        old: The schema under which answers were given.
        new: The schema that they are to fit.
        renamed: (control, value) of the old schema to a value of the control of that name in the new one.
        reopened: Labels whose answers are asked again: they become drafts.
    """

    old: Schema
    new: Schema
    renamed: Mapping[Label, str] = field(default_factory=dict)
    reopened: frozenset[Label] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a mapping that names what is not there.

        Raises:
            SchemaError: With ``where`` as ``control.value``.
        """
        gone = set(gone_labels(self.old, self.new))
        for label in [*self.renamed, *sorted(self.reopened)]:
            if label not in gone:
                raise SchemaError(".".join(label), "is not a label that goes away with this change.")
        for (control, value), to in self.renamed.items():
            if (control, value) in self.reopened:
                raise SchemaError(f"{control}.{value}", "can be renamed or asked again, not both.")
            if to not in values_of(self.new.by_name.get(control)):
                raise SchemaError(f"{control}.{value}", f"cannot become {to!r}: the new questions have no such label.")

    @cached_property
    def _moves(self) -> dict[str, dict[str, str]]:
        moves: dict[str, dict[str, str]] = {}
        for (control, value), to in self.renamed.items():
            moves.setdefault(control, {})[value] = to
        return moves


@dataclass(frozen=True, slots=True)
class Moved:
    """One answer under the new schema.

    Attributes:
        kind: ``kept`` as it was, ``renamed`` labels and nothing lost, ``reduced`` by what is no longer asked,
            ``incomplete`` when something that must be answered is missing, ``reopened`` as a draft.
        answer: The answer in its new normal form.
        lost: Controls that lost something, in the order of the old schema.
    """

    kind: Kind
    answer: Answer
    lost: tuple[str, ...] = ()


def values_of(control: Control | None) -> list[str]:
    """Return the labels that a control offers, in the schema's order; nothing where it has none."""
    if control is None:
        return []
    nodes = getattr(control, "nodes", None)
    labels = [node for node, _parent in nodes] if nodes is not None else getattr(control, "labels", ())
    return [label.value for label in labels]


def gone_labels(old: Schema, new: Schema) -> list[Label]:
    """Return (control, value) of the labels that the old schema has and the new one has not, in the old order."""
    return [
        (control.name, value)
        for control in old.controls
        for value in values_of(control)
        if value not in set(values_of(_same(control, new)))
    ]


def new_musts(old: Schema, new: Schema) -> list[str]:
    """Return the controls that must be answered now and that earlier answers may lack."""
    before = {control.name for control in old.controls if control.required}
    return [control.name for control in new.controls if control.required and control.name not in before]


def move_answer(change: SchemaChange, answer: Answer, data: Mapping[str, Any] | None = None) -> Moved:
    """Return what becomes of a checked answer.

    Args:
        change: The two schemas and the wishes.
        answer: An answer that fitted the old schema.
        data: The task's fields; None where the caller has none.
    """
    if not change.reopened.isdisjoint(labels_of(change.old, answer)):
        answer_now, lost = _fit(change, answer, data)
        return Moved("reopened", answer_now, tuple(lost))
    found, lost = _fit(change, answer, data)
    if not _is_complete(change.new, found, data):
        return Moved("incomplete", found, tuple(lost))
    if lost:
        return Moved("reduced", found, tuple(lost))
    return Moved("kept" if found == answer else "renamed", found)


def _fit(change: SchemaChange, answer: Answer, data: Mapping[str, Any] | None) -> tuple[Answer, list[str]]:
    """Return the answer as far as the new schema takes it, and the controls that lost something."""
    found: Answer = {}
    whole: set[str] = set()
    # In the new order, since relations are checked against the spans before them.
    for control in change.new.controls:
        source = change.old.by_name.get(control.name)
        if control.name not in answer or source is None or source.type != control.type:
            continue
        value = _relabel(answer[control.name], change._moves.get(control.name, {}))
        known = set(values_of(control)) or None
        taken, complete = _take(control, value, known, Given(data, found, True))
        if taken is not None and not control.empty(taken):
            found[control.name] = taken
        if complete:
            whole.add(control.name)
    return found, [name for name in (control.name for control in change.old.controls) if name in answer.keys() - whole]


def _take(control: Control, value: Any, known: set[str] | None, given: Given) -> tuple[Any, bool]:
    """Return the part of a value that a control takes, and whether that is all of it."""
    try:
        return control.check(value, given), True
    except AnswerError:
        pass
    if isinstance(value, list):
        kept = _each_once(list(_passing(control, value, known, given)))
        try:
            return control.check(kept, given), len(kept) == len(value)
        except AnswerError:
            return None, False
    if isinstance(value, Mapping):
        kept_cells = {key: each for key, each in value.items() if _passes(control, {key: each}, given)}
        try:
            return control.check(kept_cells, given), False
        except AnswerError:
            return None, False
    return None, False


def _passing(control: Control, value: list[Any], known: set[str] | None, given: Given) -> Iterator[Any]:
    """Give the parts of a list that the control takes one by one."""
    for part in value:
        name = part.get("label") if isinstance(part, Mapping) else part
        if known is not None and name not in known:
            continue
        if _passes(control, [part], given):
            yield part
        elif isinstance(part, Mapping) and "attributes" in part:
            # A shape stays where it is when only what was asked of it has changed.
            bare = {key: each for key, each in part.items() if key != "attributes"}
            if _passes(control, [bare], given):
                yield bare


def _passes(control: Control, value: Any, given: Given) -> bool:
    try:
        control.check(value, given)
    except AnswerError:
        return False
    return True


def _each_once(parts: list[Any]) -> list[Any]:
    """Drop parts that became equal: two labels of one stretch that have one name now."""
    seen: set[Any] = set()
    kept = []
    for part in parts:
        place = part
        if isinstance(part, Mapping):
            place = (part.get("start"), part.get("end"), part.get("label")) if "start" in part else id(part)
        if place not in seen:
            seen.add(place)
            kept.append(part)
    return kept


def _relabel(value: Any, moves: Mapping[str, str]) -> Any:
    """Return a control's value with labels renamed, wherever that type of control keeps them."""
    if not moves:
        return value
    if isinstance(value, str):
        return moves.get(value, value)
    if isinstance(value, list):
        named = [
            {**part, "label": moves.get(part["label"], part["label"])}
            if isinstance(part, Mapping)
            else moves.get(part, part)
            for part in value
        ]
        return _each_once(named)
    return value


def _is_complete(schema: Schema, answer: Answer, data: Mapping[str, Any] | None) -> bool:
    try:
        validate_answer(schema, answer, data)
    except AnswerError:
        return False
    return True


def _same(control: Control, schema: Schema) -> Control | None:
    found = schema.by_name.get(control.name)
    return found if found is not None and found.type == control.type else None
