"""What is put into another tool, so that what comes out of it can be compared object by object."""

import hashlib
import io
import json
import math
import os
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

PASSWORD = "bench-pass-1"
Answer = dict[str, Any]


@dataclass
class Thing:
    """One item as it was put in.

    Attributes:
        answers: What each person answered, in Assay's form without ids; None for a skip.
        times: When each person answered, as the tool says it, and in how many seconds; 0 where it does not say.
        predictions: What each model said, with its score.
        final: What counts, where that was said.
        columns: Further values that must come along.
        number: Of the tool.
    """

    answers: dict[str, Answer | None] = field(default_factory=dict)
    times: dict[str, tuple[str, float]] = field(default_factory=dict)
    predictions: dict[str, tuple[Answer, float]] = field(default_factory=dict)
    final: Answer | None = None
    columns: dict[str, Any] = field(default_factory=dict)
    number: int = 0


@dataclass
class Filled:
    """One project as it was put in: its things by their text, or by the SHA-256 of their picture."""

    tool: str
    number: int
    title: str
    things: dict[str, Thing] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    guidelines: str = ""


class Api:
    """JSON over HTTP for one person."""

    def __init__(self, root: str, authorization: str = "") -> None:
        self.root = root
        self.authorization = authorization

    def call(self, method: str, path: str, body: Any = None, *, kind: str = "application/json") -> Any:
        """Send a request and return what came, read as JSON where it is."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind, **({"Authorization": self.authorization} if self.authorization else {})}
        request = urllib.request.Request(self.root + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                got = answer.read()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {self.root}{path}: {error.code} {error.read()[:400]!r}") from None
        try:
            return json.loads(got) if got else None
        except ValueError:
            return got.decode(errors="replace")

    def send_file(self, path: str, name: str, data: bytes, part: str = "file") -> Any:
        """Send a file as a form does."""
        line = f"----{uuid.uuid4().hex}"
        head = f'--{line}\r\nContent-Disposition: form-data; name="{part}"; filename="{name}"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        body = head.encode() + data + f"\r\n--{line}--\r\n".encode()
        return self.call("POST", path, body, kind=f"multipart/form-data; boundary={line}")


@contextmanager
def running(
    command: list[str], environment: dict[str, str], log: Path, folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program in a group of its own, and end that group."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 300) -> None:
    """Return when an address answers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.3)
    raise SystemExit(f"Nothing answers at {address}:\n{log.read_text(errors='replace')[-3000:]}")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment with nothing of ours in it."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **more}


def picture(number: int, kind: str = "PNG", orientation: int = 1) -> bytes:
    """Draw a picture of 200 by 100 pixels that is like no other; one that EXIF turns is stored on its side."""
    drawn = Image.new("RGB", (200, 100), (40 * number % 256, 90, 160))
    ImageDraw.Draw(drawn).rectangle((10 + number, 10, 60 + number, 50), fill=(250, 220, 30 * number % 256))
    exif = Image.Exif()
    if orientation == 6:
        drawn, exif[0x0112] = drawn.rotate(90, expand=True), 6
    sink = io.BytesIO()
    drawn.save(sink, kind, exif=exif) if kind == "JPEG" else drawn.save(sink, kind)
    return sink.getvalue()


def digest(data: bytes) -> str:
    """Return the SHA-256 of a picture's file, by which things are known."""
    return hashlib.sha256(data).hexdigest()


def turned_box(x: float, y: float, width: float, height: float, degrees: float) -> tuple[float, float]:
    """Return the middle of a box that is turned around its top left corner, all in pixels."""
    angle = math.radians(degrees)
    across, down = width / 2, height / 2
    return (
        x + across * math.cos(angle) - down * math.sin(angle),
        y + across * math.sin(angle) + down * math.cos(angle),
    )


def plain(answer: Any) -> Any:
    """Return an answer of Assay without the ids of its parts, in one order, shapes to a hundredth of a pixel."""
    if answer is None:
        return None
    found: dict[str, Any] = {}
    for name, value in answer.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            ids = {
                row["id"]: _part(row) for rows in answer.values() if isinstance(rows, list) for row in _with_ids(rows)
            }
            found[name] = sorted((_part(row, ids) for row in value), key=repr)
        elif isinstance(value, list):
            found[name] = sorted(value)
        else:
            found[name] = value
    return {name: value for name, value in sorted(found.items()) if value not in ([], "", None)}


def _with_ids(rows: list[Any]) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict) and "id" in row]


def _part(row: dict[str, Any], ids: dict[str, Any] | None = None) -> tuple[Any, ...]:
    if "from" in row:
        return (row["label"], (ids or {}).get(row["from"], row["from"]), (ids or {}).get(row["to"], row["to"]))
    if "start" in row:
        return (row["start"], row["end"], row["label"])
    numbers = [round(float(row[name]), 2) for name in ("x", "y", "width", "height", "angle") if name in row]
    points = [[round(float(x), 2), round(float(y), 2)] for x, y in row.get("points", [])]
    return (row["type"], row["label"], *numbers, *points)
