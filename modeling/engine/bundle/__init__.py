"""Bundles: a compressed model with what reads and answers around it, figures, licences and a standalone script, in one
zip."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.gate import GateResult, gate

if TYPE_CHECKING:
    from modeling.engine.bundle.export import ExportResult, export_bundle
    from modeling.engine.bundle.verify import OpenedBundle, verify_bundle

__all__ = ["ExportResult", "GateResult", "OpenedBundle", "export_bundle", "gate", "verify_bundle"]
# Loaded at their first use: an export needs torch and an opened bundle ONNX Runtime, and whoever looks at a signature
# does without either.
_LATER = {"ExportResult": "export", "export_bundle": "export", "OpenedBundle": "verify", "verify_bundle": "verify"}


def __getattr__(name: str) -> Any:
    """Return what `_LATER` names."""
    if name in _LATER:
        return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
