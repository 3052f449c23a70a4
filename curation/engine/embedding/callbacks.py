"""The callbacks that long calls take: how far they are, and whether to stop."""

from __future__ import annotations

from collections.abc import Callable

from curation.engine.embedding.errors import Cancelled

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

IsCancelled = Callable[[], bool]
"""Answers true when the work should stop now."""


def stop_if(cancelled: IsCancelled | None, what: str) -> None:
    """Raise `Cancelled` naming the work when the caller asks to stop."""
    if cancelled is not None and cancelled():
        raise Cancelled(f"{what} was cancelled.")
