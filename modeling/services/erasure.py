"""Erasing a person: asked for, searched, reviewed item by item, and confirmed by an owner."""

import hashlib
import hmac
import io
import json
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, DomainError, NotAllowed, NotFound
from curation.engine.erasure.finding import Sought
from curation.engine.erasure.matching import Matcher, ValueRefused, needle
from curation.engine.item_lookup import items_by_id
from curation.engine.pii.pseudonyms import canonical, derive
from curation.engine.pii.seal import SealError, seal, unseal
from curation.engine.replacements import read_mapping
from curation.models import Run
from curation.services.pseudonym import dataset_key, organization_key
from curation.services.version import open_version
from modeling.models import Erasure, ErasureHit, ErasureState
from workers.services.job import enqueue

SCOPE = "privacy.erase"
# What a page of hits shows; each costs one look into a version.
PAGE = 25
MOST_VALUES = 50
SHOWN_TEXT = 600


def erasure_key(organization_id: int) -> bytes:
    """Return the key of an organization under which what is sought is sealed and values are fingerprinted."""
    return derive(organization_key(organization_id), "erasures")


@transaction.atomic
def request_erasure(
    *,
    actor: Actor,
    reference: str,
    identifiers: list[tuple[str, str]] | None = None,
    texts: list[str] | None = None,
    pseudonyms: list[str] | None = None,
    near: list[str] | None = None,
    pictures: list[str] | None = None,
    alike_pictures: bool = False,
) -> Erasure:
    """Send the job that searches a person in everything the organization has; nothing is changed by it.

    Args:
        actor: Who asks; an owner.
        reference: Number of the case: who asked, by which letter. Never the person.
        identifiers: Pairs of column and value; rows with exactly this cell, in any column when it is empty.
        texts: Names, addresses and numbers found anywhere in any text.
        pseudonyms: Stand-ins of runs, opened with the sealed mappings; needs ``privacy.open``.
        near: Whole texts; items with nearly the same text are found.
        pictures: SHA-256 of pictures.
        alike_pictures: Also find pictures that look like these.

    Raises:
        NotAllowed: The actor may not.
        DomainError: ``nothing_sought``, ``too_many_values``, ``value_refused`` or ``pseudonym_unknown``.
    """
    _may(actor)
    opened = _open_pseudonyms(actor, pseudonyms or [])
    sought = Sought(
        tuple((column.strip(), value.strip()) for column, value in identifiers or [] if value.strip()),
        tuple(dict.fromkeys([*_filled(texts), *_filled(pseudonyms), *opened])),
        tuple(_filled(near)),
        tuple(value.lower() for value in _filled(pictures)),
    )
    _check(sought)
    if matches(actor.organization_id, sought, reference):
        detail = _("The reference holds a value that is sought, and it stays on record. Write the number of the case.")
        raise DomainError("reference_names_person", detail, field="reference")
    key = erasure_key(actor.organization_id)
    text = json.dumps(sought.to_json(), ensure_ascii=False).encode("utf-8", "surrogatepass")
    erasure = Erasure.objects.create(
        organization_id=actor.organization_id,
        reference=reference.strip()[:200],
        sealed=seal(key, text),
        fingerprints=fingerprints(actor.organization_id, sought),
        alike_pictures=alike_pictures,
        created_by_id=actor.user_id or None,
    )
    counts = {name: len(getattr(sought, name)) for name in ("identifiers", "texts", "near", "pictures")}
    audit.record(actor=actor, action="erasure.request", subject=f"erasure:{erasure.pk}", **counts)
    return _search(actor, erasure)


def _search(actor: Actor, erasure: Erasure) -> Erasure:
    job = enqueue(
        kind="modeling.search_subject",
        actor=actor,
        params={"erasure_id": erasure.pk},
        title=_("Search for a person (%(reference)s)") % {"reference": erasure.reference},
        subject=f"erasure:{erasure.pk}",
    )
    erasure.job, erasure.state = job, ErasureState.SEARCHING
    erasure.save(update_fields=["job", "state", "updated_at"])
    return erasure


def _filled(values: list[str] | None) -> list[str]:
    return [value.strip() for value in values or [] if value.strip()]


def _check(sought: Sought) -> None:
    count = sum(map(len, (sought.identifiers, sought.texts, sought.near, sought.pictures)))
    if not count:
        raise DomainError("nothing_sought", _("Say what is sought: a value, a text, a pseudonym or a picture."))
    if count > MOST_VALUES:
        detail = _("%(count)s values are sought; at most %(most)s can be in one erasure.")
        raise DomainError("too_many_values", detail % {"count": count, "most": MOST_VALUES})
    try:
        sought.matcher()
    except ValueRefused as error:
        raise DomainError("value_refused", _refusal(error), field="texts") from None
    for one in sought.pictures:
        if len(one) != 64 or set(one) - set("0123456789abcdef"):
            detail = _("A picture is named by the 64 hexadecimal digits of its SHA-256.")
            raise DomainError("picture_refused", detail, field="pictures")


def _refusal(error: ValueRefused) -> str:
    detail = _("“%(value)s” is too short or too long: it would be found in texts of many people. Give a longer value.")
    return detail % {"value": error.value[:60]}


def matches(organization_id: int, sought: Sought, text: str) -> bool:
    """Tell whether a text holds a value that is sought."""
    return bool(sought.matcher().spans(text))


def fingerprints(organization_id: int, sought: Sought) -> list[str]:
    """Return the HMAC-SHA-256 of each value in its one form; without the organization's key they say nothing."""
    key = derive(erasure_key(organization_id), "fingerprints")
    values = [value for _column, value in sought.identifiers] + [*sought.texts, *sought.near, *sought.pictures]
    forms = {canonical("PERSON", value) for value in values}
    return sorted(hmac.new(key, form.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest() for form in forms)


def _open_pseudonyms(actor: Actor, wanted: list[str]) -> list[str]:
    """Return what pseudonyms stand for; each opened mapping is noted in the audit trail by the count alone."""
    asked = set(_filled(wanted))
    if not asked:
        return []
    if not actor.can("privacy.open"):
        raise NotAllowed(("privacy.open",))
    values: dict[str, str] = {}
    for run in Run.objects.visible_to(actor).exclude(mapping_key="").select_related("input").order_by("pk"):
        values |= {made: value for _label, made, value in mapping_of(run) if made in asked}
    if missing := sorted(asked - set(values)):
        detail = _("No run made the pseudonym %(missing)s. Look it up in the report of its run.")
        raise DomainError("pseudonym_unknown", detail % {"missing": ", ".join(missing)[:200]}, field="pseudonyms")
    audit.record(actor=actor, action="mapping.open", subject=f"organization:{actor.organization_id}", rows=len(values))
    return list(values.values())


def mapping_of(run: Run) -> list[tuple[str, str, str]]:
    """Return type, stand-in and value of a run's sealed mapping; nothing when it is lost or opens with no key."""
    if not run.mapping_key or not objects.exists(run.mapping_key):
        return []
    try:
        with objects.local_path(run.mapping_key) as path:
            return list(read_mapping(dataset_key(run), path))
    except SealError:
        return []


def open_sought(erasure: Erasure) -> Sought:
    """Return what an erasure seeks; nothing once it is done.

    Raises:
        DomainError: ``erasure_locked`` when the organization's key is another one.
    """
    if not erasure.sealed:
        return Sought()
    try:
        (text,) = unseal(erasure_key(erasure.organization_id), io.BytesIO(bytes(erasure.sealed)))
    except SealError:
        detail = _("What is sought was sealed with another key. Restore the folder of keys, or ask for it anew.")
        raise DomainError("erasure_locked", detail) from None
    return Sought.from_json(json.loads(text.decode("utf-8", "surrogatepass")))


def widened(organization_id: int, sought: Sought) -> Sought:
    """Return what is sought together with the pseudonyms that stand for it, which versions hold instead of it."""
    matcher = sought.matcher()
    made: dict[str, None] = {}
    for run in Run.objects.filter(organization_id=organization_id).exclude(mapping_key="").select_related("input"):
        for _label, stand_in, value in mapping_of(run):
            if matcher.spans(value):
                try:
                    needle(stand_in)
                except ValueRefused:
                    continue
                made[stand_in] = None
    texts = tuple(dict.fromkeys([*sought.texts, *made]))
    return Sought(sought.identifiers, texts, sought.near, sought.pictures, sought.threshold)


def visible_erasure(*, actor: Actor, erasure_id: int) -> Erasure:
    """Return an erasure of the actor's organization."""
    _may(actor)
    found = Erasure.objects.visible_to(actor).select_related("job", "created_by", "confirmed_by").filter(pk=erasure_id)
    erasure = found.first()
    if erasure is None:
        raise NotFound(_("There is no such erasure."))
    return erasure  # type: ignore[no-any-return]


def _may(actor: Actor) -> None:
    if not actor.can(SCOPE):
        raise NotAllowed((SCOPE,))


def list_hits(*, actor: Actor, erasure_id: int, after: int = 0) -> dict[str, Any]:
    """Return hits behind a number with the cells in which something was found, and where in them.

    Returns:
        ``results``: ``id``, ``dataset``, ``item_id``, ``how``, ``column``, ``version``, ``version_count``, ``kept``,
        ``cells`` (``column``, ``text``, ``spans`` in code points of that text); ``next``: where to go on, or None.
    """
    erasure = visible_erasure(actor=actor, erasure_id=erasure_id)
    hits = list(
        erasure.hits.filter(pk__gt=after).select_related("dataset", "version__dataset").order_by("pk")[: PAGE + 1]
    )
    matcher = open_sought(erasure).matcher()
    shown = hits[:PAGE]
    rows: dict[int, dict[str, Any]] = {}
    for version in {hit.version for hit in shown if hit.version is not None}:
        wanted = [hit.item_id for hit in shown if hit.version_id == version.pk]
        if version.purged_at is None:
            with open_version(version) as reader:
                found = items_by_id(reader, wanted)
            rows |= {hit.pk: found.get(hit.item_id, {}) for hit in shown if hit.version_id == version.pk}
    results = [_shown(hit, rows.get(hit.pk, {}), matcher) for hit in shown]
    return {"results": results, "next": shown[-1].pk if len(hits) > PAGE else None}


def _shown(hit: ErasureHit, row: dict[str, Any], matcher: Matcher) -> dict[str, Any]:
    cells: list[dict[str, Any]] = []
    for name, value in row.items():
        if name == "item_id" or value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        spans = matcher.spans(text)
        if spans or name == hit.column or len(cells) < 2:
            cells.append(_cut(name, text, spans))
    return {
        "id": hit.pk,
        "dataset": hit.dataset_id,
        "dataset_name": hit.dataset.name,
        "item_id": hit.item_id,
        "how": hit.how,
        "column": hit.column,
        "version": hit.version_id,
        "version_number": hit.version.number if hit.version else None,
        "version_count": hit.version_count,
        "kept": hit.kept,
        "cells": cells,
    }


def _cut(name: str, text: str, spans: list[tuple[int, int]]) -> dict[str, Any]:
    """Return a stretch of a long text around the first place that was found."""
    start = max(0, (spans[0][0] if spans else 0) - SHOWN_TEXT // 3)
    end = start + SHOWN_TEXT
    inside = [[max(one, start) - start, min(two, end) - start] for one, two in spans if one < end and two > start]
    return {"column": name, "text": text[start:end], "spans": inside, "cut": [start > 0, end < len(text)]}


@transaction.atomic
def keep_hits(*, actor: Actor, erasure_id: int, hit_ids: list[int], kept: bool) -> int:
    """Say that items are somebody else and stay, or that they go after all; return how many were changed.

    Raises:
        Conflict: ``erasure_not_in_review``.
    """
    erasure = _in_review(actor, erasure_id)
    changed: int = erasure.hits.filter(pk__in=hit_ids).exclude(kept=kept).update(kept=kept)
    if changed:
        facts = {"hits": changed, "kept": kept}
        audit.record(actor=actor, action="erasure.review", subject=f"erasure:{erasure.pk}", **facts)
    return changed


@transaction.atomic
def confirm_erasure(*, actor: Actor, erasure_id: int, typed: str) -> Erasure:
    """Send the job that erases; nothing of it can be taken back.

    Args:
        actor: Who confirms; an owner.
        erasure_id: The erasure, reviewed.
        typed: The reference, typed by hand.

    Raises:
        Conflict: ``erasure_not_in_review``.
        DomainError: ``confirmation_differs``.
    """
    erasure = _in_review(actor, erasure_id)
    if typed.strip() != erasure.reference:
        detail = _("Type the reference exactly as it stands: %(reference)s")
        raise DomainError("confirmation_differs", detail % {"reference": erasure.reference}, field="typed")
    erasure.job = enqueue(
        kind="modeling.erase_subject",
        actor=actor,
        params={"erasure_id": erasure.pk},
        title=_("Erase a person (%(reference)s)") % {"reference": erasure.reference},
        subject=f"erasure:{erasure.pk}",
    )
    erasure.state, erasure.confirmed_by_id, erasure.confirmed_at = ErasureState.ERASING, actor.user_id, timezone.now()
    erasure.save(update_fields=["job", "state", "confirmed_by", "confirmed_at", "updated_at"])
    items = erasure.hits.filter(kept=False).count()
    audit.record(actor=actor, action="erasure.confirm", subject=f"erasure:{erasure.pk}", items=items)
    return erasure


@transaction.atomic
def withdraw_erasure(*, actor: Actor, erasure_id: int) -> Erasure:
    """Give up an erasure that was not confirmed; what was sought and found is forgotten.

    Raises:
        Conflict: ``erasure_not_in_review``.
    """
    erasure = _in_review(actor, erasure_id, also=(ErasureState.SEARCHING,))
    erasure.hits.all().delete()
    erasure.state, erasure.sealed = ErasureState.WITHDRAWN, b""
    erasure.save(update_fields=["state", "sealed", "updated_at"])
    audit.record(actor=actor, action="erasure.withdraw", subject=f"erasure:{erasure.pk}")
    return erasure


def _in_review(actor: Actor, erasure_id: int, also: tuple[str, ...] = ()) -> Erasure:
    visible_erasure(actor=actor, erasure_id=erasure_id)
    erasure = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure_id)
    if erasure.state not in (ErasureState.REVIEW, *also) or (erasure.versions.exists() and also):
        raise Conflict("erasure_not_in_review", _("This erasure is not under review."), state=erasure.state)
    return erasure
