"""Rows held in memory for the training loop: sentence vectors, or token ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable


class VectorRows:
    """One vector a row, float32 [n, d], and what a classifier should say of it, float32 [n, k].

    A row with augmented copies is shown as itself and as each of them in turn, one an epoch: an epoch has as many steps
    as without them, and trainings with and without can be compared.

    Args:
        vectors: Of the rows.
        targets: Of the rows.
        copies: Vectors of copies, float32 [m, d]; none when left out.
        parents: The row of each copy, int64 [m].
    """

    def __init__(
        self,
        vectors: np.ndarray[Any, Any],
        targets: np.ndarray[Any, Any],
        copies: np.ndarray[Any, Any] | None = None,
        parents: np.ndarray[Any, Any] | None = None,
    ) -> None:
        self.vectors = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))
        self.targets = torch.from_numpy(np.ascontiguousarray(targets, dtype=np.float32))
        self._shown = self.vectors
        self._variants: list[Tensor] = []
        if copies is not None and parents is not None and len(copies):
            given = torch.from_numpy(np.ascontiguousarray(copies, dtype=np.float32))
            own: list[list[Tensor]] = [[vector] for vector in self.vectors]
            for row, vector in zip(parents.tolist(), given, strict=True):
                own[row].append(vector)
            self._variants = [torch.stack(each) for each in own]

    def begin_epoch(self, epoch: int) -> None:
        """Choose the variant of each row; rows do not all show themselves in the same epoch."""
        if self._variants:
            chosen = [each[(row + epoch) % len(each)] for row, each in enumerate(self._variants)]
            self._shown = torch.stack(chosen)

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return the vectors of these rows."""
        return (self._shown[rows],)


class TokenRows:
    """Token ids a row, padded within each batch only.

    Args:
        tokens: Of the rows.
        pad: Fills up short rows.
        targets: What a classifier should say of each, float32 [n, k].
        renew: Gives the tokens of an epoch, counted from 1, where texts are augmented.
    """

    def __init__(
        self,
        tokens: list[list[int]],
        pad: int,
        targets: np.ndarray[Any, Any],
        renew: Callable[[int], list[list[int]]] | None = None,
    ) -> None:
        self.tokens, self.pad, self.renew = tokens, pad, renew
        self.targets = torch.from_numpy(np.ascontiguousarray(targets, dtype=np.float32))

    def begin_epoch(self, epoch: int) -> None:
        """Take the tokens of this epoch."""
        if self.renew is not None:
            self.tokens = self.renew(epoch + 1)

    def inputs(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Return ids and mask, int64 [b, longest]."""
        from curation.engine.embedding.encode import pad_tokens

        ids, mask = pad_tokens([self.tokens[int(i)] for i in rows], self.pad)
        return torch.from_numpy(ids), torch.from_numpy(mask)
