"""Reads DocBin, the binary files that spaCy trains from: spans from entities and span groups, labels from categories.

Source of the form: spaCy 3.8, ``tokens/_serialize.py``, ``tokens/span_group.pyx`` and ``tokens/_dict_proxies.py``.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import msgpack
import numpy as np

from curation.engine.readers.huggingface import split_of
from labeling.engine.formats.docbin_strings import number_of
from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.rows import plain
from labeling.engine.formats.texts import LABEL, SPANS, TEXT, Asked, reading_of

SUFFIX = ".spacy"
# Numbers of the attributes that are read: the token's text, and of its entity the place and the label.
ORTH, ENT_IOB, ENT_TYPE = 65, 77, 78
INSIDE, OUTSIDE, BEGINS = 1, 2, 3
# A span of a group: three strings, then tokens and characters where it begins and ends.
SPAN = struct.Struct(">QQQllll")
# Under which `Doc.user_data` has what an item is called.
ITEM = "item"
# Bytes of one file unpacked.
_MOST_BYTES = 2 << 30
_SAYS_YES = 0.5


@dataclass(frozen=True, slots=True)
class _Doc:
    """One document: its text, its spans as (start, end, label), and what else it holds."""

    text: str
    spans: list[tuple[int, int, str]]
    marked: bool
    cats: Mapping[str, float]
    data: Mapping[Any, Any]
    links: int


def recognize(files: Files) -> bool:
    """Tell whether there are files that end with .spacy and are packed as spaCy packs them."""
    return any(files.head(path, 1) == b"\x78" for path in files.named(SUFFIX))


def read(files: Files, losses: Losses) -> Reading:
    """Read documents, one item each. Entities and span groups together are its spans.

    Raises:
        FormatError: ``docbin_broken``, ``file_too_large``, ``no_labels``, ``too_many_labels``.
    """
    paths = files.named(SUFFIX) or list(files.paths)
    asked = Asked()
    for path in paths:
        for _where, doc in _docs(files, path, Losses()):
            for name in doc.cats:
                asked.chosen.add(name)
    return reading_of(partial(_records, files, paths), losses, paths[0], asked)


def _records(files: Files, paths: list[str], losses: Losses) -> Iterator[tuple[str, Record]]:
    for path in paths:
        # spaCy calls the side that it watches while it trains dev, and folders are as good as files.
        split = split_of(path) or split_of(PurePosixPath(path).parent.name)
        for where, doc in _docs(files, path, losses):
            if not doc.text:
                losses.add(where, "text_missing", "It has no text and is left out.")
                continue
            yield where, _record(doc, split, where, losses)


def _record(doc: _Doc, split: str, where: str, losses: Losses) -> Record:
    fields: dict[str, Any] = {TEXT: doc.text, **({"split": split} if split else {})}
    left = 0
    for name, value in doc.data.items():
        if name in (ITEM, TEXT) or not isinstance(name, str) or not plain(value):
            left += name != ITEM
            continue
        fields[name] = value
    if left:
        losses.add(where, "user_data", f"{left} of its custom values are no plain columns, and are left out.")
    if doc.links:
        losses.add(where, "links", f"Ids or links to a knowledge base of {doc.links} spans are left out.")
    record = Record(str(doc.data.get(ITEM) or where), fields)
    if not doc.cats and not doc.marked:
        return record
    if any(score not in (0, 1) for score in doc.cats.values()):
        losses.add(where, "score", "Scores of its categories between 0 and 1 are kept as yes from 0.5 on, else as no.")
    chosen = [name for name, score in doc.cats.items() if score >= _SAYS_YES]
    spans = [
        {"id": f"s{number}", "start": start, "end": end, "label": label}
        for number, (start, end, label) in enumerate(doc.spans, 1)
    ]
    answer = {**({LABEL: chosen} if doc.cats else {}), **({SPANS: spans} if spans else {})}
    record.answers, record.final = [Said(answer)], answer
    return record


def _docs(files: Files, path: str, losses: Losses) -> Iterator[tuple[str, _Doc]]:
    found = _unpacked(files, path)
    try:
        strings = {number_of(each): each for each in found["strings"]}
        attributes = list(found["attrs"])
        lengths = np.frombuffer(found["lengths"], "<i4").tolist()
        tokens = np.frombuffer(found["tokens"], "<u8").reshape(sum(lengths), len(attributes))
        spaces = np.frombuffer(found["spaces"], bool).reshape(sum(lengths))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _broken(path) from None
    flags, cats = found.get("flags") or [{}] * len(lengths), found.get("cats") or [{}] * len(lengths)
    groups, data = found.get("span_groups") or [b""] * len(lengths), found.get("user_data") or [None] * len(lengths)
    start = 0
    for number, length in enumerate(lengths):
        where = f"{path}: document {number + 1}"
        part = slice(start, start + length)
        start += length
        try:
            blank = None if flags[number].get("has_unknown_spaces") else spaces[part]
            spoken = _spoken(tokens[part], attributes, strings, blank)
            yield where, _doc(spoken, groups[number], cats[number], data[number], strings)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error, msgpack.UnpackException):
            losses.add(where, "document_broken", "It cannot be read and is left out.")


def _unpacked(files: Files, path: str) -> dict[str, Any]:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(files.bytes(path), _MOST_BYTES)
        if unpacker.unconsumed_tail:
            raise FormatError("file_too_large", f"{path} is larger than 2 GB once it is unpacked. Split it.")
        found = msgpack.unpackb(data, strict_map_key=False)
    except (zlib.error, ValueError, msgpack.UnpackException):
        raise _broken(path) from None
    if not unpacker.eof or not isinstance(found, dict):
        raise _broken(path)
    return found


def _broken(path: str) -> FormatError:
    return FormatError("docbin_broken", f"{path} is no DocBin, or not whole. Save it anew with DocBin.to_disk.")


@dataclass(frozen=True, slots=True)
class _Spoken:
    """The tokens of a document: their text, where each begins and ends in it, and its entities by tokens."""

    text: str
    starts: list[int]
    ends: list[int]
    entities: list[tuple[int, int, str]]
    marked: bool


def _spoken(
    tokens: "np.ndarray[Any, Any]",
    attributes: list[int],
    strings: Mapping[int, str],
    spaces: "np.ndarray[Any, Any] | None",
) -> _Spoken:
    words = [strings[number] if number else "" for number in tokens[:, attributes.index(ORTH)].tolist()]
    # Who made the tokens did not know the text: a blank stands between any two.
    after = [True] * (len(words) - 1) + [False] if spaces is None else spaces.tolist()
    text, starts, ends, place = [], [], [], 0
    for word, blank in zip(words, after, strict=True):
        starts.append(place)
        ends.append(place + len(word))
        text.append(f"{word} " if blank else word)
        place += len(text[-1])
    if ENT_IOB not in attributes or ENT_TYPE not in attributes:
        return _Spoken("".join(text), starts, ends, [], False)
    places = tokens[:, attributes.index(ENT_IOB)].tolist()
    labels = [strings.get(number, "") for number in tokens[:, attributes.index(ENT_TYPE)].tolist()]
    return _Spoken("".join(text), starts, ends, _entities(places, labels), any(places))


def _entities(places: list[int], labels: list[str]) -> list[tuple[int, int, str]]:
    """Return entities as first token, token after the last, and label."""
    found: list[tuple[int, int, str]] = []
    for number, (place, label) in enumerate(zip(places, labels, strict=True)):
        if place not in (INSIDE, BEGINS) or not label:
            continue
        goes_on = place == INSIDE and found and found[-1][1] == number and found[-1][2] == label
        if goes_on:
            found[-1] = (found[-1][0], number + 1, label)
        else:
            found.append((number, number + 1, label))
    return found


def _doc(spoken: _Spoken, groups: bytes, cats: Mapping[str, float], data: Any, strings: Mapping[int, str]) -> _Doc:
    spans = [(spoken.starts[start], spoken.ends[end - 1], label) for start, end, label in spoken.entities]
    links = 0
    grouped = list(_grouped(groups))
    for packed in grouped:
        for span in packed:
            mark, link, label, start, end, _first, _last = SPAN.unpack(span)
            links += bool(mark or link)
            spans.append((spoken.starts[start], spoken.ends[end - 1], strings[label]))
    unpacked = msgpack.unpackb(data, use_list=False, strict_map_key=False) if isinstance(data, bytes) else {}
    own = unpacked if isinstance(unpacked, dict) else {}
    known = {str(name): float(score) for name, score in cats.items()}
    marked = spoken.marked or bool(grouped)
    return _Doc(spoken.text, list(dict.fromkeys(spans)), marked, known, own, links)


def _grouped(groups: bytes) -> Iterator[list[bytes]]:
    """Give the spans of each group; older files have a list of groups, newer ones name them."""
    for packed in msgpack.unpackb(groups, strict_map_key=False) if groups else ():
        yield msgpack.unpackb(packed)["spans"]
