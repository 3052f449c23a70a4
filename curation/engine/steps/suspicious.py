"""Labels that look wrong."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Found, Outcome, Step
from curation.engine.steps.columns import MISSING, SPLIT, is_number, missing, require
from curation.engine.suspicion import FOLDS, TIMES_LIKELIER, doubt_labels

# A text column with at most this many values is a category, and a column of 0 and 1 is made of each.
CATEGORIES = 20
# Above this share of texts with Chinese or Japanese characters n-grams of characters take the place of words.
IDEOGRAPHIC = 0.3
# From so many texts on a term must stand in two of them: most terms of a large collection stand in one alone.
RARE_FROM = 1_000
MOST_TERMS = 300_000
# Largest entry of the gradient at which a model is done: on banking questions the findings and their ranking are those
# of a third of it, for two thirds of the time.
TOLERANCE = 3e-4


@dataclass(frozen=True, slots=True)
class SuspiciousLabels(Step):
    """Finds rows whose label a model trained on the other rows does not believe; it never drops or changes one.

    The model is logistic regression over the numbers (median for missing ones, standardized), the columns of few
    values, and TF-IDF of the text, trained and asked in five folds, twice: the second time without the rows that the
    first doubted (confident learning, Northcutt, Jiang and Chuang 2021). Rows without a label, with an invalid one, or
    of a label with fewer than five rows are left out. All rows are held in memory.

    Attributes:
        columns: Columns to learn from; the text, the numbers and the columns of at most 20 values when empty.
        invalid: Labels that mean there is none.
        times: How many times likelier than the given label another one must be, above 1.
        seed: Decides the folds.
    """

    name: ClassVar[str] = "suspicious_labels"
    version: ClassVar[int] = 2
    title: ClassVar[str] = "Find suspicious labels"
    reasons: ClassVar[dict[str, str]] = {"label_suspicious": "A model trained on the other rows expects another label."}
    columns: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ("-1", "-1.0")
    times: float = TIMES_LIKELIER
    seed: int = 0

    def __post_init__(self) -> None:
        if self.times <= 1:
            raise ValueError(f"times is {self.times}; it is above 1")

    def prepare(self, batches: Batches, context: Context) -> dict[int, str]:
        """Return the suspicious items with what is said of them, the most suspicious first."""
        label = context.column("label")
        parts = []
        for table in batches():
            context.check()
            require(table, self.columns)
            parts.append(table.filter(self._labeled(table, label)))
        whole = pa.concat_tables(parts).combine_chunks()
        names, codes, counts = np.unique(_array(as_text(whole[label])), return_inverse=True, return_counts=True)
        common = counts[codes] >= FOLDS
        if len(np.unique(codes[common])) < 2:
            return {}
        whole, given = whole.filter(pa.array(common)), codes[common]
        kept, labels = np.unique(given, return_inverse=True)
        features = _Features(whole, self._learnt_from(whole, context))
        found = doubt_labels(features.rows, labels, features.make_model, times=self.times, seed=self.seed)
        ids = whole["item_id"].to_numpy()
        rows = np.flatnonzero(found.suspicious)
        rows = rows[np.argsort((found.own / found.other)[rows], kind="stable")]
        return {
            int(ids[row]): f"labeled {names[kept[labels[row]]]} ({found.own[row]:.2f}); "
            f"looks like {names[kept[found.likelier[row]]]} ({found.other[row]:.2f})"
            for row in rows.tolist()
        }

    def apply(self, table: pa.Table, state: dict[int, str], context: Context) -> Outcome:
        """List the suspicious rows."""
        return Outcome(
            table,
            found=[
                Found(item, "label_suspicious", state[item]) for item in table["item_id"].to_pylist() if item in state
            ],
        )

    def _labeled(self, table: pa.Table, label: str) -> pa.Array:
        trimmed = pc.utf8_trim_whitespace(as_text(table[label]))
        none = pc.is_in(trimmed, value_set=pa.array(self.invalid, pa.large_string()))
        return pc.invert(pc.or_(none, missing(table[label], MISSING)))

    def _learnt_from(self, table: pa.Table, context: Context) -> list[str]:
        if self.columns:
            return list(self.columns)
        text = context.roles.get("text")
        left_out = {"item_id", SPLIT, context.roles.get("id"), context.roles.get("label")}
        return [
            entry.name
            for entry in table.schema
            if entry.name not in left_out
            and (entry.name == text or is_number(entry.type) or _values(table[entry.name]) <= CATEGORIES)
        ]


class _Features:
    """Columns as one matrix, computed once: it looks at no label, so the rows that are held out may be part of it."""

    def __init__(self, table: pa.Table, columns: list[str]) -> None:
        numbers: list[np.ndarray] = []
        categories: list[np.ndarray] = []
        texts: list[pa.ChunkedArray] = []
        for name in columns:
            column = table[name]
            if is_number(column.type):
                values = np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), np.float64)
                # A column without any value teaches nothing, and has no median.
                numbers += [values] if np.isfinite(values).any() else []
            elif _values(column) <= CATEGORIES:
                categories.append(_array(as_text(column)))
            else:
                texts.append(column)
        # Weights of texts are many and small.
        self.strength = 10.0 if texts else 1.0
        parts = [*map(_tfidf, texts), *_scaled(numbers), *_one_hot(categories)]
        self._matrix = _side_by_side(parts, table.num_rows)

    def rows(self, places: np.ndarray) -> Any:
        """Return the rows at these places."""
        return self._matrix[places]

    def make_model(self) -> Any:
        """Return an unfitted model."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.strength, max_iter=1000, tol=TOLERANCE, warm_start=True)


def _side_by_side(parts: list[Any], rows: int) -> Any:
    """Return matrices as one: sparse float32 when one of them is sparse, else dense float64."""
    from scipy import sparse  # slow import

    if any(sparse.issparse(part) for part in parts):
        return sparse.hstack(parts, format="csr", dtype=np.float32)
    return np.hstack(parts) if parts else np.zeros((rows, 1))


def _tfidf(column: pa.ChunkedArray) -> Any:
    """Return TF-IDF of a column of texts, sparse float32; terms of one text alone say nothing about the others."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow import

    least = 2 if len(column) >= RARE_FROM else 1
    options = {"sublinear_tf": True, "dtype": np.float32, "min_df": least, "max_features": MOST_TERMS}
    try:
        return TfidfVectorizer(**options, **_analyzer(column)).fit_transform(_array(as_text(column)))
    except ValueError:  # scikit-learn: no term is left, as where every text is empty
        return np.zeros((len(column), 1))


def _scaled(numbers: list[np.ndarray]) -> list[np.ndarray]:
    """Return numbers with mean 0 and spread 1 as one dense matrix; the median stands for missing ones."""
    scaled = []
    for values in numbers:
        known = np.isfinite(values)
        filled = np.where(known, values, np.median(values[known]))
        spread = filled.std()
        scaled.append((filled - filled.mean()) / (spread if spread > 0 else 1.0))
    return [np.column_stack(scaled)] if scaled else []


def _one_hot(categories: list[np.ndarray]) -> list[np.ndarray]:
    """Return a column of 0 and 1 for each value of each column."""
    return [(values[:, None] == np.unique(values)[None, :]).astype(np.float64) for values in categories]


def _analyzer(column: pa.ChunkedArray) -> dict[str, Any]:
    """Return how a vectorizer cuts these texts: one and two words, or one to three characters."""
    ideographs = pc.match_substring_regex(as_text(column), r"[\p{Han}\p{Hiragana}\p{Katakana}]")
    share = pc.mean(pc.cast(ideographs, pa.float64())).as_py() or 0.0
    if share > IDEOGRAPHIC:
        return {"analyzer": "char", "ngram_range": (1, 3)}
    return {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}


def _values(column: pa.ChunkedArray) -> int:
    return int(pc.count_distinct(column, mode="all").as_py()) if not pa.types.is_nested(column.type) else CATEGORIES + 1


def _array(texts: pa.Array) -> np.ndarray:
    """Return texts as an array of str; a missing one is empty."""
    return np.array(pc.fill_null(texts, "").to_pylist(), object)
