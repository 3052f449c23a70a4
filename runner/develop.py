"""The developer's commands: test, check, bench, lock."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from runner.browser import ensure_for_tests
from runner.errors import StopError
from runner.home import ROOT

OPENAPI_FILE = ROOT / "docs" / "reference" / "openapi.yaml"
WEB = ROOT / "web"


def test(arguments: list[str]) -> int:
    """Run every test: Python with database, worker and browser, then the page's own when Node is here."""
    os.environ["CHROMIUM"] = ensure_for_tests()
    options = arguments or ["-n", "2", "--dist=loadscope", "--no-loadscope-reorder", "--durations=15"]
    results = {"pytest": run([sys.executable, "-m", "pytest", *options])}
    if not arguments and has_node():
        install_web()
        results["page tests"] = run(["npm", "test", "--silent"], folder=WEB)
    elif not arguments:
        print("assay: Node is not here, so the page's unit tests were not run", flush=True)
    return summary(results)


def check(arguments: list[str]) -> int:
    """Run everything that reads the code without running the product."""
    python = sys.executable
    results = {
        "ruff": run([python, "-m", "ruff", "check", "."]),
        "format": run([python, "-m", "ruff", "format", "--check", "."]),
        "types": run([python, "-m", "mypy"]),
        "imports": run([str(Path(python).parent / "lint-imports")]),
        "migrations": run([python, "manage.py", "makemigrations", "--check", "--dry-run"]),
        "openapi": openapi_is_current(),
        "translations": run([python, "-m", "runner.translations"]),
    }
    if has_node():
        install_web()
        results["page"] = run(["npm", "run", "--silent", "check"], folder=WEB)
    return summary(results)


def bench(arguments: list[str]) -> int:
    """Run the named benchmark of bench/, or list them."""
    scripts = {path.stem: path for path in sorted((ROOT / "bench").glob("*.py")) if not path.stem.startswith("_")}
    if not arguments:
        print("assay: name a benchmark, for example: make bench ARGS=" + next(iter(scripts), "none-yet"))
        print("".join(f"  {name}\n" for name in scripts), end="")
        return 0
    if arguments[0] not in scripts:
        raise StopError(f"there is no benchmark {arguments[0]!r}; there are {', '.join(scripts)}.")
    return run([sys.executable, str(scripts[arguments[0]]), *arguments[1:]])


def lock(arguments: list[str]) -> int:
    """Compute both locks anew; the developer's agrees with the runtime's wherever both name a package."""
    base = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version=3.11"]
    base += ["--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "--quiet", *arguments]
    code = run([*base, "-o", "requirements.lock"])
    return code or run([*base, "--group=dev", "-c", "requirements.lock", "-o", "requirements-dev.lock"])


def openapi_is_current() -> int:
    """Compare the checked-in description of the API with what the code says now."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "openapi.yaml"
        code = run([sys.executable, "manage.py", "spectacular", "--file", str(fresh), "--fail-on-warn"])
        if code:
            return code
        if OPENAPI_FILE.exists() and OPENAPI_FILE.read_bytes() == fresh.read_bytes():
            return 0
    target = OPENAPI_FILE.relative_to(ROOT)
    print(f"assay: {target} is old; mend it with: python manage.py spectacular --file {target}", flush=True)
    return 1


def run(command: list[str], *, folder: Path = ROOT) -> int:
    """Run one tool on our terminal and return its exit code."""
    print(f"assay: {' '.join(command).replace(str(ROOT) + '/', '')}", flush=True)
    return subprocess.run(command, cwd=folder, env=settings_environment(), stdin=subprocess.DEVNULL).returncode


def settings_environment() -> dict[str, str]:
    """Return an environment in which the settings load although no service runs."""
    bare = {"DATABASE_URL": "postgresql://none@/none?host=/nonexistent", "BROKER_URL": "redis+socket:///nonexistent"}
    # The check for missing migrations would wait for that database, and then goes on without it.
    bare["ASSAY_DATABASE_WAIT"] = "1"
    return {**bare, "ASSAY_SECRET_KEY": secrets.token_urlsafe(48), "PYTHONPATH": str(ROOT), **os.environ}


def has_node() -> bool:
    return bool(shutil.which("npm")) and (WEB / "package.json").exists()


def install_web() -> None:
    """Install the page's packages when its lock has changed since the last time."""
    done, wanted = WEB / "node_modules" / ".package-lock.json", WEB / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
        return
    if run(["npm", "ci", "--no-audit", "--no-fund"], folder=WEB):
        raise StopError("npm ci failed in web/; see above.")


def summary(results: dict[str, int]) -> int:
    """Print one line for each part and return 0 when all passed."""
    for name, code in results.items():
        print(f"assay: {'ok    ' if code == 0 else 'FAILED'} {name}", flush=True)
    return 0 if not any(results.values()) else 1


COMMANDS: dict[str, Callable[[list[str]], int]] = {"test": test, "check": check, "bench": bench, "lock": lock}
