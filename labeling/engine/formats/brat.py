"""Reads brat's standoff: a text beside a file of lines that mark it (brat.nlplab.org/standoff.html)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from labeling.engine.formats.files import Files
from labeling.engine.formats.marking import Counting, tell_of_units
from labeling.engine.formats.record import FormatError, Losses, Reading, Record, Said
from labeling.engine.formats.texts import SPANS, TEXT, TIES, Asked, reading_of

CONF = "annotation.conf"
_BOM = "\ufeff"
_LINE = re.compile(r"(?:[TREAMN]\d+|#\d*|\*)\t")
_MARK = re.compile(r"(?P<label>\S+) (?P<places>\d+ \d+(?:;\d+ \d+)*)")
# A declared type: its name, with tabs before it for its depth and arguments behind it.
_TYPE = re.compile(r"!?(?P<name>[^\s<>\[\]|#!,:]+)")
# Lines that have no counterpart: the code of their loss and what they are.
_LEFT = {
    "A": ("attribute", "An attribute"),
    "M": ("attribute", "An attribute"),
    "N": ("normalization", "A reference to a knowledge base"),
    "#": ("note", "A note"),
    "*": ("equivalence", "That spans mean the same"),
}


def recognize(files: Files) -> bool:
    """Tell whether there are annotation files that have a text or a line of brat's."""
    return any(_is_brat(files, path) for path in files.named(".ann"))


def _is_brat(files: Files, path: str) -> bool:
    head = files.head(path, 1 << 12).decode("utf-8", "replace").removeprefix("\ufeff")
    return bool(_LINE.match(head)) or (not head.strip() and _beside(path) in files.paths)


def _beside(path: str) -> str:
    return PurePosixPath(path).with_suffix(".txt").as_posix()


def read(files: Files, losses: Losses) -> Reading:
    """Read texts with spans and relations; what else brat can say is told of, and what events tie becomes relations.

    Raises:
        FormatError: ``text_missing``, ``not_text``, ``no_labels``, ``too_many_labels``.
    """
    paths = [path for path in files.named(".ann") if _is_brat(files, path)]
    if not any(_beside(path) in files.paths for path in paths):
        raise FormatError(
            "text_missing", f"{paths[0]} marks a text, and {_beside(paths[0])} did not come with it. Pack both."
        )
    asked = Asked()
    for path in files.paths:
        if PurePosixPath(path).name == CONF:
            _declare(files.text(path), asked)
    return reading_of(partial(_records, files, paths), losses, paths[0], asked)


def _declare(conf: str, asked: Asked) -> None:
    """Note the types of a configuration: entities and triggers of events mark, relations tie."""
    section = ""
    for line in conf.split("\n"):
        named = re.fullmatch(r"\[(\w+)\]\s*", line)
        if named:
            section = named[1]
        found = _TYPE.match(line.strip())
        if named or not found or line.startswith("#") or section not in {"entities", "relations", "events"}:
            continue
        (asked.tied if section == "relations" else asked.marked).add(found["name"])


def _text(files: Files, path: str) -> str:
    """Return a text with its line ends and its byte order mark as they are, since offsets may count them."""
    try:
        return files.bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return files.text(path)


def _records(files: Files, paths: list[str], losses: Losses) -> Iterator[tuple[str, Record]]:
    for path in paths:
        beside = _beside(path)
        if beside not in files.paths:
            losses.add(path, "text_missing", f"{beside} did not come with it. Its lines are left out.")
            continue
        document = _Document(path, _text(files, beside), losses)
        for number, line in enumerate(files.text(path).split("\n"), 1):
            if line.strip():
                document.take(line, f"{path}: line {number}")
        answer = document.answer()
        name = PurePosixPath(path).with_suffix("").as_posix()
        yield path, Record(name, {TEXT: document.text.removeprefix(_BOM)}, answers=[Said(answer)], final=answer)


@dataclass(slots=True)
class _Document:
    """A text with its lines, read one after the other.

    Attributes:
        marks: Place, id, label, fragments and quoted words of each textbound line.
        ties: Place, label and two ids of each relation.
        triggers: The span that an event stands at, by the event's id.
    """

    path: str
    text: str
    losses: Losses
    marks: list[tuple[str, str, str, list[tuple[int, int]], str]] = field(default_factory=list)
    ties: list[tuple[str, str, str, str]] = field(default_factory=list)
    triggers: dict[str, str] = field(default_factory=dict)

    def take(self, line: str, where: str) -> None:
        """Take one line."""
        parts = line.rstrip("\r").split("\t")
        kind = parts[0][:1]
        if kind in _LEFT:
            code, what = _LEFT[kind]
            self.losses.add(where, code, f"{what} has no counterpart here. It is left out.")
        elif kind == "T" and len(parts) > 1 and (found := _MARK.fullmatch(parts[1])):
            places = [tuple(map(int, each.split())) for each in found["places"].split(";")]
            quote = parts[2] if len(parts) > 2 else ""
            self.marks.append((where, parts[0], found["label"], [(each[0], each[1]) for each in places], quote))
        elif kind == "R" and len(parts) > 1 and len(ends := parts[1].split()) == 3:
            self.ties.append((where, ends[0], *(end.split(":", 1)[-1] for end in ends[1:])))  # type: ignore[arg-type]
        elif kind == "E" and len(parts) > 1 and ":" in parts[1]:
            self._event(parts[0], parts[1].split(), where)
        else:
            self.losses.add(where, "line_broken", f"{line[:60]!r} is no line of brat's. It is left out.")

    def _event(self, name: str, parts: list[str], where: str) -> None:
        self.triggers[name] = parts[0].split(":", 1)[1]
        for argument in parts[1:]:
            role, _colon, end = argument.partition(":")
            self.ties.append((where, role, name, end))
        self.losses.add(where, "event", "Its trigger is a span here, and each of its arguments a relation.")

    def answer(self) -> dict[str, Any]:
        """Return what the lines say."""
        whole = self.text.replace("\r\n", "  ").replace("\n", " ").replace("\r", " ")
        flat = whole.removeprefix(_BOM)
        if flat != whole and self._quoted(whole) > self._quoted(flat):
            # brat's own offsets count the byte order mark, which no text has here.
            self.marks = [
                (where, name, label, [(max(0, start - 1), end - 1) for start, end in places], quote)
                for where, name, label, places, quote in self.marks
            ]
        counting = Counting()
        for _where, _id, _label, places, quote in self.marks:
            if len(places) == 1:
                counting.see(flat, *places[0], quote)
        spans = [row for mark in self.marks for row in self._spans(mark, flat, counting)]
        ties = []
        for _where, label, start, end in self.ties:
            ends = {"from": self.triggers.get(start, start), "to": self.triggers.get(end, end)}
            ties.append({**ends, "label": label})
        return {**({SPANS: spans} if spans else {}), **({TIES: ties} if ties else {})}

    def _quoted(self, text: str) -> int:
        """Return how many spans quote a text rightly."""
        return sum(text[places[0][0] : places[0][1]] == quote for _where, _id, _label, places, quote in self.marks)

    def _spans(
        self, mark: tuple[str, str, str, list[tuple[int, int]], str], flat: str, counting: Counting
    ) -> Iterator[dict[str, Any]]:
        where, name, label, places, quote = mark
        if len(places) > 1:
            self.losses.add(where, "discontinuous", f"Its {len(places)} parts are spans of their own.")
        for number, (start, end) in enumerate(places):
            placed = counting.place(flat, start, end, quote.replace("\n", " ") if len(places) == 1 and quote else None)
            if placed is None:
                self.losses.add(
                    where,
                    "quote_differs",
                    f"At {start} to {end} the text does not read {quote[:60]!r}. It is left out.",
                )
                continue
            turned = (start, end) != placed[:2]
            tell_of_units(placed[2] if turned else "points", self.losses, self.path)
            yield {"id": name if not number else "", "start": placed[0], "end": placed[1], "label": label}
