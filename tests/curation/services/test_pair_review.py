"""Pairs drawn, judged and summed up to a threshold."""

from pathlib import Path

import pytest

from accounts.actor import Actor
from core.errors import DomainError, NotFound
from curation.models import PairReview, Version
from curation.services.pair_review import judge_pair, judged, pair_of, request_pair_review, thresholds
from tests import factories
from tests.curation import history
from tests.curation.services.test_import import import_
from tests.curation.services.test_meaning import zipped

# Jobs may take longer than their heartbeat here, and the thread that writes it sees committed rows only.
pytestmark = pytest.mark.django_db(transaction=True)

NOUNS = ["card", "loan", "account", "transfer", "cheque", "passport", "payment"]


@pytest.fixture
def actor() -> Actor:
    return factories.owner()


@pytest.fixture
def version(actor: Actor) -> Version:
    texts = [form.format(noun) for noun in NOUNS for form in ("Where is my {}?", "where is my {}", "I lost the {}.")]
    return history.version(actor, {"item_id": list(range(1, len(texts) + 1)), "text": texts})


@pytest.fixture
def review(actor: Actor, version: Version) -> PairReview:
    review, job = request_pair_review(actor=actor, version_id=version.pk)
    assert job is not None
    assert request_pair_review(actor=actor, version_id=version.pk) == (review, job)
    history.finish(job)
    review.refresh_from_db()
    return review


def picture_version(actor: Actor) -> Version:
    """Import a bridge three times and two other pictures."""
    folder = Path(__file__).parents[2] / "data" / "near_pictures"
    names = {
        "bridge/1.jpg": "bridge-mods_aaa-orig.jpg",
        "bridge/2.jpg": "bridge-mods_blur-a-little.jpg",
        "bridge/3.jpg": "bridge-mods_high-contrast.jpg",
        "other/1.jpg": "labelme-subset_q0122.jpg",
        "other/2.jpg": "labelme-subset_q2821.jpg",
    }
    files: dict[str, bytes | str] = {name: (folder / source).read_bytes() for name, source in names.items()}
    job = import_(actor, zipped(files), "pictures.zip")
    return Version.objects.get(pk=job.result["version"])


def same_noun(pair: dict) -> bool:
    return next(noun for noun in NOUNS if noun in pair["texts"][0]) in pair["texts"][1]


def test_pairs_come_from_every_band_and_are_drawn_once(actor: Actor, review: PairReview) -> None:
    assert review.pairs is not None
    assert review.counts is not None
    assert {band for _left, _right, _cosine, band in review.pairs} == {
        band for band, count in enumerate(review.counts) if count
    }
    assert all(left < right and 0.6 <= cosine <= 1 for left, right, cosine, _band in review.pairs)
    assert request_pair_review(actor=actor, version_id=review.version_id) == (review, None)


def test_a_threshold_is_proposed_when_enough_is_judged(actor: Actor, review: PairReview) -> None:
    assert review.pairs is not None
    for number in range(19):
        judge_pair(actor=actor, version_id=review.version_id, number=number, same=same_noun(pair_of(review, number)))
    assert thresholds(review, 0.9)["proposed"] is None
    for number in range(19, len(review.pairs)):
        judge_pair(actor=actor, version_id=review.version_id, number=number, same=same_noun(pair_of(review, number)))
    summary = thresholds(review, 0.9)
    proposed = summary["proposed"]
    assert summary["judged"] == len(review.pairs)
    assert proposed["precision"] >= 0.9
    assert proposed["low"] <= proposed["precision"] <= proposed["high"]
    # The share among all pairs judged above the threshold agrees with the estimate.
    above = [number for number, pair in enumerate(review.pairs) if pair[2] >= proposed["threshold"]]
    share = sum(judged(review)[number] for number in above) / len(above)
    assert proposed["low"] - 0.05 <= share <= 1


def test_a_judgement_can_be_changed_and_taken_back(actor: Actor, review: PairReview) -> None:
    judge_pair(actor=actor, version_id=review.version_id, number=0, same=True)
    judge_pair(actor=actor, version_id=review.version_id, number=0, same=False)
    assert judged(review) == {0: False}
    judge_pair(actor=actor, version_id=review.version_id, number=0, same=None)
    assert judged(review) == {}


def test_pictures_are_paired_by_what_they_show(actor: Actor) -> None:
    version = picture_version(actor)
    review, job = request_pair_review(actor=actor, version_id=version.pk)
    assert job is not None
    assert history.finish(job).result["encoder"] == "efficientnet-lite0"
    review.refresh_from_db()
    pairs = [pair_of(review, number) for number in range(len(review.pairs or []))]
    shown = [sorted(row["image_file"].split("/")[0] for row in pair["rows"]) for pair in pairs]
    # Three copies of the bridge make three pairs; no pair of different pictures comes near the lowest band.
    assert shown == [["bridge", "bridge"]] * 3
    for pair in pairs:
        assert [row["item_id"] for row in pair["rows"]] == pair["items"]
        assert [row["image"] for row in pair["rows"]] == pair["pictures"]
        assert pair["texts"] == ["", ""]
        judge_pair(actor=actor, version_id=version.pk, number=pair["number"], same=True)
    proposed = thresholds(review, 0.8)["proposed"]
    assert proposed is None or proposed["threshold"] >= 0.6


def test_a_version_with_neither_text_nor_pictures_has_no_pairs(actor: Actor) -> None:
    table = history.version(actor, {"item_id": [1], "size": [3]})
    with pytest.raises(DomainError) as refused:
        request_pair_review(actor=actor, version_id=table.pk)
    assert refused.value.code == "text_missing"


def test_strangers_and_unknown_pairs(actor: Actor, review: PairReview) -> None:
    with pytest.raises(NotFound):
        judge_pair(actor=factories.owner("Others"), version_id=review.version_id, number=0, same=True)
    with pytest.raises(NotFound):
        judge_pair(actor=actor, version_id=review.version_id, number=10_000, same=True)
