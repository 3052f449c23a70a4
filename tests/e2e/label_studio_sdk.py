"""Runs a script with Label Studio's own SDK, in an environment of its own: `make label-studio-sdk` makes it."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT

PYTHON = Path(os.environ.get("ASSAY_LABEL_STUDIO_SDK", ROOT / "build" / "label-studio-sdk" / "bin" / "python"))
# An environment whose install broke off has a Python and no SDK.
THERE = any(PYTHON.parents[1].glob("lib/python*/site-packages/label_studio_sdk"))
NEEDED = pytest.mark.skipif(not THERE, reason="`make label-studio-sdk` installs Label Studio's SDK apart")
_BEGIN = """
import json, sys
URL, KEY = sys.argv[1:3]
def tell(**said):
    print(json.dumps(said, default=str))
"""
NEW = """
from label_studio_sdk.client import LabelStudio
from label_studio_sdk.core.api_error import ApiError
ls = LabelStudio(base_url=URL, api_key=KEY)
"""
OLD = """
from label_studio_sdk._legacy import Client
ls = Client(url=URL, api_key=KEY)
"""


def run_sdk(url: str, key: str, script: str, *, head: str = NEW, folder: Path | None = None) -> dict[str, Any]:
    """Run a script against the service and return what it told last.

    Args:
        url: Of the service.
        key: A token.
        script: Uses ``ls``, and ends with ``tell(…)``.
        head: Which of the SDK's clients ``ls`` is.
        folder: Where it runs.
    """
    command = [str(PYTHON), "-c", _BEGIN + head + textwrap.dedent(script), f"{url}/label-studio", key]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=folder, env={"PATH": os.environ["PATH"]}
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    sys.stderr.write(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
