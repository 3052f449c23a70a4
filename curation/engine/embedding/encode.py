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

from curation.engine.embedding.cache import VectorCache, text_key
from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.embedding.table import get_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    return hashlib.sha256(f"{source.fingerprint()}:{precision}".encode()).hexdigest()


def encoder_graph(source: EncoderSource, precision: str, folder: Path) -> Path:
    """Return the path of the encoder as ONNX, exporting it on the first call (about 10 CPU s); safe for two
    processes."""
    target = folder / f"{source.name}-{vector_fingerprint(source, precision)[:24]}.onnx"
    if target.exists():
        return target
    from curation.engine.embedding.graph import export_encoder

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        export_encoder(source, Path(scratch) / "encoder.onnx", int8=precision == "int8")
        # One rename, so that a second process exporting at once finds a whole file or none.
        (Path(scratch) / "encoder.onnx").replace(target)
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
    encoder: str = "minilm",
    cache_dir: Path | None = None,
    batch_size: int | None = None,
    precision: str = "int8",
    layered: bool = False,
    threads: int = 2,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> np.ndarray[Any, Any]:
    """Return sentence vectors, float32 [n, 384], each of length 1, in the order of the texts.

    With `layered`, [n, 768]: the sentence vector, then the mean of the word vectors (see `bert.layered_pool`). Both
    come from one run and one cache.

    Args:
        encoder: a name in `ENCODERS`.
        cache_dir: folder for the exported graph and the vectors; None means `default_cache_folder()`.
        batch_size: texts a run; None means 1 for int8 and 32 for fp32 (why: see the module).
        precision: `int8` or `fp32`.
        threads: texts are encoded by this many threads at once, one core each.
        progress: called with (texts done, texts in all), cached ones included.
        cancelled: asked at least every 512 texts.

    Raises:
        Cancelled: vectors made so far are in the cache.
    """
    source, folder = get_encoder(encoder), cache_dir or default_cache_folder()
    keys = [text_key(text) for text in texts]
    cache = VectorCache(folder, vector_fingerprint(source, precision), 2 * source.width)
    known = cache.get(list(dict.fromkeys(keys)))
    # The first text of each key, longest first: equal work for the threads, and no padding to speak of in a batch.
    fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    queue = sorted(fresh.items(), key=lambda pair: len(pair[1]))
    done = len(texts) - len(queue)
    if progress:
        progress(done, len(texts))
    if queue:
        runner = _Runner(
            source, encoder_graph(source, precision, folder), batch_size or DEFAULT_BATCH[precision], threads
        )
        for start in range(0, len(queue), TEXTS_PER_CHUNK):
            stop_if(cancelled, "Encoding")
            chunk = queue[start : start + TEXTS_PER_CHUNK]
            made = list(zip([key for key, _ in chunk], runner.run([text for _, text in chunk]), strict=True))
            cache.put(made)
            known.update(made)
            if progress:
                progress(done + start + len(chunk), len(texts))
    out = np.empty((len(texts), source.width * (2 if layered else 1)), dtype=np.float32)
    for row, key in enumerate(keys):
        out[row] = known[key][: out.shape[1]]
    return out


class _Runner:
    """Tokenizes and runs texts on one session from several threads; ONNX Runtime lets go of the interpreter lock."""

    def __init__(self, source: EncoderSource, graph: Path, batch_size: int, threads: int) -> None:
        self.tokenizer = source.tokenizer()
        self.session = open_session(graph)
        self.batch_size, self.threads, self.pad = batch_size, threads, source.pad_id

    def run(self, texts: list[str]) -> np.ndarray[Any, Any]:
        tokens = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        batches = [tokens[start : start + self.batch_size] for start in range(0, len(tokens), self.batch_size)]
        with ThreadPoolExecutor(self.threads) as pool:
            return np.concatenate(list(pool.map(self._run_batch, batches)))

    def _run_batch(self, tokens: list[list[int]]) -> np.ndarray[Any, Any]:
        ids, mask = pad_tokens(tokens, self.pad)
        vectors: np.ndarray[Any, Any] = self.session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors


def pad_tokens(tokens: Sequence[Sequence[int]], pad: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return int64 ids and mask [n, longest]; the mask is 1 for tokens."""
    longest = max(len(row) for row in tokens)
    ids = np.full((len(tokens), longest), pad, dtype=np.int64)
    mask = np.zeros((len(tokens), longest), dtype=np.int64)
    for row, row_tokens in enumerate(tokens):
        ids[row, : len(row_tokens)] = row_tokens
        mask[row, : len(row_tokens)] = 1
    return ids, mask
