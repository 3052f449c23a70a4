from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.conf import settings

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.errors import Conflict, DomainError, NotFound
from curation.models import Dataset, Version
from curation.services.version import trash_version
from modeling.models import Model, Training
from modeling.services.trainable import trainable_versions
from modeling.services.training import run_training, start_training
from tests.modeling.conftest import add_version, running, taken
from workers.context import JobCancelled, JobContext
from workers.models import Job
from workers.services import job as jobs
from workers.services.job import cancel_job, retry_job

# The heartbeat of a job writes on a connection of its own, so the rows must be committed.
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_training_run_twice_keeps_one_model(owner: Actor, version: Version) -> None:
    training = taken(lambda: start_training(actor=owner, version_id=version.pk, family="encoder-head", seed=3))
    with running(training.job) as job:
        first = run_training(job=job, training_id=training.pk)
        second = run_training(job=job, training_id=training.pk)
    assert first == second
    model = Model.objects.get()
    training.refresh_from_db()
    assert model.labels == ["ham", "spam"]
    assert training.report["rows"] == 48
    assert training.report["macro_f1"] > 0.9
    assert training.report["comparison"]["baseline"]["rows"] == 48
    assert (training.encoder, training.device) == ("minilm", "cpu")
    assert list(job.job.metrics.order_by("number").values_list("number", flat=True))[:3] == [1, 2, 3]
    assert AuditEntry.objects.filter(action="model.keep").count() == 1
    assert not list(Path(settings.ASSAY_HOME, "work").glob(f"job-{training.job_id}*"))


def test_the_same_seed_gives_the_same_bytes(owner: Actor, version: Version) -> None:
    hashes = []
    for _run in range(2):
        training = taken(lambda: start_training(actor=owner, version_id=version.pk, family="tfidf-linear", seed=5))
        with running(training.job) as job:
            hashes.append(run_training(job=job, training_id=training.pk)["sha256"])
    assert hashes[0] == hashes[1]


class CancelledAtFive(JobContext):
    """An attempt that its owner cancels when the fifth epoch is written."""

    owner: Actor

    def log_metric(self, number: int, data: dict[str, Any]) -> None:
        super().log_metric(number, data)
        if number == 5:
            cancel_job(actor=self.owner, job_id=self.job_id)
            self.save_state({})


def test_a_cancelled_training_goes_on_from_its_last_epoch(owner: Actor, version: Version) -> None:
    params = {"patience": 1000, "epochs": 40}
    training = taken(lambda: start_training(actor=owner, version_id=version.pk, family="encoder-head", params=params))
    CancelledAtFive.owner = owner
    with CancelledAtFive(Job.objects.get(pk=training.job_id)) as job, pytest.raises(JobCancelled):
        run_training(job=job, training_id=training.pk)
    assert jobs.confirm_cancel(job_id=job.job_id, attempt=job.attempt)
    assert not Model.objects.exists()
    taken(lambda: retry_job(actor=owner, job_id=job.job_id))
    with running(training.job) as job:
        run_training(job=job, training_id=training.pk)
    attempts = dict(job.job.metrics.values_list("number", "attempt"))
    assert [attempts[number] for number in (4, 5, 6, 40)] == [1, 1, 2, 2]


def test_a_version_without_split_is_refused_with_the_mend(owner: Actor, version: Version, tmp_path: Path) -> None:
    table = pa.table({"item_id": pa.array([1, 2]), "text": ["a", "b"], "label": ["x", "y"]})
    bare = add_version(owner, version.dataset, table, tmp_path / "bare")
    with pytest.raises(DomainError) as refusal:
        start_training(actor=owner, version_id=bare.pk, family="encoder-head")
    assert refusal.value.code == "version_without_split"
    assert list(trainable_versions(actor=owner)) == [version]


def test_one_label_is_refused(owner: Actor, version: Version, tmp_path: Path) -> None:
    table = pa.table(
        {"item_id": pa.array([1, 2, 3]), "text": ["a", "b", "c"], "label": ["x"] * 3, "split": ["train"] * 3}
    )
    single = add_version(owner, version.dataset, table, tmp_path / "single")
    with pytest.raises(DomainError) as refusal:
        start_training(actor=owner, version_id=single.pk, family="encoder-head")
    assert refusal.value.code == "version_one_label"


def test_a_label_that_is_only_tested_fails_the_job_with_a_sentence(
    owner: Actor, version: Version, tmp_path: Path
) -> None:
    table = pa.table(
        {
            "item_id": pa.array(range(1, 6)),
            "text": ["a", "b", "c", "d", "e"],
            "label": ["x", "y", "x", "z", "y"],
            "split": ["train", "train", "validation", "test", "test"],
        }
    )
    torn = add_version(owner, version.dataset, table, tmp_path / "torn")
    training = taken(lambda: start_training(actor=owner, version_id=torn.pk, family="tfidf-linear"))
    with pytest.raises(DomainError) as refusal, running(training.job) as job:
        run_training(job=job, training_id=training.pk)
    assert refusal.value.code == "bad_training_data"
    assert "'z'" in refusal.value.detail


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"epochs": 0}, "param_out_of_range"),
        ({"epochs": 1.5}, "param_out_of_range"),
        ({"learning_rate": True}, "param_out_of_range"),
        ({"encoder": "gpt"}, "param_out_of_range"),
        ({"threads": 64}, "param_unknown"),
    ],
)
def test_wrong_params_are_refused(owner: Actor, version: Version, params: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        start_training(actor=owner, version_id=version.pk, family="encoder-head", params=params)
    assert refusal.value.code == code
    assert not Training.objects.exists()


def test_a_stranger_trains_on_nothing(stranger: Actor, version: Version) -> None:
    with pytest.raises(NotFound):
        start_training(actor=stranger, version_id=version.pk, family="encoder-head")


def test_a_dataset_in_the_trash_is_not_trained_on(owner: Actor, version: Version) -> None:
    from django.utils import timezone

    Dataset.objects.update(deleted_at=timezone.now())
    with pytest.raises(NotFound):
        start_training(actor=owner, version_id=version.pk, family="encoder-head")
    assert not trainable_versions(actor=owner).exists()


def test_families_are_those_of_the_engine() -> None:
    from modeling.engine.tasks import TASKS
    from modeling.engine.training import FAMILIES as ENGINE_FAMILIES
    from modeling.families import AUTO, FAMILIES, TASK_TITLES

    assert {name: (family.exportable, family.tasks) for name, family in FAMILIES.items() if name != AUTO} == {
        name: (family.exportable, family.tasks) for name, family in ENGINE_FAMILIES.items()
    }
    assert set(FAMILIES[AUTO].tasks) == set(TASKS) == set(TASK_TITLES)


def test_a_version_in_the_trash_is_not_trained_on(owner: Actor, version: Version) -> None:
    trash_version(actor=owner, version_id=version.pk)
    with pytest.raises(Conflict) as refusal:
        start_training(actor=owner, version_id=version.pk, family="encoder-head")
    assert refusal.value.code == "version_trashed"
    assert not Training.objects.exists()
    assert list(trainable_versions(actor=owner)) == []
