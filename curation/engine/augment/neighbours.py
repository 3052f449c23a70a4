"""The words nearest to each frequent word of the training texts, by the local encoder."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from curation.engine.augment.learnt import Lessons
    from curation.engine.embedding import TextEncoder

MOST_WORDS = 3_000
# Nearest words kept for each: a sentence is encoded for each that is tried.
NEAREST = 8
# Of all texts, joined, so that the encoder is chosen by their script.
_SAMPLE = 500


class NothingLearnt(ValueError):
    """The training texts have no words to choose among."""


@dataclass(frozen=True)
class Neighbours:
    """Frequent words with those nearest to them, and the encoder that compares sentences.

    Attributes:
        near: For each word in lower case the nearest others, the nearest first.
        encoder: Gives vectors of sentences.
    """

    near: dict[str, tuple[str, ...]]
    encoder: "TextEncoder"
    _lock: Any = field(default_factory=Lock, repr=False, compare=False)

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each text, float32 [n, width]; threads may ask, one is served at a time."""
        with self._lock:
            return self.encoder.encode(texts)


def find_neighbours(
    lessons: "Lessons", *, vectors: Path | None = None, check: Callable[[], None] = lambda: None
) -> Neighbours:
    """Return the neighbours of the 3,000 most frequent words that are no Han or kana characters.

    A character is a part of a word: of those tried in Chinese sentences most made no word with their neighbours.

    Args:
        lessons: The training texts as words.
        vectors: Folder of the vectors of words; the engine's own when None.
        check: Called once 512 words; may raise to stop.

    Raises:
        NothingLearnt: There are no two such words.
    """
    from curation.engine.embedding import TextEncoder, choose_encoder, get_encoder

    words = lessons.frequent(MOST_WORDS)
    if len(words) < 2:
        raise NothingLearnt(
            "contextual finds no words to try: hardly any occurs twice in the training texts, or they are Chinese or "
            "Japanese, whose characters are parts of words. Leave it out."
        )
    source = get_encoder(choose_encoder([" ".join(each) for each in lessons.texts[:_SAMPLE]]).name)

    def stopped() -> bool:
        check()
        return False

    near = _nearest(words, TextEncoder(source, vectors_dir=vectors).encode(words, cancelled=stopped))
    # Sentences that were only tried are never asked for again: they do not belong into the folder of the vectors.
    folder = Path(tempfile.mkdtemp(prefix="assay-tried-"))
    encoder = TextEncoder(source, vectors_dir=folder)
    weakref.finalize(encoder, shutil.rmtree, folder, ignore_errors=True)
    return Neighbours(near, encoder)


def _nearest(words: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, tuple[str, ...]]:
    """Return for each word the nearest others."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
    rows = enumerate(order.tolist())
    return {words[row]: tuple(words[place] for place in places if place != row) for row, places in rows}
