"""Rows added to the newest version: ids, parts, roles, provenance, and two additions at once."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.actor import Actor
from core import objects
from curation.models import Dataset, Provenance, Upload, Version
from curation.services.dataset import create_dataset
from curation.services.garbage import collect_garbage
from curation.services.import_ import run_import
from curation.services.item import page_of_items
from curation.services.provenance import provenance_of_item
from curation.services.push import push_items
from curation.services.upload import receive_upload, start_import
from curation.services.version import part_key, restore_version, trash_version
from curation.tasks import import_file
from tests import factories
from workers.context import JobContext
from workers.models import Job

pytestmark = pytest.mark.django_db


def work(job: Job) -> Job:
    import_file(job_id=job.pk)
    job.refresh_from_db()
    return job


def upload(actor: Actor, dataset: Dataset, content: str, name: str = "a.csv", **said: object) -> Upload:
    file = SimpleUploadedFile(name, content.encode())
    return receive_upload(actor=actor, dataset_id=dataset.pk, file=file, **said)


def add(
    actor: Actor, dataset: Dataset, content: str, name: str = "a.csv", *, append: bool = True, **said: object
) -> Job:
    sent = upload(actor, dataset, content, name, **said)
    return work(start_import(actor=actor, upload_id=sent.pk, options={}, append=append))


def items(actor: Actor, version: int) -> list[dict]:
    return page_of_items(actor=actor, version_id=version, limit=100)["results"]


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def dataset(actor: Actor) -> Dataset:
    return create_dataset(actor=actor, name="Reviews")


def test_rows_are_added_behind_and_the_old_part_is_the_same_object(actor: Actor, dataset: Dataset) -> None:
    first = add(actor, dataset, "text,label\none,x\ntwo,y\n", append=False).result
    second = add(actor, dataset, "label,text\nz,three\n").result
    assert (second["number"], second["rows"], second["added"], second["refused"]) == (2, 3, 1, 0)
    assert items(actor, second["version"]) == [
        {"item_id": 1, "text": "one", "label": "x"},
        {"item_id": 2, "text": "two", "label": "y"},
        {"item_id": 3, "text": "three", "label": "z"},
    ]
    old, new = (Version.objects.get(pk=result["version"]) for result in (first, second))
    assert (new.parent_id, new.kind) == (old.pk, "import")
    assert new.manifest["parts"][0]["sha256"] == old.manifest["parts"][0]["sha256"]
    whole = add(actor, create_dataset(actor=actor, name="b"), "text,label\none,x\ntwo,y\nthree,z\n", append=False)
    assert Version.objects.get(pk=whole.result["version"]).content_hash == new.content_hash


def test_the_first_file_of_a_dataset_makes_the_first_version(actor: Actor, dataset: Dataset) -> None:
    job = add(actor, dataset, "text\none\n")
    version = Version.objects.get(pk=job.result["version"])
    assert (version.number, version.parent_id, version.row_count) == (1, None, 1)


def test_columns_are_united_and_roles_kept(actor: Actor, dataset: Dataset) -> None:
    add(actor, dataset, '{"text": "one", "n": 1}\n{"text": "two", "n": 2}\n', "a.jsonl")
    job = add(actor, dataset, "review,stars\nthree,5\nfour,4\nfive,4\n", "b.csv")
    assert job.result["warnings"] == ["Column review became text."]
    assert items(actor, job.result["version"])[1:3] == [
        {"item_id": 2, "text": "two", "n": 2, "stars": None},
        {"item_id": 3, "text": "three", "n": None, "stars": "5"},
    ]
    assert Version.objects.get(pk=job.result["version"]).manifest["roles"] == {"text": "text"}


def test_a_type_that_does_not_fit_is_refused_with_a_sentence_and_changes_nothing(
    actor: Actor, dataset: Dataset
) -> None:
    add(actor, dataset, '{"text": "one", "n": 1}\n', "a.jsonl")
    job = add(actor, dataset, "text,n\ntwo,2\nthree,about 3\n")
    assert (job.state, job.error["code"]) == ("failed", "column_type")
    assert job.error["detail"] == (
        "Column n holds whole numbers in the version, and the file has “about 3” there. "
        "Mend or rename the column, or import the file as a version of its own."
    )
    assert (Version.objects.count(), Dataset.objects.get(pk=dataset.pk).next_item_id) == (1, 2)


def test_bad_rows_are_listed_as_ever(actor: Actor, dataset: Dataset) -> None:
    add(actor, dataset, "text,label\none,x\n")
    job = add(actor, dataset, "text,label\ngood,a\nragged\n")
    sent = Upload.objects.get(pk=job.result["upload"])
    assert (job.result["added"], job.result["refused"], sent.refused_count) == (1, 1, 1)
    assert objects.open(sent.refused_key).read().decode("utf-8-sig").splitlines()[1].startswith("3,")
    sent = upload(actor, dataset, "id,text,label\n1,a,b,c\n2,d\n")
    none = work(start_import(actor=actor, upload_id=sent.pk, options={"delimiter": ","}, append=True))
    assert (none.error["code"], none.error["refused"], Version.objects.count()) == ("no_good_rows", 2, 2)


def test_each_item_keeps_its_own_source(actor: Actor, dataset: Dataset) -> None:
    day, later = datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)
    add(actor, dataset, "text\none\n", licence="CC0", collected_on=later, source="x")
    job = add(actor, dataset, "text\ntwo\nthree\n", licence="MIT", collected_on=day, consent="form 7")
    found = [provenance_of_item(actor=actor, dataset_id=dataset.pk, item_id=number) for number in (1, 2, 3)]
    assert [(row.licence, row.collected_on) for row in found] == [("CC0", later), ("MIT", day), ("MIT", day)]
    version = Version.objects.get(pk=job.result["version"])
    assert (version.licence, version.source, version.consent, version.collected_on) == (
        "CC0; MIT", "x", "form 7", later,
    )  # fmt: skip


def test_a_file_that_came_before_is_said_to_have(actor: Actor, dataset: Dataset) -> None:
    add(actor, dataset, "text\none\n", "first.csv")
    job = add(actor, dataset, "text\none\n", "again.csv")
    assert job.result["warnings"] == ["A file with exactly this content came in with v1 already, as first.csv."]
    assert job.result["rows"] == 2


def test_an_addition_done_twice_makes_one_version(actor: Actor, dataset: Dataset) -> None:
    add(actor, dataset, "text\none\n")
    job = add(actor, dataset, "text\ntwo\n")
    again = run_import(job=JobContext(job), upload_id=job.params["upload_id"], append=True)
    assert again == job.result
    assert (Version.objects.count(), Provenance.objects.count()) == (2, 2)
    assert Dataset.objects.get(pk=dataset.pk).next_item_id == 3


def test_rows_that_came_in_between_are_not_lost(
    actor: Actor, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that is committed while ours is written becomes the one that ours stands on."""
    add(actor, dataset, "text\none\n")
    from curation.services import intake

    real, between = intake.write_joined, []

    def write(*arguments: object, **options: object) -> object:
        manifest = real(*arguments, **options)
        if not between:
            between.append(True)
            add(actor, dataset, "text\nbetween\n")
        return manifest

    monkeypatch.setattr(intake, "write_joined", write)
    job = add(actor, dataset, "text\nlast\n")
    assert [row["text"] for row in items(actor, job.result["version"])] == ["one", "between", "last"]
    assert [row["item_id"] for row in items(actor, job.result["version"])] == [1, 3, 2]
    assert (job.result["number"], job.result["added"]) == (3, 1)


def test_a_version_in_the_trash_is_not_added_to_and_parts_outlive_it(actor: Actor, dataset: Dataset) -> None:
    first = add(actor, dataset, "text\none\ntwo\n").result["version"]
    second = add(actor, dataset, "text\nthree\n").result["version"]
    trash_version(actor=actor, version_id=second)
    third = add(actor, dataset, "text\nfour\n")
    assert [row["text"] for row in items(actor, third.result["version"])] == ["one", "two", "four"]
    restore_version(actor=actor, version_id=second)
    trash_version(actor=actor, version_id=first)
    assert first in collect_garbage(dry_run=False, grace=datetime.timedelta(0)).versions
    assert [row["text"] for row in items(actor, second)] == ["one", "two", "three"]
    kept = Version.objects.get(pk=second)
    assert all(objects.exists(part_key(kept, part["sha256"])) for part in kept.manifest["parts"])


def test_raw_rows_do_not_stand_behind_encoded_ones(actor: Actor, dataset: Dataset) -> None:
    add(actor, dataset, "text\none\n")
    version = Version.objects.get()
    version.manifest["encoders"] = [{"kind": "standard", "column": "n", "mean": 1, "scale": 1}]
    version.save()
    job = add(actor, dataset, "text\ntwo\n")
    assert (job.error["code"], "v1 holds scaled or encoded columns" in job.error["detail"]) == ("version_encoded", True)


def test_pushed_rows_are_added_once_for_a_key(actor: Actor, dataset: Dataset) -> None:
    rows = [{"text": "one"}]
    work(push_items(actor=actor, dataset_id=dataset.pk, rows=rows, key="k1"))
    job = work(push_items(actor=actor, dataset_id=dataset.pk, rows=[{"text": "two"}], key="k2", append=True))
    assert push_items(actor=actor, dataset_id=dataset.pk, rows=[{"text": "two"}], key="k2", append=True) == job
    assert [row["text"] for row in items(actor, job.result["version"])] == ["one", "two"]


def test_many_small_pushes_leave_few_parts(actor: Actor, dataset: Dataset) -> None:
    for number in range(12):
        job = work(
            push_items(
                actor=actor, dataset_id=dataset.pk, rows=[{"text": f"row {number}"}], key=f"k{number}", append=True
            )
        )
    version = Version.objects.get(pk=job.result["version"])
    assert (version.row_count, len(version.manifest["parts"])) == (12, 2)
