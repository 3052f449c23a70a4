"""The meaning of a version in one file: vectors to search, clusters with names, a map, outliers, weak slices."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.embedding.cache import text_keys
from curation.engine.embedding.choose import choose_encoder
from curation.engine.explorer.sections import SectionFile, SectionWriter
from curation.engine.folding import as_text
from curation.engine.meaning.index import VectorIndex, build, neighbours
from curation.engine.meaning.kmeans import Clusters, cluster
from curation.engine.meaning.outliers import LIMIT, NEIGHBOURS, Strangeness, strangeness
from curation.engine.meaning.projection import project, trustworthiness
from curation.engine.meaning.slices import near_empty, weak_slices
from curation.engine.meaning.words import typical_words
from curation.engine.reader import VersionReader

if TYPE_CHECKING:
    from curation.engine.embedding.encode import TextEncoder

# Raised when the same version would give another file.
FORMAT = 1
BATCH_ROWS = 8192
MOST_CLUSTERS = 40
LABELS = 1000
EXAMPLES = 5
OUTLIERS_LISTED = 500
WITHOUT_LISTED = 1000

# Told the rows done, all rows, and a word: encoding, comparing, naming, mapping. May raise, to stop.
Progress = Callable[[int, int, str], None]


class NothingToEmbed(ValueError):
    """The version has no text, in a sentence for whoever asked."""


@dataclass(slots=True)
class Embedded:
    """The vectors of a version.

    Attributes:
        items: int64 [n], the items that have a vector, in the version's order.
        rows: int64 [n], their row numbers.
        keys: uint8 [n, 32], the SHA-256 of what was embedded.
        vectors: float32 [n, width].
        texts: Their texts.
        labels: Their labels, None for none.
        without: int64 [m], items with no text: white space alone has no meaning, and gets no vector.
    """

    items: NDArray[np.int64]
    rows: NDArray[np.int64]
    keys: NDArray[np.uint8]
    vectors: NDArray[np.float32]
    texts: list[str]
    labels: list[str | None]
    without: NDArray[np.int64]


def suited_encoder(reader: VersionReader, column: str) -> tuple[str, str]:
    """Return the name of the encoder for the texts of a version and the reason, from its first 20,000 rows."""
    texts: list[str] = []
    for batch in reader.batches([column], BATCH_ROWS):
        texts += [text for text in as_text(batch.column(column)).to_pylist() if text]
        if len(texts) >= 20_000:
            break
    choice = choose_encoder(texts)
    return choice.name, choice.reason


def text_column(reader: VersionReader) -> str:
    """Return the column of the texts.

    Raises:
        NothingToEmbed: There is none.
    """
    name = reader.manifest.roles.get("text", "")
    if name not in reader.schema.names:
        raise NothingToEmbed("No column of this version is its text. Choose one when you import.")
    return name


def embed_version(
    reader: VersionReader, encoder: "TextEncoder", progress: Progress = lambda _done, _all, _what: None
) -> Embedded:
    """Return the vectors of a version's texts; those that the cache has are not computed again.

    Raises:
        NothingToEmbed: The version has no text column.
    """
    column, label = text_column(reader), reader.manifest.roles.get("label", "")
    columns = ["item_id", column, *([label] if label in reader.schema.names and label != column else [])]
    parts: list[Embedded] = []
    done = 0
    for batch in reader.batches(columns, BATCH_ROWS):
        parts.append(_embed_batch(batch, column, label, done, reader.row_count, encoder, progress))
        done += batch.num_rows
        progress(done, reader.row_count, "encoding")
    return _joined(parts, encoder.width)


def _embed_batch(
    batch: pa.RecordBatch, column: str, label: str, first: int, total: int, encoder: "TextEncoder", progress: Progress
) -> Embedded:
    texts = as_text(batch.column(column))
    filled = pc.not_equal(pc.utf8_trim_whitespace(pc.fill_null(texts, "")), "")
    has = filled.to_numpy(zero_copy_only=False)
    chosen: list[str] = texts.filter(filled).to_pylist()
    items = batch.column("item_id").to_numpy()
    labels: list[str | None] = [None] * len(chosen)
    if label in batch.schema.names:
        labels = as_text(batch.column(label)).filter(filled).to_pylist()
    vectors = encoder.encode(chosen, progress=lambda done, _all: progress(first + done, total, "encoding"))
    rows = np.flatnonzero(has) + first
    return Embedded(items[has], rows, text_keys(chosen), vectors, chosen, labels, items[~has])


def _joined(parts: Sequence[Embedded], width: int) -> Embedded:
    return Embedded(
        np.concatenate([np.empty(0, np.int64), *(part.items for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.rows for part in parts)]),
        np.concatenate([np.empty((0, 32), np.uint8), *(part.keys for part in parts)]),
        np.concatenate([np.empty((0, width), np.float32), *(part.vectors for part in parts)]),
        [text for part in parts for text in part.texts],
        [label for part in parts for label in part.labels],
        np.concatenate([np.empty(0, np.int64), *(part.without for part in parts)]),
    )


def clusters_wanted(count: int) -> int:
    """Return how many clusters a version of so many items is shown in: 2 to 40, a legend that people can read."""
    return int(np.clip(round(count**0.5 / 4), 2, MOST_CLUSTERS))


def survey(
    embedded: Embedded,
    path: Path,
    *,
    encoder: dict[str, Any],
    seed: int = 0,
    progress: Progress = lambda _done, _all, _what: None,
) -> dict[str, Any]:
    """Write the file of a version's meaning and return its figures (what `Meaning.meta` gives).

    Memory: five times the vectors at most, 8 kB an item of 384 numbers. Equal input gives equal figures on one
    machine; the map's last digits depend on the processor.

    Args:
        embedded: From `embed_version`.
        path: The file to write.
        encoder: ``name``, ``reason`` and ``fingerprint`` of the encoder, told again in the figures.
        seed: Decides clusters, folds and map.
        progress: Told what is going on.
    """
    count = len(embedded.items)
    progress(0, count, "comparing")
    index = build(embedded.vectors, seed=seed)
    numbers, near = neighbours(index, NEIGHBOURS, progress=lambda done, _all: progress(done, count, "comparing"))
    strange = strangeness(numbers, near)
    progress(0, count, "naming")
    clusters = cluster(embedded.vectors, clusters_wanted(count), seed=seed) if count else _no_clusters(embedded)
    names = typical_words(embedded.texts, clusters.label, len(clusters.centres))
    slices, accuracy = weak_slices(embedded.vectors, embedded.labels, clusters.label, seed=seed)
    progress(0, count, "mapping")
    places = project(embedded.vectors, seed=seed, check=lambda: progress(0, count, "mapping"))
    labels = Counter(label for label in embedded.labels if label)
    shown = [label for label, _rows in sorted(labels.items(), key=lambda pair: (-pair[1], pair[0]))[:LABELS]]
    meta = {
        "format": FORMAT,
        "encoder": encoder,
        "items": count,
        "width": int(embedded.vectors.shape[1]),
        "without": {"count": len(embedded.without), "items": embedded.without[:WITHOUT_LISTED].tolist()},
        "clusters": _described(embedded, clusters, names),
        "outliers": _outliers(embedded, strange),
        "labels": shown,
        "slices": [one.to_json() for one in slices],
        "accuracy": accuracy,
        "near_empty": near_empty(list(labels.items())),
        "trustworthiness": trustworthiness(embedded.vectors, places) if count else None,
    }
    codes = {label: code for code, label in enumerate(shown)}
    label_codes = np.array([codes.get(label or "", -1) for label in embedded.labels], np.int32)
    _write(path, embedded, index, clusters, strange, places, label_codes, meta)
    return meta


def _no_clusters(embedded: Embedded) -> Clusters:
    return Clusters(embedded.vectors, np.empty(0, np.int32), np.empty(0, np.float32))


def _described(embedded: Embedded, clusters: Clusters, names: list[list[str]]) -> list[dict[str, Any]]:
    found = []
    for number, size in enumerate(clusters.sizes().tolist()):
        members = np.flatnonzero(clusters.label == number)
        typical = members[np.lexsort((members, -clusters.cosine[members]))][:EXAMPLES]
        found.append({"words": names[number], "items": size, "examples": embedded.items[typical].tolist()})
    return found


def _outliers(embedded: Embedded, strange: Strangeness) -> dict[str, Any]:
    found = strange.outliers()
    listed = found[:OUTLIERS_LISTED]
    values = [round(float(value), 4) for value in strange.strangeness[listed]]
    pairs = list(zip(embedded.items[listed].tolist(), values, strict=True))
    return {"count": len(found), "limit": LIMIT, "items": pairs}


def _write(
    path: Path,
    embedded: Embedded,
    index: VectorIndex,
    clusters: Clusters,
    strange: Strangeness,
    places: NDArray[np.float32],
    label_codes: NDArray[np.int32],
    meta: dict[str, Any],
) -> None:
    with TemporaryDirectory(prefix="meaning-", dir=path.parent) as folder, SectionWriter(Path(folder)) as sections:
        # Whole floats: widening half ones at every question took ten times as long as the products.
        sections.append("vectors", index.vectors.astype(np.float32))
        sections.append("numbers", index.numbers.astype(np.int64))
        sections.append("starts", index.starts)
        sections.append("centres", index.centres)
        sections.append("items", embedded.items)
        sections.append("rows", embedded.rows)
        sections.append("keys", embedded.keys)
        sections.append("cluster", clusters.label)
        sections.append("label", label_codes)
        sections.append("places", places)
        sections.append("strangeness", strange.strangeness)
        sections.append("local_strangeness", strange.local_strangeness)
        sections.join(path, meta)


class Meaning:
    """Reads what `survey` wrote.

    Raises:
        ValueError: The file is something else, or of another release.
    """

    def __init__(self, path: Path) -> None:
        self._file = SectionFile(path)
        self.meta: dict[str, Any] = self._file.meta
        if self.meta.get("format") != FORMAT or "vectors" not in self._file:
            raise ValueError("This file was written by another release. Build it again.")

    @property
    def items(self) -> NDArray[np.int64]:
        """The items that have a vector, int64 [n], in the version's order."""
        return self._file.array("items", np.int64)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Their row numbers, int64 [n]."""
        return self._file.array("rows", np.int64)

    @property
    def keys(self) -> NDArray[np.uint8]:
        """What was embedded, uint8 [n, 32], SHA-256."""
        return self._file.array("keys", np.uint8).reshape(-1, 32)

    @property
    def cluster(self) -> NDArray[np.int32]:
        """The cluster of each, int32 [n]."""
        return self._file.array("cluster", np.int32)

    @property
    def label(self) -> NDArray[np.int32]:
        """The label of each as its place in ``meta["labels"]``, -1 for none; int32 [n]."""
        return self._file.array("label", np.int32)

    @property
    def places(self) -> NDArray[np.float32]:
        """Where each lies on the map, float32 [n, 2]."""
        return self._file.array("places", np.float32).reshape(-1, 2)

    @property
    def strangeness(self) -> NDArray[np.float32]:
        """Mean cosine distance to the ten nearest, float32 [n]; higher is stranger."""
        return self._file.array("strangeness", np.float32)

    @property
    def index(self) -> VectorIndex:
        """The vectors, to search."""
        width = max(1, int(self.meta["width"]))
        return VectorIndex(
            self._file.array("vectors", np.float32).reshape(-1, width),
            self._file.array("numbers", np.int64),
            self._file.array("starts", np.int64),
            self._file.array("centres", np.float32).reshape(-1, width),
        )

    def number_of(self, item: int) -> int:
        """Return the number of an item among those with a vector, -1 when it has none."""
        found = np.flatnonzero(self.items == item)
        return int(found[0]) if len(found) else -1

    def similar(self, item: int, limit: int = 10) -> list[tuple[int, float]]:
        """Return the items most like one and their cosines, most alike first; none when it has no vector."""
        number = self.number_of(item)
        if number < 0:
            return []
        index = self.index
        query = index.vectors[index.place_of(number)]
        found, cosine = index.search(query, limit + 1)
        others = [(int(self.items[one]), float(near)) for one, near in zip(found, cosine, strict=True) if one != number]
        return others[:limit]
