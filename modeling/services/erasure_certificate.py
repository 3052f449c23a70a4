"""The certificate of an erasure and the ledger that outlives the database."""

from collections import Counter
from typing import Any

from django.db import transaction
from django.utils import timezone, translation

from accounts.actor import Actor
from accounts.models import AuditEntry, User
from accounts.services import audit
from curation.engine.erasure.certificate import FORMAT, sign
from curation.engine.erasure.finding import Sought
from curation.models import Version
from curation.services.pseudonym import organization_key
from modeling.models import Bundle, Deployment, Erasure, ErasureState, Model, Training
from modeling.services.erasure_ledger import write_entry
from modeling.services.erasure_places import OBJECTS, OTHERS, REPORTED, TABLES
from modeling.services.erasure_rows import count_rows
from modeling.services.erasure_search import going, living_versions

# Files that people took are named one by one up to here, and counted beyond.
NAMED = 200
_TAKEN = ("version.download", "picture.download", "mapping.open")


def issue_certificate(*, erasure: Erasure, sought: Sought, actor: Actor) -> dict[str, Any]:
    """Write the ledger, then the certificate; forget what was sought. Done twice, the first one stands."""
    with transaction.atomic():
        row = Erasure.objects.select_for_update(of=("self",)).get(pk=erasure.pk)
        if row.state == ErasureState.DONE:
            return dict(row.certificate or {})
        row.finished_at = timezone.now()
        digest = write_entry(row, going(row))
        # Places are named in one language, so that a certificate can be compared with another.
        with translation.override("en"):
            body = certificate_body(row, sought) | {"ledger_sha256": digest}
        row.certificate = sign(body, organization_key(row.organization_id))
        row.state, row.sealed = ErasureState.DONE, b""
        row.save(update_fields=["finished_at", "certificate", "state", "sealed", "updated_at"])
        facts = {
            "items": sum(map(len, going(row).values())),
            "versions": row.versions.values("version").distinct().count(),
        }
        audit.record(actor=actor, action="erasure.finish", subject=f"erasure:{row.pk}", **facts)
    return dict(row.certificate)


def certificate_body(erasure: Erasure, sought: Sought) -> dict[str, Any]:
    """Return what the certificate says, without any value of the person."""
    ways = Counter(erasure.hits.filter(kept=False).values_list("how", flat=True))
    assert erasure.finished_at is not None
    return {
        "format": FORMAT,
        "uid": str(erasure.uid),
        "organization": erasure.organization.name,
        "reference": erasure.reference,
        "asked_at": erasure.created_at.isoformat(),
        "asked_by": _person(erasure.created_by),
        "confirmed_at": erasure.confirmed_at.isoformat() if erasure.confirmed_at else None,
        "confirmed_by": _person(erasure.confirmed_by),
        "finished_at": erasure.finished_at.isoformat(),
        "sought": {
            **{name: len(getattr(sought, name)) for name in ("identifiers", "texts", "near", "pictures")},
            "fingerprints": erasure.fingerprints,
        },
        "found": dict(sorted(ways.items())),
        "kept_after_review": erasure.hits.filter(kept=True).count(),
        "items": [
            {"dataset": dataset, "item_ids": items.tolist()} for dataset, items in sorted(going(erasure).items())
        ],
        "versions": _versions(erasure),
        "removed": _removed(erasure),
        "reported": _reported(erasure, sought),
        "places": places(),
        "searched_again": _searched(erasure),
    }


def _person(user: User | None) -> str:
    return f"{user} <{user.email}>" if user is not None else ""


def _versions(erasure: Erasure) -> list[dict[str, Any]]:
    rows = erasure.versions.select_related("version__dataset").order_by("pk")
    names = ("old_hash", "new_hash", "rest_hash", "rows_before", "rows_after", "item_ids", "old_parts", "new_parts")
    return [
        {
            "version": row.version_id,
            "dataset": row.version.dataset_id,
            "dataset_name": row.version.dataset.name,
            "number": row.version.number,
            **{name: getattr(row, name) for name in names},
            "parts_untouched": len(set(row.old_parts) & set(row.new_parts)),
        }
        for row in rows
    ]


def _removed(erasure: Erasure) -> list[dict[str, Any]]:
    """Return what went in each place, by its name there: a model, or a folder of objects."""
    told = []
    for name, count in sorted(erasure.removed.items()):
        place = name.removeprefix("blanked ")
        known = TABLES.get(place) or OBJECTS.get(place) or OTHERS.get(place)
        action = "blanked" if name != place else "removed"
        told.append({"place": place, "title": str(known.title if known else place), "action": action, "count": count})
    return told


def _reported(erasure: Erasure, sought: Sought) -> dict[str, Any]:
    """Return what cannot be erased here: models, files that people took, backups, names."""
    held = set(erasure.versions.values_list("version_id", flat=True))
    trainings = list(Training.objects.filter(version__in=held).order_by("pk"))
    models = list(Model.objects.filter(training__in=trainings).order_by("pk"))
    bundles = list(Bundle.objects.filter(model__in=models).order_by("pk"))
    left = count_rows(erasure.organization_id, sought.matcher())
    return {
        "trainings": [{"training": one.pk, "version": one.version_id, "retrain": True} for one in trainings],
        "models": [{"model": one.pk, "training": one.training_id, "sha256": one.sha256} for one in models],
        "bundles": [{"bundle": one.pk, "model": one.model_id, "sha256": one.sha256} for one in bundles],
        "deployments": [
            {"deployment": one.pk, "bundle": one.bundle_id, "state": one.state}
            for one in Deployment.objects.filter(bundle__in=bundles).order_by("pk")
        ],
        "rows": [
            {
                "place": name,
                "title": str(TABLES[name].title),
                "count": counts["reported"],
                "why": str(TABLES[name].reason),
            }
            for name, counts in sorted(left.items())
            if counts["reported"]
        ],
        "taken": _taken(erasure, held),
        "backups": {
            "older_than": erasure.finished_at.isoformat() if erasure.finished_at else "",
            "why": str(OTHERS["backups"].reason),
        },
    }


def _taken(erasure: Erasure, held: set[int]) -> dict[str, Any]:
    """Return who took files that may hold the person: the audit trail keeps who and when."""
    subjects = [f"version:{pk}" for pk in held]
    rows = AuditEntry.objects.filter(organization_id=erasure.organization_id, action__in=_TAKEN, subject__in=subjects)
    named = rows.select_related("user").order_by("pk")[:NAMED]
    listed = [{"at": row.at.isoformat(), "who": _person(row.user), "what": row.subject} for row in named]
    return {"count": rows.count(), "first": listed}


def places() -> list[dict[str, str]]:
    """Return every place with what an erasure does there, as the certificate lists it."""
    rows = []
    for name, table in TABLES.items():
        if not table.owner:
            action = REPORTED if table.reason else "empty"
        else:
            action = " + ".join(filter(None, [table.rows, "blanked" if table.blanked else ""])) or (
                REPORTED if table.reported else "empty"
            )
        rows.append({"place": name, "title": str(table.title), "action": action, "why": str(table.reason)})
    for name, store in [*OBJECTS.items(), *OTHERS.items()]:
        rows.append({"place": name, "title": str(store.title), "action": store.action, "why": str(store.reason)})
    return rows


def _searched(erasure: Erasure) -> dict[str, int]:
    versions: list[Version] = living_versions(erasure.organization_id)
    return {"versions": len(versions), "rows": sum(version.row_count for version in versions), "found": 0}
