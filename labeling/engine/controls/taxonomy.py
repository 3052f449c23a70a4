"""Labels in a tree, such as product categories."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import (
    MOST_LABELS,
    AnswerError,
    Given,
    Label,
    SchemaError,
    all_differ,
    chosen_labels,
    control_name,
    flag,
    label,
    one_label_only,
    some,
    text,
)

DEEPEST = 12
# A taxonomy is looked through by typing, so it may hold more than a choice, whose labels stand side by side.
MOST_NODES = 20 * MOST_LABELS


@dataclass(frozen=True)
class Taxonomy:
    """One or several nodes of a tree. Its answer is a list of values in the schema's order.

    A chosen node says all that lies above it, so a node above another chosen one is left out of the answer.

    Attributes:
        nodes: Label and the value of the node above it ("" at the top), parents before children.
        leaves_only: Whether only nodes without children may be chosen.
    """

    type: ClassVar[str] = "taxonomy"
    classifies: ClassVar[bool] = True
    fields: ClassVar[tuple[str, ...]] = ()
    name: str
    nodes: tuple[tuple[Label, str], ...]
    multiple: bool = False
    leaves_only: bool = False
    required: bool = True
    title: str = ""

    @cached_property
    def parents(self) -> dict[str, str]:
        """The value above each value."""
        return {node.value: parent for node, parent in self.nodes}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {node.value: number for number, (node, _parent) in enumerate(self.nodes)}

    @cached_property
    def _inner(self) -> frozenset[str]:
        return frozenset(parent for _node, parent in self.nodes)

    def above(self, value: str) -> list[str]:
        """Return the values above a value, the nearest first."""
        found = []
        while parent := self.parents[value]:
            found.append(parent)
            value = parent
        return found

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a tree: a label has ``labels`` of its own or names its ``parent``; values differ in the whole."""
        nodes = list(_read(row.get("labels"), "", f"{where}.labels", 1))
        if not 2 <= len(nodes) <= MOST_NODES:
            raise SchemaError(f"{where}.labels", f"must be a tree of 2 to {MOST_NODES} labels.")
        all_differ([node.value for node, _parent in nodes], f"{where}.labels", "value")
        all_differ([node.hotkey for node, _parent in nodes if node.hotkey], f"{where}.labels", "hotkey")
        return cls(
            name=control_name(row, where),
            nodes=tuple(nodes),
            multiple=flag(row, "multiple", False, where),
            leaves_only=flag(row, "leaves_only", False, where),
            required=flag(row, "required", True, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> list[str]:
        """Return the chosen values in the schema's order, without those that another chosen one implies."""
        found = chosen_labels(value, self._positions, self.name, "shoes")
        implied = {each for item in found for each in self.above(item)}
        chosen = sorted(found - implied, key=self._positions.__getitem__)
        if self.leaves_only:
            inner = [item for item in chosen if item in self._inner]
            if inner:
                raise AnswerError(self.name, f"{some(inner)} can be said more exactly.", "Choose a label below it.")
        if not self.multiple:
            one_label_only(chosen, self.name)
        return chosen

    def empty(self, value: Any) -> bool:
        """Tell whether nothing is chosen."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give the chosen values and not those above them."""
        yield from value

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads, as a flat list of labels with their parents."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "multiple": self.multiple,
            "leaves_only": self.leaves_only,
            "required": self.required,
            "labels": [{**node.to_json(), "parent": parent} for node, parent in self.nodes],
        }


def _read(rows: Any, parent: str, where: str, depth: int) -> Iterator[tuple[Label, str]]:
    if not isinstance(rows, list):
        raise SchemaError(where, "must be a list of labels.")
    if depth > DEEPEST:
        raise SchemaError(where, f"must not be deeper than {DEEPEST}.")
    seen: set[str] = set()
    for number, row in enumerate(rows):
        place = f"{where}.{number}"
        node = label(row, place)
        above = text(row, "parent", place) or parent
        if above != parent and above not in seen:
            raise SchemaError(f"{place}.parent", "must be the value of a label that stands before this one.")
        seen.add(node.value)
        yield node, above
        if row.get("labels"):
            for child in _read(row["labels"], node.value, f"{place}.labels", depth + 1):
                seen.add(child[0].value)
                yield child
