"""Bundles asked in ways that tests share: by the standalone script, apart from this program's packages."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any


def told_by_script(bundle: Path, folder: Path, *words: str) -> list[dict[str, Any]]:
    """Return what predict.py of a bundle answers, in a process that sees only its own folder and installed packages."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    command = [sys.executable, "-I", str(folder / "predict.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
