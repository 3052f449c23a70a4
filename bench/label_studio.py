"""Label Studio and Assay in the same run: tasks handed out and answers saved a second, by the same client.

    python -m venv /tmp/ls && /tmp/ls/bin/pip install label-studio==1.23.2 psycopg2-binary uwsgi
    python bench/label_studio.py --venv /tmp/ls

Label Studio runs as its container image runs it (uwsgi, two processes a core, PostgreSQL), on a database of the same
binaries and settings as ours. Its annotators sign up through the invite link, then ask for the next task and submit
an annotation without think time, as its page does. Then `labeling_queue.py` measures Assay. Analytics are off.
"""

import argparse
import http.client
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from labeling_queue import milliseconds, processor_seconds  # noqa: E402  (the repository is not installed)

from runner.home import Home  # noqa: E402
from runner.postgres import PostgresServer  # noqa: E402

ADMIN = "admin@example.com"
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="single">'
    '<Choice value="ham"/><Choice value="spam"/></Choices></View>'
)


@dataclass
class Person:
    """One annotator of Label Studio: its token, what it was given, how long it waited."""

    token: str
    port: int
    given: list[int] = field(default_factory=list)
    saved: int = 0
    leases: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def work(self, project: int, until: float) -> None:
        while time.monotonic() < until:
            task = self.call("GET", f"/api/projects/{project}/next", None, self.leases)
            if task is None:
                return
            self.given.append(task["id"])
            result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["ham"]}}]
            body = {"result": result, "lead_time": 1.5}
            if self.call("POST", f"/api/tasks/{task['id']}/annotations/?project={project}", body, self.submits):
                self.saved += 1

    def call(self, method: str, path: str, body: Any, times: list[float] | None = None) -> Any:
        """Send one request on a connection of its own: uwsgi's router keeps none alive."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        headers = {"Authorization": f"Token {self.token}", "Content-Type": "application/json", "Connection": "close"}
        began = time.perf_counter()
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        if times is not None:
            times.append(time.perf_counter() - began)
        if response.status >= 400:
            self.errors.append(f"{response.status} {path} {data[:160]!r}")
            return None
        return json.loads(data)


def environment(folder: Path, database: PostgresServer, token: str) -> dict[str, str]:
    """Return the environment of a Label Studio that talks to our database server through its socket."""
    url = urllib.parse.urlsplit(database.url)
    query = dict(urllib.parse.parse_qsl(url.query))
    account = {
        "LABEL_STUDIO_USERNAME": ADMIN,
        "LABEL_STUDIO_PASSWORD": "bench-pass-1",
        "LABEL_STUDIO_USER_TOKEN": token,
    }
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        **account,
        **{name.removeprefix("LABEL_STUDIO_"): value for name, value in account.items()},
        "COLLECT_ANALYTICS": "False",
        "collect_analytics": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "DJANGO_DB": "default",
        "POSTGRE_USER": url.username or query.get("user", ""),
        "POSTGRE_PASSWORD": "",
        "POSTGRE_NAME": "labelstudio",
        "POSTGRE_HOST": query["host"],
        "POSTGRE_PORT": query.get("port", "5432"),
        "APP_WEBSERVER": "uwsgi",
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
    }


def start(venv: Path, env: dict[str, str], port: int, log: Path) -> "subprocess.Popen[bytes]":
    """Migrate and start Label Studio; return its master process."""
    command = [str(venv / "bin" / "label-studio"), "init", "--username", ADMIN, "--password", "bench-pass-1"]
    with log.open("ab") as output:
        subprocess.run(
            [*command, "--user-token", env["LABEL_STUDIO_USER_TOKEN"]],
            env=env,
            check=True,
            stdout=output,
            stderr=output,
        )
        (package,) = venv.glob("lib/python3.*/site-packages/label_studio")
        uwsgi = [str(venv / "bin" / "uwsgi"), "--http", f"127.0.0.1:{port}", "--home", str(venv), "--master"]
        uwsgi += ["--module", "core.wsgi:application", "--single-interpreter", "--threads", "1", "--lazy-apps"]
        uwsgi += ["--processes", str(2 * (os.cpu_count() or 2)), "--buffer-size", "65535", "--http-timeout", "300"]
        uwsgi += ["--disable-logging", "--thunder-lock", "--need-app", "--die-on-term", "--pythonpath", str(package)]
        return subprocess.Popen(uwsgi, env=env, cwd=package, stdout=output, stderr=output, start_new_session=True)


def sign_up(admin: Person, count: int) -> list[Person]:
    """Let annotators join through the invite link, as people do."""
    import httpx

    people = []
    for number in range(count):
        invite = admin.call("GET", "/api/invite", None)["invite_url"]
        base = f"http://127.0.0.1:{admin.port}"
        with httpx.Client(
            base_url=base, follow_redirects=True, timeout=120, headers={"Connection": "close"}
        ) as browser:
            page = browser.get(invite).raise_for_status().text
            found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            assert found is not None
            fields = {"csrfmiddlewaretoken": found[1], "email": f"annotator{number}@example.com"}
            fields |= {"password": "bench-pass-1", "allow_newsletters": "false"}
            browser.post(invite, data=fields, headers={"Referer": base + invite}).raise_for_status()
            people.append(Person(browser.get("/api/current-user/token").json()["token"], admin.port))
    return people


def measure(admin: Person, arguments: argparse.Namespace, pids: list[int]) -> float:
    """Print what `labeling_queue.py` prints, for Label Studio; return labels a second."""
    people = sign_up(admin, arguments.annotators)
    fields = {"title": "bench", "label_config": CONFIG, "maximum_annotations": 1, "sampling": "Sequential sampling"}
    project = admin.call("POST", "/api/projects", fields)["id"]
    texts = [
        f"Item {number}: a short text of about eighty characters, as messages have."
        for number in range(arguments.tasks)
    ]
    admin.call("POST", f"/api/projects/{project}/import", [{"data": {"text": text}} for text in texts])
    people[0].work(project, time.monotonic() + 3)
    for person in people:
        person.leases, person.submits, person.given, person.saved = [], [], [], 0
    before = [processor_seconds(pid) for pid in pids]
    began = time.monotonic()
    threads = [threading.Thread(target=person.work, args=(project, began + arguments.seconds)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    spent = [processor_seconds(pid) - old for pid, old in zip(pids, before, strict=True)]
    labels = sum(person.saved for person in people)
    given = [task for person in people for task in person.given]
    print(f"Label Studio, {arguments.annotators} annotators, {arguments.tasks:,} tasks")
    print(f"labels          {labels:,} in {wall:.1f} s: {labels / wall:.1f} a second")
    print(f"next            {milliseconds([t for person in people for t in person.leases])}")
    print(f"submit          {milliseconds([t for person in people for t in person.submits])}")
    each = [seconds / max(1, labels) * 1000 for seconds in spent]
    print(f"processor       {sum(each):.1f} ms a label (web {each[0]:.1f}, database {each[1]:.1f})")
    errors = [error for person in people for error in person.errors]
    print(f"handed out beyond the overlap {len(given) - len(set(given))}, errors {len(errors)}")
    for error in errors[:3]:
        print(f"  {error}")
    return labels / wall


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"Label Studio did not start:\n{log.read_text(errors='replace')[-2000:]}")


def label_studio(arguments: argparse.Namespace) -> float:
    """Start, measure and stop Label Studio; return labels a second."""
    with tempfile.TemporaryDirectory(prefix="assay-peer-", ignore_cleanup_errors=True) as folder:
        home, port = Home(Path(folder)), 18082
        home.prepare()
        database = PostgresServer(home)
        database.start()
        import psycopg

        process = None
        try:
            with psycopg.connect(database.url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE labelstudio")
            token = secrets.token_hex(20)
            log = home.logs / "label-studio.log"
            process = start(arguments.venv, environment(home.root, database, token), port, log)
            wait_for(port, process, log)
            return measure(Person(token, port), arguments, [process.pid, database.child.pid])
        finally:
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            database.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, required=True, help="environment that has label-studio and uwsgi")
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--annotators", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    theirs = label_studio(arguments)
    command = [sys.executable, str(ROOT / "bench" / "labeling_queue.py"), f"--tasks={arguments.tasks}"]
    ours = subprocess.run(
        [*command, f"--annotators={arguments.annotators}"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout
    print(f"\nAssay\n{ours.strip()}\n")
    found = re.search(r"([\d.]+) a second", ours)
    assert found is not None
    print(f"Assay saved {float(found[1]) / theirs:.0f} times as many labels a second as Label Studio in this run.")


if __name__ == "__main__":
    main()
