"""What a server is told when it starts."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from modeling.engine.errors import EngineError

SHORTEST_TOKEN = 16
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


@dataclass(frozen=True)
class ServerSettings:
    """Limits and places of one server.

    Attributes:
        bundles: Files by the name each is asked for under.
        host: Address to listen at.
        port: 0 takes a free one.
        tokens: Names by the SHA-256 of their bearer tokens; empty asks for none.
        per_minute: Inputs a minute that one token, or without tokens one address, may send; 0 is without limit.
        at_once: Predictions computed side by side.
        waiting: Requests that may wait beside those; one more is told to come again.
        threads: Of ONNX Runtime in one prediction.
        seconds: From a whole request to its answer, at most.
        head_seconds: In which the head of a request must be there.
        body_seconds: In which its body must be there.
        idle_seconds: That a connection is kept without a request.
        drain_seconds: That requests under way have at a stop.
        largest_body: Bytes of one request.
        held_bodies: Bytes of all requests that are held at one time.
        connections: Open at one time.
        key: Raw public key (32 bytes) by which every bundle must be signed; None takes unsigned ones too.
        memory: Bytes of address space in which a bundle must load and answer when it is tried.
        trial_seconds: In which it must.
    """

    bundles: dict[str, Path]
    host: str = "127.0.0.1"
    port: int = 8100
    tokens: dict[str, str] = field(default_factory=dict)
    per_minute: int = 0
    at_once: int = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    waiting: int = 64
    threads: int = 1
    seconds: float = 30
    head_seconds: float = 10
    body_seconds: float = 30
    idle_seconds: float = 60
    drain_seconds: float = 30
    largest_body: int = 16 * 2**20
    held_bodies: int = 256 * 2**20
    connections: int = 512
    key: bytes | None = None
    memory: int = 6 * 2**30
    trial_seconds: float = 60


def named_bundles(words: list[str]) -> dict[str, Path]:
    """Return files by name from words such as `spam.zip` (called spam) or `news=/models/a.zip`.

    Raises:
        EngineError: code `bundle_name`: a name twice, or one that no address can hold.
    """
    found: dict[str, Path] = {}
    for word in words:
        name, equals, place = word.partition("=")
        path = Path(place if equals else word)
        name = name if equals else re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-._")
        if not NAME.fullmatch(name):
            raise EngineError(
                f"{name!r} cannot name a bundle: letters, digits, dots and dashes can. Write NAME={path}.",
                code="bundle_name",
            )
        if name in found:
            raise EngineError(f"Two bundles are called {name}. Write NAME={path} for one of them.", code="bundle_name")
        found[name] = path
    return found


def read_tokens(path: Path | None, environment: str | None) -> dict[str, str]:
    """Return names by the SHA-256 of tokens, from a file (`TOKEN` or `NAME TOKEN` a line) and from the environment.

    Raises:
        EngineError: code `bad_token`: a token is shorter than 16 characters, or the file has none.
    """
    lines = path.read_text("utf-8").splitlines() if path else []
    rows = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if path and not rows:
        raise EngineError(f"{path} holds no token. Write one a line.", code="bad_token")
    rows += [["environment", environment]] if environment else []
    found = {}
    for number, words in enumerate(rows, 1):
        name, token = (words[0], words[1]) if len(words) == 2 else (f"token-{number}", words[0])
        if len(words) > 2 or len(token) < SHORTEST_TOKEN:
            raise EngineError(
                f"Token {number} must be one word of at least {SHORTEST_TOKEN} characters, after its name or alone.",
                code="bad_token",
            )
        found[hashlib.sha256(token.encode("utf-8")).hexdigest()] = name
    return found
