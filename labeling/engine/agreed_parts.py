"""Spans and shapes as people's answers hold them, and one of them out of several that are of one thing.

What of several people's marks is of one thing, and whether the thing is there, `labeling.engine.crowd.marks` says.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labeling.engine.agreement.marks import Answered, Mark
from labeling.engine.consensus import agreed_value
from labeling.engine.controls.shapes import corners
from labeling.engine.crowd.marks import METHOD, agreed_marks
from labeling.engine.ratings import Floats

# A span or a shape as an answer holds it.
Part = dict[str, Any]
# Points are compared as squares of this share of the picture's longer side: two of them are the same up to a distance
# of a third of it along an axis, which is 2 % of the picture.
POINT = 0.06


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing that is there by several people's answers.

    Attributes:
        confidence: How probable it is, 0 to 1.
        members: Who marked it, and the place of that mark in their answer; the one that most others are near comes
            first.
    """

    confidence: float
    members: tuple[tuple[str, int], ...]


def marks_in(parts: Sequence[Part], longest: float | None = None) -> list[Mark]:
    """Return the parts of an answer as marks, in their order.

    Args:
        parts: Spans, or shapes of any kind.
        longest: The longer side of the picture in pixels; without it the farthest coordinate of the shapes.
    """
    if not longest:
        longest = max((value for part in parts if "type" in part for at in corners(part) for value in at), default=0)
    return [_mark(part, POINT * longest / 2) for part in parts]


def _mark(part: Part, reach: float) -> Mark:
    if "start" in part:
        return Mark(part["label"], (part["start"], part["end"]))
    # Boxes may be turned, and one answer may hold boxes and polygons: all are compared by their corners.
    found = corners(part)
    if part["type"] == "point":
        ((x, y),) = found
        found = corners({"type": "box", "x": x - reach, "y": y - reach, "width": 2 * reach, "height": 2 * reach})
    return Mark(part["label"], tuple(found))


def things(answered: Answered, method: str = METHOD, seed: int = 0) -> tuple[list[list[Thing]], Floats, str]:
    """Return the things that are there.

    Args:
        answered: For each item what each person marked.
        method: As of `labeling.engine.crowd.marks.agreed_marks`.
        seed: As of `agreed_marks`.

    Returns:
        The things of each item; how probable it is that the least sure decision on an item is right, over what was left
        out too, 0 to 1, shape (items,); and the model.
    """
    kept, consensus, of_item = agreed_marks(answered, method=method, seed=seed)
    sure = np.ones(len(answered))
    np.minimum.at(sure, of_item, consensus.confidence)
    found = [[Thing(one.confidence, one.members) for one in marks] for marks in kept]
    # Of an item that one person answered all is kept, however much a model doubts it.
    for item, (people, own) in enumerate(zip(answered, found, strict=True)):
        if len(people) == 1:
            sure[item] = min((thing.confidence for thing in own), default=1.0)
    return found, sure, consensus.method


def one_part(parts: Sequence[Part]) -> Part:
    """Return one part of several people's that are of one thing, without an id.

    A span and a polygon are what most gave, or else the first; corners of boxes and points are the middle of all. The
    type is the one that most chose, and each attribute what most said.

    Args:
        parts: At least one, the one that most others are near first.
    """
    if "start" in parts[0]:
        found = dict(_commonest(parts, lambda part: (part["start"], part["end"])))
    else:
        kind = _commonest(parts, lambda part: part["type"])["type"]
        alike = [part for part in parts if part["type"] == kind]
        found = _SHAPED.get(kind, _first)(alike)
        attributes = agreed_fields([part.get("attributes") or {} for part in alike])
        found.pop("attributes", None)
        if attributes:
            found["attributes"] = attributes
    found.pop("id", None)
    return found


def agreed_fields(values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return for each field of forms what most people gave; fields on which two values lead together are left out."""
    found = {}
    for name in dict.fromkeys(name for value in values for name in value):
        agreed = agreed_value([value.get(name) for value in values])
        if agreed is not None:
            found[name] = agreed
    return found


def without_overlaps(spans: Sequence[tuple[Part, float]], overlap: str) -> list[bool]:
    """Tell which spans stay where they must not overlap: of two the surer one.

    Args:
        spans: Spans with their confidence.
        overlap: As of `labeling.engine.controls.spans.Spans`: ``allow`` any, ``nest`` none that cross, ``none``.
    """
    stays = [True] * len(spans)
    if overlap == "allow":
        return stays
    taken: list[tuple[int, int]] = []
    for place in sorted(range(len(spans)), key=lambda place: -spans[place][1]):
        start, end = spans[place][0]["start"], spans[place][0]["end"]
        stays[place] = not any(_clash((start, end), other, overlap) for other in taken)
        if stays[place]:
            taken.append((start, end))
    return stays


def _clash(one: tuple[int, int], other: tuple[int, int], overlap: str) -> bool:
    if one[1] <= other[0] or other[1] <= one[0]:
        return False
    inside = (one[0] <= other[0] and other[1] <= one[1]) or (other[0] <= one[0] and one[1] <= other[1])
    return overlap == "none" or not inside


def _commonest(parts: Sequence[Part], key: Any) -> Part:
    """Return the first part of those whose key more than half share, or else the first."""
    said, count = Counter(key(part) for part in parts).most_common(1)[0]
    return next(part for part in parts if key(part) == said) if count * 2 > len(parts) else parts[0]


def _first(parts: Sequence[Part]) -> Part:
    return dict(parts[0])


def _middle_box(parts: Sequence[Part]) -> Part:
    sides = [(part["x"], part["y"], part["x"] + part["width"], part["y"] + part["height"]) for part in parts]
    left, top, right, bottom = np.median(np.array(sides), axis=0).tolist()
    place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
    return {**parts[0], **{name: round(value, 2) for name, value in place.items()}}


def _middle_point(parts: Sequence[Part]) -> Part:
    x, y = np.median(np.array([(part["x"], part["y"]) for part in parts]), axis=0).tolist()
    return {**parts[0], "x": round(x, 2), "y": round(y, 2)}


_SHAPED = {"box": _middle_box, "point": _middle_point}
