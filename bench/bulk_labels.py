"""Bulk answers: one answer to many items by a job and its undoing, 500 in one request, and pages of the grid over HTTP.

    python bench/bulk_labels.py [--tasks 100000]

A web server, a worker and PostgreSQL are started as the tests start them. Half of the tasks are answered before the
pages are measured, so that looking for open ones has something to pass over. The last line is JSON.
"""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

# As a script Python finds its neighbours; pytest does not.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _served import measure_in_service, milliseconds, spread, tell

TRIES = 20
AT_ONCE = 500
FILL = """
INSERT INTO labeling_task (project_id, item_id, data, rank, overlap, open_slots)
SELECT %(project)s, n, jsonb_build_object('text', 'message number ' || n), 0, 1, 1 FROM generate_series(1, %(count)s) n
"""
SUGGEST = """
INSERT INTO labeling_suggestion (project_id, task_id, source, answer, confidence, created_at)
SELECT project_id, id, 'bench', '{"label": ["ham"]}', 0.9, now() FROM labeling_task WHERE project_id = %(project)s
"""
PAGES = {
    "all": "",
    "open": "state=open",
    "open for me": "state=todo",
    "label": "label=label%3Dspam",
    "label that nobody gave": "label=label%3Drare",
    "suggested": "suggested=label%3Dham&least=0.8",
    "suggested, none": "suggested=label%3Drare",
    "text": "q=number+77",
    "text that is nowhere": "q=zebra",
}


def wait_for(bulk: Any, state: str) -> None:
    """Wait until a bulk has come to a state, ten minutes at most."""
    until = time.monotonic() + 600
    while type(bulk).objects.get(pk=bulk.pk).state != state:
        assert time.monotonic() < until, f"the job never came to {state}"
        time.sleep(0.05)


def test_measure(live_service: Any) -> None:
    """Collected by pytest alone, through `main`, for the fixtures that start the service."""
    from django.conf import settings
    from django.db import connection

    from curation.services.explorer import execute_index
    from labeling.models import Annotation, Project
    from labeling.services.bulk import Order, start_bulk
    from labeling.services.bulk_undo import undo_bulk
    from tests import factories
    from tests.e2e.test_labeling_page import session_of
    from tests.labeling.versions import start, version

    count = int(os.environ["ASSAY_BENCH_TASKS"])
    ann = factories.owner("Bench")
    made = version(ann, {"text": [f"message number {n}" for n in range(1, count + 1)]})
    execute_index(job=start(factories.job(ann)), version_id=made.pk)
    project = factories.project(ann, version=made, labels=("ham", "spam", "rare"), suggest_every=0)
    values = {"project": project.pk, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(FILL, values)
        cursor.execute(SUGGEST, values)
        cursor.execute("ANALYZE labeling_task, labeling_suggestion")
    Project.objects.filter(pk=project.pk).update(task_count=count)
    result: dict[str, Any] = {"tasks": count}

    began = time.perf_counter()
    bulk = start_bulk(actor=ann, project_id=project.pk, order=Order({"label": ["ham"]}, wanted={}))
    wait_for(bulk, "done")
    result["job_seconds"] = time.perf_counter() - began
    assert Annotation.objects.filter(project=project).count() == count
    began = time.perf_counter()
    undo_bulk(actor=ann, bulk_id=bulk.pk)
    wait_for(bulk, "undone")
    result["undo_seconds"] = time.perf_counter() - began
    assert not Annotation.objects.filter(project=project).exists()

    times: dict[str, list[float]] = {"give": [], "undo": []}
    for number in range(TRIES):
        items = list(range(number * AT_ONCE + 1, (number + 1) * AT_ONCE + 1))
        began = time.perf_counter()
        one = start_bulk(actor=ann, project_id=project.pk, order=Order({"label": ["spam"]}, items))
        times["give"].append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        undo_bulk(actor=ann, bulk_id=one.pk)
        times["undo"].append(1000 * (time.perf_counter() - began))
    result["at_once"] = {name: spread(each) for name, each in times.items()}

    half = Order({"label": ["spam"]}, list(range(1, min(10_000, count // 2) + 1)))
    bulk = start_bulk(actor=ann, project_id=project.pk, order=half)
    wait_for(bulk, "done")
    cookie = f"{settings.SESSION_COOKIE_NAME}={session_of(ann.user_id)}"
    for kind, path in (
        ("pages", f"/projects/{project.pk}/grid/"),
        ("counts", f"/api/v1/projects/{project.pk}/bulk/count/"),
    ):
        result[kind] = {
            name: spread(milliseconds(f"{live_service.url}{path}?{query}", cookie, TRIES))
            for name, query in PAGES.items()
        }
    tell(result)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--result", type=Path, default=Path("/tmp/bulk_labels.json"))
    chosen = parser.parse_args()
    result = measure_in_service(__file__, chosen.result, {"ASSAY_BENCH_TASKS": str(chosen.tasks)})
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors")
    for name in ("job", "undo"):
        seconds = result[f"{name}_seconds"]
        print(f"{name} of {result['tasks']:,}: {seconds:.1f} s, {result['tasks'] / seconds:,.0f} a second")
    for name, times in result["at_once"].items():
        print(f"{name} {AT_ONCE} in one request: p50 {times['p50']:.0f} ms, p95 {times['p95']:.0f} ms")
    for kind in ("pages", "counts"):
        for name, times in result[kind].items():
            print(f"{kind}, {name}: p50 {times['p50']:.0f} ms, p95 {times['p95']:.0f} ms")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
