"""The review page and one answer at 100,000 and at a million questions: p50 and p95 in milliseconds.

    make bench ARGS="review_counts"
    python bench/review_counts.py --questions 100000 --times 40

It starts a database of its own and makes one run with that many questions about two items each, half of them decided
by one rule, then asks for pages in this process, as a signed-in person, without the network: what is measured is Django
and PostgreSQL. Beside it stands what counting the questions in the request would cost.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runner import services  # noqa: E402  (the repository is not installed)
from runner.home import Home  # noqa: E402
from runner.postgres import PostgresServer  # noqa: E402

QUESTIONS = """
INSERT INTO curation_question (organization_id, run_id, number, step, code, key, size, state, replayed, decision_id,
  created_at, updated_at)
SELECT %(organization)s, %(run)s, n, 'conflicting_labels', 'label_conflict', md5(n::text), 2,
  CASE WHEN n %% 2 = 0 THEN 'decided' ELSE 'open' END, false, d.id, now(), now()
FROM generate_series(1, %(rows)s) n LEFT JOIN curation_decision d ON d.run_id = %(run)s AND d.key = md5(n::text)
"""
DECISIONS = """
INSERT INTO curation_decision (organization_id, dataset_id, run_id, step, code, key, verdict, bulk, made_by_id, made_at)
SELECT %(organization)s, %(dataset)s, %(run)s, 'conflicting_labels', 'label_conflict', md5(n::text),
  '{"action": "keep"}', %(bulk)s, %(user)s, now()
FROM generate_series(2, %(rows)s, 2) n
"""
FINDINGS = """
INSERT INTO curation_finding (organization_id, run_id, question_id, step, code, item_id, "group", detail, text_key,
  content_key, length, label, state)
SELECT organization_id, run_id, id, step, code, 1 + (number + side) %% 2, number, '', '', '', 4, 'a', 'open'
FROM curation_question, generate_series(0, 1) side WHERE run_id = %(run)s
"""
COUNTS = """
INSERT INTO curation_questioncount (organization_id, run_id, code, total, decided)
VALUES (%(organization)s, %(run)s, 'label_conflict', %(rows)s, %(rows)s / 2)
"""
BULK = """
INSERT INTO curation_bulkcount (organization_id, run_id, bulk, code, standing, made_by_id, made_at)
VALUES (%(organization)s, %(run)s, %(bulk)s, 'label_conflict', %(rows)s / 2, %(user)s, now())
"""


def prepare(rows: int) -> tuple[Any, Any]:
    """Make a version of two items, a run on it and its questions; return actor and run."""
    import pyarrow as pa
    from django.db import connection

    from accounts.models import User
    from accounts.services.organization import create_organization
    from curation.engine.writer import VersionWriter
    from curation.models import Run
    from curation.services.dataset import create_dataset
    from curation.services.version import commit_version
    from workers.context import JobContext
    from workers.models import Job

    user = User.objects.create(email=f"{uuid.uuid4()}@example.com", name="Ann Ames")
    actor = create_organization(name="Bench", owner=user)[1]
    dataset = create_dataset(actor=actor, name=f"bench {rows}")
    job = Job.objects.create(organization_id=actor.organization_id, kind="curation.import_file", state="running")
    with tempfile.TemporaryDirectory() as folder:
        writer = VersionWriter(Path(folder), roles={"text": "text", "label": "label"})
        writer.write(pa.table({"item_id": pa.array([1, 2], pa.int64()), "text": ["one", "two"], "label": ["a", "b"]}))
        version = commit_version(
            job=JobContext(job), dataset=dataset, parent=None, kind="import", folder=Path(folder),
            manifest=writer.finish(),
        )  # fmt: skip
    report = {"before": {"rows": 2, "labels": []}, "after": {"rows": 2, "labels": []}, "steps": []}
    run = Run.objects.create(
        organization_id=actor.organization_id, steps={"steps": []}, fingerprint="", input=version, report=report
    )
    values = {
        "organization": actor.organization_id,
        "dataset": dataset.pk,
        "run": run.pk,
        "rows": rows,
        "bulk": uuid.uuid4(),
        "user": user.pk,
    }
    with connection.cursor() as cursor:
        for statement in (DECISIONS, QUESTIONS, FINDINGS, COUNTS, BULK):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE")
    return actor, run


def milliseconds(times: int, ask: Callable[[], Any]) -> str:
    taken = []
    for _time in range(times + 3):
        began = time.perf_counter()
        ask()
        taken.append(1000 * (time.perf_counter() - began))
    taken = sorted(taken[3:])
    return f"p50 {taken[times // 2]:6.1f} ms, p95 {taken[int(times * 0.95) - 1]:6.1f} ms"


def measure(rows: int, times: int) -> None:
    from django.db.models import Count
    from django.test import Client

    from accounts.models import User
    from curation.models import Question
    from curation.services.finding import decide_question
    from curation.services.question_count import question_counts

    actor, run = prepare(rows)
    client = Client(HTTP_HOST="127.0.0.1")
    # A line a request on standard error would hide the figures.
    logging.getLogger("assay.request").setLevel(logging.WARNING)
    client.force_login(User.objects.get(pk=actor.user_id))
    numbers = iter(range(1, rows, 2))
    counted = Question.objects.filter(run=run).values("code", "state").annotate(rows=Count("pk"))

    def page() -> None:
        assert client.get(f"/runs/{run.pk}/review/").status_code == 200

    def answer() -> None:
        decide_question(actor=actor, run_id=run.pk, number=next(numbers), action="keep")

    print(f"{rows:,} questions")
    print(f"  review page            {milliseconds(times, page)}")
    print(f"  one answer             {milliseconds(times, answer)}")
    print(f"  the counts             {milliseconds(times, lambda: question_counts(run))}")
    print(f"  counting in the request {milliseconds(5, lambda: list(counted.all()))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-bench-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder))
        home.prepare()
        database = PostgresServer(home)
        database.start()
        addresses = {"DATABASE_URL": database.url, "BROKER_URL": "redis+socket:///nonexistent"}
        os.environ.update(services.environment(home, addresses, base_url="http://127.0.0.1:1", port=1))
        os.environ["ASSAY_SECRET_KEY"] = home.secret.read_text().strip()
        try:
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            print(f"{os.cpu_count()} cores, Django {django.get_version()}, Python {sys.version.split()[0]}")
            for rows in options.questions:
                measure(rows, options.times)
        finally:
            database.stop()


if __name__ == "__main__":
    main()
