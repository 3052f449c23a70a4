import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import User
from curation.models import Tag, Version
from curation.services.diff import request_diff
from curation.services.tag import set_tag
from tests.curation import history

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(actor: Actor) -> Version:
    texts = ["<b>bold</b> one", "plain two", "plain three"]
    return history.version(actor, {"item_id": [1, 2, 3], "text": texts, "label": ["a", "b", "a"]}, label="label")


def shown(page: str) -> list[str]:
    return re.findall(r'/items/(\d+)/"', page)


def test_the_explorer_filters_and_shows_the_question_again(browser: Client, version: Version) -> None:
    page = browser.get(f"/versions/{version.pk}/", {"q": "PLAIN", "label": "a"}).content.decode()
    assert shown(page) == ["3"]
    assert 'value="PLAIN"' in page
    assert "<b>bold</b>" not in browser.get(f"/versions/{version.pk}/").content.decode()
    refused = browser.get(f"/versions/{version.pk}/", {"longer": "many"})
    assert refused.status_code == 400
    assert "is not a number" in refused.content.decode()


def test_tags_notes_and_trash(browser: Client, version: Version) -> None:
    browser.post(f"/versions/{version.pk}/tags/", {"name": "gold"})
    answer = browser.get(f"/datasets/{version.dataset_id}/versions/tag:gold/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/versions/{version.pk}/")
    browser.post(f"/versions/{version.pk}/notes/", {"notes": "**careful** <script>"})
    page = browser.get(f"/versions/{version.pk}/").content.decode()
    assert "<strong>careful</strong> &lt;script&gt;" in page
    refused = browser.post(f"/versions/{version.pk}/trash/", follow=True).content.decode()
    assert "Something needs this version: gold" in refused
    browser.post(f"/versions/{version.pk}/tags/", {"remove": "gold"})
    assert "v1" in browser.post(f"/versions/{version.pk}/trash/", follow=True).content.decode()
    assert f"/versions/{version.pk}/" not in browser.get(f"/datasets/{version.dataset_id}/").content.decode()
    browser.post(f"/versions/{version.pk}/trash/", {"restore": "1"})
    assert f"/versions/{version.pk}/" in browser.get(f"/datasets/{version.dataset_id}/").content.decode()


def test_the_diff_page_marks_words_and_escapes_them(browser: Client, actor: Actor, version: Version) -> None:
    texts = ["<b>bold</b> uno", "plain two", "plain three"]
    labels = {"label": ["a", "b", "c"], "label_annotators": [[], [], [actor.user_id]]}
    newer = history.version(actor, {"item_id": [1, 2, 3], "text": texts, **labels}, parent=version, label="label")
    start = browser.post(f"/versions/{newer.pk}/compare/", {"with": version.pk})
    diff, job = request_diff(actor=actor, older_id=version.pk, newer_id=newer.pk)
    assert start.headers["Location"] == f"/diffs/{diff.pk}/"
    assert job is not None
    assert "job-progress" in browser.get(f"/diffs/{diff.pk}/").content.decode()
    history.finish(job)
    page = browser.get(f"/diffs/{diff.pk}/", {"kind": "changed"}).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt; <del>one</del><ins>uno</ins>" in page
    assert shown(page) == ["1"]
    labels_page = browser.get(f"/diffs/{diff.pk}/", {"kind": "label"}).content.decode()
    assert shown(labels_page) == ["3"]
    assert User.objects.get(pk=actor.user_id).email in labels_page
    assert "heat-4" in labels_page


def test_queries_do_not_grow(browser: Client, actor: Actor, version: Version) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        return len(queries)

    set_tag(actor=actor, version_id=version.pk, name="one")
    paths = [f"/versions/{version.pk}/", f"/datasets/{version.dataset_id}/", f"/versions/{version.pk}/compare/"]
    history.version(actor, {"item_id": [1], "text": ["a"]}, parent=version)
    before = [count(path) for path in paths]
    for number in range(3):
        child = history.version(actor, {"item_id": [1], "text": [f"a{number}"]}, parent=version)
        set_tag(actor=actor, version_id=child.pk, name=f"child-{number}")
    Tag.objects.create(organization_id=actor.organization_id, dataset=version.dataset, version=version, name="two")
    assert [count(path) for path in paths] == before


def test_columns_lineage_and_a_purged_version(browser: Client, actor: Actor, version: Version) -> None:
    assert "job-progress" in browser.get(f"/versions/{version.pk}/columns/").content.decode()
    from workers.models import Job

    history.finish(Job.objects.get(kind="curation.index_version"))
    page = browser.get(f"/versions/{version.pk}/columns/").content.decode()
    assert "?column=label&amp;value=a#items" in page
    lineage = browser.get(f"/datasets/{version.dataset_id}/lineage/").content.decode()
    assert f'href="/versions/{version.pk}/"' in lineage
    assert "style=" not in lineage
    Version.objects.filter(pk=version.pk).update(purged_at=version.created_at, trashed_at=version.created_at)
    answer = browser.get(f"/versions/{version.pk}/")
    assert answer.status_code == 200
    assert "The content of this version was removed" in answer.content.decode()
