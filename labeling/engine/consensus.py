"""One label out of several people's answers, by majority vote."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consensus:
    """What several answers to one question come to.

    Attributes:
        label: The value most people gave; None when nobody answered, or when two values lead together.
        agreement: Share of answers equal to the leading value, 0 to 1, where 1 is full agreement; None without answers.
        votes: How many answers were counted.
        tied: The values that lead together, sorted; empty unless there is a tie.
    """

    label: str | None
    agreement: float | None
    votes: int
    tied: tuple[str, ...] = ()


def majority(answers: Sequence[str]) -> Consensus:
    """Return the majority of the answers. A tie gives no label, whatever the order of the answers."""
    if not answers:
        return Consensus(None, None, 0)
    counts = Counter(answers)
    most = max(counts.values())
    leading = tuple(sorted(value for value, count in counts.items() if count == most))
    agreement = most / len(answers)
    if len(leading) > 1:
        return Consensus(None, agreement, len(answers), leading)
    return Consensus(leading[0], agreement, len(answers))


def canonical(values: Sequence[str]) -> str:
    """Return one text for an answer of several labels, so that equal sets of labels vote together."""
    return "|".join(sorted(values)) if len(values) > 1 else (values[0] if values else "")
