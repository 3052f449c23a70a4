"""An encoder whose weights the operator has: a folder in the layout of Hugging Face, which can be trained further."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curation.engine.embedding.errors import ModelFolderUnusable
from curation.engine.embedding.folder import json_in, length_in, tokenizer_in
from curation.engine.embedding.layouts import LAYOUTS, WeightsFile, shape_of
from curation.engine.embedding.source import ENCODER_CODE_VERSION, EncoderSource, Licence, file_sha256

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curation.engine.embedding.shape import BertShape, Weights

WEIGHTS = "model*.safetensors"


class WeightsFolder(EncoderSource):
    """An encoder in a folder: ``config.json``, ``model.safetensors``, and ``tokenizer.json`` or ``vocab.txt``.

    Types of models are those of `LAYOUTS`. Vectors are the mean over the tokens, or the first token's where
    ``1_Pooling/config.json`` (sentence-transformers) says so. It is exported, trained and put into bundles like the
    encoders that ship. Opening looks at names and sizes of all tensors and at the tokenizer, so that a folder that lies
    is found before the first batch.

    Args:
        folder: The folder.
        name: What people call it; the folder's name when left out.

    Raises:
        ModelFolderUnusable: A file is missing, damaged, or contradicts another.
    """

    languages = "as its maker says"

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder = folder
        self.name = name or folder.name
        self._config = json_in(folder, "config.json")
        self._pooling = json_in(folder, "1_Pooling/config.json")
        self._shape = shape_of(self._config, first_token=bool(self._pooling.get("pooling_mode_cls_token")))
        self.max_tokens = min(length_in(folder, self._shape.positions), self._shape.positions)
        self.pad_id = int(self._config.get("pad_token_id") or 0)
        self.width = self._shape.width
        self._files = sorted(folder.glob(WEIGHTS))
        if not self._files:
            raise ModelFolderUnusable(f"{folder} holds no model.safetensors.")
        self._file = WeightsFile(self._files, self._config, self._shape)
        self._check_tokenizer()

    def _check_tokenizer(self) -> None:
        highest = max(self.tokenizer().get_vocab(with_added_tokens=True).values(), default=-1)
        if highest >= self._shape.vocabulary:
            raise ModelFolderUnusable(
                f"The tokenizer of {self.folder} gives the id {highest}, but config.json says vocab_size "
                f"{self._shape.vocabulary}: they belong to different models."
            )

    @property
    def weights_path(self) -> Path:
        """The first file of weights."""
        return self._files[0]

    def shape(self) -> BertShape:
        """Return the sizes that config.json says."""
        return self._shape

    def weights(self, pieces: list[int] | None = None) -> Weights:
        """Return the weights under this project's names."""
        return self._file.weights(pieces)

    def tokenizer(self, pieces: list[int] | None = None) -> Tokenizer:
        """Return the folder's tokenizer; its vocabulary is never trimmed, so `pieces` must be None."""
        if pieces is not None:
            raise ValueError("the vocabulary of a folder is not trimmed")
        if (self.folder / "tokenizer.json").is_file() or not (self.folder / "vocab.txt").is_file():
            return tokenizer_in(self.folder, self.max_tokens)
        return word_pieces(self.folder, self.max_tokens)

    def licences(self) -> list[Licence]:
        """Return the licence that lies in the folder; without one what terms apply is for the operator to know."""
        found = sorted(path for path in self.folder.glob("LICENSE*") if path.is_file())
        if not found:
            return []
        text = found[0].read_text("utf-8", errors="replace")
        return [Licence(self.name, "see the text", "the folder of the encoder", text)]

    @cached_property
    def _tokenizer_file(self) -> Path:
        ready = self.folder / "tokenizer.json"
        return ready if ready.is_file() else self.folder / "vocab.txt"

    def fingerprint(self) -> str:
        """Return a hash over weights, sizes, tokenizer and the way of pooling, whatever the folder is called."""
        files = [*self._files, self._tokenizer_file]
        settings = json_in(self.folder, "tokenizer_config.json") if self._tokenizer_file.suffix == ".txt" else {}
        facts = [[file_sha256(path) for path in files], self._shape.__dict__, self.max_tokens, self.pad_id, settings]
        return hashlib.sha256(json.dumps([*facts, ENCODER_CODE_VERSION], sort_keys=True).encode()).hexdigest()


def has_weights(folder: Path) -> bool:
    """Tell whether a folder holds weights of a type that can be read."""
    return json_in(folder, "config.json").get("model_type") in LAYOUTS and any(folder.glob(WEIGHTS))


def word_pieces(folder: Path, longest: int) -> Tokenizer:
    """Return BERT's tokenizer of a word list, ``vocab.txt``, lower-casing as ``tokenizer_config.json`` says.

    Raises:
        ModelFolderUnusable: The list lacks a special token.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    said: dict[str, Any] = json_in(folder, "tokenizer_config.json")
    lines = (folder / "vocab.txt").read_text("utf-8").splitlines()
    words = {word: number for number, word in enumerate(lines)}
    first, last, unknown = (
        str(said.get(f"{role}_token", usual)) for role, usual in (("cls", "[CLS]"), ("sep", "[SEP]"), ("unk", "[UNK]"))
    )
    missing = [token for token in (first, last, unknown) if token not in words]
    if missing:
        raise ModelFolderUnusable(f"{folder / 'vocab.txt'} lacks {missing[0]}.")
    tokenizer = Tokenizer(models.WordPiece(words, unk_token=unknown))
    lower = bool(said.get("do_lower_case", True))
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=bool(said.get("tokenize_chinese_chars", True)),
        strip_accents=said.get("strip_accents"),
        lowercase=lower,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[first, "$A", last], special_tokens=[(first, words[first]), (last, words[last])]
    )
    tokenizer.enable_truncation(longest)
    return tokenizer
