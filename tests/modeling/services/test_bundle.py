import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from accounts.actor import Actor
from core import objects
from core.errors import Conflict, NotFound
from curation.models import Version
from modeling.models import Bundle, Model, Training
from modeling.services.bundle import download_url, run_export, start_export, verify_stored
from modeling.services.deployment import deploy
from modeling.services.prediction import predict
from modeling.services.training import run_training, start_training
from modeling.services.usage import usage_by_day
from tests.modeling.conftest import running, taken

pytestmark = pytest.mark.django_db(transaction=True)


def trained(owner: Actor, version: Version, family: str = "encoder-head", seed: int = 0) -> Model:
    training = taken(lambda: start_training(actor=owner, version_id=version.pk, family=family, seed=seed))
    with running(training.job) as job:
        return Model.objects.get(pk=run_training(job=job, training_id=training.pk)["model"])


def exported(owner: Actor, model: Model, limit_points: float = 5.0) -> Bundle:
    bundle = taken(lambda: start_export(actor=owner, model_id=model.pk, limit_points=limit_points))
    with running(bundle.job) as job:
        first = run_export(job=job, bundle_id=bundle.pk)
        assert run_export(job=job, bundle_id=bundle.pk) == first
    bundle.refresh_from_db()
    return bundle


def test_a_bundle_goes_from_model_to_prediction(
    owner: Actor, stranger: Actor, version: Version, tmp_path: Path
) -> None:
    bundle = exported(owner, trained(owner, version))
    assert bundle.state == "accepted"
    assert bundle.gate["loss_points"] <= 5
    assert verify_stored(actor=owner, bundle_id=bundle.pk)["whole"] is True
    assert download_url(actor=owner, bundle_id=bundle.pk).startswith("/objects/")
    with pytest.raises(NotFound):
        download_url(actor=stranger, bundle_id=bundle.pk)

    deployment = deploy(actor=owner, bundle_id=bundle.pk, name="Spam filter")
    texts = [
        "WINNER!! Claim your free prize now, call 09061701461",
        "ok see you at home",
        "",
        "\x00",
        "😀" * 20_000,
        "\ud800",
    ]
    answer = predict(actor=owner, deployment=deployment, texts=texts)
    assert [row["label"] for row in answer.predictions[:2]] == ["spam", "ham"]
    assert answer.bundle == bundle.sha256
    for row in answer.predictions:
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    predict(actor=owner, deployment=deployment, texts=["again"])
    (day,) = usage_by_day(actor=owner, deployment=deployment)
    assert (day["requests"], day["texts"]) == (2, 7)

    with objects.local_path(bundle.object_key) as path, zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "bundle")
    script = [sys.executable, str(tmp_path / "bundle" / "predict.py"), texts[0]]
    said = json.loads(subprocess.run(script, capture_output=True, text=True, check=True).stdout)
    assert said["label"] == "spam"
    assert said["probabilities"]["spam"] == pytest.approx(answer.predictions[0]["probabilities"]["spam"], abs=1e-5)


def test_a_refused_bundle_has_both_figures_and_no_file(owner: Actor, model: Model) -> None:
    bundle = exported(owner, model, limit_points=-50)
    assert bundle.state == "refused"
    assert bundle.object_key == ""
    assert bundle.gate["passed"] is False
    assert 0 < bundle.gate["float_figure"] <= 1
    assert 0 < bundle.gate["bundle_figure"] <= 1
    with pytest.raises(Conflict) as refusal:
        download_url(actor=owner, bundle_id=bundle.pk)
    assert refusal.value.code == "bundle_not_accepted"
    with pytest.raises(Conflict):
        deploy(actor=owner, bundle_id=bundle.pk, name="never")


def test_what_there_is_only_to_compare_with_is_not_exported(owner: Actor, model: Model) -> None:
    Training.objects.filter(pk=model.training_id).update(family="reward-counted")
    with pytest.raises(Conflict) as refusal:
        start_export(actor=owner, model_id=model.pk)
    assert refusal.value.code == "model_not_exportable"


def test_an_altered_file_is_found(owner: Actor, bundle: Bundle) -> None:
    with objects.open(bundle.object_key) as stream:
        data = bytearray(stream.read())
    data[len(data) // 2] ^= 1
    objects.put_bytes(bytes(data), bundle.object_key)
    found = verify_stored(actor=owner, bundle_id=bundle.pk)
    assert found["whole"] is False
    assert found["sha256"] != bundle.sha256
