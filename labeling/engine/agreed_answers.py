"""What several people's answers to one item come to, for all that is no label of a classifier."""

from collections.abc import Mapping, Sequence
from typing import Any

from labeling.engine.agreed_parts import Part, Thing, agreed_fields, marks_in, one_part, things, without_overlaps
from labeling.engine.consensus import agreed_relations, agreed_value
from labeling.engine.controls.shapes import Shapes
from labeling.engine.controls.spans import Relations, Spans
from labeling.engine.schema import Schema

# Who answered, and what.
Said = tuple[str, Mapping[str, Any]]


def agreed_answers(
    schema: Schema,
    items: Sequence[Sequence[Said]],
    known: Mapping[str, Sequence[list[Thing] | None]] | None = None,
    sizes: Mapping[str, Sequence[float | None]] | None = None,
) -> list[dict[str, Any]]:
    """Return what the answers to each item come to, for each control that does not classify; None where they differ.

    Of one answer this is the answer. Of several, spans are those that more than half of the people gave, shapes those
    of which more than half drew one in the same place, fields of a form and ratings of two sides are settled one by
    one, and every other value is the one that most people gave.

    Args:
        schema: What was asked.
        items: For each item who answered what; an item without answers gets nothing.
        known: By the name of a control with marks, for each item the things that are there as a model of all answers
            has it; None for an item on which people vote.
        sizes: By the name of a control with shapes, for each item the longer side of its picture in pixels.
    """
    found: list[dict[str, Any]] = [{} for _item in items]
    tied: dict[str, list[list[dict[str, str]]]] = {}
    for control in schema.controls:
        if control is schema.classifier:
            continue
        if isinstance(control, Spans | Shapes):
            sure = (known or {}).get(control.name) or [None] * len(items)
            longest = (sizes or {}).get(control.name) or [None] * len(items)
            values, tied[control.name] = _marks(control, items, sure, longest)
        elif isinstance(control, Relations):
            kept = [row.get(control.spans) or [] for row in found]
            values = [_relations(control, *of_item) for of_item in zip(items, tied[control.spans], kept, strict=True)]
        else:
            values = [_value([answer.get(control.name) for _who, answer in answers]) for answers in items]
        for row, value, answers in zip(found, values, items, strict=True):
            if answers:
                row[control.name] = value
    return found


def _marks(
    control: Spans | Shapes,
    items: Sequence[Sequence[Said]],
    known: Sequence[list[Thing] | None],
    longest: Sequence[float | None],
) -> tuple[list[Any], list[list[dict[str, str]]]]:
    """Return the marks of each item, and for each of its people the ids of these by the ids of their own."""
    own = [[(who, answer.get(control.name) or []) for who, answer in answers] for answers in items]
    asked = [place for place, one in enumerate(known) if len(own[place]) > 1 and not _fit(one, own[place])]
    votes = _vote(control, [own[place] for place in asked], [longest[place] for place in asked])
    voted = dict(zip(asked, votes, strict=True))
    values: list[Any] = []
    names = []
    for place, people in enumerate(own):
        if len(people) < 2:
            values.append(people[0][1] if people else [])
            names.append([{part["id"]: part["id"] for part in parts} for _who, parts in people])
            continue
        found = _merged(control, people, voted[place] if place in voted else known[place] or [])
        values.append([part for part, _members in found])
        of_people: dict[str, dict[str, str]] = {who: {} for who, _parts in people}
        by_who = dict(people)
        for part, members in found:
            for who, number in members:
                of_people[who][by_who[who][number]["id"]] = part["id"]
        names.append(list(of_people.values()))
    return values, names


def _fit(found: list[Thing] | None, people: Sequence[tuple[str, Sequence[Part]]]) -> bool:
    """Tell whether what a model found is of these answers, none of which came or changed since."""
    if found is None:
        return False
    sizes = {who: len(parts) for who, parts in people}
    return all(number < sizes.get(who, 0) for thing in found for who, number in thing.members)


def _vote(
    control: Spans | Shapes, items: Sequence[Sequence[tuple[str, Sequence[Part]]]], longest: Sequence[float | None]
) -> list[list[Thing]]:
    if isinstance(control, Spans):
        return [_voted_spans(people) for people in items]
    answered = [
        {who: marks_in(parts, size) for who, parts in people} for people, size in zip(items, longest, strict=True)
    ]
    return things(answered, "majority")[0]


def _voted_spans(people: Sequence[tuple[str, Sequence[Part]]]) -> list[Thing]:
    """Return the spans that more than half marked in the very same place with the same label."""
    seen: dict[tuple[int, int, str], dict[str, int]] = {}
    for who, spans in people:
        for number, span in enumerate(spans):
            seen.setdefault((span["start"], span["end"], span["label"]), {}).setdefault(who, number)
    return [
        Thing(len(members) / len(people), tuple(members.items()))
        for _place, members in sorted(seen.items())
        if len(members) * 2 > len(people)
    ]


def _merged(
    control: Spans | Shapes, people: Sequence[tuple[str, Sequence[Part]]], found: Sequence[Thing]
) -> list[tuple[Part, tuple[tuple[str, int], ...]]]:
    """Return one part for each thing with an id of its own, spans by their place and shapes as they were drawn."""
    parts = dict(people)
    rows = [(one_part([parts[who][number] for who, number in thing.members]), thing) for thing in found]
    if isinstance(control, Spans):
        stays = without_overlaps([(part, thing.confidence) for part, thing in rows], control.overlap)
        rows = [row for row, stay in zip(rows, stays, strict=True) if stay]
        rows.sort(key=lambda row: (row[0]["start"], row[0]["end"], row[0]["label"]))
    else:
        rows.sort(key=lambda row: sum(number for _who, number in row[1].members) / len(row[1].members))
    return [({"id": f"s{number}", **part}, thing.members) for number, (part, thing) in enumerate(rows, 1)]


def _relations(
    control: Relations, answers: Sequence[Said], names: Sequence[Mapping[str, str]], kept: Sequence[Part]
) -> list[dict[str, str]]:
    given = [answer.get(control.name) or [] for _who, answer in answers]
    return list(given[0]) if len(given) == 1 else agreed_relations(given, names, [span["id"] for span in kept])


def _value(values: Sequence[Any]) -> Any:
    given = [value for value in values if value is not None]
    if len(given) > 1 and all(isinstance(value, Mapping) for value in given):
        return agreed_fields(given) or None
    return agreed_value(given)
