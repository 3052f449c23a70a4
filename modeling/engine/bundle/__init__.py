"""Bundles: a compressed model with what reads and answers around it, figures, licences and a standalone script, in one
zip."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modeling.engine.bundle.export import ExportResult, export_bundle
    from modeling.engine.bundle.gate import GateResult
    from modeling.engine.bundle.verify import OpenedBundle, verify_bundle

__all__ = ["ExportResult", "GateResult", "OpenedBundle", "export_bundle", "verify_bundle"]
_PLACES = {
    "ExportResult": "export",
    "GateResult": "gate",
    "OpenedBundle": "verify",
    "export_bundle": "export",
    "verify_bundle": "verify",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for: the families use the runtime of bundles, so this package must not load them first."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
