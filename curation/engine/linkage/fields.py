"""The columns of a table as record linkage sees them: folded values, tokens with their rarity, code points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text

KINDS = ("text", "code", "number")
# A column of which nine in ten values are digits, after punctuation, holds codes: telephone numbers, postcodes.
CODE_SHARE = 0.9
MARKS = r"[\x{0300}-\x{036F}]"
QUOTES = r"['’‘`´ʼ]"
# Chinese and Japanese write no blanks between words, so each of their characters is a token.
IDEOGRAPHS = r"([\p{Han}\p{Hiragana}\p{Katakana}])"
BETWEEN = r"[^\p{L}\p{N}\p{M}\p{So}]+"


@dataclass(frozen=True, slots=True)
class FieldValues:
    """One column, ready to be compared; n rows, v distinct values, t distinct tokens.

    Attributes:
        name: Column.
        kind: ``text``, ``code`` or ``number``.
        texts: Folded values, [n]; empty when missing.
        value: Place of each row's value among the distinct ones, int32 [n]; -1 when missing.
        share: Share of the rows with a value that hold this one, float64 [v].
        value_codes: Code points of the distinct values, uint32, end to end.
        value_starts: Where each value begins, int64 [v + 1].
        tokens: Tokens of the distinct values end to end, int32.
        token_starts: Where each value's tokens begin, int64 [v + 1].
        token_share: Share of the rows with a value that hold the token, float64 [t].
        token_codes: Code points of the tokens, uint32, end to end.
        token_points: Where each token begins, int64 [t + 1].
        token_digit: Whether the token holds a digit, bool [t].
        numbers: The value as a number, float64 [v]; NaN where it is none.
    """

    name: str
    kind: str
    texts: pa.Array
    value: NDArray[np.int32]
    share: NDArray[np.float64]
    value_codes: NDArray[np.uint32]
    value_starts: NDArray[np.int64]
    tokens: NDArray[np.int32]
    token_starts: NDArray[np.int64]
    token_share: NDArray[np.float64]
    token_codes: NDArray[np.uint32]
    token_points: NDArray[np.int64]
    token_digit: NDArray[np.bool_]
    numbers: NDArray[np.float64]

    @property
    def rows(self) -> int:
        """Rows in the column."""
        return len(self.value)


def read_field(name: str, column: pa.ChunkedArray | pa.Array, kind: str = "") -> FieldValues:
    """Fold a column and cut it into tokens.

    Args:
        name: Column.
        column: Any type that can be written as text.
        kind: ``text``, ``code`` or ``number``; guessed when empty.

    Raises:
        ValueError: There is no such kind.
    """
    if kind and kind not in KINDS:
        raise ValueError(f"The field {name} is of kind {kind!r}; choose one of {', '.join(KINDS)}.")
    written = as_text(column)
    kind = kind or guess_kind(column.type, written)
    texts = written if kind == "number" else simplify(written)
    if kind == "code":
        texts = pc.replace_substring_regex(texts, r"\s+", "")
    texts = pc.fill_null(pc.utf8_trim_whitespace(texts), "")
    encoded = pc.dictionary_encode(pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.large_string()), texts))
    value = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    distinct = encoded.dictionary
    counts = np.bincount(value[value >= 0], minlength=len(distinct))
    filled = max(1, int(counts.sum()))
    value_codes, value_starts = code_points(distinct)
    codes = counts / filled, value_codes, value_starts
    return FieldValues(name, kind, texts, value, *codes, *_tokens(distinct, counts, filled), _numbers(distinct, kind))


def guess_kind(written_as: pa.DataType, texts: pa.Array) -> str:
    """Return ``number`` for a column of floats, ``code`` where most values are digits, else ``text``."""
    if pa.types.is_floating(written_as):
        return "number"
    filled = pc.drop_null(simplify(texts))
    filled = filled.filter(pc.not_equal(filled, ""))
    digits = pc.match_substring_regex(filled, r"^[\p{N} ]+$")
    return "code" if len(filled) and (pc.mean(digits).as_py() or 0) >= CODE_SHARE else "text"


def simplify(texts: pa.Array) -> pa.Array:
    """Return lower-cased texts without accents and punctuation, tokens apart by one blank; null stays null.

    Digits are cut from letters (``81st`` is ``81 st``), so that ``103rd`` and ``103 rd`` are the same.
    """
    bare = pc.replace_substring_regex(pc.utf8_normalize(texts, form="NFKD"), MARKS, "")
    bare = pc.utf8_lower(pc.utf8_normalize(bare, form="NFKC"))
    bare = pc.replace_substring_regex(bare, QUOTES, "")
    bare = pc.replace_substring_regex(bare, IDEOGRAPHS, r" \1 ")
    bare = pc.replace_substring_regex(bare, r"(\p{N})(\p{L})", r"\1 \2")
    bare = pc.replace_substring_regex(bare, r"(\p{L})(\p{N})", r"\1 \2")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(bare, BETWEEN, " "))


def code_points(texts: pa.Array) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the code points of texts end to end, uint32, and where each begins, int64 [n + 1]."""
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(pc.utf8_length(texts).to_numpy(zero_copy_only=False), out=starts[1:])
    joined = "".join(texts.to_pylist())
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32), starts


def _tokens(distinct: pa.Array, counts: NDArray[np.int64], filled: int) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Return tokens, their starts, shares, code points, points and digit flags of the distinct values."""
    lists = pc.split_pattern(distinct, " ")
    flat = pc.dictionary_encode(pc.list_flatten(lists))
    starts = np.zeros(len(distinct) + 1, np.int64)
    np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False), out=starts[1:])
    tokens = flat.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    owner = np.repeat(np.arange(len(distinct)), np.diff(starts))
    # A token that a value holds twice counts once for the share of rows.
    pairs = np.unique(owner * (len(flat.dictionary) + 1) + tokens) if len(tokens) else np.empty(0, np.int64)
    holder, token = np.divmod(pairs, len(flat.dictionary) + 1)
    rows = np.bincount(token, weights=counts[holder], minlength=len(flat.dictionary))
    codes, points = code_points(flat.dictionary)
    digit = pc.match_substring_regex(flat.dictionary, r"\p{N}").to_numpy(zero_copy_only=False).astype(bool)
    return tokens, starts, rows / filled, codes, points, digit


def _numbers(distinct: pa.Array, kind: str) -> NDArray[np.float64]:
    if kind != "number":
        return np.full(len(distinct), np.nan)
    import pandas as pd  # slow import

    return np.asarray(pd.to_numeric(pd.Series(distinct.to_pylist(), dtype=object), errors="coerce"), np.float64)
