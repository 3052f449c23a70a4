"""Sentence encoders that ship with installed packages: one literal table, one choice by script."""

from curation.engine.embedding.choose import EncoderChoice, choose_encoder
from curation.engine.embedding.encode import encode
from curation.engine.embedding.table import ENCODERS, get_encoder

__all__ = ["ENCODERS", "EncoderChoice", "choose_encoder", "encode", "get_encoder"]
