"""The command serve: bundles behind HTTP, without the service."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modeling.engine.commands.talk import say

if TYPE_CHECKING:
    import argparse

TOKEN_VARIABLE = "ASSAY_SERVE_TOKEN"  # noqa: S105  (the name of a variable)
NEAR = ("127.0.0.1", "::1", "localhost")


def run_serve(options: argparse.Namespace) -> None:
    """Serve bundles over HTTP; needs no database and nothing but the bundles."""
    import asyncio

    from modeling.engine.bundle.signature import read_key_file
    from modeling.engine.server.run import serve
    from modeling.engine.server.settings import ServerSettings, named_bundles, read_tokens

    chosen = {field.name for field in fields(ServerSettings)} & set(vars(options)) - {"bundles", "key"}
    settings = ServerSettings(
        bundles=named_bundles(options.bundles),
        tokens=read_tokens(options.tokens_file, os.environ.get(TOKEN_VARIABLE)),
        key=read_key_file(options.key) if options.key else None,
        **{name: getattr(options, name) for name in chosen},
    )
    if settings.host not in NEAR and not settings.tokens:
        say(f"Anyone who reaches {settings.host} can ask: no token is set ({TOKEN_VARIABLE} or --tokens-file).")
    asyncio.run(serve(settings, say))


def add_commands(commands: Any) -> None:
    """Add serve to a parser's commands."""
    import argparse

    serve = commands.add_parser("serve", help=run_serve.__doc__, argument_default=argparse.SUPPRESS)
    serve.add_argument("bundles", nargs="+", metavar="BUNDLE", help="a file, or NAME=FILE")
    serve.add_argument("--host", help="address to listen at (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port (8100); 0 takes a free one")
    serve.add_argument("--tokens-file", type=Path, default=None, help="bearer tokens, TOKEN or NAME TOKEN a line")
    serve.add_argument("--per-minute", type=_count, help="inputs a minute for each token (without limit)")
    serve.add_argument("--at-once", type=_positive, help="predictions computed side by side (one a core)")
    serve.add_argument("--waiting", type=_count, help="requests that may wait beside them (64)")
    serve.add_argument("--threads", type=_positive, help="threads in one prediction (1)")
    serve.add_argument("--seconds", type=_seconds, help="to an answer at most (30)")
    serve.add_argument("--client-seconds", dest="body_seconds", type=_seconds, help="for a client to send a body (30)")
    serve.add_argument("--drain-seconds", type=_seconds, help="for requests under way at a stop (30)")
    serve.add_argument("--largest-body", type=_positive, help="bytes of one request (16 MiB)")
    serve.add_argument("--connections", type=_positive, help="open at one time (512)")
    serve.add_argument("--memory", type=_positive, help="bytes of address space a bundle may take when tried (6 GiB)")
    serve.add_argument("--trial-seconds", type=_seconds, help="in which a bundle must load and answer (60)")
    serve.add_argument("--key", type=Path, default=None, help="public key by which every bundle must be signed")
    serve.set_defaults(run=run_serve)


def _count(word: str) -> int:
    value = int(word)
    if value < 0:
        raise ValueError(word)
    return value


def _positive(word: str) -> int:
    value = int(word)
    if value < 1:
        raise ValueError(word)
    return value


def _seconds(word: str) -> float:
    value = float(word)
    if not 0 < value < 86_400:
        raise ValueError(word)
    return value
