"""Open a bundle that may come from anywhere: only known members, sizes within limits, hashes equal, no file
references."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modeling.engine.bundle.graph_check import check_graph
from modeling.engine.bundle.pack import FORMAT, OTHERS, REQUIRED, SIGNATURE
from modeling.engine.bundle.runtime.model import ANSWERS, READINGS
from modeling.engine.bundle.signature import Signature, checked_signature
from modeling.engine.errors import BundleInvalid

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 600 * 2**20
MAX_SMALL_MEMBER = 40 * 2**20
MAX_MEMBERS = 100
MAX_LABELS = 10_000


@dataclass(frozen=True)
class OpenedBundle:
    """A verified bundle in memory; `sha256` is that of the zip file, `signature` None where nobody signed."""

    sha256: str
    manifest: dict[str, Any]
    labels: tuple[str, ...]
    metrics: dict[str, Any]
    members: dict[str, bytes]
    signature: Signature | None


def verify_bundle(path: Path, *, key: bytes | None = None, graph: bool = True) -> OpenedBundle:
    """Check a bundle file and return its content.

    Args:
        path: The file.
        key: A raw public key (32 bytes) by which the bundle must be signed; None takes any signature that holds, and
            none.
        graph: Whether to read the graph, which needs onnx and memory for it; left out where it was read before.

    Raises:
        BundleInvalid: the sentence names the member and what is wrong with it.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BundleInvalid(f"The bundle {path.name} cannot be read: {error.strerror}.") from error
    if size > MAX_BYTES:
        raise BundleInvalid(f"The bundle has {size:,} bytes; at most {MAX_BYTES:,} are accepted.")
    members, digest = _read_members(path)
    manifest = _json(members, "manifest.json", dict)
    if manifest.get("format") != FORMAT:
        raise BundleInvalid(f"The bundle has format {manifest.get('format')!r}; this version reads format {FORMAT}.")
    _check_hashes(members, manifest)
    labels = _json(members, "labels.json", list)
    if len(labels) > MAX_LABELS or not all(isinstance(name, str) for name in labels):
        raise BundleInvalid(f"labels.json must list at most {MAX_LABELS:,} names.")
    if len(set(labels)) != len(labels):
        raise BundleInvalid("labels.json names a label twice.")
    _check_runtime(manifest)
    _check_assets(members)
    signature = checked_signature(members, key)
    if graph:
        check_graph("model.onnx", members["model.onnx"], manifest["graph"])
        if "masks.onnx" in members:
            check_graph("masks.onnx", members["masks.onnx"], None)
    metrics = _json(members, "metrics.json", dict)
    return OpenedBundle(digest, manifest, tuple(labels), metrics, members, signature)


def _read_members(path: Path) -> tuple[dict[str, bytes], str]:
    """Return the members and the file's SHA-256, both of the same open file: a name may point elsewhere a moment on."""
    try:
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            entries = archive.infolist()
            _check_names([entry.filename for entry in entries])
            members: dict[str, bytes] = {}
            for entry in entries:
                members[entry.filename] = _read_member(archive, entry, MAX_BYTES - sum(map(len, members.values())))
            stream.seek(0)
            return members, hashlib.file_digest(stream, "sha256").hexdigest()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleInvalid(f"The bundle is not a whole zip file: {error}.") from error


def _check_names(names: list[str]) -> None:
    if len(names) > MAX_MEMBERS:
        raise BundleInvalid(f"The bundle has {len(names)} members; at most {MAX_MEMBERS} are accepted.")
    for name in names:
        if name not in REQUIRED and not OTHERS.fullmatch(name):
            raise BundleInvalid(f"The bundle holds {name[:100]!r}, which no bundle may hold.")
    if len(set(names)) != len(names):
        raise BundleInvalid("The bundle holds a member twice.")
    missing = sorted(set(REQUIRED) - set(names))
    if missing:
        raise BundleInvalid(f"The bundle lacks {missing[0]}.")


def _read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    limit = left if entry.filename == "model.onnx" else min(left, MAX_SMALL_MEMBER)
    with archive.open(entry) as stream:
        # The size in the header is the writer's claim, so the reading itself is bounded.
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise BundleInvalid(f"{entry.filename} unpacks to more than {limit:,} bytes.")
    return content


def _json(members: dict[str, bytes], name: str, kind: type | tuple[type, ...]) -> Any:
    try:
        value = json.loads(members[name])
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"{name} is not JSON.") from error
    if not isinstance(value, kind):
        raise BundleInvalid(f"{name} must hold a JSON {'list' if kind is list else 'object'}.")
    return value


def _check_hashes(members: dict[str, bytes], manifest: dict[str, Any]) -> None:
    listed = manifest.get("members")
    others = set(members) - {"manifest.json", SIGNATURE}
    if not isinstance(listed, dict) or set(listed) != others:
        raise BundleInvalid("The manifest does not list exactly the members of the bundle.")
    for name in sorted(others):
        facts = listed[name]
        if not isinstance(facts, dict) or facts.get("sha256") != hashlib.sha256(members[name]).hexdigest():
            raise BundleInvalid(
                f"{name} does not have the hash that the manifest states; the bundle was altered or damaged."
            )


def _check_assets(members: dict[str, bytes]) -> None:
    """Refuse a table that is none: objects, which are pickles, or another size than it says."""
    for name, content in members.items():
        if name.startswith("assets/") and name.endswith(".json"):
            _json(members, name, (dict, list))
        elif name.endswith(".npy"):
            stream = io.BytesIO(content)
            try:
                version = np.lib.format.read_magic(stream)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, kind = read(stream)
            except (ValueError, SyntaxError, TypeError, RecursionError) as error:
                raise BundleInvalid(f"{name} is not an array that can be read.") from error
            if kind.hasobject:
                raise BundleInvalid(f"{name} holds objects, which are not accepted.")
            if math.prod(shape) * kind.itemsize != len(content) - stream.tell():
                raise BundleInvalid(f"{name} has another size than it says.")


def _check_runtime(manifest: dict[str, Any]) -> None:
    """Refuse what this version's runtime cannot read or answer; the bundle's own copy of the runtime is never run."""
    for name, table in (("reading", READINGS), ("answering", ANSWERS)):
        settings = manifest.get(name)
        if not isinstance(settings, dict) or str(settings.get("kind")) not in table:
            raise BundleInvalid(f"The manifest's {name} must be one of {', '.join(table)}.")
    graph = manifest.get("graph")
    names = [graph.get(side) for side in ("inputs", "outputs")] if isinstance(graph, dict) else [None]
    if not all(isinstance(each, list) and each and all(isinstance(one, str) for one in each) for each in names):
        raise BundleInvalid("The manifest's graph must name inputs and outputs.")
