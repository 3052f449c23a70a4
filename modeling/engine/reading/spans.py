"""Texts with spans, from JSON Lines or CSV: as offsets, or as tokens with tags."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modeling.engine.data import Examples, Span
from modeling.engine.errors import BadData
from modeling.engine.reading.apart import kept_apart, split_groups, split_name
from modeling.engine.reading.tables import need_columns, read_numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modeling.engine.reading.options import ReadingOptions

# Where the spans of a row are looked for, after the column that was named.
SPAN_COLUMNS = ("spans", "entities", "label", "labels")
TAG_COLUMNS = ("tags", "ner_tags")


class _BadRow(Exception):
    """Why a row is left out."""


def read_spans(options: ReadingOptions) -> Examples:
    """Return texts with their spans; bad rows are left out, each with its line and reason in the notes.

    A row has `spans` (a list of {start, end, label} or [start, end, label], in code points, end exclusive; in CSV as
    JSON), or `tokens` with `tags` (B-, I-, E-, S-, O). Of a text in several parts only the rows of the last part stay.

    Raises:
        BadData: neither spans nor tokens, or nothing to learn from.
    """
    rows = read_numbered(options.data, options.notes)
    need_columns(options.data, [row for _line, row in rows], (options.split,))
    found: list[tuple[str, tuple[Span, ...], str, str]] = []
    for line, row in rows:
        try:
            text, spans = _of_row(row, options)
        except _BadRow as reason:
            options.notes.append(f"{options.data.name}, line {line}: {reason}")
            continue
        split = split_name(row.get(options.split)) if options.split else ""
        found.append((text, spans, split, str(row.get("id", f"line {line}"))))
    if not found:
        raise BadData(f"{options.data.name} has no row with a text and its spans. {_FORMS}")
    stay = kept_apart([text for text, *_ in found], [split for _t, _s, split, _n in found])
    if len(stay) < len(found):
        options.notes.append(f"{len(found) - len(stay)} rows were left out whose text stands in a later part as well.")
    return _examples(options, [found[row] for row in stay])


_FORMS = "Each row needs text and spans [{start, end, label}], or tokens and tags."


def _examples(options: ReadingOptions, rows: list[tuple[str, tuple[Span, ...], str, str]]) -> Examples:
    texts, answers, splits, names = zip(*rows, strict=True)
    if not options.split:
        keys = [tuple(sorted({span.label for span in spans})) for spans in answers]
        splits = tuple(split_groups(texts, keys, options.seed))
    return Examples.of(options.task, texts, answers, splits, ids=names)


def _of_row(row: dict[str, Any], options: ReadingOptions) -> tuple[str, tuple[Span, ...]]:
    text = row.get(options.text)
    for name in (options.label, *SPAN_COLUMNS):
        spans = _unpacked(row.get(name))
        if isinstance(text, str) and spans is not None:
            return _checked(text, spans)
    tokens = _unpacked(row.get("tokens"))
    tags = next((found for name in TAG_COLUMNS if (found := _unpacked(row.get(name))) is not None), None)
    if tokens is not None and tags is not None:
        return _of_tokens(text if isinstance(text, str) and text else None, tokens, tags)
    raise _BadRow("it has no text." if not isinstance(text, str) else f"it has no spans. {_FORMS}")


def _unpacked(value: Any) -> list[Any] | None:
    """Return a list, also one that a cell of CSV holds as JSON; None where there is none."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def _checked(text: str, spans: Sequence[Any]) -> tuple[str, tuple[Span, ...]]:
    if not text.strip():
        raise _BadRow("its text is empty.")
    found = []
    for value in spans:
        start, end, label = _parts(value)
        if not all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end)):
            raise _BadRow(f"the span {_shown(value)} needs a whole number as start and as end.")
        if not isinstance(label, str) or not label.strip():
            raise _BadRow(f"the span {_shown(value)} has no label.")
        if not 0 <= start < end <= len(text):
            raise _BadRow(f"the span {start} to {end} is empty or outside the text of {len(text)} characters.")
        if not text[start:end].strip():
            raise _BadRow(f"the span {start} to {end} covers blanks alone.")
        found.append(Span(start, end, label.strip()))
    return text, tuple(dict.fromkeys(found))


def _parts(value: Any) -> tuple[Any, Any, Any]:
    if isinstance(value, dict):
        return value.get("start"), value.get("end"), value.get("label", value.get("type"))
    if isinstance(value, list | tuple) and len(value) == 3:
        return value[0], value[1], value[2]
    raise _BadRow(f"the span {_shown(value)} is neither {{start, end, label}} nor [start, end, label].")


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:80]


def _of_tokens(text: str | None, tokens: Sequence[Any], tags: Sequence[Any]) -> tuple[str, tuple[Span, ...]]:
    """Return the text and the spans of tagged tokens; without a text they are joined by blanks."""
    if len(tokens) != len(tags):
        raise _BadRow(f"it has {len(tokens)} tokens and {len(tags)} tags.")
    words = [str(token) for token in tokens]
    whole = " ".join(words) if text is None else text
    places, at = [], 0
    for word in words:
        start = whole.find(word, at)
        if start < 0:
            raise _BadRow(f"the token {word[:40]!r} is not in the text after character {at}.")
        places.append((start, start + len(word)))
        at = start + len(word)
    spans: list[Span] = []
    last = "O"
    for tag, (start, end) in zip(map(str, tags), places, strict=True):
        part, _, label = tag.partition("-")
        if tag != "O" and (part not in set("BIESLU") or not label):
            raise _BadRow(f"the tag {tag[:40]!r} is none of O, B-, I-, E-, S- (or L-, U-) with a label.")
        goes_on = part in "IEL" and last not in {"O", "S", "E", "U", "L"} and spans and spans[-1].label == label
        if tag != "O":
            if goes_on:
                spans[-1] = spans[-1]._replace(end=end)
            else:
                spans.append(Span(start, end, label))
        last = part
    return _checked(whole, spans)
