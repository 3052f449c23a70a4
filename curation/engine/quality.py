"""How good a text looks, from signals that others published for filtering: which of several near-duplicates to keep.

The score compares texts that say nearly the same; it does not judge what a text says. It is the mean of six signals,
each from 0 to 1, where 1 is best:

- ``letters``: share of tokens that hold a letter (Rae and others 2021, Gopher, appendix A.1; at least 0.8 there);
- ``signs``: 1 less the # signs and ellipses a word (Gopher, at most 0.1 there);
- ``length``: 1 when the mean word has 3 to 10 characters, as Gopher asks for, else 0; texts of Han and kana have 1;
- ``fresh``: 1 less the largest share of characters in repeated lines, paragraphs or phrases of five words (Gopher,
  table A1);
- ``ended``: share of lines that end in terminal punctuation (Raffel and others 2020, C4; Penedo and others 2024,
  FineWeb, at least 0.12 there);
- ``decoded``: 0 when the text was decoded with the wrong encoding (Speer 2019, ftfy's badness) or holds U+FFFD, else 1.

The papers use these as limits below which a text goes; the mean of the shares, with equal weights, is our way to put
texts in order.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.text_measures import Counts, repetition, share

SIGNALS = ("letters", "signs", "length", "fresh", "ended", "decoded")
# Mean length of a word, in characters: Rae and others 2021, appendix A.1.
SHORTEST_WORD, LONGEST_WORD = 3, 10
# Differences below this are noise of floating point, not of texts.
DECIMALS = 6


def quality(texts: pa.Array) -> NDArray[np.float64]:
    """Return the score of each text, float64 [n] from 0 to 1, higher is better; 0 for one without a word.

    Args:
        texts: Large strings; null counts as empty.
    """
    found = signals(texts)
    scores: NDArray[np.float64] = np.mean([found[name] for name in SIGNALS], axis=0) if len(texts) else np.empty(0)
    return np.asarray(np.round(np.where(Counts(texts).words > 0, scores, 0.0), DECIMALS))


def signals(texts: pa.Array) -> dict[str, NDArray[np.float64]]:
    """Return each of `SIGNALS` for each text, float64 [n] from 0 to 1."""
    counts = Counts(texts)
    words = share(counts["word_chars"], counts["words"])
    usual = counts.mostly_cjk | ((words >= SHORTEST_WORD) & (words <= LONGEST_WORD))
    repeated = repetition(texts)
    worst = np.max([repeated[name] for name in ("line_chars", "paragraph_chars", "repeated_5")], axis=0)
    return {
        "letters": np.minimum(share(counts.alphabetic, counts.tokens), 1.0),
        "signs": 1 - np.minimum(share(counts["hashes"] + counts["ellipses"], counts.words), 1.0),
        "length": usual.astype(np.float64),
        "fresh": 1 - np.asarray(worst),
        "ended": share(counts["terminal_lines"], counts["lines"]),
        "decoded": _decoded(texts),
    }


def _decoded(texts: pa.Array) -> NDArray[np.float64]:
    from ftfy.badness import is_bad  # 0.14 s, which the web process can do without

    from curation.engine.steps.mojibake import SUSPECT

    suspect = pc.fill_null(pc.match_substring_regex(texts, SUSPECT), False)
    rows = pc.indices_nonzero(suspect).to_numpy()
    bad = [is_bad(text) or "\N{REPLACEMENT CHARACTER}" in text for text in texts.filter(suspect).to_pylist()]
    good = np.ones(len(texts))
    good[rows] = 1.0 - np.array(bad, np.float64)
    return good
