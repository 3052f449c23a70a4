"""Drops texts that look like lists, code, menus or filler instead of prose."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Outcome, Step
from curation.engine.steps.rules import NEAR, NEAR_TEXT, Rule, check_amounts, check_shares, judge
from curation.engine.text_measures import Counts, repetition, share

# Rae et al. 2021, appendix A: at least two of these in an English document.
GOPHER_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_SHARES = (
    "max_bullet_lines",
    "max_ellipsis_lines",
    "min_alphabetic_words",
    "min_line_punctuation",
    "max_short_lines",
    "max_duplicated_line_chars",
)
_AMOUNTS = (
    "from_words",
    "from_lines",
    "max_hashes_per_word",
    "max_ellipses_per_word",
    "min_word_length",
    "max_word_length",
    "min_stop_words",
    "short_line_length",
    "max_newlines_per_word",
    "margin",
)


@dataclass(frozen=True, slots=True)
class FilterSymbols(Step):
    """Drops documents by the shape of their words and lines; 0 or false switches a rule off.

    Gopher (Rae et al. 2021, appendix A): hashes and ellipses per word, lines that start with a bullet or end with an
    ellipsis, words with a letter, mean length of words (not asked of texts that are mostly Chinese or Japanese), and
    different `stop_words`, which is off until it is switched on, because the words are English. C4 (Raffel et al.
    2020): the phrase "lorem ipsum", and curly brackets, which is off because they are at home in code. FineWeb (Penedo
    et al. 2024): lines that end with punctuation, lines of at most `short_line_length` columns (a Chinese character
    takes two), characters in repeated lines, line breaks per word.

    Blank lines do not count as lines. Texts below `from_words` words stay as they are: these are rules for documents.
    The shares of lines are asked only of texts of at least `from_lines` lines: of a long message in one line the share
    is 0 or 1 and says nothing. Lorem ipsum and curly brackets are looked for in all texts. `margin` makes
    findings of texts that close to a limit.
    """

    name: ClassVar[str] = "filter_symbols"
    title: ClassVar[str] = "Filter symbols and line shapes"
    reasons: ClassVar[dict[str, str]] = {
        "many_hashes": "Too many # signs for the number of words.",
        "many_ellipses": "Too many ellipses for the number of words.",
        "bullet_lines": "Too many lines start with a bullet.",
        "ellipsis_lines": "Too many lines end with an ellipsis.",
        "few_alphabetic_words": "Too few words hold a letter.",
        "words_too_short": "The words are too short on average.",
        "words_too_long": "The words are too long on average.",
        "few_stop_words": "Too few of the everyday words of the language.",
        "lorem_ipsum": "The text holds the filler lorem ipsum.",
        "curly_bracket": "The text holds a curly bracket.",
        "few_line_ends": "Too few lines end with punctuation.",
        "short_lines": "Too many lines are short.",
        "duplicated_line_chars": "Too many characters are in repeated lines.",
        "many_newlines": "Too many line breaks for the number of words.",
        NEAR: NEAR_TEXT,
    }
    from_words: int = 50
    from_lines: int = 3
    max_hashes_per_word: float = 0.1
    max_ellipses_per_word: float = 0.1
    max_bullet_lines: float = 0.9
    max_ellipsis_lines: float = 0.3
    min_alphabetic_words: float = 0.8
    min_word_length: float = 3.0
    max_word_length: float = 10.0
    min_stop_words: int = 0
    stop_words: tuple[str, ...] = GOPHER_STOP_WORDS
    lorem_ipsum: bool = True
    curly_bracket: bool = False
    min_line_punctuation: float = 0.12
    max_short_lines: float = 0.67
    short_line_length: int = 30
    max_duplicated_line_chars: float = 0.01
    max_newlines_per_word: float = 0.3
    margin: float = 0.0

    def __post_init__(self) -> None:
        check_shares(self, *_SHARES)
        check_amounts(self, *_AMOUNTS)
        if len(self.stop_words) > 64:
            raise ValueError(f"stop_words has {len(self.stop_words)} words; at most 64 are compared")
        if self.min_stop_words > len(set(self.stop_words)):
            raise ValueError("min_stop_words is larger than the number of stop_words")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Keep the rows within all limits."""
        texts = as_text(table[context.column("text")])
        counts = Counts(texts, self.short_line_length)
        long = counts.words >= self.from_words
        rules = self._phrases(texts)
        if long.any():
            rules += [*self._words(counts, long), *self._lines(counts, long), *self._fineweb(texts, counts, long)]
        return judge(table, rules, margin=self.margin)

    def _words(self, counts: Counts, long: NDArray[np.bool_]) -> list[Rule]:
        spelt = long & ~counts.mostly_cjk & (counts["words"] > 0)
        length = share(counts["word_chars"], counts["words"])
        letters = share(counts.alphabetic, counts.tokens)
        rules = [
            Rule("many_hashes", "{} # signs per word", share(counts["hashes"], counts.words), self.max_hashes_per_word),
            Rule(
                "many_ellipses",
                "{} ellipses per word",
                share(counts["ellipses"], counts.words),
                self.max_ellipses_per_word,
            ),
            Rule("few_alphabetic_words", "{} of words hold a letter", letters, self.min_alphabetic_words, most=False),
        ]
        rules = [Rule(rule.reason, rule.what, rule.values, rule.limit, rule.most, long) for rule in rules]
        what = "{} characters a word on average"
        rules += [
            Rule("words_too_short", what, length, self.min_word_length, most=False, rows=spelt),
            Rule("words_too_long", what, length, self.max_word_length, rows=spelt),
        ]
        if self.min_stop_words:
            found = counts.stop_words(self.stop_words)
            rules.append(Rule("few_stop_words", "{} stop words", found, self.min_stop_words, most=False, rows=long))
        return rules

    def _lines(self, counts: Counts, long: NDArray[np.bool_]) -> list[Rule]:
        lines = counts["lines"]
        several = long & (lines >= self.from_lines)
        bullets, ellipses = share(counts["bullet_lines"], lines), share(counts["ellipsis_lines"], lines)
        return [
            Rule("bullet_lines", "{} of lines start with a bullet", bullets, self.max_bullet_lines, rows=several),
            Rule("ellipsis_lines", "{} of lines end with an ellipsis", ellipses, self.max_ellipsis_lines, rows=several),
        ]

    def _fineweb(self, texts: pa.Array, counts: Counts, long: NDArray[np.bool_]) -> list[Rule]:
        lines = counts["lines"]
        several = long & (lines >= self.from_lines)
        ends, short = share(counts["terminal_lines"], lines), share(counts["short_lines"], lines)
        newlines = share(counts["newlines"], counts.words)
        what = "{} of lines end with punctuation"
        rules = [
            Rule("few_line_ends", what, ends, self.min_line_punctuation, most=False, rows=several),
            Rule("short_lines", "{} of lines are short", short, self.max_short_lines, rows=several),
            Rule("many_newlines", "{} line breaks per word", newlines, self.max_newlines_per_word, rows=long),
        ]
        if self.max_duplicated_line_chars:
            repeated = repetition(texts, phrases=False, rows=long)["line_chars"]
            # FineWeb's share is one of the characters without line breaks.
            repeated = repeated * share(counts["chars"], counts["chars"] - counts["newlines"])
            what = "{} of characters are in repeated lines"
            rules.append(Rule("duplicated_line_chars", what, repeated, self.max_duplicated_line_chars, rows=long))
        return rules

    def _phrases(self, texts: pa.Array) -> list[Rule]:
        """Make rules of what a text must not hold at all: its count, at most none."""
        rules: list[Rule] = []
        known = pc.fill_null(texts, "")
        for name, phrase, wanted in (
            ("lorem_ipsum", "lorem ipsum", self.lorem_ipsum),
            ("curly_bracket", "{", self.curly_bracket),
        ):
            if wanted:
                held = pc.count_substring(known, phrase, ignore_case=True).to_numpy(zero_copy_only=False)
                rules.append(_Held(name, f"{{}} × {phrase.replace('{', '{{')}", held, 1.0, most=False))
        return rules


class _Held(Rule):
    """A phrase that a text holds, however often."""

    __slots__ = ()

    def broken(self) -> NDArray[np.bool_]:
        return self.values > 0

    def near(self, margin: float) -> NDArray[np.bool_]:
        return np.zeros(len(self.values), bool)

    def sentence(self, row: int) -> str:
        return self.what.format(int(self.values[row]))
