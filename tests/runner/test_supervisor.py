"""The whole service as `make run` starts it, with its real processes."""

import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from runner.home import Home
from runner.supervisor import is_ready
from tests.live import ROOT, free_port

PARTS = {
    "database": "bin/postgres",
    "queue": "valkey-server",
    "web server": "-m gunicorn",
    "worker": "--hostname=worker@",
    "trainer": "--hostname=trainer@",
}
OURS = ("ASSAY_", "DATABASE_URL", "BROKER_URL", "DJANGO_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")


class Running:
    """`python -m runner COMMAND` with its own home; its lines are read as they come."""

    def __init__(self, home: Path, port: int, command: str = "up", *, settings: dict[str, str] | None = None) -> None:
        self.home, self.port = Home(home), port
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        environment |= {"ASSAY_HOME": str(home), "PORT": str(port), "PYTHONPATH": str(ROOT), "ASSAY_DEMO": "no"}
        environment |= settings or {}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runner", command],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.process.stdout.close()

    def wait_for_line(self, text: str, seconds: float = 240) -> str:
        """Return the first new line with this text."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, until - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no line with {text!r} in {seconds} s; it said: {''.join(self.said)}")
            self.said.append(line)
            if text in line:
                return line

    def wait_until_ready(self) -> None:
        self.wait_for_line("assay: open http://")

    def end(self, number: int = signal.SIGINT) -> str:
        """Send a signal, wait for the end, and return everything that was said."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)
        self.reader.join(10)
        while not self.lines.empty():
            self.said.append(self.lines.get())
        return "".join(self.said)

    def processes(self) -> dict[int, str]:
        """Return id and program of every process that belongs to this home, apart from the runner itself."""
        found = {}
        for process in psutil.process_iter(["cmdline", "environ", "status"]):
            about = process.info
            mine = (about["environ"] or {}).get("ASSAY_HOME") == str(self.home.root)
            named = any(str(self.home.root) in word for word in about["cmdline"] or [])
            if (mine or named) and process.pid != self.process.pid and about["status"] != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join((about["cmdline"] or ["?"])[:9])
        return found

    def database(self) -> psycopg.Connection:
        return psycopg.connect(self.home.read_runtime()["DATABASE_URL"])


def eventually(condition: Callable[[], object], seconds: float = 90) -> bool:
    """Wait until the condition holds, and return whether it does."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The home of this file's tests, as a person has one: only the first start makes the database."""
    folder = Path(tempfile.mkdtemp(prefix="assay-up-")).resolve()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Running]]:
    """Start services on the home; whatever still runs at the end is ended."""
    port, started = free_port(), []

    def begin(command: str = "up", *, port: int = port) -> Running:
        running = Running(home, port, command)
        started.append(running)
        return running

    yield begin
    for running in reversed(started):
        running.end()


def test_ctrl_c_leaves_no_process_and_the_next_start_has_every_row(home: Path, start: Callable[..., Running]) -> None:
    assert list(home.iterdir()) == [], "this is the test of the first start"
    first = start()
    password = first.wait_for_line("password")
    first.wait_until_ready()
    assert re.search(r"Administrator \S+, password \S{12,} \(shown this once\)", password)
    with first.database() as connection:
        connection.execute("CREATE TABLE kept (value int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    running = first.processes().values()
    assert [name for name, sign in PARTS.items() if not any(sign in program for program in running)] == []
    first.end(signal.SIGINT)
    assert first.process.returncode == 0
    assert first.processes() == {}
    assert not first.home.runtime.exists()

    second = start()
    second.wait_until_ready()
    with second.database() as connection:
        assert connection.execute("SELECT value FROM kept").fetchall() == [(7,)]
        assert connection.execute("SELECT count(*) FROM accounts_user").fetchone() == (1,)
    assert "password" not in second.end(signal.SIGTERM)
    assert second.processes() == {}


def test_every_killed_part_comes_back_with_every_row_and_a_second_start_finds_the_first(
    start: Callable[..., Running],
) -> None:
    service = start()
    service.wait_until_ready()
    with service.database() as connection:
        connection.execute("CREATE TABLE killed AS SELECT 7 AS value")
    for name, sign in PARTS.items():
        oldest = min(number for number, program in service.processes().items() if sign in program)
        os.kill(oldest, signal.SIGKILL)
        service.wait_for_line(f"assay: {name} killed by SIGKILL; starting it again")
        service.wait_for_line(f"assay: {name} started again")
        assert eventually(lambda: is_ready(f"http://127.0.0.1:{service.port}/readyz")), name
    with service.database() as connection:
        assert connection.execute("SELECT value FROM killed").fetchall() == [(7,)]
    _found_and_stopped(service, start)


def _found_and_stopped(first: Running, start: Callable[..., Running]) -> None:
    """A second start on the same home is refused, and `status` and `stop` find the first."""
    second = start(port=free_port())
    second.process.wait(90)
    assert second.process.returncode == 1
    expected = f"already runs on {first.home.root} (process {first.process.pid}, http://127.0.0.1:{first.port})"
    assert expected in second.end()
    status = start("status")
    status.wait_for_line(f"process {first.process.pid}, http://127.0.0.1:{first.port}, ready")
    assert status.process.wait(60) == 0
    assert start("stop").process.wait(60) == 0
    assert first.process.wait(10) == 0
    assert start("status").process.wait(60) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels have no signal for the death of a parent")
def test_kill_9_of_the_runner_leaves_no_process_and_no_lock(start: Callable[..., Running]) -> None:
    first = start()
    first.wait_until_ready()
    first.end(signal.SIGKILL)
    second = start()
    second.wait_until_ready()
    own = second.process.pid
    left: dict[int, str] = {}

    def alone() -> bool:
        left.clear()
        left.update({number: name for number, name in second.processes().items() if not _descends(number, own)})
        return not left

    assert eventually(alone), left


def _descends(number: int, ancestor: int) -> bool:
    try:
        return ancestor in {parent.pid for parent in psutil.Process(number).parents()}
    except psutil.NoSuchProcess:
        return True


def test_a_taken_port_is_named_with_the_way_out(start: Callable[..., Running]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        service = start(port=port)
        service.process.wait(90)
    said = service.end()
    assert service.process.returncode == 1
    assert said.strip() == (
        f"assay: port {port} on 127.0.0.1 cannot be used (Address already in use). "
        f"Choose another: make run PORT={port + 1}"
    )
    assert service.processes() == {}


def test_a_wrong_port_is_named(start: Callable[..., Running]) -> None:
    service = start(port="eighty")
    service.process.wait(90)
    assert service.end() == "assay: PORT is 'eighty'; write a number from 1 to 65535.\n"
