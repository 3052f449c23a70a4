"""An organization, and a labeled and split version of real messages."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from django.db import transaction

import curation
from accounts.actor import Actor
from accounts.models import Membership, User
from accounts.roles import ROLES
from accounts.services.organization import create_organization
from core import objects
from curation.engine.writer import VersionWriter
from curation.models import Dataset, Version
from modeling.models import Bundle, Compression, Model, Training
from modeling.services.archive import pack, sha256_of, unpack
from tests.sharing import made_once
from workers.context import JobContext
from workers.models import Job
from workers.services import job as jobs

if TYPE_CHECKING:
    from modeling.engine.bundle import ExportResult

DEMO = Path(curation.__file__).parent / "demo" / "data"


@pytest.fixture
def owner(db: None) -> Actor:
    """Alice, who owns an organization."""
    alice = User.objects.create_user("alice@example.com", name="Alice")
    return create_organization(name="Assayers", owner=alice)[1]


@pytest.fixture
def stranger(db: None) -> Actor:
    """Charlie, who owns another organization and must see nothing."""
    charlie = User.objects.create_user("charlie@example.com", name="Charlie")
    return create_organization(name="Others", owner=charlie)[1]


@pytest.fixture
def member(owner: Actor) -> Callable[[str], Actor]:
    """Give an actor of Alice's organization in the named role."""

    def make(role: str) -> Actor:
        user = User.objects.create_user(f"{role}@example.com", name=role.title())
        Membership.objects.create(organization_id=owner.organization_id, user=user, role=role)
        return Actor(user.pk, owner.organization_id, role, ROLES[role])

    return make


def messages(count: int) -> list[tuple[str, str]]:
    """Return different SMS of the packaged set, a quarter of them spam, in a fixed order."""
    with gzip.open(DEMO / "sms_spam.csv.gz") as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed, "utf-8")))
    # A text once only: the first place wins.
    label_of = {row["text"]: row["label"] for row in reversed(rows)}
    texts = list(dict.fromkeys(row["text"] for row in rows))
    spam = [(text, "spam") for text in texts if label_of[text] == "spam"][: count // 4]
    ham = [(text, "ham") for text in texts if label_of[text] == "ham"][: count - len(spam)]
    return [(ham + spam)[place] for place in np.random.default_rng(7).permutation(count)]


def add_version(
    actor: Actor,
    dataset: Dataset,
    table: pa.Table,
    folder: Path,
    parent: Version | None = None,
    roles: dict[str, str] | None = None,
) -> Version:
    """Store a table as the dataset's next version."""
    folder.mkdir(exist_ok=True)
    writer = VersionWriter(folder, roles=roles or {"text": "text", "label": "label"})
    writer.write(table)
    manifest = writer.finish()
    for part in manifest.parts:
        key = objects.key("versions", actor.organization_id, f"{part.sha256}.parquet")
        objects.put_file(folder / part.name, key)
    return Version.objects.create(
        organization_id=actor.organization_id,
        dataset=dataset,
        number=dataset.versions.count() + 1,
        kind="publish",
        parent=parent,
        note="test",
        content_hash=manifest.content_hash,
        row_count=manifest.row_count,
        byte_count=sum(part.bytes for part in manifest.parts),
        manifest=manifest.to_json(),
    )


def split_table(rows: list[tuple[str, str]]) -> pa.Table:
    """Return rows with ids from 1 and a split: each tenth for validation, each fifth for the test."""
    splits = ["validation" if place % 10 == 0 else "test" if place % 5 == 2 else "train" for place in range(len(rows))]
    return pa.table(
        {
            "item_id": pa.array(range(1, len(rows) + 1), pa.int64()),
            "text": pa.array([text for text, _label in rows], pa.large_string()),
            "label": pa.array([label for _text, label in rows], pa.large_string()),
            "split": pa.array(splits, pa.large_string()),
        }
    )


@pytest.fixture
def version(owner: Actor, tmp_path: Path) -> Version:
    """240 real messages with labels and a split."""
    dataset = Dataset.objects.create(organization_id=owner.organization_id, name="Messages")
    return add_version(owner, dataset, split_table(messages(240)), tmp_path / "version")


def taken(send: Callable[[], Any]) -> Any:
    """Send a job and take it before its message goes out, so that no worker of another test can be faster.

    Args:
        send: Returns the job, or the row that has one.
    """
    with transaction.atomic():
        row = send()
        assert jobs.start(job_id=row.pk if isinstance(row, Job) else row.job_id) is not None
    return row


@contextmanager
def running(job: Job) -> Iterator[JobContext]:
    """Do a taken job as a worker does."""
    with JobContext(Job.objects.get(pk=job.pk)) as context:
        yield context


@dataclass(frozen=True)
class Artifacts:
    """What the engine makes of the 240 messages: a model's archive, its facts and report, and its bundle."""

    model: Path
    facts: dict[str, Any]
    report: dict[str, Any]
    bundle: "ExportResult"


def _made(folder: Path) -> tuple[Path, dict[str, Any], dict[str, Any], "ExportResult"]:
    from django.conf import settings

    from modeling.engine.bundle import export_bundle
    from modeling.engine.data import Examples
    from modeling.engine.evaluate import evaluate
    from modeling.engine.training import TrainingContext, TrainingSettings, train

    columns = split_table(messages(240)).to_pydict()
    data = Examples.of("text-classification", columns["text"], columns["label"], columns["split"])
    context = TrainingContext(cache_dir=settings.ASSAY_MODEL_CACHE)
    model = train(data, folder / "model", TrainingSettings(), context)
    baseline = train(data, folder / "baseline", TrainingSettings(family="tfidf-linear"), context)
    evaluation = evaluate(model, data, baseline=baseline, context=context)
    bundle = export_bundle(
        model,
        data,
        folder / "bundle.zip",
        created_at="2026-01-01",
        comparison=evaluation.to_dict()["comparison"],
        limit_points=5,
    )
    pack(folder / "model", folder / "model.zip")
    return folder / "model.zip", model.facts, evaluation.to_dict(), bundle


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    """Train and export once for all tests that only need a real model."""
    return Artifacts(*made_once("artifacts", _made))


@pytest.fixture
def model(owner: Actor, version: Version, artifacts: Artifacts) -> Model:
    """A finished training's model."""
    job = Job.objects.create(organization_id=owner.organization_id, kind="modeling.train", title="t", state="succeeded")
    report = {**artifacts.report, "rows_by_split": artifacts.facts["rows"], "history": artifacts.facts["history"]}
    training = Training.objects.create(
        organization_id=owner.organization_id,
        version=version,
        name="Messages v1",
        family="encoder-head",
        job=job,
        encoder="minilm",
        device="cpu",
        report=report,
    )
    digest = sha256_of(artifacts.model)
    key = objects.put_file(artifacts.model, objects.key("models", owner.organization_id, f"{digest}.zip"))
    return Model.objects.create(
        organization_id=owner.organization_id,
        training=training,
        object_key=key,
        sha256=digest,
        byte_count=artifacts.model.stat().st_size,
        fingerprint=artifacts.facts["fingerprint"],
        labels=artifacts.facts["labels"],
        metrics={"macro_f1": report["macro_f1"], "accuracy": report["accuracy"], "gain_points": 1.25},
    )


def _compressed(folder: Path) -> tuple[dict[str, Any], Path, str]:
    """Search for a smaller form of the artifacts' model: its int8 export and a small student of static vectors."""
    from django.conf import settings

    from modeling.engine.compress.front import Limits
    from modeling.engine.compress.search import candidate_model, compress
    from modeling.engine.data import Examples
    from modeling.engine.training import TrainedModel, TrainingContext

    columns = split_table(messages(240)).to_pydict()
    data = Examples.of("text-classification", columns["text"], columns["label"], columns["split"])
    unpack(Artifacts(*made_once("artifacts", _made)).model, folder / "model")
    found = compress(
        TrainedModel.load(folder / "model"),
        data,
        folder / "candidates",
        limits=Limits(drop=30),
        recipes=["int8", "static-64"],
        made=60,
        settings={"epochs": 4},
        context=TrainingContext(cache_dir=settings.ASSAY_MODEL_CACHE),
    )
    archive = folder / "static.zip"
    pack(candidate_model(folder / "candidates", "static-64").folder, archive)
    return found.to_dict(), archive, sha256_of(archive)


@pytest.fixture
def compression(owner: Actor, model: Model) -> Compression:
    """A search for a smaller form of the model that is over: int8, and the student static-64, which is proposed."""
    report, archive, digest = made_once("compressed", _compressed)
    key = objects.put_file(archive, objects.key("models", owner.organization_id, f"{digest}.zip"))
    students = {"static-64": {"object_key": key, "sha256": digest, "family": "static"}}
    job = Job.objects.create(
        organization_id=owner.organization_id, kind="modeling.compress", title="c", state="succeeded"
    )
    return Compression.objects.create(
        organization_id=owner.organization_id,
        model=model,
        job=job,
        limit_drop=30,
        report={**report, "students": students},
    )


@pytest.fixture
def make_bundle(owner: Actor, model: Model, artifacts: Artifacts) -> Callable[[], Bundle]:
    """Give accepted bundles of the model."""

    def make() -> Bundle:
        made = artifacts.bundle
        key = objects.put_file(made.path, objects.key("bundles", owner.organization_id, f"{made.sha256}.zip"))
        members = [{"name": name, **facts} for name, facts in made.manifest["members"].items()]
        return Bundle.objects.create(
            organization_id=owner.organization_id,
            model=model,
            state="accepted",
            object_key=key,
            sha256=made.sha256,
            byte_count=made.size,
            files=members,
            gate={**made.rungs[-1], "rungs": made.rungs, "fingerprint": made.manifest["fingerprint"]},
        )

    return make


@pytest.fixture
def bundle(make_bundle: Callable[[], Bundle]) -> Bundle:
    return make_bundle()
