"""What commands say: progress on standard error, results as JSON on standard output."""

from __future__ import annotations

import json
import sys
from typing import Any


def say(line: str) -> None:
    """Write a line to standard error, where progress belongs."""
    sys.stderr.write(line + "\n")


def answer(value: Any) -> None:
    """Write a value as one JSON line to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
