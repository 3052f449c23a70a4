"""Removes lines that are no sentences from documents."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text
from curation.engine.steps.base import Context, Outcome, Step, drop_where, replace
from curation.engine.steps.rules import NEAR, NEAR_TEXT, Rule, check_amounts, judge
from curation.engine.text_lines import Lines
from curation.engine.text_measures import Counts

# Raffel et al. 2020, section 2.2: "a terminal punctuation mark (i.e. a period, exclamation mark, question mark, or end
# quotation mark)"; an ellipsis is none. The full-width marks, and closing brackets after a mark, are added for Chinese.
_ENDS = "(?:[.!?。！？｡؟।።][\"'”’»」』）)\\]]*|[\"'”’»」』])$"
_TRAILS = "(?:\\.\\.\\.|…)$"
_SENTENCES = "(?:[.!?…]+[\"'”’»)\\]]*(?:\\s|$))|[。！？｡।።]+"
_CITATIONS = "\\[\\d*\\]|\\[edit\\]|\\[citation needed\\]"
# The phrases of the reference implementation (tensorflow/datasets, c4_utils).
POLICIES = "terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies"


@dataclass(frozen=True, slots=True)
class FilterLines(Step):
    """Keeps the lines of documents that look like sentences (Raffel et al. 2020: the rules of C4).

    A line stays when it ends with a punctuation mark or a closing quote and not with an ellipsis, has at least
    `min_words` words, no word longer than `max_word_length` characters, and speaks neither of JavaScript nor of cookie
    and privacy policies. `citations` also cuts marks such as [12] and [edit]. Afterwards a document with fewer than
    `min_sentences` sentences is dropped (C4: 5; 0 keeps it), and one without any line is. Texts below `from_words`
    words stay as they are: a message is often one line without a full stop. `margin` makes findings of texts whose
    number of sentences is that close to the limit.
    """

    name: ClassVar[str] = "filter_lines"
    title: ClassVar[str] = "Filter lines"
    reasons: ClassVar[dict[str, str]] = {
        "no_line_left": "None of the lines looks like a sentence.",
        "few_sentences": "Too few sentences are left.",
        NEAR: NEAR_TEXT,
    }
    from_words: int = 50
    terminal_punctuation: bool = True
    min_words: int = 3
    max_word_length: int = 1000
    javascript: bool = True
    policies: bool = True
    citations: bool = False
    min_sentences: int = 0
    margin: float = 0.0

    def __post_init__(self) -> None:
        check_amounts(self, "from_words", "min_words", "max_word_length", "min_sentences", "margin")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Return the table with the lines removed; `changed` counts the texts that lost some and stay."""
        name = context.column("text")
        texts = as_text(table[name])
        long = Counts(texts).words >= self.from_words
        places = np.flatnonzero(long)
        if not len(places):
            return Outcome(table)
        before = pc.fill_null(texts.take(pa.array(places)), "")
        after = self._cut(before)
        table = replace(table, name, pc.replace_with_mask(texts, pa.array(long), after))
        empty = np.zeros(len(texts), bool)
        empty[places] = np.asarray(pc.equal(after, ""))
        altered = np.zeros(len(texts), bool)
        altered[places] = np.asarray(pc.not_equal(before, after))
        dropped = drop_where(table, pa.array(empty), "no_line_left")
        stays = ~empty
        sentences = pc.count_substring_regex(as_text(dropped.kept[name]), _SENTENCES).to_numpy(zero_copy_only=False)
        rule = Rule("few_sentences", "{} sentences", sentences, self.min_sentences, most=False, rows=long[stays])
        outcome = judge(dropped.kept, [rule], margin=self.margin)
        outcome.drops = [*dropped.drops, *outcome.drops]
        outcome.changed = int((altered[stays] & ~(rule.broken() & (self.min_sentences > 0))).sum())
        return outcome

    def _cut(self, texts: pa.Array) -> pa.Array:
        """Return the texts without the lines that go, the others trimmed."""
        parts = Lines.of(texts)
        lines = pc.utf8_trim_whitespace(parts.lines)
        kept = self._kept(lines)
        if self.citations:
            lines = pc.replace_substring_regex(lines, _CITATIONS, "")
        return Lines(lines, parts.bounds).joined(kept)

    def _kept(self, lines: pa.Array) -> Any:
        counts = Counts(lines)
        kept = counts.tokens >= self.min_words
        if self.max_word_length:
            kept &= counts["longest"] <= self.max_word_length
        bare = pc.replace_substring_regex(lines, _CITATIONS, "") if self.citations else lines
        if self.terminal_punctuation:
            kept &= np.asarray(pc.match_substring_regex(bare, _ENDS))
            kept &= ~np.asarray(pc.match_substring_regex(bare, _TRAILS))
        if self.javascript:
            kept &= ~np.asarray(pc.match_substring(bare, "javascript", ignore_case=True))
        if self.policies:
            kept &= ~np.asarray(pc.match_substring_regex(bare, POLICIES, ignore_case=True))
        return kept & np.asarray(pc.not_equal(lines, ""))
