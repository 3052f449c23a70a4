"""A policy of augmentation and explanations through the client and the command, by a real worker."""

import json
from pathlib import Path

import pytest

from assay_client import Client
from assay_client._exceptions import InvalidRequest
from curation.models import Dataset
from tests import factories
from tests.client.test_command import Run, assay
from tests.live import LiveService
from tests.modeling.conftest import add_version, messages, split_table

__all__ = ["assay"]
POLICY = "version: 1\ncopies: 1\nsteps:\n- use: swap_words\n  share: 0.5\n"
TEXT = "Claim your free prize now"


def test_a_policy_is_sent_and_a_prediction_is_explained(live_service: LiveService, assay: Run, tmp_path: Path) -> None:
    boss = factories.owner()
    dataset = Dataset.objects.create(organization_id=boss.organization_id, name="Messages")
    version = add_version(boss, dataset, split_table(messages(80)), tmp_path / "version")
    secret = factories.secret(boss)
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    signed = ("--url", live_service.url, "--token", secret)
    done = assay(*signed, "train", str(version.pk), "--family", "tfidf-linear", "--augment", str(file), "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["report"]["augmentation"]["steps"] == "swap_words (share 0.5)"
    said = assay(*signed, "explain", str(made["training"]), TEXT)
    assert said.returncode == 0, said.stderr
    lines = [line for line in said.stdout.splitlines() if not line.startswith("  Read with care")]
    assert sorted(line.split("  ")[-1] for line in lines if line.startswith("  ")) == sorted(TEXT.split())
    assert lines[-1].startswith(live_service.url + "/explanations/")
    assert assay(*signed, "explain", str(made["training"])).returncode == 2
    assert "no.yaml cannot be read" in assay(*signed, "train", str(version.pk), "--augment", "no.yaml").stderr
    with Client(live_service.url, token=secret) as client:
        again, job = client.trainings.explain(made["training"], text=TEXT)
        assert job is not None
        assert job.state == "succeeded"
        assert again.result == client.trainings.explanation(again.id).result
        assert [row.id for row in client.trainings.explanations(made["training"])] == [again.id]
        with pytest.raises(InvalidRequest) as refused:
            client.trainings.start(version.pk, "tfidf-linear", augment={"version": 1, "steps": [{"use": "mirror"}]})
        assert (refused.value.code, "changes pictures" in str(refused.value)) == ("bad_augmentation", True)
        with pytest.raises(InvalidRequest) as refused:
            client.trainings.explain(made["training"], text=TEXT, label="eggs")
        assert refused.value.code == "label_unknown"
