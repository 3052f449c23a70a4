"""The callbacks that long engine calls take: how far they are, and whether to stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if

__all__ = ["IsCancelled", "OnMetrics", "Progress", "stop_if"]

OnMetrics = Callable[[dict[str, Any]], None]
"""Called with a JSON-ready mapping of metrics."""
