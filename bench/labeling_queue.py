"""How fast annotators get tasks and have answers saved, over HTTP against a real web server and database.

    make bench ARGS="labeling_queue"                          10,000 tasks, 32 annotators without think time, 20 s
    python bench/labeling_queue.py --tasks 100000 --overlap 2 --answered 50000
    python bench/labeling_queue.py --prefetch 1               one request for each task, one for each answer
    python bench/labeling_queue.py --think 0.5                people who look at a text for half a second

It starts its own database (durable, as in production) and web server in a temporary folder. Each annotator keeps one
connection, leases `prefetch` tasks when two are left, and sends every answer on its own, as the page does. Processor
time is that of the web server's and the database's processes, read before and after.
"""

import argparse
import http.client
import json
import os
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runner import services  # noqa: E402  (the repository is not installed)
from runner.home import Home  # noqa: E402
from runner.postgres import PostgresServer  # noqa: E402


@dataclass
class Annotator:
    """One client: its token, what it was given, what was acknowledged, how long it waited."""

    secret: str
    person: int
    given: list[int] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    leases: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def work(self, port: int, project: int, prefetch: int, until: float, think: float = 0.0) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        tasks: list[dict[str, Any]] = []
        chance = random.Random(self.person)
        # People do not come in the same instant.
        time.sleep(think * prefetch * chance.random())
        while time.monotonic() < until:
            if len(tasks) <= min(2, prefetch - 1):
                body = {"count": prefetch, "holding": [task["id"] for task in tasks]}
                answer = self.call(connection, f"/api/v1/projects/{project}/lease/", body, self.leases)
                if not answer or not (answer["tasks"] or tasks):
                    break
                tasks += answer["tasks"]
                self.given += [task["id"] for task in answer["tasks"]]
            task, key = tasks.pop(0), str(uuid.uuid4())
            if think:
                time.sleep(think * (0.5 + chance.random()))
            row = {"client_key": key, "task": task["id"], "lease": task["lease"]["token"], "seconds": 1.5}
            row["answer"] = {"label": ["spam" if task["id"] % 7 == 0 else "ham"]}
            answer = self.call(connection, f"/api/v1/projects/{project}/answers/", {"answers": [row]}, self.submits)
            if answer and answer["results"][0]["status"] == "saved":
                self.saved.append(key)
            else:
                self.errors.append(str(answer))
        connection.close()

    def call(self, connection: Any, path: str, body: Any, times: list[float]) -> Any:
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        data = response.read()
        times.append(time.perf_counter() - began)
        if response.status != 200:
            self.errors.append(f"{response.status} {data[:200]!r}")
            return None
        return json.loads(data)


def prepare(arguments: argparse.Namespace) -> tuple[int, list[Annotator]]:
    """Make organization, people, version, project and tasks, with the product's own code; return project and people."""
    import pyarrow as pa

    from accounts.models import Membership, User
    from accounts.services.actor import actor_of_session
    from accounts.services.organization import create_organization
    from accounts.services.token import create_token
    from curation.engine.writer import VersionWriter
    from curation.services.dataset import create_dataset
    from curation.services.version import commit_version
    from labeling.services.project import create_project, schema_for_labels
    from labeling.services.task import make_tasks
    from workers.context import JobContext
    from workers.models import Job
    from workers.services import job as jobs

    person = User.objects.create(email="owner@example.com")
    organization, owner = create_organization(name="Bench", owner=person)
    dataset = create_dataset(actor=owner, name="texts")
    job = Job.objects.create(organization=organization, kind="curation.import_file", title="import")
    with tempfile.TemporaryDirectory() as folder:
        writer = VersionWriter(Path(folder), roles={"text": "text"})
        for start in range(0, arguments.tasks, 50_000):
            ids = range(start + 1, min(start + 50_000, arguments.tasks) + 1)
            texts = [f"Item {number}: a short text of about eighty characters, as messages have." for number in ids]
            writer.write(pa.table({"item_id": pa.array(ids, pa.int64()), "text": texts}))
        context = JobContext(jobs.start(job_id=job.pk) or job)
        version = commit_version(
            job=context, dataset=dataset, parent=None, kind="import", folder=Path(folder), manifest=writer.finish()
        )
    project, job = create_project(
        actor=owner,
        version_id=version.pk,
        name="bench",
        schema=schema_for_labels(labels=["ham", "spam"], text_field="text"),
        overlap=arguments.overlap,
        suggest_every=0,
    )
    began, cpu = time.perf_counter(), time.process_time()
    make_tasks(job=JobContext(jobs.start(job_id=job.pk) or job), project_id=project.pk)
    figures = f"{time.perf_counter() - began:.1f} s, {time.process_time() - cpu:.1f} s of the worker's processor"
    print(f"{arguments.tasks:,} tasks made in {figures}")
    people = []
    for number in range(arguments.annotators):
        user = User.objects.create(email=f"annotator{number}@example.com")
        Membership.objects.create(organization=organization, user=user, role="annotator")
        actor = actor_of_session(user_id=user.pk, organization_id=organization.pk)
        assert actor is not None
        people.append(Annotator(create_token(actor=actor, name="bench", scopes=["label"])[1], user.pk))
    return project.pk, people


def answer_beforehand(project: int, people: list[Annotator], count: int) -> None:
    """Let the first annotator have answered the first tasks alone, through the services."""
    from accounts.models import Membership
    from accounts.services.actor import actor_of_session
    from labeling.services.answer import save_answers
    from labeling.services.queue import lease_tasks

    who = people[0].person
    actor = actor_of_session(user_id=who, organization_id=Membership.objects.get(user_id=who).organization_id)
    assert actor is not None
    for _batch in range(0, count, 50):
        tasks = lease_tasks(actor=actor, project_id=project, count=50, holding=[])["tasks"]
        rows = [{"client_key": str(uuid.uuid4()), "task": t["id"], "answer": {"label": ["ham"]}} for t in tasks]
        save_answers(actor=actor, project_id=project, answers=rows)


def processor_seconds(pid: int) -> float:
    import psutil

    parent = psutil.Process(pid)
    total = 0.0
    for process in [parent, *parent.children(recursive=True)]:
        times = process.cpu_times()
        total += times.user + times.system
    return total


def check(project: int, people: list[Annotator], overlap: int) -> tuple[int, int, int]:
    """Return how many tasks went out beyond the overlap, how many twice to one person, how many answers were lost."""
    from labeling.models import Annotation

    counts: dict[int, int] = {}
    for person in people:
        for task in set(person.given):
            counts[task] = counts.get(task, 0) + 1
    beyond = sum(count > overlap for count in counts.values())
    twice = sum(len(person.given) - len(set(person.given)) for person in people)
    kept = {str(key) for key in Annotation.objects.filter(project=project).values_list("client_key", flat=True)}
    lost = sum(key not in kept for person in people for key in person.saved)
    return beyond, twice, lost


def milliseconds(times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95) - 1] if ordered else 0
    return f"p50 {statistics.median(ordered) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms" if ordered else "none"


def measure(arguments: argparse.Namespace, database: PostgresServer, web: Any, port: int) -> None:
    project, people = prepare(arguments)
    if arguments.answered:
        answer_beforehand(project, people, arguments.answered)
    people[0].work(port, project, arguments.prefetch, time.monotonic() + 1)
    before = [processor_seconds(web.pid), processor_seconds(database.child.pid)]
    done_before = sum(len(person.saved) for person in people)
    for person in people:
        person.leases, person.submits = [], []
    began = time.monotonic()
    ends = began + arguments.seconds
    threads = [
        threading.Thread(target=person.work, args=(port, project, arguments.prefetch, ends, arguments.think))
        for person in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    spent = [processor_seconds(web.pid) - before[0], processor_seconds(database.child.pid) - before[1]]
    labels = sum(len(person.saved) for person in people) - done_before
    beyond, twice, lost = check(project, people, arguments.overlap)
    errors = [error for person in people for error in person.errors]
    who = f"{arguments.annotators} annotators, {arguments.think} s of thought"
    print(f"{who}, overlap {arguments.overlap}, {arguments.prefetch} tasks a lease")
    print(f"labels          {labels:,} in {wall:.1f} s: {labels / wall:.1f} a second")
    print(f"next            {milliseconds([t for person in people for t in person.leases])}")
    print(f"submit          {milliseconds([t for person in people for t in person.submits])}")
    each = [seconds / max(1, labels) * 1000 for seconds in spent]
    print(f"processor       {sum(each):.2f} ms a label (web {each[0]:.2f}, database {each[1]:.2f})")
    print(f"beyond overlap  {beyond}, twice to one person {twice}, acknowledged and lost {lost}, errors {len(errors)}")
    for error in errors[:3]:
        print(f"  {error}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--annotators", type=int, default=32)
    parser.add_argument("--overlap", type=int, default=1)
    parser.add_argument("--prefetch", type=int, default=8)
    parser.add_argument("--answered", type=int, default=0, help="tasks that the first annotator has answered before")
    parser.add_argument("--think", type=float, default=0.0, help="seconds a person looks at a text, on average")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        home.prepare()
        database = PostgresServer(home)
        database.start()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        addresses = {"DATABASE_URL": database.url, "BROKER_URL": "redis+socket:///nonexistent"}
        environment = services.environment(home, addresses, base_url=f"http://127.0.0.1:{port}", port=port)
        environment["ASSAY_SECRET_KEY"] = home.secret.read_text().strip()
        os.environ.update(environment)
        web = services.web(home, environment, "127.0.0.1", port)
        try:
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            web.start()
            wait_for(port)
            measure(arguments, database, web, port)
        finally:
            web.stop()
            database.stop()


def wait_for(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The web server did not start.")


if __name__ == "__main__":
    main()
