"""The search for doubtful spans in texts, and for doubtful shapes in pictures: encode, train, judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curation.engine.embedding.callbacks import IsCancelled, Progress, stop_if
from modeling.engine.bundle.runtime.words import Words, cut
from modeling.engine.marks.features import features_of
from modeling.engine.marks.spans import Marks, SpanDoubts, doubt_spans

# Numbers of a word in its context.
WIDTH = 64


@dataclass(frozen=True, slots=True)
class Told:
    """How a search tells how far it is, and learns that it should stop."""

    encoding: Progress | None = None
    training: Progress | None = None
    cancelled: IsCancelled | None = None


def search_spans(
    texts: Sequence[str],
    marks: Marks,
    *,
    encoder: str,
    cache_dir: Path | None = None,
    told: Told | None = None,
    seed: int = 0,
) -> SpanDoubts:
    """Return how far each span of some texts can be believed, and what may be overlooked.

    Args:
        texts: Each once.
        marks: What people marked in them.
        encoder: A name in `ENCODERS`; empty to judge by the words alone.
        cache_dir: Folder of the encoder's graph.
        told: Progress and cancelling.
        seed: Decides the folds.

    Raises:
        Cancelled: As asked.
    """
    told = told or Told()
    # Each part of this order is like the whole, so that a fold is a part.
    order = np.random.default_rng(seed).permutation(len(texts))
    place = np.empty(len(texts), np.int64)
    place[order] = np.arange(len(texts))
    mixed = [texts[number] for number in order.tolist()]
    words = cut(mixed)
    vectors = np.zeros((len(words), 0), np.float32)
    if encoder:
        from curation.engine.embedding.tokens import word_vectors

        vectors = word_vectors(
            mixed, _by_text(words), encoder=encoder, width=WIDTH, cache_dir=cache_dir, progress=told.encoding,
            cancelled=told.cancelled,
        )  # fmt: skip
    moved = replace(marks, text=place[marks.text])
    doubts = doubt_spans(features_of(words, vectors), moved, seed=seed, check=_check(told))
    return replace(doubts, found=[replace(each, text=int(order[each.text])) for each in doubts.found])


def _by_text(words: Words) -> list[list[tuple[int, int]]]:
    pairs = list(zip(words.start.tolist(), words.end.tolist(), strict=True))
    return [pairs[low:high] for low, high in zip(words.first[:-1].tolist(), words.first[1:].tolist(), strict=True)]


def _check(told: Told) -> Callable[[int, int], None]:
    def check(done: int, total: int) -> None:
        stop_if(told.cancelled, "The search")
        if told.training:
            told.training(done, total)

    return check


Vectors = NDArray[np.float32]
