"""login, logout, whoami."""

from __future__ import annotations

import sys
from typing import Annotated
from urllib.parse import urlsplit

import typer

from assay_client._client import Client
from assay_client._command import settings
from assay_client._command.exits import UsageProblem
from assay_client._command.session import session_of

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def login(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Address of the service, such as https://assay.example.com.")],
    insecure: Annotated[bool, typer.Option(help="Send the token unencrypted to another machine.")] = False,
) -> None:
    """Store the address and a token in a file that only you can read.

    The token is taken from --token, from standard input, or asked for without showing it.
    """
    session = session_of(context)
    token = session.token or _ask()
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK and not insecure:
        raise UsageProblem("Over http:// the token could be read on the way. Use https://, or say --insecure.")
    try:
        client = Client(url, token)
    except ValueError as error:
        raise UsageProblem(str(error)) from None
    with client:
        me = client.me()
    file = settings.save(settings.Settings(client.base_url, token))
    session.out.result(
        {"url": client.base_url, "email": me.email, "role": me.role, "file": str(file)},
        f"Signed in to {client.base_url} as {me.email} ({me.role}); stored in {file}",
    )


def _ask() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Token", hide_input=True, err=True)).strip()
    token = sys.stdin.readline().strip()
    if not token:
        raise UsageProblem("Give the token with --token or on standard input.")
    return token


def logout(context: typer.Context) -> None:
    """Remove the stored address and token; the token itself stays valid until it is revoked in the profile page."""
    there = settings.forget()
    said = "Removed the stored token." if there else "Nothing was stored."
    session_of(context).out.result({"removed": there}, said)


def whoami(context: typer.Context) -> None:
    """Say who the token acts for and what it may do."""
    session = session_of(context)
    me = session.client.me()
    said = f"{me.email}, {me.role}, at {session.client.base_url}; may: {', '.join(me.scopes)}"
    session.out.result(dict(me.raw), said)
