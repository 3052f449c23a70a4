"""Where an item came from and what was made of it: versions, annotations, trainings, bundles, deployments."""

from typing import Any

import pyarrow.parquet as pq
from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User
from core import objects
from core.errors import NotFound
from curation.models import Dataset, Finding, Run, Version
from curation.services.version import open_version
from labeling.models import Annotation
from modeling.models import Bundle, Deployment, Training

# Each version costs one look into its Parquet; older ones are counted, not read.
VERSION_LIMIT = 50
VALUE_LIMIT = 500


def item_lineage(*, actor: Actor, dataset_id: int, item_id: int) -> dict[str, Any]:
    """Return everything that is recorded about one item; the number of queries does not depend on how much that is.

    Args:
        actor: Who looks. Without ``model.read`` trainings, bundles and deployments are left empty.
        dataset_id: The dataset.
        item_id: The item's number, stable through all versions of the dataset.

    Returns:
        ``dataset``, ``item_id``, ``versions`` (oldest first: whether the item is in it, its values, what changed
        against the parent, why it was dropped), ``annotations``, ``trainings`` (with the split the item was in, and the
        members of ensembles), ``bundles`` (with SHA-256), ``deployments``, and ``versions_left_out`` (older ones that
        were not read).

    Raises:
        NotFound: No such dataset, or no version of it ever held the item.
    """
    dataset = Dataset.objects.visible_to(actor).filter(pk=dataset_id, deleted_at=None).first()
    if dataset is None:
        raise NotFound(_("There is no such dataset."))
    newest = list(
        Version.objects.visible_to(actor)
        .filter(dataset=dataset)
        .select_related("made_by", "created_by")
        .order_by("-number")[: VERSION_LIMIT + 1]
    )
    versions = sorted(newest[:VERSION_LIMIT], key=lambda version: version.number)
    rows = _versions(actor, versions, item_id)
    held = {row["id"]: row["values"] for row in rows if row["values"] is not None}
    if not held:
        raise NotFound(_("No version of this dataset holds this item."))
    return {
        "dataset": {"id": dataset.pk, "name": dataset.name},
        "item_id": item_id,
        "versions": [row for row in rows if row["values"] is not None or row["dropped"] is not None],
        "versions_left_out": len(newest) > VERSION_LIMIT,
        "annotations": _annotations(actor, dataset.pk, item_id),
        **_models(actor, held),
    }


def _versions(actor: Actor, versions: list[Version], item_id: int) -> list[dict[str, Any]]:
    values = {version.pk: _values(version, item_id) for version in versions}
    findings: dict[int, list[dict[str, Any]]] = {}
    runs = [version.made_by.pk for version in versions if _made_by(version)]
    for finding in Finding.objects.visible_to(actor).filter(run_id__in=runs, item_id=item_id).order_by("pk"):
        row = {"step": finding.step, "code": finding.code, "detail": finding.detail, "state": finding.state}
        findings.setdefault(finding.run_id, []).append(row)
    rows = []
    for version in versions:
        run = _made_by(version)
        before, now = values.get(version.parent_id or 0), values[version.pk]
        rows.append(
            {
                "id": version.pk,
                "number": version.number,
                "kind": version.kind,
                "note": version.note,
                "created_at": version.created_at,
                "created_by": _person(actor, version.created_by),
                "content_hash": version.content_hash,
                "run": run.pk if run else None,
                "values": now,
                "changed": _changes(before, now) if before and now else [],
                "dropped": _drop(run, item_id) if run and before and not now else None,
                "findings": findings.get(run.pk, []) if run else [],
            }
        )
    return rows


def _made_by(version: Version) -> Run | None:
    return getattr(version, "made_by", None)


def _values(version: Version, item_id: int) -> dict[str, Any] | None:
    with open_version(version) as reader:
        found = reader.item(item_id)
    return {name: _short(value) for name, value in found.items()} if found else None


def _short(value: Any) -> Any:
    return value[:VALUE_LIMIT] + "…" if isinstance(value, str) and len(value) > VALUE_LIMIT else value


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    names = [name for name in now if before.get(name) != now[name]]
    return [{"column": name, "before": before.get(name), "after": now[name]} for name in names]


def _drop(run: Run, item_id: int) -> dict[str, Any] | None:
    if not run.drops_key:
        return None
    with objects.local_path(run.drops_key) as path:
        rows = pq.read_table(path, filters=[("item_id", "=", item_id)], columns=["step", "reason", "detail"])
    return rows.slice(0, 1).to_pylist()[0] if rows.num_rows else None


def _annotations(actor: Actor, dataset_id: int, item_id: int) -> list[dict[str, Any]]:
    rows = (
        Annotation.objects.filter(
            project__organization_id=actor.organization_id,
            project__version__dataset_id=dataset_id,
            task__item_id=item_id,
        )
        .select_related("project", "annotator")
        .order_by("pk")
    )
    return [
        {
            "id": row.pk,
            "project": {"id": row.project_id, "name": row.project.name},
            "annotator": _person(actor, row.annotator),
            "answer": row.answer,
            "skipped": row.skipped,
            "accepted_suggestion": row.accepted_suggestion,
            "at": row.created_at,
        }
        for row in rows
    ]


def _person(actor: Actor, user: User | None) -> str:
    """Return a person's name to those who may see the members, and a number to others."""
    if user is None:
        return ""
    if actor.can("member.read") or actor.can("review"):
        return str(user)
    return _("person %(number)s") % {"number": user.pk}


def _models(actor: Actor, held: dict[int, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    if not actor.can("model.read"):
        return {"trainings": [], "bundles": [], "deployments": []}
    trainings = (
        Training.objects.visible_to(actor)
        .filter(version_id__in=held)
        .select_related("job", "model", "version")
        .prefetch_related(Prefetch("members", Training.objects.only("pk", "name").order_by("pk")))
        .defer("report", "version__manifest")
        .order_by("pk")
    )
    bundles = Bundle.objects.visible_to(actor).filter(model__training__version_id__in=held).order_by("pk")
    bundle_rows = {bundle.pk: bundle for bundle in bundles.select_related("model")}
    served = Q(bundle_id__in=bundle_rows) | Q(revisions__bundle_id__in=bundle_rows)
    deployments = Deployment.objects.visible_to(actor).filter(served).distinct().order_by("pk")
    return {
        "trainings": [_training(row, held[row.version_id]) for row in trainings],
        "bundles": [_bundle(row) for row in bundle_rows.values()],
        "deployments": [
            {
                "id": row.pk,
                "name": row.name,
                "state": row.state,
                "bundle": row.bundle_id,
                "serves_it_now": row.bundle_id in bundle_rows and row.state == "active",
            }
            for row in deployments
        ],
    }


def _training(row: Training, values: dict[str, Any]) -> dict[str, Any]:
    model = getattr(row, "model", None)
    return {
        "id": row.pk,
        "name": row.name,
        "family": row.family,
        "version": row.version_id,
        "version_number": row.version.number,
        "state": row.job.state if row.job else None,
        "members": [{"id": member.pk, "name": member.name} for member in row.members.all()],
        "split": values.get("split"),
        "model": model.pk if model else None,
    }


def _bundle(row: Bundle) -> dict[str, Any]:
    return {
        "id": row.pk,
        "training": row.model.training_id,
        "state": row.state,
        "sha256": row.sha256,
        "created_at": row.created_at,
    }
