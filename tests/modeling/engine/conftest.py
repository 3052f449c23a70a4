"""Real messages of the packaged sets, a trained model and its bundle: made once for all tests of the engine."""

import csv
import gzip
import io
import os
from pathlib import Path

import pytest

import curation
from modeling.engine.bundle import ExportResult, export_bundle
from modeling.engine.data import Examples, split_rows
from modeling.engine.evaluate import Evaluation, evaluate
from modeling.engine.training import BASELINES, TrainedModel, TrainingContext, TrainingSettings, train
from tests.modeling.engine.samples import few_pairs, pairs, people
from tests.sharing import made_once

DEMO = Path(curation.__file__).parent / "demo" / "data"
CREATED_AT = "2026-01-02T03:04:05Z"


def demo_rows(name: str) -> tuple[list[str], list[str]]:
    """Return texts and labels of a packaged set."""
    with gzip.open(DEMO / f"{name}.csv.gz") as packed:
        rows = list(csv.DictReader(io.TextIOWrapper(packed, "utf-8")))
    return [row["text"] for row in rows], [row["label"] for row in rows]


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """The run's folder for encoder graphs and vectors."""
    return Path(os.environ["ASSAY_MODEL_CACHE"])


@pytest.fixture(scope="session")
def sms() -> Examples:
    """120 messages of each label, split."""
    texts, labels = demo_rows("sms_spam")
    chosen = [i for name in ("ham", "spam") for i in [i for i, label in enumerate(labels) if label == name][:120]]
    return split_rows([texts[i] for i in chosen], [labels[i] for i in chosen], seed=3)


@pytest.fixture(scope="session")
def trained(sms: Examples, cache_dir: Path) -> TrainedModel:
    """The default family, trained on the messages."""
    context = TrainingContext(cache_dir=cache_dir)
    return made_once("trained", lambda folder: train(sms, folder, TrainingSettings(epochs=20, seed=1), context))


@pytest.fixture(scope="session")
def evaluated(sms: Examples, trained: TrainedModel, cache_dir: Path) -> Evaluation:
    """The trained model beside the baseline."""

    def make(folder: Path) -> Evaluation:
        baseline = train(sms, folder, TrainingSettings(family=BASELINES["text-classification"]))
        return evaluate(trained, sms, baseline=baseline, context=TrainingContext(cache_dir=cache_dir))

    return made_once("evaluated", make)


@pytest.fixture(scope="session")
def exported(sms: Examples, trained: TrainedModel, evaluated: Evaluation, cache_dir: Path) -> ExportResult:
    """The bundle of the trained model."""

    def make(folder: Path) -> ExportResult:
        return export_bundle(
            trained,
            sms,
            folder / "sms.zip",
            created_at=CREATED_AT,
            name="Messages",
            lineage={"dataset": "sms", "version": 5},
            comparison=evaluated.to_dict()["comparison"],
            rungs=["int8"],
            # On 48 test rows one changed answer is two points; the real limit is tested on whole sets.
            limit_points=5.0,
            context=TrainingContext(cache_dir=cache_dir),
        )

    return made_once("exported", make)


@pytest.fixture(scope="session")
def tagger() -> TrainedModel:
    """The fine-tuned tagger, trained on people and places."""
    settings = TrainingSettings(
        family="tagger", epochs=6, batch_size=8, learning_rate=3e-4, layers=2, device="cpu", threads=1
    )
    return made_once("tagger", lambda folder: train(people(), folder, settings))


@pytest.fixture(scope="session")
def reward(cache_dir: Path) -> TrainedModel:
    """The reward over frozen vectors, trained on pairs."""
    settings, context = TrainingSettings(family="reward", threads=1), TrainingContext(cache_dir=cache_dir)
    return made_once("reward", lambda folder: train(pairs(), folder, settings, context))


@pytest.fixture(scope="session")
def reward_tuned(cache_dir: Path) -> TrainedModel:
    """The reward whose encoder is trained further, for an epoch on a few pairs."""
    settings = TrainingSettings(family="reward-tuned", epochs=1, layers=1, device="cpu", threads=1)
    context = TrainingContext(cache_dir=cache_dir)
    return made_once("reward-tuned", lambda folder: train(few_pairs(), folder, settings, context))
