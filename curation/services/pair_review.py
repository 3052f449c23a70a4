"""The review of pairs that gives a threshold: drawn by a job, judged by people, summed up by the engine."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import DomainError, NotFound
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.picture import NAME as PICTURES
from curation.engine.embedding.table import get_encoder
from curation.engine.item_lookup import items_by_id
from curation.engine.meaning.pairs import TooManyPairs, pairs_above
from curation.engine.meaning.survey import (
    Embedded,
    NothingToEmbed,
    Progress,
    embed_version,
    suited_encoder,
    text_column,
)
from curation.engine.meaning.threshold import EDGES, FEWEST, draw_pairs, estimates, propose
from curation.engine.reader import VersionReader
from curation.engine.text_diff import LONGEST
from curation.models import PairJudgement, PairReview
from curation.services.meaning import check_content, shows_pictures, vectors_folder
from curation.services.media import open_media
from curation.services.plan import visible_version
from curation.services.version import open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue

# Items whose pairs are counted, spread evenly over a larger version: the shares of the bands are those of the whole.
ITEMS = 20_000
TARGET = 0.95


@transaction.atomic
def request_pair_review(*, actor: Actor, version_id: int) -> tuple[PairReview, Job | None]:
    """Return the pair review of a version, and the job that draws its pairs until they are there."""
    version = visible_version(actor, version_id)
    check_content(version)
    review, created = PairReview.objects.select_for_update(of=("self",)).get_or_create(
        version=version, defaults={"organization_id": actor.organization_id}
    )
    if review.pairs is not None:
        return review, None
    if created or review.job is None or review.job.state in ("succeeded", "cancelled"):
        title = _("Draw pairs of %(dataset)s v%(number)s") % {"dataset": version.dataset.name, "number": version.number}
        review.job = enqueue(
            kind="curation.draw_pairs",
            actor=actor,
            params={"review_id": review.pk},
            title=title,
            subject=f"version:{version.pk}",
        )
        review.save(update_fields=["job", "updated_at"])
    return review, review.job


def execute_draw(*, job: JobContext, review_id: int) -> dict[str, Any]:
    """Embed the version, count its pairs by similarity and draw some of each band; done twice, the first draw stays."""
    review = PairReview.objects.select_related("version").get(pk=review_id, organization_id=job.organization_id)
    if review.pairs is None:
        pairs, counts, encoder = _drawn(job, review)
        job.check()
        PairReview.objects.filter(pk=review.pk, pairs__isnull=True).update(pairs=pairs, counts=counts, encoder=encoder)
        review.refresh_from_db()
    return {"version": review.version_id, "pairs": len(review.pairs or []), "encoder": review.encoder}


def _drawn(job: JobContext, review: PairReview) -> tuple[list[Any], list[int], str]:
    def told(done: int, total: int, what: str) -> None:
        job.progress(done, total, what, rows_done=done)

    pictures = shows_pictures(review.version)
    comparing = _("comparing the pictures") if pictures else _("comparing the texts")
    embed = _embedded_pictures if pictures else _embedded_texts
    try:
        with open_version(review.version) as reader:
            embedded, name = embed(review, reader, told)
        step = -(-len(embedded.items) // ITEMS) or 1
        vectors, items = embedded.vectors[::step], embedded.items[::step]
        found = pairs_above(vectors, EDGES[0], progress=lambda done, total: told(done, total, comparing))
    except (NothingToEmbed, EngineError, TooManyPairs) as error:
        title = _("Pairs cannot be drawn")
        raise DomainError("pairs_not_drawn", str(error), title=title) from None
    drawn = draw_pairs(found.left, found.right, found.cosine)
    pairs = [
        [int(items[left]), int(items[right]), round(float(cosine), 4), int(band)]
        for left, right, cosine, band in zip(drawn.left, drawn.right, drawn.cosine, drawn.band, strict=True)
    ]
    return pairs, drawn.counts.tolist(), name


def _embedded_texts(review: PairReview, reader: VersionReader, told: Progress) -> tuple[Embedded, str]:
    from curation.engine.embedding.encode import TextEncoder

    what = _("embedding the texts")
    name, _reason = suited_encoder(reader, text_column(reader))
    opened = TextEncoder(
        get_encoder(name), cache_dir=settings.ASSAY_MODEL_CACHE, vectors_dir=vectors_folder(review.organization_id)
    )
    return embed_version(reader, opened, lambda done, total, _what: told(done, total, what)), name


def _embedded_pictures(review: PairReview, reader: VersionReader, told: Progress) -> tuple[Embedded, str]:
    from curation.engine.embedding.picture import PictureEncoder
    from curation.engine.meaning.picture_vectors import embed_pictures

    what = _("embedding the pictures")
    folder = Path(settings.ASSAY_MODEL_CACHE)
    opened = PictureEncoder(cache_dir=folder, vectors_dir=vectors_folder(review.organization_id))
    with open_media(review.organization_id) as media:
        found = embed_pictures(reader, opened, media.path, lambda done, total, _what: told(done, total, what))
    return found, PICTURES


def find_review(*, actor: Actor, version_id: int) -> PairReview:
    """Return the pair review of a version.

    Raises:
        NotFound: Nobody asked for one yet.
    """
    version = visible_version(actor, version_id)
    review = PairReview.objects.visible_to(actor).select_related("job").filter(version=version).first()
    if review is None:
        raise NotFound(_("No pairs of this version were drawn yet."))
    return review  # type: ignore[no-any-return]


def judged(review: PairReview) -> dict[int, bool]:
    """Return what was said of each pair so far, by the pair's number."""
    return dict(review.judgements.order_by("number").values_list("number", "same"))


def pair_of(review: PairReview, number: int) -> dict[str, Any]:
    """Return one pair with its texts and pictures.

    Returns:
        ``number``, ``cosine``, and lists of two: ``items``, ``texts``, ``pictures`` (SHA-256, "" for none) and
        ``rows`` with all columns; an item that is gone has an empty row.

    Raises:
        NotFound: There is no pair of that number.
    """
    if review.pairs is None or not 0 <= number < len(review.pairs):
        raise NotFound(_("There is no such pair."))
    left, right, cosine, _band = review.pairs[number]
    roles = review.version.manifest.get("roles", {})
    with open_version(review.version) as reader:
        found = items_by_id(reader, [left, right])
    rows = [found.get(item, {}) for item in (left, right)]
    texts = [str(row.get(roles.get("text", "")) or "")[:LONGEST] for row in rows]
    pictures = [str(row.get(roles.get("image", "")) or "") for row in rows]
    return {
        "number": number,
        "items": [left, right],
        "texts": texts,
        "pictures": pictures,
        "cosine": cosine,
        "rows": rows,
    }


@transaction.atomic
def judge_pair(*, actor: Actor, version_id: int, number: int, same: bool | None) -> PairReview:
    """Write down whether a pair means the same; None takes a judgement back.

    Raises:
        NotFound: No such pair.
    """
    review = find_review(actor=actor, version_id=version_id)
    if review.pairs is None or not 0 <= number < len(review.pairs):
        raise NotFound(_("There is no such pair."))
    if same is None:
        PairJudgement.objects.filter(review=review, number=number).delete()
    else:
        values = {"same": same, "made_by_id": actor.user_id or None}
        PairJudgement.objects.update_or_create(review=review, number=number, defaults=values)
    audit.record(actor=actor, action="pair.judge", subject=f"version:{version_id}", number=number, same=same)
    return review


def thresholds(review: PairReview, target: float = TARGET) -> dict[str, Any]:
    """Return what the judged pairs say of each threshold, and the one to take.

    Returns:
        ``judged`` and ``pairs``; ``enough`` when a proposal may be made; ``rows`` with ``threshold``, ``pairs``,
        ``precision`` and its 95 % interval ``low`` to ``high``, lowest threshold first; ``proposed``, one of them, the
        lowest from which on the precision is at least `target`; None when there is none.
    """
    said = judged(review)
    pairs = review.pairs or []
    band = [pairs[number][3] for number in said]
    found = estimates(review.counts or [0] * len(EDGES), band, list(said.values())) if said else []
    enough = len(said) >= min(FEWEST, len(pairs))
    best = propose(found, target) if enough else None
    return {
        "judged": len(said),
        "pairs": len(pairs),
        "target": target,
        "enough": enough,
        "rows": [one.to_json() for one in found],
        "proposed": best.to_json() if best else None,
    }
