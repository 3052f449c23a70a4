"""The vectors of a step's rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.embedding.choose import choose_encoder
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.picture import NAME as PICTURES
from curation.engine.embedding.picture_folder import get_picture_encoder, picture_encoder_names
from curation.engine.embedding.table import encoder_names, get_encoder
from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, StepError

AUTO = "auto"
UNTRIED = "This step reads the texts with a model, which takes too long for a preview. A run does it."


@dataclass(slots=True)
class Rows:
    """The rows of a step's input that have text or, in a version of pictures alone, a picture.

    Attributes:
        items: int64 [n].
        lengths: int64 [n], code points; of pictures, pixels where they are known.
        vectors: float32 [n, width], each of length 1.
        without: int64 [m], items without text or a readable picture, which a step leaves alone.
        encoder: The encoder's name and why it was chosen.
    """

    items: NDArray[np.int64]
    lengths: NDArray[np.int64]
    vectors: NDArray[np.float32]
    without: NDArray[np.int64]
    encoder: dict[str, str]

    def notes(self) -> dict[str, Any]:
        """Return what a report says of them."""
        return {"encoder": self.encoder, "without_text": len(self.without)}


def check_encoder(name: str) -> None:
    """Raise `ValueError` unless a plan may name this encoder."""
    known = dict.fromkeys((AUTO, *encoder_names(), *picture_encoder_names()))
    if name not in known:
        raise ValueError(f"encoder is {name!r}; choose one of {', '.join(known)}")


def sees_pictures(encoder: str, context: Context) -> bool:
    """Tell whether a step looks at pictures: its encoder is for them, or none is named and there is no text."""
    if encoder == AUTO:
        return "text" not in context.roles and "image" in context.roles
    return encoder in picture_encoder_names()


def embedded_rows(batches: Batches, context: Context, encoder: str) -> Rows:
    """Return the vectors of all rows with text. Texts and vectors are held in memory: 2 kB a short text.

    Of a version without a text column, or with an encoder of pictures, the pictures are taken: 5 kB each.

    Raises:
        StepError: There is no such column, or the encoder's files cannot be used.
    """
    if sees_pictures(encoder, context):
        return _picture_rows(batches, context, PICTURES if encoder == AUTO else encoder)
    column = context.column("text")
    texts: list[str] = []
    items, without = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for table in batches():
        context.check()
        values = pc.fill_null(as_text(table[column]), "")
        has = pc.not_equal(pc.utf8_trim_whitespace(values), "")
        mask = has.to_numpy(zero_copy_only=False)
        texts += values.filter(has).to_pylist()
        ids = table["item_id"].to_numpy()
        items.append(ids[mask])
        without.append(ids[~mask])
    vectors, chosen = embed_texts(texts, context, encoder)
    lengths = pc.utf8_length(pa.array(texts, pa.large_string())).to_numpy()
    return Rows(np.concatenate(items), lengths, vectors, np.concatenate(without), chosen)


def _picture_rows(batches: Batches, context: Context, name: str) -> Rows:
    from curation.engine.embedding.picture import PictureEncoder
    from curation.engine.meaning.picture_vectors import AREA, hashes_in, vectors_of

    column = context.column("image")
    hashes: list[str] = []
    items, areas = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for table in batches():
        context.check()
        hashes += hashes_in(table[column])
        items.append(table["item_id"].to_numpy())
        if all(name in table.column_names for name in AREA):
            wide, high = (pc.fill_null(pc.cast(table[name], pa.int64()), 0) for name in AREA)
            areas.append(pc.multiply(wide, high).to_numpy())
        else:
            areas.append(np.zeros(table.num_rows, np.int64))
    try:
        source = get_picture_encoder(name)
    except EngineError as error:
        raise StepError(str(error)) from None
    cache = context.vectors.parent if context.vectors else None
    encoder = PictureEncoder(source, cache_dir=cache, vectors_dir=context.vectors)
    has, vectors = vectors_of(hashes, encoder, context.media.path, lambda _done, _total: context.check())
    ids, sizes = np.concatenate(items), np.concatenate(areas)
    return Rows(ids[has], sizes[has], vectors, ids[~has], {"name": name, "reason": "the items are pictures"})


def embed_texts(texts: list[str], context: Context, encoder: str) -> tuple[NDArray[np.float32], dict[str, str]]:
    """Return vectors of texts through the cache of the run, and the encoder's name with the reason."""
    from curation.engine.embedding.encode import encode

    name, reason = encoder, "named in the plan"
    if encoder == AUTO:
        choice = choose_encoder(texts)
        name, reason = choice.name, choice.reason
    try:
        vectors = encode(
            texts,
            encoder=get_encoder(name),
            cache_dir=context.vectors.parent if context.vectors else None,
            vectors_dir=context.vectors,
            progress=lambda _done, _total: context.check(),
        )
    except EngineError as error:
        raise StepError(str(error)) from None
    return vectors, {"name": name, "reason": reason}
