"""The vectors of a version's pictures and of a step's rows of pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text
from curation.engine.meaning.survey import BATCH_ROWS, Embedded, NothingToEmbed, Progress
from curation.engine.reader import VersionReader

if TYPE_CHECKING:
    from curation.engine.embedding.picture import PictureEncoder

HASH = r"^[0-9a-f]{64}$"
AREA = ("image_width", "image_height")


def embed_pictures(
    reader: VersionReader,
    encoder: "PictureEncoder",
    path: Callable[[str], Path | None],
    progress: Progress = lambda _done, _all, _what: None,
) -> Embedded:
    """Return the vectors of a version's pictures; those that the cache has are not computed again.

    The labels stand for the texts, so that clusters are named by them. Items without a picture, and those whose picture
    cannot be read, get no vector.

    Args:
        reader: The version.
        encoder: The network with its cache.
        path: Gives the file of a hash; asked by many threads.
        progress: Told the rows done.

    Raises:
        NothingToEmbed: The version has no column of pictures.
    """
    column, label = reader.manifest.roles.get("image", ""), reader.manifest.roles.get("label", "")
    if column not in reader.schema.names:
        raise NothingToEmbed("No column of this version holds its pictures.")
    named = label in reader.schema.names and label != column
    items, hashes, labels = [np.empty(0, np.int64)], list[str](), list[str | None]()
    for batch in reader.batches(["item_id", column, *([label] if named else [])], BATCH_ROWS):
        items.append(batch.column("item_id").to_numpy())
        hashes += hashes_in(batch.column(column))
        labels += as_text(batch.column(label)).to_pylist() if named else [None] * batch.num_rows
    ids = np.concatenate(items)
    has, vectors = vectors_of(hashes, encoder, path, lambda done, total: progress(done, total, "encoding"))
    rows = np.flatnonzero(has)
    chosen = [labels[row] for row in rows.tolist()]
    digests = bytes.fromhex("".join(hashes[row] for row in rows.tolist()))
    keys = np.frombuffer(digests, np.uint8).reshape(-1, 32).copy()
    return Embedded(ids[has], rows, keys, vectors, [name or "" for name in chosen], chosen, ids[~has])


def hashes_in(column: pa.Array | pa.ChunkedArray) -> list[str]:
    """Return the hashes of a column of pictures, "" where there is none."""
    texts = pc.fill_null(as_text(column), "")
    names: list[str] = pc.if_else(pc.match_substring_regex(texts, HASH), texts, "").to_pylist()
    return names


def vectors_of(
    hashes: list[str], encoder: "PictureEncoder", path: Callable[[str], Path | None], told: Callable[[int, int], None]
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which hashes have a vector, bool [n], and their vectors, float32 [m, width]."""
    named = np.array([bool(name) for name in hashes], np.bool_)
    vectors, _broken = encoder.encode([name for name in hashes if name], path, progress=told)
    read = ~np.isnan(vectors[:, 0]) if len(vectors) else np.empty(0, np.bool_)
    named[named] = read
    return named, vectors[read]
