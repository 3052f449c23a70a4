"""The table of encoders. A new encoder is one file beside this one and one row here."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from curation.engine.embedding.e5 import E5Small
from curation.engine.embedding.errors import EngineError, ModelFolderUnusable
from curation.engine.embedding.folder import GRAPHS, PICKLES, FolderEncoder, graph_in_or_none, named_folders, stamp_of
from curation.engine.embedding.hub import HUB, folder_of
from curation.engine.embedding.minilm import MiniLM
from curation.engine.embedding.weights_folder import WEIGHTS, WeightsFolder, has_weights

if TYPE_CHECKING:
    from curation.engine.embedding.source import EncoderSource

ENCODERS: dict[str, type[EncoderSource]] = {
    "minilm": MiniLM,
    "e5-small": E5Small,
}


def encoder_names() -> tuple[str, ...]:
    """Return the names that `get_encoder` knows: the table's, then those of the operator's setting."""
    return (*ENCODERS, *(name for name in named_folders() if name not in ENCODERS))


def get_encoder(name: str) -> EncoderSource:
    """Return the encoder of that name: a row of the table, or one that the operator named in ASSAY_ENCODERS.

    A path is not a name: whoever writes a plan must not make the server read folders.

    Raises:
        EngineError: code `unknown_encoder`, or the operator's folder cannot be used.
    """
    if name in ENCODERS:
        return ENCODERS[name]()
    named = named_folders()
    if name not in named:
        names = ", ".join(encoder_names())
        raise EngineError(f"There is no encoder {name!r}; choose one of {names}.", code="unknown_encoder")
    return _opened_now(folder_of(named[name]), name)


def open_encoder(name: str) -> EncoderSource:
    """Return an encoder by name, by folder or by ``hf:OWNER/NAME``; for the command line, where paths are the user's.

    Raises:
        EngineError: As `get_encoder`.
    """
    if name in encoder_names():
        return get_encoder(name)
    if name.startswith(HUB) or Path(name).is_dir() or "/" in name:
        return _opened_now(folder_of(name), "")
    return get_encoder(name)


def source_in(folder: Path, name: str = "") -> EncoderSource:
    """Return the encoder of a folder: its weights where they can be trained further, else its graph.

    Raises:
        ModelFolderUnusable: It has neither, or they cannot be used.
    """
    if not folder.is_dir():
        raise ModelFolderUnusable(
            f"There is no folder {folder}. Name a folder with config.json, model.safetensors and tokenizer.json, or "
            "with model.onnx and tokenizer.json."
        )
    if has_weights(folder):
        return WeightsFolder(folder, name)
    if graph_in_or_none(folder, GRAPHS) is not None:
        return FolderEncoder(folder, name)
    if any(folder.glob(WEIGHTS)):
        # Says which types can be read.
        return WeightsFolder(folder, name)
    pickles = sorted(path.name for path in folder.rglob("*") if path.suffix in PICKLES)
    if pickles:
        raise ModelFolderUnusable(
            f"{folder} holds {pickles[0]} and neither model.safetensors nor model.onnx. Such weights can run code when "
            "they are read, so they never are: save the model as safetensors (save_pretrained does), and name that "
            "folder."
        )
    raise ModelFolderUnusable(f"{folder} holds neither model.safetensors nor model.onnx (nor onnx/model.onnx).")


def _opened_now(folder: Path, name: str) -> EncoderSource:
    return _opened(folder, name, stamp_of(folder))


@lru_cache(maxsize=4)
def _opened(folder: Path, name: str, _stamp: tuple[tuple[str, int, int], ...]) -> EncoderSource:
    return source_in(folder, name)
