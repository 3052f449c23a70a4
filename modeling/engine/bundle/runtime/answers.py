"""Prompts and answers as rows of pieces: the end of the prompt, then the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .windows import readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tokenizers import Tokenizer

Array = np.ndarray[Any, Any]
# Pieces of a prompt that are read: its end, where the question mostly stands; the answer has what is left of the row.
PROMPT_PIECES = 96


class AnswerPieces(NamedTuple):
    """A row of pieces; those of the answer begin at `start` and end before `stop`."""

    ids: list[int]
    start: int
    stop: int


class AnswerCutter:
    """Turns prompts and answers into rows of an encoder.

    Args:
        tokenizer: Of the encoder; it neither cuts nor fills up.
        longest: Pieces of a row.
    """

    def __init__(self, tokenizer: Tokenizer, longest: int) -> None:
        self._tokenizer = tokenizer
        frame = tokenizer.encode("").ids
        self._before, self._after = frame[:-1], frame[-1:]
        self._room = longest - len(frame) - 1

    def cut(self, prompts: Sequence[str], answers: Sequence[str]) -> list[AnswerPieces]:
        """Return one row for each answer with its prompt."""
        both = [
            self._tokenizer.encode_batch(list(map(readable, texts)), add_special_tokens=False)
            for texts in (prompts, answers)
        ]
        rows = []
        for prompt, answer in zip(*both, strict=True):
            asked = prompt.ids[-PROMPT_PIECES:]
            said = answer.ids[: self._room - len(asked)]
            start = len(self._before) + len(asked) + 1
            ids = [*self._before, *asked, *self._after, *said, *self._after]
            rows.append(AnswerPieces(ids, start, start + len(said)))
        return rows


def padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[Array, Array]:
    """Return int64 ids and mask [n, longest]; the mask is 1 for pieces."""
    longest = max(map(len, rows))
    ids, mask = np.full((len(rows), longest), pad, np.int64), np.zeros((len(rows), longest), np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = row, 1
    return ids, mask
