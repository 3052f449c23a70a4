"""XML of other tools, without document types: those are only ever there to make a parser expand entities."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers import expat

from labeling.engine.formats.files import Files
from labeling.engine.formats.record import FormatError

_CHUNK = 1 << 14


class _Reached(Exception):  # control flow: the handlers of expat can only leave by one
    """The root stands here."""


def root_of(files: Files, path: str) -> str:
    """Return the name of the first element; empty where a file is no XML. Nothing behind it is read."""
    return _opening(files, path)[0]


def _opening(files: Files, path: str) -> tuple[str, bool]:
    """Return the name of the first element, and whether a document type stands before it."""
    found: list[str] = []
    typed: list[str] = []
    parser = expat.ParserCreate()

    def reached(name: str, _attributes: Any) -> None:
        found.append(name)
        raise _Reached

    parser.StartElementHandler = reached
    parser.StartDoctypeDeclHandler = lambda name, *_more: typed.append(name)
    with files.paths[path].open("rb") as stream:
        try:
            while piece := stream.read(_CHUNK):
                parser.Parse(piece, False)
        except (_Reached, expat.ExpatError, LookupError, ValueError):
            pass
    return (found[0] if found else ""), bool(typed)


def streamed(files: Files, path: str, tags: Collection[str]) -> Iterator[Element]:
    """Give each element of the names `tags` once it is whole, outermost alone, and then forget it.

    Args:
        files: Where it lies.
        path: Of the file.
        tags: Names of elements.

    Raises:
        FormatError: ``xml_markup``, ``xml_broken``.
    """
    if _opening(files, path)[1]:
        raise FormatError(
            "xml_markup", f"{path} declares a document type, which no labeling tool does. Export it again without one."
        )
    open_tags: list[Element] = []
    inside = 0
    try:
        with files.paths[path].open("rb") as stream:
            # Entities are refused above, and expat opens no other file.
            for event, element in iterparse(stream, ("start", "end")):  # noqa: S314
                wanted = element.tag in tags
                if event == "start":
                    open_tags.append(element)
                    inside += wanted
                    continue
                open_tags.pop()
                inside -= wanted
                if wanted and not inside:
                    yield element
                    element.clear()
                    if open_tags:
                        open_tags[-1].remove(element)
    except (ParseError, ValueError, LookupError) as error:
        raise FormatError("xml_broken", f"{path} is no whole XML ({error}). Export it again, in UTF-8.") from None


def parsed(files: Files, path: str) -> Element:
    """Return the root of a small file.

    Raises:
        FormatError: ``xml_markup``, ``xml_broken``.
    """
    root = root_of(files, path)
    for element in streamed(files, path, {root}):
        return element
    raise FormatError("xml_broken", f"{path} is no whole XML. Export it again.")


_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Return a text with U+FFFD for the characters that XML 1.0 cannot hold, such as a bell."""
    return _ILLEGAL.sub("\ufffd", text)


def said(element: Element | None, path: str = ".") -> str:
    """Return the text of an element below, empty where there is none."""
    found = None if element is None else element if path == "." else element.find(path)
    return "" if found is None or found.text is None else found.text.strip()


def number(element: Element | None, path: str) -> float:
    """Return the number below an element.

    Raises:
        ValueError: There is none.
    """
    text = said(element, path)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"“{path}” is {text[:40]!r} and no number") from None
