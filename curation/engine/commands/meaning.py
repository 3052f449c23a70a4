"""``embed``, ``outliers`` and ``semantic-duplicates``: the meaning of texts and pictures from the shell."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.commands.columns import read_columns
from curation.engine.commands.pictures import embed_folder, embed_pictures_of, write_vectors
from curation.engine.commands.tables import check_output, write_tables
from curation.engine.embedding.errors import EngineError
from curation.engine.steps.base import StepError

Progress = Callable[[int, int, str], None]
LISTED = 20


def add_parsers(commands: Any, progress: Progress) -> None:
    """Add the commands to those of ``python -m curation.engine``."""
    embed = commands.add_parser("embed", help="write the vector of each text, or of each picture of a folder")
    _common(embed, "a file of texts, or a folder of pictures")
    embed.add_argument("--out", type=Path, required=True, help="NPY file to write: float32 [rows, width], NaN for none")
    embed.set_defaults(run=lambda options: _told(run_embed, options, progress))
    outliers = commands.add_parser(
        "outliers", help="find the texts or pictures that are of another kind than the others"
    )
    _common(outliers, "a file of texts, or a folder of pictures")
    outliers.add_argument(
        "--out", type=Path, required=True, help="CSV, JSONL or Parquet to write: id,strangeness,z,outlier"
    )
    outliers.add_argument("--limit", type=float, default=2.0, help="z above which a text is an outlier (%(default)s)")
    outliers.set_defaults(run=lambda options: _told(run_outliers, options, progress))
    duplicates = commands.add_parser(
        "semantic-duplicates", help="find the pairs of texts, or of pictures, that mean the same"
    )
    _common(duplicates, "a file of texts, or a folder of pictures")
    duplicates.add_argument("--threshold", type=float, default=0.95, help="least cosine (default %(default)s)")
    duplicates.add_argument("--pairs", type=Path, required=True, help="CSV, JSONL or Parquet to write: id1,id2,cosine")
    duplicates.add_argument("--kept", type=Path, help="file to write: id,kept; what stays for each text")
    duplicates.set_defaults(run=lambda options: _told(run_duplicates, options, progress))


def _common(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("input", type=Path, help=what)
    parser.add_argument("--field", help="column of the text; found by name and content when left out")
    parser.add_argument("--id", help="column that names a row; its place from 1 if none (of a folder: paths)")
    parser.add_argument(
        "--encoder",
        default="auto",
        help="auto, a name, a folder with model.onnx and tokenizer.json (for pictures: preprocessor_config.json), or "
        "hf:OWNER/NAME",
    )
    parser.add_argument("--cache", type=Path, help="folder for graphs and vectors (default: ASSAY_MODEL_CACHE)")


def _told(
    run: Callable[[argparse.Namespace, Progress], dict[str, Any]], options: argparse.Namespace, progress: Progress
) -> dict[str, Any]:
    try:
        return run(options, progress)
    except EngineError as error:
        raise StepError(str(error)) from None


def run_embed(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Write the vectors and return the summary that is printed."""
    if not options.out.parent.is_dir():
        raise ValueError(f"There is no folder {options.out.parent} for {options.out.name}.")
    if options.input.is_dir():
        return embed_folder(options, progress)
    rows = _Embedded(options, progress)
    whole = np.full((rows.total, rows.vectors.shape[1]), np.nan, np.float32)
    whole[rows.places] = rows.vectors
    write_vectors(options.out, whole)
    return {**rows.summary(), "width": whole.shape[1], "out": str(options.out)}


def run_outliers(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Write the scores, strangest first, and return the summary that is printed."""
    from curation.engine.meaning.index import build, neighbours
    from curation.engine.meaning.outliers import NEIGHBOURS, strangeness

    check_output(options.out)
    rows = _Embedded(options, progress)
    near = neighbours(build(rows.vectors), NEIGHBOURS, progress=lambda done, total: progress(done, total, "comparing"))
    found = strangeness(*near)
    order = np.lexsort((np.arange(len(found.z)), -found.strangeness))
    columns = {
        "id": rows.named(order),
        "strangeness": pa.array(found.strangeness[order].astype(np.float64).round(6)),
        "z": pa.array(found.z[order].astype(np.float64).round(4)),
        "outlier": pa.array(found.z[order] > options.limit),
    }
    _write(options.out, columns)
    return {**rows.summary(), "outliers": int((found.z > options.limit).sum()), "limit": options.limit}


def run_duplicates(options: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Write the pairs and return the summary that is printed."""
    from curation.engine.meaning.duplicates import keep_one
    from curation.engine.meaning.pairs import pairs_above

    for path in (options.pairs, options.kept):
        if path is not None:
            check_output(path)
    rows = _Embedded(options, progress)
    pairs = pairs_above(
        rows.vectors, options.threshold, progress=lambda done, total: progress(done, total, "comparing")
    )
    kept = keep_one(len(rows.ids), pairs, rows.lengths)
    cosine = pa.array(pairs.cosine.astype(np.float64).round(6))
    _write(options.pairs, {"id1": rows.named(pairs.left), "id2": rows.named(pairs.right), "cosine": cosine})
    if options.kept:
        _write(options.kept, {"id": rows.named(np.arange(len(rows.ids))), "kept": rows.named(kept.stays)})
    counts = {"pairs": len(pairs.left), "duplicates": len(kept.dropped()), "threshold": options.threshold}
    return {**rows.summary(), **counts}


class _Embedded:
    """The texts of a file, or the pictures of a folder, with their vectors; rows without are named on standard error.

    Attributes:
        ids: What names each row that has a vector.
        places: int64 [n], their places among all rows.
        lengths: int64 [n], code points of texts; 0 for pictures, of which the first stays.
        vectors: float32 [n, width].
    """

    def __init__(self, options: argparse.Namespace, progress: Progress) -> None:
        self.ids: list[Any] = []
        self.without: list[Any] = []
        self.total = self.refused = 0
        if options.input.is_dir():
            self._take_pictures(options, progress)
        else:
            self._take_texts(options, progress)

    def _take_pictures(self, options: argparse.Namespace, progress: Progress) -> None:
        found = embed_pictures_of(options, progress)
        has = ~np.isnan(found.vectors[:, 0])
        self.places = np.flatnonzero(has)
        self.ids = [found.names[place] for place in self.places.tolist()]
        self.without = [found.names[place] for place in np.flatnonzero(~has).tolist()]
        self.total, self.encoder = len(found.names), found.encoder
        self.vectors = found.vectors[has]
        self.lengths = np.zeros(len(self.ids), np.int64)

    def _take_texts(self, options: argparse.Namespace, progress: Progress) -> None:
        from curation.engine.embedding import choose_encoder, encode, open_encoder

        # A name that is wrong is told before a large file is read.
        source = open_encoder(options.encoder) if options.encoder != "auto" else None
        columns = read_columns(options.input, options.field, options.id)
        kept: list[str] = []
        places = []
        for texts, ids in columns.batches:
            names = ids.to_pylist() if ids is not None else range(self.total + 1, self.total + len(texts) + 1)
            for place, (text, name) in enumerate(zip(texts.to_pylist(), names, strict=True), self.total):
                if text and text.strip():
                    kept.append(text)
                    self.ids.append(name)
                    places.append(place)
                else:
                    self.without.append(name)
            self.total += len(texts)
        self.places = np.array(places, np.int64)
        self.lengths = np.array([len(text) for text in kept], np.int64)
        self.refused = columns.refused
        for sentence in columns.notes:
            print(sentence, file=sys.stderr)
        self._name_without()
        source = source or open_encoder(choose_encoder(kept).name)
        self.encoder = source.name
        self.vectors = encode(
            kept,
            encoder=source,
            cache_dir=options.cache,
            progress=lambda done, total: progress(done, total, "embedding"),
        )

    def _name_without(self) -> None:
        if self.without:
            names = ", ".join(str(name) for name in self.without[:LISTED])
            more = f" and {len(self.without) - LISTED} more" if len(self.without) > LISTED else ""
            print(f"Rows without text get no vector: {names}{more}.", file=sys.stderr)

    def named(self, places: NDArray[np.int64]) -> pa.Array:
        """Return the ids of texts by their places."""
        return pa.array(self.ids).take(pa.array(places))

    def summary(self) -> dict[str, Any]:
        """Return what every command prints."""
        return {
            "rows": self.total,
            "without_text": len(self.without),
            "refused": self.refused,
            "encoder": self.encoder,
        }


def _write(path: Path, columns: dict[str, pa.Array]) -> None:
    table = pa.table(columns)
    write_tables(path, table.schema, iter([table]))
