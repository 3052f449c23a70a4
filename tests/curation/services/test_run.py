"""Runs that fail and are sent again, and plans that leave nothing."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.conf import settings
from django.test import Client

from accounts.actor import Actor
from accounts.models import User
from core.errors import Conflict, DomainError
from curation.engine.steps.base import Context, Outcome
from curation.engine.steps.table import STEPS
from curation.models import Finding, Run, Version
from curation.services.item import page_of_items
from curation.services.plan import preview
from curation.services.run import start_run
from curation.services.version import trash_version
from tests import factories
from tests.curation.engine.test_resume import Touchy
from tests.curation.services.test_import import import_, work
from workers.models import Job
from workers.services.job import retry_job

pytestmark = pytest.mark.django_db
ROWS = 25_000
CSV = "text\n" + "".join(f"text {number}\n" for number in range(1, ROWS + 1))
PLAN = {"steps": [{"name": "normalize_text"}, {"name": "touchy"}]}


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def touchy(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Touchy]]:
    """A step that raises on the items it is told, as one row more of the table."""
    monkeypatch.setitem(STEPS, "touchy", Touchy)
    Touchy.asked.clear()
    Touchy.failing.clear()
    yield Touchy
    Touchy.failing.clear()


def page(actor: Actor, run: Run) -> str:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client.get(f"/runs/{run.pk}/").content.decode()


def folders(job: Job) -> list[str]:
    return sorted(path.name for path in Path(settings.ASSAY_HOME, "work").glob(f"job-{job.pk}-*"))


def test_a_step_that_fails_says_where_and_its_job_goes_on_there(actor: Actor, touchy: type[Touchy]) -> None:
    touchy.failing.add(20_001)
    version = import_(actor, CSV).result["version"]
    run, job = start_run(actor=actor, version_id=version, steps=PLAN)
    work(job)
    assert (job.state, job.error["code"], job.error["item"], job.error["row"]) == (
        "failed", "step_failed", 20_001, 20_001,
    )  # fmt: skip
    assert job.error["detail"] == (
        "Step 2, “touchy”, failed on item 20001, row 20001 of what it got: ValueError: cannot digest text. "
        "Send the job again: it goes on behind the last rows that were done. "
        "If it fails there again, let the plan go on with such items as findings (on_error: find)."
    )
    assert Version.objects.count() == 1
    assert folders(job) == [f"job-{job.pk}-1"]
    assert "Go on where it stopped" in page(actor, run)
    touchy.failing.clear()
    touchy.asked.clear()
    work(retry_job(actor=actor, job_id=job.pk))
    job.refresh_from_db()
    assert (job.state, job.attempt, sum(touchy.asked)) == ("succeeded", 2, 5_000)
    run.refresh_from_db()
    assert (run.output.row_count, folders(job)) == (21_875, [])
    # As if nothing had happened.
    _again, whole = start_run(actor=actor, version_id=version, steps=PLAN)
    assert Version.objects.get(pk=work(whole).result["version"]).content_hash == run.output.content_hash
    assert "Go on where it stopped" not in page(actor, run)


def test_a_plan_can_go_on_with_items_on_which_a_step_fails(actor: Actor, touchy: type[Touchy]) -> None:
    touchy.failing |= {2, 8}
    version = import_(actor, "text\n" + "".join(f"text {number}\n" for number in range(1, 10))).result["version"]
    run, job = start_run(actor=actor, version_id=version, steps={**PLAN, "on_error": "find"})
    assert work(job).state == "succeeded"
    found = Finding.objects.filter(run=run).order_by("item_id").values_list("item_id", "step", "code", "detail")
    assert list(found) == [(item, "touchy", "step_failed", "ValueError: cannot digest text") for item in (2, 8)]
    assert len(page_of_items(actor=actor, version_id=job.result["version"])["results"]) == 9
    assert "A step failed on it" in page(actor, run)


def test_a_plan_that_leaves_nothing_says_which_step_it_was(actor: Actor) -> None:
    version = import_(actor, "text,label\na,-1\nb,-1\n").result["version"]
    steps = {"steps": [{"name": "normalize_text"}, {"name": "drop_invalid_label"}, {"name": "exact_duplicates"}]}
    run, job = start_run(actor=actor, version_id=version, steps=steps)
    assert work(job).error["detail"] == (
        "The plan dropped every item: step 2, “Drop invalid labels”, left none. Loosen it or leave it out."
    )
    shown = page(actor, run)
    assert job.error["title"] == "Nothing is left"
    assert "dropped the last 2 items" not in shown
    # The same plan on the same version would do so again.
    assert "Go on where it stopped" not in shown
    assert Version.objects.count() == 1
    # The report says it too, once the job is forgotten.
    Job.objects.filter(pk=job.pk).delete()
    assert "Step 2, “Drop invalid labels”, dropped the last 2 items, so there is no new version." in page(actor, run)
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    tried = client.post(
        f"/versions/{version}/curate/", {"plan": "steps:\n- name: drop_invalid_label\n", "preview": "1"}
    )
    assert "This step drops everything that is left of the sample." in tried.content.decode()


def test_a_version_in_the_trash_is_not_curated(actor: Actor) -> None:
    version = import_(actor, "text\nx\n").result["version"]
    trash_version(actor=actor, version_id=version)
    with pytest.raises(Conflict) as refused:
        start_run(actor=actor, version_id=version)
    assert refused.value.code == "version_trashed"
    assert Run.objects.count() == 0


def test_a_full_disk_makes_no_half_version_and_the_job_goes_on_when_there_is_room(
    actor: Actor, touchy: type[Touchy], monkeypatch: pytest.MonkeyPatch
) -> None:
    version = import_(actor, CSV).result["version"]
    run, job = start_run(actor=actor, version_id=version, steps=PLAN)
    full = Path(settings.ASSAY_HOME, "work", f"job-{job.pk}-1", "step-002", "00000002.rows")

    @dataclass(frozen=True, slots=True)
    class Filling(Touchy):
        """Fills the disk, once, for the third shard."""

        def apply(self, table: pa.Table, state: Any, context: Context) -> Outcome:
            if full.parent.exists() and not full.is_symlink():
                full.symlink_to("/dev/full")
            return Touchy.apply(self, table, state, context)

    monkeypatch.setitem(STEPS, "touchy", Filling)
    # One batch after the other, so that it is known when the folder is there.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0})
    work(job)
    assert (job.state, job.error["code"]) == ("failed", "disk_full")
    assert "Free some space and send the job again; it goes on where it stopped." in job.error["detail"]
    assert Version.objects.count() == 1
    assert "Go on where it stopped" in page(actor, run)
    monkeypatch.setitem(STEPS, "touchy", Touchy)
    touchy.asked.clear()
    work(retry_job(actor=actor, job_id=job.pk))
    job.refresh_from_db()
    assert (job.state, sum(touchy.asked), folders(job)) == ("succeeded", 5_000, [])


LEAKAGE = {"name": "split_leakage", "params": {"method": "near", "split_column": "", "threshold": 0.7}}


def leakage(benchmark: str) -> dict[str, Any]:
    return {"steps": [{**LEAKAGE, "params": {**LEAKAGE["params"], "benchmark": benchmark}}]}


def test_a_benchmark_is_another_version_of_the_organization(actor: Actor) -> None:
    version = import_(actor, "text\nwhat is seven times eight of these\nnothing like it\n").result["version"]
    bench = Version.objects.get(pk=import_(actor, "text\nWhat is seven times eight of those?\n").result["version"])
    plan = leakage(str(bench.pk))
    plan["steps"][0]["params"]["shingles"] = "word:1"
    rows, tried = preview(actor=actor, version_id=version, steps=plan)
    assert (rows, {code: count for code, (count, _rows) in tried[0].found.items()}) == (2, {"in_benchmark": 1})
    run, job = start_run(actor=actor, version_id=version, steps=plan)
    assert work(job).error is None
    # The run says what it was compared with by content, and so does its fingerprint.
    assert run.steps["steps"][0]["params"]["benchmark"] == bench.content_hash
    by_content, _job = start_run(actor=actor, version_id=version, steps=run.steps)
    assert by_content.fingerprint == run.fingerprint
    found = Finding.objects.get(run=run)
    assert (found.item_id, found.code) == (1, "in_benchmark")
    assert found.detail == "benchmark item 3, similarity 0.750: “What is seven times eight of those?”"
    # Its text stands beside the item where people review it.
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    assert "“What is seven times eight of those?”" in client.get(f"/runs/{run.pk}/review/").content.decode()


def test_a_benchmark_of_others_in_the_trash_or_the_version_itself_is_refused(actor: Actor) -> None:
    version = import_(actor, "text\none\n").result["version"]
    theirs = Version.objects.get(pk=import_(factories.owner("Others"), "text\ntwo\n").result["version"])
    trashed = import_(actor, "text\nthree\n").result["version"]
    trash_version(actor=actor, version_id=trashed)
    for name, code in (
        (str(theirs.pk), "benchmark_missing"),
        (theirs.content_hash, "benchmark_missing"),
        ("999999", "benchmark_missing"),
        (str(trashed), "version_trashed"),
        (str(version), "benchmark_is_input"),
    ):
        for call in (start_run, preview):
            with pytest.raises(DomainError) as refused:
                call(actor=actor, version_id=version, steps=leakage(name))
            assert refused.value.code == code
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    plan = f"steps:\n- name: split_leakage\n  params: {{benchmark: '{theirs.pk}'}}\n"
    shown = client.post(f"/versions/{version}/curate/", {"plan": plan, "preview": "1"})
    assert shown.status_code == 400
    assert f"Step 1: there is no version {theirs.pk} to compare with." in shown.content.decode()
