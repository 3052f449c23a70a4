"""A module of the engine as a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def start_module(
    name: str, *arguments: str, stdout: int = subprocess.DEVNULL, apart: bool = False
) -> subprocess.Popen[bytes]:
    """Start ``python -m name`` that finds this engine wherever it was started; its input is a pipe.

    Args:
        name: The module.
        arguments: What stands behind it.
        stdout: Where its output goes, as `subprocess.Popen` takes it. Its errors go nowhere.
        apart: Whether it gets a session of its own, so that signals to this process's group do not reach it.
    """
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=apart,
    )
