"""Rows held in memory for the training loop: sentence vectors, or token ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


class VectorRows:
    """One vector a row, float32 [n, d], and what a classifier should say of it, float32 [n, k]."""

    def __init__(self, vectors: np.ndarray[Any, Any], targets: np.ndarray[Any, Any]) -> None:
        self.vectors = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))
        self.targets = torch.from_numpy(np.ascontiguousarray(targets, dtype=np.float32))

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return the vectors of these rows."""
        return (self.vectors[rows],)


class TokenRows:
    """Token ids a row, padded within each batch only."""

    def __init__(self, tokens: list[list[int]], pad: int, targets: np.ndarray[Any, Any]) -> None:
        self.tokens, self.pad = tokens, pad
        self.targets = torch.from_numpy(np.ascontiguousarray(targets, dtype=np.float32))

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return ids and mask, int64 [b, longest]."""
        from curation.engine.embedding.encode import pad_tokens

        ids, mask = pad_tokens([self.tokens[int(i)] for i in rows], self.pad)
        return torch.from_numpy(ids), torch.from_numpy(mask)
