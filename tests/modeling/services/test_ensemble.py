"""Ensembles by jobs: kept where they lead, left with the better member named where not, and nothing done twice."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import User
from core import objects
from core.errors import DomainError, NotFound
from curation.models import Dataset, Version
from modeling.engine.training import TrainingSettings, train
from modeling.models import Check, Model, Training
from modeling.services.archive import pack, sha256_of
from modeling.services.bundle import start_export
from modeling.services.check import start_check
from modeling.services.ensemble import combinable, run_ensemble, start_ensemble
from modeling.services.erasure_certificate import _reported
from modeling.services.lineage import item_lineage
from modeling.services.trainable import Goal, open_examples
from modeling.services.training import run_training, start_training
from tests import factories
from tests.modeling.conftest import add_version, running, taken
from workers.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
TABLE = Goal("table", "label")


def counted(owner: Actor, version: Version, seed: int) -> Training:
    training = taken(
        lambda: start_training(
            actor=owner, version_id=version.pk, family="tfidf-linear", seed=seed, name=f"Seed {seed}"
        )
    )
    with running(training.job) as job:
        run_training(job=job, training_id=training.pk)
    return training


def combined(owner: Actor, members: list[Training]) -> tuple[Training, dict[str, Any]]:
    made = taken(lambda: start_ensemble(actor=owner, training_ids=[member.pk for member in members]))
    with running(made.job) as job:
        first = run_ensemble(job=job, training_id=made.pk)
        assert run_ensemble(job=job, training_id=made.pk) == first
    made.refresh_from_db()
    return made, first


def browser(owner: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=owner.user_id))
    return client


def test_an_ensemble_that_does_not_lead_names_the_better_member(owner: Actor, version: Version) -> None:
    members = [counted(owner, version, seed) for seed in (0, 1)]
    made, result = combined(owner, members)
    assert result == {"training": made.pk, "model": None, "kept": False}
    found = made.report["combination"]
    assert (found["kept"], found["best"], found["difference"]["low"] <= 0) == (False, members[0].pk, True)
    assert [row["training"] for row in found["members"]] == [member.pk for member in members]
    assert found["seconds_per_1000"] == pytest.approx(
        sum(row["seconds_per_1000"] for row in found["members"]), abs=0.01
    )
    assert list(made.members.order_by("pk")) == members
    shown = browser(owner).get(f"/trainings/{made.pk}/").content.decode()
    assert "No ensemble was kept" in shown
    assert "Open Seed 0" in shown
    assert "job-progress" not in shown.split("<main")[1].split("</main>")[0]
    listed = item_lineage(actor=owner, dataset_id=version.dataset_id, item_id=1)["trainings"]
    assert [member["id"] for member in listed[-1]["members"]] == [member.pk for member in members]


@pytest.fixture
def halves(owner: Actor, tmp_path: Path) -> list[Training]:
    """Two trainings of one version of which each knows the rows of one kind alone.

    A training learns from all rows of its version, so each model is made by the engine, of the training rows of a kind,
    and says that it learned from the version: the validation rows are held out for both.
    """
    generator = np.random.default_rng(3)
    count = 600
    kind, answer = generator.integers(0, 2, count), generator.integers(0, 2, count)
    signal = answer * 2.0 - 1 + generator.normal(0, 0.4, count)
    splits = ["validation" if i % 3 == 0 else "test" if i % 3 == 1 else "train" for i in range(count)]
    table = pa.table(
        {
            "item_id": pa.array(range(1, count + 1), pa.int64()),
            "a": [None if kind[i] else float(signal[i]) for i in range(count)],
            "b": [float(signal[i]) if kind[i] else None for i in range(count)],
            "label": ["yes" if value else "no" for value in answer],
            "split": splits,
        }
    )
    dataset = Dataset.objects.create(organization_id=owner.organization_id, name="Measurements")
    version = add_version(owner, dataset, table, tmp_path / "version", roles={"label": "label"})
    made = []
    with open_examples(version=version, goal=TABLE) as data:
        for name in ("a", "b"):
            known = [i for i, row in enumerate(data.inputs) if row[name] is not None or data.splits[i] != "train"]
            model = train(data.rows(known), tmp_path / name, TrainingSettings(family="table-linear", threads=1))
            facts = {**model.facts, "data_hash": data.content_hash()}
            (tmp_path / name / "model.json").write_text(json.dumps(facts), encoding="utf-8")
            made.append(stored(owner, version, f"Kind {name}", tmp_path / name))
    return made


def stored(owner: Actor, version: Version, name: str, folder: Path) -> Training:
    job = Job.objects.create(
        organization_id=owner.organization_id, kind="modeling.train", title=name, state="succeeded"
    )
    rows = {"version": version, "task": "table", "answer": "label", "family": "table-linear"}
    training = Training.objects.create(organization_id=owner.organization_id, job=job, name=name, **rows)
    pack(folder, folder.with_suffix(".zip"))
    digest = sha256_of(folder.with_suffix(".zip"))
    key = objects.put_file(folder.with_suffix(".zip"), objects.key("models", owner.organization_id, f"{digest}.zip"))
    facts = {"sha256": digest, "byte_count": 1000, "fingerprint": "0" * 64, "labels": ["no", "yes"], "metrics": {}}
    Model.objects.create(organization_id=owner.organization_id, training=training, object_key=key, **facts)
    return training


def test_an_ensemble_that_leads_is_kept_and_judged_beside_its_best_member(owner: Actor, halves: list[Training]) -> None:
    made, result = combined(owner, halves)
    assert result["kept"]
    report = made.report
    assert report["combination"]["kept"]
    assert report["combination"]["difference"]["low"] > 0
    assert report["combination"]["bytes"] == 2000
    best = max(report["combination"]["members"], key=lambda row: row["value"])
    assert report["combination"]["best"] == best["training"]
    # On the locked test rows, beside that member.
    assert (report["split"], report["rows"], report["comparison"]["verdict"]) == ("test", 200, "better")
    assert result["lead_points"] == pytest.approx(report["comparison"]["difference"]["difference"] * 100)
    assert "gain_points" not in made.model.metrics
    client = browser(owner)
    shown = client.get(f"/trainings/{made.pk}/").content.decode()
    assert "Kept: " in shown
    assert "Better than its best member" in shown
    assert "interval-chart" in shown
    assert f'href="/trainings/{halves[0].pk}/"' in shown
    assert "Several models as one" in client.get("/models/").content.decode()
    with pytest.raises(DomainError) as refusal:
        start_export(actor=owner, model_id=made.model.pk)
    assert refusal.value.code == "model_not_exportable"


def test_an_erasure_reports_the_ensemble_and_its_members(owner: Actor, halves: list[Training]) -> None:
    from curation.engine.erasure.finding import Sought
    from modeling.models import ErasedVersion

    made = start_ensemble(actor=owner, training_ids=[member.pk for member in halves])
    erasure = factories.erasure(owner)
    hashes = {"old_hash": "0" * 64, "new_hash": "1" * 64, "rest_hash": "2" * 64}
    parts = {"item_ids": [1], "old_parts": [], "new_parts": [], "rows_before": 600, "rows_after": 599}
    ErasedVersion.objects.create(erasure=erasure, version=made.version, **hashes, **parts)
    told = _reported(erasure, Sought())
    assert [row["training"] for row in told["trainings"]] == [*(member.pk for member in halves), made.pk]
    assert [row["training"] for row in told["models"]] == [member.pk for member in halves]


def test_members_of_other_rows_are_named(owner: Actor, halves: list[Training], tmp_path: Path) -> None:
    with open_examples(version=halves[0].version, goal=TABLE) as data:
        train(data.rows(range(450)), tmp_path / "fewer", TrainingSettings(family="table-linear", threads=1))
    fewer = stored(owner, halves[0].version, "Fewer rows", tmp_path / "fewer")
    made = taken(lambda: start_ensemble(actor=owner, training_ids=[halves[0].pk, fewer.pk]))
    with running(made.job) as job, pytest.raises(DomainError, match="Fewer rows was trained on other rows") as refusal:
        run_ensemble(job=job, training_id=made.pk)
    assert refusal.value.code == "ensemble_rows_differ"


def test_what_does_not_go_together_is_refused(owner: Actor, stranger: Actor, halves: list[Training]) -> None:
    first, second = halves

    def refused(*ids: int) -> str:
        with pytest.raises(DomainError) as refusal:
            start_ensemble(actor=owner, training_ids=ids)
        return refusal.value.code

    assert refused(first.pk) == refused(first.pk, first.pk) == "ensemble_too_small"
    assert refused(*range(1, 10)) == "ensemble_too_large"
    assert refused(first.pk, 999_999) == "not_found"
    with pytest.raises(NotFound):
        start_ensemble(actor=stranger, training_ids=[first.pk, second.pk])
    going = factories.training(owner)
    assert refused(first.pk, going.pk) == "training_not_done"
    elsewhere = factories.model(owner).training
    assert refused(first.pk, elsewhere.pk) == "ensemble_versions_differ"
    changes = [
        ({"answer": "other"}, "ensemble_goals_differ"),
        ({"params": {"soft_labels": True}}, "ensemble_rows_differ"),
        ({"family": "ensemble"}, "ensemble_of_ensembles"),
    ]
    for change, code in changes:
        before = {name: getattr(second, name) for name in change}
        Training.objects.filter(pk=second.pk).update(**change)
        assert refused(first.pk, second.pk) == code
        Training.objects.filter(pk=second.pk).update(**before)
    Training.objects.filter(pk__in=[first.pk, second.pk]).update(task="table-regression")
    assert refused(first.pk, second.pk) == "ensemble_unfit"
    assert not Training.objects.filter(members__isnull=False).exists()
    assert not Check.objects.exists()


def test_trainings_are_combined_from_a_page(owner: Actor, halves: list[Training]) -> None:
    first, second = halves
    assert list(combinable(actor=owner, training=first)) == [second]
    client = browser(owner)
    assert "Together with Kind a" in client.get(f"/trainings/{first.pk}/").content.decode()
    sent = client.post("/trainings/combine/", {"training": [first.pk, second.pk]})
    made = Training.objects.get(family="ensemble")
    assert (sent.status_code, sent.headers["Location"], made.name) == (302, f"/trainings/{made.pk}/", "Kind a + Kind b")
    alone = client.post("/trainings/combine/", {"training": [first.pk]})
    assert alone.status_code == 400
    assert "at least two trainings" in alone.content.decode()


def test_label_safety_is_not_asked_of_members_that_were_taught(owner: Actor, halves: list[Training]) -> None:
    made = start_ensemble(actor=owner, training_ids=[member.pk for member in halves])
    facts = {"sha256": "0" * 64, "byte_count": 1, "fingerprint": "0" * 64, "labels": [], "metrics": {}}
    Model.objects.create(organization_id=owner.organization_id, training=made, object_key="none", **facts)
    taught = {"augment": {"version": 1, "steps": [{"use": "keyboard", "chance": 1.0}]}}
    Training.objects.filter(pk__in=[made.pk, *(member.pk for member in halves)]).update(task="text-classification")
    Training.objects.filter(pk=halves[1].pk).update(params=taught)
    with pytest.raises(DomainError, match="Kind b was trained with augmentation"):
        start_check(actor=owner, kind="safety", training_id=made.pk, policy="typing")
