"""Looks for words and phrases of a list."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.engine.folding import as_text, fold
from curation.engine.steps.base import Context, Drop, Found, Outcome, Step

ACTIONS = ("drop", "find")
WORD_LIMIT, LENGTH_LIMIT = 10_000, 200
# Words of one expression. RE2 builds its automaton within a fixed memory and falls back to a slow search beyond it:
# over 500 texts of 2 kB, 1,000 words in one expression took 0.05 s, 3,000 took 10.9 s.
_GROUP = 500
# Scripts that are written without blanks: Thai, Lao, Burmese, Khmer, kana, bopomofo and Han.
_NO_BLANKS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u312f\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U000323af"
)
_UNSPACED = re.compile(f"[{_NO_BLANKS}]")


@dataclass(frozen=True, slots=True)
class WordList(Step):
    """Drops or finds texts that hold a word of `blocked`, and texts that hold none of `required`.

    Words and phrases are compared folded (NFKC, lower case, single blanks) and are never expressions. A word counts as
    a whole word: no letter, digit or underscore touches its ends, unless of a script without blanks. One that begins or
    ends with a character of a script without blanks (Chinese, Japanese, Thai) is found inside other text there. The
    texts are passed over once for each 500 words of a list.
    """

    name: ClassVar[str] = "word_list"
    title: ClassVar[str] = "Word list"
    reasons: ClassVar[dict[str, str]] = {
        "word_blocked": "The text holds a word of the list of blocked words.",
        "word_missing": "The text holds none of the required words.",
    }
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"action": ACTIONS}
    blocked: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    action: str = "drop"

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"action is {self.action!r}; choose one of {', '.join(ACTIONS)}")
        for name in ("blocked", "required"):
            words = getattr(self, name)
            if len(words) > WORD_LIMIT:
                raise ValueError(f"{name} has {len(words)} words; at most {WORD_LIMIT} can be searched for at once")
            if bad := [word for word in words if not word.strip() or len(word) > LENGTH_LIMIT]:
                raise ValueError(f"{name} holds {bad[0][:20]!r}; a word has 1 to {LENGTH_LIMIT} characters")

    def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
        """Keep the rows that hold no blocked word and a required one, or note the others as findings."""
        texts = fold(pc.fill_null(as_text(table[context.column("text")]), ""))
        details: dict[int, tuple[str, str]] = {}
        if self.required:
            held = Matcher.of(self.required).search(texts)
            details |= {row: ("word_missing", "") for row in range(len(texts)) if row not in held}
        if self.blocked:
            held = Matcher.of(self.blocked).search(texts)
            details |= {row: ("word_blocked", ", ".join(words)) for row, words in held.items()}
        if not details:
            return Outcome(table)
        ids = table["item_id"].to_numpy()
        notes = [(int(ids[row]), *details[row]) for row in sorted(details)]
        if self.action == "find":
            return Outcome(table, found=[Found(item, reason, detail) for item, reason, detail in notes])
        keep = np.ones(table.num_rows, bool)
        keep[list(details)] = False
        return Outcome(table.filter(pa.array(keep)), [Drop(item, reason, detail) for item, reason, detail in notes])


class Matcher:
    """A list of words, compiled.

    RE2's automaton chooses the texts in one pass without regard to word ends. Only in those the words are looked for
    one by one, by a tree of their letters, which tries each letter of the text against one branch.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        folded = sorted({word for word in fold(pa.array(words, pa.large_string())).to_pylist() if word})
        self._groups = [
            "|".join(_escaped(word) for word in folded[start : start + _GROUP])
            for start in range(0, len(folded), _GROUP)
        ]
        self._tree = re.compile(_pattern(folded))

    @staticmethod
    @lru_cache(maxsize=8)
    def of(words: tuple[str, ...]) -> "Matcher":
        """Return the matcher of a list, compiled once and not for every batch."""
        return Matcher(words)

    def search(self, texts: pa.Array) -> dict[int, list[str]]:
        """Return the rows of folded texts that hold words of the list, each with the words in order, each once."""
        maybe = np.zeros(len(texts), bool)
        for group in self._groups:
            maybe |= np.asarray(pc.match_substring_regex(texts, group))
        found: dict[int, list[str]] = {}
        for row in np.flatnonzero(maybe).tolist():
            words = dict.fromkeys(match[1] for match in self._tree.finditer(texts[row].as_py()))
            if words:
                found[row] = list(words)
        return found


def _escaped(word: str) -> str:
    """Return a word as RE2 takes it literally: every sign by its number."""
    return "".join(letter if letter.isalnum() else f"\\x{{{ord(letter):X}}}" for letter in word)


def _pattern(words: list[str]) -> str:
    """Return one expression for all words; the longest that fits wins, and overlapping ones are found too."""
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for word in words:
        kinds.setdefault((_open(word[0]), _open(word[-1])), []).append(word)
    parts = []
    for (open_start, open_end), alike in sorted(kinds.items()):
        before = "" if open_start else rf"(?<![^\W{_NO_BLANKS}])"
        parts.append(before + _branch(_tree(alike)) + ("" if open_end else rf"(?![^\W{_NO_BLANKS}])"))
    # Looking ahead instead of consuming lets the next word begin inside this one.
    return rf"(?=({'|'.join(parts)}))" if parts else r"(?!)"


def _open(letter: str) -> bool:
    """Tell whether a word may go on beside this letter: signs end by themselves, and so do scripts without blanks."""
    return bool(_UNSPACED.match(letter)) or not (letter.isalnum() or letter == "_")


def _tree(words: list[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return tree


def _branch(node: dict[str, Any]) -> str:
    """Return the expression of what follows in the tree, the longer words first."""
    parts = [re.escape(letter) + _branch(node[letter]) for letter in sorted(node) if letter]
    if "" in node:
        parts.append("")
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
