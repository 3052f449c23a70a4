"""The kinds of labeling rules, their limits, and how each is read from JSON.

A rule votes for its label or says nothing. Patterns run in the `regex` package, which can be stopped while it
backtracks; texts and terms are compared case-folded unless a rule says otherwise, and by code points.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import regex

# Processor time after which a pattern backtracks rather than searches: an honest search takes microseconds.
SECONDS_PER_TEXT = 0.1
LONGEST_PATTERN = 2_000
LONGEST_TERM = 200
MOST_KEYWORDS = 100
MOST_ENTRIES = 50_000
# Letters and digits of scripts that put blanks between words: next to one of them a term is a part of another word.
_WORDLIKE = r"[\p{L}\p{N}\p{M}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
_STARTS, _ENDS = regex.compile(rf"^{_WORDLIKE}", regex.V1), regex.compile(rf"{_WORDLIKE}$", regex.V1)

# Tells whether a text is hit.
Matcher = Callable[[str], bool]


class RuleError(ValueError):
    """A rule that cannot be used; `where` names the field, and the sentence says how to mend it.

    The sentence comes as a template with its values, so that it can be said in another language.
    """

    def __init__(self, where: str, template: str, **values: Any) -> None:
        super().__init__(template % values if values else template)
        self.where, self.template, self.values = where, template, values


class RuleTooSlow(Exception):
    """A pattern that backtracks without end on a text."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """Hits texts that hold one of a few words or phrases, or all of them.

    Attributes:
        terms: Words or phrases; of scripts with blanks only whole words count.
        every: Whether all of them must be there.
    """

    kind: ClassVar[str] = "keyword"
    terms: tuple[str, ...]
    every: bool = False

    @classmethod
    def parse(cls, params: Mapping[str, Any]) -> Self:
        """Read it from JSON."""
        return cls(_terms(params, MOST_KEYWORDS), _flag(params, "every"))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {"terms": list(self.terms), "every": self.every}

    def matcher(self) -> Matcher:
        """Return what looks at one text."""
        if not self.every:
            return _any_of(self.terms)
        each = [_any_of((term,)) for term in self.terms]
        return lambda text: all(found(text) for found in each)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Hits texts in which a regular expression is found.

    Attributes:
        pattern: In the syntax of Python's `re`, as the `regex` package extends it.
        ignore_case: Whether small and capital letters are the same.
    """

    kind: ClassVar[str] = "regex"
    pattern: str
    ignore_case: bool = True

    @classmethod
    def parse(cls, params: Mapping[str, Any]) -> Self:
        """Read it from JSON; a pattern that is none, or that hits the empty text, is refused."""
        pattern = params.get("pattern")
        if not isinstance(pattern, str) or not pattern or len(pattern) > LONGEST_PATTERN:
            raise RuleError("pattern", "Write a regular expression of 1 to %(most)s characters.", most=LONGEST_PATTERN)
        rule = cls(pattern, _flag(params, "ignore_case", True))
        try:
            hits_empty = rule.matcher()("")
        except (regex.error, OverflowError, RecursionError, MemoryError) as error:
            raise RuleError("pattern", "This is no regular expression: %(reason)s.", reason=str(error)) from None
        except RuleTooSlow:
            hits_empty = False
        if hits_empty:
            raise RuleError("pattern", "This pattern also fits an empty text, so it would hit everything.")
        return rule

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {"pattern": self.pattern, "ignore_case": self.ignore_case}

    def matcher(self) -> Matcher:
        """Return what looks at one text; it raises RuleTooSlow."""
        compiled = regex.compile(self.pattern, regex.IGNORECASE if self.ignore_case else 0)

        def found(text: str) -> bool:
            try:
                return compiled.search(text, timeout=SECONDS_PER_TEXT) is not None
            except TimeoutError:
                raise RuleTooSlow from None

        return found


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Hits texts that hold entries of a long list: names of places, products, words of a lexicon.

    Attributes:
        terms: The entries.
        least: How many different ones must be there.
    """

    kind: ClassVar[str] = "dictionary"
    terms: tuple[str, ...]
    least: int = 1

    @classmethod
    def parse(cls, params: Mapping[str, Any]) -> Self:
        """Read it from JSON."""
        terms, least = _terms(params, MOST_ENTRIES), params.get("least", 1)
        if not isinstance(least, int) or isinstance(least, bool) or not 1 <= least <= min(20, len(terms)):
            most = min(20, len(terms))
            raise RuleError("least", "How many entries must be there is a whole number from 1 to %(most)s.", most=most)
        return cls(terms, least)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `parse` reads."""
        return {"terms": list(self.terms), "least": self.least}

    def matcher(self) -> Matcher:
        """Return what looks at one text."""
        if self.least == 1:
            return _any_of(self.terms)
        compiled = _term_pattern(self.terms)

        def found(text: str) -> bool:
            seen: set[str] = set()
            for hit in compiled.finditer(folded(text)):
                seen.add(hit.group())
                if len(seen) >= self.least:
                    return True
            return False

        return found


Kind = Keyword | Pattern | Dictionary
KINDS: dict[str, type[Kind]] = {kind.kind: kind for kind in (Keyword, Pattern, Dictionary)}


def parse_rule(kind: str, params: Any) -> Kind:
    """Read a rule from JSON.

    Raises:
        RuleError: names the field and what must stand there.
    """
    if kind not in KINDS:
        raise RuleError("kind", "There is no such kind of rule; choose one of %(kinds)s.", kinds=", ".join(KINDS))
    if not isinstance(params, Mapping):
        raise RuleError("params", "This must be an object.")
    return KINDS[kind].parse(params)


def folded(text: str) -> str:
    """Return a text as terms are compared: full and half width alike, without case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _any_of(terms: Sequence[str]) -> Matcher:
    compiled = _term_pattern(terms)
    return lambda text: compiled.search(folded(text)) is not None


def _term_pattern(terms: Sequence[str]) -> Any:
    """Return a pattern for any of the terms; an end that is a letter of a script with blanks must end a word.

    Sets of strings are looked up by hash, so a long list costs no more than a short one.
    """
    groups: dict[tuple[bool, bool], list[str]] = {}
    for term in sorted({folded(term) for term in terms}):
        groups.setdefault((bool(_STARTS.search(term)), bool(_ENDS.search(term))), []).append(term)
    parts: list[str] = []
    lists: dict[str, list[str]] = {}
    for (starts, ends), members in groups.items():
        name = f"terms{len(lists)}"
        lists[name] = members
        before, after = f"(?<!{_WORDLIKE})" if starts else "", f"(?!{_WORDLIKE})" if ends else ""
        parts.append(rf"{before}\L<{name}>{after}")
    return regex.compile("|".join(parts), regex.V1, **lists)


def _terms(params: Mapping[str, Any], most: int) -> tuple[str, ...]:
    given = params.get("terms")
    if isinstance(given, str):
        given = given.splitlines()
    if not isinstance(given, list) or not all(isinstance(term, str) for term in given):
        raise RuleError("terms", "Write one word or phrase a line.")
    terms = tuple(dict.fromkeys(" ".join(term.split()) for term in given if term.strip()))
    if not 1 <= len(terms) <= most:
        sentence = "Write from 1 to %(most)s words or phrases, one a line; these are %(count)s."
        raise RuleError("terms", sentence, most=most, count=len(terms))
    long = next((term for term in terms if len(term) > LONGEST_TERM), None)
    if long is not None:
        sentence = "“%(term)s…” has more than %(most)s characters; write shorter ones."
        raise RuleError("terms", sentence, term=long[:40], most=LONGEST_TERM)
    return terms


def _flag(params: Mapping[str, Any], name: str, default: bool = False) -> bool:
    value = params.get(name, default)
    if not isinstance(value, bool):
        raise RuleError(name, "This must be true or false.")
    return value
