"""What must not stand in a committed file."""

import re
from pathlib import Path

import pytest

from tests.architecture.test_sizes import ROOT, files

# Written in two halves, so that this file does not match itself.
REFUSED = {
    "a registry's host": "pypi" r"\.org|pythonhosted" r"\.org|registry\.npmjs" r"\.org|download\.pytorch" r"\.org",
    "a home folder": r"/(?:home|Users)" r"/[a-z]+/|/root" r"/",
    "a machine's folder": r"/work" r"/(?:main|shared)",
    "a key": r"-----BEGIN [A-Z ]*PRIVATE" r" KEY-----",
}
# npm writes the address of each package into its lock; the lock is useless without.
ALLOWED = {("a registry's host", "web/package-lock.json")}
BINARY = {".png", ".gz", ".zip", ".npz", ".mo", ".parquet", ".onnx", ".woff2", ".jpg", ".ico", ".webp"}


@pytest.mark.parametrize("what", REFUSED)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(REFUSED[what])
    found = []
    for path in files():
        name = str(path.relative_to(ROOT))
        if path.suffix in BINARY or (what, name) in ALLOWED or path == Path(__file__).resolve():
            continue
        match = pattern.search(path.read_bytes().decode("utf-8", errors="replace"))
        if match:
            found.append(f"{name}: {match[0]}")
    assert found == []


def test_locks_are_hashed_and_agree() -> None:
    runtime, developer = (pins(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))
    assert runtime.items() <= developer.items()
    assert "torch" not in {name.split("==")[0] for name in developer}
    assert not [name for name in developer if name.startswith("nvidia")]


def pins(lock: Path) -> dict[str, int]:
    """Return each pinned entry with the number of its hashes; an entry without one fails here."""
    entries = re.split(r"\n(?=[a-z0-9])", lock.read_text().strip())
    counted = {entry.split(" \\")[0].split(" ;")[0]: entry.count("--hash=sha256:") for entry in entries}
    assert [name for name, hashes in counted.items() if hashes == 0] == []
    return counted
