"""One PostgreSQL and one queue for a test run, a database for each xdist worker, and no network beyond this machine.

Settings read the environment when Django loads, so the services start when this file is read, before any test module.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.home import Home
from runner.postgres import PostgresServer
from runner.valkey import ValkeyServer
from tests import template

ROOT = Path(__file__).resolve().parent.parent
XDIST_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
# The database that each worker's is a copy of, and the file that says how migrating it ended.
TEMPLATE = "assay"
MIGRATED = "migrated"
# Seconds of the files that take longest, roughly: only their order depends on it.
LONG = {
    "e2e/test_chain_http.py": 80,
    "e2e/test_survival.py": 110,
    "e2e/test_review_page.py": 45,
    "e2e/test_common_pages.py": 45,
    "e2e/test_meaning_page.py": 60,
    "e2e/test_chain_browser.py": 65,
    "e2e/test_adjudicate_page.py": 55,
    "e2e/test_real_content.py": 40,
    "e2e/test_bad_files.py": 40,
    "e2e/test_acceptance_page.py": 35,
    "api/test_openapi.py": 90,
    "client/test_command.py": 80,
    "curation/engine/test_warming.py": 65,
    "runner/test_supervisor.py": 50,
    "architecture/test_page_routes.py": 15,
    "curation/engine/near/test_ways.py": 46,
    "labeling/api/test_label_studio_hostile.py": 15,
    "e2e/test_label_studio_sdk.py": 50,
    "labeling/api/test_label_studio.py": 45,
    "modeling/services/test_search.py": 80,
    "modeling/engine/families/test_texts.py": 70,
    "modeling/engine/augmentation/test_gain.py": 60,
    "modeling/engine/tuning/test_search.py": 50,
    "e2e/test_augment_preview.py": 45,
    "e2e/test_training_pages.py": 40,
    "modeling/engine/families/test_pictures.py": 40,
    "modeling/engine/marks/test_spans.py": 40,
    "architecture/test_routes.py": 15,
    "modeling/api/test_api.py": 37,
    "curation/engine/test_bucket.py": 20,
    "modeling/services/test_demo.py": 32,
    "modeling/services/test_erasure.py": 31,
    "modeling/services/test_bundle.py": 28,
    "modeling/engine/test_whole_set.py": 28,
    "modeling/services/test_mark_error.py": 27,
    "modeling/services/test_accepting.py": 26,
    "modeling/engine/bundle/test_export.py": 26,
}
_services: list[PostgresServer | ValkeyServer] = []
_migrating: list["subprocess.Popen[bytes]"] = []
_folder: tempfile.TemporaryDirectory | None = None


def _start_services() -> None:
    """Start database and queue in a temporary home; workers of xdist inherit the addresses through the environment."""
    global _folder
    _folder = tempfile.TemporaryDirectory(prefix="assay-test-", ignore_cleanup_errors=True)
    home = Home(Path(_folder.name))
    home.prepare()
    database, queue = PostgresServer(home, durable=False), ValkeyServer(home)
    _services.extend([database, queue])
    queue.start()
    is_migrated = template.restore(database)
    database.start()
    if is_migrated:
        (home.root / MIGRATED).touch()
    os.environ["ASSAY_TEST_HOME"] = str(home.root)
    os.environ["ASSAY_TEST_BROKER"] = queue.url
    os.environ["DATABASE_URL"] = database.url


def environment_of(worker: str) -> dict[str, str]:
    """Return a home and a queue of its own for an xdist worker: two never see each other's objects or messages."""
    home = Path(os.environ["ASSAY_TEST_HOME"]) / (worker or "main")
    home.mkdir(exist_ok=True)
    number = int(worker.removeprefix("gw") or 0) if worker else 0
    return {
        "ASSAY_HOME": str(home),
        "ASSAY_OBJECTS": str(home / "objects"),
        # Exporting an encoder's graph costs ten seconds: once for all workers of a run.
        "ASSAY_MODEL_CACHE": str(Path(os.environ["ASSAY_TEST_HOME"]) / "models"),
        # The commands that need no database set this to a second; thirty-two people share twelve connections here.
        "ASSAY_DATABASE_WAIT": "120",
        "ASSAY_SECRET_KEY": "only-for-tests-" + "0123456789" * 4,
        "ASSAY_BASE_URL": "http://127.0.0.1:8000",
        "ASSAY_ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
        "BROKER_URL": f"{os.environ['ASSAY_TEST_BROKER']}?virtual_host={number}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # Playwright's synchronous interface runs an event loop in this thread, and Django would refuse the ORM there.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        # What is compiled stays for the next test run.
        "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", str(ROOT / "build" / "numba")),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
    }


@pytest.fixture(autouse=True)
def _beats_seen_by_nobody(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a job that runs inside a test's own transaction from looking for itself on another connection.

    Nobody else sees its row before the commit that never comes, so after four slow seconds its own heartbeat would take
    it for lost.
    """
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and not marker.kwargs.get("transaction"):
        monkeypatch.setattr("workers.context.HEARTBEAT_SECONDS", 600.0)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Migrate one database for all workers while they load the tests: it costs twenty seconds of a processor."""
    _start_migrating()


def _start_migrating() -> None:
    """Migrate the run's database in a process of its own, unless this or an earlier run has done so already."""
    home = Path(os.environ["ASSAY_TEST_HOME"])
    if _migrating or (home / MIGRATED).exists():
        return
    log = home / "migrate.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.migrating"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    _migrating.append(child)

    def wait() -> None:
        said = "" if child.wait() == 0 else log.read_text(errors="replace") or "it was ended"
        (home / f"{MIGRATED}.new").write_text(said)
        (home / f"{MIGRATED}.new").rename(home / MIGRATED)

    threading.Thread(target=wait, daemon=True).start()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let each process of tests copy the migrated database."""
    from django.db import connection

    if not XDIST_WORKER:
        _start_migrating()
    migrated, until = Path(os.environ["ASSAY_TEST_HOME"]) / MIGRATED, time.monotonic() + 600
    while not migrated.exists():
        assert time.monotonic() < until, "migrating the database takes more than ten minutes"
        time.sleep(0.1)
    if said := migrated.read_text():
        pytest.fail(f"the database could not be migrated:\n{said}")
    connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Set a worker's environment before it starts: pytest-django loads the settings there before this file is read."""
    values = environment_of(node.gateway.id)
    node.gateway.remote_exec(f"import os; os.environ.update({values!r})").waitclose()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the browser's files evenly among the others: they wait much and compute little, the others the other way.

    Two processes share the files in this order, so that mostly one of each kind runs at a time. Of each kind the long
    ones come first: at the end neither process is left alone with one.
    """
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0].removeprefix("tests/"), []).append(item)
    place = {}
    for kind in (True, False):
        names = [name for name in files if name.startswith("e2e/") == kind]
        # Sorting keeps the order of what is equally long.
        names.sort(key=lambda name: -LONG.get(name, 0))
        place |= {name: (number / len(names), name) for number, name in enumerate(names)}
    items[:] = [item for name in sorted(files, key=place.__getitem__) for item in files[name]]


def _refuse_network(event: str, arguments: tuple) -> None:
    """Raise when the test process looks up or connects to anything but this machine."""
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event == "socket.getaddrinfo":
        host = arguments[0] or ""
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host)
    if host and not host.startswith(LOOPBACK):
        raise PermissionError(f"A test tried to reach {host}; tests may only reach this machine.")


# Without compiled files each process that a test starts takes seconds longer to load, and so does each test module.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
if "ASSAY_TEST_HOME" not in os.environ:
    _start_services()
os.environ.update(environment_of(XDIST_WORKER))
sys.addaudithook(_refuse_network)

import django  # noqa: E402  (the settings need the environment above)

django.setup()

from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402

from tests import emptying, listing  # noqa: E402

pytest_plugins = ["tests.live"]
# The real algorithm, as cheap as it can be: with the product's figures each password costs a quarter of a second.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1
emptying.install()
listing.install()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started."""
    for child in _migrating:
        child.kill()
    is_new = bool(_migrating) and _migrating[0].wait() == 0
    for service in reversed(_services):
        if is_new and isinstance(service, PostgresServer):
            template.stop_and_keep(service, TEMPLATE)
        else:
            service.stop()
    _services.clear()
    if _folder is not None:
        _folder.cleanup()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """End the sessions that a thread or a dying child still holds, so that the test database can be dropped."""
    from django.db import connection

    yield
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()
        connection.close_pool()


@pytest.fixture(scope="session")
def broker_url() -> str:
    """Address of the run's queue; each xdist worker has a logical one of its own."""
    return os.environ["BROKER_URL"]


@pytest.fixture(autouse=True)
def _empty_queue(request: pytest.FixtureRequest) -> Iterator[None]:
    """Throw away messages that a test left behind, so that no later worker takes them up."""
    yield
    if (
        "celery_worker" in request.fixturenames
        or "live_service" in request.fixturenames
        or "db" in request.fixturenames
    ):
        from redis import Redis

        path, _, number = os.environ["BROKER_URL"].removeprefix("redis+socket://").partition("?virtual_host=")
        with Redis(unix_socket_path=path, db=int(number)) as queue:
            queue.flushdb()
