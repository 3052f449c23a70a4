"""Shapes that other tools draw and ours do not, and ours as others write them. Pixels; y grows downwards."""

import math
from collections.abc import Sequence
from typing import Any

from labeling.engine.controls.shapes import corners

# Corners of a polygon that stands for an ellipse: at a radius of 500 pixels it leaves the curve by 0.6.
ELLIPSE_CORNERS = 64
# By how much a corner of four may lie off a rectangle's, as a part of its longer side or in pixels.
_SLANT, _SLACK = 0.01, 0.75
Shape = dict[str, Any]
Place = tuple[float, float]


def ellipse(x: float, y: float, across: float, down: float, angle: float = 0.0) -> list[list[float]]:
    """Return a polygon for an ellipse with its centre, half axes, and turn in degrees, clockwise."""
    turn = math.radians(angle)
    found = []
    for number in range(ELLIPSE_CORNERS):
        at = 2 * math.pi * number / ELLIPSE_CORNERS
        dx, dy = across * math.cos(at), down * math.sin(at)
        found.append([x + dx * math.cos(turn) - dy * math.sin(turn), y + dx * math.sin(turn) + dy * math.cos(turn)])
    return found


def around(places: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the upright box around some places."""
    across, down = [place[0] for place in places], [place[1] for place in places]
    return min(across), min(down), max(across), max(down)


def upright(places: Sequence[Sequence[float]]) -> Shape:
    """Return the geometry of the upright box around some places."""
    left, top, right, bottom = around(places)
    return {"type": "box", "x": left, "y": top, "width": right - left, "height": bottom - top}


def turned_box(quad: Sequence[Sequence[float]]) -> Shape | None:
    """Return the geometry of a rotated box by its four corners in order; None where they are no rectangle."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    x, y = (ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4
    width = (math.dist((ax, ay), (bx, by)) + math.dist((dx, dy), (cx, cy))) / 2
    height = (math.dist((bx, by), (cx, cy)) + math.dist((ax, ay), (dx, dy))) / 2
    # The sides of both pairs say how it is turned; the longer one says it better.
    across = (bx - ax + cx - dx, by - ay + cy - dy)
    down = (dx - ax + cx - bx, dy - ay + cy - by)
    turn = math.atan2(across[1], across[0]) if width >= height else math.atan2(-down[0], down[1])
    found = {"type": "rotated_box", "x": x, "y": y, "width": width, "height": height}
    found["angle"] = math.degrees(turn) % 360
    slack = max(_SLACK, _SLANT * max(width, height))
    if any(math.dist(one, other) > slack for one, other in zip(corners(found), quad, strict=True)):
        return None
    return found


def flat(places: Sequence[Sequence[float]]) -> list[float]:
    """Return the coordinates one after the other."""
    return [float(each) for place in places for each in place]
