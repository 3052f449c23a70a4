"""Chooses and installs the build of torch. Standard library only.

Torch is not in the lock: the registry's Linux wheel drags several gigabytes of CUDA packages along, and which build is
right depends on the machine. Its own pure Python requirements are in the lock.
"""

import json
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from runner.errors import StopError

VERSION = "2.13.0"
Step = Callable[[str, list[str], Path], None]


def install(choice: str, *, python: Path, log: Path, step: Step) -> None:
    """Install the wanted build (cpu or cuda) unless it is there already.

    Raises:
        StopError: a CUDA build was asked for and a CPU build came, or no torch of this version is there afterwards.
    """
    found, has_cuda = installed(python)
    if found == VERSION and has_cuda == (choice == "cuda"):
        return
    use_settings_of_account()
    requirement = f"torch=={VERSION}"
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    # Away from the repository, whose pyproject.toml keeps torch out of what uv resolves.
    uv = [str(python), "-m", "uv", "--directory", tempfile.gettempdir(), "pip", "install"]
    uv += ["--python", str(python), "--no-progress"]
    if choice == "cuda":
        step("installing torch with CUDA", [*uv, "--reinstall-package=torch", "--torch-backend=auto", requirement], log)
        if not installed(python)[1]:
            raise StopError(
                "no GPU driver was found, so torch came without CUDA. Start with ASSAY_TORCH=cpu, or install it."
            )
    elif wants_cuda_packages(python):
        command = [*uv, "--no-deps", "--reinstall-package=torch", "--torch-backend=cpu", requirement]
        try:
            step("installing torch for CPU", command, log)
        except StopError as error:
            raise StopError(
                f"{error}\n       Only a CUDA build of torch was found, which needs several GB. Where the index of "
                f"CPU builds cannot be reached, put the CPU wheel of torch {VERSION} into a folder and name it: "
                "PIP_FIND_LINKS=FOLDER make run. On a machine with a GPU: ASSAY_TORCH=cuda make run."
            ) from None
    else:
        step("installing torch for CPU", [*pip, "--no-deps", "--force-reinstall", requirement], log)
    if installed(python)[0] != VERSION:
        raise StopError(f"torch {VERSION} was not installed, though nothing failed. What was said is in {log}.")


def use_settings_of_account() -> None:
    """Let pip read the account's own settings where HOME points elsewhere: they may name a place of CPU builds."""
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    if "PIP_CONFIG_FILE" in os.environ or os.environ.get("HOME") == str(home):
        return
    for path in (home / ".config" / "pip" / "pip.conf", home / ".pip" / "pip.conf"):
        if path.is_file() and os.access(path, os.R_OK):
            os.environ["PIP_CONFIG_FILE"] = str(path)
            return


def wants_cuda_packages(python: Path) -> bool:
    """Ask pip, without installing, whether the wheel it would take requires NVIDIA's packages."""
    command = [str(python), "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"]
    command += ["--disable-pip-version-check", "--retries", "1", "--report", "-", f"torch=={VERSION}"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode != 0:
        return sys.platform == "linux"
    wheels = json.loads(answer.stdout)["install"]
    needs = [need for wheel in wheels for need in wheel["metadata"].get("requires_dist") or []]
    return sys.platform == "linux" and any(need.startswith(("nvidia-", "cuda-")) for need in needs)


def installed(python: Path) -> tuple[str, bool]:
    """Return the version in this environment ("" when none) and whether it has CUDA, without importing it."""
    for path in python.parent.parent.glob("lib/python3.*/site-packages/torch/version.py"):
        names: dict[str, object] = {}
        for line in path.read_text().splitlines():
            name, equals, value = line.partition("=")
            if equals:
                names[name.split(":")[0].strip()] = value.strip().strip("'\"")
        return str(names.get("__version__", "")).split("+")[0], names.get("cuda", "None") != "None"
    return "", False
