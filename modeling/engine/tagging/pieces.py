"""Tokenizers of encoders as taggers want them: whole texts, and every character of scripts without spaces alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenizers import Regex, pre_tokenizers

from modeling.engine.bundle.runtime.windows import WindowCutter

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curation.engine.embedding.source import EncoderSource

# Characters of scripts without spaces, each of which is a word and so must be a piece: in one piece of several
# characters all would look the same to a tagger.
_UNSPACED = "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"


def window_cutter(source: EncoderSource, longest: int | None = None) -> WindowCutter:
    """Return what cuts texts into rows of an encoder of `longest` pieces, as many as it reads when left out."""
    return WindowCutter(piece_tokenizer(source), longest or source.max_tokens)


def piece_tokenizer(source: EncoderSource, pieces: list[int] | None = None) -> Tokenizer:
    """Return the tokenizer of an encoder without limits; `pieces` keeps only these vocabulary ids."""
    tokenizer = source.tokenizer(pieces)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if tokenizer.pre_tokenizer is not None:
        split = pre_tokenizers.Split(Regex(_UNSPACED), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([tokenizer.pre_tokenizer, split])
    return tokenizer
