"""`python -m runner COMMAND`: run (or up), status, stop, psql, env, and the developer's test, check, bench, lock."""

import os
import shlex
import shutil
import signal
import sys
import time

from runner.errors import StopError
from runner.home import Home
from runner.supervisor import Supervisor, is_ready, say

STOP_PATIENCE = 60


def up() -> int:
    """Run the service in the foreground until Ctrl-C."""
    port = os.environ.get("PORT") or os.environ.get("ASSAY_PORT") or "8000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise StopError(f"PORT is {port!r}; write a number from 1 to 65535.")
    Supervisor(Home(), host=os.environ.get("HOST_ADDRESS", "127.0.0.1"), port=int(port)).run()
    return 0


def status() -> int:
    """Say whether the service runs and answers; exit code 0 when it does, 3 when it is stopped, 1 when it is unwell."""
    home = Home()
    if not home.is_held():
        say(f"stopped. The data are in {home.root}")
        return 3
    address = home.read_runtime().get("ASSAY_BASE_URL", "")
    ready = bool(address) and is_ready(f"http://127.0.0.1:{home.read_runtime().get('ASSAY_PORT', '8000')}/readyz")
    say(f"process {home.holder()}, {address}, {'ready' if ready else 'not ready'}; logs in {home.logs}")
    return 0 if ready else 1


def stop() -> int:
    """Stop the service that runs on this home, and wait until it has."""
    home = Home()
    if not home.is_held():
        say("nothing runs on this home")
        return 0
    os.kill(home.holder(), signal.SIGTERM)
    until = time.monotonic() + STOP_PATIENCE
    while home.is_held():
        if time.monotonic() > until:
            raise StopError(f"process {home.holder()} has not stopped after {STOP_PATIENCE} s. See {home.logs}")
        time.sleep(0.1)
    say("stopped")
    return 0


def running_values() -> dict[str, str]:
    """Return the addresses of the running service's parts.

    Raises:
        StopError: nothing runs.
    """
    home = Home()
    values = home.read_runtime() if home.is_held() else {}
    if not values:
        raise StopError("nothing runs on this home. Start it with make run.")
    return {"ASSAY_HOME": str(home.root), **values}


def env() -> int:
    """Print what a shell needs to talk to the running service's parts: eval "$(python -m runner env)"."""
    for name, value in running_values().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def psql(arguments: list[str]) -> int:
    """Become psql on the running database."""
    from runner.postgres import find_binaries

    url = running_values()["DATABASE_URL"]
    beside = [binaries.program("psql") for binaries in find_binaries() if os.access(binaries.program("psql"), os.X_OK)]
    program = shutil.which("psql") or next(iter(beside), None)
    if program is None:
        raise StopError(f"no psql was found; the database is at {url}")
    os.execv(program, [program, url, *arguments])  # noqa: S606


def dispatch(command: str, rest: list[str]) -> int:
    """Call the function of a command."""
    if command == "psql":
        return psql(rest)
    if command in {"test", "check", "bench", "lock"}:
        from runner import develop

        return develop.COMMANDS[command](rest)
    plain = {"up": up, "run": up, "status": status, "stop": stop, "env": env}
    if command not in plain:
        raise StopError(f"there is no command {command!r}; choose one of {', '.join(sorted(plain))}, psql.")
    return plain[command]()


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    command, rest = (arguments or ["up"])[0], arguments[1:]
    try:
        return dispatch(command, rest)
    except StopError as error:
        print(f"assay: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
