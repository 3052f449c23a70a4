"""Where the command keeps the address and the token."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from assay_client._command.exits import UsageProblem


@dataclass(frozen=True)
class Settings:
    """An address and a token for it."""

    url: str
    token: str


def path() -> Path:
    """Return the file that `assay login` writes, below the XDG configuration folder."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "assay" / "config.json"


def save(settings: Settings) -> Path:
    """Write the file so that only its owner may read it, whole or not at all."""
    target = path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A temporary file of this kind has mode 0600 from its first byte on.
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=".config-")
    with os.fdopen(handle, "w") as file:
        json.dump({"url": settings.url, "token": settings.token}, file)
        file.write("\n")
    Path(draft).replace(target)
    return target


def forget() -> bool:
    """Remove the file; return whether there was one."""
    try:
        path().unlink()
    except FileNotFoundError:
        return False
    return True


def load(url: str | None, token: str | None) -> Settings:
    """Return what the options say, else the environment (ASSAY_URL, ASSAY_TOKEN), else the file.

    A stored token is only used with its own address.

    Raises:
        UsageProblem: there is no address or no token, or the file cannot be read.
    """
    url = url or os.environ.get("ASSAY_URL")
    token = token or os.environ.get("ASSAY_TOKEN")
    stored = _stored()
    if not url and stored:
        url = stored.url
    if not token and stored and url and url.rstrip("/") == stored.url:
        token = stored.token
    if not url:
        raise UsageProblem("No service is named. Sign in once with: assay login https://your-service")
    if not token:
        raise UsageProblem(f"There is no token for {url}. Make one in your profile page, then: assay login {url}")
    return Settings(url.rstrip("/"), token)


def _stored() -> Settings | None:
    file = path()
    try:
        body = json.loads(file.read_text())
        return Settings(str(body["url"]).rstrip("/"), str(body["token"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageProblem(f"{file} cannot be read. Remove it and sign in again with: assay login URL") from None
