"""Drops texts that are too short or too long."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Outcome, Step
from curation.engine.steps.rules import NEAR, NEAR_TEXT, Rule, check_amounts, judge
from curation.engine.text_measures import Counts


@dataclass(frozen=True, slots=True)
class FilterLength(Step):
    """Keeps texts between two lengths, in characters and in words; 0 is no limit.

    Characters are Unicode code points. A word is a run without white space that holds a letter or a digit; in Chinese
    and Japanese, `text_measures.CJK_PER_WORD` characters count as one word. A missing text has length 0. The upper
    limit is that of Rae et al. (2021, Gopher), whose lower one, 50 words, suits documents and not messages: it is in
    the preset `gopher`. `margin` makes findings of texts that close to a limit (0.1: within a tenth of it).
    """

    name: ClassVar[str] = "filter_length"
    title: ClassVar[str] = "Filter by length"
    reasons: ClassVar[dict[str, str]] = {
        "text_too_short": "The text has fewer characters or words than wanted.",
        "text_too_long": "The text has more characters or words than wanted.",
        NEAR: NEAR_TEXT,
    }
    min_chars: int = 0
    max_chars: int = 0
    min_words: int = 0
    max_words: int = 100_000
    margin: float = 0.0

    def __post_init__(self) -> None:
        check_amounts(self, "min_chars", "max_chars", "min_words", "max_words", "margin")
        for low, high in (("min_chars", "max_chars"), ("min_words", "max_words")):
            if 0 < getattr(self, high) < getattr(self, low):
                raise ValueError(f"{low} is larger than {high}, so that every text would be dropped")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Keep the rows of a wanted length."""
        texts = as_text(table[context.column("text")])
        rules: list[Rule] = []
        if self.min_chars or self.max_chars:
            chars = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
            rules += self._rules("{} characters", chars, self.min_chars, self.max_chars)
        if self.min_words or self.max_words:
            rules += self._rules("{} words", np.round(Counts(texts).words, 1), self.min_words, self.max_words)
        return judge(table, rules, margin=self.margin)

    @staticmethod
    def _rules(what: str, values: Any, low: int, high: int) -> list[Rule]:
        return [
            Rule("text_too_short", what, values, low, most=False),
            Rule("text_too_long", what, values, high),
        ]
