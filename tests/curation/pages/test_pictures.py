"""Pages of versions with pictures: grid, item, review side by side, diff, and who gets originals."""

import io
import re
import tempfile
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from curation.engine.decisions import questions_of
from curation.engine.findings import found_rows
from curation.engine.steps.base import Found
from curation.models import Run, Version
from curation.services.diff import request_diff
from curation.services.question import store_questions
from curation.services.run import start_run
from curation.services.version import open_version
from tests import factories
from tests.curation import history
from tests.curation.engine.pictures import saved, scene
from tests.curation.services.test_import import import_, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


def browser(actor: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def version_of(actor: Actor, count: int, name: str = "a.zip") -> Version:
    """Import pictures in two classes; the first has markup in its name, and the last equals the first."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("cat/<b>1.png", saved(scene(seed=0)))
        for number in range(1, count - 1):
            archive.writestr(f"dog/{number}.jpg", saved(scene(200, 150, seed=number), "JPEG"))
        archive.writestr("cat/again.png", saved(scene(seed=0)))
    return Version.objects.get(pk=import_(actor, sink.getvalue(), name).result["version"])


def test_the_grid_shows_pictures_and_the_table_them_too(actor: Actor) -> None:
    version = version_of(actor, 4)
    page = browser(actor).get(f"/versions/{version.pk}/").content.decode()
    hashes = re.findall(r'<img src="/api/v1/pictures/([0-9a-f]{64})/thumb/"', page)
    assert len(hashes) == 4
    assert hashes[0] == hashes[3] != hashes[1]
    assert "cat/&lt;b&gt;1.png" in page
    assert "<b>1.png" not in page
    assert "picture-image_sharpness" in page
    table = browser(actor).get(f"/versions/{version.pk}/", {"view": "table"}).content.decode()
    assert table.count('class="row-thumb"') == 4
    assert "items-grid" not in table
    found = browser(actor).get(f"/versions/{version.pk}/", {"column": "image_width", "op": "at_least", "value": "100"})
    assert re.findall(r'/items/(\d+)/">', found.content.decode()) == ["2", "3"]


def test_queries_do_not_grow_with_the_pictures(actor: Actor) -> None:
    def count(version: Version) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert window.get(f"/versions/{version.pk}/").status_code == 200
        return len(queries)

    window, few, many = browser(actor), version_of(actor, 3), version_of(actor, 30, "b.zip")
    count(few)
    assert count(few) == count(many)


def test_an_item_shows_its_picture_and_originals_are_for_those_who_manage_data(actor: Actor) -> None:
    version = version_of(actor, 3)
    path = f"/versions/{version.pk}/items/2/"
    page = browser(actor).get(path).content.decode()
    assert 'width="200" height="150"' in page
    assert f"{path}original/" in page
    assert "image_sharpness" not in page
    assert browser(actor).get(f"{path}original/").status_code == 302
    client = browser(factories.member(actor, "client"))
    assert f"{path}original/" not in client.get(path).content.decode()
    assert client.get(f"{path}original/").status_code == 403
    assert browser(actor).get(f"/versions/{factories.version(actor).pk}/items/1/original/").status_code == 404


def paired(actor: Actor, version: Version, items: list[int]) -> Run:
    """Say that a step has found these items to belong together, as a search for near-duplicates does."""
    run = history.run(actor, version, None)
    with open_version(version) as reader:
        found = [Found(item, "near_duplicate_image", "distance 3", group=1) for item in items]
        rows = found_rows("near_duplicate_images", found, reader.table(), version.manifest["roles"])
    with tempfile.TemporaryDirectory() as folder:
        pq.write_table(rows, Path(folder) / "findings.parquet")
        store_questions(run=run, questions=questions_of(pq.read_table(Path(folder) / "findings.parquet")), decided={})
    return run


def test_pictures_of_one_question_stand_side_by_side_with_what_differs(actor: Actor) -> None:
    version = version_of(actor, 4)
    run = paired(actor, version, [1, 2, 3])
    page = browser(actor).get(f"/runs/{run.pk}/review/").content.decode()
    assert len(re.findall(r'class="review-picture" href="/api/v1/pictures/[0-9a-f]{64}/view/"', page)) == 3
    assert "<mark>64\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}48</mark>" in page
    assert "<mark>PNG RGB</mark>" in page
    assert "image_sharpness" not in page
    same = browser(actor).get(f"/runs/{paired(actor, version, [1, 4]).pk}/review/").content.decode()
    assert "The pictures are the same to the byte." in same
    assert "<mark>" not in same


def test_dropped_pictures_are_seen_in_drops_and_diff(actor: Actor) -> None:
    version = version_of(actor, 4)
    run, job = start_run(actor=actor, version_id=version.pk, steps={"steps": [{"name": "exact_duplicates"}]})
    work(job)
    run.refresh_from_db()
    assert browser(actor).get(f"/runs/{run.pk}/drops/").content.decode().count('class="row-thumb"') == 1
    diff, job = request_diff(actor=actor, older_id=version.pk, newer_id=run.output.pk)
    assert job is not None
    history.finish(job)
    page = browser(actor).get(f"/diffs/{diff.pk}/").content.decode()
    assert page.count('class="row-thumb"') == 1
    with open_version(version) as reader:
        assert f"pictures/{reader.table()['image'][3].as_py()}/thumb/" in page
