"""The front as a picture: points lost against size or time, drawn once for files and pages alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.compress.front import Limits, Row

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 20, 20, 48
# Of the points lost, so much above the limit is drawn to scale; what loses more stands at the top edge.
_ROOM = 3.0


@dataclass(frozen=True)
class Tick:
    """A place on an axis in pixels, and what is written there."""

    at: float
    label: str


@dataclass(frozen=True)
class Point:
    """A candidate in pixels; `over` says that it loses more than the picture shows; `right` that its name stands
    above it, as the right edge is near."""

    name: str
    x: float
    y: float
    on_front: bool
    proposed: bool
    over: bool
    right: bool


@dataclass(frozen=True)
class Plot:
    """A picture of candidates: `view` is `bytes` or `ms`; limits are None where the client has none. `path` joins the
    candidates of the front."""

    view: str
    points: list[Point]
    across: list[Tick]
    up: list[Tick]
    limit_x: float | None
    limit_y: float
    path: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    end: int = WIDTH - RIGHT
    middle: int = (LEFT + WIDTH - RIGHT) // 2


def plot(rows: Sequence[Row], front: Sequence[str], proposed: str | None, limits: Limits, view: str = "bytes") -> Plot:
    """Return where everything stands; the axis across is logarithmic."""
    good = [row for row in rows if not row.failed]
    limit = getattr(limits, view)
    values = [max(float(getattr(row, view)), 1e-6) for row in good] + ([float(limit)] if limit else [])
    low, high = (min(values) / 1.4, max(values) * 1.6) if values else (1.0, 10.0)
    most = max([limits.drop + _ROOM, *(row.lost for row in good if row.lost <= limits.drop + _ROOM)])
    least = min([0.0, *(row.lost for row in good)])

    def x(value: float) -> float:
        share = (math.log(max(value, 1e-6)) - math.log(low)) / (math.log(high) - math.log(low))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        share = (min(value, most) - least) / (most - least)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    points = [
        Point(
            row.name,
            x(float(getattr(row, view))),
            y(row.lost),
            row.name in front,
            row.name == proposed,
            row.lost > most,
            x(float(getattr(row, view))) > WIDTH * 0.75,
        )
        for row in good
    ]
    # Of the front, those that nothing in this view beats: a line through the others would go to and fro.
    line: list[Point] = []
    for point in sorted((p for p in points if p.on_front), key=lambda p: (p.x, -p.y)):
        if not line or point.y > line[-1].y:
            line.append(point)
    path = " ".join(f"{'L' if i else 'M'}{p.x} {p.y}" for i, p in enumerate(line))
    across = [Tick(x(value), _amount(value, view)) for value in _log_ticks(low, high)]
    up = [Tick(y(value), f"{value:g}") for value in _ticks(least, most)]
    return Plot(view, points, across, up, x(limit) if limit else None, y(limits.drop), path)


def _log_ticks(low: float, high: float) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [step * 10.0**e for e in exponents for step in (1, 2, 5) if low <= step * 10.0**e <= high]


def _ticks(low: float, high: float) -> list[float]:
    step = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 100) if (high - low) / step <= 7)
    return [round(n * step, 6) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _amount(value: float, view: str) -> str:
    if view == "ms":
        return f"{value:g} ms"
    return f"{value / 1e6:g} MB" if value >= 1e5 else f"{value / 1e3:g} kB"


def svg(found: Plot) -> str:
    """Return the picture as a file of its own."""
    p = found
    across = "".join(
        f'<text x="{t.at}" y="{p.bottom + 18}" text-anchor="middle">{escape(t.label)}</text>'
        f'<line x1="{t.at}" x2="{t.at}" y1="{p.top}" y2="{p.bottom}" stroke="#e3e3e3"/>'
        for t in p.across
    )
    up = "".join(
        f'<text x="{p.left - 8}" y="{t.at + 4}" text-anchor="end">{t.label}</text>'
        f'<line x1="{p.left}" x2="{p.end}" y1="{t.at}" y2="{t.at}" stroke="#e3e3e3"/>'
        for t in p.up
    )
    limits = (
        f'<line x1="{p.left}" x2="{p.end}" y1="{p.limit_y}" y2="{p.limit_y}" stroke="#b45309" stroke-dasharray="5 4"/>'
    )
    if p.limit_x is not None:
        limits += (
            f'<line x1="{p.limit_x}" x2="{p.limit_x}" y1="{p.top}" y2="{p.bottom}" '
            'stroke="#b45309" stroke-dasharray="5 4"/>'
        )
    dots = "".join(map(_dot, p.points))
    title = "Points lost on the validation rows by " + (
        "size of the bundle" if p.view == "bytes" else "time of an answer"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {p.width} {p.height}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{title}"><rect width="100%" height="100%" fill="white"/>'
        f'<title>{title}</title>{across}{up}{limits}<path d="{p.path}" fill="none" stroke="#1d4ed8"/>{dots}</svg>\n'
    )


def _dot(point: Point) -> str:
    fill = "#15803d" if point.proposed else "#1d4ed8" if point.on_front else "#9ca3af"
    # Near the right edge a name stands above its dot, elsewhere beside it.
    x, y, anchor = (6, -12, "end") if point.right else (11, 4, "start")
    return (
        f'<circle cx="{point.x}" cy="{point.y}" r="{8 if point.proposed else 5}" fill="{fill}"/>'
        f'<text x="{point.x + x}" y="{point.y + y}" text-anchor="{anchor}">{escape(point.name)}'
        f"{' ↑' if point.over else ''}</text>"
    )
