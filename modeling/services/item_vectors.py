"""Vectors of a project's items, as its quick models learn from them: of the texts, or of the picture where no text is
shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from curation.services.meaning import vectors_folder
from curation.services.media import open_media
from labeling.engine.schema import Schema
from workers.context import JobContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def encode_items(job: JobContext, schema: Schema, contents: Sequence[str]) -> "tuple[str, NDArray[np.float32]]":
    """Return the encoder's name and a vector of length 1 for each item, float32 [n, d]; of a broken picture zeros.

    Args:
        job: Told how far it is, and asked whether to stop.
        schema: What the project shows; `learns_from` is not empty.
        contents: Of each item what `labeling.services.project.content_of` returns.
    """
    if schema.texts:
        return _texts(job, contents)
    return _pictures(job, contents)


def _told(job: JobContext, done: int, total: int) -> None:
    job.progress(done, total, _("encoding the items"), rows_done=done)


def _texts(job: JobContext, texts: Sequence[str]) -> "tuple[str, NDArray[np.float32]]":
    from curation.engine.embedding import choose_encoder, encode

    encoder = choose_encoder(texts).name if texts else ""
    vectors = encode(
        texts,
        encoder=encoder,
        cache_dir=settings.ASSAY_MODEL_CACHE,
        vectors_dir=vectors_folder(job.organization_id),
        progress=lambda done, total: _told(job, done, total),
        cancelled=job.cancelled,
    )
    return encoder, vectors


def _pictures(job: JobContext, hashes: Sequence[str]) -> "tuple[str, NDArray[np.float32]]":
    import numpy as np

    from curation.engine.embedding.picture import NAME, PictureEncoder

    known = [place for place, name in enumerate(hashes) if name]
    opened = PictureEncoder(cache_dir=Path(settings.ASSAY_MODEL_CACHE), vectors_dir=vectors_folder(job.organization_id))
    vectors = np.zeros((len(hashes), opened.width), np.float32)
    with open_media(job.organization_id) as media:
        chosen = [hashes[place] for place in known]
        vectors[known], _broken = opened.encode(
            chosen, media.path, progress=lambda done, total: _told(job, done, total), cancelled=job.cancelled
        )
    vectors = np.nan_to_num(vectors)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return NAME, np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
