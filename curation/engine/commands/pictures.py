"""``embed FOLDER``: the vectors of the pictures of a folder."""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from curation.engine.media import FolderMedia, hash_of, walk_files

LISTED = 20


def embed_folder(options: argparse.Namespace, progress: Callable[[int, int, str], None]) -> dict[str, Any]:
    """Write the vectors of a folder's files and beside them their names; return the summary that is printed.

    Row i of the NPY file is the i-th name of ``OUT.npy.files.json``; files that are no picture have NaN and are named
    on standard error.
    """
    from curation.engine.embedding.picture import PictureEncoder

    paths = walk_files(options.input)
    if not paths:
        raise ValueError(f"{options.input} holds no file.")
    hashes = [hash_of(path) for path in paths]
    encoder = PictureEncoder(cache_dir=options.cache)
    vectors, broken = encoder.encode(
        hashes, FolderMedia(options.input).path, progress=lambda done, total: progress(done, total, "embedding")
    )
    names = [path.relative_to(options.input).as_posix() for path in paths]
    bad = [(name, broken[sha]) for name, sha in zip(names, hashes, strict=True) if sha in broken]
    for name, reason in bad[:LISTED]:
        print(f"{name}: {reason}", file=sys.stderr)
    if len(bad) > LISTED:
        print(f"and {len(bad) - LISTED} more.", file=sys.stderr)
    with options.out.open("wb") as stream:
        np.save(stream, vectors)
    listing = options.out.with_name(options.out.name + ".files.json")
    listing.write_text(json.dumps(names, ensure_ascii=False), "utf-8")
    return {
        "files": len(names),
        "without_vector": len(bad),
        "encoder": encoder.name,
        "width": encoder.width,
        "out": str(options.out),
        "names": str(listing),
    }
