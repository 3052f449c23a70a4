"""Fixtures of tests that talk to real processes: a worker, a web server, a browser."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.browser import FLAGS, find_for_tests

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

ROOT = Path(__file__).resolve().parent.parent
# Milliseconds that a page, a key or an expectation may take. Two browsers share two cores with services and trainings.
PATIENCE = 60_000


@dataclass
class Process:
    """A real process of ours in its own group.

    Attributes:
        log: file with everything it printed; shown when it does not get ready.
    """

    command: list[str]
    environment: dict[str, str]
    log: Path
    running: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it with an empty log: what an earlier one said of itself is not true of this one."""
        with self.log.open("wb") as output:
            self.running = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def is_running(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def says(self, words: str) -> bool:
        """Tell whether its log has these words."""
        return words in self.log.read_text(errors="replace")

    def signal_group(self, number: int) -> None:
        """Send a signal to the process and all its children at once, as a machine's failure would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9 the whole group and wait."""
        if self.running is not None:
            self.signal_group(signal.SIGKILL)
            self.running.wait()

    def stop(self) -> None:
        """Ask it to end, and kill what has not after five seconds."""
        if self.running is None:
            return
        self.running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.running.wait(5)
        self.kill()

    def wait_for(self, condition: Callable[[], bool], *, seconds: float = 180) -> None:
        """Return when the condition holds; fail with the end of the log when it does not in time."""
        until = time.monotonic() + seconds
        while not condition():
            if not self.is_running() or time.monotonic() > until:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
                what = "was not ready in time" if self.is_running() else "ended"
                pytest.fail(f"{' '.join(self.command[:5])} {what}:\n{tail}")
            time.sleep(0.05)


def worker_process(environment: dict[str, str], log: Path, *, concurrency: int = 2) -> Process:
    """Return a Celery worker with its clock, not yet started."""
    command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", f"--concurrency={concurrency}"]
    command += ["-Q", "interactive,default,heavy", "-B", "-s", str(log.with_suffix(".beat")), "--loglevel=INFO"]
    command += ["--without-gossip", "--without-mingle", f"--hostname=test{os.getpid()}@%h"]
    return Process(command, environment, log)


def web_process(environment: dict[str, str], log: Path, port: int) -> Process:
    """Return the web server as the runner starts it, not yet started."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--preload"]
    command += ["--worker-class=gthread", "--workers=2", "--threads=8", "--keep-alive=15", "--no-control-socket"]
    return Process(command, environment, log)


def answers(url: str) -> bool:
    """Tell whether this address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(port: int = 8000) -> dict[str, str]:
    """Return the environment of a child that works on this xdist worker's test database."""
    from django.db import connection

    name = connection.settings_dict["NAME"]
    url = os.environ["DATABASE_URL"].replace("/assay?", f"/{name}?")
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {
        **inherited,
        "DATABASE_URL": url,
        "ASSAY_BASE_URL": f"http://127.0.0.1:{port}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }


class KeptWorker:
    """The worker of this process's tests: started when one needs it, and kept until it would be in another's way."""

    def __init__(self) -> None:
        self.process: Process | None = None

    def get(self) -> Process:
        """Return the running worker; start it when there is none, or when a setting has changed since."""
        environment = _environment()
        kept = self.process
        is_ready = kept is not None and kept.is_running() and kept.environment == environment
        if kept is None or not is_ready:
            self.stop()
            self.process = kept = worker_process(environment, Path(os.environ["ASSAY_HOME"]) / "worker.log")
            kept.start()
            kept.wait_for(lambda: kept.says(" ready."))
        return kept

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()
            self.process = None


@pytest.fixture(scope="session")
def _kept_worker(django_db_setup: None) -> Iterator[KeptWorker]:
    worker = KeptWorker()
    yield worker
    worker.stop()


@pytest.fixture
def celery_worker(transactional_db: None, _kept_worker: KeptWorker) -> Process:
    """A real worker on this test's database and queue. The test's rows are really committed, and removed afterwards."""
    return _kept_worker.get()


@pytest.fixture(autouse=True)
def _worker_out_of_the_way(request: pytest.FixtureRequest) -> None:
    """End the worker before a test that commits rows without asking for one: it means to do its jobs itself."""
    marker = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (marker is not None and marker.kwargs.get("transaction"))
    if commits and "celery_worker" not in request.fixturenames:
        request.getfixturevalue("_kept_worker").stop()


@dataclass
class LiveService:
    """A web server and a worker on this test's database.

    Attributes:
        url: address without a slash at the end.
    """

    url: str
    web: Process
    worker: Process


@pytest.fixture(scope="session")
def _web(django_db_setup: None) -> Iterator[LiveService]:
    port = free_port()
    web = web_process(_environment(port), Path(os.environ["ASSAY_HOME"]) / "web.log", port)
    web.start()
    url = f"http://127.0.0.1:{port}"
    web.wait_for(lambda: answers(f"{url}/readyz"))
    yield LiveService(url=url, web=web, worker=web)
    web.stop()


@pytest.fixture
def live_service(celery_worker: Process, _web: LiveService) -> LiveService:
    """The whole product over HTTP. The test's rows are really committed, and removed afterwards."""
    return LiveService(url=_web.url, web=_web.web, worker=celery_worker)


class PatientBrowser:
    """A browser whose windows wait long enough on a machine that does much else beside: slow is not wrong.

    Args:
        browser: a playwright Browser.
    """

    def __init__(self, browser: "Browser") -> None:
        self.browser = browser

    def new_context(self, **options: Any) -> "BrowserContext":
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.set_default_navigation_timeout(PATIENCE)
        return context


@pytest.fixture(scope="session")
def chromium() -> Iterator[PatientBrowser]:
    """A headless Chromium that can reach this machine alone."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    program = find_for_tests()
    if program is None:
        pytest.fail("Chromium is missing: `make test` installs it as root; else: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield PatientBrowser(browser)
        browser.close()
