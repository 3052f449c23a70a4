"""Open a bundle that may come from anywhere: only known members, sizes within limits, hashes equal, no file
references."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modeling.engine.bundle.pack import FORMAT, OTHERS, REQUIRED, SIGNATURE
from modeling.engine.bundle.runtime.model import ANSWERS, READINGS
from modeling.engine.errors import BundleInvalid

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 600 * 2**20
MAX_SMALL_MEMBER = 40 * 2**20
MAX_MEMBERS = 40
MAX_LABELS = 10_000
# Standard ONNX and the contributed operators of ONNX Runtime; any other domain would need foreign code.
DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})


@dataclass(frozen=True)
class OpenedBundle:
    """A verified bundle in memory; `sha256` is that of the zip file."""

    sha256: str
    manifest: dict[str, Any]
    labels: tuple[str, ...]
    metrics: dict[str, Any]
    members: dict[str, bytes]


def verify_bundle(path: Path) -> OpenedBundle:
    """Check a bundle file and return its content.

    Raises:
        BundleInvalid: the sentence names the member and what is wrong with it.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BundleInvalid(f"The bundle {path.name} cannot be read: {error.strerror}.") from error
    if size > MAX_BYTES:
        raise BundleInvalid(f"The bundle has {size:,} bytes; at most {MAX_BYTES:,} are accepted.")
    members = _read_members(path)
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
    _check_graph("model.onnx", members["model.onnx"], manifest["graph"])
    if "masks.onnx" in members:
        _check_graph("masks.onnx", members["masks.onnx"], None)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return OpenedBundle(digest, manifest, tuple(labels), _json(members, "metrics.json", dict), members)


def _read_members(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_names([entry.filename for entry in entries])
            return {entry.filename: _read_member(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
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


def _read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    limit = MAX_BYTES if entry.filename == "model.onnx" else MAX_SMALL_MEMBER
    with archive.open(entry) as stream:
        # The size in the header is the writer's claim, so the reading itself is bounded.
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise BundleInvalid(f"{entry.filename} unpacks to more than {limit:,} bytes.")
    return content


def _json(members: dict[str, bytes], name: str, kind: type) -> Any:
    try:
        value = json.loads(members[name])
    except (ValueError, RecursionError) as error:
        raise BundleInvalid(f"{name} is not JSON.") from error
    if not isinstance(value, kind):
        raise BundleInvalid(f"{name} must hold a JSON {'object' if kind is dict else 'list'}.")
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


def _check_runtime(manifest: dict[str, Any]) -> None:
    """Refuse what this version's runtime cannot read or answer; the bundle's own copy of the runtime is never run."""
    for name, table in (("reading", READINGS), ("answering", ANSWERS)):
        settings = manifest.get(name)
        if not isinstance(settings, dict) or settings.get("kind") not in table:
            raise BundleInvalid(f"The manifest's {name} must be one of {', '.join(table)}.")
    graph = manifest.get("graph")
    names = [graph.get(side) for side in ("inputs", "outputs")] if isinstance(graph, dict) else [None]
    if not all(isinstance(each, list) and each and all(isinstance(one, str) for one in each) for each in names):
        raise BundleInvalid("The manifest's graph must name inputs and outputs.")


def _check_graph(name: str, content: bytes, said: dict[str, Any] | None) -> None:
    """Refuse a graph that needs anything outside itself, or whose inputs and outputs are not those of the manifest."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError) as error:
        raise BundleInvalid(f"{name} is not an ONNX graph.") from error
    if model.functions:
        raise BundleInvalid(f"{name} defines functions of its own, which are not accepted.")
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        tensors = [*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)]
        for node in graph.node:
            if node.domain not in DOMAINS:
                raise BundleInvalid(f"{name} uses operators of {node.domain!r}, which are not accepted.")
            for attribute in node.attribute:
                tensors += [*([attribute.t] if attribute.HasField("t") else []), *attribute.tensors]
                graphs += [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]
        if any(tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data for tensor in tensors):
            raise BundleInvalid(f"{name} points to data outside the file.")
    if said is None:
        return
    found = {
        side: [value.name for value in values]
        for side, values in (("inputs", model.graph.input), ("outputs", model.graph.output))
    }
    for side, names in found.items():
        if names != said[side]:
            raise BundleInvalid(f"{name} has the {side} {', '.join(names)}; the manifest says {', '.join(said[side])}.")
