"""How loops are compiled: once a machine where there is a folder to keep the result, else once a process."""

from collections.abc import Callable
from typing import Any

from numba import njit


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop that needs no interpreter; a kernel of 200 lines takes seconds, so the result is kept on disk."""
    try:
        compiled: Callable[..., Any] = njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # Neither the package's folder nor the user's cache can be written to: read-only containers.
        compiled = njit(nogil=True)(function)
    return compiled
