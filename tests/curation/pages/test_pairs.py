"""The page on which people judge pairs, of texts and of pictures."""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from curation.models import PairJudgement, PairReview, Version
from curation.services.version import open_version
from tests.curation import history
from tests.curation.pages.test_pictures import version_of

pytestmark = pytest.mark.django_db


def drawn(actor: Actor, version: Version, pairs: list[tuple[int, int]]) -> PairReview:
    return PairReview.objects.create(
        organization_id=actor.organization_id,
        version=version,
        encoder="efficientnet-lite0",
        pairs=[[left, right, 0.9, 3] for left, right in pairs],
        counts=[0] * 3 + [len(pairs)] + [0] * 6,
    )


def items_of(version: Version) -> dict[str, int]:
    with open_version(version) as reader:
        return {row["image_file"]: row["item_id"] for row in reader.table().to_pylist()}


def test_pictures_stand_side_by_side_and_are_judged(actor: Actor, browser: Client) -> None:
    version = version_of(actor, 4)
    items = items_of(version)
    left, right = items["dog/1.jpg"], items["dog/2.jpg"]
    drawn(actor, version, [(left, right), (items["cat/<b>1.png"], items["cat/again.png"])])
    page = browser.get(f"/versions/{version.pk}/pairs/").content.decode()
    hashes = re.findall(r'<img src="/api/v1/pictures/([0-9a-f]{64})/view/" alt="Picture of item (\d+)"', page)
    assert [int(item) for _sha, item in hashes] == [left, right]
    assert hashes[0][0] != hashes[1][0]
    assert 'width="200" height="150"' in page
    assert "Do they show the same?" in page
    assert "pair-text" not in page
    # The similarity would sway whoever judges, and file names and labels would too.
    assert "0.900" not in page
    assert "dog/1.jpg" not in page
    assert all(f'data-key="{key}"' in page for key in ("y", "n", "ArrowRight"))
    browser.post(f"/versions/{version.pk}/pairs/", {"number": "0", "same": "no"})
    assert list(PairJudgement.objects.values_list("number", "same")) == [(0, False)]
    following = browser.get(f"/versions/{version.pk}/pairs/").content.decode()
    assert 'name="number" value="1"' in following
    again = browser.get(f"/versions/{version.pk}/pairs/?pair=0").content.decode()
    assert "It is 0.900." in again


def test_every_picture_of_a_pair_can_be_fetched_by_whoever_sees_the_page(actor: Actor, browser: Client) -> None:
    version = version_of(actor, 4)
    drawn(actor, version, [(1, 2)])
    page = browser.get(f"/versions/{version.pk}/pairs/").content.decode()
    addresses = re.findall(r'<img src="([^"]+)"', page)
    assert len(addresses) == 2
    for address in addresses:
        answer = browser.get(address)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("image/")


def test_texts_are_shown_as_texts(actor: Actor, browser: Client) -> None:
    version = history.version(actor, {"item_id": [1, 2], "text": ["<b>one</b>", "二 😀"]})
    drawn(actor, version, [(1, 2)])
    page = browser.get(f"/versions/{version.pk}/pairs/").content.decode()
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    assert "二 😀" in page
    assert "Do they mean the same?" in page
    assert "<img" not in page


def test_an_item_that_is_gone_leaves_an_empty_place(actor: Actor, browser: Client) -> None:
    version = version_of(actor, 4)
    drawn(actor, version, [(1, 99)])
    page = browser.get(f"/versions/{version.pk}/pairs/")
    assert page.status_code == 200
    assert page.content.decode().count("<img src") == 1


def test_the_page_asks_no_more_of_the_database_for_more_pairs(actor: Actor, browser: Client) -> None:
    version = version_of(actor, 4)
    drawn(actor, version, [(1, 2)])
    counts = []
    for pairs in ([(1, 2)], [(left, right) for left in (1, 2, 3) for right in (2, 3, 4) if left < right]):
        PairReview.objects.update(pairs=[[left, right, 0.9, 3] for left, right in pairs])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(f"/versions/{version.pk}/pairs/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_map_and_the_version_lead_to_the_pairs_of_pictures(actor: Actor, browser: Client) -> None:
    version = version_of(actor, 4)
    page = browser.get(f"/versions/{version.pk}/").content.decode()
    assert f'href="/versions/{version.pk}/pairs/"' in page


def test_a_client_gets_the_hashes_of_a_pair(actor: Actor, browser: Client) -> None:
    version = version_of(actor, 4)
    drawn(actor, version, [(1, 4)])
    answer = json.loads(browser.get(f"/api/v1/versions/{version.pk}/pairs/0/").content)
    assert set(answer) == {"number", "items", "texts", "pictures", "cosine"}
    assert answer["items"] == [1, 4]
    assert answer["pictures"][0] == answer["pictures"][1]
    assert re.fullmatch("[0-9a-f]{64}", answer["pictures"][0])
