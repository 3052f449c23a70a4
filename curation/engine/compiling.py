"""The compiler's decorator, with its cache where it can be written."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


def cache_folder() -> Path | None:
    """Return where machine code is kept: ``NUMBA_CACHE_DIR``, else ``cache/numba`` in ``ASSAY_HOME``, else None."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    home = os.environ.get("ASSAY_HOME")
    return Path(home) / "cache" / "numba" if home else None


def compiled(function: Function) -> Function:
    """Compile a kernel that runs without the interpreter's lock.

    The machine code is kept in `cache_folder`, which all processes of an installation share; several may compile the
    same kernel at once, since numba replaces its files whole. Without such a folder it is kept beside the source
    (``__pycache__``), and where that cannot be written, in numba's folder of the user (``~/.cache/numba`` on Linux).
    Without any such place it is compiled anew in each process, which costs about half a minute.
    """
    if (folder := cache_folder()) is not None:
        # numba reads this as it is first imported.
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))
    from numba import njit  # slow import

    try:
        return cast("Function", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # numba: "no locator available", every place is read-only
        return cast("Function", njit(nogil=True)(function))
