"""Finds a Python that can carry Assay and hands over to runner.install.

Written for any Python 3, so that an old one can say what is missing instead of failing on syntax.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  (pathlib is fine, but slower)
MINIMUM = (3, 11)
NAMES = ["python3.11", "python3.12", "python3.13", "python3.14", "python3", "python"]
PROBE = "import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= {!r} else 3)".format(MINIMUM)  # noqa: UP032


def works(python: str) -> bool:
    """Tell whether this program starts, is new enough, and can make a virtual environment."""
    try:
        done = subprocess.call([python, "-I", "-c", PROBE], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done == 0


def find_python() -> "str | None":
    """Return the first usable Python: the one of the environment here, the running one, then those on PATH."""
    candidates = [os.path.join(ROOT, ".venv", "bin", "python"), sys.executable]  # noqa: PTH118
    return next((python for python in candidates + NAMES if python and works(python)), None)


def main() -> None:
    python = find_python()
    if python is None:
        sys.exit(
            "assay: Python {0}.{1} or newer with the modules venv and ensurepip is needed; here is Python {2}.\n"
            "       On Debian or Ubuntu: apt install python3 python3-venv.\n"
            "       Or name one: make run PYTHON=/path/to/python{0}.{1}".format(*MINIMUM, sys.version.split()[0])
        )
    os.chdir(ROOT)
    os.execvp(python, [python, "-B", "-m", "runner.install"] + sys.argv[1:])  # noqa: RUF005, S606


main()
