"""Says which language a text is written in."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text
from curation.engine.steps.base import Batches, Context, Outcome, Step, StepError, drop_where
from curation.engine.steps.rules import check_amounts, check_shares
from curation.engine.text_measures import Counts

UNDECIDED = "und"
# A Han or kana character says as much about its language as about three letters of an alphabet.
CJK_LETTERS = 3


@dataclass(frozen=True, slots=True)
class DetectLanguage(Step):
    """Adds the columns `language` (ISO 639 code) and `language_score` (0 to 1, 1 is sure) and may drop other languages.

    The model is that of py3langid (Lui and Baldwin 2012; 139 languages), run over whole batches. Chinese is `zh`,
    simplified or traditional. Texts with fewer than `min_letters` letters, or whose best language has less than
    `min_score` of the probability, are `und`: undecided, and never dropped unless `drop_undecided` says so. With
    `allowed`, rows in another language are dropped. `among` names the languages that can occur at all, which makes
    short texts far surer. A Chinese or Japanese character counts as three letters. Columns of these names are replaced.
    """

    name: ClassVar[str] = "detect_language"
    title: ClassVar[str] = "Detect language"
    reasons: ClassVar[dict[str, str]] = {
        "language_not_allowed": "The text is in a language that is not wanted.",
        "language_undecided": "The text is too short or too mixed to tell its language.",
    }
    allowed: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
    min_letters: int = 15
    min_score: float = 0.5
    drop_undecided: bool = False

    def __post_init__(self) -> None:
        check_amounts(self, "min_letters")
        check_shares(self, "min_score")
        outside = sorted(set(self.allowed) - set(self.among)) if self.among else []
        if outside:
            raise ValueError(f"{outside[0]} is allowed but not among the languages that can occur")

    def prepare(self, batches: Batches, context: Context) -> None:
        """Look whether the model knows the languages that are named, before any row is decided.

        Raises:
            StepError: It does not.
        """
        from curation.engine.language_model import columns_of, load

        try:
            columns_of(load(), (*self.among, *self.allowed))
        except ValueError as error:
            raise StepError(str(error)) from None

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the table with the two columns, without the rows that are not wanted."""
        from curation.engine.language_model import detect

        texts = as_text(table[context.column("text")])
        counts = Counts(texts)
        letters = counts["letters"] + (CJK_LETTERS - 1) * counts["cjk"]
        codes, scores = detect(texts, letters >= max(1, self.min_letters), self.among)
        codes = pc.fill_null(pc.if_else(pa.array(scores >= self.min_score), codes, None), UNDECIDED)
        scores[np.asarray(pc.equal(codes, UNDECIDED))] = 0.0
        table = _with(_with(table, "language", codes), "language_score", pa.array(scores))
        return self._wanted(table, codes, scores)

    def _wanted(self, table: pa.Table, codes: pa.Array, scores: NDArray[np.float64]) -> Outcome:
        undecided = pc.equal(codes, UNDECIDED)
        outcome = Outcome(table)
        if self.allowed:
            known = pc.is_in(codes, value_set=pa.array(self.allowed, pa.large_string()))
            other = pc.invert(pc.or_(known, undecided))
            outcome = drop_where(table, other, "language_not_allowed", partial(_said, codes, scores))
            undecided = undecided.filter(pc.invert(other))
        if self.drop_undecided:
            found = drop_where(outcome.kept, undecided, "language_undecided")
            outcome = Outcome(found.kept, outcome.drops + found.drops)
        return outcome


def _said(codes: pa.Array, scores: NDArray[np.float64], row: int) -> str:
    return f"{codes[row].as_py()} ({scores[row]:.2f})"


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Return the table with a column set, whatever type an earlier column of this name had."""
    place = table.schema.get_field_index(name)
    return table.append_column(name, values) if place < 0 else table.set_column(place, name, values)
