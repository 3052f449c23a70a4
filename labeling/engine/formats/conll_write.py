"""Writes tokens and BIO tags, ``data.conll``: a token, a tab and a tag on each line, a blank line after each item.

A token is a run of letters, digits and marks of one kind, a single character of a script without blanks, or any other
single character that is no blank. Where a span begins or ends inside such a token, the token is parted there.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from labeling.engine.controls.spans import Spans
from labeling.engine.formats.conll import join
from labeling.engine.formats.leaving import tell_of_columns
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.target import Target
from labeling.engine.formats.texts import held_in, told
from labeling.engine.schema import Schema

_TITLE = "CoNLL"
_TOKEN = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u312f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
    "|[^\\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u312f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+|\\S"
)
_BLANKS = re.compile(r"\s")


def holds(schema: Schema) -> str:
    """Return why a project cannot be written as CoNLL; empty when it can."""
    if not held_in(schema, (Spans,)).names:
        return "CoNLL holds spans of texts, and the project asks for none."
    return ""


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records and return how many."""
    held = held_in(schema, (Spans,))
    assert held.spans is not None
    written = 0
    with target.text("data.conll") as stream:
        for record in told(records, schema, held, target, _TITLE):
            tell_of_columns(record, {held.field}, target.losses, _TITLE)
            text = record.fields.get(held.field)
            if not isinstance(text, str) or not text.strip():
                target.losses.add(record.name, "text_missing", f"It has no text in {held.field}. It is left out.")
                continue
            spans = _flat((record.counting or {}).get(held.spans.name, []), text, record.name, target.losses)
            rows = list(tagged(text, spans))
            if join([token for token, _tag in rows])[0] != text:
                target.losses.add(record.name, "blanks", "Its blanks are not those that tokens are put together with.")
            stream.write("".join(f"{token}\t{tag}\n" for token, tag in rows) + "\n")
            written += 1
    return written


def _flat(spans: list[dict[str, Any]], text: str, name: str, losses: Losses) -> list[dict[str, Any]]:
    """Return spans that lie apart, the longer of two that do not, without blanks at their ends."""
    kept: list[dict[str, Any]] = []
    trimmed = [_trimmed(span, text) for span in spans]
    for span, own in sorted(zip(trimmed, spans, strict=True), key=lambda each: each[0]["start"] - each[0]["end"]):
        where = f"{name}: span {own['start']} to {own['end']} {own['label']}"
        if span["start"] >= span["end"]:
            losses.add(where, "span_blank", "It marks blanks alone. It is left out.")
        elif any(span["start"] < other["end"] and other["start"] < span["end"] for other in kept):
            losses.add(where, "span_crossing", f"{_TITLE} has one tag for each token. It overlaps and is left out.")
        elif _BLANKS.search(span["label"]):
            losses.add(where, "label_blank", "A tag has no blanks, and its label has. It is left out.")
        else:
            if span != own:
                losses.add(where, "span_trimmed", "The blanks at its ends are left out.")
            kept.append(span)
    return sorted(kept, key=lambda each: each["start"])


def _trimmed(span: dict[str, Any], text: str) -> dict[str, Any]:
    quote = text[span["start"] : span["end"]]
    start = span["start"] + len(quote) - len(quote.lstrip())
    return {**span, "start": start, "end": start + len(quote.strip())}


def tagged(text: str, spans: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give tokens with their tags; spans lie apart and begin and end with something."""
    edges = sorted({edge for span in spans for edge in (span["start"], span["end"])})
    opening = {span["start"]: span for span in spans}
    inside: dict[str, Any] | None = None
    for start, end in tokens_of(text, edges):
        if inside is not None and start >= inside["end"]:
            inside = None
        if start in opening:
            inside = opening[start]
            yield text[start:end], f"B-{inside['label']}"
        else:
            yield text[start:end], f"I-{inside['label']}" if inside is not None else "O"


def tokens_of(text: str, edges: list[int]) -> Iterator[tuple[int, int]]:
    """Give start and end of each token; edges, sorted, part the tokens that they lie in."""
    place = 0
    for found in _TOKEN.finditer(text):
        start = found.start()
        while place < len(edges) and edges[place] <= start:
            place += 1
        while place < len(edges) and edges[place] < found.end():
            yield start, edges[place]
            start, place = edges[place], place + 1
        yield start, found.end()
