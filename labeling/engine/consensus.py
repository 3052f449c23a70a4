"""One answer out of several people's: a majority vote for labels, and its like for other values and for relations."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


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


def canonical(value: Any) -> str:
    """Return one text for an answer of labels, so that equal sets of labels vote together."""
    if isinstance(value, str):
        return value
    return "|".join(sorted(value)) if len(value) > 1 else (value[0] if value else "")


def agreed_value(values: Sequence[Any]) -> Any:
    """Return the value that more people gave than any other, compared as JSON; None when two lead together."""
    counts = Counter(json.dumps(value, sort_keys=True, ensure_ascii=False) for value in values)
    first = counts.most_common(2)
    if not first or (len(first) > 1 and first[0][1] == first[1][1]):
        return None
    return json.loads(first[0][0])


def agreed_relations(
    answers: Sequence[Sequence[dict[str, str]]],
    names: Sequence[Mapping[str, str]],
    kept: Sequence[str],
) -> list[dict[str, str]]:
    """Return the relations that more than half of the people drew of those who marked both spans that it ties.

    Args:
        answers: The relations of each person.
        names: For each person, in the same order, the ids of spans that were kept by the ids of their own spans.
        kept: The ids of the spans that were kept, in their order; the result names these.
    """
    drawn: Counter[tuple[str, str, str]] = Counter()
    for relations, known in zip(answers, names, strict=True):
        ties = {(known.get(row["from"]), known.get(row["to"]), row["label"]) for row in relations}
        drawn.update((start, end, label) for start, end, label in ties if start is not None and end is not None)
    marked = [frozenset(known.values()) for known in names]
    order = {name: number for number, name in enumerate(kept)}
    rows = sorted(
        (key for key, count in drawn.items() if count * 2 > sum(key[0] in own and key[1] in own for own in marked)),
        key=lambda key: (order[key[0]], order[key[1]], key[2]),
    )
    return [{"from": start, "to": end, "label": label} for start, end, label in rows]
