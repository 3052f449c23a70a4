"""Texts to a vector for each word in its context: the last layer of a text encoder, brought down to a few numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from curation.engine.embedding.encode import default_cache_folder, made_once, open_session
from curation.engine.embedding.table import get_encoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.engine.embedding.source import EncoderSource

# Vectors change when this changes.
CODE_VERSION = 1
# An encoder reads 256 pieces at once, and a word has one to three of them: longer texts are read part by part.
WORDS_AT_ONCE = 96
PARTS_PER_CHUNK = 256
# Parts of texts, evenly spread, from which the directions are taken that words differ in most.
SAMPLE_PARTS = 512


def token_graph(source: EncoderSource, folder: Path) -> Path:
    """Return the path of an encoder's last layer as ONNX (int8), exporting it on the first call."""
    facts = hashlib.sha256(f"{source.fingerprint()}:tokens{CODE_VERSION}".encode()).hexdigest()

    def export(file: Path) -> None:
        from curation.engine.embedding.graph import export_tokens

        export_tokens(source, file)

    return made_once(folder / f"{source.name}-tokens-{facts[:24]}.onnx", export)


def word_vectors(
    texts: Sequence[str],
    words: Sequence[Sequence[tuple[int, int]]],
    *,
    encoder: str,
    width: int,
    cache_dir: Path | None = None,
    threads: int = 2,
    progress: Progress | None = None,
    cancelled: IsCancelled | None = None,
) -> NDArray[np.float32]:
    """Return a vector for each word as it stands in its text, float32 [words, width], mean 0.

    Args:
        texts: The texts.
        words: For each text the first code point of each word and the one after its last, ascending.
        encoder: A name in `ENCODERS`.
        width: Numbers of a vector: the directions in which the words of a sample of the texts differ most.
        cache_dir: Folder for the exported graph; None for `default_cache_folder()`.
        threads: Parts are run by this many threads at once.
        progress: Called with (parts of texts done, parts in all).
        cancelled: Asked every 256 parts.

    Raises:
        Cancelled: As asked.
    """
    source = get_encoder(encoder)
    parts = list(_parts(texts, words))
    out = np.zeros((sum(map(len, words)), width), np.float32)
    if not parts:
        return out
    reader = _Reader(source, open_session(token_graph(source, cache_dir or default_cache_folder())), threads)
    sample = parts[:: max(1, len(parts) // SAMPLE_PARTS)][:SAMPLE_PARTS]
    mean, basis = _directions(np.concatenate(reader.read([(text, at) for _place, text, at in sample])), width)
    for start in range(0, len(parts), PARTS_PER_CHUNK):
        stop_if(cancelled, "Encoding")
        if progress:
            progress(start, len(parts))
        chunk = parts[start : start + PARTS_PER_CHUNK]
        found = reader.read([(text, at) for _place, text, at in chunk])
        for (place, _text, at), vectors in zip(chunk, found, strict=True):
            out[place : place + len(at)] = (vectors - mean) @ basis
    if progress:
        progress(len(parts), len(parts))
    return out


def _parts(
    texts: Sequence[str], words: Sequence[Sequence[tuple[int, int]]]
) -> Iterator[tuple[int, str, NDArray[np.int64]]]:
    """Give parts of texts, each with the number of its first word and the places of its words in it."""
    place = 0
    for text, own in zip(texts, words, strict=True):
        for start in range(0, len(own), WORDS_AT_ONCE):
            some = np.array(own[start : start + WORDS_AT_ONCE], np.int64)
            begin, end = int(some[0, 0]), int(some[-1, 1])
            yield place + start, text[begin:end], some - begin
        place += len(own)


def _directions(vectors: NDArray[np.float32], width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean of vectors and the orthonormal directions of most variance, [d, width]."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = vectors - mean
    _values, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :width]
    # The sign of an eigenvector is nobody's choice; with the largest entry positive it is the same everywhere.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return mean.astype(np.float32), np.ascontiguousarray(axes, np.float32)


class _Reader:
    """Runs parts of texts, one a run, since the scale of an int8 run is taken over all that is in it."""

    def __init__(self, source: EncoderSource, session: Any, threads: int) -> None:
        self.source, self.session, self.threads = source, session, threads
        self.tokenizer = source.tokenizer()

    def read(self, parts: Sequence[tuple[str, NDArray[np.int64]]]) -> list[NDArray[np.float32]]:
        """Return the vectors of the words of each part, float32 [words, d]; a word that was cut off is zero."""
        pieces = self.tokenizer.encode_batch([text for text, _at in parts])
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(self._one, pieces, [at for _text, at in parts]))

    def _one(self, pieces: Any, at: NDArray[np.int64]) -> NDArray[np.float32]:
        ids = np.array([pieces.ids], np.int64)
        states = self.session.run(None, self.source.inputs(ids, np.ones_like(ids)))[0][0]
        offsets = np.array(pieces.offsets, np.int64)
        # The words that a piece touches: most touch one, and a piece such as "don't" may touch several.
        low = np.searchsorted(at[:, 1], offsets[:, 0], "right")
        high = np.searchsorted(at[:, 0], offsets[:, 1], "left")
        sums = np.zeros((len(at) + 1, states.shape[1]), np.float32)
        counts = np.zeros(len(at) + 1, np.float32)
        for reach in range(int((high - low).max(initial=0))):
            touched = low + reach < high
            np.add.at(sums, low[touched] + reach, states[touched])
            np.add.at(counts, low[touched] + reach, 1)
        return np.asarray(sums[:-1] / np.maximum(counts[:-1], 1)[:, None], np.float32)
