"""Garbage collection removes what lay in the trash, and never what anything needs."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEntry
from core import objects
from core.errors import Conflict, DomainError
from curation.engine.reader import VersionReader
from curation.models import Diff, Version
from curation.services.dependency import holding_relations
from curation.services.diff import request_diff
from curation.services.explorer import request_index
from curation.services.garbage import collect_garbage
from curation.services.run import start_run
from curation.services.tag import remove_tag, set_tag
from curation.services.version import index_key, open_version, part_key, restore_version, trash_version
from modeling.models import Training
from tests import factories
from tests.curation import history

pytestmark = pytest.mark.django_db
COLUMNS = {"item_id": [1, 2], "text": ["a", "b"]}


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def in_trash(version: Version) -> Version:
    """Say that a version has lain in the trash for long, whatever needs it."""
    Version.objects.filter(pk=version.pk).update(trashed_at=timezone.now() - timedelta(days=400))
    version.refresh_from_db()
    return version


def parts(version: Version) -> list[str]:
    return [part_key(version, part["sha256"]) for part in version.manifest["parts"]]


def test_a_version_in_the_trash_goes_after_the_grace_period(actor: Actor) -> None:
    version = history.version(actor, COLUMNS)
    job = request_index(actor=actor, version_id=version.pk)
    assert job is not None
    history.finish(job)
    trash_version(actor=actor, version_id=version.pk)
    assert collect_garbage(dry_run=False).versions == []
    dry = collect_garbage(grace=timedelta(0))
    assert (dry.versions, sorted(dry.object_keys)) == ([version.pk], sorted([*parts(version), index_key(version)]))
    assert all(objects.exists(key) for key in dry.object_keys)
    done = collect_garbage(dry_run=False, grace=timedelta(0))
    assert (done.versions, done.object_keys) == (dry.versions, dry.object_keys)
    assert not any(objects.exists(key) for key in dry.object_keys)
    version.refresh_from_db()
    assert version.purged_at is not None
    with pytest.raises(DomainError) as caught, open_version(version):
        pass
    assert caught.value.code == "version_purged"
    with pytest.raises(Conflict):
        restore_version(actor=actor, version_id=version.pk)
    assert AuditEntry.objects.filter(action="version.purge", subject=f"version:{version.pk}").count() == 1
    assert collect_garbage(dry_run=False, grace=timedelta(0)).versions == []


def training(actor: Actor, version: Version) -> object:
    return Training.objects.create(
        organization_id=actor.organization_id,
        version=version,
        name="t",
        family="encoder-head",
        job=factories.job(actor),
    )


HOLDERS: dict[str, Callable[[Actor, Version], object]] = {
    "a tag": lambda actor, version: set_tag(actor=actor, version_id=version.pk, name="gold"),
    "a project": lambda actor, version: factories.project(actor, version=version),
    "a training": training,
    "a run without output yet": lambda actor, version: history.run(actor, version, None),
    "a run whose output is there": lambda actor, version: history.run(
        actor, version, history.version(actor, {"item_id": [1], "text": ["a"]}, parent=version)
    ),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_nothing_that_is_needed_goes(actor: Actor, holder: str) -> None:
    version = history.version(actor, COLUMNS)
    HOLDERS[holder](actor, version)
    in_trash(version)
    done = collect_garbage(dry_run=False)
    assert done.versions == []
    assert [kept.version_id for kept in done.kept] == [version.pk]
    with open_version(version) as reader:
        assert isinstance(reader, VersionReader)
        assert reader.table()["text"].to_pylist() == ["a", "b"]


def test_every_protecting_relation_of_every_app_holds() -> None:
    """The list is for whoever adds an app: its foreign key appears here by itself, and holds."""
    found = {f"{relation.related_model._meta.label_lower}.{relation.field.name}" for relation in holding_relations()}
    assert {"curation.tag.version", "curation.run.input", "labeling.project.version"} <= found
    assert "modeling.training.version" in found
    assert found & {"curation.version.parent", "curation.run.output", "curation.diff.older"} == set()


def test_an_app_that_comes_later_is_covered(actor: Actor) -> None:
    """A table that this code never heard of holds a version by its foreign key alone."""

    class Delivery(models.Model):
        version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="deliveries")

        class Meta:
            app_label = "curation"

    try:
        with connection.schema_editor() as editor:
            editor.create_model(Delivery)
        version = history.version(actor, COLUMNS)
        Delivery.objects.create(version=version)
        assert collect_garbage(dry_run=False).versions == []
        in_trash(version)
        assert [kept.model for kept in collect_garbage(dry_run=False).kept] == ["curation.delivery"]
    finally:
        del apps.all_models["curation"]["delivery"]
        apps.clear_cache()


def test_equal_parts_of_a_living_version_stay(actor: Actor) -> None:
    gone = history.version(actor, COLUMNS)
    living = history.version(actor, COLUMNS, parent=gone)
    assert parts(gone) == parts(living)
    in_trash(gone)
    done = collect_garbage(dry_run=False)
    assert (done.versions, done.object_keys) == ([gone.pk], [])
    with open_version(living) as reader:
        assert reader.table().num_rows == 2
    in_trash(living)
    assert collect_garbage(dry_run=False).object_keys == parts(living)


def test_a_chain_goes_from_its_end(actor: Actor) -> None:
    """The input of a run goes once the run's output has gone, and its diffs with it."""
    first = history.version(actor, COLUMNS)
    second = history.version(actor, {"item_id": [1], "text": ["other"]}, parent=first)
    history.run(actor, first, second)
    diff, job = request_diff(actor=actor, older_id=first.pk, newer_id=second.pk)
    assert job is not None
    history.finish(job)
    key = Diff.objects.get(pk=diff.pk).object_key
    in_trash(first), in_trash(second)
    assert collect_garbage(dry_run=False).versions == [second.pk]
    assert not objects.exists(key)
    assert not Diff.objects.filter(pk=diff.pk).exists()
    assert collect_garbage(dry_run=False).versions == [first.pk]


def test_a_pass_that_died_is_finished_by_the_next(actor: Actor) -> None:
    version = in_trash(history.version(actor, COLUMNS))
    Version.objects.filter(pk=version.pk).update(purged_at=timezone.now())
    done = collect_garbage(dry_run=False)
    assert done.object_keys == parts(version)
    assert not objects.exists(parts(version)[0])


def test_what_is_needed_cannot_be_put_in_the_trash(actor: Actor) -> None:
    version = history.version(actor, COLUMNS)
    set_tag(actor=actor, version_id=version.pk, name="gold")
    with pytest.raises(Conflict, match="gold"):
        trash_version(actor=actor, version_id=version.pk)
    remove_tag(actor=actor, version_id=version.pk, name="gold")
    trash_version(actor=actor, version_id=version.pk)
    for act in (
        lambda: set_tag(actor=actor, version_id=version.pk, name="gold"),
        lambda: start_run(actor=actor, version_id=version.pk),
    ):
        with pytest.raises(Conflict, match="in the trash"):
            act()
    restore_version(actor=actor, version_id=version.pk)
    assert set_tag(actor=actor, version_id=version.pk, name="gold").version == version
    actions = AuditEntry.objects.filter(subject=f"version:{version.pk}").order_by("pk").values_list("action", flat=True)
    assert list(actions)[-5:] == ["tag.add", "tag.remove", "version.trash", "version.restore", "tag.add"]


def test_the_command_is_dry_unless_told(actor: Actor) -> None:
    version = in_trash(history.version(actor, COLUMNS))
    kept = history.version(actor, {"item_id": [1], "text": ["kept"]})
    set_tag(actor=actor, version_id=kept.pk, name="gold")
    in_trash(kept)
    told = StringIO()
    call_command("collect_garbage", stdout=told)
    assert f"would remove {parts(version)[0]}" in told.getvalue()
    assert f"kept version {kept.pk}: curation.tag" in told.getvalue()
    assert objects.exists(parts(version)[0])
    call_command("collect_garbage", "--remove", stdout=told)
    assert not objects.exists(parts(version)[0])
    assert objects.exists(parts(kept)[0])
