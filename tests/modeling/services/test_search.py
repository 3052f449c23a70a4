"""Searches by jobs on our own database: trials in the schema optuna, a training at the end, and nothing twice."""

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.models import Version
from modeling.engine.tuning.study import CUT_OFF, rows_of
from modeling.families import FAMILIES
from modeling.models import Search, Training
from modeling.services.search import PIECE, draw_trials_of, run_search_job, searchable_families, start_search
from modeling.services.trial_storage import connect_arguments, open_trials
from tests.modeling.conftest import running, taken
from workers.context import JobCancelled, JobContext
from workers.job_task import attempt
from workers.models import Job
from workers.services import job as jobs
from workers.services.job import cancel_job, retry_job
from workers.work_folder import pieces_folder

# Optuna has connections of its own, so rows must be committed.
pytestmark = pytest.mark.django_db(transaction=True)
QUICK = {"epochs": 2, "network": "cnn"}


def started(owner: Actor, version: Version, **more: Any) -> Search:
    chosen = {"family": "from-scratch", "trials": 3, "params": QUICK, **more}
    return taken(lambda: start_search(actor=owner, version_id=version.pk, **chosen))


def test_a_search_ends_with_a_training_of_the_best_settings(owner: Actor, version: Version) -> None:
    search = started(owner, version, seed=3, trial_seconds=60)
    with running(search.job) as job:
        first = run_search_job(job=job, search_id=search.pk)
        second = run_search_job(job=job, search_id=search.pk)
    assert first == second
    search.refresh_from_db()
    training = Training.objects.get()
    assert search.training == training
    assert training.params == {**QUICK, **search.best_params, "budget": 60}
    assert (training.family, training.seed, training.version_id) == ("from-scratch", 3, version.pk)
    trials = search.report["trials"]
    assert [row["number"] for row in trials] == [0, 1, 2]
    assert search.report["best_value"] == max(row["value"] for row in trials if row["state"] == "finished")
    assert [row.data["trial"] for row in job.job.metrics.order_by("number")] == [1, 2, 3]
    assert job.job.metrics.get(number=3).data["best"] == search.report["best_value"]
    assert not pieces_folder(job.job_id).exists()


def test_trials_lie_in_a_schema_of_our_database(owner: Actor, version: Version) -> None:
    search = started(owner, version, trials=1)
    with running(search.job) as job:
        run_search_job(job=job, search_id=search.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM optuna.trials JOIN optuna.studies USING (study_id) WHERE study_name LIKE %s",
            [f"search-{search.pk}-%"],
        )
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = 'trials'")
        assert cursor.fetchone() == (0,)


def stored_by_optuna() -> dict[str, int]:
    """Return how many rows each of Optuna's tables has; other tests leave some too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'optuna'")
        counts = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM optuna.{table}")
            counts[table] = cursor.fetchone()[0]
    return counts


def test_trials_go_with_their_search_and_others_stay(owner: Actor, version: Version) -> None:
    kept, gone = started(owner, version, trials=1), started(owner, version, trials=1)
    with open_trials(kept):
        pass
    before = stored_by_optuna()
    with running(gone.job) as job:
        run_search_job(job=job, search_id=gone.pk)
    assert stored_by_optuna()["trial_params"] > before["trial_params"]
    Search.objects.filter(pk=gone.pk).delete()
    # Whatever table Optuna has: nothing of the search is left, and all of the others is there.
    assert stored_by_optuna() == before


class CancelledAfterOne(JobContext):
    """An attempt that its owner cancels when the first trial is written."""

    owner: Actor

    def log_metric(self, number: int, data: dict[str, Any]) -> None:
        super().log_metric(number, data)
        if number == 1:
            cancel_job(actor=self.owner, job_id=self.job_id)
            self.save_state({})


def test_a_cancelled_search_goes_on_with_the_trials_that_are_missing(owner: Actor, version: Version) -> None:
    search = started(owner, version)
    CancelledAfterOne.owner = owner
    with CancelledAfterOne(Job.objects.get(pk=search.job_id)) as job, pytest.raises(JobCancelled):
        run_search_job(job=job, search_id=search.pk)
    assert jobs.confirm_cancel(job_id=job.job_id, attempt=job.attempt)
    with open_trials(search) as (study, _plan):
        assert len([trial for trial in study.trials if trial.state.is_finished()]) == 1
    taken(lambda: retry_job(actor=owner, job_id=job.job_id))
    with running(search.job) as job:
        run_search_job(job=job, search_id=search.pk)
    search.refresh_from_db()
    assert [row["number"] for row in search.report["trials"]] == [0, 1, 2]
    assert search.report["trials"][0]["state"] == "finished"


_WORKER = """
import sys, django
django.setup()
from django.db import connection
from django.test import Client
connection.settings_dict["NAME"] = sys.argv[2]
from modeling.models import Search
from modeling.services.search import draw_trials_of
from workers.context import JobContext
search = Search.objects.get(pk=int(sys.argv[1]))
with JobContext(search.job) as job:
    draw_trials_of(job=job, search_id=search.pk, owner=job.job_id, worker="worker-1")
"""


def test_a_killed_worker_leaves_a_failed_trial_and_the_search_goes_on(owner: Actor, version: Version) -> None:
    search = started(owner, version, trials=2, params={**QUICK, "epochs": 20, "patience": 20})
    arguments = [sys.executable, "-c", _WORKER, str(search.pk), str(connection.settings_dict["NAME"])]
    child = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 240
    try:
        with open_trials(search) as (study, _plan):
            while [row.state for row in rows_of(study)] != ["finished", "running"]:
                assert time.monotonic() < until, rows_of(study)
                assert child.poll() is None, child.communicate()[1]
                time.sleep(0.05)
    finally:
        child.kill()
        child.communicate()
    with running(search.job) as job:
        run_search_job(job=job, search_id=search.pk)
    search.refresh_from_db()
    assert [(row["state"], row["reason"]) for row in search.report["trials"]] == [
        ("finished", ""),
        ("failed", CUT_OFF),
    ]


def test_two_workers_share_the_trials(owner: Actor, version: Version) -> None:
    """One piece is done by another worker, as its message would have it, while the search's job does the other."""
    search = started(owner, version, trials=4, workers=2)
    pieces: list[dict[str, Any]] = []

    def other() -> None:
        from django.db import close_old_connections, connections

        try:
            for _look in range(600):
                row = Job.objects.filter(kind=PIECE, state="queued", piece="worker-1").first()
                begun = jobs.start(job_id=row.pk) if row else None
                if begun is not None:
                    pieces.append(attempt(lambda piece: draw_trials_of(job=piece, **piece.params), begun))
                    return
                threading.Event().wait(0.1)
        finally:
            close_old_connections()
            connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    with running(search.job) as job:
        run_search_job(job=job, search_id=search.pk)
    thread.join()
    search.refresh_from_db()
    assert pieces == [{"state": "succeeded"}]
    trials = search.report["trials"]
    assert [row["number"] for row in trials] == [0, 1, 2, 3]
    assert {row["worker"] for row in trials} <= {"worker-1", "worker-2"}
    assert set(Job.objects.filter(parent_id=search.job_id).values_list("state", flat=True)) == {"succeeded"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"family": "tfidf-linear", "params": {}}, "family_not_searched"),
        ({"family": "auto", "params": {}}, "family_not_searched"),
        ({"family": "tagger", "params": {}}, "family_unfit"),
        ({"family": "forest", "params": {}}, "family_unknown"),
        ({"trials": 0}, "search_out_of_range"),
        ({"workers": 9}, "search_out_of_range"),
        ({"trial_seconds": 0}, "search_out_of_range"),
        ({"params": {"epochs": 0}}, "param_out_of_range"),
    ],
)
def test_wrong_searches_are_refused(owner: Actor, version: Version, more: dict[str, Any], code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        started(owner, version, **more)
    assert refusal.value.code == code
    assert not Search.objects.exists()


def test_a_stranger_searches_nothing(stranger: Actor, version: Version) -> None:
    with pytest.raises(NotFound):
        start_search(actor=stranger, version_id=version.pk, family="from-scratch")


def test_every_setting_that_is_searched_may_be_set_in_a_training() -> None:
    from modeling.engine.tuning import SPACES
    from modeling.engine.tuning.space import Choice

    for family, space in SPACES.items():
        params = {param.name: param for param in FAMILIES[family].params}
        for name, part in space.items():
            ends = part.values if isinstance(part, Choice) else (part.low, part.high)
            assert [value for value in ends if not params[name].takes(value)] == [], (family, name)
    assert searchable_families("ner") == ["tagger"]
    assert searchable_families("table") == []


def test_optuna_reaches_the_database_that_django_uses() -> None:
    over_tcp = {
        "NAME": "a",
        "USER": "u",
        "PASSWORD": "p@:/",
        "HOST": "db",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require", "pool": {"min_size": 1}},
    }
    assert connect_arguments(over_tcp) == {
        "dbname": "a",
        "user": "u",
        "password": "p@:/",
        "host": "db",
        "port": "5433",
        "sslmode": "require",
        "options": "-csearch_path=optuna",
    }
    by_socket = {"NAME": "a", "USER": "", "PASSWORD": "", "HOST": "/run/db", "PORT": "", "OPTIONS": {}}
    assert connect_arguments(by_socket) == {"dbname": "a", "host": "/run/db", "options": "-csearch_path=optuna"}
    assert settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql"


def test_a_search_is_shown_and_started_by_page(owner: Actor, version: Version) -> None:
    from accounts.models import User

    search = started(owner, version)
    trials = [
        {"number": 0, "state": "finished", "params": {"dropout": 0.25}, "value": 0.5, "seconds": 1.0, "reason": ""},
        {"number": 1, "state": "failed", "params": {"dropout": 0.5}, "value": None, "seconds": 1.0, "reason": "<b>"},
    ]
    search.report = {
        "primary": "macro_f1",
        "best": 0,
        "best_value": 0.5,
        "default_value": 0.5,
        "trials": trials,
        # As JSON of the database has them: in the order of their lengths and letters.
        "importances": {"clip": 0.25, "dropout": 0.75},
    }
    search.save()
    client = Client()
    client.force_login(User.objects.get(pk=owner.user_id))
    page = client.get(f"/searches/{search.pk}/").content.decode()
    assert "+0.0 points against the defaults" in page
    assert "&lt;b&gt;" in page
    assert '[{"label": "dropout", "value": 75.0}, {"label": "longest gradient", "value": 25.0}]' in page
    assert "Search settings" in client.get("/trainings/new/").content.decode()
    form = {"version": version.pk, "goal": "", "family": "from-scratch", "seed": "1", "trials": "3", "workers": "2"}
    response = client.post("/searches/new/", form)
    made = Search.objects.latest("pk")
    assert (response.status_code, response.headers["Location"]) == (302, f"/searches/{made.pk}/")
    assert (made.trials, made.workers, made.trial_seconds, made.seed) == (3, 2, None, 1)
    assert client.post("/searches/new/", {**form, "trials": "0"}).status_code == 400
    assert client.post("/searches/new/", {**form, "family": "tfidf-linear"}).status_code == 400
