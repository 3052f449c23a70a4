"""The words nearest to each frequent word of the training texts, by the local encoder."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from curation.engine.augment.words import is_wide

if TYPE_CHECKING:
    from curation.engine.augment.learnt import Lessons
    from curation.engine.embedding import TextEncoder

MOST_WORDS = 3_000
# Nearest words kept for each: a sentence is encoded for each that is tried.
NEAREST = 8
# Of all texts, joined, so that the encoder is chosen by their script.
_SAMPLE = 500


@dataclass(frozen=True)
class Neighbours:
    """Frequent words with those nearest to them, and the encoder that compares sentences.

    Attributes:
        near: For each word in lower case the nearest others, the nearest first.
        encoder: Gives vectors of sentences.
    """

    near: dict[str, tuple[str, ...]]
    encoder: "TextEncoder"

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each text, float32 [n, width]; threads may ask at once."""
        return self.encoder.encode(texts)


def find_neighbours(
    lessons: "Lessons", *, vectors: Path | None = None, check: Callable[[], None] = lambda: None
) -> Neighbours:
    """Return the neighbours of the 3,000 most frequent words.

    Args:
        lessons: The training texts as words.
        vectors: Folder of the vectors of words; the engine's own when None.
        check: Called once 512 words; may raise to stop.
    """
    from curation.engine.embedding import TextEncoder, choose_encoder, get_encoder

    words = lessons.frequent(MOST_WORDS)
    chosen = choose_encoder([" ".join(each) for each in lessons.texts[:_SAMPLE]])
    source = get_encoder(chosen.name)

    def stopped() -> bool:
        check()
        return False

    known = TextEncoder(source, vectors_dir=vectors).encode(words, cancelled=stopped) if words else None
    near = _nearest(words, known) if known is not None else {}
    # Sentences that were only tried are asked for once: they do not belong into the folder of the vectors.
    return Neighbours(near, TextEncoder(source, vectors_dir=Path(tempfile.mkdtemp(prefix="assay-tried-")), threads=1))


def _nearest(words: Sequence[str], vectors: NDArray[np.float32]) -> dict[str, tuple[str, ...]]:
    """Return for each word the nearest ones of its kind (Han and kana, or others)."""
    cosines = vectors @ vectors.T
    kinds = np.array([is_wide(word) for word in words])
    cosines[kinds[:, None] != kinds[None, :]] = -1
    np.fill_diagonal(cosines, -1)
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :NEAREST]
    return {
        word: tuple(words[place] for place in order[row].tolist() if cosines[row, place] > 0)
        for row, word in enumerate(words)
    }
