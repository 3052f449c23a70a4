"""Texts to sentence vectors through ONNX Runtime, cached on disk.

Why int8 and one text a run: on two cores int8 gave 2.3 times the texts per CPU second of float32 ONNX and about 4 times
torch's (bench/model_chain.py prints the figures of this machine), and dynamic quantisation takes its scale over the
whole input, so only a run of one text gives a vector that does not depend on the texts beside it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.cache import KEY_BYTES, VectorCache, text_keys
from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.embedding.table import get_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import onnxruntime

    from curation.engine.embedding.source import EncoderSource

PRECISIONS = ("int8", "fp32")
# Texts between two looks at `cancelled` and two writes to the cache: about two seconds of work.
TEXTS_PER_CHUNK = 512
DEFAULT_BATCH = {"int8": 1, "fp32": 32}


def default_cache_folder() -> Path:
    """Return the folder for graphs and vectors when the caller names none: ASSAY_MODEL_CACHE or the user's cache
    folder."""
    named = os.environ.get("ASSAY_MODEL_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "assay" / "models"


def vector_fingerprint(source: EncoderSource, precision: str) -> str:
    """Return a hash that changes when the same text would get another vector."""
    if source.graph() is not None:
        return source.fingerprint()
    return hashlib.sha256(f"{source.fingerprint()}:{precision}".encode()).hexdigest()


def encoder_graph(source: EncoderSource, precision: str, folder: Path) -> Path:
    """Return the path of the encoder as ONNX, exporting it on the first call (about 10 CPU s); safe for two
    processes."""
    ready = source.graph()
    if ready is not None:
        return ready

    def export(file: Path) -> None:
        from curation.engine.embedding.graph import export_encoder

        export_encoder(source, file, int8=precision == "int8")

    return made_once(folder / f"{source.name}-{vector_fingerprint(source, precision)[:24]}.onnx", export)


def made_once(target: Path, export: Callable[[Path], None]) -> Path:
    """Return a file that `export` makes where it is not there yet; safe for two processes.

    Args:
        target: The file.
        export: Writes it to the path that it is given, in a folder beside it.
    """
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            made = Path(scratch) / "made.onnx"
            export(made)
            # One rename, so that a second process exporting at once finds a whole file or none.
            made.replace(target)
    return target


def open_session(path: Path | bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Open an ONNX graph on the CPU with that many threads a run, without busy waiting."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads doubled the CPU time of a short text when the other core was busy.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = path if isinstance(path, bytes) else str(path)
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def encode(
    texts: Sequence[str],
    *,
    encoder: str | EncoderSource = "minilm",
    cache_dir: Path | None = None,
    vectors_dir: Path | None = None,
    batch_size: int | None = None,
    precision: str = "int8",
    layered: bool = False,
    threads: int = 2,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> np.ndarray[Any, Any]:
    """Return sentence vectors, float32 [n, width], each of length 1, in the order of the texts.

    With `layered`, [n, 2 * width]: the sentence vector, then the mean of the word vectors (see `bert.layered_pool`).
    Both come from one run and one cache; an encoder of a folder has the first only.

    Args:
        encoder: a name in `ENCODERS` or of the operator's setting, or an opened source.
        cache_dir: folder for the exported graph; None means `default_cache_folder()`.
        vectors_dir: folder for the vectors; None means `cache_dir`.
        batch_size: texts a run; None means 1 for int8 and 32 for fp32 (why: see the module).
        precision: `int8` or `fp32`; a folder's graph is run as it is.
        threads: texts are encoded by this many threads at once, one core each.
        progress: called with (texts done, texts in all), cached ones included.
        cancelled: asked at least every 512 texts.

    Raises:
        Cancelled: vectors made so far are in the cache.
        EngineError: `unknown_encoder`, or the model's files cannot be used.
    """
    opened = TextEncoder(
        get_encoder(encoder) if isinstance(encoder, str) else encoder,
        cache_dir=cache_dir,
        vectors_dir=vectors_dir,
        batch_size=batch_size,
        precision=precision,
        threads=threads,
    )
    return opened.encode(texts, layered=layered, progress=progress, cancelled=cancelled)


class TextEncoder:
    """One encoder with its graph and its cache, opened once for many calls; parameters as those of `encode`."""

    def __init__(
        self,
        source: EncoderSource,
        *,
        cache_dir: Path | None = None,
        vectors_dir: Path | None = None,
        batch_size: int | None = None,
        precision: str = "int8",
        threads: int = 2,
    ) -> None:
        self.source, self.precision, self.threads = source, precision, threads
        self.fingerprint = vector_fingerprint(source, precision)
        self.width = source.width
        self._folder = cache_dir or default_cache_folder()
        self._cache = VectorCache(vectors_dir or self._folder, self.fingerprint, source.stored_width)
        self._batch_size = batch_size or DEFAULT_BATCH[precision]
        self._runner: _Runner | None = None
        # Texts that were run through the graph, as against found in the cache.
        self.encoded = 0

    def encode(
        self,
        texts: Sequence[str],
        *,
        layered: bool = False,
        progress: Progress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> np.ndarray[Any, Any]:
        """Return vectors as `encode` does."""
        keys = text_keys(texts)
        _unique, first, inverse = np.unique(keys.view(f"V{KEY_BYTES}").ravel(), return_index=True, return_inverse=True)
        keys = keys[first]
        out = np.empty((len(first), self.source.stored_width if layered else self.width), np.float32)
        missing = np.flatnonzero(~self._cache.get(keys, out))
        # Shortest first: equal work for the threads, and no padding to speak of in a batch.
        lengths = np.array([len(texts[first[row]]) for row in missing], np.int64)
        missing = missing[np.argsort(lengths, kind="stable")]
        done = len(texts) - len(missing)
        if progress:
            progress(done, len(texts))
        for start in range(0, len(missing), TEXTS_PER_CHUNK):
            stop_if(cancelled, "Encoding")
            chunk = missing[start : start + TEXTS_PER_CHUNK]
            vectors = self._run([texts[first[row]] for row in chunk]).astype(np.float16)
            self._cache.put(keys[chunk], vectors)
            out[chunk] = vectors[:, : out.shape[1]]
            if progress:
                progress(done + start + len(chunk), len(texts))
        return out[inverse]

    def _run(self, texts: list[str]) -> np.ndarray[Any, Any]:
        if self._runner is None:
            graph = encoder_graph(self.source, self.precision, self._folder)
            self._runner = _Runner(self.source, graph, self._batch_size, self.threads)
        self.encoded += len(texts)
        return self._runner.run(texts)


class _Runner:
    """Tokenizes and runs texts on one session from several threads; ONNX Runtime lets go of the interpreter lock."""

    def __init__(self, source: EncoderSource, graph: Path, batch_size: int, threads: int) -> None:
        self.tokenizer = source.tokenizer()
        self.session = open_session(graph)
        self.source, self.batch_size, self.threads = source, batch_size, threads

    def run(self, texts: list[str]) -> np.ndarray[Any, Any]:
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        batches = [tokens[start : start + self.batch_size] for start in range(0, len(tokens), self.batch_size)]
        with ThreadPoolExecutor(self.threads) as pool:
            return np.concatenate(list(pool.map(self._run_batch, batches)))

    def _run_batch(self, tokens: list[list[int]]) -> np.ndarray[Any, Any]:
        ids, mask = pad_tokens(tokens, self.source.pad_id)
        return self.source.pooled(self.session.run(None, self.source.inputs(ids, mask))[0], mask)


def pad_tokens(tokens: Sequence[Sequence[int]], pad: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return int64 ids and mask [n, longest]; the mask is 1 for tokens."""
    longest = max(len(row) for row in tokens)
    ids = np.full((len(tokens), longest), pad, dtype=np.int64)
    mask = np.zeros((len(tokens), longest), dtype=np.int64)
    for row, row_tokens in enumerate(tokens):
        ids[row, : len(row_tokens)] = row_tokens
        mask[row, : len(row_tokens)] = 1
    return ids, mask
