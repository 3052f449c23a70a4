"""An encoder that the operator has: a folder with an ONNX graph and its tokenizer, or a model of the local hub cache.

Only ONNX, JSON and safetensors are ever opened: weights as pickles could run code, and are refused with a sentence.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.errors import EngineError, ModelFolderUnusable
from curation.engine.embedding.source import EncoderSource, Licence, file_sha256

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curation.engine.embedding.shape import BertShape, Weights

GRAPHS = ("model.onnx", "onnx/model.onnx")
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib")
KNOWN_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
MAX_TOKENS = 512


def graph_in(folder: Path, names: tuple[str, ...]) -> Path:
    """Return the graph of a folder, the first of these names.

    Raises:
        ModelFolderUnusable: There is none.
    """
    found = graph_in_or_none(folder, names)
    if found is not None:
        return found
    pickles = sorted(path.name for path in folder.rglob("*") if path.suffix in PICKLES)
    if pickles:
        raise ModelFolderUnusable(
            f"{folder} holds {pickles[0]} and no model.onnx. Such weights can run code when they are read, so "
            "they never are: export the model to ONNX (optimum-cli export onnx) and name that folder."
        )
    raise ModelFolderUnusable(f"{folder} holds no model.onnx (nor onnx/model.onnx).")


def graph_in_or_none(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the graph of a folder, the first of these names that is there."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def json_in(folder: Path, name: str) -> dict[str, Any]:
    """Return an object of a folder's file, empty when the file is not there.

    Raises:
        ModelFolderUnusable: It is no JSON object.
    """
    path = folder / name
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError) as error:
        raise ModelFolderUnusable(f"{path} is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise ModelFolderUnusable(f"{path} holds no JSON object.")
    return data


def opened_graph(path: Path) -> Any:
    """Return the session of a graph.

    Raises:
        ModelFolderUnusable: It cannot be opened.
    """
    from curation.engine.embedding.encode import open_session

    try:
        return open_session(path)
    except Exception as error:  # noqa: BLE001  (ONNX Runtime has no base class of its own for what a file can do)
        reason = str(error).splitlines()[0][:200]
        raise ModelFolderUnusable(f"{path} cannot be opened as an ONNX graph: {reason}") from None


def stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what tells that a folder's files are no longer those that were opened: names, sizes, times."""
    files = [
        path for path in (*folder.glob("*"), *folder.glob("onnx/*"), *folder.glob("1_Pooling/*")) if path.is_file()
    ]
    return tuple(sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files))


def length_in(folder: Path, positions: Any) -> int:
    """Return how many tokens of a text are read: what ``sentence_bert_config.json`` says, else as many as there are
    positions; at most 512, and 256 where neither is said."""
    said = json_in(folder, "sentence_bert_config.json").get("max_seq_length") or positions
    return min(MAX_TOKENS, said) if isinstance(said, int) and said > 4 else 256


def tokenizer_in(folder: Path, longest: int) -> Tokenizer:
    """Return a folder's tokenizer, truncating at `longest` tokens.

    Raises:
        ModelFolderUnusable: It is missing or damaged.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelFolderUnusable(f"{folder} holds no tokenizer.json.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001  (the package raises bare exceptions)
        raise ModelFolderUnusable(f"{path} is no tokenizer: {str(error)[:200]}") from None
    tokenizer.enable_truncation(longest)
    tokenizer.no_padding()
    return tokenizer


def graph_hash(path: Path) -> str:
    """Return a hash of a graph and of the files beside it that hold its weights, ``model.onnx_data`` and the like."""
    parts = sorted(part for part in path.parent.glob(f"{path.name}*") if part.is_file())
    return hashlib.sha256("".join(file_sha256(part) for part in parts).encode()).hexdigest()


class FolderEncoder(EncoderSource):
    """An encoder in a folder: ``model.onnx`` (or ``onnx/model.onnx``) and ``tokenizer.json``.

    A graph whose first output is [b, t, width] is pooled: by the mean over tokens, or by the first token where
    ``1_Pooling/config.json`` (sentence-transformers) says so. One whose output is [b, width] is taken as it is. Vectors
    are brought to length 1. Opening runs one text, so that a folder that lies is found before the first batch.

    Args:
        folder: The folder, or ``hf:OWNER/NAME``.
        name: What people call it.

    Raises:
        ModelFolderUnusable: A file is missing, damaged, a pickle, or contradicts another.
    """

    languages = "as its maker says"

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder = folder
        self.name = name or folder.name
        if not folder.is_dir():
            raise ModelFolderUnusable(f"There is no folder {folder}. Name a folder with model.onnx and tokenizer.json.")
        self._graph = graph_in(folder, GRAPHS)
        self._config = json_in(folder, "config.json")
        self._pooling = json_in(folder, "1_Pooling/config.json")
        self.max_tokens = length_in(folder, self._config.get("max_position_embeddings"))
        self.pad_id = int(self._config.get("pad_token_id") or 0)
        self.width = self._try()

    @cached_property
    def _session(self) -> Any:
        return opened_graph(self._graph)

    def _try(self) -> int:
        """Run one text and return the width of its vector."""
        names = {entry.name for entry in self._session.get_inputs()}
        if "input_ids" not in names or names - KNOWN_INPUTS:
            raise ModelFolderUnusable(
                f"{self._graph.name} takes {', '.join(sorted(names))}; a text encoder takes input_ids, "
                "attention_mask and perhaps token_type_ids."
            )
        self._inputs = names
        ids = np.array([self.tokenizer().encode("a text").ids], np.int64)
        mask = np.ones_like(ids)
        try:
            output = np.asarray(self._session.run(None, self.inputs(ids, mask))[0])
        except Exception as error:  # noqa: BLE001
            reason = str(error).splitlines()[0][:200]
            raise ModelFolderUnusable(f"{self._graph.name} does not run on its own tokenizer's ids: {reason}") from None
        if output.ndim not in (2, 3) or output.shape[0] != 1 or (output.ndim == 3 and output.shape[1] != ids.shape[1]):
            raise ModelFolderUnusable(
                f"{self._graph.name} gives an output of shape {list(output.shape)} for one text; expected "
                "[1, width] or [1, tokens, width]."
            )
        if not np.isfinite(output).all():
            raise ModelFolderUnusable(f"{self._graph.name} gives numbers that are not finite.")
        width = int(output.shape[-1])
        said = self._config.get("hidden_size")
        if output.ndim == 3 and said is not None and said != width:
            raise ModelFolderUnusable(f"config.json says hidden_size {said}, but {self._graph.name} gives {width}.")
        return width

    @property
    def weights_path(self) -> Path:
        """The graph, which holds the weights."""
        return self._graph

    @property
    def stored_width(self) -> int:
        """The sentence vector alone."""
        return self.width

    def graph(self) -> Path:
        """Return the folder's own graph."""
        return self._graph

    def inputs(self, ids: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Return those inputs that the graph takes."""
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: values for name, values in given.items() if name in self._inputs}

    def pooled(self, output: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Return float32 [b, width], each of length 1."""
        if output.ndim == 3:
            if self._pooling.get("pooling_mode_cls_token"):
                output = output[:, 0]
            else:
                weight = mask[:, :, None].astype(np.float32)
                output = (output * weight).sum(axis=1) / weight.sum(axis=1).clip(min=1.0)
        output = output.astype(np.float32)
        return np.asarray(output / np.linalg.norm(output, axis=1, keepdims=True).clip(min=1e-12))

    def shape(self) -> BertShape:
        """Raise: the graph is run as it is, and is never fine-tuned."""
        raise EngineError(
            f"The encoder {self.name} is an ONNX graph: its vectors can be used, but it can neither be trained further "
            "nor become part of a bundle. Name a folder with config.json and model.safetensors for that.",
            code="encoder_fixed",
        )

    def weights(self, pieces: list[int] | None = None) -> Weights:
        """Raise, as `shape` does."""
        self.shape()
        return {}

    def tokenizer(self, pieces: list[int] | None = None) -> Tokenizer:
        """Return the folder's tokenizer, truncating at `max_tokens`."""
        return tokenizer_in(self.folder, self.max_tokens)

    def licences(self) -> list[Licence]:
        """Return nothing: what terms apply is for the operator to know."""
        return []

    def fingerprint(self) -> str:
        """Return a hash over the graph, the tokenizer and the way of pooling."""
        facts = [graph_hash(self._graph), file_sha256(self.folder / "tokenizer.json"), self._pooling, self.max_tokens]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def named_folders(setting: str | None = None) -> dict[str, str]:
    """Return the operator's encoders by name: ``ASSAY_ENCODERS=legal=/models/legal,bge=hf:BAAI/bge-small-zh-v1.5``.

    Raises:
        EngineError: An entry is not ``name=folder``.
    """
    found: dict[str, str] = {}
    for entry in (os.environ.get("ASSAY_ENCODERS", "") if setting is None else setting).split(","):
        if not entry.strip():
            continue
        name, equals, place = (part.strip() for part in entry.partition("="))
        if not equals or not name or not place:
            raise EngineError(
                f"ASSAY_ENCODERS has the entry {entry.strip()!r}; write name=/folder or name=hf:OWNER/NAME.",
                code="encoders_setting",
            )
        found[name] = place
    return found
