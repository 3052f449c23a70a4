"""kill -9 of worker, web server and database, in turn, during an import, during labeling and during a training.

The service runs as `make run` starts it. What was acknowledged must be there afterwards, and every job must end by
itself.
"""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assay_client import AssayError, Client, Job, answer_to, choice_schema
from curation.demo import SETS
from tests.live import ROOT, free_port
from tests.runner.test_supervisor import PARTS, Running

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and process groups")]

# Both workers at once, whichever of them has the job.
KILLED = {"worker": "-m celery", "web server": PARTS["web server"], "database": PARTS["database"]}
# A dead worker's jobs are handed on after this silence; the default of 20 s would only make the test slower.
STALE_SECONDS = "6"
# Deadlines, not pauses: long enough for a machine that does something else beside.
PATIENCE = 300.0
IMPORT_ROWS = 250_000
# Enough that people are still at work when the last part is killed: three of them answer some 200 a second.
TASKS = 2_400
TRAINING_ROWS = 1_200


@dataclass
class Service:
    """The running service, a client of its administrator, and the means to kill a part of it."""

    running: Running
    client: Client

    def kill(self, part: str) -> None:
        """Kill -9 every process of a part at once."""
        numbers = [number for number, program in self.running.processes().items() if KILLED[part] in program]
        assert numbers, part
        for number in numbers:
            os.kill(number, signal.SIGKILL)

    def wait(self, job: Job) -> Job:
        """Wait for a job, through any time in which nobody answers."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self.client.jobs.wait(job, timeout=until - time.monotonic())
            except AssayError as error:
                if time.monotonic() > until or error.code in {"job_timed_out", "unexpected", "worker_lost"}:
                    raise
                time.sleep(0.1)

    def wait_until_seen(self, job: Job, condition: Callable[[Job], bool]) -> Job:
        """Return the job as soon as it looks as wanted, through any time in which nobody answers."""
        until = time.monotonic() + PATIENCE
        while True:
            seen = self._look(job, until)
            if condition(seen):
                return seen
            assert seen.is_open, f"the job ended before it could be interrupted: {seen}"
            assert time.monotonic() < until, seen
            time.sleep(0.01)

    def _look(self, job: Job, until: float) -> Job:
        while True:
            try:
                return self.client.jobs.get(job.id)
            except AssayError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


def token_of(running: Running, email: str) -> str:
    """Make a token on the service's own machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASSAY_")}
    environment = {**kept, **running.home.read_runtime(), "ASSAY_HOME": str(running.home.root)}
    command = [sys.executable, str(ROOT / "manage.py"), "create_token", "--email", email]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    home, port = Path(tempfile.mkdtemp(prefix="assay-survival-")).resolve(), free_port()
    running = Running(home, port, settings={"ASSAY_JOB_STALE_SECONDS": STALE_SECONDS})
    running.wait_until_ready()
    token = token_of(running, "admin@example.com")
    with Client(f"http://127.0.0.1:{port}", token, retries=8) as client:
        yield Service(running, client)
    running.end()
    shutil.rmtree(home, ignore_errors=True)


def texts(path: Path, rows: int, *, bad: int = 0) -> Path:
    """Write distinct short texts, `bad` of the lines no JSON."""
    with path.open("w") as file:
        for number in range(rows):
            file.write(f'{{"text": "message {number} about {number * 7919 % 1009}", "label": "{"ab"[number % 2]}"}}\n')
            if number < bad:
                file.write('{"text": \n')
    return path


@pytest.mark.parametrize("part", KILLED)
def test_an_import_survives(service: Service, tmp_path: Path, part: str) -> None:
    client = service.client
    file = texts(tmp_path / "texts.jsonl", IMPORT_ROWS, bad=7)
    dataset = client.datasets.create(f"import while the {part} dies")
    upload = client.uploads.send(dataset.id, file)
    job = client.uploads.start_import(upload.id)
    service.wait_until_seen(job, lambda seen: 0 < seen.rows_done < IMPORT_ROWS)

    service.kill(part)
    done = service.wait(job)

    versions = list(client.datasets.versions(dataset.id))
    assert [(version.number, version.row_count) for version in versions] == [(1, IMPORT_ROWS)]
    assert done.result is not None
    assert done.result["version"] == versions[0].id
    assert client.uploads.get(upload.id).refused_count == 7
    first = next(client.versions.items(versions[0].id))
    last = next(client.versions.items(versions[0].id, offset=IMPORT_ROWS - 1))
    assert (first["text"], last["item_id"] - first["item_id"]) == ("message 0 about 0", IMPORT_ROWS - 1)


@dataclass
class Annotator:
    """Answers until nothing is left, through any failure, and remembers what was acknowledged."""

    client: Client
    project: int
    acknowledged: dict[str, int] = field(default_factory=dict)
    answered: threading.Event = field(default_factory=threading.Event)
    # Tasks of a reply that was lost with its sender come again under this name.
    name: str = field(default_factory=lambda: str(uuid.uuid4()))

    def work(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            leased = self._insist(lambda: self.client.annotations.lease(self.project, 5, sender=self.name), until)
            tasks = leased["tasks"]
            if not tasks:
                if not leased["remaining"]:
                    return
                # The others are at the last ones.
                assert time.monotonic() < until, "tasks are left, and nobody gets them"
                time.sleep(0.2)
                continue
            sent = [answer_to(task, {"label": [random.choice("ab")]}) for task in tasks]
            found = self._insist(lambda sent=sent: self.client.annotations.answer(self.project, sent), until)
            for result in found["results"]:
                assert result["status"] in {"saved", "duplicate"}, result
                self.acknowledged[result["client_key"]] = result["annotation"]
            self.answered.set()

    def _insist(self, call: Callable[[], object], until: float):
        while True:
            try:
                return call()
            except AssayError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)


def annotator_of(service: Service, number: int) -> Client:
    """Make an annotator and return their client."""
    email = f"annotator{number}@example.com"
    body = {"email": email, "role": "annotator", "name": f"Annotator {number}", "password": "correct horse battery"}
    service.client.request("POST", "members/", body=body)
    return Client(service.client.base_url, token_of(service.running, email), retries=8)


def test_labeling_survives(service: Service, tmp_path: Path) -> None:
    client = service.client
    dataset = client.datasets.create("labeling")
    upload = client.uploads.send(dataset.id, texts(tmp_path / "texts.jsonl", TASKS))
    version = service.wait(client.uploads.start_import(upload.id)).result["version"]
    schema = choice_schema(["a", "b"], "text")
    project, job = client.projects.create(version, "labeling", schema, suggest_every=0)
    service.wait(job)
    people = [Annotator(annotator_of(service, number), project.id) for number in range(3)]

    with ThreadPoolExecutor(len(people)) as pool:
        working = [pool.submit(person.work) for person in people]
        for part in KILLED:
            for person in people:
                person.answered.clear()
            assert people[0].answered.wait(PATIENCE), "nobody answers any more"
            service.kill(part)
        for each in working:
            each.result()

    acknowledged = {key: number for person in people for key, number in person.acknowledged.items()}
    with service.running.database() as connection:
        rows = connection.execute("SELECT client_key::text, id, task_id FROM labeling_annotation").fetchall()
    stored = {key: number for key, number, _task in rows}
    assert {key: number for key, number in acknowledged.items() if stored.get(key) != number} == {}
    assert len(rows) == len({task for _key, _number, task in rows}) == TASKS
    assert client.projects.get(project.id).progress["answers"] == TASKS


def first_messages(path: Path) -> Path:
    """Write the first rows of the SMS set: enough to be interrupted three times."""
    with gzip.open(SETS["sms_spam"].path, "rt", encoding="utf-8", newline="") as source:
        path.write_text("".join(line for line, _number in zip(source, range(TRAINING_ROWS + 1), strict=False)))
    return path


def test_a_training_survives(service: Service, tmp_path: Path) -> None:
    client = service.client
    dataset = client.datasets.create("training")
    upload = client.uploads.send(dataset.id, first_messages(tmp_path / "messages.csv"))
    imported = service.wait(client.uploads.start_import(upload.id)).result["version"]
    project, job = client.projects.create(imported, "training", choice_schema(["ham", "spam"], "text"))
    service.wait(job)
    published = service.wait(client.projects.publish(project.id, seed=3)).result["version"]
    training, job = client.trainings.start(published, "encoder-head", seed=3)

    # The web server last: the training goes on and may end while nobody can be asked about it.
    for part in sorted(KILLED, key="web server".__eq__):
        seen = service.wait_until_seen(job, lambda seen: seen.state == "running" and seen.done > 0)
        service.kill(part)
        if part != "web server":
            service.wait_until_seen(job, lambda now, before=seen.attempt: now.attempt > before)
    service.wait(job)

    done = client.trainings.get(training.id)
    with service.running.database() as connection:
        assert connection.execute("SELECT id, training_id FROM modeling_model").fetchall() == [(done.model, done.id)]
    assert done.report["macro_f1"] > 0.85
    numbers = [row["number"] for row in client.jobs.metrics(job.id)]
    assert numbers == sorted(set(numbers))
