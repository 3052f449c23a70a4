"""One or several labels for the whole item."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from labeling.engine.controls.base import Given, Label, chosen_labels, control_name, flag, labels, one_label_only, text


@dataclass(frozen=True)
class Choice:
    """One or several labels. Its answer is a list of values in the schema's order."""

    type: ClassVar[str] = "choice"
    classifies: ClassVar[bool] = True
    name: str
    labels: tuple[Label, ...]
    multiple: bool = False
    required: bool = True
    title: str = ""
    fields: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def positions(self) -> dict[str, int]:
        """Where each value stands in the schema."""
        return {label.value: number for number, label in enumerate(self.labels)}

    @classmethod
    def parse(cls, row: Mapping[str, Any], where: str) -> Self:
        """Read a choice; there must be at least two labels, with values and keys that differ."""
        return cls(
            labels=labels(row, where, least=2),
            name=control_name(row, where),
            multiple=flag(row, "multiple", False, where),
            required=flag(row, "required", True, where),
            title=text(row, "title", where),
        )

    def check(self, value: Any, given: Given) -> list[str]:
        """Return the chosen values, each once, in the schema's order."""
        found = chosen_labels(value, self.positions, self.name, "spam")
        chosen = sorted(found, key=self.positions.__getitem__)
        if not self.multiple:
            one_label_only(chosen, self.name)
        return chosen

    def empty(self, value: Any) -> bool:
        """Tell whether no label is chosen."""
        return not value

    def counted(self, value: Any) -> Iterator[str]:
        """Give the chosen values."""
        yield from value

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {
            "name": self.name,
            "type": self.type,
            "title": self.title,
            "multiple": self.multiple,
            "required": self.required,
            "labels": [label.to_json() for label in self.labels],
        }
