"""Bundles: models exported to int8 behind an accuracy gate, stored by content, checked again on request."""

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core import objects
from core.errors import Conflict, NotFound
from curation.services.meaning import vectors_folder
from modeling.engine.bundle.pack import SIGNATURE
from modeling.engine.errors import GateRefused
from modeling.families import family_named
from modeling.models import Bundle, BundleState, Model
from modeling.services.archive import unpack
from modeling.services.engine_errors import engine_errors
from modeling.services.signing import signature_state, signing_key
from modeling.services.trainable import Goal, open_examples
from workers.context import JobContext
from workers.services.job import enqueue
from workers.work_folder import work_folder

if TYPE_CHECKING:
    from modeling.engine.bundle import ExportResult

# The loss that a client hardly notices: issue and design speak of half a point.
DEFAULT_LIMIT_POINTS = 0.5


@transaction.atomic
def start_export(*, actor: Actor, model_id: int, limit_points: float = DEFAULT_LIMIT_POINTS, rung: str = "") -> Bundle:
    """Send the job that makes a bundle of a model and return the bundle, still without a file.

    Args:
        actor: Who exports.
        model_id: The model.
        limit_points: How many points (0 to 100) of the task's primary figure the small model may lose on the
            test split.
        rung: The one compression to try; all, from small to safe, when left out.

    Raises:
        NotFound: No such model.
        Conflict: ``model_not_exportable``: its family is only there to compare with.
    """
    model = Model.objects.visible_to(actor).select_related("training").filter(pk=model_id).first()
    if model is None:
        raise NotFound(_("There is no such model."))
    family = family_named(model.training.family)
    if family is None or not family.exportable:
        detail = _("Models of the family %(family)s cannot be exported. Train another one.")
        raise Conflict("model_not_exportable", detail % {"family": family.title if family else model.training.family})
    bundle = Bundle.objects.create(
        organization_id=actor.organization_id,
        model=model,
        limit_points=limit_points,
        rung=rung,
        created_by_id=actor.user_id or None,
    )
    bundle.job = enqueue(
        kind="modeling.export_bundle",
        actor=actor,
        params={"bundle_id": bundle.pk},
        title=_("Export %(name)s") % {"name": model.training.name},
        subject=f"training:{model.training_id}",
    )
    bundle.save(update_fields=["job", "updated_at"])
    audit.record(
        actor=actor, action="bundle.export", subject=f"bundle:{bundle.pk}", model=model.pk, limit_points=limit_points
    )
    return bundle


def run_export(*, job: JobContext, bundle_id: int) -> dict[str, Any]:
    """Compress the model, measure it on the whole test split, and keep the bundle, or the figures that refuse it.

    A bundle that loses more than allowed ends the job well, in the state ``refused`` and without a file: the gate did
    its work. Done twice by one job, it gives the same row.
    """
    rows = Bundle.objects.select_related("model__training__version__dataset")
    bundle = rows.get(pk=bundle_id, organization_id=job.organization_id)
    if bundle.state != BundleState.PENDING:
        return _result(bundle)
    with work_folder(job) as folder, engine_errors(job):
        job.progress(0, None, _("fetching the model"))
        try:
            made = _export(job, bundle, folder)
        except GateRefused as refusal:
            rungs = refusal.facts["rungs"]
            changes = {"state": BundleState.REFUSED, "gate": {**rungs[-1], "rungs": rungs}}
        else:
            changes = _accepted(bundle, made)
        job.check()
        _keep(job, bundle, changes)
    return _result(bundle)


def _export(job: JobContext, bundle: Bundle, folder: Path) -> "ExportResult":
    from modeling.engine.bundle import export_bundle
    from modeling.engine.training import TrainedModel, TrainingContext

    training = bundle.model.training
    version = training.version
    with objects.local_path(bundle.model.object_key) as archive:
        unpack(archive, folder / "model")
    titles = {"float figures": _("measuring the float model")}

    def on_stage(name: str) -> None:
        job.progress(0, None, titles.get(name) or _("compressing and measuring (%(rung)s)") % {"rung": name[13:]})

    with open_examples(version=version, goal=Goal(training.task, training.answer)) as data:
        return export_bundle(
            TrainedModel.load(folder / "model"),
            data,
            folder / "bundle.zip",
            created_at=bundle.created_at.isoformat(),
            name=training.name,
            lineage={
                "dataset": version.dataset.name,
                "version": version.number,
                "version_hash": version.content_hash,
                "training": training.pk,
                "model": bundle.model.sha256,
            },
            comparison=(training.report or {}).get("comparison"),
            limit_points=bundle.limit_points,
            signing_key=signing_key(),
            rungs=[bundle.rung] if bundle.rung else None,
            context=TrainingContext(
                cache_dir=settings.ASSAY_MODEL_CACHE,
                vectors_dir=vectors_folder(job.organization_id),
                on_stage=on_stage,
                cancelled=job.cancelled,
            ),
        )


def _accepted(bundle: Bundle, made: "ExportResult") -> dict[str, Any]:
    name = objects.key("bundles", bundle.organization_id, f"{made.sha256}.zip")
    members = [{"name": member, **facts} for member, facts in sorted(made.manifest["members"].items())]
    with zipfile.ZipFile(made.path) as archive:
        rest = {member: archive.read(member) for member in ("manifest.json", SIGNATURE)}
    members += [
        {"name": member, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for member, content in rest.items()
    ]
    return {
        "state": BundleState.ACCEPTED,
        "object_key": objects.put_file(made.path, name),
        "sha256": made.sha256,
        "byte_count": made.size,
        "files": members,
        "gate": {
            **made.rungs[-1],
            "rungs": made.rungs,
            "fingerprint": made.manifest["fingerprint"],
            "needs": made.manifest["needs"],
            "example": made.example,
            "signed_by": signature_state(rest)["fingerprint"],
        },
    }


@transaction.atomic
def _keep(job: JobContext, bundle: Bundle, changes: dict[str, Any]) -> None:
    locked = Bundle.objects.select_for_update().get(pk=bundle.pk)
    if locked.state == BundleState.PENDING:
        Bundle.objects.filter(pk=bundle.pk).update(**changes)
        audit.record(
            actor=job.actor,
            action=f"bundle.{changes['state']}",
            subject=f"bundle:{bundle.pk}",
            sha256=changes.get("sha256", ""),
            loss_points=changes["gate"]["loss_points"],
        )
    bundle.refresh_from_db()


def _result(bundle: Bundle) -> dict[str, Any]:
    gate = bundle.gate or {}
    names = ("figure", "float_figure", "bundle_figure", "loss_points", "limit_points")
    figures = {name: gate.get(name) for name in names}
    return {
        "bundle": bundle.pk,
        "state": bundle.state,
        "sha256": bundle.sha256,
        "bytes": bundle.byte_count,
        "sentence": gate.get("sentence", ""),
        **figures,
    }


def download_url(*, actor: Actor, bundle_id: int) -> str:
    """Return an address that gives the bundle as one zip file for an hour.

    Raises:
        Conflict: ``bundle_not_accepted``: a bundle that its gate refused, or that is not made yet, has no file.
    """
    bundle = _with_file(actor, bundle_id)
    audit.record(actor=actor, action="bundle.download", subject=f"bundle:{bundle.pk}", sha256=bundle.sha256)
    name = slugify(bundle.model.training.name)[:60] or "model"
    return objects.signed_url(bundle.object_key, f"{name}-{bundle.sha256[:12]}.zip")


def verify_stored(*, actor: Actor, bundle_id: int) -> dict[str, Any]:
    """Hash the stored file and each member again.

    Returns:
        ``sha256`` as found, ``whole`` (all hashes are those recorded at the export), ``files`` with name and ``whole``,
        ``signature`` as `signature_state` has it.
    """
    bundle = _with_file(actor, bundle_id)
    with objects.local_path(bundle.object_key) as path:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        members: dict[str, str] = {}
        signed: dict[str, bytes] = {}
        if found == bundle.sha256:
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    with archive.open(member) as stream:
                        members[member.filename] = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
                names = {"manifest.json", SIGNATURE} & set(members)
                signed = {name: archive.read(name) for name in names}
    files = [{"name": row["name"], "whole": members.get(row["name"]) == row["sha256"]} for row in bundle.files]
    whole = found == bundle.sha256 and all(row["whole"] for row in files)
    # A file that is not whole says nothing that its signature could vouch for.
    signature = signature_state(signed) if whole else {"state": "broken", "fingerprint": None}
    audit.record(
        actor=actor, action="bundle.verify", subject=f"bundle:{bundle.pk}", whole=whole, signature=signature["state"]
    )
    return {"sha256": found, "whole": whole, "files": files, "signature": signature}


def _with_file(actor: Actor, bundle_id: int) -> Bundle:
    bundle = Bundle.objects.visible_to(actor).select_related("model__training").filter(pk=bundle_id).first()
    if bundle is None:
        raise NotFound(_("There is no such bundle."))
    if bundle.state == BundleState.REFUSED:
        detail = _("The accuracy gate refused this bundle, so there is no file. Its page shows both figures.")
        raise Conflict("bundle_not_accepted", detail)
    if bundle.state != BundleState.ACCEPTED:
        raise Conflict("bundle_not_accepted", _("This bundle is still being made."))
    return bundle  # type: ignore[no-any-return]
