"""Arrays as members of a bundle."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


def array_bytes(array: np.ndarray[Any, Any]) -> bytes:
    """Return an array as a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
