"""A bundle as a zip whose bytes depend on its content alone, and what may be in one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

FORMAT = 2
REQUIRED = (
    "README.md",
    "labels.json",
    "manifest.json",
    "metrics.json",
    "model.onnx",
    "predict.py",
    "sbom.json",
)
# What else may be in a bundle: code of the runtime, a tokenizer, the graph of masks, tables that reading and answering
# need, texts of licences, an example for browsers, and a signature.
OTHERS = re.compile(
    r"runtime/[a-z_]{1,40}\.py|tokenizer\.json|masks\.onnx|assets/[a-z0-9_-]{1,60}\.(json|npy)|"
    r"LICENSES/[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.txt|browser/[a-z0-9_-]{1,60}\.(html|js|md)|signature\.json"
)
# Not listed in the manifest, as it is made from the manifest.
SIGNATURE = "signature.json"
# The earliest date that a zip can hold.
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


def to_json(value: Any) -> bytes:
    """Return readable JSON with sorted keys, UTF-8, ending in a newline."""
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode("utf-8")


def pack(members: dict[str, bytes], facts: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of a bundle and its manifest; the manifest lists size and SHA-256 of every other member."""
    listed = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in members.items()
    }
    manifest = {"format": FORMAT, "members": listed, **facts}
    whole = {**members, "manifest.json": to_json(manifest)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(whole):
            _write(archive, name, whole[name])
    return buffer.getvalue(), manifest


def add_member(content: bytes, name: str, make: Callable[[dict[str, bytes]], bytes]) -> bytes:
    """Return a bundle's bytes with one more member at the end, made from those there are; an earlier one goes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {entry: archive.read(entry) for entry in archive.namelist() if entry != name}
        if len(members) == len(archive.namelist()):
            buffer = io.BytesIO(content)
        else:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as copy:
                for entry in sorted(members):
                    _write(copy, entry, members[entry])
    with zipfile.ZipFile(buffer, "a") as archive:
        _write(archive, name, make(members))
    return buffer.getvalue()


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, FIXED_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    archive.writestr(entry, content, compresslevel=6)
