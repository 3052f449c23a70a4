"""Models of the hub: found in its cache on this machine, and fetched where the operator allowed it.

A hub model is looked for where the hub's own tools put it (``hf download OWNER/NAME``). With
``ASSAY_DOWNLOAD_ENCODERS=yes`` and the package huggingface_hub one that is not there is fetched: JSON, word lists
and safetensors, never pickles.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from curation.engine.embedding.errors import ModelFolderUnusable

HUB = "hf:"
ALLOW = "ASSAY_DOWNLOAD_ENCODERS"
# As config/environment.py reads flags.
YES = ("1", "yes", "true", "on")
FETCHED = ["*.json", "vocab.txt", "model*.safetensors", "1_Pooling/*.json", "LICENSE*"]
_NAME = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")


def folder_of(place: str) -> Path:
    """Return the folder that a path or ``hf:OWNER/NAME`` means.

    Raises:
        ModelFolderUnusable: The hub's cache has no such model, and it cannot or may not be fetched.
    """
    if not place.startswith(HUB):
        return Path(place)
    name = place.removeprefix(HUB)
    if not _NAME.fullmatch(name):
        raise ModelFolderUnusable(f"{name!r} is no name of a model of the hub; write hf:OWNER/NAME.")
    home = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    kept = Path(os.environ.get("HF_HUB_CACHE") or home / "hub") / f"models--{name.replace('/', '--')}"
    head = kept / "refs" / "main"
    if not head.is_file():
        if os.environ.get(ALLOW, "").lower() not in YES:
            raise ModelFolderUnusable(
                f"{name} is not in the hub cache at {kept.parent}. Run: hf download {name} (or set {ALLOW}=yes, "
                "and it is fetched when it is first named)."
            )
        return _fetched(name, kept.parent)
    return kept / "snapshots" / head.read_text("utf-8").strip()


def _fetched(name: str, cache: Path) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ModelFolderUnusable(
            f"{name} cannot be fetched, because the package huggingface_hub is not installed: pip install "
            f"huggingface_hub, or copy the model into a folder and name that."
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=FETCHED, cache_dir=cache))
    except Exception as error:  # noqa: BLE001  (whatever a network and a hub can answer)
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelFolderUnusable(f"{name} could not be fetched from the hub: {reason}") from None
