"""The table of encoders. A new encoder is one file beside this one and one row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.engine.embedding.e5 import E5Small
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.minilm import MiniLM

if TYPE_CHECKING:
    from curation.engine.embedding.source import EncoderSource

ENCODERS: dict[str, type[EncoderSource]] = {
    "minilm": MiniLM,
    "e5-small": E5Small,
}


def get_encoder(name: str) -> EncoderSource:
    """Return the encoder of that name.

    Raises:
        EngineError: code `unknown_encoder`.
    """
    if name not in ENCODERS:
        raise EngineError(f"There is no encoder {name!r}; choose one of {', '.join(ENCODERS)}.", code="unknown_encoder")
    return ENCODERS[name]()
