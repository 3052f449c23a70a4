"""A lineage graph laid out as lines beside a list: one row a node, one lane a branch, readable on a phone."""

from dataclasses import dataclass
from typing import Any

from curation.services.lineage import Node

ROW = 60
LANE = 22
MARGIN = 16
# A phone of 390 px leaves room for the words beside this many lanes; further branches share the last.
LANES = 6


@dataclass(frozen=True, slots=True)
class Drawn:
    """A node with its place: `x` and `y` in pixels, `lane` for its colour."""

    node: Node
    x: int
    y: int
    lane: int


def layout(nodes: list[Node]) -> dict[str, Any]:
    """Place nodes that come parents first.

    A node goes into the lane of its first parent when that lane ends there, and into a free lane otherwise; a lane is
    free again below the last node that hangs on it.

    Returns:
        ``nodes`` (`Drawn`), ``edges`` (paths with their lane), ``width`` and ``height`` in pixels.
    """
    rows = {node.key: row for row, node in enumerate(nodes)}
    last = _last_uses(nodes, rows)
    lanes: list[str | None] = []
    placed: dict[str, int] = {}
    drawn: list[Drawn] = []
    for row, node in enumerate(nodes):
        for number, key in enumerate(lanes):
            if key is not None and last[key] < row:
                lanes[number] = None
        lane = _lane(node, lanes, placed, last, row)
        placed[node.key] = lane
        drawn.append(Drawn(node, MARGIN + lane * LANE, row * ROW + ROW // 2, lane))
    places = {one.node.key: one for one in drawn}
    edges = [_edge(places[parent], one) for one in drawn for parent in one.node.parents if parent in places]
    width = 2 * MARGIN + LANE * max(placed.values(), default=0)
    return {"nodes": drawn, "edges": edges, "width": width, "height": ROW * len(nodes)}


def _last_uses(nodes: list[Node], rows: dict[str, int]) -> dict[str, int]:
    """Return for each node the row of the last child that hangs on it, its own when it has none."""
    last = dict(rows)
    for node in nodes:
        for parent in node.parents:
            if parent in last:
                last[parent] = max(last[parent], rows[node.key])
    return last


def _lane(node: Node, lanes: list[str | None], placed: dict[str, int], last: dict[str, int], row: int) -> int:
    for parent in node.parents:
        if parent in placed and lanes[placed[parent]] == parent and last[parent] == row:
            lanes[placed[parent]] = node.key
            return placed[parent]
    free = next((number for number, key in enumerate(lanes) if key is None), len(lanes))
    if free >= LANES:
        return LANES - 1
    lanes[free : free + 1] = [node.key]
    return free


def _edge(parent: Drawn, child: Drawn) -> dict[str, Any]:
    """Return a line straight down the parent's lane that bends into the child's just above it."""
    if parent.x == child.x:
        path = f"M{parent.x} {parent.y}V{child.y}"
    else:
        bend = child.y - ROW // 2
        path = f"M{parent.x} {parent.y}V{bend - 12}C{parent.x} {bend + 8} {child.x} {bend - 8} {child.x} {child.y}"
        if child.y - parent.y <= ROW:
            path = f"M{parent.x} {parent.y}C{parent.x} {bend + 8} {child.x} {bend - 8} {child.x} {child.y}"
    return {"path": path, "lane": max(parent.lane, child.lane)}
