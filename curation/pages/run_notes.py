"""What a step noted beside its counts, as tables: types found, limits chosen, weights learnt, encoders, histograms.

Notes are plain JSON of any shape, so that a new step needs no change here; only the titles in `NOTE_TITLES` and
`COLUMN_TITLES` are per note, and a name without one is shown as it is.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from curation.wording import COLUMN_TITLES, NOTE_TITLES

# Digits that a share or a limit is read with; whole numbers have all theirs.
DIGITS = 4
ROWS_SHOWN = 100
CELL = 80


@dataclass(slots=True)
class Note:
    """One note of a step.

    Attributes:
        title: What it is.
        heads: Titles of the columns, each with whether it holds numbers.
        rows: Cells as text, each with whether it is a number.
        left_out: Rows that are not shown.
        histogram: Edges and counts, when the note is one.
        source: Id of the element that holds the histogram.
    """

    title: str
    heads: list[tuple[str, bool]] = field(default_factory=list)
    rows: list[list[tuple[str, bool]]] = field(default_factory=list)
    left_out: int = 0
    histogram: dict[str, Any] | None = None
    source: str = ""


def worded_notes(notes: dict[str, Any], name: str = "note") -> list[Note]:
    """Return the notes of a step for reading; single values come first, in one table. `name` begins their ids."""
    single = {key: value for key, value in notes.items() if not _holds(value)}
    found = []
    if shown := {key: value for key, value in single.items() if value != []}:
        rows = [[(title_of(key), False), cell(value)] for key, value in shown.items()]
        found.append(_note("", ["", _("Value")], rows))
    for key, value in notes.items():
        if value and key not in single:
            found += _notes(key, value)
    for place, note in enumerate(found):
        note.source = f"{name}-{place}"
    return found


def title_of(name: str) -> str:
    """Return what people call a note or a figure in it."""
    return str(NOTE_TITLES.get(name) or COLUMN_TITLES.get(name) or name)


def _holds(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(entry, dict) for entry in value))


def _notes(name: str, value: Any) -> list[Note]:
    title = title_of(name)
    if isinstance(value, dict) and {"edges", "counts"} <= set(value):
        return [Note(title, histogram={"edges": value["edges"], "counts": value["counts"]})]
    if isinstance(value, list):
        return [_of_records(title, [{"": entry} if not isinstance(entry, dict) else entry for entry in value])]
    nested = {key: inner for key, inner in value.items() if _holds(inner)}
    plain = {key: inner for key, inner in value.items() if key not in nested}
    found = []
    if nested and not plain and all(isinstance(inner, dict) for inner in nested.values()):
        return [_of_groups(title, nested)]
    if plain:
        found.append(_table(title, ["", _("Value")], [[key, inner] for key, inner in plain.items()]))
    for key, inner in nested.items():
        found += _notes(key, inner)
    return found


def _of_groups(title: str, groups: dict[str, dict[str, Any]]) -> Note:
    """Return values that are grouped twice, such as the limits of each column and group."""
    known = [name in COLUMN_TITLES for group in groups.values() for name in group]
    if all(known) or any(_holds(inner) for group in groups.values() for inner in group.values()):
        return _of_records(title, [{"": name, **group} for name, group in groups.items()])
    rows = [[name, key, inner] for name, group in groups.items() for key, inner in group.items()]
    return _table(title, ["", "", _("Value")], rows)


def _of_records(title: str, records: list[dict[str, Any]]) -> Note:
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [[record.get(name) for name in names] for record in records]
    return _table(title, [title_of(name) if name else "" for name in names], rows)


def _table(title: str, heads: list[str], rows: list[list[Any]]) -> Note:
    shown = [[cell(value) for value in row] for row in rows[:ROWS_SHOWN]]
    # A column of groups of which each has no name says nothing.
    kept = [place for place in range(len(heads)) if heads[place] or any(row[place][0] for row in shown)]
    note = _note(title, [heads[place] for place in kept], [[row[place] for place in kept] for row in shown])
    note.left_out = max(0, len(rows) - ROWS_SHOWN)
    return note


def _note(title: str, heads: list[str], rows: list[list[tuple[str, bool]]]) -> Note:
    numbers = [all(row[place][1] for row in rows) for place in range(len(heads))]
    return Note(title, list(zip(heads, numbers, strict=True)), rows)


def cell(value: Any) -> tuple[str, bool]:
    """Return a value as people read it, and whether it is a number."""
    if value is None:
        return "∅", False
    if isinstance(value, bool):
        return (_("yes") if value else _("no")), False
    if isinstance(value, int | float):
        return number(value), True
    if isinstance(value, list):
        numbers = len(value) == 2 and all(isinstance(entry, int | float) for entry in value)
        text = (_(" to ") if numbers else ", ").join(cell(entry)[0] for entry in value)
        return cut(text), numbers
    if isinstance(value, dict):
        return cut(", ".join(f"{title_of(name)} {cell(inner)[0]}" for name, inner in value.items())), False
    return cut(title_of(str(value))), False


def number(value: float) -> str:
    """Return a number in the reader's form: whole ones with all digits in groups, others with four that count."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return number_format(int(value), use_l10n=True, force_grouping=True)
    text = f"{value:.{DIGITS}g}"
    return text if "e" in text or "n" in text else number_format(text, use_l10n=True, force_grouping=True)


def cut(text: str) -> str:
    """Return the beginning of a long text."""
    return text if len(text) <= CELL else text[:CELL] + "…"
