"""Folders of model files as one zip: equal files give equal bytes, and unpacking trusts no name in the archive."""

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Any

# Zip has no earlier date; one fixed date makes equal content equal bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
MEMBER_LIMIT = 200
BYTE_LIMIT = 4 * 1024**3
# Already dense: deflating weights costs seconds and gains a few percent.
_STORED = {".onnx", ".safetensors", ".npz", ".npy"}


def pack(folder: Path, target: Path) -> list[dict[str, Any]]:
    """Write every file below a folder into a zip and return name, bytes and SHA-256 of each, by name."""
    rows = []
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if not path.is_file():
                continue
            name = path.relative_to(folder).as_posix()
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            rows.append({"name": name, "bytes": path.stat().st_size, "sha256": sha256_of(path)})
    return rows


def unpack(archive_path: Path, folder: Path) -> None:
    """Unpack an archive that `pack` wrote.

    Raises:
        ValueError: A member would land outside the folder, or there are too many, or they are too large.
    """
    with zipfile.ZipFile(archive_path) as archive:
        members = archive.infolist()
        if len(members) > MEMBER_LIMIT or sum(member.file_size for member in members) > BYTE_LIMIT:
            raise ValueError("the archive holds more than any model")
        for member in members:
            parts = member.filename.split("/")
            if not all(parts) or any(part in {".", ".."} or "\\" in part for part in parts):
                raise ValueError(f"not a member name: {member.filename!r}")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
