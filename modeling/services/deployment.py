"""Deployments: a name that answers predictions, the bundle behind it, and the way back."""

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.services import audit
from core.errors import Conflict, DomainError, NotFound
from modeling.models import Bundle, BundleState, Deployment, DeploymentRevision, DeploymentState, RevisionReason


@transaction.atomic
def deploy(*, actor: Actor, bundle_id: int, name: str) -> Deployment:
    """Put an accepted bundle behind a new name and return the deployment.

    Raises:
        NotFound: No such bundle in the actor's organization.
        Conflict: ``bundle_not_accepted``, or ``deployment_exists`` when a live one has this name.
    """
    bundle = _accepted(actor, bundle_id)
    name = name.strip()
    slug = slugify(name)[:60].strip("-") or f"bundle-{bundle.pk}"
    try:
        with transaction.atomic():
            deployment = Deployment.objects.create(
                organization_id=actor.organization_id,
                name=name,
                slug=slug,
                bundle=bundle,
                created_by_id=actor.user_id or None,
            )
    except IntegrityError:
        detail = _(
            "A live deployment is called %(name)s already, or its address would be the same. Choose another name, "
            "or switch that deployment to this bundle."
        )
        raise Conflict("deployment_exists", detail % {"name": name}) from None
    _revise(actor, deployment, bundle, RevisionReason.DEPLOY)
    return deployment


@transaction.atomic
def switch_bundle(*, actor: Actor, deployment_id: int, bundle_id: int) -> Deployment:
    """Serve another bundle under the same name; the earlier one stays in the history for a rollback."""
    deployment = _locked(actor, deployment_id)
    bundle = _accepted(actor, bundle_id)
    if deployment.bundle_id == bundle.pk:
        return deployment
    return _revise(actor, deployment, bundle, RevisionReason.SWITCH)


@transaction.atomic
def rollback(*, actor: Actor, deployment_id: int, revision: int | None = None) -> Deployment:
    """Serve an earlier revision's bundle again.

    Args:
        actor: Who asks.
        deployment_id: A live deployment.
        revision: Number of the revision to go back to; the newest one with another bundle when left out.

    Raises:
        Conflict: ``nothing_to_roll_back`` when there is no earlier bundle.
        DomainError: ``revision_unknown`` when the deployment has no such revision.
    """
    deployment = _locked(actor, deployment_id)
    revisions = deployment.revisions.order_by("-number").select_related("bundle")
    if revision is not None:
        target = revisions.filter(number=revision).first()
        if target is None:
            detail = _("This deployment has no revision %(number)s. Its page lists those there are.")
            raise DomainError("revision_unknown", detail % {"number": revision})
    else:
        target = revisions.exclude(bundle_id=deployment.bundle_id).first()
    if target is None or target.bundle_id == deployment.bundle_id:
        raise Conflict("nothing_to_roll_back", _("This deployment serves that bundle already."))
    return _revise(actor, deployment, target.bundle, RevisionReason.ROLLBACK)


@transaction.atomic
def stop_deployment(*, actor: Actor, deployment_id: int) -> Deployment:
    """Stop answering under this name and set the name free. Stopping twice changes nothing."""
    deployment = Deployment.objects.visible_to(actor).select_for_update().filter(pk=deployment_id).first()
    if deployment is None:
        raise NotFound(_("There is no such deployment."))
    if deployment.state == DeploymentState.ACTIVE:
        deployment.state = DeploymentState.STOPPED
        deployment.stopped_at = timezone.now()
        deployment.save(update_fields=["state", "stopped_at", "updated_at"])
        audit.record(actor=actor, action="deployment.stop", subject=f"deployment:{deployment.pk}")
    return deployment  # type: ignore[no-any-return]


def _accepted(actor: Actor, bundle_id: int) -> Bundle:
    bundle = Bundle.objects.visible_to(actor).filter(pk=bundle_id).first()
    if bundle is None:
        raise NotFound(_("There is no such bundle."))
    if bundle.state != BundleState.ACCEPTED:
        detail = _("Only a bundle that passed its accuracy gate can be deployed; this one is: %(state)s.")
        raise Conflict("bundle_not_accepted", detail % {"state": bundle.get_state_display()})
    return bundle  # type: ignore[no-any-return]


def _locked(actor: Actor, deployment_id: int) -> Deployment:
    deployment = Deployment.objects.visible_to(actor).select_for_update().filter(pk=deployment_id).first()
    if deployment is None:
        raise NotFound(_("There is no such deployment."))
    if deployment.state != DeploymentState.ACTIVE:
        raise Conflict("deployment_stopped", _("This deployment was stopped. Deploy the bundle again under its name."))
    return deployment  # type: ignore[no-any-return]


def _revise(actor: Actor, deployment: Deployment, bundle: Bundle, reason: str) -> Deployment:
    """Add a revision and point the deployment at it; the caller holds the row."""
    newest = deployment.revisions.aggregate(newest=Max("number"))["newest"] or 0
    DeploymentRevision.objects.create(
        organization_id=deployment.organization_id,
        deployment=deployment,
        number=newest + 1,
        bundle=bundle,
        reason=reason,
        created_by_id=actor.user_id or None,
    )
    deployment.bundle = bundle
    deployment.save(update_fields=["bundle", "updated_at"])
    audit.record(
        actor=actor,
        action=f"deployment.{reason}",
        subject=f"deployment:{deployment.pk}",
        bundle=bundle.pk,
        sha256=bundle.sha256,
    )
    return deployment
