"""The commands of the parts that are our own code: web server, worker, management commands."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from runner.child import Child
from runner.errors import StopError
from runner.home import ROOT, Home

# What runtime.json tells to commands started beside the service.
RUNTIME_NAMES = ["DATABASE_URL", "BROKER_URL", "ASSAY_BASE_URL", "ASSAY_PORT"]
WEB_WORKERS = 2
WEB_THREADS = 8
WORKER_PROCESSES = 2


def environment(home: Home, addresses: dict[str, str], *, base_url: str, port: int) -> dict[str, str]:
    """Return the environment of our processes: the operator's, the addresses, and limits that suit one machine."""
    # Compiled files make a start of Django six times faster, so a wish for none is not handed on.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        # Two memory arenas: with one for each thread, eight threads keep 100 MB that nobody uses.
        "MALLOC_ARENA_MAX": "2",
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 2) // WORKER_PROCESSES)),
        "TOKENIZERS_PARALLELISM": "false",
        # Compiled loops are kept here: the package's folder may be read-only, and compiling takes half a minute.
        "NUMBA_CACHE_DIR": str(home.root / "cache" / "numba"),
        # Models come with the packages; no library may ask a hub.
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        **inherited,
        **addresses,
        "ASSAY_HOME": str(home.root),
        "ASSAY_BASE_URL": base_url,
        "ASSAY_PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def web(home: Home, env: dict[str, str], host: str, port: int) -> Child:
    """Return the web server: loaded once and forked, so that its workers share memory."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else str(home.root)  # noqa: S108  (heartbeat files, no content)
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", listen, "--preload", "--worker-class=gthread"]
    command += [f"--workers={WEB_WORKERS}", f"--threads={WEB_THREADS}", f"--worker-tmp-dir={shared}", "--keep-alive=15"]
    command += [
        "--timeout=120",
        "--graceful-timeout=10",
        "--log-level=warning",
        f"--chdir={ROOT}",
        "--no-control-socket",
    ]
    return Child("web server", command, env, home.logs / "web.log", patience=12)


def worker(home: Home, env: dict[str, str]) -> Child:
    """Return the worker of the short jobs, with the clock.

    Work cut off by a stop is taken up again: the job's row is the truth.
    """
    return _celery(
        "worker", "interactive,default", WORKER_PROCESSES, home, env, "-B", "-s", str(home.root / "schedule")
    )


def trainer(home: Home, env: dict[str, str]) -> Child:
    """Return the worker of the heavy jobs: one at a time with every core, and imports never wait behind a training.

    Each job has a process of its own: loading torch again takes two seconds, keeping it takes a gigabyte.
    """
    cores = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(os.cpu_count() or 1))}
    return _celery("trainer", "heavy", 1, home, env | cores, "--max-tasks-per-child=1")


def _celery(name: str, queues: str, processes: int, home: Home, env: dict[str, str], *options: str) -> Child:
    command = [sys.executable, "-m", "celery", "--workdir", str(ROOT), "-A", "workers.app", "worker"]
    command += [f"--hostname={name}@%h", f"--concurrency={processes}", "-Q", queues, *options]
    command += ["--loglevel=INFO", "--without-gossip", "--without-mingle"]
    # Django's checks load every page and route, 60 MB that a worker never uses; `make check` runs them.
    env = env | {"CELERY_SKIP_CHECKS": "1"}
    return Child(name, command, env, home.logs / f"{name}.log", orphan_signal=signal.SIGQUIT, patience=5)


def demo(home: Home, env: dict[str, str]) -> Child:
    """Return the process that loads the demo."""
    command = [sys.executable, str(ROOT / "manage.py"), "load_demo"]
    return Child("demo", command, env, home.logs / "demo.log", patience=5)


def prepare(env: dict[str, str]) -> str:
    """Migrate and make the first organization; return what there is to tell, such as the first password.

    Raises:
        StopError: it failed; carries its last lines.
    """
    command = [sys.executable, "-m", "runner.prepare"]
    # Its own session: a Ctrl-C at the terminal must not cut a migration in two.
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, start_new_session=True)
    if done.returncode == 0:
        return done.stdout
    tail = "\n".join("         " + line for line in (done.stdout + done.stderr).strip().splitlines()[-6:])
    raise StopError(f"the update of the database failed:\n{tail}")


def has_demo() -> bool:
    """Tell whether the project has the command that loads the demo."""
    return any(ROOT.glob("*/management/commands/load_demo.py"))
