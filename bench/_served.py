"""For benchmarks that measure the service as the tests start it: run them through pytest, and time addresses."""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULT = "ASSAY_BENCH_RESULT"


def measure_in_service(script: str, result: Path, settings: dict[str, str]) -> Any:
    """Run the tests of a script with the fixtures that start the service, and return what they gave to `tell`."""
    plugins = ["-p", "no:randomly", "-p", "tests.conftest", "-p", "tests.live"]
    command = [sys.executable, "-m", "pytest", "-q", "-n0", *plugins, script]
    code = subprocess.run(
        command, env={**os.environ, **settings, RESULT: str(result)}, cwd=ROOT, check=False
    ).returncode
    if code:
        sys.exit(code)
    return json.loads(result.read_text())


def tell(result: Any) -> None:
    """Give what was measured to `measure_in_service`."""
    Path(os.environ[RESULT]).write_text(json.dumps(result))


def milliseconds(address: str, cookie: str, tries: int) -> list[float]:
    """Return how long each request took, as a person who is signed in."""
    times = []
    for _each in range(tries):
        request = urllib.request.Request(address, headers={"Cookie": cookie})
        began = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            answer.read()
        times.append(1000 * (time.perf_counter() - began))
    return times


def spread(times: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    return {"p50": statistics.median(times), "p95": sorted(times)[int(len(times) * 0.95)]}
