"""Brings .venv to what the lock files say, then starts the command in it. Standard library only.

Nothing is installed when the stamp of the last install still matches, so a later start needs no network.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from runner import torch_build
from runner.errors import StopError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
DEVELOPER_COMMANDS = {"test", "check", "bench", "lock"}
COMMANDS_OF_A_RUNNING_SERVICE = {"stop", "status", "env", "psql"}
# The environment measures 2.3 GB with the CPU build of torch, and the download cache lies beside it.
DISK_NEEDED_GB = {"cpu": 5, "cuda": 14}
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NETWORK_SIGNS = re.compile(
    r"Failed to establish|NewConnectionError|name resolution|dns error|error sending request|Could not connect"
    r"|No matching distribution|Failed to fetch|timed out|Network is unreachable|Connection refused",
    re.IGNORECASE,
)


def main(arguments: list[str]) -> None:
    """Install what the command needs and become the command."""
    command = arguments[0] if arguments else "run"
    try:
        if command not in COMMANDS_OF_A_RUNNING_SERVICE or not PYTHON.exists():
            ensure("dev" if command in DEVELOPER_COMMANDS else "runtime", torch=torch_choice())
    except StopError as error:
        sys.exit(f"assay: {error}")
    except KeyboardInterrupt:
        sys.exit("assay: stopped; the install goes on where it was with the same command.")
    os.execv(PYTHON, [str(PYTHON), "-m", "runner", *(arguments or ["run"])])  # noqa: S606


def torch_choice() -> str:
    """Return which build of torch was asked for: cpu, or cuda with ASSAY_TORCH=cuda."""
    choice = os.environ.get("ASSAY_TORCH", "").lower() or read_stamp().get("torch", "cpu")
    if choice not in DISK_NEEDED_GB:
        raise StopError(f"ASSAY_TORCH is {choice!r}; write cpu or cuda.")
    return str(choice)


def ensure(kind: str, *, torch: str) -> None:
    """Make the environment match the lock of this kind; at once when it already does."""
    if stamp_matches(kind, torch):
        return
    VENV.mkdir(exist_ok=True)
    with (VENV / ".install-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp_matches(kind, torch):
            install(kind, torch)


def install(kind: str, torch: str) -> None:
    """Create the environment where it is missing and install every locked package."""
    check_disk(torch)
    started = time.monotonic()
    first = "" if read_stamp() else "; about 850 MB to download"
    say(f"installing into .venv (Python {sys.version.split()[0]}{first})")
    log = VENV / "install.log"
    log.write_text("")
    if not works(PYTHON):
        remove_broken()
        step("creating the environment", [sys.executable, "-m", "venv", str(VENV)], log)
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder) / "tools.lock"
        tools.write_text(locked_lines(LOCKS["runtime"].read_text(), {"pip", "uv"}))
        pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
        step("installing the installer", [*pip, "--no-deps", "--require-hashes", "-r", str(tools)], log)
    torch_build.install(torch, python=PYTHON, log=log, step=step)
    uv = [str(PYTHON), "-m", "uv", "pip", "install", "--python", str(PYTHON), "--no-progress"]
    # Compiled now, because the first start would otherwise do it, six times slower.
    step(
        "installing the packages",
        [*uv, "--compile-bytecode", "--no-deps", "--require-hashes", "-r", str(LOCKS[kind])],
        log,
    )
    if (ROOT / "client" / "pyproject.toml").exists():
        # The build back end is in the lock; a build of its own would fetch it once more, and unhashed.
        options = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT / "client")]
        step("installing the client", [*uv, *options], log)
    stamp_path().write_text(json.dumps(wanted(kind, torch)))
    say(f"installed in {time.monotonic() - started:.0f} s")


def step(title: str, command: list[str], log: Path) -> None:
    """Run one command into the log, with a clock on a terminal; a failure becomes a sentence.

    Raises:
        StopError: the command failed; says whether the network is the likely cause.
    """
    before = log.stat().st_size
    with log.open("ab") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=quiet_environment())
        wait_with_clock(process, title, started)
    if process.returncode == 0:
        return
    said = log.read_bytes()[before:].decode(errors="replace").strip()
    if "No space left" in said:
        raise StopError(f"the disk became full while {title}. Free some space and start again.")
    tail = "\n".join("         " + line for line in said.splitlines()[-6:])
    if NETWORK_SIGNS.search(said):
        raise StopError(
            f"{title} failed because packages could not be fetched. The first start, and the first after an update, "
            f"needs the network or a mirror that pip and uv are set up for; others do not. The last lines:\n{tail}"
        )
    raise StopError(f"{title} failed; all it said is in {log.relative_to(ROOT)}. The last lines:\n{tail}")


def wait_with_clock(process: "subprocess.Popen[bytes]", title: str, started: float) -> None:
    """Wait for the process, showing the seconds on a terminal."""
    if not sys.stdout.isatty():
        say(f"  {title}")
        process.wait()
        return
    while process.poll() is None:
        print(f"\rassay:   {title}, {time.monotonic() - started:3.0f} s", end="", flush=True)
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
    print(f"\rassay:   {title}, {time.monotonic() - started:3.0f} s")


def check_disk(torch: str) -> None:
    """Refuse to begin an install that the disk cannot hold."""
    free, needed = shutil.disk_usage(ROOT).free / 1e9, DISK_NEEDED_GB[torch]
    if read_stamp():
        needed = 2
    if free < needed:
        raise StopError(
            f"{free:.1f} GB are free at {ROOT}; the install needs {needed} GB. Free some space and start again."
        )


def remove_broken() -> None:
    """Remove an environment whose Python went away, but not our lock and log beside it."""
    for name in ("bin", "lib", "lib64", "include"):
        path = VENV / name
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path, ignore_errors=True)


def works(python: Path) -> bool:
    """Tell whether the environment's Python starts and has pip."""
    probe = [str(python), "-I", "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    try:
        return subprocess.run(probe, capture_output=True).returncode == 0
    except OSError:
        return False


def locked_lines(lock: str, names: set[str]) -> str:
    """Return the entries of a lock that pin these names, hashes included."""
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    return "\n".join(entry for entry in entries if re.split(r"[=\[ ]", entry)[0] in names) + "\n"


def quiet_environment() -> dict[str, str]:
    """Return the environment of installers: no questions, few retries, the system's certificates as for pip."""
    quiet = {"PIP_NO_INPUT": "1", "PIP_RETRIES": "2", "UV_HTTP_RETRIES": "2", "PYTHONWARNINGS": "ignore"}
    if SYSTEM_CERTIFICATES.exists() or sys.platform == "darwin":
        quiet["UV_SYSTEM_CERTS"] = "true"
    return {**quiet, **os.environ}


def wanted(kind: str, torch: str) -> dict[str, str]:
    """Describe an environment: its Python, its build of torch, the locks it was made from."""
    client = ROOT / "client" / "pyproject.toml"
    return {
        "python": ".".join(map(str, sys.version_info[:2])),
        "torch": torch,
        "runtime": digest(LOCKS["runtime"]),
        "dev": digest(LOCKS["dev"]) if kind == "dev" else "",
        "client": digest(client) if client.exists() else "",
    }


def stamp_matches(kind: str, torch: str) -> bool:
    """Tell whether the last install already gave what is wanted; a developer's environment can also run."""
    stamp = read_stamp()
    if not stamp or not PYTHON.exists():
        return False
    want = wanted(kind, torch)
    return all(stamp.get(name) == value for name, value in want.items() if value or name != "dev")


def stamp_path() -> Path:
    return VENV / ".assay-installed.json"


def read_stamp() -> dict[str, str]:
    try:
        return dict(json.loads(stamp_path().read_text()))
    except (OSError, ValueError):
        return {}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def say(sentence: str) -> None:
    print(f"assay: {sentence}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
