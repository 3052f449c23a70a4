"""Bundles: a compressed classifier with its tokenizer, figures, licences and a standalone script, in one zip."""

from modeling.engine.bundle.export import ExportResult, export_bundle
from modeling.engine.bundle.gate import GateResult, gate
from modeling.engine.bundle.verify import OpenedBundle, verify_bundle

__all__ = ["ExportResult", "GateResult", "OpenedBundle", "export_bundle", "gate", "verify_bundle"]
