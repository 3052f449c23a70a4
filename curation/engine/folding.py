"""When two texts count as equal."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# Any white space that is not a single blank already, Unicode's separators included; RE2's \s alone is ASCII. Leaving
# the single blanks alone makes the replacement eight times faster on everyday text.
BLANKS = r"[\s\p{Z}]{2,}|[\t\n\f\r\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
# Sixteen bytes, fixed for ever: splits and content keys depend on it.
_HASH_KEY = "assay-folding-01"


def as_text(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column as one array of large strings; numbers are written out."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.large_string())
    return pc.cast(array, pa.large_string())


def fold(texts: pa.Array) -> pa.Array:
    """Return texts as equality sees them: NFKC, lower case, single blanks, trimmed; null stays null."""
    folded = pc.utf8_lower(pc.utf8_normalize(texts, form="NFKC"))
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, BLANKS, " "))


def hash64(texts: pa.Array) -> NDArray[np.uint64]:
    """Return a 64-bit SipHash of each text as uint64, the same on every machine; null hashes like the empty text.

    Equal hashes are only candidates: whoever drops something compares the texts themselves.
    """
    import pandas as pd  # slow import: the web process reads plans but never hashes

    values = pc.fill_null(texts, "").to_numpy(zero_copy_only=False)
    hashes: NDArray[np.uint64] = pd.util.hash_array(values, encoding="utf8", hash_key=_HASH_KEY, categorize=False)
    return hashes
