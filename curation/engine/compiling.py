"""The compiler's decorator, with its cache where it can be written."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile a kernel that runs without the interpreter's lock.

    The machine code is kept beside the source (``__pycache__``); where that folder cannot be written, in numba's folder
    of the user (``~/.cache/numba`` on Linux), or where ``NUMBA_CACHE_DIR`` says. Without any such place it is compiled
    anew in each process, which costs about half a minute.
    """
    try:
        return cast("Function", njit(nogil=True, cache=True)(function))
    except RuntimeError:  # numba: "no locator available", every place is read-only
        return cast("Function", njit(nogil=True)(function))
