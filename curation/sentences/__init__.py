"""What the engine says in English, said again in the reader's language.

The engine imports no translations: its details, refusals and mistakes are English sentences, in the files of a run as
much as at the shell. Each is written once in the engine, with its values filled in, and once more in the tables of this
package with its values named, which makes the table's row the code of the sentence and the values its parameters. At
display the row is found again, translated, and gets its values back. Stored sentences of earlier runs are translated
too; one that no row knows stays English. A test holds the tables complete against the source of the engine.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from curation.sentences.of_readers import PHRASES, READERS
from curation.sentences.of_steps import DETAILS, MEASURED, PLANS, SEARCH, STEPS

_PARAM = re.compile(r"%\((\w+)\)s")
# Values that are sentences of their own: `sentence` must be known for the row to fit, `phrase` may be anything.
SENTENCE, PHRASE = "sentence", "phrase"
# Several details of one item, as the engine joins them.
SEPARATOR = "; "
# Deeper than any sentence of the engine holds another; hostile text must not cost more.
DEPTH = 4
LONGEST = 2_000
MOST_PARTS = 40


def in_words(text: str) -> str:
    """Return a sentence of the engine in the reader's language; one that is not known stays as it is."""
    if not text or (get_language() or "en").startswith("en"):
        return text
    return _known(text, DEPTH) or text


def understand(text: str) -> tuple[str, Mapping[str, str]] | None:
    """Return the row of a sentence and its values by name, None when no row fits."""
    if len(text) > LONGEST:
        return None
    for row, longest, pattern in _rows():
        if longest in text and (match := pattern.fullmatch(text)):
            values = match.groupdict()
            if SENTENCE not in values or _is_known(values[SENTENCE], DEPTH):
                return row, values
    return None


def _known(text: str, depth: int) -> str | None:
    """Return a sentence, or several joined, in the reader's language; None when no part of it is known."""
    if not depth:
        return None
    parts = text.split(SEPARATOR) if text.count(SEPARATOR) < MOST_PARTS else [text]
    said = [_known(part, depth - 1) for part in parts] if len(parts) > 1 else []
    # Some sentences have the separator inside, and then not each part is one.
    if not (said and all(said)) and (found := understand(text)):
        row, values = found
        return _(row) % {name: _value(name, value, depth - 1) for name, value in values.items()}
    if any(said):
        return _("; ").join(new or old for new, old in zip(said, parts, strict=True))
    # A file of an archive stands before what is said of it.
    place, colon, rest = text.partition(": ")
    if colon and (inner := _known(rest, depth - 1)):
        return "".join((place, _(": "), inner))
    return None


def _is_known(text: str, depth: int) -> bool:
    if not depth:
        return False
    parts = text.split(SEPARATOR)
    return understand(text) is not None or (len(parts) > 1 and any(_is_known(part, depth - 1) for part in parts))


def _value(name: str, value: str, depth: int) -> str:
    return (_known(value, depth) or value) if name in (SENTENCE, PHRASE) else value


@lru_cache(maxsize=1)
def _rows() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return each row with its longest fixed part and its pattern.

    Rows that begin with fixed letters come before those that begin with a value, and longer ones before shorter ones.
    """
    rows = [*MEASURED, *DETAILS, *STEPS, *PLANS, *SEARCH, *PHRASES, *READERS]
    rows.sort(key=lambda row: (row.startswith("%("), -len(_PARAM.sub("", row)), row))
    return [(row, max(_PARAM.split(row)[::2], key=len), re.compile(_pattern(row), re.DOTALL)) for row in rows]


def _pattern(row: str) -> str:
    """Return a regular expression of a row with a group for each value, as short as possible."""
    parts = _PARAM.split(row)
    return "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
