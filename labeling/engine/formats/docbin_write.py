"""Writes DocBin for spaCy, ``train/00000.spacy`` and so on, which ``spacy train --paths.train train`` reads as it is.

Spans are entities where they lie apart, and all of them stand in the group ``sc``, which spaCy's spancat learns from.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgpack
import numpy as np

from labeling.engine.controls.choice import Choice
from labeling.engine.controls.spans import Spans
from labeling.engine.formats.conll_write import tokens_of
from labeling.engine.formats.docbin import BEGINS, ENT_IOB, ENT_TYPE, INSIDE, ITEM, ORTH, OUTSIDE, SPAN, SUFFIX
from labeling.engine.formats.docbin_strings import number_of
from labeling.engine.formats.record import Losses, Record
from labeling.engine.formats.scene_parts import split_name
from labeling.engine.formats.target import Target
from labeling.engine.formats.texts import Held, held_in, text_field, told
from labeling.engine.schema import Schema

_TITLE = "spaCy's DocBin"
# Documents of one file, which is in memory as a whole.
DOCUMENTS = 10_000
GROUP = "sc"
_FOLDERS = {"validation": "dev", "": "data"}


def holds(schema: Schema) -> str:
    """Return why a project cannot be written as DocBin; empty when it can."""
    held = held_in(schema, (Choice, Spans))
    if not held.names or not text_field(schema, held):
        return "DocBin holds labels and spans of a text, and the project asks for none."
    return ""


@dataclass(slots=True)
class _Bin:
    """The documents of one file on their way."""

    folder: str
    tokens: list[tuple[int, int, int]] = field(default_factory=list)
    spaces: list[bool] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    strings: set[str] = field(default_factory=set)
    cats: list[dict[str, float]] = field(default_factory=list)
    groups: list[bytes] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    number: int = 0

    def number_of(self, string: str) -> int:
        """Return the number that stands for a string, which the file then has."""
        self.strings.add(string)
        return number_of(string)

    def flush(self, target: Target) -> None:
        """Write what came, and begin the next file."""
        if not self.lengths:
            return
        message = {
            "version": "0.1",
            "attrs": [ORTH, ENT_IOB, ENT_TYPE],
            "tokens": np.array(self.tokens, "<u8").tobytes(),
            "spaces": np.array(self.spaces, bool).tobytes(),
            "lengths": np.array(self.lengths, "<i4").tobytes(),
            "strings": sorted(self.strings),
            "cats": self.cats,
            "flags": [{"has_unknown_spaces": False}] * len(self.lengths),
            "span_groups": self.groups,
            "user_data": self.data,
        }
        place = target.folder / self.folder / f"{self.number:05}{SUFFIX}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(zlib.compress(msgpack.packb(message)))
        for each in (self.tokens, self.spaces, self.lengths, self.cats, self.groups, self.data):
            each.clear()
        self.strings.clear()
        self.number += 1


def write(target: Target, schema: Schema, records: Iterable[Record]) -> int:
    """Write the records, a folder for each side of the split, and return how many."""
    held = held_in(schema, (Choice, Spans))
    field_ = text_field(schema, held)
    bins: dict[str, _Bin] = {}
    used: set[str] = set()
    written = 0
    for record in told(records, schema, held, target, _TITLE):
        text = record.fields.get(field_)
        if not isinstance(text, str) or not text:
            target.losses.add(record.name, "text_missing", f"It has no text in {field_}. It is left out.")
            continue
        split = split_name(record)
        place = bins.setdefault(split, _Bin(_FOLDERS.get(split, split)))
        spans = _spans(record, held)
        _add(place, record, text, spans, held, target.losses)
        place.data.append(_columns(record, field_, split))
        used.update(span["label"] for span in spans)
        written += 1
        if len(place.lengths) == DOCUMENTS:
            place.flush(target)
    for place in bins.values():
        place.flush(target)
    _tell_of_labels(held, used, target.losses)
    return written


def _columns(record: Record, text: str, split: str) -> bytes:
    own = {name: value for name, value in record.fields.items() if name != text and not (name == "split" and split)}
    packed: bytes = msgpack.packb({**own, ITEM: record.name})
    return packed


def _add(place: _Bin, record: Record, text: str, spans: list[dict[str, Any]], held: Held, losses: Losses) -> None:
    answer = record.counting
    tokens = list(_tokens(text, spans))
    labels = _labels_of(tokens, spans)
    for (start, end, blank), (entity, label) in zip(tokens, labels, strict=True):
        said = OUTSIDE if not entity and answer is not None and held.spans is not None else entity
        place.tokens.append((place.number_of(text[start:end]), said, place.number_of(label)))
        place.spaces.append(blank)
    place.lengths.append(len(tokens))
    place.cats.append(_cats(held.choice, answer, record.name, losses))
    place.groups.append(_group(place, tokens, spans))


def _spans(record: Record, held: Held) -> list[dict[str, Any]]:
    answer = record.counting or {}
    return sorted(answer.get(held.spans.name, []), key=_order) if held.spans is not None else []


def _order(span: dict[str, Any]) -> tuple[int, int]:
    """Return what spans go by: the longer of two that begin together first."""
    return span["start"], -span["end"]


def _tokens(text: str, spans: list[dict[str, Any]]) -> Iterator[tuple[int, int, bool]]:
    """Give start, end, and whether one blank follows, of tokens that make up the text to the last blank.

    A single blank belongs to the token before it; other blanks are tokens of their own, as spaCy has them.
    """
    edges = sorted({edge for span in spans for edge in (span["start"], span["end"])})
    inked = list(tokens_of(text, edges))
    pieces: list[tuple[int, int]] = []
    place = 0
    for start, end in [*inked, (len(text), len(text))]:
        pieces += _blanks(text, place, start, edges)
        if start < end:
            pieces.append((start, end))
        place = end
    opening, closing = {span["start"] for span in spans}, {span["end"] for span in spans}
    waiting: tuple[int, int] | None = None
    for start, end in pieces:
        # A blank that a span begins or ends with must be a token.
        joins = text[start:end] == " " and start not in opening and end not in closing
        if joins and waiting is not None:
            yield *waiting, True
            waiting = None
            continue
        if waiting is not None:
            yield *waiting, False
        waiting = (start, end)
    if waiting is not None:
        yield *waiting, False


def _blanks(text: str, start: int, end: int, edges: list[int]) -> list[tuple[int, int]]:
    """Return the blanks between two tokens: the first blank alone, the others together, parted at edges of spans."""
    if start == end:
        return []
    cuts = {start, end, *(edge for edge in edges if start < edge < end)}
    if text[start] == " ":
        cuts.add(start + 1)
    places = sorted(cuts)
    return list(pairwise(places))


def _labels_of(tokens: list[tuple[int, int, bool]], spans: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return the entity place and label of each token; of spans that overlap the first and longest is the entity."""
    found = [(0, "")] * len(tokens)
    free = 0
    places = {start: number for number, (start, _end, _blank) in enumerate(tokens)}
    for span in spans:
        if span["start"] < free:
            continue
        free = span["end"]
        number = places[span["start"]]
        found[number] = (BEGINS, span["label"])
        while number + 1 < len(tokens) and tokens[number + 1][0] < span["end"]:
            number += 1
            found[number] = (INSIDE, span["label"])
    return found


def _group(place: _Bin, tokens: list[tuple[int, int, bool]], spans: list[dict[str, Any]]) -> bytes:
    """Return the group of all spans as spaCy packs it."""
    if not spans:
        nothing: bytes = msgpack.packb([])
        return nothing
    starts = {start: number for number, (start, _end, _blank) in enumerate(tokens)}
    ends = {end: number + 1 for number, (_start, end, _blank) in enumerate(tokens)}
    rows = []
    for span in spans:
        first, last = starts[span["start"]], ends[span["end"]]
        rows.append(SPAN.pack(0, 0, place.number_of(span["label"]), first, last, span["start"], span["end"]))
    packed: bytes = msgpack.packb({msgpack.packb({"name": GROUP, "attrs": {}, "spans": rows}): [GROUP]})
    return packed


def _cats(choice: Choice | None, answer: dict[str, Any] | None, name: str, losses: Losses) -> dict[str, float]:
    if choice is None or answer is None:
        if choice is not None:
            losses.add(name, "unanswered", f"{_TITLE} cannot say that nobody answered it: it has no categories.")
        return {}
    chosen = answer.get(choice.name, [])
    return {label.value: float(label.value in chosen) for label in choice.labels}


def _tell_of_labels(held: Held, used: set[str], losses: Losses) -> None:
    for label in held.spans.labels if held.spans is not None else ():
        if label.value not in used:
            losses.add(f"label {label.value}", "label_unused", "No span has it, and the files declare none.")
