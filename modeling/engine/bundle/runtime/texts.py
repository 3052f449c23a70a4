"""Texts as token ids."""

from collections.abc import Callable
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from .model import Refused, Tensors

MOST_CHARACTERS = 20_000


def checked_text(given: Any) -> str:
    """Return a text as every tokenizer takes it: a lone surrogate, which UTF-8 cannot hold, becomes a question mark.

    Raises:
        Refused: It is no text, or longer than MOST_CHARACTERS.
    """
    if not isinstance(given, str):
        raise Refused("This is not a string.", "not_a_text")
    if len(given) > MOST_CHARACTERS:
        raise Refused(
            f"This text has {len(given):,} characters; at most {MOST_CHARACTERS:,} are accepted.", "text_too_long"
        )
    return given.encode("utf-8", "replace").decode("utf-8")


class TextReading:
    """A text to `input_ids` and `attention_mask`, int64 [1, tokens]; tokenizer.json cuts it at the encoder's length."""

    example = "warm-up"

    def __init__(self, settings: dict[str, Any], member: Callable[[str], bytes]) -> None:
        self._tokenizer = Tokenizer.from_str(member("tokenizer.json").decode("utf-8"))

    def read(self, given: Any) -> tuple[Tensors, None]:
        """Return the two inputs."""
        ids = np.array([self._tokenizer.encode(checked_text(given)).ids], dtype=np.int64)
        return {"input_ids": ids, "attention_mask": np.ones_like(ids)}, None
