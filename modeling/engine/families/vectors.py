"""Sentence vectors of texts for families that leave the encoder as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from modeling.engine.families.family import TrainingContext

# A head learns from the vectors that the int8 bundle will give it; one learned from float vectors lost more on export.
PRECISION = "int8"


def encoded(texts: Sequence[str], encoder: str, threads: int, context: TrainingContext) -> np.ndarray[Any, Any]:
    """Return layered vectors, float32 [n, 2 * width], cached where the context says."""
    from curation.engine.embedding import encode

    return encode(
        texts,
        encoder=encoder,
        cache_dir=context.cache_dir,
        vectors_dir=context.vectors_dir,
        precision=PRECISION,
        layered=True,
        threads=threads,
        progress=context.progress,
        cancelled=context.cancelled,
    )
