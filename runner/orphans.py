"""What a runner that was killed left running: asked to end by the kernel, and ended for good by the next start."""

import contextlib
import os
import signal
import time
from pathlib import Path

# What is asked to end has so long; a worker that cannot reach its queue any more may wait for it for ever.
PATIENCE = 10.0


class Started:
    """A file with the children of a runner, by process id and the moment they were started.

    Args:
        file: Where it lies; one line a child.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, pid: int) -> None:
        """Add a child that has just been started."""
        with self._file.open("a") as lines:
            lines.write(f"{pid} {_moment(pid)}\n")

    def end_all(self, patience: float = PATIENCE) -> list[int]:
        """Wait until the noted children have ended, kill the groups of those that do not, and forget all.

        A process id that belongs to something else by now is left alone.

        Args:
            patience: Seconds in all.

        Returns:
            The ids of those that were killed.
        """
        until = time.monotonic() + patience
        left = self._living()
        while left and time.monotonic() < until:
            time.sleep(0.05)
            left = self._living()
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self._file.unlink(missing_ok=True)
        return left

    def _living(self) -> list[int]:
        try:
            rows = [line.split() for line in self._file.read_text().splitlines()]
        except OSError:
            return []
        return [int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit() and _moment(int(row[0])) == row[1]]


def _moment(pid: int) -> str:
    """Return when a process was started, in ticks since the machine was; empty where the system does not tell (Linux
    does), or when it has ended."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    # The third field of the line, the state, is the first here; the twenty-second is the start. Source: proc(5).
    return "" if facts[0] in {"Z", "X"} else facts[19]
