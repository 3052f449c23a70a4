"""What a text encoder's files give: sizes, tokenizer, weights, licence. One subclass per encoder, one row in the
table."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curation.engine.embedding.shape import BertShape, Weights

# Vectors change when this changes; it is part of every encoder fingerprint.
ENCODER_CODE_VERSION = 2


class WeightsUnreadable(RuntimeError):
    """A packaged weights file is damaged or of a layout this reader does not know."""


@dataclass(frozen=True)
class Licence:
    """Whose weights these are and on what terms; `text` is the whole licence."""

    work: str
    spdx: str
    source: str
    text: str


def licence_text(name: str, notice: str = "") -> str:
    """Return the text of a licence kept beside the encoders (`mit`, `apache-2.0`) under a copyright notice."""
    text = (Path(__file__).parent / "data" / "licences" / f"{name}.txt").read_text(encoding="utf-8")
    return f"{notice}\n\n{text}" if notice else text


@lru_cache(maxsize=8)
def _sha256_of(path: str, size: int, modified_ns: int) -> str:
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hex, remembered for as long as its size and time stay the same."""
    stat = path.stat()
    return _sha256_of(str(path), stat.st_size, stat.st_mtime_ns)


class EncoderSource(ABC):
    """A pretrained sentence encoder: one that ships inside an installed package, or a folder of the operator.

    Vectors are the mean over the last layer's tokens, L2-normalised, `shape.width` floats. `max_tokens` counts
    special tokens.
    """

    name: str
    languages: str
    max_tokens: int = 256
    width: int = 384
    pad_id: int = 0

    @property
    @abstractmethod
    def weights_path(self) -> Path:
        """The file that holds the weights."""

    @property
    def stored_width(self) -> int:
        """Numbers of a vector as the graph gives it: the sentence vector, then the mean of the word vectors."""
        return 2 * self.width

    def graph(self) -> Path | None:
        """Return the ONNX file when the encoder comes as one; None when it is exported at first use."""
        return None

    def inputs(self, ids: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Return the inputs of the graph for int64 ids and mask [b, t]."""
        return {"input_ids": ids, "attention_mask": mask}

    def pooled(self, output: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return float32 [b, stored_width] from the graph's first output."""
        return output

    @abstractmethod
    def shape(self) -> BertShape:
        """Return the sizes of the encoder."""

    @abstractmethod
    def tokenizer(self, pieces: list[int] | None = None) -> Tokenizer:
        """Return a tokenizer that truncates at `max_tokens`; `pieces` keeps only these vocabulary ids, renumbered in
        order."""

    @abstractmethod
    def weights(self, pieces: list[int] | None = None) -> Weights:
        """Return float32 arrays by parameter name of `BertEncoder`; `pieces` keeps only these rows of the word
        table."""

    @abstractmethod
    def licences(self) -> list[Licence]:
        """Return the licences that go with a copy of the weights."""

    def required_pieces(self) -> set[int]:
        """Return vocabulary ids that a trimmed tokenizer must keep; empty when the vocabulary is never trimmed."""
        return set()

    def fingerprint(self) -> str:
        """Return a hash that changes when the same text would get another vector."""
        facts = [self.name, file_sha256(self.weights_path), self.max_tokens, ENCODER_CODE_VERSION]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
