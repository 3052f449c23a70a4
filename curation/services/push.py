"""Rows pushed over REST: kept as a file like any other, and imported once for each key."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.errors import Conflict, DomainError, NotFound
from curation.models import Dataset, Push
from curation.services.upload import receive_upload, start_import
from workers.models import Job

ROW_LIMIT = 10_000
KEY_LIMIT = 200


@dataclass(slots=True)
class _Lines:
    """Rows as a file of JSON Lines."""

    name: str | None
    content: bytes

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Give the bytes at once: a request has at most 16 MB."""
        yield self.content


@transaction.atomic
def push_items(
    *,
    actor: Actor,
    dataset_id: int,
    rows: list[dict[str, Any]],
    key: str,
    roles: dict[str, str] | None = None,
    append: bool = False,
    **provenance: Any,
) -> Job:
    """Send the job that imports rows; the same key with the same content gives the same job again.

    Args:
        actor: Who pushes.
        dataset_id: Where the rows belong.
        rows: 1 to 10,000 JSON objects.
        key: The sender's name for this push, unique in the dataset: 1 to 200 visible ASCII characters.
        roles: Which field is ``text``, ``label``, ``id``; guessed where left out.
        append: Put the rows behind those of the newest version, instead of making a version of them alone.
        provenance: ``licence``, ``source``, ``consent``, ``collected_on``.

    Raises:
        NotFound: No such dataset.
        Conflict: ``idempotency_key_reused`` when the key came with something else before.
        DomainError: ``idempotency_key_missing`` or ``idempotency_key_invalid``.
    """
    _check_key(key)
    dataset = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    said = {name: str(value) for name, value in provenance.items() if value}
    # What was sent before there was a choice hashes as it did then.
    sent = [rows, roles or {}, said, *(["append"] if append else [])]
    digest = hashlib.sha256(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)).hexdigest()
    # A second request with this key waits here until the first has committed.
    push, created = Push.objects.get_or_create(
        dataset=dataset, key=key, defaults={"organization_id": actor.organization_id, "sha256": digest}
    )
    if not created:
        if push.sha256 != digest:
            raise Conflict(
                "idempotency_key_reused",
                _("This Idempotency-Key was used for other rows before. Use a new key for new rows."),
                job=push.job_id,
            )
        # A job that is gone took the row of its key along.
        assert push.job is not None
        return push.job  # type: ignore[no-any-return]
    lines = _Lines(f"push-{key}.jsonl", b"".join(orjson.dumps(row) + b"\n" for row in rows))
    upload = receive_upload(actor=actor, dataset_id=dataset.pk, file=lines, **provenance)
    options = {"format": "jsonl", **({"roles": roles} if roles else {})}
    job = start_import(actor=actor, upload_id=upload.pk, options=options, append=append)
    push.job = job
    push.save(update_fields=["job"])
    return job


def _check_key(key: str) -> None:
    if not key:
        detail = _("Send the header Idempotency-Key with a name of yours for this push, such as a UUID.")
        raise DomainError("idempotency_key_missing", detail)
    if len(key) > KEY_LIMIT or not all("!" <= letter <= "~" for letter in key):
        detail = _("An Idempotency-Key has 1 to %(limit)s visible ASCII characters without blanks.")
        raise DomainError("idempotency_key_invalid", detail % {"limit": KEY_LIMIT})
