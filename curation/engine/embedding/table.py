"""The table of encoders. A new encoder is one file beside this one and one row here."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from curation.engine.embedding.e5 import E5Small
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.folder import HUB, FolderEncoder, folder_of, named_folders, stamp_of
from curation.engine.embedding.minilm import MiniLM

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


def _opened_now(folder: Path, name: str) -> FolderEncoder:
    return _opened(folder, name, stamp_of(folder))


@lru_cache(maxsize=4)
def _opened(folder: Path, name: str, _stamp: tuple[tuple[str, int, int], ...]) -> FolderEncoder:
    return FolderEncoder(folder, name)
