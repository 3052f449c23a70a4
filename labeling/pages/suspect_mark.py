"""What the page of suspected label errors shows of a span or a shape: the text or picture around it."""

from dataclasses import dataclass
from typing import Any

from curation.pages.picture import thumb, view
from labeling.engine.controls.shapes import Shapes, corners
from labeling.engine.controls.spans import Spans
from labeling.engine.schema import Schema

# Characters on each side of a span: with it one or two lines of the table.
AROUND = 60
# A longer span is shown by its two ends.
LONGEST_SPAN = 160
# A shape is shown with so much of its longer side around it, and never less than so many pixels of the picture.
MARGIN = 0.5
LEAST_SIDE = 40.0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A span in the text around it; `left` and `right` end with an ellipsis where the text goes on."""

    left: str
    marked: str
    right: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A shape over a part of its picture, in pixels of the picture.

    Attributes:
        box: The part that is shown, as the viewBox of an SVG.
        width: Of the picture.
        height: Of the picture.
        points: Corners of the shape, as the points of an SVG polygon.
        view: Address of the picture at up to 2,048 pixels a side.
        thumb: Address of a small copy.
    """

    box: str
    width: float
    height: float
    points: str
    view: str
    thumb: str


def excerpt_of(schema: Schema, row: Any) -> Excerpt | None:
    """Return the text around a suspicion's span; None when it is of something else or the text is another by now."""
    control, part = schema.by_name.get(row.control), row.before or row.after
    if not isinstance(control, Spans) or not part or "start" not in part:
        return None
    text = row.task.data.get(control.field)
    start, end = part["start"], part["end"]
    if not isinstance(text, str) or not 0 <= start < end <= len(text):
        return None
    marked = text[start:end]
    if len(marked) > LONGEST_SPAN:
        marked = f"{marked[: LONGEST_SPAN // 2]} … {marked[-LONGEST_SPAN // 2 :]}"
    left, right = max(0, start - AROUND), min(len(text), end + AROUND)
    return Excerpt(
        ("…" if left else "") + text[left:start], marked, text[end:right] + ("…" if right < len(text) else "")
    )


def frame_of(schema: Schema, row: Any) -> Frame | None:
    """Return where a suspicion's shape lies in its picture; None without the picture or its size."""
    control, part = schema.by_name.get(row.control), row.before or row.after
    if not isinstance(control, Shapes) or not part or "type" not in part:
        return None
    field, wide, high = control.fields
    sha256 = str(row.task.data.get(field) or "")
    width, height = row.task.data.get(wide), row.task.data.get(high)
    if not view(sha256) or not all(isinstance(each, int | float) and each > 0 for each in (width, height)):
        return None
    places = corners(part)
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*places, strict=True))
    side = max(right - left, bottom - top, LEAST_SIDE)
    x, y = max(0.0, left - side * MARGIN), max(0.0, top - side * MARGIN)
    box = (x, y, min(width, right + side * MARGIN) - x, min(height, bottom + side * MARGIN) - y)
    return Frame(
        " ".join(f"{each:.1f}" for each in box),
        width,
        height,
        " ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        view(sha256),
        thumb(sha256),
    )
