"""What people ask of the items of a version, and the answer to it: a page of rows and where to go on."""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["equals", "missing", "present", "at_least", "at_most", "longer", "shorter"]
KINDS: tuple[Kind, ...] = ("equals", "missing", "present", "at_least", "at_most", "longer", "shorter")


class ConditionError(ValueError):
    """A condition that makes no sense on this version, in a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of an item.

    Attributes:
        kind: ``equals`` compares the value as it is written; ``missing`` and ``present`` look for a value at all (NaN
            counts as missing); ``at_least`` and ``at_most`` compare numbers; ``longer`` and ``shorter`` the length of
            the text in code points, both inclusive.
        column: The column; without meaning for ``longer`` and ``shorter``.
        value: What to compare with, as text.
    """

    kind: Kind
    column: str = ""
    value: str = ""

    def number(self) -> float:
        """Return the value as a number.

        Raises:
            ConditionError: It is none.
        """
        try:
            found = float(self.value)
        except ValueError:
            raise ConditionError(f"{self.value[:40]!r} is not a number.") from None
        if found != found:
            raise ConditionError("Nothing is compared with NaN; ask for missing values instead.")
        return found


@dataclass(frozen=True, slots=True)
class Question:
    """All that must hold of an item: the text that it must contain, and conditions.

    Attributes:
        text: A substring, compared in folded form: NFKC, lower case, single blanks. Any when empty.
        conditions: All must hold.
    """

    text: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def empty(self) -> bool:
        """Tell whether every item answers it."""
        return not self.text.strip() and not self.conditions


@dataclass(slots=True)
class Answer:
    """One page of items.

    Attributes:
        rows: The items in the version's order.
        numbers: Their row numbers, from 0.
        after: Where to go on forward, None when there is nothing behind.
        before: Where to go on backward, None when there is nothing in front.
        complete: False when the time was up before the page was full; `after` (or `before`) goes on from there.
        scanned: The row up to which was looked, exclusive; from which, when going backward.
        total: How many items answer in all, None when that was not counted.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    after: int | None = None
    before: int | None = None
    complete: bool = True
    scanned: int = 0
    total: int | None = None
