"""One answer out of several people's: a majority vote for labels, and its like for marks and texts."""

import json
from collections import Counter
from collections.abc import Sequence
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


def agreed_spans(answers: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the spans that more than half of the people marked with the same label, in their order.

    Args:
        answers: The spans of each person; an empty list is somebody who marked nothing, and counts.
    """
    seen: dict[tuple[int, int, str], list[dict[str, Any]]] = {}
    for spans in answers:
        for span in spans:
            seen.setdefault((span["start"], span["end"], span["label"]), []).append(span)
    kept = [spans[0] for _place, spans in sorted(seen.items()) if len(spans) * 2 > len(answers)]
    return [{**span, "id": f"s{number}"} for number, span in enumerate(kept, 1)]


def agreed_relations(
    answers: Sequence[Sequence[dict[str, str]]],
    marked: Sequence[Sequence[dict[str, Any]]],
    kept: Sequence[dict[str, Any]],
) -> list[dict[str, str]]:
    """Return the relations that more than half of the people drew between spans that were kept.

    Args:
        answers: The relations of each person.
        marked: The spans of each person, in the same order, which the relations name by id.
        kept: What `agreed_spans` made of them; the result names these.
    """
    names = {_place(span): span["id"] for span in kept}
    counts: Counter[tuple[str, str, str]] = Counter()
    for relations, spans in zip(answers, marked, strict=True):
        places = {span["id"]: _place(span) for span in spans}
        for row in relations:
            ends = [names.get(places.get(row[key], (-1, -1, ""))) for key in ("from", "to")]
            if ends[0] is not None and ends[1] is not None:
                counts[(ends[0], ends[1], row["label"])] += 1
    order = {span["id"]: number for number, span in enumerate(kept)}
    rows = sorted(
        (key for key, count in counts.items() if count * 2 > len(answers)),
        key=lambda key: (order[key[0]], order[key[1]], key[2]),
    )
    return [{"from": start, "to": end, "label": label} for start, end, label in rows]


def _place(span: dict[str, Any]) -> tuple[int, int, str]:
    return span["start"], span["end"], span["label"]
