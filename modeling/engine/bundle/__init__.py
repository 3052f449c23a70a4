"""Bundles: a compressed model with what reads and answers around it, figures, licences and a standalone script, in one
zip."""

from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.gate import GateResult, gate
from modeling.engine.bundle.verify import OpenedBundle, verify_bundle

if TYPE_CHECKING:
    from modeling.engine.bundle.export import ExportResult, export_bundle

__all__ = ["ExportResult", "GateResult", "OpenedBundle", "export_bundle", "gate", "verify_bundle"]


def __getattr__(name: str) -> Any:
    """Load the export at its first use: it needs torch, and whoever only serves a bundle does without."""
    if name in {"ExportResult", "export_bundle"}:
        from modeling.engine.bundle import export

        return getattr(export, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
