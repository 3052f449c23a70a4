"""The ledger of erasures: a file beside the keys, apart from database and objects, replayed after a restore.

A backup that is older than an erasure brings the person back. So each erasure leaves a line that names items and
fingerprints, and never a value; ``manage.py replay_erasures`` erases these items again.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from core import objects
from curation.models import Dataset
from modeling.models import Erasure, ErasureHit, ErasureState


def ledger_path(organization_id: int) -> Path:
    """Return the file of an organization's erasures, beside its key."""
    return Path(settings.ASSAY_KEYS) / f"erasures-organization-{organization_id}.jsonl"


def write_entry(erasure: Erasure, items: dict[int, Any]) -> str:
    """Add an erasure to the ledger, durably, unless it is there; return the SHA-256 of its line."""
    path = ledger_path(erasure.organization_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    entry = {
        "uid": str(erasure.uid),
        "organization": erasure.organization_id,
        "reference": erasure.reference,
        "finished_at": (erasure.finished_at or timezone.now()).isoformat(),
        "items": {str(dataset): gone.tolist() for dataset, gone in sorted(items.items())},
        "fingerprints": erasure.fingerprints,
    }
    with _locked(path):
        for line in read_entries(path):
            if line["uid"] == entry["uid"]:
                entry = line
                break
        else:
            text = json.dumps(entry, sort_keys=True, ensure_ascii=False)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as sink:
                sink.write(text + "\n")
                sink.flush()
                os.fsync(sink.fileno())
            objects.sync_folder(path.parent)
    return hashlib.sha256(json.dumps(entry, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def read_entries(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a ledger, oldest first; the half of a line that a power cut left is left out."""
    if not path.exists():
        return []
    entries = []
    for line in path.read_text("utf-8").splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def replayed(entry: dict[str, Any]) -> Erasure:
    """Return the row of an erasure of the ledger, made anew when the restored database is older than it."""
    found: Erasure | None = Erasure.objects.filter(uid=entry["uid"]).first()
    erasure = found or Erasure.objects.create(
        organization_id=entry["organization"],
        uid=entry["uid"],
        reference=entry["reference"],
        fingerprints=entry["fingerprints"],
        confirmed_at=timezone.now(),
    )
    known = set(Dataset.objects.filter(organization_id=entry["organization"]).values_list("pk", flat=True))
    rows = [
        ErasureHit(erasure=erasure, dataset_id=int(dataset), item_id=item, how="identifier")
        for dataset, items in entry["items"].items()
        if int(dataset) in known
        for item in items
    ]
    ErasureHit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2_000)
    erasure.state, erasure.sealed = ErasureState.ERASING, b""
    erasure.save(update_fields=["state", "sealed", "updated_at"])
    return erasure
