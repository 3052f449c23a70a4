"""Sentence vectors of texts for families that leave the encoder as it is."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.data import Examples
    from modeling.engine.families.family import TrainingContext
    from modeling.engine.training.settings import TrainingSettings

# A head learns from the vectors that the int8 bundle will give it; one learned from float vectors lost more on export.
PRECISION = "int8"


def encoded(texts: Sequence[str], encoder: str, threads: int, context: TrainingContext) -> np.ndarray[Any, Any]:
    """Return layered vectors, float32 [n, 2 * width], cached where the context says."""
    from curation.engine.embedding import encode

    source = context.source(encoder)
    vectors = encode(
        texts,
        encoder=source,
        cache_dir=context.cache_dir,
        vectors_dir=context.vectors_dir,
        precision=PRECISION,
        layered=True,
        threads=threads,
        progress=context.progress,
        cancelled=context.cancelled,
    )
    if source.stored_width > source.width:
        return vectors
    # A graph of the operator gives sentence vectors alone: the mean of the words is left empty.
    return np.concatenate([vectors, np.zeros_like(vectors)], axis=1)


def encoded_copies(
    train: Examples, settings: TrainingSettings, context: TrainingContext
) -> tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any], Examples | None]:
    """Return vectors of augmented copies of the training rows, float32 [m, 2 * width], the row of each, int64 [m], and
    the copies; None, no rows and None without a policy.

    The vectors are kept nowhere: a copy of another seed is another text, and nobody would ever ask for it again.
    """
    from modeling.engine.augmentation.texts import text_changes

    changes = text_changes(train, settings, context)
    if changes is None:
        return None, np.zeros(0, np.int64), None
    made, parents = changes.copies()
    with tempfile.TemporaryDirectory(prefix="assay-copies-") as scratch:
        own = replace(context, vectors_dir=Path(scratch))
        return encoded(made.inputs, settings.encoder, settings.threads, own), parents, made


def copies_fact(settings: TrainingSettings, parents: np.ndarray[Any, Any]) -> dict[str, int]:
    """Return how many augmented copies were learned from, for the facts of a model; nothing without a policy."""
    return {} if settings.augment is None else {"augmented_copies": len(parents)}
