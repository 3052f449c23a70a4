import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.actor import Actor
from core.errors import NotFound
from curation.models import Provenance, Version
from curation.services.dataset import create_dataset
from curation.services.import_ import run_import
from curation.services.provenance import provenance_of_item
from curation.services.run import start_run
from curation.services.upload import receive_upload, start_import
from tests import factories
from tests.curation.services.test_import import work
from workers.context import JobContext
from workers.models import Job

pytestmark = pytest.mark.django_db

DAY = datetime.date(2024, 2, 29)


def import_(actor: Actor, dataset_id: int, content: str, **said: object) -> Job:
    upload = receive_upload(
        actor=actor, dataset_id=dataset_id, file=SimpleUploadedFile("a.csv", content.encode()), **said
    )
    return work(start_import(actor=actor, upload_id=upload.pk, options={}))


def test_items_of_two_imports_keep_their_own_source_through_later_versions() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Reviews")
    first = import_(actor, dataset.pk, "text,label\na,x\nb,y\nb,y\n", licence="CC0", consent="public", collected_on=DAY)
    second = import_(actor, dataset.pk, "text,label\nc,x\n", licence="MIT", source="a client")
    rows = Provenance.objects.order_by("pk").values_list("first_item_id", "last_item_id", "licence", "version_id")
    assert list(rows) == [(1, 3, "CC0", first.result["version"]), (4, 4, "MIT", second.result["version"])]
    _run, job = start_run(actor=actor, version_id=first.result["version"])
    curated = Version.objects.get(pk=work(job).result["version"])
    assert (curated.row_count, curated.licence, curated.consent, curated.collected_on) == (2, "CC0", "public", DAY)
    found = provenance_of_item(actor=actor, dataset_id=curated.dataset_id, item_id=2)
    assert (found.licence, found.consent, found.collected_on, found.file_name) == ("CC0", "public", DAY, "a.csv")
    assert provenance_of_item(actor=actor, dataset_id=dataset.pk, item_id=4).source == "a client"


def test_no_version_carries_a_column_for_it() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="Reviews")
    hashes = set()
    for licence in ("CC0", "MIT"):
        job = import_(actor, create_dataset(actor=actor, name=licence).pk, "text\na\n", licence=licence)
        hashes.add(Version.objects.get(pk=job.result["version"]).content_hash)
    assert len(hashes) == 1
    with pytest.raises(NotFound):
        provenance_of_item(actor=actor, dataset_id=dataset.pk, item_id=1)


def test_an_import_done_twice_has_one_source_also_when_it_died_before_writing_it() -> None:
    actor = factories.owner()
    job = import_(actor, create_dataset(actor=actor, name="a").pk, "text\na\nb\n")
    Provenance.objects.all().delete()
    for _again in range(2):
        run_import(job=JobContext(job), upload_id=job.params["upload_id"])
        assert list(Provenance.objects.values_list("first_item_id", "last_item_id")) == [(1, 2)]


def test_a_stranger_learns_nothing() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="a")
    import_(actor, dataset.pk, "text\na\n")
    with pytest.raises(NotFound):
        provenance_of_item(actor=factories.owner("Sue's"), dataset_id=dataset.pk, item_id=1)


def test_ids_behind_the_last_import_have_no_source() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="a")
    import_(actor, dataset.pk, "text\na\n")
    with pytest.raises(NotFound):
        provenance_of_item(actor=actor, dataset_id=dataset.pk, item_id=2)


def test_the_api_and_the_page_of_an_item_say_where_it_comes_from() -> None:
    actor = factories.owner()
    dataset = create_dataset(actor=actor, name="a")
    said = {"licence": "CC BY 4.0", "source": "a phone", "consent": "signed form 7", "collected_on": DAY}
    job = import_(actor, dataset.pk, "text\nhello\n", **said)
    headers = {"Authorization": f"Bearer {factories.secret(actor)}"}
    path = f"/api/v1/versions/{job.result['version']}/items/1/provenance/"
    answer = Client().get(path, headers=headers).json()
    assert {name: answer[name] for name in said} == {**said, "collected_on": "2024-02-29"}
    assert (answer["first_item_id"], answer["last_item_id"], answer["upload"]) == (1, 1, job.result["upload"])
    listed = Client().get(f"/api/v1/datasets/{dataset.pk}/provenance/", headers=headers).json()["results"]
    assert listed == [answer]
    assert Client().get(path.replace("/1/", "/2/"), headers=headers).status_code == 404
