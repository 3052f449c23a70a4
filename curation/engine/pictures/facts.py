"""The columns in which a version keeps what is known of its pictures."""

from typing import Any

import pyarrow as pa

from curation.engine.pictures.decode import decode
from curation.engine.pictures.measures import NAMES, SIDE, Measures, measure

FACTS: dict[str, pa.DataType] = {
    "image_width": pa.int64(), "image_height": pa.int64(), "image_format": pa.string(), "image_mode": pa.string(),
    "image_bytes": pa.int64(), **{f"image_{name}": pa.float64() for name in NAMES}, "image_oddities": pa.string(),
}  # fmt: skip


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
