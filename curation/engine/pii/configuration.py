"""Recognizers out of YAML: for other languages and for an organization's own numbers.

recognizers:
- name: ua_tax
  label: NATIONAL_ID
  pattern: '(?<![0-9])[0-9]{10}(?![0-9])'
  needs: ['[0-9]{10}', '(?i)іпн|рнокпп']
  words: '(?i)іпн|рнокпп'
  score: 0.85
  languages: []
"""

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from curation.engine.pii import checks, national
from curation.engine.pii.recognizer import Recognizer

# What a recognizer of one's own may name as `check`.
CHECKS = {
    name: getattr(module, name)
    for module, names in (
        (checks, ("luhn", "payment_card", "iban", "aba_routing", "random_looking", "some_digits", "phone_digits")),
        (national, ("cn_id", "cn_credit_code", "us_ssn")),
    )
    for name in names
}
KEYS = {
    "name",
    "label",
    "pattern",
    "needs",
    "words",
    "against",
    "check",
    "score",
    "doubtful",
    "why",
    "languages",
    "source",
}
LIMIT = 200
LONGEST_PATTERN = 2_000
# Ways to try at one place of a text. A hostile text of a million characters then takes a few seconds at most.
MOST_WAYS = 20_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_LABEL = re.compile(r"[A-Z][A-Z0-9_]{1,39}")


class RecognizerError(ValueError):
    """A recognizer that cannot be used; the sentence says which, and what would be right."""


def read_recognizers(text: str) -> tuple[Recognizer, ...]:
    """Return the recognizers of a YAML text, none of an empty one.

    Raises:
        RecognizerError: What is wrong, where, and how to mend it.
    """
    if not text.strip():
        return ()
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecognizerError(f"The recognizers are no YAML: {str(error).splitlines()[0]}") from None
    rows = data.get("recognizers") if isinstance(data, dict) else data
    if not isinstance(rows, list) or len(rows) > LIMIT:
        raise RecognizerError(f"Write a list under recognizers, of at most {LIMIT}.")
    made = tuple(_recognizer(number, row) for number, row in enumerate(rows, 1))
    names = [row.name for row in made]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RecognizerError(f"Two recognizers are called {twice[0]}. Give each a name of its own.")
    return made


def _recognizer(number: int, row: Any) -> Recognizer:
    if not isinstance(row, dict):
        raise RecognizerError(f"Recognizer {number} is no mapping with name, label and pattern.")
    where = f"Recognizer {number} ({row.get('name', 'without a name')})"
    if strange := sorted(set(map(str, row)) - KEYS):
        raise RecognizerError(f"{where}: {strange[0]} is unknown. Keys are {', '.join(sorted(KEYS))}.")
    if not _NAME.fullmatch(str(row.get("name", ""))):
        raise RecognizerError(f"{where}: the name has small letters, digits and _, and begins with a letter.")
    if not _LABEL.fullmatch(str(row.get("label", ""))):
        raise RecognizerError(f"{where}: the label has capitals, digits and _, such as NATIONAL_ID.")
    score, doubtful = (_share(where, name, row.get(name, usual)) for name, usual in (("score", 0.8), ("doubtful", 0.0)))
    if "check" in row and row["check"] not in CHECKS:
        raise RecognizerError(f"{where}: there is no check {row['check']}. There are {', '.join(CHECKS)}.")
    check = CHECKS.get(row.get("check", ""))
    why = row.get("why", "checksum" if check else "context" if row.get("words") else "format")
    if why not in {"context", "format", "checksum"}:
        raise RecognizerError(f"{where}: why is context, format or checksum.")
    needs = _texts(where, "needs", row.get("needs", []))
    for need in needs:
        _fits_re2(where, need)
    patterns = {name: _pattern(where, name, row.get(name, "")) for name in ("pattern", "words", "against")}
    if not patterns["pattern"]:
        raise RecognizerError(f"{where}: the pattern is missing.")
    languages = _texts(where, "languages", row.get("languages", []))
    return Recognizer(
        name=f"own_{row['name']}",
        label=row["label"],
        needs=needs,
        why=why,
        score=score,
        doubtful=doubtful,
        check=check,
        languages=languages,
        source=str(row.get("source", "")),
        pattern=patterns["pattern"],
        words=patterns["words"],
        against=patterns["against"],
    )


def _share(where: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise RecognizerError(f"{where}: {name} is a number from 0 to 1.")
    return float(value)


def _texts(where: str, name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise RecognizerError(f"{where}: {name} is a list of texts.")
    return tuple(value)


def _fits_re2(where: str, need: str) -> None:
    try:
        pc.match_substring_regex(pa.array([""]), need)
    except pa.ArrowInvalid as error:
        raise RecognizerError(f"{where}: RE2 cannot read {need[:60]!r} of needs: {str(error)[:120]}") from None


def _pattern(where: str, name: str, text: Any) -> str:
    """Return an expression that is bounded: one that may go back and forth without end would stop a worker."""
    if not isinstance(text, str) or len(text) > LONGEST_PATTERN:
        raise RecognizerError(f"{where}: {name} is a text of at most {LONGEST_PATTERN} characters.")
    try:
        tree = parser.parse(text, re.ASCII)
    except re.error as error:
        raise RecognizerError(f"{where}: {name} cannot be read: {error}.") from None
    if _ways(tree) > MOST_WAYS:
        raise RecognizerError(
            f"{where}: {name} can match one place in too many ways. Write {{0,20}} for * and {{1,20}} for +, and put "
            "no repetition of varying length into another."
        )
    return text


def _ways(tree: Any) -> float:
    """Return a bound for the ways in which an expression can be tried at one place."""
    ways = 1.0
    for code, value in tree:
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
            low, high, inner = value
            if high == codes.MAXREPEAT:
                return float("inf")
            one = _ways(inner)
            ways *= (int(high) - int(low) + 1) * (min(one, MOST_WAYS + 1.0) ** min(int(high), 20) if one > 1 else 1)
        elif code is codes.BRANCH:
            ways *= max(_ways(branch) for branch in value[1])
        elif code is codes.SUBPATTERN:
            ways *= _ways(value[3])
        elif code in {codes.ASSERT, codes.ASSERT_NOT}:
            ways *= _ways(value[1])
        elif code in {codes.GROUPREF, codes.GROUPREF_EXISTS}:
            ways *= 2
    return ways
