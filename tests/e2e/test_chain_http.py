"""The whole chain over HTTP as three people: a manager, an annotator, and a client's engineer who predicts."""

import csv
import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from accounts.actor import Actor
from assay_client import Client, NotAllowed, NotFound, answer_to, choice_schema
from curation.demo import SETS
from tests import factories
from tests.live import LiveService

pytestmark = pytest.mark.slow

TASKS = 60


@dataclass
class People:
    manager: Client
    annotator: Client
    engineer: Client
    stranger: Client


@pytest.fixture
def people(live_service: LiveService) -> People:
    owner = factories.owner()
    actors: list[Actor] = [owner, factories.member(owner, "annotator"), factories.member(owner, "client")]
    actors.append(factories.owner("Somebody else's"))
    return People(*(Client(live_service.url, factories.secret(actor)) for actor in actors))


def sample(name: str, folder: Path, rows: int) -> Path:
    """Write the first rows of a demo file."""
    with gzip.open(SETS[name].path, "rt", encoding="utf-8", newline="") as source:
        kept = [row for row, _number in zip(csv.reader(source), range(rows + 1), strict=False)]
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows(kept)
    return path


# Of so many rows a fifth is judged by: one answer is a third of a point, so half a point would be a matter of luck.
# That a whole set loses no more is shown in tests/modeling/engine/test_whole_set.py.
@pytest.mark.parametrize(
    ("name", "rows", "labels", "limit", "least_f1", "texts"),
    [
        pytest.param(
            "sms_spam", 1_800, ["ham", "spam"], 2.0, 0.85,
            {"Are we still meeting at six?": "ham", "WINNER!! Claim your free prize now, text WIN to 80086": "spam"},
            id="sms",
        ),
        pytest.param(
            "reviews_zh", 1_500, ["正面", "负面"], 2.0, 0.75,
            {"房间很好，设施也很新，非常满意。": "正面", "太差了，服务态度恶劣，再也不来了。": "负面"},
            id="chinese-reviews",
        ),
    ],
)  # fmt: skip
def test_from_a_raw_file_to_a_prediction(
    people: People,
    tmp_path: Path,
    name: str,
    rows: int,
    labels: list[str],
    limit: float,
    least_f1: float,
    texts: dict[str, str],
) -> None:
    dataset, curated = curate(people.manager, sample(name, tmp_path, rows), SETS[name].licence)
    project = label(people, curated, labels)
    published = publish(people.manager, project)
    model = train(people.manager, published, least_f1)
    bundle = export(people.manager, model, limit)
    deployment = people.manager.deployments.create(bundle, "the model")

    found = people.engineer.deployments.predict(deployment.slug, list(texts))
    assert {text: row.label for text, row in zip(texts, found, strict=True)} == texts
    assert [round(sum(row.probabilities.values()), 3) for row in found] == [1.0, 1.0]
    assert {row.bundle for row in found} == {people.manager.bundles.get(bundle).sha256}
    with pytest.raises(NotFound):
        people.stranger.deployments.predict(deployment.slug, list(texts))
    with pytest.raises(NotAllowed):
        people.annotator.deployments.predict(deployment.slug, list(texts))
    stands_alone(people.manager, bundle, tmp_path, texts)
    lineage(people.manager, dataset, curated, published, deployment.id)


def curate(manager: Client, file: Path, licence: str) -> tuple[int, int]:
    """Import and curate: no exact duplicate is left, and every dropped row has its reason."""
    dataset = manager.datasets.create(file.stem)
    upload = manager.uploads.send(dataset.id, file, licence=licence)
    imported = manager.jobs.wait(manager.uploads.start_import(upload.id)).result["version"]
    run, job = manager.runs.start(imported)
    result = manager.jobs.wait(job).result
    before, after = manager.versions.get(imported), manager.versions.get(result["version"])
    assert (before.number, after.number, after.parent, after.licence) == (1, 2, before.id, licence)
    kept = [item["text"] for item in manager.versions.items(after.id)]
    assert len(kept) == len(set(kept)) == after.row_count
    drops = Counter(row["reason"] for row in manager.runs.drops(run.id))
    assert drops["duplicate"] > 0
    assert before.row_count - after.row_count == drops.total() == result["dropped"]
    return dataset.id, after.id


def label(people: People, version: int, labels: list[str]) -> int:
    """Label a batch alone, ask for suggestions, and label another batch with them."""
    role = people.manager.versions.get(version).manifest["roles"]["label"]
    gold = {item["item_id"]: item[role] for item in people.manager.versions.items(version)}
    schema = choice_schema(labels, "text")
    # As they came: an order that asks for the hard ones first makes suggestions wrong more often than the rest.
    project, job = people.manager.projects.create(version, "what is it", schema, suggest_every=0, order="came")
    people.manager.jobs.wait(job)
    with pytest.raises(NotAllowed):
        people.engineer.annotations.lease(project.id, 1)
    answer(people.annotator, project.id, gold, TASKS // 2)
    people.manager.jobs.wait(people.manager.projects.suggest(project.id))
    shown = answer(people.annotator, project.id, gold, TASKS // 2)
    assert shown == TASKS // 2
    progress = people.manager.projects.get(project.id).progress
    assert (progress["answers"], progress["tasks"]) == (TASKS, len(gold))
    [suggestions] = progress["suggestions"]
    assert suggestions["shown"] == TASKS // 2
    assert suggestions["accepted_share"] > 0.6
    return project.id


def answer(annotator: Client, project: int, gold: dict[int, str], count: int) -> int:
    """Answer tasks with the file's own labels; return how many came with a suggestion."""
    shown = 0
    for _batch in range(count // 10):
        tasks = annotator.annotations.lease(project, 10)["tasks"]
        answers = []
        for task in tasks:
            suggestion = (task["suggestion"] or {}).get("id")
            shown += suggestion is not None
            answers.append(answer_to(task, {"label": [gold[task["item_id"]]]}, seconds=1.0, suggestion=suggestion))
        found = annotator.annotations.answer(project, answers)
        assert [result["status"] for result in found["results"]] == ["saved"] * 10
    return shown


def publish(manager: Client, project: int) -> int:
    """Publish: every item has a label and a split, and equal texts stand on one side."""
    result = manager.jobs.wait(manager.projects.publish(project, seed=20)).result
    assert (result["number"], result["labeled"]) == (3, TASKS)
    items = list(manager.versions.items(result["version"]))
    assert sum(bool(item["label_annotators"]) for item in items) == TASKS
    assert {item["label_agreement"] for item in items if item["label_annotators"]} == {1.0}
    assert {item["split"] for item in items} == {"train", "validation", "test"}
    sides: dict[str, set[str]] = {}
    for item in items:
        sides.setdefault(item["text"].casefold(), set()).add(item["split"])
    assert [text for text, splits in sides.items() if len(splits) > 1] == []
    return int(result["version"])


def train(manager: Client, version: int, least_f1: float) -> int:
    """Train, with live figures and a report beside the baseline."""
    training, job = manager.trainings.start(version, "encoder-head", seed=20)
    manager.jobs.wait(job)
    metrics = manager.jobs.metrics(job.id)
    assert [row["data"]["epoch"] for row in metrics] == list(range(1, len(metrics) + 1))
    done = manager.trainings.get(training.id)
    assert done.report["macro_f1"] > least_f1
    assert done.report["comparison"]["baseline"]["macro_f1"] > least_f1 - 0.05
    assert done.report["comparison"]["verdict"] in {"better", "no clear difference"}
    assert sum(map(sum, done.report["confusion"])) == done.report["rows"]
    assert done.model is not None
    return done.model


def export(manager: Client, model: int, limit: float) -> int:
    """Export an int8 bundle that loses no more than agreed."""
    bundle, job = manager.bundles.export(model, limit_points=limit)
    manager.jobs.wait(job)
    done = manager.bundles.get(bundle.id)
    assert done.state == "accepted", done.gate
    assert done.gate["float_figure"] - done.gate["bundle_figure"] <= limit / 100
    assert manager.bundles.verify(bundle.id)["whole"] is True
    return bundle.id


def stands_alone(manager: Client, bundle: int, folder: Path, texts: dict[str, str]) -> None:
    """The bundle's own predict.py gives the service's labels, without the service."""
    manager.bundles.download(bundle, folder / "bundle.zip")
    with zipfile.ZipFile(io.BytesIO((folder / "bundle.zip").read_bytes())) as archive:
        archive.extractall(folder / "bundle")
    [script] = (folder / "bundle").rglob("predict.py")
    command = [sys.executable, "-I", script.name, *texts]
    done = subprocess.run(command, cwd=script.parent, capture_output=True, text=True, check=True, timeout=120)
    found = [json.loads(line)["label"] for line in done.stdout.splitlines()]
    assert found == list(texts.values())


def lineage(manager: Client, dataset: int, curated: int, published: int, deployment: int) -> None:
    """An item that somebody labeled leads to its versions, its annotation, the training and the deployment."""
    item = next(item for item in manager.versions.items(published) if item["label_annotators"])
    found = manager.request("GET", f"datasets/{dataset}/items/{item['item_id']}/lineage/")
    assert {curated, published} <= {row["id"] for row in found["versions"]}, json.dumps(found)[:2000]
    assert len(found["annotations"]) == 1
    assert len(found["trainings"]) == len(found["bundles"]) == 1
    assert [row["id"] for row in found["deployments"]] == [deployment]
