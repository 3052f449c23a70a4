"""Masks within boxes to polygons: the line along which chances are one half, with few points."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Points = list[tuple[float, float]]
# A mask is looked for in its box widened by this share on each side: boxes are a little off.
MARGIN = 0.1
# No point of a mask's outline is further from its polygon than this many pixels of the original picture.
MOST_ERROR = 1.0
# From this chance on a cell belongs to the mask.
HALF = 0.5
# Edges of a square of four cells, clockwise from the top, that a line enters and leaves by, for each way in which its
# corners (top left 8, top right 4, bottom right 2, bottom left 1) lie inside: it starts where, clockwise, inside ends.
# Of two opposite corners each has a line of its own: the second ones are _AGAIN.
_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
_FROM = np.array(
    [0, _LEFT, _BOTTOM, _LEFT, _RIGHT, _RIGHT, _BOTTOM, _LEFT, _TOP, _TOP, _TOP, _TOP, _RIGHT, _RIGHT, _BOTTOM, 0]
)
_TO = np.array(
    [0, _BOTTOM, _RIGHT, _RIGHT, _TOP, _TOP, _TOP, _TOP, _LEFT, _BOTTOM, _LEFT, _RIGHT, _LEFT, _BOTTOM, _LEFT, 0]
)
_AGAIN = {5: (_LEFT, _BOTTOM), 10: (_BOTTOM, _RIGHT)}


def widened(boxes: Array) -> Array:
    """Return boxes [n, 4] widened by MARGIN on each side."""
    left, top, right, bottom = boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3]
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    return np.stack([left - across, top - down, right + across, bottom + down], 1)


def outline_of_mask(chances: Array, box: Array) -> Points:
    """Return the polygon around the largest part of a mask; the box's corners where the mask is empty.

    Args:
        chances: [side, side] in [0, 1], within the widened box.
        box: x0, y0, x1, y1 in pixels of the original picture.
    """
    left, top, right, bottom = widened(box[None])[0].tolist()
    lines = half_lines(np.pad(chances.astype(np.float64), 1))
    if not lines:
        x0, y0, x1, y1 = box.tolist()
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    largest = max(lines, key=_area)
    # The middle of the first cell lies half a cell from the edge, and its number is 1.
    steps = np.array([right - left, bottom - top]) / np.array(chances.shape[::-1])
    points = (largest - 0.5) * steps + np.array([left, top])
    simple = simplified(points, MOST_ERROR)
    return [(x, y) for x, y in (simple if len(simple) > 2 else points).tolist()]


def half_lines(grid: Array) -> list[Array]:
    """Return the closed lines along which a grid [n, n] with a border of zeros is one half: arrays [m, 2] of x, y in
    cells (marching squares: Lorensen and Cline 1987)."""
    count = len(grid)
    inside = grid >= HALF
    codes = 8 * inside[:-1, :-1] + 4 * inside[:-1, 1:] + 2 * inside[1:, 1:] + inside[1:, :-1]
    rows, columns = np.nonzero((codes > 0) & (codes < 15))
    kinds = codes[rows, columns]
    # Edges to the right of a cell have its number, those below it come after all of these.
    cells, below = rows * count + columns, count * count
    edges = np.stack([cells, below + cells + 1, cells + count, below + cells], 1)
    every = np.arange(len(cells))
    after = dict(zip(edges[every, _FROM[kinds]].tolist(), edges[every, _TO[kinds]].tolist(), strict=True))
    for kind, (start, end) in _AGAIN.items():
        both = edges[kinds == kind]
        after.update(zip(both[:, start].tolist(), both[:, end].tolist(), strict=True))
    lines = []
    while after:
        edge, following = after.popitem()
        line = [edge]
        while following != edge:
            line.append(following)
            following = after.pop(following)
        lines.append(_crossings(grid, np.array(line)))
    return [line for line in lines if len(line) > 2]


def _crossings(grid: Array, edges: Array) -> Array:
    """Return where the grid is one half on edges between two cells, x and y in cells."""
    count = len(grid)
    upright = edges >= count * count
    row, column = np.divmod(edges % (count * count), count)
    first = grid[row, column]
    second = grid[row + upright, column + ~upright]
    share = (HALF - first) / (second - first)
    return np.stack([column + share * ~upright, row + share * upright], 1)


def _area(line: Array) -> float:
    x, y = line[:, 0], line[:, 1]
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()))


def simplified(points: Array, most: float) -> Array:
    """Return the points of a closed line that keep every other within `most` of it (Douglas and Peucker 1973)."""
    line = points[:, 0] + 1j * points[:, 1]
    # Begun at two points that lie far apart, which stay.
    start = int(np.abs(line - line[0]).argmax())
    line = np.roll(line, -start)
    middle = int(np.abs(line - line[0]).argmax())
    line = np.append(line, line[0])
    kept, parts = {0, middle}, [(0, middle), (middle, len(line) - 1)]
    while parts:
        first, last = parts.pop()
        if last - first < 2:
            continue
        inner, along = line[first + 1 : last] - line[first], line[last] - line[first]
        length = abs(along)
        away = np.abs((inner * along.conjugate()).imag) / length if length else np.abs(inner)
        worst = int(away.argmax())
        if away[worst] > most:
            place = first + 1 + worst
            kept.add(place)
            parts += [(first, place), (place, last)]
    chosen = line[sorted(kept)]
    return np.stack([chosen.real, chosen.imag], 1)
