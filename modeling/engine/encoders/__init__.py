"""Sentence encoders that ship with installed packages: one literal table, one choice by script."""

from modeling.engine.encoders.choose import EncoderChoice, choose_encoder
from modeling.engine.encoders.encode import encode
from modeling.engine.encoders.table import ENCODERS, get_encoder

__all__ = ["ENCODERS", "EncoderChoice", "choose_encoder", "encode", "get_encoder"]
