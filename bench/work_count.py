"""Counting the work of a project and showing it: seconds of the count, p50 and p95 of the page over HTTP.

    python bench/work_count.py [--answers 1000000]

Thirty people over ninety days. A web server and PostgreSQL are started as the tests start them; the count runs in this
process as the worker would run it. The last line is JSON.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

# As a script Python finds its neighbours; pytest does not.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _served import measure_in_service, milliseconds, spread, tell

TRIES = 20
PEOPLE = 30
DAYS = 90
FILL = """
WITH t AS (
  INSERT INTO labeling_task (project_id, item_id, data, rank, overlap, open_slots)
  SELECT %(project)s, n, jsonb_build_object('text', 'message number ' || n), 0, 1, 0
  FROM generate_series(1, %(count)s) n RETURNING id, item_id)
INSERT INTO labeling_annotation (project_id, task_id, annotator_id, answer, skipped, reason, seconds,
  accepted_suggestion, client_key, revision, created_at, updated_at)
SELECT %(project)s, id, (%(people)s::bigint[])[1 + item_id %% cardinality(%(people)s::bigint[])],
  jsonb_build_object('label', jsonb_build_array(CASE WHEN item_id %% 3 = 0 THEN 'spam' ELSE 'ham' END)), false, '',
  1 + item_id %% 17, false, gen_random_uuid(), 1, at, at
FROM t, LATERAL (SELECT now() - make_interval(mins => item_id::int %% %(minutes)s) AS at) moment ORDER BY item_id
"""


def test_measure(live_service: Any) -> None:
    """Collected by pytest alone, through `main`, for the fixtures that start the service."""
    from django.conf import settings
    from django.db import connection

    from labeling.models import Progress
    from labeling.services.work import count_again
    from labeling.services.work_count import run_count
    from tests import factories
    from tests.e2e.test_labeling_page import eventually, session_of
    from tests.labeling.versions import start
    from workers.models import Job

    count = int(os.environ["ASSAY_BENCH_ANSWERS"])
    ann = factories.owner("Bench")
    project = factories.project(ann, labels=("ham", "spam"))
    people = [factories.member(ann, "annotator").user_id for _number in range(PEOPLE)]
    for person in people:
        Progress.objects.create(project=project, annotator_id=person)
    values = {"project": project.pk, "count": count, "people": people, "minutes": DAYS * 24 * 60}
    with connection.cursor() as cursor:
        cursor.execute(FILL, values)
        cursor.execute("ANALYZE labeling_annotation, labeling_task")
    sent = count_again(actor=ann, project_id=project.pk).job
    eventually(lambda: Job.objects.get(pk=sent.pk).finished_at is not None)
    job = factories.job(ann)
    began = time.perf_counter()
    found = run_count(job=start(job), project_id=project.pk)
    seconds = time.perf_counter() - began
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(ann.user_id)}"
    page = f"{live_service.url}/projects/{project.pk}/work/"
    first = time.strftime("%Y-%m-%d", time.gmtime(time.time() - (DAYS - 1) * 86_400))
    result = {
        name: spread(milliseconds(f"{page}{query}", cookie, TRIES))
        for name, query in {"30 days": "", "90 days": f"?since={first}", "table": f"table/?since={first}"}.items()
    }
    tell({"answers": count, "days": found["days"], "seconds": seconds, "milliseconds": result})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--result", type=Path, default=Path("/tmp/work_count.json"))
    chosen = parser.parse_args()
    result = measure_in_service(__file__, chosen.result, {"ASSAY_BENCH_ANSWERS": str(chosen.answers)})
    print(f"{result['answers']:,} answers counted in {result['seconds']:.1f} s into {result['days']:,} rows")
    for name, times in result["milliseconds"].items():
        print(f"{name}: p50 {times['p50']:.0f} ms, p95 {times['p95']:.0f} ms")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
