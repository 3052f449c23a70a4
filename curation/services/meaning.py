"""The meaning of a version: its vectors, clusters and map, built by a job when a page or a client first needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core import objects
from core.errors import DomainError, NotFound
from curation.engine.embedding.cache import VectorCache
from curation.engine.embedding.errors import EngineError
from curation.engine.embedding.picture import NAME as PICTURES
from curation.engine.embedding.picture_folder import get_picture_encoder, picture_encoder_names
from curation.engine.embedding.table import encoder_names, get_encoder
from curation.engine.explorer.index import VersionIndex
from curation.engine.item_lookup import items_by_id
from curation.engine.meaning.survey import (
    Embedded,
    Meaning,
    NothingToEmbed,
    Progress,
    embed_version,
    suited_encoder,
    survey,
    text_column,
)
from curation.engine.reader import VersionReader
from curation.models import Version
from curation.services.explorer import has_index
from curation.services.media import open_media
from curation.services.plan import visible_version
from curation.services.version import index_key, open_version
from workers.context import JobContext
from workers.models import Job
from workers.services.job import enqueue
from workers.work_folder import work_folder

SIMILAR_LIMIT = 100
# Points that a map draws; of a larger version every second, third, ... item is shown, and the page says so.
MAP_POINTS = 120_000
KIND = "curation.embed_version"


def meaning_key(version: Version) -> str:
    """Return the object key of a version's meaning; versions of equal content share it."""
    return objects.key("meanings", version.organization_id, f"{version.content_hash}.mng")


def vectors_folder(organization_id: int) -> Path:
    """Return the folder of an organization's vectors: nobody can tell from speed what another one has embedded."""
    return Path(settings.ASSAY_MODEL_CACHE) / f"organization-{organization_id}"


def has_meaning(version: Version) -> bool:
    """Tell whether the meaning of a version is built."""
    return version.purged_at is None and objects.exists(meaning_key(version))


@contextmanager
def open_meaning(version: Version) -> Iterator[Meaning]:
    """Give the meaning of a version for the time of the block.

    Raises:
        DomainError: ``meaning_missing`` when it is not built.
    """
    if not has_meaning(version):
        raise DomainError("meaning_missing", _("The items of this version are not embedded yet."), status=409)
    with objects.local_path(meaning_key(version)) as path:
        yield Meaning(path)


@transaction.atomic
def request_meaning(*, actor: Actor, version_id: int, encoder: str = "auto") -> Job | None:
    """Return the job that embeds a version, the one that runs already if any; None when that is done.

    A job that failed is not sent again by itself: it is returned, and people send it again from its page.

    Args:
        actor: Who asks.
        version_id: The version.
        encoder: ``auto`` takes what is there, or chooses by the script of the texts; a name builds it again when it was
            built by another.

    Raises:
        DomainError: ``encoder_unknown``, ``text_missing``.
    """
    version = visible_version(actor, version_id)
    check_content(version)
    names = picture_encoder_names() if shows_pictures(version) else encoder_names()
    if encoder != "auto" and encoder not in names:
        detail = _("There is no encoder %(name)s. Choose one of %(known)s.")
        known = ", ".join(("auto", *names))
        raise DomainError("encoder_unknown", detail % {"name": encoder[:60], "known": known})
    if has_meaning(version) and (encoder == "auto" or _built_by(version) == encoder):
        return None
    # Two readers who come at once wait here for each other.
    Version.objects.select_for_update(of=("self",)).defer("manifest").get(pk=version.pk)
    subject = f"version:{version.pk}"
    job = Job.objects.visible_to(actor).filter(kind=KIND, subject=subject).order_by("-pk").first()
    if job is None or job.state in ("succeeded", "cancelled") or (job.state == "failed" and encoder != "auto"):
        title = _("Embed %(dataset)s v%(number)s") % {"dataset": version.dataset.name, "number": version.number}
        params = {"version_id": version.pk, "encoder": encoder}
        job = enqueue(kind=KIND, actor=actor, params=params, title=title, subject=subject)
    return job


def shows_pictures(version: Version) -> bool:
    """Tell whether a version is embedded by its pictures: it has some, and no text."""
    roles = version.manifest.get("roles", {})
    return bool(roles.get("image")) and not roles.get("text")


def check_content(version: Version) -> None:
    """Raise ``text_missing`` when a version has neither text nor pictures: nothing of it could have a meaning."""
    if not shows_pictures(version) and not version.manifest.get("roles", {}).get("text"):
        raise DomainError("text_missing", _("No column of this version is its text. Choose one when you import."))


def _built_by(version: Version) -> str:
    with open_meaning(version) as meaning:
        return str(meaning.meta["encoder"]["name"])


def execute_meaning(*, job: JobContext, version_id: int, encoder: str = "auto") -> dict[str, Any]:
    """Embed a version and store what was found under its content hash; done twice, it finds it there.

    A second attempt finds the vectors of the first in the cache and goes on behind them.

    Raises:
        DomainError: The version has no text, or the encoder's files cannot be used.
    """
    version = Version.objects.get(pk=version_id, organization_id=job.organization_id)
    if not (has_meaning(version) and (encoder == "auto" or _built_by(version) == encoder)):
        with work_folder(job) as folder, open_version(version) as reader:
            try:
                _build(job, version, reader, folder / "version.mng", encoder)
            except (NothingToEmbed, EngineError) as error:
                code = error.code if isinstance(error, EngineError) else "text_missing"
                raise DomainError(code, str(error), title=_("The version cannot be embedded")) from None
            job.check()
            objects.put_file(folder / "version.mng", meaning_key(version))
    with open_meaning(version) as meaning:
        meta = meaning.meta
    counts = {"items": meta["items"], "without_text": meta["without"]["count"], "clusters": len(meta["clusters"])}
    return {"version": version.pk, "encoder": meta["encoder"]["name"], **counts, "outliers": meta["outliers"]["count"]}


def _build(job: JobContext, version: Version, reader: VersionReader, path: Path, encoder: str) -> None:
    stages = {
        "encoding": _("embedding the pictures") if shows_pictures(version) else _("embedding the texts"),
        "comparing": _("finding neighbours"),
        "naming": _("naming the clusters"),
        "mapping": _("drawing the map"),
    }

    def told(done: int, total: int, what: str) -> None:
        job.progress(done, total, stages[what], rows_done=done)

    embed = _embed_pictures if shows_pictures(version) else _embed_texts
    embedded, facts = embed(version, reader, encoder, told)
    survey(embedded, path, encoder=facts, progress=told)


def _embed_pictures(
    version: Version, reader: VersionReader, encoder: str, told: Progress
) -> tuple[Embedded, dict[str, Any]]:
    from curation.engine.embedding.picture import PictureEncoder
    from curation.engine.meaning.picture_vectors import embed_pictures

    name, reason = (PICTURES, _("The items are pictures.")) if encoder == "auto" else (encoder, _("Somebody chose it."))
    opened = PictureEncoder(
        get_picture_encoder(name),
        cache_dir=Path(settings.ASSAY_MODEL_CACHE),
        vectors_dir=vectors_folder(version.organization_id),
    )
    with open_media(version.organization_id) as media:
        embedded = embed_pictures(reader, opened, media.path, told)
    return embedded, {"name": name, "reason": reason, "fingerprint": opened.fingerprint}


def _embed_texts(
    version: Version, reader: VersionReader, encoder: str, told: Progress
) -> tuple[Embedded, dict[str, Any]]:
    from curation.engine.embedding.encode import TextEncoder

    name, reason = encoder, _("Somebody chose it.")
    if encoder == "auto":
        name, reason = suited_encoder(reader, text_column(reader))
    opened = TextEncoder(
        get_encoder(name),
        cache_dir=settings.ASSAY_MODEL_CACHE,
        vectors_dir=vectors_folder(version.organization_id),
    )
    embedded = embed_version(reader, opened, told)
    return embedded, {"name": name, "reason": reason, "fingerprint": opened.fingerprint}


def meaning_figures(version: Version) -> dict[str, Any] | None:
    """Return what was found when the version was embedded; None when it was not."""
    if not has_meaning(version):
        return None
    with open_meaning(version) as meaning:
        return meaning.meta


def similar_items(*, actor: Actor, version_id: int, item_id: int, limit: int = 10) -> list[dict[str, Any]]:
    """Return the items whose meaning is nearest to that of one item, most similar first.

    Args:
        actor: Who asks.
        version_id: The version.
        item_id: The item.
        limit: Items at most, 1 to 100.

    Returns:
        For each ``item_id``, ``similarity`` (cosine, higher is more alike) and ``item`` with all columns. Empty when
        the item has no text.

    Raises:
        NotFound: No such version or item.
        DomainError: ``meaning_missing``.
    """
    version = visible_version(actor, version_id)
    with open_meaning(version) as meaning:
        number = meaning.number_of(item_id)
        if number < 0 and item_id not in meaning.meta["without"]["items"]:
            with open_version(version) as reader:
                if reader.item(item_id) is None:
                    raise NotFound(_("There is no such item in this version."))
        found = meaning.similar(item_id, max(1, min(limit, SIMILAR_LIMIT)))
        items = _rows_of(version, meaning, [item for item, _near in found])
    return [{"item_id": item, "similarity": round(near, 4), "item": items[item]} for item, near in found]


def chosen_items(*, actor: Actor, version_id: int, item_ids: list[int]) -> list[dict[str, Any]]:
    """Return items by their ids, in the order asked; those that are not there are left out. At most 200."""
    version = visible_version(actor, version_id)
    with open_version(version) as reader:
        found = items_by_id(reader, item_ids[:200])
    return [found[item] for item in item_ids[:200] if item in found]


def _rows_of(version: Version, meaning: Meaning, items: list[int]) -> dict[int, dict[str, Any]]:
    """Return rows by item: from the explorer's index where there is one, since it unpacks 256 rows for each."""
    if has_index(version):
        numbers = [int(meaning.rows[meaning.number_of(item)]) for item in items]
        with objects.local_path(index_key(version)) as path:
            return dict(zip(items, VersionIndex(path).rows(numbers), strict=True))
    with open_version(version) as reader:
        return items_by_id(reader, items)


def map_points(*, actor: Actor, version_id: int) -> bytes:
    """Return the map as the page draws it: at most 120,000 points, spread evenly over the version.

    Layout, little-endian: uint32 points, uint32 items in all; then arrays of that many points: float64 item id; uint16
    x and y, 0 to 65,535 over the wider axis; uint16 cluster; uint16 label (its place in the figures, 65,535 for none);
    uint8 strangeness, 0 to 255 over 0 to 1.

    Raises:
        DomainError: ``meaning_missing``.
    """
    version = visible_version(actor, version_id)
    with open_meaning(version) as meaning:
        total = len(meaning.items)
        chosen = slice(None, None, max(1, -(-total // MAP_POINTS)))
        places = ((meaning.places[chosen] + 0.5).clip(0, 1) * 65535).round().astype("<u2")
        label = meaning.label[chosen]
        arrays = [
            meaning.items[chosen].astype("<f8"),
            places[:, 0],
            places[:, 1],
            meaning.cluster[chosen].astype("<u2"),
            np.where(label < 0, 65535, label).astype("<u2"),
            (meaning.strangeness[chosen].clip(0, 1) * 255).round().astype(np.uint8),
        ]
        head = np.array([len(places), total], "<u4").tobytes()
        return head + b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def forget_vectors(organization_id: int, *, before: float) -> int:
    """Remove cached vectors of contents that no living version holds; return how many went.

    Args:
        organization_id: Whose.
        before: Seconds since 1970; what was stored later stays, since its version may still be in the making.
    """
    folder = vectors_folder(organization_id)
    caches = sorted(folder.glob("vectors-*")) if folder.is_dir() else []
    if not caches:
        return 0
    keep: dict[str, list[Any]] = {}
    rows = Version.objects.filter(organization_id=organization_id, purged_at=None).defer("manifest")
    seen: set[str] = set()
    for version in rows.order_by("pk").iterator():
        if version.content_hash in seen or not has_meaning(version):
            continue
        seen.add(version.content_hash)
        with open_meaning(version) as meaning:
            keep.setdefault(meaning.meta["encoder"]["fingerprint"][:32], []).append(np.array(meaning.keys))
    gone = 0
    for path in caches:
        _word, fingerprint, width = path.name.split("-")
        live = np.concatenate([np.empty((0, 32), np.uint8), *keep.get(fingerprint, [])])
        gone += VectorCache(folder, fingerprint, int(width)).forget(live, before=before)
    return gone
