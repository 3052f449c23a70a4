"""Encoders of texts and pictures: one literal table, one choice by script, one cache by content."""

from curation.engine.embedding.choose import EncoderChoice, choose_encoder
from curation.engine.embedding.encode import TextEncoder, encode
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.table import ENCODERS, encoder_names, get_encoder, open_encoder

__all__ = [
    "ENCODERS",
    "EncoderChoice",
    "EngineError",
    "TextEncoder",
    "choose_encoder",
    "encode",
    "encoder_names",
    "get_encoder",
    "open_encoder",
]
