"""The page of answers at a million of them: p50 and p95 of each filter over HTTP, signed in as a person.

    python bench/answers_page.py [--answers 1000000]

A web server and PostgreSQL are started as the tests start them. The last line is JSON.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

# As a script Python finds its neighbours; pytest does not.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _served import measure_in_service, milliseconds, spread, tell

TRIES = 12
FILL = """
WITH t AS (
  INSERT INTO labeling_task (project_id, item_id, data, rank, overlap, open_slots)
  SELECT %(project)s, n, jsonb_build_object('text', 'message number ' || n), 0, 1, 0
  FROM generate_series(1, %(count)s) n RETURNING id, item_id)
INSERT INTO labeling_annotation (project_id, task_id, annotator_id, answer, skipped, reason, seconds,
  accepted_suggestion, client_key, revision, created_at, updated_at)
SELECT %(project)s, id, %(annotator)s,
  jsonb_build_object('label', jsonb_build_array(CASE WHEN item_id = 5 THEN 'rare' ELSE 'ham' END)), false, '', 1,
  false, gen_random_uuid(), 1, now(), now() FROM t ORDER BY item_id
"""


def test_measure(live_service: Any) -> None:
    """Collected by pytest alone, through `main`, for the fixtures that start the service."""
    from django.conf import settings
    from django.db import connection

    from labeling.models import Progress
    from tests import factories
    from tests.e2e.test_labeling_page import session_of

    count = int(os.environ["ASSAY_BENCH_ANSWERS"])
    ann = factories.owner("Bench")
    project = factories.project(ann, labels=("ham", "spam", "rare"))
    Progress.objects.create(project=project, annotator_id=ann.user_id, answers=count)
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"project": project.pk, "count": count, "annotator": ann.user_id})
        cursor.execute("ANALYZE labeling_annotation, labeling_task")
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(ann.user_id)}"
    queries = {
        "all": "",
        "common label": "label=label%3Dham",
        "rare label": "label=label%3Drare",
        "skipped": "state=skipped",
        "person and label": f"person={ann.user_id}&label=label%3Drare",
        "text": "text=number+77",
        "text that is nowhere": "text=zebra",
        "last year": "until=2020-01-01",
    }
    page = f"{live_service.url}/projects/{project.pk}/results/"
    result = {name: spread(milliseconds(f"{page}?{query}", cookie, TRIES)) for name, query in queries.items()}
    tell({"answers": count, "milliseconds": result})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--result", type=Path, default=Path("/tmp/answers_page.json"))
    chosen = parser.parse_args()
    result = measure_in_service(__file__, chosen.result, {"ASSAY_BENCH_ANSWERS": str(chosen.answers)})
    for name, times in result["milliseconds"].items():
        print(f"{name}: p50 {times['p50']:.0f} ms, p95 {times['p95']:.0f} ms")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
