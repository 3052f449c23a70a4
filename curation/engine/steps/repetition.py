"""Drops texts that repeat themselves."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import pyarrow as pa

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Outcome, Step
from curation.engine.steps.rules import NEAR, NEAR_TEXT, Rule, check_amounts, check_shares, judge
from curation.engine.text_measures import REPEATED_N, TOP_N, Counts, repetition


@dataclass(frozen=True, slots=True)
class FilterRepetition(Step):
    """Drops documents that repeat lines, paragraphs or phrases (Rae et al. 2021, table A1: the filter of Gopher).

    Each limit is the largest share allowed, from 0 to 1; 0 switches it off. `duplicate_*` is the share of lines or
    paragraphs that occurred before, or of the characters in them; `top_*gram` the characters of the most frequent
    phrase of n words times its count; `repeated_*gram` the characters in phrases of n words that occurred before.
    Texts below `from_words` words stay as they are: a message of ten words says too little about repetition. In Chinese
    and Japanese a phrase of n words is one of n times `text_measures.CJK_PER_WORD` characters. At most the first 4 MiB
    of a text are measured. `margin` makes findings of texts that close to a limit.
    """

    name: ClassVar[str] = "filter_repetition"
    title: ClassVar[str] = "Filter repetition"
    reasons: ClassVar[dict[str, str]] = {
        "duplicate_lines": "Too many lines occur more than once in the text.",
        "duplicate_line_chars": "Too much of the text is in lines that occur more than once.",
        "duplicate_paragraphs": "Too many paragraphs occur more than once in the text.",
        "duplicate_paragraph_chars": "Too much of the text is in paragraphs that occur more than once.",
        **{f"top_{n}gram": f"One phrase of {n} words makes up too much of the text." for n in TOP_N},
        **{f"repeated_{n}gram": f"Too much of the text is in repeated phrases of {n} words." for n in REPEATED_N},
        NEAR: NEAR_TEXT,
    }
    from_words: int = 50
    duplicate_lines: float = 0.30
    duplicate_line_chars: float = 0.20
    duplicate_paragraphs: float = 0.30
    duplicate_paragraph_chars: float = 0.20
    top_2gram: float = 0.20
    top_3gram: float = 0.18
    top_4gram: float = 0.16
    repeated_5gram: float = 0.15
    repeated_6gram: float = 0.14
    repeated_7gram: float = 0.13
    repeated_8gram: float = 0.12
    repeated_9gram: float = 0.11
    repeated_10gram: float = 0.10
    margin: float = 0.0

    def __post_init__(self) -> None:
        limits = [field.name for field in fields(self) if field.name not in {"from_words", "margin"}]
        check_shares(self, *limits)
        check_amounts(self, "from_words", "margin")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Keep the rows that repeat themselves within the limits."""
        texts = as_text(table[context.column("text")])
        long = Counts(texts).words >= self.from_words
        if not long.any():
            return Outcome(table)
        shares = repetition(texts, rows=long)
        measured = [
            ("duplicate_lines", "{} of lines are duplicates", "lines"),
            ("duplicate_line_chars", "{} of characters are in duplicate lines", "line_chars"),
            ("duplicate_paragraphs", "{} of paragraphs are duplicates", "paragraphs"),
            ("duplicate_paragraph_chars", "{} of characters are in duplicate paragraphs", "paragraph_chars"),
            *((f"top_{n}gram", f"{{}} of characters are in one phrase of {n} words", f"top_{n}") for n in TOP_N),
            *(
                (f"repeated_{n}gram", f"{{}} of characters are in repeated phrases of {n} words", f"repeated_{n}")
                for n in REPEATED_N
            ),
        ]
        rules = [Rule(name, what, shares[key], getattr(self, name), rows=long) for name, what, key in measured]
        return judge(table, rules, margin=self.margin)
