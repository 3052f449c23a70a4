"""An encoder of pictures that the operator has: a folder with an ONNX graph, or a model of the local hub cache."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.errors import EngineError, ModelFolderUnusable
from curation.engine.embedding.folder import (
    graph_hash,
    graph_in,
    json_in,
    named_folders,
    opened_graph,
    stamp_of,
)
from curation.engine.embedding.hub import HUB, folder_of
from curation.engine.embedding.picture import NAME, EfficientNetLite0, PictureSource

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

# A graph of both parts of a CLIP needs a text too; the hub's exports have the part for pictures under this name.
GRAPHS = ("vision_model.onnx", "onnx/vision_model.onnx", "model.onnx", "onnx/model.onnx")
SETTINGS = "preprocessor_config.json"
# What transformers' image processors take where the file says nothing.
SIDE, SCALE = 224, 1 / 255
MEAN, SPREAD = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
LARGEST_SIDE = 1024
# Names of the vector of a whole picture in the exports of transformers' models, the best first.
OUTPUTS = ("image_embeds", "pooler_output")
# Vectors change when this changes.
CODE_VERSION = 1


class FolderPictures:
    """A network in a folder: ``model.onnx`` or ``vision_model.onnx`` (or below ``onnx``), ``preprocessor_config.json``.

    The graph takes pictures [b, 3, height, width]. Of its outputs the one called ``image_embeds`` is taken, else
    ``pooler_output``, else the first: [b, width], [b, tokens, width], of which the first token is taken (as vision
    transformers are made to be used), or [b, width, rows, columns], of which the mean is. Sizes, the middle that is cut
    out, means and deviations are those of the file. Opening runs two black pictures, so that a folder that lies is
    found before the first batch.

    Raises:
        ModelFolderUnusable: A file is missing, damaged, a pickle, or contradicts another.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder = folder
        self.name = name or folder.name
        if not folder.is_dir():
            raise ModelFolderUnusable(f"There is no folder {folder}. Name one with model.onnx and {SETTINGS}.")
        self._graph = graph_in(folder, GRAPHS)
        if not (folder / SETTINGS).is_file():
            raise ModelFolderUnusable(
                f"{folder} holds no {SETTINGS}, which says how large pictures have to be, "
                "and how their colours are scaled."
            )
        self._settings = json_in(folder, SETTINGS)
        self._read_settings()
        self.width = self._try()

    def _read_settings(self) -> None:
        """Take over sizes and colours.

        Raises:
            ModelFolderUnusable: A value cannot be.
        """
        said = self._settings
        self._shown = self._pair("crop_size") if said.get("do_center_crop") else self._pair("size")
        size = said.get("size")
        # With a middle to be cut out, `size` is what the shorter side becomes.
        short = size.get("shortest_edge", size.get("height")) if isinstance(size, dict) else size
        self._short = short if said.get("do_center_crop") and isinstance(short, int) else max(self._shown)
        self.side = max(self._short, *self._shown)
        self._mean, self._spread = (
            np.array(said.get(key, usual), np.float32).reshape(-1)
            for key, usual in (("image_mean", MEAN), ("image_std", SPREAD))
        )
        if len(self._mean) != 3 or len(self._spread) != 3 or not (self._spread > 0).all():
            raise ModelFolderUnusable(
                f"{SETTINGS}: image_mean and image_std are three numbers each, image_std above 0."
            )
        scale = said.get("rescale_factor", SCALE) if said.get("do_rescale", True) else 1.0
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale <= 1:
            raise ModelFolderUnusable(f"{SETTINGS}: rescale_factor is a number above 0 and at most 1.")
        self._scale = float(scale)

    def _pair(self, key: str) -> tuple[int, int]:
        """Return height and width of a size in any of the ways in which these files say it."""
        said: Any = self._settings.get(key, SIDE)
        if isinstance(said, dict):
            edge = said.get("shortest_edge")
            said = [said.get("height", edge), said.get("width", edge)]
        pair = said if isinstance(said, list) and len(said) == 2 else [said, said]
        if not all(isinstance(one, int) and not isinstance(one, bool) and 8 <= one <= LARGEST_SIDE for one in pair):
            raise ModelFolderUnusable(f"{SETTINGS}: {key} is a side of 8 to {LARGEST_SIDE} pixels, not {said}.")
        return int(pair[0]), int(pair[1])

    def _try(self) -> int:
        """Run one picture and return the width of its vector."""
        session = opened_graph(self._graph)
        entries = session.get_inputs()
        if len(entries) != 1 or len(entries[0].shape) != 4 or entries[0].type != "tensor(float)":
            takes = ", ".join(f"{entry.name} {entry.shape}" for entry in entries)
            raise ModelFolderUnusable(
                f"{self._graph.name} takes {takes}; an encoder of pictures takes one input of float32 [b, 3, height, "
                "width]. Of a CLIP name the folder with vision_model.onnx."
            )
        self.input = entries[0].name
        made = [entry.name for entry in session.get_outputs()]
        self.output = next((name for name in OUTPUTS if name in made), made[0])
        black = np.zeros((2, 3, *self._shown), np.float32)
        try:
            output = np.asarray(session.run([self.output], {self.input: black})[0])
        except Exception as error:  # noqa: BLE001  (ONNX Runtime has no base class of its own for what a graph can do)
            reason = str(error).splitlines()[0][:200]
            raise ModelFolderUnusable(
                f"{self._graph.name} does not run on two pictures of {self._shown[0]} × {self._shown[1]} pixels, which "
                f"{SETTINGS} asks for: {reason}"
            ) from None
        if output.ndim not in (2, 3, 4) or output.shape[0] != 2:
            raise ModelFolderUnusable(
                f"{self._graph.name} gives an output of shape {list(output.shape)} for two pictures; expected "
                "[2, width], [2, tokens, width] or [2, width, rows, columns]."
            )
        if not np.isfinite(output).all():
            raise ModelFolderUnusable(f"{self._graph.name} gives numbers that are not finite.")
        return int(output.shape[1] if output.ndim == 4 else output.shape[-1])

    def fingerprint(self) -> str:
        """Return a hash over the graph and how pictures are prepared."""
        facts = [graph_hash(self._graph), self._settings, CODE_VERSION]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def graph(self, folder: Path) -> Path:
        """Return the folder's own graph."""
        return self._graph

    def prepared(self, image: Image.Image) -> NDArray[np.float32]:
        """Return the picture as the network was trained to see it, float32 [3, height, width]."""
        from PIL import Image as Pillow

        image = image.convert("RGB")
        height, width = self._shown
        if self._settings.get("do_center_crop"):
            scale = self._short / min(image.size)
            # Never smaller than what is cut out, so that no border shows.
            size = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
            image = image.resize(size, Pillow.Resampling.BICUBIC)
            left, top = (image.width - width) // 2, (image.height - height) // 2
            image = image.crop((left, top, left + width, top + height))
        else:
            image = image.resize((width, height), Pillow.Resampling.BICUBIC)
        values = np.asarray(image, np.float32) * self._scale
        if self._settings.get("do_normalize", True):
            values = (values - self._mean) / self._spread
        return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)

    def pooled(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return float32 [b, width], each of length 1."""
        if output.ndim == 3:
            output = output[:, 0]
        elif output.ndim == 4:
            output = output.mean(axis=(2, 3))
        output = output.astype(np.float32)
        return np.asarray(output / np.linalg.norm(output, axis=1, keepdims=True).clip(min=1e-12))


def takes_pictures(folder: Path) -> bool:
    """Tell whether a folder is meant for pictures: its graph is called so, or it prepares them and has no tokenizer."""
    if any((folder / name).is_file() for name in GRAPHS[:2]):
        return True
    return (folder / SETTINGS).is_file() and not (folder / "tokenizer.json").is_file()


def picture_encoder_names() -> tuple[str, ...]:
    """Return the names of the encoders of pictures: the one that ships, then those of the operator's setting."""
    return (NAME, *(name for name, place in named_folders().items() if name != NAME and _is_for_pictures(place)))


def get_picture_encoder(name: str) -> PictureSource:
    """Return the encoder of pictures of that name; a path is not a name, as `get_encoder` says.

    Raises:
        EngineError: code `unknown_encoder`, or the operator's folder cannot be used.
    """
    if name == NAME:
        return EfficientNetLite0()
    if name not in picture_encoder_names():
        known = ", ".join(picture_encoder_names())
        raise EngineError(f"There is no encoder of pictures {name!r}; choose one of {known}.", code="unknown_encoder")
    return _opened_now(folder_of(named_folders()[name]), name)


def open_picture_encoder(name: str) -> PictureSource:
    """Return an encoder by name, by folder or by ``hf:OWNER/NAME``; for the command line, where paths are the user's.

    Raises:
        EngineError: As `get_picture_encoder`.
    """
    if name not in picture_encoder_names() and (name.startswith(HUB) or Path(name).is_dir() or "/" in name):
        return _opened_now(folder_of(name), "")
    return get_picture_encoder(name)


def _is_for_pictures(place: str) -> bool:
    try:
        return takes_pictures(folder_of(place))
    except ModelFolderUnusable:
        return False


def _opened_now(folder: Path, name: str) -> FolderPictures:
    return _opened(folder, name, stamp_of(folder))


@lru_cache(maxsize=4)
def _opened(folder: Path, name: str, _stamp: tuple[tuple[str, int, int], ...]) -> FolderPictures:
    return FolderPictures(folder, name)
