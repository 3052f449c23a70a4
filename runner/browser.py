"""Finds Chromium for the browser tests and the benchmarks, and installs Debian's where that is allowed."""

import os
import shutil
import subprocess
from pathlib import Path

from runner.errors import StopError

PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Debian's build of the same browser without windows: opening a page costs it a quarter of the processor's time.
WITHOUT_WINDOWS = "chromium-headless-shell"
# Without them, Chinese text and emoji on the pages are empty boxes.
FONTS = ["fonts-noto-cjk", "fonts-noto-color-emoji"]
APT_SECONDS = 300
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


def find_for_tests() -> str | None:
    """Return the program that the tests drive, or None: the one without windows where it is, or else any."""
    return os.environ.get("CHROMIUM") or shutil.which(WITHOUT_WINDOWS) or find_chromium()


def ensure_for_tests() -> str:
    """Return the program that the tests drive; as root on Debian, install it first.

    Raises:
        StopError: no Chromium is here and none can be installed; says how to.
    """
    found, may_install = find_for_tests(), os.geteuid() == 0 and shutil.which("apt-get")
    if found and (not may_install or os.environ.get("CHROMIUM") or Path(found).name == WITHOUT_WINDOWS):
        return found
    if not may_install:
        raise StopError(
            "the browser tests need Chromium. Install it (Debian or Ubuntu: sudo apt-get install "
            f"chromium {' '.join(FONTS)}), or name one: make test CHROMIUM=/path/to/chrome"
        )
    print("assay: installing Chromium for the browser tests", flush=True)
    if found:
        # What is here does as well, only slower.
        _install(WITHOUT_WINDOWS)
        return find_for_tests() or found
    _apt("update", "-q")
    trouble = _install(WITHOUT_WINDOWS, *FONTS) and _install("chromium", *FONTS)
    if trouble:
        raise StopError(trouble)
    return find_for_tests() or "chromium"


def _install(*packages: str) -> str:
    """Return what went wrong, or nothing."""
    return _apt("install", "-yq", "--no-install-recommends", *packages)


def _apt(*words: str) -> str:
    """Run apt-get; return the end of what it said when it failed, or nothing."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            ["apt-get", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=APT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"apt-get {words[0]} took more than {APT_SECONDS} seconds."
    tail = "\n".join(done.stderr.strip().splitlines()[-5:])
    return f"apt-get {' '.join(words)} failed:\n{tail}" if done.returncode else ""
