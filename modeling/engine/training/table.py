"""The table of model families. A new family is one file beside this one and one row here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modeling.engine.errors import EngineError
from modeling.engine.training.encoder_head import EncoderHead
from modeling.engine.training.tfidf import TfidfLinear

if TYPE_CHECKING:
    from modeling.engine.training.family import Family

FAMILIES: dict[str, type[Family]] = {
    "encoder-head": EncoderHead,
    "tfidf-linear": TfidfLinear,
}

BASELINE = "tfidf-linear"


def get_family(name: str) -> Family:
    """Return the family of that name.

    Raises:
        EngineError: code `unknown_family`.
    """
    if name not in FAMILIES:
        raise EngineError(
            f"There is no model family {name!r}; choose one of {', '.join(FAMILIES)}.", code="unknown_family"
        )
    return FAMILIES[name]()
