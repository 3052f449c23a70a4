"""The pictures of a folder with their vectors, for the commands about meaning."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.engine.media import hash_of, walk_files

LISTED = 20


@dataclass(slots=True)
class FolderVectors:
    """The files below a folder.

    Attributes:
        names: Their paths within the folder.
        vectors: float32 [files, width]; NaN for files that are no picture, which are named on standard error.
        broken: How many those are.
        encoder: Name of the encoder.
    """

    names: list[str]
    vectors: NDArray[np.float32]
    broken: int
    encoder: str


def embed_pictures_of(options: argparse.Namespace, progress: Callable[[int, int, str], None]) -> FolderVectors:
    """Return the vectors of a folder's files in order of their paths.

    Raises:
        ValueError: An option is for texts, or the folder holds no file.
        EngineError: The encoder cannot be used.
    """
    from curation.engine.embedding.picture import NAME, PictureEncoder
    from curation.engine.embedding.picture_folder import open_picture_encoder

    if options.field is not None or options.id is not None:
        raise ValueError("--field and --id are for files of texts; pictures of a folder are named by their paths.")
    source = open_picture_encoder(NAME if options.encoder == "auto" else options.encoder)
    paths = walk_files(options.input)
    if not paths:
        raise ValueError(f"{options.input} holds no file.")
    hashes = [hash_of(path) for path in paths]
    by_hash = dict(zip(reversed(hashes), reversed(paths), strict=True))
    encoder = PictureEncoder(source, cache_dir=options.cache)
    vectors, broken = encoder.encode(
        hashes, by_hash.get, progress=lambda done, total: progress(done, total, "embedding")
    )
    names = [readable(path.relative_to(options.input)) for path in paths]
    bad = [(name, broken[sha]) for name, sha in zip(names, hashes, strict=True) if sha in broken]
    for name, reason in bad[:LISTED]:
        print(f"{name}: {reason}", file=sys.stderr)
    if len(bad) > LISTED:
        print(f"and {len(bad) - LISTED} more.", file=sys.stderr)
    return FolderVectors(names, vectors, len(bad), encoder.name)


def embed_folder(options: argparse.Namespace, progress: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Write the vectors of a folder's files and beside them their names; return the summary that is printed.

    Row i of the NPY file is the i-th name of ``OUT.npy.files.json``.
    """
    found = embed_pictures_of(options, progress)
    write_vectors(options.out, found.vectors)
    listing = options.out.with_name(options.out.name + ".files.json")
    listing.write_text(json.dumps(found.names, ensure_ascii=False), "utf-8")
    return {
        "files": len(found.names),
        "without_vector": found.broken,
        "encoder": found.encoder,
        "width": found.vectors.shape[1],
        "out": str(options.out),
        "names": str(listing),
    }


def write_vectors(path: Path, vectors: NDArray[np.float32]) -> None:
    """Write an NPY file; one that could not be written whole does not get the name."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        np.save(stream, vectors)
    part.replace(path)


def readable(path: Path) -> str:
    """Return a path as text that can be written: bytes that are no UTF-8 become replacement characters."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
