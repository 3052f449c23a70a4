"""Which language a text is written in, for a whole batch at once.

The model is the one that py3langid ships (Lui and Baldwin 2012; 139 languages; BSD licence; NumPy arrays, no pickle).
Its own `classify` takes one text a call; here the same automaton and the same naive Bayes run compiled over the batch.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.text_measures import buffers

# Written Cantonese and Wu share nearly all characters with written Mandarin, and the model tells them apart by chance:
# of 4,997 sentences of a Chinese treebank it gives 452 to them. All are zh here, simplified or traditional.
SAME = {"yue": "zh", "wuu": "zh"}
# The model's own word for text without language: numbers, addresses, code.
NOTHING = "zxx"


@dataclass(frozen=True, slots=True, eq=False)
class LanguageModel:
    """The arrays of the model.

    Attributes:
        moves: Next state by row and byte.
        rows_of: Row of `moves` for each state.
        features: Feature that a state stands for, or -1.
        weights: Log weight of each feature in each column.
        priors: Log prior of each column.
        labels: Language of each column, as a place in `languages`.
        languages: ISO 639 codes.
    """

    moves: NDArray[Any]
    rows_of: NDArray[Any]
    features: NDArray[np.int32]
    weights: NDArray[np.float32]
    priors: NDArray[np.float64]
    labels: NDArray[np.int64]
    languages: tuple[str, ...]


@lru_cache(maxsize=1)
def load() -> LanguageModel:
    """Return the model; 0.7 s and 97 MB, once a process."""
    from py3langid.langid import LanguageIdentifier

    held = LanguageIdentifier.from_model_file("data/model.npz.xz")
    names = [SAME.get(name, name) for name in held.nb_classes]
    languages = tuple(dict.fromkeys(names))
    return LanguageModel(
        np.asarray(held.tk_nextmove),
        np.asarray(held.tk_row),
        np.asarray(held.tk_output, np.int32),
        np.ascontiguousarray(held.nb_ptc, np.float32),
        np.asarray(held.nb_pc, np.float64),
        np.array([languages.index(name) for name in names], np.int64),
        languages,
    )


def columns_of(model: LanguageModel, among: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the model's columns for some languages; all when none is named.

    Raises:
        ValueError: The model does not know one of them.
    """
    unknown = sorted(set(among) - set(model.languages))
    if unknown:
        raise ValueError(f"The language {unknown[0]} is not known. Known are {', '.join(sorted(model.languages))}.")
    places = [model.languages.index(name) for name in among] or list(range(len(model.languages)))
    return np.flatnonzero(np.isin(model.labels, places))


def detect(
    texts: pa.Array, wanted: NDArray[np.bool_], among: tuple[str, ...] = ()
) -> tuple[pa.Array, NDArray[np.float64]]:
    """Return language codes and their probabilities.

    Args:
        texts: Large strings.
        wanted: Which rows to look at; the others, and those that hold nothing the model knows, are null with 0.
        among: Languages to choose from; all that the model knows when empty.

    Returns:
        Codes (null where there is none), and shares of the probability over all languages, 0 to 1, four digits: the
        last bits of a logarithm differ between machines, and a version's hash must not.
    """
    from curation.engine.language_kernels import classify

    model = load()
    columns = columns_of(model, among)
    known = pc.utf8_normalize(texts, form="NFC")
    # Capitals alone look like another alphabet to the model, which was trained on everyday spelling.
    known = pc.if_else(pc.utf8_is_upper(known), pc.utf8_lower(known), known)
    data, offsets = buffers(known)
    best, share = classify(
        data,
        offsets,
        wanted,
        model.moves,
        model.rows_of,
        model.features,
        np.ascontiguousarray(model.weights[:, columns]) if among else model.weights,
        model.priors[columns],
        model.labels[columns],
    )
    best[best == model.languages.index(NOTHING)] = -1
    codes = pa.array(model.languages, pa.large_string()).take(pa.array(best, mask=best < 0))
    return codes, np.round(share, 4)
