"""From the body of a request to what a model reads."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from email.message import Message
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any

from modeling.engine.server.problem import Problem
from modeling.engine.serving import MOST_AT_ONCE

if TYPE_CHECKING:
    from modeling.engine.server.connection import Request

# A body of JSON holds one of these: one input, or a list. `texts` is what the service's own route takes.
ONE, MANY = "input", ("inputs", "texts")
LONGEST_NUMBER = 40
EXAMPLES = {
    "text": '{"inputs": ["first text", "second text"]}',
    "pair": '{"inputs": [{"prompt": "…", "first": "…", "second": "…"}]}',
    "row": '{"inputs": [{"column": "value"}]}',
    "picture": '{"inputs": ["base64 of a JPEG or PNG"]}',
}


def takes(reading: dict[str, Any]) -> str:
    """Return what a manifest's reading is given: text, pair, row or picture."""
    kind = str(reading["kind"])
    return next((name for name in ("picture", "pair", "row") if name in kind), "text")


def read_inputs(request: Request, body: bytes, kind: str) -> tuple[list[Any], bool]:
    """Return the inputs of a request, and whether it was one that stood alone.

    Raises:
        Problem: 400 where the body cannot be read, 413 where there are more than 256, 415 for another type.
    """
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "application/json")
    sent, charset = header.get_content_type(), str(header.get_param("charset", "utf-8")).lower()
    if sent == "application/json" or sent.endswith("+json"):
        if charset not in {"utf-8", "utf8", "us-ascii"}:
            raise Problem(415, "charset_unknown", f"JSON is UTF-8; this says {charset[:40]}.")
        found, alone = _from_json(body, kind)
    elif kind == "picture" and (sent.startswith("image/") or sent == "application/octet-stream"):
        found, alone = [body], True
    elif kind == "picture" and sent == "multipart/form-data":
        found, alone = _parts(body, str(header.get_param("boundary", ""))), False
    else:
        also = ", image/jpeg, image/png or multipart/form-data" if kind == "picture" else ""
        raise Problem(415, "type_unknown", f"Send application/json{also}, not {sent[:60]}.")
    if not found:
        raise Problem(400, "inputs_missing", f"There is nothing to answer. Send a body like {EXAMPLES[kind]}.")
    if len(found) > MOST_AT_ONCE:
        detail = f"One request takes at most {MOST_AT_ONCE} inputs; this one has {len(found)}. Send it in parts."
        raise Problem(413, "too_many_inputs", detail, limit=MOST_AT_ONCE)
    return found, alone


def _from_json(body: bytes, kind: str) -> tuple[list[Any], bool]:
    value = strict_json(body)
    keys = [key for key in (ONE, *MANY) if isinstance(value, dict) and key in value]
    if len(keys) != 1 or (keys[0] != ONE and not isinstance(value[keys[0]], list)):
        raise Problem(400, "inputs_missing", f'Send a body like {EXAMPLES[kind]}, or {{"input": …}} for one alone.')
    found = [value[ONE]] if keys[0] == ONE else value[keys[0]]
    if kind == "picture" and len(found) <= MOST_AT_ONCE:
        found = [_picture(one, place) for place, one in enumerate(found)]
    return found, keys[0] == ONE


def strict_json(body: bytes) -> Any:
    """Return what a body of JSON holds.

    Raises:
        Problem: 400 where it is no UTF-8 or no JSON, is nested too deeply, or has a number that is none or beyond
            the range of a double.
    """
    try:
        return json.loads(
            body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite_float, parse_int=_short_int
        )
    except UnicodeDecodeError as error:
        raise Problem(400, "not_utf8", f"The body is not UTF-8: byte {error.start} does not belong there.") from None
    except RecursionError:
        raise Problem(400, "too_deep", "The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem(400, "not_json", f"The body is not JSON: {error.msg} at {where}.") from None


def _no_number(word: str) -> None:
    raise Problem(400, "number_invalid", f"{word} is no number that JSON has. Leave it out, or send null.")


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Problem(400, "number_invalid", f"The number {digits[:40]} is beyond what a double holds.")
    return value


def _short_int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise Problem(400, "number_invalid", f"The number {digits[:20]}… has {len(digits)} digits.")
    return int(digits)


def _picture(value: Any, place: int) -> bytes:
    """Return a picture's bytes. What comes as JSON is never taken for the path of a file."""
    if not isinstance(value, str):
        raise Problem(400, "not_a_picture", f"Input {place}: A picture in JSON is a string of base64.", place=place)
    digits = re.sub(r"\s+", "", value.split(",", 1)[1] if value.startswith("data:") and "," in value else value)
    try:
        return base64.b64decode(digits, validate=True)
    except (binascii.Error, ValueError):
        detail = f"Input {place}: This is not base64, which pictures in JSON are."
        raise Problem(400, "not_base64", detail, place=place) from None


def _parts(body: bytes, boundary: str) -> list[bytes]:
    """Return the files of a multipart body, in order; fields without a file name are passed over."""
    mark = b"--" + boundary.encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if not boundary or len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise Problem(400, "multipart_invalid", "The parts do not begin and end with the boundary that is announced.")
    found = []
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        if not gap:
            raise Problem(400, "multipart_invalid", "A part has no empty line after its head.")
        if BytesHeaderParser().parsebytes(head.lstrip(b"\r\n")).get_filename() is not None:
            found.append(content)
    return found
