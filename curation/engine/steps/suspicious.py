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
        features = _Features(whole, self._learnt_from(whole, context), context)
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
    """Columns as a scikit-learn pipeline takes them: a data frame with numbers, categories and texts."""

    def __init__(self, table: pa.Table, columns: list[str], context: Context) -> None:
        import pandas as pd  # slow import

        self.numbers: list[str] = []
        self.categories: list[str] = []
        self.texts: list[str] = []
        data: dict[str, Any] = {}
        for name in columns:
            column = table[name]
            if is_number(column.type):
                values = np.asarray(column.combine_chunks().to_numpy(zero_copy_only=False), np.float64)
                data[name] = np.where(np.isfinite(values), values, np.nan)
                # A column without any value teaches nothing, and has no median.
                self.numbers += [name] if np.isfinite(values).any() else []
                continue
            data[name] = _array(as_text(column))
            (self.categories if _values(column) <= CATEGORIES else self.texts).append(name)
        self._frame = pd.DataFrame(data)
        self._analyzers = {name: _analyzer(table[name]) for name in self.texts}

    def rows(self, places: np.ndarray) -> Any:
        """Return the rows at these places."""
        return self._frame.iloc[places]

    def make_model(self) -> Any:
        """Return an unfitted pipeline; C is 10 for texts, whose weights are many and small, and 1 for tables."""
        from sklearn.compose import ColumnTransformer
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        parts: list[tuple[str, Any, Any]] = [
            ("numbers", numbers, self.numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), self.categories),
        ]
        parts += [
            (f"text {name}", TfidfVectorizer(sublinear_tf=True, **options), name)
            for name, options in self._analyzers.items()
        ]
        return make_pipeline(ColumnTransformer(parts), LogisticRegression(C=10.0 if self.texts else 1.0, max_iter=1000))


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
