"""One child process: started into a log, ended with its whole group, and never outliving the runner."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 20 * 1024 * 1024
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass
class Child:
    """What to run and how to end it.

    Attributes:
        command: program and arguments.
        environment: the complete environment.
        log: file that takes both outputs.
        stop_signal: asks it to end in order.
        orphan_signal: what the kernel sends it when the runner dies without a word (Linux).
        patience: seconds from the stop signal to the kill of its whole process group.
        user: user id and group id to run as; None keeps ours.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGTERM
    patience: float = 10
    user: tuple[int, int] | None = None
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _asked: bool = field(default=False, repr=False)

    def start(self) -> None:
        """Start the process in its own group, so that a Ctrl-C at the terminal reaches the runner alone."""
        trim_log(self.log)
        self._asked = False
        as_other = {"user": self.user[0], "group": self.user[1], "extra_groups": []} if self.user else {}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/" if self.user else None,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid(), self.orphan_signal),  # noqa: PLW1509  (the runner has one thread)
                **as_other,  # type: ignore[call-overload]
            )

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def alive(self) -> bool:
        """Tell whether the process runs; collects it when it has ended."""
        return self.process is not None and self.process.poll() is None

    def ended(self) -> str:
        """Say how the process ended, in words."""
        code = self.process.returncode if self.process else None
        if code is None:
            return "not started" if self.process is None else "running"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def ask_to_stop(self) -> None:
        """Send the stop signal, once, and return at once."""
        if self.process is not None and self.alive() and not self._asked:
            self._asked = True
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """End the process in order, and its whole group by force when it takes too long or left somebody behind."""
        if self.process is None:
            return
        if self.alive():
            self.ask_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.patience)
        self.kill_group()
        self.process.wait()

    def kill_group(self) -> None:
        """Kill what is left of the process group at once."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def last_lines(self, count: int = 5) -> str:
        """Return the end of the log, indented, for a message."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return "\n".join("         " + line for line in lines[-count:])


def _die_with(parent: int, orphan_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what a fresh child does so that the kernel ends it together with the runner; None where that cannot be."""
    if _libc is None:
        return None
    libc = _libc

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, orphan_signal.value)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def trim_log(path: Path) -> None:
    """Move a grown log aside, keeping one older one; the writer goes on in the same, now empty, file."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.truncate(path, 0)


def wait_for_previous(pid_file: Path, program: str, seconds: float = 15) -> None:
    """Wait until the process that an earlier run left behind on the same data is gone; ask it to end if it stays.

    A number in a pid file means nothing after a restart of the machine, so the process must also be this program.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    until = time.monotonic() + seconds
    asked = False
    while is_program(pid, program) and time.monotonic() < until:
        if not asked and time.monotonic() > until - seconds + 3:
            asked = True
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGINT)
        time.sleep(0.05)


def is_program(pid: int, program: str) -> bool:
    """Tell whether a live process with this id runs this program."""
    try:
        if sys.platform == "linux":
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        else:
            words = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout.split()
    except OSError:
        return False
    # A process that has ended but was not collected yet has no arguments.
    return bool(words) and Path(words[0].rstrip(":")).name.startswith(program)
