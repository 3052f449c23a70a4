"""The columns in which a version keeps what is known of its pictures."""

from typing import Any

import numpy as np
import pyarrow as pa

from curation.engine.pictures.decode import decode
from curation.engine.pictures.measures import NAMES, SIDE, Measures, measure

FACTS: dict[str, pa.DataType] = {
    "image_width": pa.int64(), "image_height": pa.int64(), "image_format": pa.string(), "image_mode": pa.string(),
    "image_bytes": pa.int64(), **{f"image_{name}": pa.float64() for name in NAMES}, "image_oddities": pa.string(),
}  # fmt: skip

# Histograms of a version's pictures: column → edges, ascending; the last bucket takes in what lies at its upper edge.
# ``image_side`` is no column but the root of width times height, in pixels.
_SHARES = tuple(round(0.05 * place, 2) for place in range(21))
EDGES: dict[str, tuple[float, ...]] = {
    "image_side": (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384),
    "image_sharpness": _SHARES,
    "image_lightest": _SHARES,
    "image_darkest": _SHARES,
    "image_entropy": tuple(0.5 * place for place in range(21)),
    "image_colour": _SHARES,
}


def histograms_of(table: pa.Table) -> dict[str, np.ndarray]:
    """Count the rows of a table into the buckets of `EDGES`, int64 [edges - 1]; columns that it lacks are left out.

    Values beyond the edges count in the outermost buckets, missing ones nowhere.
    """
    found = {}
    for name, edges in EDGES.items():
        values = _side(table) if name == "image_side" else _floats(table, name)
        if values is not None:
            known = np.clip(values[np.isfinite(values)], edges[0], edges[-1])
            found[name] = np.histogram(known, bins=np.asarray(edges, np.float64))[0].astype(np.int64)
    return found


def _side(table: pa.Table) -> np.ndarray | None:
    width, height = _floats(table, "image_width"), _floats(table, "image_height")
    return None if width is None or height is None else np.sqrt(width * height)


def _floats(table: pa.Table, name: str) -> np.ndarray | None:
    if name not in table.schema.names or not FACTS.get(name, pa.null()).equals(table.schema.field(name).type):
        return None
    return np.asarray(table[name].cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False), np.float64)


def as_columns(
    width: int, height: int, kind: str, mode: str, size: int, measures: Measures, oddities: tuple[str, ...]
) -> dict[str, Any]:
    """Return values for the columns of `FACTS`: pixels, names, bytes, figures, and codes between blanks or None."""
    figures = {f"image_{name}": value for name, value in measures.to_json().items()}
    values = (width, height, kind, mode, size, *figures.values(), " ".join(oddities) or None)
    return dict(zip(FACTS, values, strict=True))


def facts_of(data: bytes) -> dict[str, Any]:
    """Decode a picture at the size that is measured and return the columns of `FACTS`.

    Raises:
        PictureError: It gives no picture.
    """
    found = decode(data, side=2 * SIDE)
    return as_columns(
        found.width, found.height, found.format, found.mode, len(data), measure(found.image), found.oddities
    )
