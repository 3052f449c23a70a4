"""JSON Lines and JSON lists: one record each, told apart, parsed and checked."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

import orjson

from curation.engine.readers.magic import refuse_coco
from curation.engine.readers.profile import COLUMN_LIMIT, FIELD_LIMIT, ReadError, SourceProfile, fit_to_show

# orjson's own limit; a deeper record is refused instead of exhausting the stack.
DEPTH_LIMIT = 1024
_SAMPLE_RECORDS = 200
_FLAT = frozenset({str, int, bool, type(None)})
_LONG_NUMBER = re.compile(r"\d{20}")
# A whole string, or one that is not finished yet; or a mark of structure.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*("|\\?\Z)|[\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that is refused: stable code and reason in words."""

    code: str
    reason: str


def json_kind(text: str, file_name: str, *, whole: bool) -> str:
    """Return jsonl, json, or "" when the file is no JSON.

    Raises:
        ReadError: ``json_broken``, ``other_format``, ``json_one_object`` or ``json_depth`` for JSON that holds no rows.
    """
    start = text.lstrip()
    if start[0] not in "[{":
        return ""
    lines = [line for line in start.split("\n", 50)[:50] if line.strip()]
    if start[0] == "[":
        first = re.match(r"\[\s*(.)", start, re.DOTALL)
        if first and (first[1] in '{[]"-tfn' or first[1].isdigit()) and not _is_delimited(lines, file_name):
            return "json"
        return ""
    if any(_is_object(line) for line in lines):
        return _one_line_is_coco(lines) or "jsonl"
    if _is_delimited(lines, file_name):
        return ""
    if whole:
        _refuse_one_object(text)
    raise ReadError(
        "json_broken", "The file begins like JSON, but no line is an object. Save it as JSONL or a list.", 1
    )


def _is_delimited(lines: list[str], file_name: str) -> bool:
    """Say whether a file that begins with a bracket is a table all the same: named so, and its first line no JSON."""
    return file_name.lower().removesuffix(".gz").endswith((".csv", ".tsv")) and not _parses(lines[0])


def _parses(line: str) -> bool:
    try:
        orjson.loads(line)
    except ValueError:
        return False
    return True


def _is_object(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    return isinstance(parse_record(line), dict)


def _one_line_is_coco(lines: list[str]) -> str:
    if len(lines) == 1:
        record = parse_record(lines[0])
        if isinstance(record, dict):
            refuse_coco(record)
    return ""


def _refuse_one_object(text: str) -> NoReturn:
    try:
        document = orjson.loads(text)
    except ValueError as error:
        raise ReadError("json_broken", f"The JSON is broken: {error}. Save it again as JSONL.") from None
    refuse_coco(document)
    raise ReadError(
        "json_one_object", "The file is one JSON object, not a list of rows. Save the rows as a list or JSONL."
    )


def parse_record(raw: str) -> dict[str, Any] | BadRecord:
    """Return the object in a line, or why it is refused. NaN and infinite numbers come back as None."""
    try:
        value = orjson.loads(raw)
    except ValueError as error:
        return _second_look(raw, str(error))
    if not isinstance(value, dict):
        return BadRecord("not_an_object", "The line is JSON but not an object with named values.")
    # orjson makes whole numbers beyond 64 bits floats; only a record with floats or nested values can hold one.
    if not _FLAT.issuperset(map(type, value.values())) and _LONG_NUMBER.search(raw):
        exact: dict[str, Any] = _exact(raw)
        return exact
    return value


def _second_look(raw: str, message: str) -> dict[str, Any] | BadRecord:
    if "surrogate" in message:
        return BadRecord("surrogate", "A \\u escape is half of a pair (a lone surrogate), or bytes are broken.")
    if "depth" in message:
        return BadRecord("json_depth", f"The record is nested deeper than {DEPTH_LIMIT} levels.")
    if not re.search(r"NaN|Infinity|[eE]\+?\d{3}", raw):
        return BadRecord("json_syntax", f"This is not valid JSON: {message.split(': line', maxsplit=1)[0]}.")
    try:
        value = _exact(raw)
    except ValueError as error:
        return BadRecord("json_syntax", f"This is not valid JSON: {error}.")
    return value if isinstance(value, dict) else BadRecord("not_an_object", "The line is JSON but not an object.")


def _exact(raw: str) -> Any:
    """Parse with whole numbers of any size kept, and None for numbers that no column can hold."""
    try:
        return json.loads(raw, parse_constant=lambda _name: None, parse_float=_finite)
    except RecursionError:
        raise ValueError("depth limit exceeded") from None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if number - number == 0 else None


def has_odd_number(raw: str, record: Mapping[str, Any]) -> bool:
    """Say whether a record holds NaN, an infinity, or a number out of range, now None."""
    return None in record.values() and re.search(r"NaN|Infinity|\d[eE]\+?\d{3}", raw) is not None


def has_double_key(raw: str, record: Mapping[str, Any]) -> bool:
    """Say whether an object names a key twice; JSON parsers keep the last one without a word."""
    # A key ends in '":'. As many as there are members means that none is double, which settles nearly every record.
    if raw.count('":') == len(record):
        return False
    double = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal double
        double = double or len({key for key, _value in pairs}) < len(pairs)

    try:
        json.loads(raw, object_pairs_hook=look)
    except (ValueError, RecursionError):
        return False
    return double


def span_fault(record: Mapping[str, Any], text: str | None) -> str:
    """Return what is wrong with the `spans` of a record, or "". Offsets count Unicode code points, end exclusive."""
    spans = record.get("spans")
    if not isinstance(spans, list) or not isinstance(text, str):
        return ""
    for number, span in enumerate(spans, 1):
        if not isinstance(span, dict) or "start" not in span or "end" not in span:
            return ""
        start, end = span["start"], span["end"]
        if type(start) is not int or type(end) is not int or not isinstance(span.get("label", ""), str):
            return f"Span {number} needs whole numbers as start and end and a string as label."
        if not 0 <= start < end <= len(text):
            return f"Span {number} runs from {start} to {end} in a text of {len(text)} characters."
    return ""


def list_elements(pieces: Iterator[str]) -> Iterator[tuple[int, str]]:
    """Give (line from 1, raw text) of each element of a JSON list, holding one element at a time.

    Raises:
        ReadError: ``json_cut_off`` when the list does not end, ``json_broken`` for text behind it, ``json_depth``,
            ``line_too_long`` for an element above `FIELD_LIMIT`.
    """
    buffer, line = "", 1
    begun = ended = False
    for piece in pieces:
        if ended:
            _only_blank(piece, line)
            continue
        buffer += piece
        if not begun:
            at = buffer.find("[")
            if at < 0:
                continue
            line, buffer, begun = line + buffer[:at].count("\n"), buffer[at + 1 :], True
        elements, rest, ended = _split(buffer, line)
        yield from elements
        line, buffer = line + buffer[: len(buffer) - len(rest)].count("\n"), rest
        if ended:
            _only_blank(buffer, line)
        elif len(buffer) > FIELD_LIMIT:
            raise ReadError(
                "line_too_long", f"The element in line {line} is longer than {FIELD_LIMIT} characters.", line
            )
    if not ended:
        raise ReadError("json_cut_off", f"The list ends in the middle, in line {line}: the file is cut off.", line)


def _split(buffer: str, line: int) -> tuple[list[tuple[int, str]], str, bool]:
    """Return the whole elements of a buffer with their lines, what is left, and whether the list ended."""
    elements: list[tuple[int, str]] = []
    depth = start = 0
    # `line` is that of `start`: counting from the start of the buffer for every element would be quadratic.
    for token in _TOKEN.finditer(buffer):
        mark = token[0]
        if mark[0] == '"':
            if token[1] != '"':
                break
        elif mark in "[{":
            depth += 1
            if depth > DEPTH_LIMIT:
                raise ReadError("json_depth", f"The JSON is nested deeper than {DEPTH_LIMIT} levels.", line)
        elif mark != "," and depth:
            depth -= 1
        elif depth == 0:
            raw = buffer[start : token.start()]
            if raw.strip() or mark == ",":
                blank = len(raw) - len(raw.lstrip())
                elements.append((line + raw[:blank].count("\n"), raw.strip()))
            start, line = token.end(), line + raw.count("\n")
            if mark != ",":
                return elements, buffer[start:], True
    return elements, buffer[start:], False


def _only_blank(rest: str, line: int) -> None:
    if rest.strip():
        raise ReadError("json_broken", f"Something follows the end of the list in line {line}. Remove it.", line)


def sample_records(text: str, profile: SourceProfile) -> list[list[str | None]]:
    """Fill in the columns of a profile and return the first records as cells, values that are no strings as JSON.

    Raises:
        ReadError: ``json_broken`` when the list holds no object at all.
    """
    if profile.format == "json":
        elements, _rest, _ended = _split(text.lstrip()[1:], 1)
        raws = [raw for _line, raw in elements[:_SAMPLE_RECORDS]]
    else:
        raws = [line for line in text.split("\n") if line.strip()][:_SAMPLE_RECORDS]
    records = [record for record in map(parse_record, raws) if isinstance(record, dict)]
    if not records and len(text) < FIELD_LIMIT // 16 - 1000:
        raise ReadError("json_broken", "No element of the file is a JSON object with named values.", 1)
    profile.columns = list(dict.fromkeys(column_name(key) for record in records for key in record))
    rows = [{column_name(key): value for key, value in record.items()} for record in records]
    return [[shown(row.get(name)) for name in profile.columns] for row in rows]


@lru_cache(COLUMN_LIMIT)
def column_name(key: str) -> str:
    """Return the column of a key: the key itself, but for what the version needs for its own."""
    name = fit_to_show(key.strip()) or "column_unnamed"
    return "item_id_2" if name == "item_id" else name


def shown(value: Any) -> str | None:
    """Return a value as a string: strings as they are, the rest as JSON, None as None."""
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False)
