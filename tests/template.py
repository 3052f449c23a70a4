"""Keeps the migrated database between test runs: migrating it costs more than most files of tests take.

What is kept is the folder of a stopped server, under a name made of everything that migrating reads. Each run works on
a copy, and asks Django to migrate that as well: what is kept can only be missing, never wrong unseen.
"""

import hashlib
import os
import shutil
from pathlib import Path

import psycopg

from runner.postgres import PostgresServer

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "test-database"
# Models are read too: content types and permissions are made of them.
READ = ("*/migrations/*.py", "*/models/*.py", "*/models.py", "*/apps.py")
ALSO_READ = ("config/settings.py", "requirements.lock", "runner/postgres.py", "tests/migrating.py")


def name_of(server: PostgresServer) -> str:
    """Return the name under which what this server has migrated is kept."""
    files = [path for pattern in READ for path in ROOT.glob(pattern)] + [ROOT / name for name in ALSO_READ]
    read = hashlib.sha256(str((server.binaries.folder, server.binaries.major)).encode())
    for path in sorted(files):
        read.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return read.hexdigest()[:16]


def restore(server: PostgresServer) -> bool:
    """Give a server that has not started yet a copy of what is kept; return whether there was anything."""
    kept = KEPT / name_of(server)
    draft = server.data.with_name(server.data.name + ".copy")
    try:
        shutil.copytree(kept, draft)
    except OSError:
        # Nothing is kept, or another run has just thrown it away.
        shutil.rmtree(draft, ignore_errors=True)
        return False
    if server.user:
        for path in (draft, *draft.rglob("*")):
            os.chown(path, *server.user)
    draft.chmod(0o700)
    draft.rename(server.data)
    return True


def stop_and_keep(server: PostgresServer, database: str) -> None:
    """Stop a server, and keep its folder when nothing but the migrated database is in it."""
    is_clean = server.child.alive() and _clean(server, database)
    server.stop()
    if not is_clean:
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    name = name_of(server)
    draft = KEPT / f"{name}.{os.getpid()}"
    try:
        shutil.copytree(server.data, draft)
        for old in KEPT.iterdir():
            if old != draft:
                shutil.rmtree(old, ignore_errors=True)
        draft.rename(KEPT / name)
    except OSError:
        # The disk is full, or another run keeps the same at this moment: it can be made again.
        shutil.rmtree(draft, ignore_errors=True)


def _clean(server: PostgresServer, database: str) -> bool:
    """Let the log of what the tests wrote go with the next checkpoint; return whether no test's database is left."""
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET wal_recycle = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")
        return not connection.execute(
            "SELECT FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', %s)", [database]
        ).fetchall()
