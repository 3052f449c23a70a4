"""Finds Chromium for the browser tests, and installs Debian's where that is allowed."""

import os
import shutil
import subprocess
from pathlib import Path

from runner.errors import StopError

PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# With the fonts: without them, Chinese text and emoji on the pages are empty boxes.
PACKAGES = ["chromium", "fonts-noto-cjk", "fonts-noto-color-emoji"]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def find_chromium() -> str | None:
    """Return the program, or None. CHROMIUM in the environment names one."""
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, PROGRAMS)), None)
    return found or (str(MAC) if MAC.exists() else None)


def ensure_chromium() -> str:
    """Return the program; as root on Debian, install it first.

    Raises:
        StopError: it is missing and cannot be installed here; says how to.
    """
    found = find_chromium()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise StopError(
            "the browser tests need Chromium. Install it (Debian or Ubuntu: sudo apt-get install "
            f"{' '.join(PACKAGES)}), or name one: make test CHROMIUM=/path/to/chrome"
        )
    print("assay: installing Chromium for the browser tests", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-yq", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            tail = "\n".join(done.stderr.strip().splitlines()[-5:])
            raise StopError(f"{' '.join(command)} failed:\n{tail}")
    return ensure_chromium() if find_chromium() else "chromium"
