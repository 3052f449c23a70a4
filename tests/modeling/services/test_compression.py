"""Searches for smaller models by jobs: candidates kept, one press to a bundle, and nothing twice."""

from typing import Any

import pytest

from accounts.actor import Actor
from core import objects
from core.errors import Conflict, DomainError, NotFound
from curation.models import Version
from modeling.models import Bundle, Compression, Model, Training
from modeling.services.bundle import run_export
from modeling.services.compression import export_candidate, run_compression, run_keep, start_compression
from modeling.services.deployment import deploy
from modeling.services.lineage import item_lineage
from modeling.services.prediction import predict
from modeling.services.trainable import Goal, unlabeled_texts
from tests.modeling.conftest import running, taken
from workers.context import JobCancelled, JobContext
from workers.services import job as jobs
from workers.services.job import cancel_job

pytestmark = pytest.mark.django_db(transaction=True)


def started(owner: Actor, model: Model, **more: Any) -> Compression:
    return taken(lambda: start_compression(actor=owner, model_id=model.pk, **more))


def test_a_search_measures_its_candidates_and_proposes_one(owner: Actor, model: Model) -> None:
    search = started(owner, model, limit_drop=30, recipes=["static-64", "int8"])
    with running(search.job) as job:
        first = run_compression(job=job, compression_id=search.pk)
        assert run_compression(job=job, compression_id=search.pk) == first
    search.refresh_from_db()
    report = search.report
    assert [row["name"] for row in report["rows"]] == ["int8", "static-64"]
    assert [row["failed"] for row in report["rows"]] == ["", ""]
    assert first["proposed"] == report["proposed"] == "static-64"
    assert report["sentence"].startswith("static-64 (static vectors of 64 numbers) is")
    assert set(report["students"]) == {"static-64"}
    assert objects.exists(report["students"]["static-64"]["object_key"])
    told = [row.data for row in job.job.metrics.order_by("number")]
    assert [row["candidate"] for row in told] == ["int8", "static-64"]
    assert [row["bytes"] for row in told] == [row["bytes"] for row in report["rows"]]


def test_a_search_that_is_cancelled_stops(owner: Actor, model: Model) -> None:
    search = started(owner, model)
    with running(search.job) as job:
        cancel_job(actor=owner, job_id=job.job_id)
        with pytest.raises(JobCancelled):
            run_compression(job=JobContext(job.job), compression_id=search.pk)
    search.refresh_from_db()
    assert search.report is None


def test_one_press_makes_a_student_a_model_with_a_bundle(
    owner: Actor, version: Version, compression: Compression
) -> None:
    student = taken(lambda: export_candidate(actor=owner, compression_id=compression.pk)[0])
    assert export_candidate(actor=owner, compression_id=compression.pk) == (student, None)
    assert (student.family, student.version_id, student.compression) == ("static", version.pk, compression)
    assert student.name == "Messages v1, static-64"
    assert export_candidate(actor=owner, compression_id=compression.pk, candidate="static-64")[0] == student

    with running(student.job) as job:
        told = run_keep(job=job, training_id=student.pk)
        assert run_keep(job=job, training_id=student.pk) == told
    student.refresh_from_db()
    found = next(row for row in compression.report["rows"] if row["name"] == "static-64")
    assert told["macro_f1"] == student.report["macro_f1"] == pytest.approx(found["figure"], abs=0.05)
    assert student.model.sha256 == compression.report["students"]["static-64"]["sha256"]
    made = Bundle.objects.get(model=student.model)
    assert told["bundle"] == made.pk
    assert jobs.start(job_id=made.job_id) is not None
    with running(made.job) as job:
        run_export(job=job, bundle_id=made.pk)
    made.refresh_from_db()
    assert made.state == "accepted"

    deployment = deploy(actor=owner, bundle_id=made.pk, name="Small")
    answer = predict(actor=owner, deployment=deployment, texts=["WINNER!! Claim your free prize now, call 09061701461"])
    assert answer.predictions[0]["label"] in {"ham", "spam"}
    row = item_lineage(actor=owner, dataset_id=version.dataset_id, item_id=1)
    assert [training["family"] for training in row["trainings"]] == ["encoder-head", "static"]
    assert [bundle["id"] for bundle in row["bundles"]] == [made.pk]


def test_an_export_of_the_model_itself_is_a_bundle_of_that_rung(owner: Actor, compression: Compression) -> None:
    student, bundle = export_candidate(actor=owner, compression_id=compression.pk, candidate="int8")
    assert student is None
    assert bundle is not None
    assert (bundle.model, bundle.rung, bundle.limit_points) == (compression.model, "int8", 30)
    assert Training.objects.count() == 1


def test_what_is_not_there_is_refused(owner: Actor, stranger: Actor, model: Model, compression: Compression) -> None:
    with pytest.raises(NotFound):
        export_candidate(actor=stranger, compression_id=compression.pk)
    with pytest.raises(NotFound):
        start_compression(actor=stranger, model_id=model.pk)
    with pytest.raises(DomainError, match="There are: static-64, int8") as caught:
        export_candidate(actor=owner, compression_id=compression.pk, candidate="fp32")
    assert caught.value.code == "candidate_unknown"
    with pytest.raises(DomainError, match="There is no candidate tiny") as caught:
        start_compression(actor=owner, model_id=model.pk, recipes=["tiny"])
    assert caught.value.code == "candidate_unknown"

    compression.report["proposed"] = None
    compression.save()
    with pytest.raises(Conflict) as refused:
        export_candidate(actor=owner, compression_id=compression.pk)
    assert refused.value.code == "nothing_proposed"
    compression.report = None
    compression.save()
    with pytest.raises(Conflict) as refused:
        export_candidate(actor=owner, compression_id=compression.pk)
    assert refused.value.code == "compression_unfinished"

    Training.objects.update(task="ner")
    with pytest.raises(Conflict) as refused:
        start_compression(actor=owner, model_id=model.pk)
    assert refused.value.code == "model_not_compressible"


def test_texts_without_an_answer_teach_too_but_for_those_of_other_splits(owner: Actor, tmp_path: Any) -> None:
    import pyarrow as pa

    from curation.models import Dataset
    from tests.modeling.conftest import add_version

    dataset = Dataset.objects.create(organization_id=owner.organization_id, name="Half")
    columns = {
        "item_id": pa.array([1, 2, 3, 4, 5], pa.int64()),
        "text": pa.array(["a", "b", "c", " ", "e"], pa.large_string()),
        "label": pa.array(["x", None, None, None, None], pa.large_string()),
        "split": pa.array(["train", "train", "test", "train", None], pa.large_string()),
    }
    version = add_version(owner, dataset, pa.table(columns), tmp_path / "half")
    assert unlabeled_texts(version=version, goal=Goal("text-classification", "label")) == ["b", "e"]
