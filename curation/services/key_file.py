"""Secret keys that are made at their first use: files in ``ASSAY_KEYS``, apart from database and objects."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from core import objects


def kept_key(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the content of a key file, made by `make` where there is none; all processes get the same."""
    folder = Path(settings.ASSAY_KEYS)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        fresh = folder / f".{secrets.token_hex(8)}"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as sink:
            sink.write(make())
            sink.flush()
            os.fsync(sink.fileno())
        try:
            # A link is made or refused whole: of two processes the first one's key stands for both.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        objects.sync_folder(folder)
    return path.read_bytes()
