"""Starts the parts of an installation in order, watches them, and stops them in the opposite order."""

import contextlib
import os
import select
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from runner import services
from runner.child import Child, trim_log
from runner.errors import StopError
from runner.home import Home
from runner.postgres import PostgresServer
from runner.valkey import ValkeyServer

LONGEST_PAUSE = 30.0
CALM_AFTER = 60.0  # a child that ran this long starts anew without a pause


@dataclass
class Watched:
    """A child that is started again whenever it ends, with a growing pause."""

    child: Child
    started: float = 0.0
    pause: float = 0.0
    again_at: float = field(default=0.0)
    on_start: Callable[[int], None] | None = None

    def start(self) -> None:
        self.child.start()
        if self.on_start is not None:
            self.on_start(self.child.pid)
        self.started, self.again_at = time.monotonic(), 0.0

    def look(self) -> None:
        """Start the child anew when it has ended and its pause is over; says both."""
        now = time.monotonic()
        if self.again_at:
            if now >= self.again_at:
                self.start()
                say(f"{self.child.name} started again")
        elif not self.child.alive():
            self.child.kill_group()
            self.pause = 0.2 if now - self.started > CALM_AFTER else min(LONGEST_PAUSE, max(0.2, self.pause * 2))
            self.again_at = now + self.pause
            say(f"{self.child.name} {self.child.ended()}; starting it again. Its log is {self.child.log}")


class Supervisor:
    """One running installation.

    Args:
        home: where its data lie.
        host: address to listen on.
        port: port to listen on.
    """

    def __init__(self, home: Home, *, host: str, port: int) -> None:
        self.home = home
        self.host = host
        self.port = port
        self.address = os.environ.get("ASSAY_BASE_URL") or f"http://{public_name(host)}:{port}"
        self.watched: list[Watched] = []
        self.demo: Child | None = None
        self.asked_to_stop = False
        self._wake, self._woken = os.pipe()

    def run(self) -> None:
        """Start everything, serve until a signal comes, and stop everything.

        Raises:
            StopError: something cannot start; what had started is stopped again.
        """
        began = time.monotonic()
        self.home.prepare()
        self.home.hold()
        self._end_orphans()
        self._listen_for_signals()
        try:
            new = self._start(began)
            if not self.asked_to_stop and new:
                self._start_demo()
            while not self.asked_to_stop:
                self._watch_once()
        finally:
            self.stop()

    def _end_orphans(self) -> None:
        """End what a runner that was killed left behind, before its stores are started again."""
        killed = self.home.children.end_all()
        if killed:
            say(f"ended {len(killed)} processes that an earlier start had left behind")

    def _start(self, began: float) -> bool:
        """Start the parts; return whether the demo is to be loaded."""
        new = not (self.home.root / "postgres").exists()
        check_port(self.host, self.port)
        say(f"starting with the data in {self.home.root}")
        environment = self._start_stores()
        self.home.write_runtime({name: environment[name] for name in services.RUNTIME_NAMES if name in environment})
        # The web server says "not ready" until the migrations are done, so it may load beside them.
        self._watch(services.web(self.home, environment, self.host, self.port))
        said = services.prepare(environment)
        if self.asked_to_stop:
            return new
        self._watch(services.worker(self.home, environment))
        self._watch(services.trainer(self.home, environment))
        self._wait_until_ready()
        say(f"ready after {time.monotonic() - began:.1f} s")
        for line in said.strip().splitlines():
            print(f"       {line}")
        say(f"open {self.address}   (Ctrl-C stops everything)")
        return wants_demo() and (new or not self.home.loaded.exists())

    def _start_stores(self) -> dict[str, str]:
        """Start the database and the queue unless the environment names others; return the children's environment."""
        addresses = {}
        if not os.environ.get("BROKER_URL"):
            valkey = ValkeyServer(self.home)
            valkey.start()
            self.watched.append(Watched(valkey.child, started=time.monotonic()))
            addresses["BROKER_URL"] = valkey.url
        if not os.environ.get("DATABASE_URL"):
            database = PostgresServer(self.home)
            self.watched.append(Watched(database.child, started=time.monotonic()))
            database.start()
            addresses["DATABASE_URL"] = database.url
        return services.environment(self.home, addresses, base_url=self.address, port=self.port)

    def _watch(self, child: Child) -> None:
        watched = Watched(child, on_start=self.home.children.note)
        watched.start()
        self.watched.append(watched)

    def _start_demo(self) -> None:
        """Load the demo beside the running service, once in the life of a home."""
        environment = services.environment(self.home, self.home.read_runtime(), base_url=self.address, port=self.port)
        if services.has_demo():
            self.demo = services.demo(self.home, environment)
            self.demo.start()
            self.home.children.note(self.demo.pid)
            say("loading the demo in the background; its datasets appear on the start page")
        else:
            self.home.loaded.touch()

    def _watch_once(self) -> None:
        """Wait for a signal or a second, then look after every child."""
        self._pause(1.0)
        if self.asked_to_stop:
            return
        for watched in self.watched:
            watched.look()
            trim_log(watched.child.log)
        if self.demo and not self.demo.alive():
            self._demo_ended(self.demo)

    def _demo_ended(self, demo: Child) -> None:
        if demo.process is not None and demo.process.returncode == 0:
            self.home.loaded.touch()
            say("the demo is loaded")
        else:
            say(f"the demo could not be loaded ({demo.ended()}); it is tried again at the next start. See {demo.log}")
        self.demo = None

    def _wait_until_ready(self, seconds: float = 90) -> None:
        """Return when the readiness route answers; raise with the web server's last words when it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.asked_to_stop:
            if is_ready(f"http://{public_name(self.host)}:{self.port}/readyz"):
                return
            for watched in self.watched:
                if not watched.child.alive():
                    raise StopError(f"the {watched.child.name} {watched.child.ended()}.\n{watched.child.last_lines()}")
            self._pause(0.05)
        if not self.asked_to_stop:
            raise StopError(f"the service was not ready after {seconds:.0f} s. The logs are in {self.home.logs}")

    def stop(self) -> None:
        """Stop the children in the opposite order of their start, and let go of the home."""
        if self.demo:
            self.demo.stop()
        if self.watched:
            say("stopping")
        # Web server and worker need the stores to finish what they hold, and need not wait for each other.
        for watched in reversed(self.watched):
            if watched.child.name not in {"database", "queue"}:
                watched.child.ask_to_stop()
        for watched in reversed(self.watched):
            watched.child.stop()
        self.watched.clear()
        self.home.release()
        signal.set_wakeup_fd(-1)

    def _listen_for_signals(self) -> None:
        """Let a signal end the waiting at once, and a second Ctrl-C not hurt the stopping."""

        def ask(number: int, frame: FrameType | None) -> None:
            self.asked_to_stop = True

        for end in (self._wake, self._woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, ask)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _pause(self, seconds: float) -> None:
        """Wait, ended early by a signal or the end of a child."""
        if self.asked_to_stop:
            return
        select.select([self._wake], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, 1024)


def wants_demo() -> bool:
    """Tell whether a new home gets the demo; ASSAY_DEMO=no leaves it empty."""
    return os.environ.get("ASSAY_DEMO", "yes").lower() not in {"no", "0", "false"}


def check_port(host: str, port: int) -> None:
    """Refuse a port that another program listens on, or that we may not take.

    Raises:
        StopError: says how to choose another.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise StopError(f"port {port} needs more rights. Choose one above 1023: make run PORT=8000") from None
        except OSError as error:
            raise StopError(
                f"port {port} on {host} cannot be used ({error.strerror}). Choose another: make run PORT={port + 1}"
            ) from None


def public_name(host: str) -> str:
    """Return the name to put into an address for a host to listen on."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  (read, not bound)
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def is_ready(url: str) -> bool:
    """Tell whether the readiness route says yes."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def say(sentence: str) -> None:
    """Tell the person at the terminal; a terminal that has gone away is no reason to stop."""
    with contextlib.suppress(OSError):
        print(f"assay: {sentence}", flush=True)
        sys.stdout.flush()
