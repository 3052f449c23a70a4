"""``embed``, ``outliers`` and ``semantic-duplicates``: the meaning of texts from the shell."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curation.engine.commands.columns import read_columns
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
    outliers = commands.add_parser("outliers", help="find the texts that mean something else than the others")
    _common(outliers, "a file of texts")
    outliers.add_argument(
        "--out", type=Path, required=True, help="CSV, JSONL or Parquet to write: id,strangeness,z,outlier"
    )
    outliers.add_argument("--limit", type=float, default=2.0, help="z above which a text is an outlier (%(default)s)")
    outliers.set_defaults(run=lambda options: _told(run_outliers, options, progress))
    duplicates = commands.add_parser("semantic-duplicates", help="find the pairs of texts that mean the same")
    _common(duplicates, "a file of texts")
    duplicates.add_argument("--threshold", type=float, default=0.95, help="least cosine (default %(default)s)")
    duplicates.add_argument("--pairs", type=Path, required=True, help="CSV, JSONL or Parquet to write: id1,id2,cosine")
    duplicates.add_argument("--kept", type=Path, help="file to write: id,kept; what stays for each text")
    duplicates.set_defaults(run=lambda options: _told(run_duplicates, options, progress))


def _common(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("input", type=Path, help=what)
    parser.add_argument("--field", help="column of the text; found by name and content when left out")
    parser.add_argument("--id", help="column that names a row; its place from 1 if none")
    parser.add_argument(
        "--encoder", default="auto", help="auto, a name, a folder with model.onnx and tokenizer.json, or hf:OWNER/NAME"
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
    if options.input.is_dir():
        from curation.engine.commands.pictures import embed_folder

        return embed_folder(options, progress)
    rows = _Embedded(options, progress)
    whole = np.full((rows.total, rows.vectors.shape[1]), np.nan, np.float32)
    whole[rows.places] = rows.vectors
    with options.out.open("wb") as stream:
        np.save(stream, whole)
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
    kept = keep_one(len(rows.ids), pairs, np.array([len(text) for text in rows.texts], np.int64))
    cosine = pa.array(pairs.cosine.astype(np.float64).round(6))
    _write(options.pairs, {"id1": rows.named(pairs.left), "id2": rows.named(pairs.right), "cosine": cosine})
    if options.kept:
        _write(options.kept, {"id": rows.named(np.arange(len(rows.ids))), "kept": rows.named(kept.stays)})
    counts = {"pairs": len(pairs.left), "duplicates": len(kept.dropped()), "threshold": options.threshold}
    return {**rows.summary(), **counts}


class _Embedded:
    """The texts of a file with their vectors; rows without text have none and are named on standard error."""

    def __init__(self, options: argparse.Namespace, progress: Progress) -> None:
        from curation.engine.embedding import choose_encoder, encode, open_encoder

        columns = read_columns(options.input, options.field, options.id)
        self.texts: list[str] = []
        self.ids: list[Any] = []
        places, self.without = [], []
        self.total = 0
        for texts, ids in columns.batches:
            names = ids.to_pylist() if ids is not None else range(self.total + 1, self.total + len(texts) + 1)
            for place, (text, name) in enumerate(zip(texts.to_pylist(), names, strict=True), self.total):
                if text and text.strip():
                    self.texts.append(text)
                    self.ids.append(name)
                    places.append(place)
                else:
                    self.without.append(name)
            self.total += len(texts)
        self.places: NDArray[np.int64] = np.array(places, np.int64)
        self.refused = columns.refused
        for sentence in columns.notes:
            print(sentence, file=sys.stderr)
        self._name_without()
        choice = choose_encoder(self.texts) if options.encoder == "auto" else None
        source = open_encoder(choice.name if choice else options.encoder)
        self.encoder = source.name
        self.vectors = encode(
            self.texts,
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
