"""The folder of one installation, and what lies where in it."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import IO

from runner.errors import StopError
from runner.orphans import Started

ROOT = Path(__file__).resolve().parent.parent
# A unix socket's path may have 107 bytes on Linux and 103 on macOS; the longest name put into the folder has 30.
LONGEST_SOCKET_FOLDER = 70
DISK_NEEDED_GB = 1


class Home:
    """The folder given by ASSAY_HOME, `.assay` in the repository by default.

    It holds data (postgres, valkey, objects), the secret key, logs, and while the service runs runtime.json with the
    addresses of its services.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or Path(os.environ.get("ASSAY_HOME") or ROOT / ".assay")).resolve()
        self.logs = self.root / "logs"
        self.objects = self.root / "objects"
        self.runtime = self.root / "runtime.json"
        self.secret = self.root / "secret.key"
        self.lock = self.root / "supervisor.lock"
        self.loaded = self.root / "demo.done"
        self.children = Started(self.root / "children")
        self._held: IO[str] | None = None

    def prepare(self) -> None:
        """Create the folder and its secret; refuse a disk with too little room.

        Raises:
            StopError: the folder cannot be written, or less than 1 GB is free.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            # The database runs as another user when we are root, and has to pass through this folder.
            self.root.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.objects):
                folder.mkdir(mode=0o700, exist_ok=True)
            free = shutil.disk_usage(self.root).free / 1e9
            if free < DISK_NEEDED_GB:
                raise StopError(
                    f"only {free:.1f} GB are free at {self.root}; at least {DISK_NEEDED_GB} GB is needed. "
                    "Free some space, or put the data elsewhere: make run ASSAY_HOME=/path/with/room"
                )
            self._make_secret()
        except OSError as error:
            raise StopError(
                f"{error.filename or self.root} cannot be written ({error.strerror}). "
                "Mend its permissions, or put the data elsewhere: make run ASSAY_HOME=/path/you/own"
            ) from None

    def _make_secret(self) -> None:
        if not self.secret.exists():
            handle = os.open(self.secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
        self.secret.chmod(0o600)

    def hold(self) -> None:
        """Make this process the only one that runs this home; the system lets go when it dies, however it dies.

        Raises:
            StopError: another process holds it; says which and where it answers.
        """
        file = self.lock.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StopError(
                f"Assay already runs on {self.root} (process {self.holder()}{self._address()}). "
                "Stop it with `make stop`, or start a second one elsewhere: make run ASSAY_HOME=/other/folder PORT=8001"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._held = file

    def release(self) -> None:
        """Let another process run this home."""
        self.runtime.unlink(missing_ok=True)
        if self._held:
            self._held.truncate(0)
            self._held.close()
            self._held = None

    def is_held(self) -> bool:
        """Tell whether a live process runs this home."""
        if not self.lock.exists():
            return False
        with self.lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
        return False

    def holder(self) -> int:
        """Return the process id in the lock file, 0 when none is there."""
        try:
            return int(self.lock.read_text() or 0)
        except (OSError, ValueError):
            return 0

    def _address(self) -> str:
        address = self.read_runtime().get("ASSAY_BASE_URL")
        return f", {address}" if address else ""

    def write_runtime(self, values: dict[str, str]) -> None:
        """Tell commands started beside the service, such as manage.py, where its services are."""
        draft = self.runtime.with_suffix(".new")
        draft.write_text(json.dumps(values, indent=1) + "\n")
        draft.chmod(0o600)
        draft.replace(self.runtime)

    def read_runtime(self) -> dict[str, str]:
        """Return what write_runtime wrote; empty while nothing runs."""
        try:
            return dict(json.loads(self.runtime.read_text()))
        except (OSError, ValueError):
            return {}

    def socket_folder(self, name: str, *, owner: int | None = None) -> Path:
        """Return a folder for unix sockets that only its owner may enter, with a path short enough for one.

        Raises:
            StopError: the folder exists and belongs to somebody else.
        """
        folder = self.root / name
        if len(str(folder)) > LONGEST_SOCKET_FOLDER or (owner is not None and not passable(self.root)):
            mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
            folder = Path(tempfile.gettempdir()) / f"assay-{mark}-{name}"
            if len(str(folder)) > LONGEST_SOCKET_FOLDER:
                folder = Path("/tmp") / folder.name  # noqa: S108  (checked for its owner below)
        owner = os.geteuid() if owner is None else owner
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in {owner, os.geteuid()}:
            raise StopError(f"{folder} belongs to another user, so it is not safe to put sockets there. Remove it.")
        if folder.stat().st_uid != owner:
            os.chown(folder, owner, -1)
        folder.chmod(0o700)
        return folder


def passable(path: Path) -> bool:
    """Tell whether every user may walk through this folder and all above it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))
