"""The bill of materials of a bundle, as CycloneDX 1.6 has it (ECMA-424): the model, its weights, what it runs on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata, version
from typing import Any


def bill_of_materials(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    """Return a CycloneDX document, JSON-ready, for the facts of a manifest.

    Versions of packages are those that the bundle was measured with.
    """
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": facts["created_at"],
            "component": {
                "type": "machine-learning-model",
                "bom-ref": "model",
                "name": name,
                "version": facts["fingerprint"][:16],
                "properties": [
                    {"name": "assay:task", "value": facts["task"]},
                    {"name": "assay:family", "value": facts["family"]},
                    {"name": "assay:data", "value": facts["data_hash"]},
                ],
            },
        },
        "components": [*map(_weights, facts["licences"]), *map(_package, facts["needs"])],
    }


def _weights(licence: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "name": licence["work"],
        "publisher": licence["source"],
        "licenses": [{"expression": licence["spdx"]}],
    }


def _package(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "library", "name": name}
    try:
        found["version"] = version(name)
        said = metadata(name).json
        licence = said.get("license_expression") or said.get("license")
    except PackageNotFoundError:
        return found
    found["purl"] = f"pkg:pypi/{name}@{found['version']}"
    if isinstance(licence, str) and len(licence) < 80:
        found["licenses"] = [{"license": {"name": licence}}]
    return found
