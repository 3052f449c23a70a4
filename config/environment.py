"""Reads settings from the environment and refuses wrong values with a sentence."""

import json
import os
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

REPOSITORY = Path(__file__).resolve().parent.parent


def home() -> Path:
    """Return the folder that holds everything one installation owns."""
    return Path(os.environ.get("ASSAY_HOME") or REPOSITORY / ".assay").resolve()


def _runtime() -> dict[str, str]:
    """Return what the runner wrote about the services it started; empty when it runs none."""
    path = home() / "runtime.json"
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ImproperlyConfigured(f"{path} is not JSON ({error}). Delete it and start again.") from None
    return {name: str(value) for name, value in values.items()}


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name) or _runtime().get(name) or default
    if value is None:
        raise ImproperlyConfigured(
            f"{name} is not set. Start Assay with `make run`, which starts its own services, or set {name} yourself."
        )
    return value


def flag(name: str, default: bool) -> bool:
    value = text(name, "yes" if default else "no").lower()
    if value in {"1", "yes", "true", "on"}:
        return True
    if value in {"0", "no", "false", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write yes or no.")


def number(name: str, default: int, *, low: int, high: int) -> int:
    value = text(name, str(default))
    if not re.fullmatch(r"-?\d+", value) or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number from {low} to {high}.")
    return int(value)


def words(name: str, default: str) -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def places(name: str) -> dict[str, str]:
    """Return folders, or models of the hub, by their names: ``name=/folder`` or ``name=hf:OWNER/NAME``, with commas."""
    found = {}
    for entry in words(name, ""):
        if not re.fullmatch(r"[\w.-]{1,60}=(/.+|hf:[\w.-]+/[\w.-]+)", entry):
            raise ImproperlyConfigured(f"{name} has the entry {entry!r}; write name=/folder or name=hf:OWNER/NAME.")
        called, _equals, place = entry.partition("=")
        found[called] = place
    return found


def secret(name: str, file_name: str) -> str:
    """Return a secret from the environment, from the file that NAME_FILE names, or from the home folder."""
    if os.environ.get(name):
        return os.environ[name]
    path = Path(os.environ.get(f"{name}_FILE") or home() / file_name)
    try:
        value = path.read_text().strip()
    except OSError:
        raise ImproperlyConfigured(
            f"There is no secret: neither {name} is set nor can {path} be read. `make run` makes one at first start."
        ) from None
    if len(value) < 32:
        raise ImproperlyConfigured(f"{path} holds a secret shorter than 32 characters. Delete it and start again.")
    return value


def database(name: str) -> dict[str, object]:
    """Turn a postgresql:// address into Django's form; a socket folder is given as ?host=/folder."""
    url = urlsplit(text(name))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must read postgresql://USER:PASSWORD@HOST:PORT/DATABASE.")
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or query.pop("user", "")),
        "PASSWORD": unquote(url.password or query.pop("password", "")),
        "HOST": query.pop("host", "") or url.hostname or "",
        "PORT": query.pop("port", "") or (str(url.port) if url.port else ""),
        # A pooled connection is tried before it is used: after a restart of the database every one of them is dead.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }
