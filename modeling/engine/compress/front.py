"""Which candidates nothing beats, and which of them a client with limits should take."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Limits:
    """What a client accepts.

    Attributes:
        drop: Points of the task's primary figure that may be lost against the model, on the validation rows.
        bytes: Of the bundle; None for any.
        ms: Milliseconds of the median answer to one text on this machine; None for any.
    """

    drop: float = 0.5
    bytes: int | None = None
    ms: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the limits JSON-ready."""
        return asdict(self)


@dataclass(frozen=True)
class Row:
    """A candidate that was made and measured as its bundle answers, or that failed.

    Attributes:
        name: Of its recipe.
        title: What it is, in words.
        rung: The export that was measured.
        student: Whether it is a model of its own, made by teaching.
        lost: Points of the primary figure lost against the model on the validation rows; the choice is made by it.
        figure: The primary figure on the test rows, in [0, 1].
        lost_test: Points lost against the model on the test rows, and `low` to `high` its 95 % interval.
        bytes: Of the bundle.
        ms: The median of one answer, in milliseconds.
        per_cpu_second: Texts answered in a second of processor time, one at a time.
        seconds: Processor seconds to make it.
        failed: Why there is none of the above; empty where there is.
    """

    name: str
    title: str
    rung: str = ""
    student: bool = False
    lost: float = 0.0
    figure: float = 0.0
    lost_test: float = 0.0
    low: float = 0.0
    high: float = 0.0
    bytes: int = 0
    ms: float = 0.0
    per_cpu_second: float = 0.0
    seconds: float = 0.0
    failed: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the row JSON-ready."""
        return asdict(self)

    def within(self, limits: Limits) -> bool:
        """Tell whether a client with these limits can take it."""
        return (
            not self.failed
            and self.lost <= limits.drop
            and (limits.bytes is None or self.bytes <= limits.bytes)
            and (limits.ms is None or self.ms <= limits.ms)
        )


def front(rows: Sequence[Row]) -> list[str]:
    """Return the names of rows that no other beats: none loses as little, is as small and as quick, and better in one
    of the three. From small to large."""
    good = [row for row in rows if not row.failed]

    def beaten(row: Row) -> bool:
        mine = (row.lost, row.bytes, row.ms)
        return any(
            all(a <= b for a, b in zip(theirs, mine, strict=True)) and theirs != mine
            for theirs in ((other.lost, other.bytes, other.ms) for other in good)
        )

    return [row.name for row in sorted(good, key=lambda row: (row.bytes, row.ms)) if not beaten(row)]


def propose(rows: Sequence[Row], limits: Limits) -> tuple[str | None, str]:
    """Return the smallest row within the limits, of equal ones the quickest, and a sentence why; None when there is
    none."""
    fitting = sorted((row for row in rows if row.within(limits)), key=lambda row: (row.bytes, row.ms, row.lost))
    asked = _asked(limits)
    if fitting:
        best = fitting[0]
        others = len(fitting) - 1
        why = "the only candidate" if not others else f"the smallest of {len(fitting)} candidates"
        return best.name, (
            f"{best.name} ({best.title}) is {why} within {asked}: {_told(best)}. On the test rows, which took no part "
            f"in the choice, it {_lost(best.lost_test)} (95 %: {best.low:.1f} to {best.high:.1f})."
        )
    good = [row for row in rows if not row.failed]
    if not good:
        return None, "Not one candidate could be made; the table says why."
    near = min(good, key=lambda row: (_excess(row, limits), row.bytes))
    return None, f"No candidate is within {asked}. The closest is {near.name} ({near.title}): {_told(near)}."


def _asked(limits: Limits) -> str:
    parts = [f"{limits.drop:g} points lost"]
    parts += [] if limits.bytes is None else [f"{limits.bytes / 1e6:.1f} MB"]
    parts += [] if limits.ms is None else [f"{limits.ms:g} ms"]
    return ", ".join(parts)


def _told(row: Row) -> str:
    return f"it {_lost(row.lost)} on the validation rows, takes {row.bytes / 1e6:.1f} MB and {row.ms:.2f} ms a text"


def _lost(points: float) -> str:
    return f"loses {points:.2f} points" if points > 0 else f"loses nothing ({-points:.2f} points gained)"


def _excess(row: Row, limits: Limits) -> float:
    """Return by how much a row is beyond the limits, the worst of the three, each as a share of its limit."""
    over = [(row.lost - limits.drop) / max(limits.drop, 0.5)]
    over += [] if limits.bytes is None else [row.bytes / limits.bytes - 1]
    over += [] if limits.ms is None else [row.ms / limits.ms - 1]
    return max(over)
