"""Versions embedded by their job, and what is asked of them then."""

import io
import shutil
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.engine.embedding.cache import VectorCache
from curation.models import Version
from curation.services.garbage import collect_garbage
from curation.services.meaning import (
    execute_meaning,
    forget_vectors,
    has_meaning,
    map_points,
    meaning_figures,
    meaning_key,
    request_meaning,
    similar_items,
    vectors_folder,
)
from curation.services.version import open_version, trash_version
from tests import factories
from tests.curation import history
from tests.curation.engine.embedding.network import graph
from tests.curation.engine.pictures import saved, scene
from tests.curation.services.test_import import import_
from tests.labeling.versions import start

# Jobs may take longer than their heartbeat here, and the thread that writes it sees committed rows only.
pytestmark = pytest.mark.django_db(transaction=True)

CARDS = ["My bank card has not arrived", "When will my new card come?", "Where is the card I ordered"]
FOOD = ["I would like two pizzas with cheese", "Pasta with tomato sauce, please", "Do you sell bread and cakes?"]
TEXTS = [*CARDS, "  ", *FOOD, None]


def owner(name: str = "") -> Actor:
    """Return the owner of a new organization without vectors: these lie on the disk, and its number may come again."""
    found = factories.owner(name) if name else factories.owner()
    shutil.rmtree(vectors_folder(found.organization_id), ignore_errors=True)
    return found


@pytest.fixture
def actor() -> Actor:
    return owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    columns = {"item_id": [11, 12, 13, 14, 15, 16, 17, 18], "text": TEXTS, "label": ["a"] * 4 + ["b"] * 4}
    return history.version(actor, columns, label="label")


@pytest.fixture
def embedded(actor: Actor, version: Version) -> Version:
    execute_meaning(job=start(factories.job(actor)), version_id=version.pk)
    return version


def vectors_held(actor: Actor) -> int:
    total = 0
    for path in vectors_folder(actor.organization_id).glob("vectors-*"):
        _word, fingerprint, width = path.name.split("-")
        total += len(VectorCache(path.parent, fingerprint, int(width)))
    return total


def test_the_job_embeds_once_and_names_items_without_text(actor: Actor, version: Version) -> None:
    job = request_meaning(actor=actor, version_id=version.pk)
    assert job is not None
    assert request_meaning(actor=actor, version_id=version.pk) == job
    done = history.finish(job)
    expected = {"version": version.pk, "encoder": "minilm", "items": 6, "without_text": 2, "clusters": 2, "outliers": 0}
    assert done.result == expected
    figures = meaning_figures(version)
    assert figures is not None
    assert figures["without"] == {"count": 2, "items": [14, 18]}
    assert sorted(entry["items"] for entry in figures["clusters"]) == [3, 3]
    assert figures["near_empty"] == [["a", 3], ["b", 3]]
    assert request_meaning(actor=actor, version_id=version.pk) is None
    assert execute_meaning(job=start(factories.job(actor)), version_id=version.pk) == expected


def test_similar_items_are_of_one_kind_and_never_the_item_itself(actor: Actor, embedded: Version) -> None:
    found = similar_items(actor=actor, version_id=embedded.pk, item_id=11, limit=2)
    assert {row["item_id"] for row in found} == {12, 13}
    assert found[0]["similarity"] > found[1]["similarity"] > 0.3
    assert found[0]["item"]["text"] in CARDS
    assert similar_items(actor=actor, version_id=embedded.pk, item_id=14) == []
    with pytest.raises(NotFound):
        similar_items(actor=actor, version_id=embedded.pk, item_id=99)
    with pytest.raises(NotFound):
        similar_items(actor=factories.owner("Others"), version_id=embedded.pk, item_id=11)


def test_without_vectors_the_answer_says_so(actor: Actor, version: Version) -> None:
    with pytest.raises(DomainError) as refused:
        similar_items(actor=actor, version_id=version.pk, item_id=11)
    assert (refused.value.code, refused.value.status) == ("meaning_missing", 409)
    with pytest.raises(DomainError) as unknown:
        request_meaning(actor=actor, version_id=version.pk, encoder="/etc")
    assert unknown.value.code == "encoder_unknown"
    assert "minilm" in str(unknown.value.detail)


def test_a_version_without_a_text_column_is_refused(actor: Actor) -> None:
    table = history.version(actor, {"item_id": [1], "size": [3]})
    with pytest.raises(DomainError) as refused:
        request_meaning(actor=actor, version_id=table.pk)
    assert refused.value.code == "text_missing"


def test_another_encoder_builds_it_again(actor: Actor, embedded: Version) -> None:
    job = request_meaning(actor=actor, version_id=embedded.pk, encoder="e5-small")
    assert job is not None
    assert history.finish(job).result["encoder"] == "e5-small"
    assert request_meaning(actor=actor, version_id=embedded.pk) is None
    found = similar_items(actor=actor, version_id=embedded.pk, item_id=11, limit=2)
    assert {row["item_id"] for row in found} == {12, 13}


def test_the_map_holds_every_item_with_a_place(actor: Actor, embedded: Version) -> None:
    data = map_points(actor=actor, version_id=embedded.pk)
    assert np.frombuffer(data, "<u4", 2).tolist() == [6, 6]
    assert np.frombuffer(data, "<f8", 6, 8).tolist() == [11, 12, 13, 15, 16, 17]
    assert len(data) == 8 + 6 * (8 + 2 + 2 + 2 + 2 + 1)
    assert np.frombuffer(data, "<u2", 6, 8 + 6 * 14).tolist() == [0, 0, 0, 1, 1, 1]


def test_vectors_go_when_no_living_version_holds_their_text(actor: Actor, embedded: Version) -> None:
    other = history.version(actor, {"item_id": [1, 2], "text": [CARDS[0], "something else"]})
    execute_meaning(job=start(factories.job(actor)), version_id=other.pk)
    assert vectors_held(actor) == 7
    assert forget_vectors(actor.organization_id, before=time.time() - 3600) == 0
    trash_version(actor=actor, version_id=embedded.pk)
    from datetime import timedelta

    done = collect_garbage(dry_run=False, grace=timedelta(0))
    assert done.versions == [embedded.pk]
    assert meaning_key(embedded) in done.object_keys
    assert done.vectors == 5
    assert vectors_held(actor) == 2
    assert not has_meaning(Version.objects.get(pk=embedded.pk))


def test_organizations_share_no_vectors(actor: Actor, embedded: Version) -> None:
    assert vectors_held(actor) == 6
    assert vectors_held(owner("Others")) == 0


def test_pictures_are_embedded_compared_and_searched(actor: Actor) -> None:
    files: dict[str, bytes | str] = {f"cat/{seed}.png": saved(scene(320, 240, seed)) for seed in range(3)}
    files["dog/copy.jpg"] = saved(scene(320, 240, 1), "JPEG", quality=95)
    job = import_(actor, zipped(files), "pictures.zip")
    version = Version.objects.get(pk=job.result["version"])
    first = execute_meaning(job=start(factories.job(actor)), version_id=version.pk)
    assert first == {
        "version": version.pk, "encoder": "efficientnet-lite0", "items": 4, "without_text": 0, "clusters": 2,
        "outliers": 0,
    }  # fmt: skip
    assert request_meaning(actor=actor, version_id=version.pk) is None
    with open_version(version) as reader:
        items = {row["image_file"]: row["item_id"] for row in reader.table().to_pylist()}
    found = similar_items(actor=actor, version_id=version.pk, item_id=items["cat/1.png"], limit=3)
    assert found[0]["item_id"] == items["dog/copy.jpg"]
    assert found[0]["similarity"] > found[1]["similarity"]
    assert np.frombuffer(map_points(actor=actor, version_id=version.pk)[:8], "<u4").tolist() == [4, 4]
    with pytest.raises(DomainError, match="Choose one of auto, efficientnet-lite0"):
        request_meaning(actor=actor, version_id=version.pk, encoder="minilm")


def test_pictures_are_embedded_by_a_network_that_the_operator_names(
    actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph(tmp_path / "net" / "model.onnx", ["b", 3, "h", "w"])
    (tmp_path / "net" / "preprocessor_config.json").write_text('{"size": 32}')
    monkeypatch.setenv("ASSAY_ENCODERS", f"colours={tmp_path / 'net'}")
    files: dict[str, bytes | str] = {f"cat/{seed}.png": saved(scene(320, 240, seed)) for seed in range(3)}
    version = Version.objects.get(pk=import_(actor, zipped(files), "pictures.zip").result["version"])
    job = request_meaning(actor=actor, version_id=version.pk, encoder="colours")
    assert job is not None
    assert execute_meaning(job=start(job), version_id=version.pk, encoder="colours")["encoder"] == "colours"
    (tmp_path / "net" / "preprocessor_config.json").write_text('{"size": "large"}')
    with pytest.raises(DomainError, match="size is a side of 8 to 1024 pixels"):
        execute_meaning(job=start(factories.job(actor)), version_id=another(actor, files).pk, encoder="colours")


def another(actor: Actor, files: dict[str, bytes | str]) -> Version:
    """Return a version of more pictures, which nobody has embedded."""
    more = {**files, "dog/more.png": saved(scene(320, 240, 9))}
    return Version.objects.get(pk=import_(actor, zipped(more), "more.zip").result["version"])


def zipped(files: dict[str, bytes | str]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return sink.getvalue()
