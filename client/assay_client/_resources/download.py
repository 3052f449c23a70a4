"""Files on their way out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from assay_client._transport import Transport


def save_url(
    transport: Transport, url: str, path: str | Path, on_progress: Callable[[int, int], None] | None = None
) -> int:
    """Stream a signed address into a file and return its bytes; the file appears only when it is whole.

    Args:
        transport: Whose connection to use.
        url: The address, absolute or below the service.
        path: Where to write; an existing file is replaced.
        on_progress: Called with the bytes had and the bytes in all (0 while unknown).
    """
    target = Path(path)
    with transport.download(url) as response:
        total = int(response.headers.get("Content-Length", 0))
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            size = 0
            with os.fdopen(handle, "wb") as sink:
                for chunk in response.iter_bytes(1 << 17):
                    sink.write(chunk)
                    size += len(chunk)
                    if on_progress:
                        on_progress(size, total)
            os.chmod(draft, 0o666 & ~_umask())  # noqa: PTH101  (a temporary file is private; a download is not)
            Path(draft).replace(target)
        finally:
            Path(draft).unlink(missing_ok=True)
    return size


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
